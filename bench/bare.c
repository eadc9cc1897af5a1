/* bare: the least that any tool has to do, to measure ours against.
 *
 *   bare write LIST DIR   for each line "FOLDER SIZE": open, write SIZE bytes, futimens, close
 *   bare link LIST DIR    for each line "FOLDER PATH": linkat
 *   bare stat LIST        for each line "PATH": fstatat: what it takes to see that nothing is new
 *   bare lists DIR...     in DIR and every folder below it: readdir of cur/ and new/, one read of
 *                         each other file, and one file written that is as large as those: what it
 *                         takes to convert a Courier Maildir in place
 *   bare cat FILE         reads it to its end
 *   bare digest FILE      the same, and takes the digest of it
 *
 *   bare measure COMMAND...
 *                         runs COMMAND; its last line on stdout is "WALL CPU RSS STATUS": seconds,
 *                         seconds, kB. (A large program that starts COMMAND itself would see its
 *                         own size as COMMAND's peak.)
 *
 * write and link make DIR/FOLDER/cur and sync the file system once at the end. */
#include "digest.h"

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

static uint64_t
read_file(int dir, const char *name, MhDigester *digester)
{
    uint64_t sum = 0;
    ssize_t got;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        give_up(name);
    while ((got = read(fd, block, sizeof block)) > 0) {
        sum += (uint64_t)got;
        if (digester != NULL)
            mh_digester_add(digester, mh_span(block, (size_t)got));
    }
    close(fd);
    return sum;
}

static void
read_alone(const char *path, bool digest)
{
    MhDigester digester;
    mh_digester_init(&digester);
    read_file(AT_FDCWD, path, digest ? &digester : NULL);
    mh_digester_finish(&digester);
}

/* A folder of Courier's: its lists, which say as much as a new one will. */
static void
convert_tree(int parent, const char *name)
{
    uint64_t sum = 0;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    bool messages = strcmp(name, "cur") == 0 || strcmp(name, "new") == 0;
    bool folder = !messages && strcmp(name, "tmp") != 0 && strcmp(name, "courierimapkeywords") != 0;
    if (dir == NULL)
        give_up(name);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (messages || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (entry->d_type == DT_DIR)
            convert_tree(fd, entry->d_name);
        else if (entry->d_type == DT_REG)
            sum += read_file(fd, entry->d_name, NULL);
    }
    if (folder)
        write_one(fd, "bare-uidlist", sum);
    closedir(dir);
}

static void
stat_all(const char *list)
{
    FILE *file = fopen(list, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    struct stat st;
    if (file == NULL)
        give_up(list);
    while ((len = getline(&line, &room, file)) > 0) {
        line[len - 1] = '\0';
        if (fstatat(AT_FDCWD, line, &st, AT_SYMLINK_NOFOLLOW) != 0)
            give_up(line);
    }
    free(line);
    fclose(file);
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

static bool
run(int argc, char **argv)
{
    const char *verb = argv[1];
    if (argc == 4 && (strcmp(verb, "write") == 0 || strcmp(verb, "link") == 0))
        fill(argv[2], argv[3], verb[0] == 'l');
    else if (argc == 3 && strcmp(verb, "stat") == 0)
        stat_all(argv[2]);
    else if (argc == 3 && (strcmp(verb, "cat") == 0 || strcmp(verb, "digest") == 0))
        read_alone(argv[2], verb[0] == 'd');
    else if (argc >= 3 && strcmp(verb, "measure") == 0)
        measure(argv + 2);
    else if (argc >= 3 && strcmp(verb, "lists") == 0)
        for (int i = 2; i < argc; i++)
            convert_tree(AT_FDCWD, argv[i]);
    else
        return false;
    return true;
}

int
main(int argc, char **argv)
{
    if (argc > 1 && run(argc, argv))
        return 0;
    fputs("usage: bare write|link LIST DIR, bare stat LIST, bare lists DIR..., bare cat|digest "
          "FILE, bare measure COMMAND...\n",
          stderr);
    return 64;
}
