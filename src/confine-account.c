#include "confine-account.h"

#include "confine.h"
#include "place.h"
#include "safe-path.h"
#include "target-root.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    MhConfinement *confinement;
    const MhJob *job;
    const MhAccount *account;
    unsigned locks; /* MH_CONFINE_LOCKS, if such locks are to be made */
} Confine;

/* Takes @fd. */
static void
allow(const Confine *confine, int fd, unsigned uses)
{
    mh_confinement_allow(confine->confinement, fd, uses);
    if (fd >= 0)
        close(fd);
}

/* The mbox @name in @dirfd, and a lock beside it, which may be there already. Nothing else that
 * is beside it, which may be others' mail. False when there is no such file. */
static bool
allow_mbox(const Confine *confine, int dirfd, const char *name)
{
    g_autofree char *lock = g_strconcat(name, ".lock", NULL);
    int fd = mh_safe_path_find(dirfd, name, MH_LINKS_BENEATH);
    allow(confine, fd, MH_CONFINE_READ);
    allow(confine, mh_safe_path_find(dirfd, lock, MH_LINKS_REFUSE), MH_CONFINE_READ);
    return fd >= 0;
}

static bool
is_directory(int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
allow_inbox(const Confine *confine)
{
    const MhSettings *settings = confine->job->settings;
    unsigned link = settings->transfer != MH_TRANSFER_COPY && confine->job->task == MH_TASK_MIGRATE
                        ? MH_CONFINE_LINK
                        : 0;
    g_autofree char *name = NULL;
    int inbox = mh_place_find(settings->inbox, confine->account, NULL);
    int parent = mh_place_find_parent(settings->inbox, confine->account, &name, NULL);
    bool is_courier = is_directory(inbox);
    if (!is_courier && parent >= 0)
        allow_mbox(confine, parent, name);
    allow(confine, parent, MH_CONFINE_LIST | (is_courier ? 0 : confine->locks));
    if (is_courier)
        mh_confinement_allow(confine->confinement, inbox, MH_CONFINE_READ | link);
    if (inbox >= 0)
        close(inbox);
}

/* ~/mbox, and what UW subscribes. */
static void
allow_home(const Confine *confine)
{
    int home = open(confine->account->home, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (home < 0)
        return;
    bool has_mbox = allow_mbox(confine, home, "mbox");
    allow(confine, mh_safe_path_find(home, ".mailboxlist", MH_LINKS_BENEATH), MH_CONFINE_READ);
    allow(confine, home, MH_CONFINE_LIST | (has_mbox ? confine->locks : 0));
}

static void
allow_sources(const Confine *confine)
{
    const char *folders = confine->job->settings->folders;
    if (confine->job->settings->inbox != NULL)
        allow_inbox(confine);
    if (folders != NULL)
        allow(confine, mh_place_find(folders, confine->account, NULL),
              MH_CONFINE_READ | confine->locks);
    if (confine->account->home != NULL)
        allow_home(confine);
}

/* Undo may take the root of a target away, too; where only root can, root does it. */
static void
allow_removal(const Confine *confine)
{
    g_autofree char *name = NULL;
    int fd = mh_place_find_parent(confine->job->settings->maildir, confine->account, &name, NULL);
    allow(confine, fd, fd >= 0 && mh_is_roots_place(fd) ? 0 : MH_CONFINE_REMOVE);
}

void
mh_confine_account(const MhJob *job, const MhAccount *account, int target_fd, bool written,
                   MhFindings *findings)
{
    if (!job->confine)
        return;
    g_autoptr(MhConfinement) confinement = mh_confinement_new();
    Confine confine = {.confinement = confinement, .job = job, .account = account};
    confine.locks = strstr(job->settings->locks, "dotlock") != NULL ? MH_CONFINE_LOCKS : 0;
    mh_confinement_allow(confinement, target_fd, written ? MH_CONFINE_WRITE : MH_CONFINE_READ);
    if (job->task == MH_TASK_UNDO)
        allow_removal(&confine);
    else
        allow_sources(&confine);
    mh_confinement_enter(confinement, findings);
}
