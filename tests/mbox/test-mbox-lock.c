#include "testing.h"

#include "mbox-lock.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    char *path;
    int dirfd, fd;
    MhFindings *findings;
    GError *error;
} Place;

static int
set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->path = g_dir_make_tmp("mailhaul-lock-XXXXXX", NULL);
    place->dirfd = open(place->path, O_RDONLY | O_DIRECTORY);
    mkdirat(place->dirfd, "spool", 0700);
    place->fd = openat(place->dirfd, "spool/joe", O_RDWR | O_CREAT, 0600);
    place->findings = mh_findings_new();
    *state = place;
    return place->fd < 0;
}

static int
tear_down(void **state)
{
    Place *place = *state;
    assert_int_equal(fchmodat(place->dirfd, "spool", 0700, 0), 0);
    unlinkat(place->dirfd, "spool/joe.lock", 0);
    unlinkat(place->dirfd, "spool/joe", 0);
    unlinkat(place->dirfd, "spool", AT_REMOVEDIR);
    int failed = g_rmdir(place->path); /* fails when anything was left behind */
    close(place->fd);
    close(place->dirfd);
    mh_findings_free(place->findings);
    g_clear_error(&place->error);
    g_free(place->path);
    g_free(place);
    return failed;
}

static MboxLock *
take(Place *place, MboxLockKinds kinds, unsigned timeout_ms)
{
    g_clear_error(&place->error);
    return mbox_lock_take(place->dirfd, "spool/joe", place->fd, kinds, timeout_ms, place->findings,
                          &place->error);
}

