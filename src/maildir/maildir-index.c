#include "maildir-index.h"

#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

G_STATIC_ASSERT(sizeof(MaildirIndexLog) == 40);

#define LOG_MAJOR_VERSION 1
/* A record of the log has eight bytes at least, and gives one MODSEQ at most. */
#define LOG_RECORD_SIZE 8

static const char log_name[] = "dovecot.index.log";
/* Whoever makes a log has this name first, so that no two are made at a time. */
static const char making_name[] = "dovecot.index.log.newlock";
/* Ours has this one, too: by it we know again what a killed run has left. */
static const char aside_name[] = "mailhaul-tmp.dovecot.index.log";

#define MAKING_POLL_US 10000
#define MAKING_POLLS   200
#define MAKING_STALE_S 180 /* as Dovecot sees it */

bool
maildir_index_log_next(const MaildirIndexLog *log, uint64_t log_size, int64_t now_s,
                       MaildirIndexLog *out_next)
{
    uint8_t flags = G_BYTE_ORDER == G_LITTLE_ENDIAN ? MAILDIR_INDEX_LOG_LITTLE_ENDIAN : 0;
    if (log->major_version != LOG_MAJOR_VERSION || log->size != sizeof *log || log->index_id == 0 ||
        log->flags != flags || log->sequence >= UINT32_MAX - 1 || log->modseq > INT64_MAX / 2 ||
        log_size > INT64_MAX / 2 || log_size < sizeof *log)
        return false;
    *out_next = *log;
    out_next->sequence = log->sequence + 1;
    out_next->before = out_next->before_size = 0;
    out_next->made_s = (uint32_t)now_s;
    out_next->modseq = log->modseq + log_size / LOG_RECORD_SIZE;
    return true;
}

/* Reads the header of the log, and what follows it. */
static bool
read_log(int folder_fd, MaildirIndexLog *out_next, mode_t *out_mode)
{
    struct stat st;
    MaildirIndexLog log;
    int fd = mh_open_file(folder_fd, log_name, MH_LINKS_REFUSE, &st, NULL);
    bool good = fd >= 0 && pread(fd, &log, sizeof log, 0) == sizeof log &&
                maildir_index_log_next(&log, (uint64_t)st.st_size,
                                       g_get_real_time() / G_USEC_PER_SEC, out_next);
    if (fd >= 0)
        close(fd);
    if (good)
        *out_mode = st.st_mode & 0777;
    return good;
}

/* By the file system's own clock: @aside has just been made. */
static bool
is_stale(int folder_fd, int aside)
{
    struct stat ours, st;
    return fstat(aside, &ours) == 0 &&
           fstatat(folder_fd, making_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_mtime - st.st_mtime > MAKING_STALE_S;
}

/* Only we make a log from now on; waits while a server does. */
static bool
begin_making(int folder_fd, int aside)
{
    for (guint i = 0; i < MAKING_POLLS; i++) {
        if (linkat(folder_fd, aside_name, folder_fd, making_name, 0) == 0)
            return true;
        if (errno != EEXIST)
            return false;
        if (is_stale(folder_fd, aside))
            unlinkat(folder_fd, making_name, 0);
        else
            g_usleep(MAKING_POLL_US);
    }
    return false;
}

/* Writes the log that follows the one that is there now, and puts it in its place. */
static bool
write_log(int folder_fd, int aside)
{
    MaildirIndexLog next;
    mode_t mode;
    return read_log(folder_fd, &next, &mode) &&
           mh_write_all(aside, mh_span(&next, sizeof next), NULL) && fchmod(aside, mode) == 0 &&
           fsync(aside) == 0 && renameat(folder_fd, making_name, folder_fd, log_name) == 0;
}

void
maildir_index_tidy(int folder_fd)
{
    struct stat ours, making;
    if (fstatat(folder_fd, aside_name, &ours, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (fstatat(folder_fd, making_name, &making, AT_SYMLINK_NOFOLLOW) == 0 &&
        making.st_dev == ours.st_dev && making.st_ino == ours.st_ino)
        unlinkat(folder_fd, making_name, 0);
    unlinkat(folder_fd, aside_name, 0);
}

/* Puts a log in place that makes the index empty, as Dovecot does when it makes its index anew.
 * Without it, were the log to go only, a session that is open makes another of its own kind, and
 * sessions can be left with one of two logs that look alike, and fail until they log in again. */
static bool
replace_log(int folder_fd)
{
    MaildirIndexLog next;
    mode_t mode;
    maildir_index_tidy(folder_fd);
    if (!read_log(folder_fd, &next, &mode))
        return false;
    int aside =
        openat(folder_fd, aside_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool good = aside >= 0 && begin_making(folder_fd, aside) && write_log(folder_fd, aside);
    maildir_index_tidy(folder_fd);
    if (aside >= 0)
        close(aside);
    return good;
}

void
maildir_index_forget(int folder_fd)
{
    /* The cache first: beside another index it is called corrupted. (Beside an empty one it would
     * not be, but `warm` tells by it that there is something to build.) */
    unlinkat(folder_fd, "dovecot.index.cache", 0);
    if (!replace_log(folder_fd))
        unlinkat(folder_fd, log_name, 0);
    unlinkat(folder_fd, "dovecot.index", 0);
    unlinkat(folder_fd, "dovecot.index.log.2", 0);
    maildir_index_tidy(folder_fd); /* once more, should it have failed */
}
