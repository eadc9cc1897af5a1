#include "testing-place.h"

#include "maildir-index.h"
#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW_S 1700000000

static MaildirIndexLog
good_log(void)
{
    return (MaildirIndexLog){
        .major_version = 1,
        .minor_version = 3,
        .size = 40,
        .index_id = 1600000000,
        .sequence = 7,
        .before = 6,
        .before_size = 4000,
        .made_s = 1650000000,
        .modseq = 50,
        .flags = G_BYTE_ORDER == G_LITTLE_ENDIAN ? MAILDIR_INDEX_LOG_LITTLE_ENDIAN : 0,
    };
}

static void
next_log_follows(void **state)
{
    MaildirIndexLog log = good_log(), next;
    (void)state;
    assert_true(maildir_index_log_next(&log, 40 + 80, NOW_S, &next));
    assert_int_equal(next.index_id, log.index_id);
    assert_int_equal(next.minor_version, log.minor_version);
    assert_int_equal(next.flags, log.flags);
    assert_int_equal(next.sequence, 8);
    assert_int_equal(next.before, 0);
    assert_int_equal(next.before_size, 0);
    assert_int_equal(next.made_s, NOW_S);
    /* ten records at most, each with a MODSEQ at most */
    assert_true(next.modseq >= log.modseq + 10);
}

/* Each that cannot be followed differs in one thing from one that can. */
static void
unknown_logs_have_no_next(void **state)
{
    MaildirIndexLog logs[8], next;
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(logs); i++)
        logs[i] = good_log();
    logs[0].major_version = 2;
    logs[1].size = 48;
    logs[2].index_id = 0;
    logs[3].flags ^= MAILDIR_INDEX_LOG_LITTLE_ENDIAN;
    logs[4].flags |= 2;
    logs[5].sequence = UINT32_MAX;
    logs[6].modseq = UINT64_MAX;
    logs[7].size = 24;
    for (size_t i = 0; i < G_N_ELEMENTS(logs); i++)
        assert_false(maildir_index_log_next(&logs[i], 4096, NOW_S, &next));
    logs[0] = good_log();
    assert_false(maildir_index_log_next(&logs[0], 39, NOW_S, &next));
    assert_false(maildir_index_log_next(&logs[0], UINT64_MAX, NOW_S, &next));
    assert_true(maildir_index_log_next(&logs[0], 40, NOW_S, &next));
}

/* ---- in a directory ---------------------------------------------------------------------- */

/* Files of a folder that Dovecot has opened; the log is @log and 80 bytes of records. */
static void
plant(const Place *place, const MaildirIndexLog *log)
{
    static const char *const names[] = {"dovecot.index", "dovecot.index.cache",
                                        "dovecot.index.log.2", "dovecot.index.log"};
    char records[80] = "";
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        int fd = openat(place->fd, names[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, log, sizeof *log), sizeof *log);
        assert_int_equal(write(fd, records, sizeof records), sizeof records);
        assert_int_equal(fchmod(fd, 0640), 0);
        close(fd);
    }
}

/* All of them but the log are gone. */
static void
check_others_gone(const Place *place)
{
    g_autoptr(GPtrArray) names = mh_list_dir(place->fd, NULL);
    for (guint i = 0; i < names->len; i++)
        assert_string_equal(names->pdata[i], "dovecot.index.log");
}

static bool
is_there(const Place *place, const char *name)
{
    return faccessat(place->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
check_begins_anew(const Place *place, uint32_t sequence)
{
    struct stat st;
    MaildirIndexLog there;
    int fd = openat(place->fd, "dovecot.index.log", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, sizeof there);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(pread(fd, &there, sizeof there, 0), sizeof there);
    close(fd);
    assert_int_equal(there.index_id, good_log().index_id);
    assert_int_equal(there.sequence, sequence);
    assert_int_equal(there.before, 0);
    assert_true(there.modseq > good_log().modseq);
}

static void
log_begins_anew(void **state)
{
    const Place *place = *state;
    MaildirIndexLog log = good_log();
    plant(place, &log);
    maildir_index_forget(place->fd);
    check_begins_anew(place, 8);
    check_others_gone(place);
    maildir_index_forget(place->fd);
    check_begins_anew(place, 9);
    check_others_gone(place);
}

static void
corrupted_log_goes(void **state)
{
    const Place *place = *state;
    MaildirIndexLog log = good_log();
    log.index_id = 0;
    plant(place, &log);
    maildir_index_forget(place->fd);
    check_others_gone(place);
    assert_false(is_there(place, "dovecot.index.log"));
}

static void
nothing_comes_of_nothing(void **state)
{
    const Place *place = *state;
    maildir_index_forget(place->fd);
    assert_false(is_there(place, "dovecot.index.log"));
    check_others_gone(place);
}

static void
link_is_not_followed(void **state)
{
    const Place *place = *state;
    MaildirIndexLog log = good_log();
    plant(place, &log);
    assert_int_equal(renameat(place->fd, "dovecot.index.log", place->fd, "elsewhere"), 0);
    assert_int_equal(symlinkat("elsewhere", place->fd, "dovecot.index.log"), 0);
    maildir_index_forget(place->fd);
    assert_false(is_there(place, "dovecot.index.log"));
    assert_true(is_there(place, "elsewhere"));
}

/* A server makes a log just now, or has been killed when it did. */
static void
server_that_makes_one_is_waited_for(void **state)
{
    const Place *place = *state;
    struct timespec old[2] = {{.tv_sec = NOW_S}, {.tv_sec = NOW_S}};
    MaildirIndexLog log = good_log();
    plant(place, &log);
    int fd = openat(place->fd, "dovecot.index.log.newlock", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(futimens(fd, old), 0);
    maildir_index_forget(place->fd);
    check_begins_anew(place, 8);
    check_others_gone(place);
    close(fd);
    close(openat(place->fd, "dovecot.index.log.newlock", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    int64_t begun_us = g_get_monotonic_time();
    maildir_index_forget(place->fd);
    assert_true(g_get_monotonic_time() - begun_us >= G_USEC_PER_SEC);
    assert_false(is_there(place, "dovecot.index.log"));
    assert_true(is_there(place, "dovecot.index.log.newlock"));
}

/* What a killed run has left counts no longer; what a server makes does. */
static void
leftovers_go(void **state)
{
    const Place *place = *state;
    MaildirIndexLog log = good_log();
    plant(place, &log);
    close(
        openat(place->fd, "mailhaul-tmp.dovecot.index.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(linkat(place->fd, "mailhaul-tmp.dovecot.index.log", place->fd,
                            "dovecot.index.log.newlock", 0),
                     0);
    maildir_index_tidy(place->fd);
    assert_false(is_there(place, "mailhaul-tmp.dovecot.index.log"));
    assert_false(is_there(place, "dovecot.index.log.newlock"));
    close(
        openat(place->fd, "mailhaul-tmp.dovecot.index.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    close(openat(place->fd, "dovecot.index.log.newlock", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    maildir_index_tidy(place->fd);
    assert_false(is_there(place, "mailhaul-tmp.dovecot.index.log"));
    assert_true(is_there(place, "dovecot.index.log.newlock"));
    assert_true(is_there(place, "dovecot.index.log"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_log_follows),
        cmocka_unit_test(unknown_logs_have_no_next),
        cmocka_unit_test_setup_teardown(log_begins_anew, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(corrupted_log_goes, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(nothing_comes_of_nothing, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(link_is_not_followed, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(server_that_makes_one_is_waited_for, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(leftovers_go, place_set_up, place_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
