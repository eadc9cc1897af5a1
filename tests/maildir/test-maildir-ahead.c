#include "testing.h"

#include "maildir/maildir-ahead.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define FILE_BYTES 4096 /* what a file counts at the least */

/* The kernel's part, for the test to see and to hold up. */
static struct {
    GMutex mutex;
    GCond changed;
    unsigned begun, ended;
    bool held;
    int fd; /* of the last call */
    GThread *thread;
    bool takes_signals;
} disk;

int
syncfs(int fd)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    g_mutex_lock(&disk.mutex);
    disk.begun++;
    disk.fd = fd;
    disk.thread = g_thread_self();
    disk.takes_signals = !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGINT);
    g_cond_broadcast(&disk.changed);
    while (disk.held)
        g_cond_wait(&disk.changed, &disk.mutex);
    disk.ended++;
    g_cond_broadcast(&disk.changed);
    g_mutex_unlock(&disk.mutex);
    return 0;
}

static void
hold(bool held)
{
    g_mutex_lock(&disk.mutex);
    disk.held = held;
    g_cond_broadcast(&disk.changed);
    g_mutex_unlock(&disk.mutex);
}

static void
wait_for(const unsigned *count, unsigned wanted)
{
    g_mutex_lock(&disk.mutex);
    while (*count < wanted)
        g_cond_wait(&disk.changed, &disk.mutex);
    g_mutex_unlock(&disk.mutex);
}

static int
set_up(void **state)
{
    static int fd;
    fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = &fd;
    disk.begun = disk.ended = 0;
    disk.held = false;
    return fd < 0;
}

static int
tear_down(void **state)
{
    return close(*(int *)*state);
}

static void
test_little_is_left_to_the_end(void **state)
{
    g_autoptr(MaildirAhead) ahead = maildir_ahead_new(*(int *)*state, 1 << 20);
    maildir_ahead_wrote(ahead, (1 << 20) - FILE_BYTES - 1);
    assert_int_equal(maildir_ahead_syncs(ahead), 0);
    assert_int_equal(disk.begun, 0);
}

static void
test_much_is_synced_while_the_rest_is_written(void **state)
{
    int fd = *(int *)*state;
    g_autoptr(MaildirAhead) ahead = maildir_ahead_new(fd, 1 << 20);
    hold(true);
    maildir_ahead_wrote(ahead, 1 << 20);
    wait_for(&disk.begun, 1);
    assert_int_equal(disk.ended, 0); /* so the call did not wait for it */
    assert_ptr_not_equal(disk.thread, g_thread_self());
    assert_int_not_equal(disk.fd, fd); /* whose errors are for maildir_tree_sync() to see */
    assert_false(disk.takes_signals);
    hold(false);
    wait_for(&disk.ended, 1);
}

static void
test_small_files_count_as_what_they_take(void **state)
{
    g_autoptr(MaildirAhead) ahead = maildir_ahead_new(*(int *)*state, 10 * FILE_BYTES);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(maildir_ahead_syncs(ahead), 0);
        maildir_ahead_wrote(ahead, 0);
    }
    assert_int_equal(maildir_ahead_syncs(ahead), 1);
    wait_for(&disk.ended, 1);
}

static void
test_one_at_a_time(void **state)
{
    g_autoptr(MaildirAhead) ahead = maildir_ahead_new(*(int *)*state, 1 << 20);
    hold(true);
    for (unsigned i = 0; i < 5; i++)
        maildir_ahead_wrote(ahead, 1 << 20);
    assert_int_equal(maildir_ahead_syncs(ahead), 1);
    hold(false);
    wait_for(&disk.ended, 1);
    while (maildir_ahead_syncs(ahead) == 1) /* once the thread has seen that it ended */
        maildir_ahead_wrote(ahead, 0);
    wait_for(&disk.ended, 2);
}

static gpointer
let_go_late(gpointer user)
{
    wait_for(&disk.begun, 1);
    g_usleep(20000); /* so that who does not wait is there first */
    hold(false);
    return user;
}

static void
test_its_end_waits_for_a_sync(void **state)
{
    MaildirAhead *ahead = maildir_ahead_new(*(int *)*state, 1 << 20);
    hold(true);
    maildir_ahead_wrote(ahead, 1 << 20);
    wait_for(&disk.begun, 1);
    GThread *later = g_thread_new("later", let_go_late, NULL);
    maildir_ahead_free(ahead);
    assert_int_equal(disk.ended, 1);
    g_thread_join(later);
}

static void
test_without_a_directory_nothing_is_done(void **state)
{
    (void)state;
    g_autoptr(MaildirAhead) ahead = maildir_ahead_new(-1, 1 << 20);
    maildir_ahead_wrote(ahead, 1 << 20);
    maildir_ahead_wrote(ahead, 1 << 20);
    assert_int_equal(maildir_ahead_syncs(ahead), 0);
    maildir_ahead_wrote(NULL, 1 << 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_little_is_left_to_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_much_is_synced_while_the_rest_is_written, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_small_files_count_as_what_they_take, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_one_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_its_end_waits_for_a_sync, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_directory_nothing_is_done, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
