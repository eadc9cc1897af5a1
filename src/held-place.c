#include "held-place.h"

#include "apart.h"
#include "bytes.h"
#include "held-worker.h"
#include "printable.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a process has in its memory is had at once, or not at all. */
#define MEMORY_S 1

/* Calls that take a directory and a name below it. */
static bool
takes_name(uint64_t call)
{
    switch (call) {
    case SYS_openat:
    case SYS_openat2:
#ifdef SYS_fstatat64 /* where numbers had 32 bits */
    case SYS_fstatat64:
#else
    case SYS_newfstatat:
#endif
    case SYS_statx:
    case SYS_readlinkat:
    case SYS_mkdirat:
    case SYS_unlinkat:
    case SYS_renameat2:
    case SYS_linkat:
    case SYS_faccessat:
    case SYS_faccessat2:
        return true;
    default:
        return false;
    }
}

/* Calls whose first argument is a name. Some machines have none of these. */
static bool
begins_with_name(uint64_t call)
{
#ifdef SYS_stat64
    if (call == SYS_stat64 || call == SYS_lstat64 || call == SYS_statfs64)
        return true;
#endif
#ifdef SYS_open
    return call == SYS_open || call == SYS_stat || call == SYS_lstat || call == SYS_mkdir ||
           call == SYS_rmdir || call == SYS_unlink || call == SYS_readlink || call == SYS_access ||
           call == SYS_statfs;
#else
    return call == SYS_statfs;
#endif
}

typedef struct {
    pid_t pid;
    uint64_t address;
    char *text; /* PATH_MAX bytes that two processes share */
} Memory;

/* How many bytes there are at the address; -1 as a number when it cannot be read. */
static uint64_t
read_memory(size_t item, void *data)
{
    const Memory *memory = data;
    char path[64];
    (void)item;
    g_snprintf(path, sizeof path, "/proc/%d/mem", (int)memory->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool there = fd >= 0 && memory->address <= INT64_MAX;
    ssize_t len = there ? pread(fd, memory->text, PATH_MAX, (off_t)memory->address) : -1;
    if (fd >= 0)
        close(fd);
    return (uint64_t)len;
}

/* The string at @address of the process. NULL when it cannot be read. g_free(). What is there may
 * be a file of the very file system that does not answer, mapped. */
static char *
read_string(pid_t pid, uint64_t address)
{
    void *text = mmap(NULL, PATH_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    Memory memory = {pid, address, text};
    uint64_t len = 0;
    if (text == MAP_FAILED)
        return NULL;
    mh_apart(1, MEMORY_S, MEMORY_S, read_memory, &memory, &len);
    bool good = len <= PATH_MAX && memchr(text, '\0', (size_t)len) != NULL;
    char *string = good ? g_strdup(text) : NULL;
    munmap(text, PATH_MAX);
    return string;
}

/* What the process's descriptor stands for, without asking its file system. NULL: not known. */
static char *
path_of_descriptor(pid_t pid, int32_t fd)
{
    char path[64], text[PATH_MAX];
    g_snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
    ssize_t len = fd >= 0 ? readlink(path, text, sizeof text) : -1;
    return len > 0 && (size_t)len < sizeof text ? g_strndup(text, (size_t)len) : NULL;
}

static char *
join(pid_t pid, int32_t dirfd, const char *name)
{
    static const char own[] = "/proc/self/fd/";
    uint32_t number;
    if (name != NULL && g_str_has_prefix(name, own) &&
        mh_span_to_u32(mh_span_from_string(name + strlen(own)), INT32_MAX, &number))
        return path_of_descriptor(pid, (int32_t)number);
    if (name != NULL && name[0] == '/')
        return g_strdup(name);
    char *directory = path_of_descriptor(pid, dirfd);
    if (directory == NULL || name == NULL || name[0] == '\0' || strcmp(name, ".") == 0)
        return directory;
    char *path = g_build_filename(directory, name, NULL);
    g_free(directory);
    return path;
}

/* Takes a number, decimal or with 0x, off a line of them. */
static bool
take_number(MhSpan *line, uint64_t *out)
{
    MhSpan word;
    char text[24];
    if (!mh_span_take_word(line, &word) || word.len >= sizeof text)
        return false;
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    bool hexadecimal = g_str_has_prefix(text, "0x");
    return g_ascii_string_to_unsigned(hexadecimal ? text + 2 : text, hexadecimal ? 16 : 10, 0,
                                      UINT64_MAX, out, NULL);
}

char *
mh_held_place(pid_t pid)
{
    char path[64];
    g_autofree char *text = NULL;
    uint64_t call, first, second;
    if (mh_held_worker_is_stopped(pid))
        return g_strdup_printf("process %d, which somebody has stopped", (int)pid);
    g_snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    MhSpan line = mh_span_trim(mh_span_from_string(text));
    if (!take_number(&line, &call) || !take_number(&line, &first) || !take_number(&line, &second))
        return NULL;
    g_autofree char *name = takes_name(call)         ? read_string(pid, second)
                            : begins_with_name(call) ? read_string(pid, first)
                                                     : NULL;
    g_autofree char *place = join(pid, (int32_t)(uint32_t)first, name);
    return place != NULL && place[0] == '/' ? mh_printable_string(place) : NULL;
}
