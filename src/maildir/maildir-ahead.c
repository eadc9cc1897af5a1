#include "maildir-ahead.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* What a file takes at the least: its inode, its name, and the end of its last block. */
#define FILE_BYTES 4096

struct MaildirAhead {
    int dirfd;
    uint64_t every, written; /* since the last sync was asked for */
    unsigned syncs;
    int fd;          /* the thread's own, from its start; -1 before, and when it could not be had */
    GThread *thread; /* NULL until there is something to sync */
    bool given_up;   /* no thread can be had */
    GMutex mutex;    /* of what follows */
    GCond asked;
    bool busy, stop;
};

MaildirAhead *
maildir_ahead_new(int dirfd, uint64_t every)
{
    MaildirAhead *ahead = g_new0(MaildirAhead, 1);
    ahead->dirfd = dirfd;
    ahead->every = every;
    ahead->fd = -1;
    g_mutex_init(&ahead->mutex);
    g_cond_init(&ahead->asked);
    return ahead;
}

static gpointer
sync_when_asked(gpointer user)
{
    MaildirAhead *ahead = user;
    g_mutex_lock(&ahead->mutex);
    for (;;) {
        while (!ahead->busy && !ahead->stop)
            g_cond_wait(&ahead->asked, &ahead->mutex);
        if (ahead->stop)
            break;
        g_mutex_unlock(&ahead->mutex);
        (void)syncfs(ahead->fd); /* who needs it to have worked syncs again */
        g_mutex_lock(&ahead->mutex);
        ahead->busy = false;
    }
    g_mutex_unlock(&ahead->mutex);
    return NULL;
}

/* Signals are for the thread that does the work: it looks for them, and they end its waiting. */
static void
begin(MaildirAhead *ahead)
{
    sigset_t all, before;
    ahead->fd = openat(ahead->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ahead->fd >= 0) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        ahead->thread = g_thread_try_new("ahead", sync_when_asked, ahead, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    ahead->given_up = ahead->thread == NULL;
}

void
maildir_ahead_wrote(MaildirAhead *ahead, uint64_t bytes)
{
    if (ahead == NULL || ahead->given_up)
        return;
    ahead->written += bytes + FILE_BYTES;
    if (ahead->written < ahead->every)
        return;
    if (ahead->thread == NULL)
        begin(ahead);
    g_mutex_lock(&ahead->mutex);
    if (ahead->thread != NULL && !ahead->busy) {
        ahead->busy = true;
        ahead->written = 0;
        ahead->syncs++;
        g_cond_signal(&ahead->asked);
    }
    g_mutex_unlock(&ahead->mutex);
}

unsigned
maildir_ahead_syncs(const MaildirAhead *ahead)
{
    return ahead->syncs;
}

void
maildir_ahead_free(MaildirAhead *ahead)
{
    if (ahead == NULL)
        return;
    if (ahead->thread != NULL) {
        g_mutex_lock(&ahead->mutex);
        ahead->stop = true;
        g_cond_signal(&ahead->asked);
        g_mutex_unlock(&ahead->mutex);
        g_thread_join(ahead->thread);
    }
    if (ahead->fd >= 0)
        close(ahead->fd);
    g_mutex_clear(&ahead->mutex);
    g_cond_clear(&ahead->asked);
    g_free(ahead);
}
