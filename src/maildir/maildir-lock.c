#include "maildir-lock.h"

#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char lock_name[] = "dovecot-uidlist.lock";

#define POLL_US 100000

static bool
try_lock(int folder_fd)
{
    int fd = openat(folder_fd, lock_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    g_autofree char *text = g_strdup_printf("%ld:%s", (long)getpid(), g_get_host_name());
    mh_write_all(fd, mh_span_from_string(text), NULL);
    close(fd);
    return true;
}

/* Removes a lock that its holder has left behind. */
static void
break_stale(int folder_fd)
{
    struct stat lock, list;
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    if (fstatat(folder_fd, lock_name, &lock, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    int64_t alive = lock.st_mtime;
    if (fstatat(folder_fd, "dovecot-uidlist", &list, AT_SYMLINK_NOFOLLOW) == 0)
        alive = MAX(alive, list.st_mtime);
    if (now - alive > MAILDIR_LOCK_STALE_S)
        unlinkat(folder_fd, lock_name, 0);
}

bool
maildir_lock_take(int folder_fd, unsigned timeout_s, GError **error)
{
    int64_t until = g_get_monotonic_time() + (int64_t)timeout_s * G_USEC_PER_SEC;
    while (!try_lock(folder_fd)) {
        if (errno != EEXIST)
            return mh_set_errno(error, errno, "cannot lock the folder with '%s'", lock_name);
        if (g_get_monotonic_time() >= until)
            return mh_set_errno(error, EAGAIN, "the folder is locked: '%s' stays", lock_name);
        break_stale(folder_fd);
        g_usleep(POLL_US);
    }
    return true;
}

void
maildir_lock_touch(int folder_fd)
{
    utimensat(folder_fd, lock_name, NULL, AT_SYMLINK_NOFOLLOW);
}

void
maildir_lock_release(int folder_fd)
{
    unlinkat(folder_fd, lock_name, 0);
}
