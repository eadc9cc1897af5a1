#include "confine.h"

#include "confine-calls.h"
#include "coverage.h"
#include "leaks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of later kernels than the header that we are built with. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
/* The first version with which a file may move to another directory at all. */
#define VERSION_LEAST 2

#define LIST ((uint64_t)LANDLOCK_ACCESS_FS_READ_DIR)
#define READ (LIST | LANDLOCK_ACCESS_FS_READ_FILE)
#define LOCKS                                                                                      \
    (LIST | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                          \
     LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define LINK                                                                                       \
    ((uint64_t)LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE |                            \
     LANDLOCK_ACCESS_FS_WRITE_FILE)
#define WRITE (READ | LOCKS | LINK | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR)
/* What a rule about a file, not a directory, may say. */
#define OF_FILES                                                                                   \
    ((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |                      \
     LANDLOCK_ACCESS_FS_TRUNCATE)

static const struct {
    unsigned use;
    uint64_t rights;
} rights_of_uses[] = {
    {MH_CONFINE_LIST, LIST},
    {MH_CONFINE_READ, READ},
    {MH_CONFINE_WRITE, WRITE},
    {MH_CONFINE_LOCKS, LOCKS},
    {MH_CONFINE_REMOVE, LANDLOCK_ACCESS_FS_REMOVE_DIR},
    {MH_CONFINE_LINK, LINK},
};

/* Nothing in them is private. */
static const char *const of_system[] = {
    "/usr/share",     "/usr/lib",       "/usr/lib64", "/usr/local/share", "/usr/local/lib",
    "/etc/localtime", "/etc/magic",     "/dev/null",  "/dev/urandom",
#ifdef __SANITIZE_ADDRESS__ /* where a report says what is at an address */
    "/proc/self",     "/proc/self/exe",
#endif
};

struct MhConfinement {
    int ruleset;      /* -1: there is no Landlock to use */
    uint64_t handled; /* the rights that the kernel knows */
    bool incomplete;  /* a place could not be added */
};

static int
landlock_version(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* All rights on files that a kernel with this version knows. */
static uint64_t
rights_of_version(int version)
{
    uint64_t rights = LANDLOCK_ACCESS_FS_REFER | (LANDLOCK_ACCESS_FS_REFER - 1);
    if (version >= 3)
        rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (version >= 5)
        rights |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    return rights;
}

/* Descriptors of these places have numbers from here on, above those that else are open. */
#define KEPT_FIRST 900
#define KEPT_LAST  (KEPT_FIRST + (int)G_N_ELEMENTS(of_system) - 1)
static bool kept;        /* they are open */
static uint64_t missing; /* bits: these are not there */

/* Opens one, as number @wanted if that is free. */
static int
open_kept(const char *path, int wanted)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    int high = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, wanted) : -1;
    int errnum = errno;
    if (fd >= 0)
        close(fd);
    errno = errnum;
    return high;
}

void
mh_confinement_prepare(void)
{
#ifdef __SANITIZE_ADDRESS__ /* /proc/self is each one's own */
    return;
#endif
    if (kept || landlock_version() < VERSION_LEAST)
        return;
    kept = true;
    for (int i = 0; i < (int)G_N_ELEMENTS(of_system) && kept; i++) {
        int fd = open_kept(of_system[i], KEPT_FIRST + i);
        if (fd < 0 && errno == ENOENT)
            missing |= UINT64_C(1) << i;
        else
            kept = fd == KEPT_FIRST + i;
        if (fd > KEPT_FIRST + i)
            close(fd);
    }
}

void
mh_confinement_close_others(int first)
{
    if (kept)
        close_range((unsigned)first, KEPT_FIRST - 1, 0);
    close_range(kept ? KEPT_LAST + 1 : (unsigned)first, ~0U, 0);
}

/* What was kept is closed, since it is needed once. */
static void
allow_system(MhConfinement *confinement)
{
    for (int i = 0; i < (int)G_N_ELEMENTS(of_system); i++) {
        int fd = !kept                        ? open(of_system[i], O_PATH | O_CLOEXEC)
                 : missing & UINT64_C(1) << i ? -1
                                              : KEPT_FIRST + i;
        confinement->incomplete |= !kept && fd < 0 && errno != ENOENT;
        mh_confinement_allow(confinement, fd, MH_CONFINE_READ);
        if (fd >= 0)
            close(fd);
    }
    kept = false;
}

MhConfinement *
mh_confinement_new(void)
{
    MhConfinement *confinement = g_new0(MhConfinement, 1);
    int version = landlock_version();
    confinement->ruleset = -1;
    if (version < VERSION_LEAST)
        return confinement;
    confinement->handled = rights_of_version(version);
    struct landlock_ruleset_attr attr = {.handled_access_fs = confinement->handled};
    confinement->ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    allow_system(confinement);
#ifdef MH_COVERAGE_DIRECTORY
    int fd = open(MH_COVERAGE_DIRECTORY, O_PATH | O_CLOEXEC);
    mh_confinement_allow(confinement, fd, MH_CONFINE_WRITE);
    close(fd);
#endif
    return confinement;
}

void
mh_confinement_free(MhConfinement *confinement)
{
    if (confinement == NULL)
        return;
    if (confinement->ruleset >= 0)
        close(confinement->ruleset);
    g_free(confinement);
}

void
mh_confinement_allow(MhConfinement *confinement, int fd, unsigned uses)
{
    struct landlock_path_beneath_attr attr = {.parent_fd = fd};
    struct stat st;
    if (fd < 0 || confinement->ruleset < 0)
        return;
    if (fstat(fd, &st) != 0) {
        confinement->incomplete = true;
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rights_of_uses); i++) {
        if (uses & rights_of_uses[i].use)
            attr.allowed_access |= rights_of_uses[i].rights & confinement->handled;
    }
    if (!S_ISDIR(st.st_mode))
        attr.allowed_access &= OF_FILES;
    if (attr.allowed_access != 0 && syscall(SYS_landlock_add_rule, confinement->ruleset,
                                            LANDLOCK_RULE_PATH_BENEATH, &attr, 0) != 0)
        confinement->incomplete = true;
}

/* NULL, or why not. A place that the kernel takes no rule for would be out of reach: then rather
 * no Landlock than mail that is not carried. */
static const char *
enter_landlock(const MhConfinement *confinement)
{
    if (confinement->ruleset < 0)
        return "the kernel has no Landlock, or an early one";
    if (confinement->incomplete)
        return "a place of the account cannot be used with Landlock";
    if (syscall(SYS_landlock_restrict_self, confinement->ruleset, 0) != 0)
        return "Landlock refuses";
    return NULL;
}

static void
enter(const char *lacking, MhFindings *findings)
{
    if (lacking != NULL)
        mh_findings_add(findings, MH_FINDING_CONFINEMENT_LACKING, "%s", lacking);
}

void
mh_confinement_enter(const MhConfinement *confinement, MhFindings *findings)
{
    const struct rlimit none = {0, 0};
    if (mh_leaks_wanted())
        return;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        enter("no_new_privs cannot be set", findings);
        return;
    }
    enter(enter_landlock(confinement), findings);
    enter(mh_confine_calls(), findings);
}

char *
mh_confinement_describe(void)
{
    int version = landlock_version();
    g_autofree char *landlock = version >= VERSION_LEAST
                                    ? g_strdup_printf("Landlock version %d", version)
                                    : g_strdup("no Landlock");
    return g_strdup_printf("workers are confined: no privileges, %s, %s", landlock,
                           mh_confine_calls_available() ? "seccomp" : "no seccomp");
}