static void
put_lock(Place *place, const char *text, long age_seconds)
{
    int fd = openat(place->dirfd, "spool/joe.lock", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    struct timespec times[2] = {{.tv_sec = time(NULL) - age_seconds}, {.tv_nsec = UTIME_OMIT}};
    times[1] = times[0];
    futimens(fd, times);
    close(fd);
}

static void
reads_names_of_locks(void **state)
{
    (void)state;
    MboxLockKinds kinds = MBOX_LOCK_ALL;
    assert_true(mbox_lock_kinds_parse("none", &kinds));
    assert_int_equal(kinds, 0);
    assert_true(mbox_lock_kinds_parse("flock,dotlock", &kinds));
    assert_int_equal(kinds, MBOX_LOCK_FLOCK | MBOX_LOCK_DOTLOCK);
    assert_true(mbox_lock_kinds_parse("dotlock, fcntl, flock", &kinds));
    assert_int_equal(kinds, MBOX_LOCK_ALL);
    assert_false(mbox_lock_kinds_parse("", &kinds));
    assert_false(mbox_lock_kinds_parse("dotlock,", &kinds));
    assert_false(mbox_lock_kinds_parse("none,flock", &kinds));
    assert_int_equal(kinds, MBOX_LOCK_ALL);
}

static void
takes_and_gives_back(void **state)
{
    Place *place = *state;
    MboxLock *lock = take(place, MBOX_LOCK_ALL, 0);
    assert_non_null(lock);
    assert_int_equal(faccessat(place->dirfd, "spool/joe.lock", F_OK, 0), 0);
    assert_true(mbox_lock_is_held(lock));
    mbox_lock_refresh(lock);
    assert_null(take(place, MBOX_LOCK_DOTLOCK, 30));
    assert_true(g_error_matches(place->error, MBOX_ERROR, MBOX_ERROR_LOCKED));
    mbox_lock_free(lock);
    assert_int_not_equal(faccessat(place->dirfd, "spool/joe.lock", F_OK, 0), 0);
    assert_int_equal(mh_findings_kept(place->findings), 0);
}

static void
notices_that_its_lock_was_taken_away(void **state)
{
    Place *place = *state;
    MboxLock *lock = take(place, MBOX_LOCK_ALL, 0);
    unlinkat(place->dirfd, "spool/joe.lock", 0);
    assert_false(mbox_lock_is_held(lock));
    put_lock(place, "1:elsewhere", 0);
    assert_false(mbox_lock_is_held(lock));
    mbox_lock_free(lock);
    /* another's lock is not removed with ours */
    assert_int_equal(faccessat(place->dirfd, "spool/joe.lock", F_OK, 0), 0);
}

/* Holds a write lock in another process until it is killed. */
static pid_t
hold_elsewhere(Place *place, bool by_flock)
{
    int pipes[2];
    char byte;
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = openat(place->dirfd, "spool/joe", O_RDWR);
        int failed = by_flock ? flock(fd, LOCK_EX) : fcntl(fd, F_SETLK, &whole);
        if (failed == 0 && write(pipes[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    close(pipes[0]);
    return pid;
}

static void
waits_for_system_locks(void **state)
{
    Place *place = *state;
    for (int by_flock = 0; by_flock < 2; by_flock++) {
        pid_t pid = hold_elsewhere(place, by_flock);
        MboxLock *refused = take(place, MBOX_LOCK_ALL, 30);
        bool right = g_error_matches(place->error, MBOX_ERROR, MBOX_ERROR_LOCKED);
        bool left = faccessat(place->dirfd, "spool/joe.lock", F_OK, 0) == 0;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        assert_null(refused);
        assert_true(right);
        assert_false(left); /* the dotlock is not kept while the other is waited for */
        MboxLock *lock = take(place, MBOX_LOCK_ALL, 0);
        assert_non_null(lock);
        mbox_lock_free(lock);
    }
}

static pid_t
dead_pid(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    return pid;
}

static void
passes_over_stale_dotlocks(void **state)
{
    Place *place = *state;
    char text[300];
    snprintf(text, sizeof(text), "%ld:%s", (long)dead_pid(), g_get_host_name());
    put_lock(place, text, 0);
    MboxLock *lock = take(place, MBOX_LOCK_ALL, 1000);
    assert_non_null(lock);
    mbox_lock_free(lock);

    /* fresh, and not known to be dead: another host's, without host, our own */
    const char *const fresh[] = {"99999:elsewhere.example", "1", "", "0\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(fresh); i++) {
        put_lock(place, fresh[i], 0);
        assert_null(take(place, MBOX_LOCK_ALL, 20));
    }
}

static void
waits_seconds_for_an_old_dotlock(void **state)
{
    Place *place = *state;
    put_lock(place, "99999:elsewhere.example", 86400);
    assert_null(take(place, MBOX_LOCK_DOTLOCK, 20)); /* it may still be touched */
    MboxLock *lock = take(place, MBOX_LOCK_DOTLOCK, 10000);
    assert_non_null(lock);
    mbox_lock_free(lock);
}

static void
reads_on_where_no_file_can_be_made(void **state)
{
    Place *place = *state;
    if (geteuid() == 0) { /* root may write anywhere: as another user, in a child */
        pid_t pid = fork();
        if (pid == 0) {
            assert_int_equal(fchmodat(place->dirfd, "spool", 0755, 0), 0);
            if (fchmod(place->dirfd, 0755) != 0 || setegid(65534) != 0 || seteuid(65534) != 0)
                _exit(9);
            MboxLock *lock = take(place, MBOX_LOCK_ALL, 0);
            bool noted = mh_findings_count(place->findings, MH_FINDING_MBOX_LOCK_LACKING) == 1;
            _exit(lock != NULL && noted ? 0 : 1);
        }
        int status;
        waitpid(pid, &status, 0);
        assert_int_equal(status, 0);
        return;
    }
    assert_int_equal(fchmodat(place->dirfd, "spool", 0500, 0), 0);
    MboxLock *lock = take(place, MBOX_LOCK_ALL, 0);
    assert_non_null(lock);
    assert_int_equal(mh_findings_count(place->findings, MH_FINDING_MBOX_LOCK_LACKING), 1);
    mbox_lock_free(lock);
}

static void
only_looks_where_it_may_not_write(void **state)
{
    Place *place = *state;
    struct stat before, after;
    assert_int_equal(fstatat(place->dirfd, "spool", &before, 0), 0);
    MboxLock *lock = take(place, MBOX_LOCK_ALL | MBOX_LOCK_LOOK, 0);
    assert_non_null(lock);
    assert_int_equal(fstatat(place->dirfd, "spool", &after, 0), 0);
    assert_true(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
                before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    mbox_lock_free(lock);

    g_autofree char *live = g_strdup_printf("%ld:%s", (long)getpid(), g_get_host_name());
    put_lock(place, live, 0);
    assert_null(take(place, MBOX_LOCK_ALL | MBOX_LOCK_LOOK, 50));
    g_autofree char *dead = g_strdup_printf("%d:%s", INT32_MAX, g_get_host_name());
    put_lock(place, dead, 0);
    lock = take(place, MBOX_LOCK_ALL | MBOX_LOCK_LOOK, 50);
    assert_non_null(lock);
    assert_int_equal(mh_findings_count(place->findings, MH_FINDING_MBOX_LOCK_STALE), 1);
    mbox_lock_free(lock);
    assert_int_equal(faccessat(place->dirfd, "spool/joe.lock", F_OK, 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names_of_locks),
        cmocka_unit_test_setup_teardown(only_looks_where_it_may_not_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_and_gives_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notices_that_its_lock_was_taken_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_for_system_locks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(passes_over_stale_dotlocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_seconds_for_an_old_dotlock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_on_where_no_file_can_be_made, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
