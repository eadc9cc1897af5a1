/* bare: the least that any tool has to do, to measure ours against.
 *
 *   bare write LIST DIR   for each line "FOLDER SIZE": open, write SIZE bytes, futimens, close
 *   bare link LIST DIR    for each line "FOLDER PATH": linkat
 *   bare read DIR...      readdir of cur/ and new/ and one read of each other file of the folder,
 *                         in DIR and in every folder below it: what it takes to see no change
 *
 *   bare measure COMMAND...
 *                         runs COMMAND; its last line on stdout is "WALL CPU RSS STATUS": seconds,
 *                         seconds, kB. (A large program that starts COMMAND itself would see its
 *                         own size as COMMAND's peak.)
 *
 * write and link make DIR/FOLDER/cur and sync the file system once at the end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t block[1 << 18];

G_GNUC_NORETURN static void
give_up(const char *what)
{
    fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void
write_one(int dir, const char *name, guint64 size)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        give_up(name);
    while (size > 0) {
        ssize_t done = write(fd, block, MIN(size, sizeof block));
        if (done <= 0)
            give_up(name);
        size -= (guint64)done;
    }
    struct timespec times[2] = {{.tv_sec = 1041379200}, {.tv_sec = 1041379200}};
    if (futimens(fd, times) != 0 || close(fd) != 0)
        give_up(name);
}

static int
open_folder(const char *dir, const char *folder)
{
    g_autofree char *path = g_build_filename(dir, folder, "cur", NULL);
    if (g_mkdir_with_parents(path, 0700) != 0)
        give_up(path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        give_up(path);
    return fd;
}

/* Both loops: the folder comes first in each line, and its lines stand together. */
static void
fill(const char *list, const char *dir, bool links)
{
    FILE *file = fopen(list, "re");
    g_autofree char *folder = g_strdup("");
    char *line = NULL;
    size_t room = 0;
    int fd = -1;
    unsigned number = 0;
    if (file == NULL)
        give_up(list);
    while (getline(&line, &room, file) > 0) {
        char *argument = strchr(line, ' '), *end = strchr(line, '\n');
        if (argument == NULL || end == NULL)
            give_up(line);
        *argument++ = *end = '\0';
        if (fd < 0 || strcmp(folder, line) != 0) {
            if (fd >= 0)
                close(fd);
            g_free(folder);
            folder = g_strdup(line);
            fd = open_folder(dir, folder);
        }
        char name[80];
        g_snprintf(name, sizeof name, "1041379200.M%06uP1000.mx.example.com:2,S", number++);
        if (!links)
            write_one(fd, name, g_ascii_strtoull(argument, NULL, 10));
        else if (linkat(AT_FDCWD, argument, fd, name, 0) != 0)
            give_up(argument);
    }
    free(line);
    fclose(file);
    if (fd >= 0 && (syncfs(fd) != 0 || close(fd) != 0))
        give_up(dir);
}

static void
read_file(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    while (fd >= 0 && read(fd, block, sizeof block) > 0)
        continue;
    if (fd >= 0)
        close(fd);
}

static void
read_tree(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    bool messages = strcmp(name, "cur") == 0 || strcmp(name, "new") == 0;
    if (dir == NULL)
        give_up(name);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (messages || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (entry->d_type == DT_DIR)
            read_tree(fd, entry->d_name);
        else if (entry->d_type == DT_REG)
            read_file(fd, entry->d_name);
    }
    closedir(dir);
}

static double
seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void
measure(char **command)
{
    struct rusage usage;
    int status;
    gint64 start_us = g_get_monotonic_time();
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || execvp(command[0], command) != 0)
            give_up(command[0]);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        give_up(command[0]);
    printf("%.6f %.6f %ld %d\n", (double)(g_get_monotonic_time() - start_us) / 1e6,
           seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int
main(int argc, char **argv)
{
    if (argc == 4 && (strcmp(argv[1], "write") == 0 || strcmp(argv[1], "link") == 0)) {
        fill(argv[2], argv[3], argv[1][0] == 'l');
        return 0;
    }
    if (argc >= 3 && strcmp(argv[1], "measure") == 0) {
        measure(argv + 2);
        return 0;
    }
    if (argc < 3 || strcmp(argv[1], "read") != 0) {
        fputs("usage: bare write|link LIST DIR, bare read DIR..., bare measure COMMAND...\n",
              stderr);
        return 64;
    }
    for (int i = 2; i < argc; i++)
        read_tree(AT_FDCWD, argv[i]);
    return 0;
}
