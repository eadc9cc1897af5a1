#include "maildir-part.h"

#include "digest.h"
#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The directory of the run, in that of all; -1 with @error. */
static int
open_run(const MaildirTree *tree, bool make, GError **error)
{
    mode_t mode = tree->options.dir_mode;
    g_autofree char *name =
        g_strdup_printf("run.%016" G_GINT64_MODIFIER "x", (guint64)tree->options.part->run);
    int build = make ? mh_make_dir(tree->fd, MAILDIR_BUILD_DIR, mode, NULL, error)
                     : mh_open_dir_links(tree->fd, MAILDIR_BUILD_DIR, MH_LINKS_REFUSE, error);
    if (build < 0)
        return -1;
    int fd = make ? mh_make_dir(build, name, mode, NULL, error)
                  : mh_open_dir_links(build, name, MH_LINKS_REFUSE, error);
    close(build);
    return fd;
}

static bool
refuse(const MaildirTree *tree, GError **error)
{
    return mh_set_errno(error, EAGAIN,
                        "another run is at work on '%s'; try again when it has ended", tree->path);
}

/* Alone on the tree, the first of the run makes its directory. */
static bool
make_run(MaildirTree *tree, GError **error)
{
    if (!maildir_tree_lock_whole(tree, error))
        return false;
    int fd = open_run(tree, true, error);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool
maildir_part_enter(MaildirTree *tree, GError **error)
{
    if (tree->options.part->number == 0 && !make_run(tree, error))
        return false;
    /* A lock that changes its kind is given up for a moment, in which another run may come. */
    if (flock(tree->fd, LOCK_SH | LOCK_NB) != 0)
        return refuse(tree, error);
    tree->part_fd = open_run(tree, false, NULL);
    return tree->part_fd >= 0 || refuse(tree, error);
}

bool
maildir_part_claim(const MaildirTree *tree, const char *directory, bool *out_mine, GError **error)
{
    MhDigester digester;
    char text[MH_DIGEST_TEXT + 1];
    mh_digester_init(&digester);
    mh_digester_add(&digester, mh_span_from_string(directory));
    MhDigest digest = mh_digester_finish(&digester);
    mh_digest_format(&digest, text);
    g_autofree char *name = g_strconcat("claim.", text, NULL);
    int fd =
        openat(tree->part_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return mh_set_errno(error, errno, "cannot write '%s' below '%s'", name, tree->path);
    if (fd >= 0)
        close(fd);
    *out_mine = fd >= 0;
    return true;
}

bool
maildir_part_leave(MaildirTree *tree, GError **error)
{
    g_autofree char *name = g_strdup_printf("%u", tree->options.part->number);
    bool good = mh_remove_tree(tree->part_fd, name, error);
    close(tree->part_fd);
    tree->part_fd = -1;
    if (!good || flock(tree->fd, LOCK_EX | LOCK_NB) != 0)
        return good; /* others are at work still */
    return mh_remove_tree(tree->fd, MAILDIR_BUILD_DIR, error);
}
