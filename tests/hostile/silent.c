/* silent: stands between mailhaul and libc (LD_PRELOAD) and plays a file system that does not
 * answer: a read of a file whose path holds the text SILENT never returns. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
be_silent(int fd)
{
    char name[64], path[4096];
    const char *text = getenv("SILENT");
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t len = text != NULL ? readlink(name, path, sizeof path - 1) : -1;
    if (len <= 0)
        return;
    path[len] = '\0';
    while (strstr(path, text) != NULL)
        pause();
}

ssize_t
pread(int fd, void *buffer, size_t size, off_t offset)
{
    ssize_t (*real)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, "pread");
    be_silent(fd);
    return real(fd, buffer, size, offset);
}

ssize_t
pread64(int fd, void *buffer, size_t size, off64_t offset)
{
    ssize_t (*real)(int, void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pread64");
    be_silent(fd);
    return real(fd, buffer, size, offset);
}
