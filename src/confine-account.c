#include "confine-account.h"

#include "confine.h"
#include "place.h"
#include "safe-path.h"
#include "target-root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    MhConfinement *confinement;
    const MhJob *job;
    const MhAccount *account;
    unsigned locks; /* MH_CONFINE_LOCKS, if such locks are to be made */
    int failed;     /* an errno: a place that is there, perhaps, was not allowed for it */
} Confine;

/* Who looks there later will be told the same of these, and judge. Of the rest nobody will know
 * that it was not the confinement which kept him out. */
static bool
is_an_answer(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == EXDEV ||
           errnum == EACCES || errnum == EPERM || errnum == ENAMETOOLONG;
}

/* Takes @fd; below 0 it is a negative errno. */
static void
allow(Confine *confine, int fd, unsigned uses)
{
    mh_confinement_allow(confine->confinement, fd, uses);
    if (fd >= 0)
        close(fd);
    else if (!is_an_answer(-fd))
        confine->failed = -fd;
}

/* The mbox @name in @dirfd, and a lock beside it, which may be there already. Nothing else that
 * is beside it, which may be others' mail. False when there is no such file. */
static bool
allow_mbox(Confine *confine, int dirfd, const char *name)
{
    g_autofree char *lock = g_strconcat(name, ".lock", NULL);
    int fd = mh_safe_path_find(dirfd, name, MH_LINKS_BENEATH);
    allow(confine, fd, MH_CONFINE_READ);
    allow(confine, mh_safe_path_find(dirfd, lock, MH_LINKS_REFUSE), MH_CONFINE_READ);
    return fd >= 0;
}

static bool
is_directory(Confine *confine, int fd)
{
    struct stat st;
    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0)
        return S_ISDIR(st.st_mode);
    confine->failed = errno;
    return false;
}

static void
allow_inbox(Confine *confine)
{
    const MhSettings *settings = confine->job->settings;
    unsigned link = settings->transfer != MH_TRANSFER_COPY && confine->job->task == MH_TASK_MIGRATE
                        ? MH_CONFINE_LINK
                        : 0;
    g_autofree char *name = NULL;
    int inbox = mh_place_find(settings->inbox, confine->account);
    int parent = mh_place_find_parent(settings->inbox, confine->account, &name);
    bool is_courier = is_directory(confine, inbox);
    if (!is_courier && parent >= 0)
        allow_mbox(confine, parent, name);
    allow(confine, parent, MH_CONFINE_LIST | (is_courier ? 0 : confine->locks));
    allow(confine, inbox, MH_CONFINE_READ | (is_courier ? link : 0));
}

/* ~/mbox, and what UW subscribes. */
static void
allow_home(Confine *confine)
{
    int home = open(confine->account->home, O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool has_mbox = home >= 0 && allow_mbox(confine, home, "mbox");
    if (home >= 0)
        allow(confine, mh_safe_path_find(home, ".mailboxlist", MH_LINKS_BENEATH), MH_CONFINE_READ);
    allow(confine, home >= 0 ? home : -errno, MH_CONFINE_LIST | (has_mbox ? confine->locks : 0));
}

/* Mail that others share, below the directory that the admin named. */
static void
allow_shared(Confine *confine)
{
    const MhSettings *settings = confine->job->settings;
    if (settings->shared != MH_SHARED_COPY)
        return;
    int fd = open(settings->shared_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    allow(confine, fd >= 0 ? fd : -errno, MH_CONFINE_READ);
}

static void
allow_sources(Confine *confine)
{
    const char *folders = confine->job->settings->folders;
    allow_shared(confine);
    if (confine->job->settings->inbox != NULL)
        allow_inbox(confine);
    if (folders != NULL)
        allow(confine, mh_place_find(folders, confine->account), MH_CONFINE_READ | confine->locks);
    if (confine->account->home != NULL)
        allow_home(confine);
}

/* Undo may take the root of a target away, too; where only root can, root does it. */
static void
allow_removal(Confine *confine)
{
    g_autofree char *name = NULL;
    int fd = mh_place_find_parent(confine->job->settings->maildir, confine->account, &name);
    allow(confine, fd, fd >= 0 && mh_is_roots_alone(fd) ? 0 : MH_CONFINE_REMOVE);
}

bool
mh_confine_account(const MhJob *job, const MhAccount *account, int target_fd, bool written,
                   MhFindings *findings, GError **error)
{
    if (!job->confine)
        return true;
    g_autoptr(MhConfinement) confinement = mh_confinement_new();
    Confine confine = {.confinement = confinement, .job = job, .account = account};
    confine.locks = strstr(job->settings->locks, "dotlock") != NULL ? MH_CONFINE_LOCKS : 0;
    mh_confinement_allow(confinement, target_fd, written ? MH_CONFINE_WRITE : MH_CONFINE_READ);
    if (job->task == MH_TASK_UNDO)
        allow_removal(&confine);
    else
        allow_sources(&confine);
    if (confine.failed != 0)
        return mh_set_errno(error, confine.failed, "cannot look where the mail is");
    mh_confinement_enter(confinement, findings);
    return true;
}
