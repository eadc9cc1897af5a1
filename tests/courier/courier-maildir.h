/* courier-maildir: hand-made Maildirs in a temporary directory. */
#pragma once

#include "testing.h"

#include <glib/gstdio.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "safe-file.h"

typedef struct {
    char *path;
    int fd;
    int made; /* the mtime of the next message */
} CourierMaildir;

#define COURIER_MAILDIR_TIME 1500000001

/* Makes a file with its directories; its mtime is COURIER_MAILDIR_TIME for the first, then a second
 * more for each. */
static inline void
courier_maildir_write(CourierMaildir *maildir, const char *name, const void *content, size_t len)
{
    g_autofree char *path = g_build_filename(maildir->path, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, content, (gssize)len, NULL));
    struct timespec times[2] = {{.tv_sec = COURIER_MAILDIR_TIME + maildir->made++}};
    times[1] = times[0];
    g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

static inline void
courier_maildir_mkdir(CourierMaildir *maildir, const char *name)
{
    g_autofree char *path = g_build_filename(maildir->path, name, NULL);
    g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
}

static inline void
courier_maildir_link(CourierMaildir *maildir, const char *target, const char *name)
{
    g_autofree char *path = g_build_filename(maildir->path, name, NULL);
    g_assert_cmpint(symlink(target, path), ==, 0);
}

/* An empty Maildir, opened; takes @path, a new directory. */
static inline CourierMaildir *
courier_maildir_new_in(char *path)
{
    CourierMaildir *maildir = g_new0(CourierMaildir, 1);
    maildir->path = path;
    g_assert_nonnull(maildir->path);
    courier_maildir_mkdir(maildir, "cur");
    courier_maildir_mkdir(maildir, "new");
    courier_maildir_mkdir(maildir, "tmp");
    maildir->fd = mh_open_root(maildir->path, NULL);
    g_assert_cmpint(maildir->fd, >=, 0);
    return maildir;
}

static inline CourierMaildir *
courier_maildir_new(void)
{
    return courier_maildir_new_in(g_dir_make_tmp("mailhaul-courier-XXXXXX", NULL));
}

static inline void
courier_maildir_free(CourierMaildir *maildir)
{
    g_autofree char *parent = g_path_get_dirname(maildir->path);
    g_autofree char *name = g_path_get_basename(maildir->path);
    int fd = mh_open_root(parent, NULL);
    close(maildir->fd);
    mh_remove_tree(fd, name, NULL);
    close(fd);
    g_free(maildir->path);
    g_free(maildir);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CourierMaildir, courier_maildir_free)
