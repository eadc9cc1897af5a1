/* Maildirs that the real server left behind, and what it then gave its clients: see the README of
 * each case. */
#include "courier-maildir.h"
#include "courier-show.h"

#include "courier-file-name.h"
#include "courier-uiddb.h"

static char *
read_fixture(const char *name)
{
    g_autofree char *path = g_build_filename(FIXTURES, "courier", name, NULL);
    char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        fail_msg("no fixture %s", path);
    return text;
}

/* Copies what is below @from into the Maildir as it is. */
static void
copy_tree(CourierMaildir *maildir, const char *from, const char *to)
{
    GDir *dir = g_dir_open(from, 0, NULL);
    const char *name;
    assert_non_null(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *source = g_build_filename(from, name, NULL);
        g_autofree char *target = g_build_filename(to, name, NULL);
        g_autofree char *text = NULL;
        gsize len;
        if (g_file_test(source, G_FILE_TEST_IS_DIR))
            copy_tree(maildir, source, target);
        else if (g_file_get_contents(source, &text, &len, NULL))
            courier_maildir_write(maildir, target, text, len);
    }
    g_dir_close(dir);
}

/* A message of the size that its name tells. */
static void
make_message(CourierMaildir *maildir, const char *line)
{
    char *path;
    int64_t mtime = g_ascii_strtoll(line, &path, 10);
    uint64_t size = 0;
    path++;
    assert_true(courier_file_name_size(mh_span_from_string(path), &size));
    g_autofree char *text = g_strnfill((gsize)size, 'x');
    text[size - 1] = '\n';
    courier_maildir_write(maildir, path, text, (size_t)size);
    g_autofree char *full = g_build_filename(maildir->path, path, NULL);
    struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};
    assert_int_equal(utimensat(AT_FDCWD, full, times, 0), 0);
}

static void
test_sessions(void **state)
{
    CourierMaildir *maildir = *state;
    g_autofree char *state_dir = g_build_filename(FIXTURES, "courier/sessions/state", NULL);
    g_autofree char *messages = read_fixture("sessions/messages");
    g_autofree char *expected = read_fixture("sessions/expected");
    g_auto(GStrv) lines = g_strsplit(messages, "\n", -1);
    g_auto(GStrv) folders = g_strsplit(expected, "\n", -1);
    copy_tree(maildir, state_dir, "");
    for (size_t i = 0; *lines[i] != '\0'; i++)
        make_message(maildir, lines[i]);
    for (size_t i = 0; *folders[i] != '\0'; i++) {
        char *blank = strchr(folders[i], ' ');
        g_autoptr(MhFindings) findings = mh_findings_new();
        *blank = '\0';
        g_autofree char *shown = courier_show(maildir->fd, folders[i], NULL, findings);
        if (strcmp(shown, blank + 1) != 0)
            fail_msg("%s: '%s'", folders[i], shown);
        assert_int_equal(mh_findings_kept(findings), 0);
    }
}

/* What the server wrote is what we would write. */
static void
test_same_list(void **state)
{
    (void)state;
    g_autofree char *text = read_fixture("sessions/state/courierimapuiddb");
    g_autoptr(CourierUiddb) list =
        courier_uiddb_parse(mh_span_from_string(text), false, NULL, NULL);
    size_t count = courier_uiddb_length(list);
    assert_true(count > 0);
    g_autofree CourierUiddbLine *lines = g_new0(CourierUiddbLine, count);
    for (size_t i = 0; i < count; i++)
        lines[i] = courier_uiddb_get(list, i);
    g_autoptr(GBytes) again = courier_uiddb_format(courier_uiddb_state(list), lines, count, NULL);
    assert_true(mh_span_equal(mh_span_from_bytes(again), mh_span_from_string(text)));
}

static int
setup(void **state)
{
    *state = courier_maildir_new();
    return 0;
}

static int
teardown(void **state)
{
    courier_maildir_free(*state);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sessions, setup, teardown),
        cmocka_unit_test(test_same_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
