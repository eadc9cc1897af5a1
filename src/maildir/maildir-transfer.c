#include "maildir-transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

typedef struct {
    MaildirTree *tree;
    int dirfd;
    const char *name;
    const MhMessage *message;
} Transfer;

static int
make_file(const Transfer *transfer, GError **error)
{
    int fd = openat(transfer->dirfd, transfer->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    transfer->tree->options.file_mode);
    if (fd < 0)
        mh_set_errno(error, errno, "cannot make the file '%s'", transfer->name);
    return fd;
}

/* The message is in @fd: gives it its time, makes it durable if asked to, and closes it. */
static bool
finish_file(const Transfer *transfer, int fd, bool good, GError **error)
{
    const struct timespec date = {.tv_sec = transfer->message->internaldate};
    int failed = good ? mh_set_mtime(fd, date) : 0;
    if (failed != 0)
        good = mh_set_errno(error, failed, "cannot set the time of '%s'", transfer->name);
    if (good && transfer->tree->options.sync_messages && fsync(fd) != 0)
        good = mh_set_errno(error, errno, "cannot sync '%s'", transfer->name);
    if (close(fd) != 0 && good)
        good = mh_set_errno(error, errno, "cannot write '%s'", transfer->name);
    return good;
}

/* 1, or 0 when it has to be done otherwise, or -1 with @error. */
static int
try_reflink(const Transfer *transfer, int from, GError **error)
{
    int fd = transfer->tree->no_reflinks ? -1 : make_file(transfer, error);
    if (fd < 0)
        return transfer->tree->no_reflinks ? 0 : -1;
    if (ioctl(fd, FICLONE, from) == 0)
        return finish_file(transfer, fd, true, error) ? 1 : -1;
    transfer->tree->no_reflinks = errno != ETXTBSY && errno != EPERM && errno != ENOSPC;
    close(fd);
    if (unlinkat(transfer->dirfd, transfer->name, 0) != 0) {
        mh_set_errno(error, errno, "cannot remove '%s'", transfer->name);
        return -1;
    }
    return 0;
}

/* Is the file what one of the target's own would be? What differs could not be set without
 * changing the source. Nobody may do more with it than read and write. */
static bool
may_be_shared(const Transfer *transfer, const struct stat *st)
{
    mode_t wanted = transfer->tree->options.file_mode;
    return S_ISREG(st->st_mode) && st->st_uid == transfer->tree->owner &&
           (st->st_mode & wanted) == wanted &&
           (st->st_mode & (S_ISUID | S_ISGID | S_IXUSR | S_IXGRP | S_IXOTH)) == 0 &&
           st->st_mtim.tv_sec == transfer->message->internaldate &&
           (uint64_t)st->st_size == transfer->message->size_bytes;
}

static int
try_hard_link(const Transfer *transfer, int from, GError **error)
{
    char path[64];
    struct stat st;
    if (transfer->tree->no_hard_links || fstat(from, &st) != 0 || !may_be_shared(transfer, &st))
        return 0;
    g_snprintf(path, sizeof path, "/proc/self/fd/%d", from);
    if (linkat(AT_FDCWD, path, transfer->dirfd, transfer->name, AT_SYMLINK_FOLLOW) != 0) {
        if (errno == EEXIST) {
            mh_set_errno(error, errno, "cannot make the file '%s'", transfer->name);
            return -1;
        }
        transfer->tree->no_hard_links = errno == EXDEV || errno == EPERM || errno == EOPNOTSUPP;
        return 0;
    }
    if (!transfer->tree->options.sync_messages || fsync(from) == 0)
        return 1;
    mh_set_errno(error, errno, "cannot sync '%s'", transfer->name);
    return -1;
}

/* What is given up is tried otherwise: the file may be another now, and must be opened to see. */
static int
undo_link(const Transfer *transfer, GError **error)
{
    if (unlinkat(transfer->dirfd, transfer->name, 0) == 0)
        return 0;
    mh_set_errno(error, errno, "cannot remove '%s'", transfer->name);
    return -1;
}

/* A hard link to the file where it was listed, not opened: then the new name shows which file it
 * was. */
static int
try_link_by_name(const Transfer *transfer, const MhSourceFile *file, GError **error)
{
    struct stat st;
    if (linkat(file->dirfd, file->name, transfer->dirfd, transfer->name, 0) != 0)
        return 0;
    if (fstatat(transfer->dirfd, transfer->name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        st.st_dev != file->device || st.st_ino != file->inode || !may_be_shared(transfer, &st))
        return undo_link(transfer, error);
    return 1;
}

static int
try_opened(const Transfer *transfer, MhSource *source, GError **error)
{
    int from = source->class->open_message(source, transfer->message, error);
    if (from < 0)
        return -1;
    int done = try_reflink(transfer, from, error);
    if (done == 0)
        done = try_hard_link(transfer, from, error);
    close(from);
    return done;
}

static int
try_links(const Transfer *transfer, MhSource *source, GError **error)
{
    const MaildirTree *tree = transfer->tree;
    MhSourceFile file;
    if (tree->options.copy_only || source->class->open_message == NULL ||
        (tree->no_reflinks && tree->no_hard_links))
        return 0;
    bool named = tree->no_reflinks && !tree->options.sync_messages &&
                 source->class->find_message(source, transfer->message, &file);
    int done = named ? try_link_by_name(transfer, &file, error) : 0;
    return done != 0 ? done : try_opened(transfer, source, error);
}

bool
maildir_transfer(MaildirTree *tree, int dirfd, const char *name, const MhMessage *message,
                 MhSource *source, GError **error)
{
    Transfer transfer = {tree, dirfd, name, message};
    int linked = try_links(&transfer, source, error);
    if (linked != 0)
        return linked > 0;
    tree->not_linked += !tree->options.copy_only && source->class->open_message != NULL;
    int fd = make_file(&transfer, error);
    if (fd < 0)
        return false;
    bool good = finish_file(&transfer, fd, source->class->copy(source, message, fd, error), error);
    if (good)
        maildir_ahead_wrote(tree->ahead, message->size_bytes);
    return good;
}
