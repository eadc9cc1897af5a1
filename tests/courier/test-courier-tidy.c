/* A tidy folder is indexed by its own, shorter way, and what comes out is what comes out of the way
 * that knows all oddities, which a careful source takes. */
#include "courier-maildir.h"
#include "courier-show.h"

#define UIDDB "courierimapuiddb"

static char *
show(MhSource *source, MhMailbox *mailbox)
{
    GString *shown = g_string_new(NULL);
    g_string_append_printf(shown, "%u/%u", mailbox->uids.uidvalidity, mailbox->uids.uidnext);
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        MhSourceFile file;
        char id[MH_DIGEST_TEXT + 1];
        const MhMessage *message = mh_mailbox_get(mailbox, i);
        courier_show_message(mailbox, message, shown);
        assert_true(source->class->find_message(source, message, &file));
        mh_digest_format(&message->id, id);
        g_string_append_printf(shown, "|%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, file.name,
                               file.device, file.inode);
        g_string_append_printf(shown, "|%s %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, id,
                               message->internaldate, (guint64)message->size_bytes,
                               (guint64)message->virtual_size);
    }
    return g_string_free(shown, FALSE);
}

/* The folder as both ways have it; whether the shorter one was taken. */
static bool
is_tidy(const CourierMaildir *maildir, const CourierSourceOptions *options)
{
    g_autofree char *shown[2] = {NULL, NULL};
    bool tidy = false;
    for (int careful = 0; careful < 2; careful++) {
        g_autoptr(MhFindings) findings = mh_findings_new();
        g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
        g_autoptr(MhSource) source = courier_source_open(maildir->fd, ".", options, NULL);
        source->careful = careful != 0;
        assert_true(source->class->index(source, mailbox, findings, NULL));
        assert_true(source->class->check(source, NULL));
        shown[careful] = show(source, mailbox);
        assert_true(mh_mailbox_check_names(mailbox, NULL));
        tidy |= mailbox->names != NULL;
        assert_true(careful == 0 || mailbox->names == NULL);
    }
    if (strcmp(shown[0], shown[1]) != 0)
        fail_msg("'%s' instead of '%s'", shown[0], shown[1]);
    g_free(g_steal_pointer(&shown[1]));
    return tidy;
}

static void
add(CourierMaildir *maildir, const char *name)
{
    courier_maildir_write(maildir, name, "Subject: x\n\nb\n", 14);
}

static void
add_list(CourierMaildir *maildir, const char *text)
{
    courier_maildir_write(maildir, UIDDB, text, strlen(text));
}

typedef struct {
    const char *name;
    const char *files[6];
    const char *list;
    bool tidy;
} Row;

static void
test_what_is_tidy(void **state)
{
    (void)state;
    static const Row rows[] = {
        {"listed", {"cur/1.a:2,S", "cur/2.b:2,", "cur/3.c"}, "1 5 9\n1 1.a\n2 2.b\n3 3.c\n", true},
        {"unlisted", {"cur/1.a:2,", "new/3.n", "cur/2.c"}, "1 5 9\n1 1.a\n", true},
        {"new with info", {"cur/1.a:2,", "new/3.n:2,F", "new/4.n:1,F"}, "1 5 9\n1 1.a\n", true},
        {"a file has gone", {"cur/2.b:2,FR"}, "1 5 9\n1 1.a\n2 2.b\n", true},
        {"other letters", {"cur/1.a:2,Sab", "cur/2.b:2,SR"}, "1 5 9\n1 1.a\n2 2.b\n", true},
        {"nothing", {NULL}, "1 5 9\n", true},
        {"a wrong size", {"cur/1.a,S=9:2,", "cur/2.b,S=14:2,"}, "1 5 9\n1 1.a,S=9\n", true},
        {"keywords", {"cur/1.a:2,", "courierimapkeywords/1.a"}, "1 5 9\n1 1.a\n", true},
        {"POP3 has another order", {"cur/1.a:2,", "cur/2.b:2,"}, "1 5 9\n1 2.b\n2 1.a\n", false},
        {"two files", {"cur/1.a:2,", "cur/1.a:2,S"}, "1 5 9\n1 1.a\n", false},
        {"two unlisted", {"cur/1.a:2,", "cur/1.a:2,S"}, "1 5 9\n", false},
        {"in both", {"cur/1.a:2,", "new/1.a"}, "1 5 9\n1 1.a\n", false},
        {"listed and new", {"new/1.a"}, "1 5 9\n1 1.a\n", false},
        {"a directory", {"cur/1.a:2,/x"}, "1 5 9\n1 1.a\n", false},
        {"listed twice", {"cur/1.a:2,"}, "1 5 9\n1 1.a\n2 1.a\n", false},
        {"UID twice", {"cur/1.a:2,", "cur/2.b:2,"}, "1 5 9\n1 1.a\n1 2.b\n", false},
        {"not in order", {"cur/1.a:2,", "cur/2.b:2,"}, "1 5 9\n2 1.a\n1 2.b\n", false},
        {"listed with info", {"cur/1.a:2,"}, "1 5 9\n1 1.a:2,S\n", false},
        {"UIDNEXT too low", {"cur/1.a:2,"}, "1 5 1\n1 1.a\n", false},
        {"UIDs run out", {"cur/1.a:2,", "cur/2.b:2,"}, "1 5 4294967294\n1 1.a\n", false},
        {"no UIDVALIDITY", {"cur/1.a:2,"}, "1 0 9\n1 1.a\n", false},
        {"not ended", {"cur/1.a:2,"}, "1 5 9\n1 1.a", false},
        {"CR", {"cur/1.a:2,"}, "1 5 9\n1 1.a\r\n", false},
        {"line break", {"cur/1.\n:2,"}, "1 5 9\n", false},
        {"path", {"cur/1.a:2,"}, "1 5 9\n1 1.a\n2 ../x\n", false},
        {"empty list", {"cur/1.a:2,"}, "", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(CourierMaildir) maildir = courier_maildir_new();
        for (size_t j = 0; j < G_N_ELEMENTS(rows[i].files) && rows[i].files[j] != NULL; j++)
            add(maildir, rows[i].files[j]);
        add_list(maildir, rows[i].list);
        if (is_tidy(maildir, &(CourierSourceOptions){0}) != rows[i].tidy)
            fail_msg("%s: not as expected", rows[i].name);
        is_tidy(maildir, &(CourierSourceOptions){.uidl = COURIER_UIDL_NONE});
        is_tidy(maildir, &(CourierSourceOptions){.ids_of_files = true});
    }
}

/* Larger than what is held of a list, with files of all kinds. */
static void
test_large(void **state)
{
    static const char *const infos[] = {":2,", ":2,S", ":2,DFRST", "", ":2,Sa", ":2,TS", ":1,x"};
    CourierMaildir *maildir = *state;
    g_autoptr(GString) list = g_string_new("1 1058640000 20001\n");
    for (int i = 1; i <= 20000; i++) {
        g_autofree char *base =
            g_strdup_printf("%d.M%dP1V2I3.a.long.name.of.a.host.example.org", 1100000000 + i, i);
        g_autofree char *name = g_strconcat("cur/", base, infos[i % 7], NULL);
        if (i % 97 != 0)
            g_string_append_printf(list, "%d %s\n", i, base);
        if (i % 40 == 0)
            add(maildir, name);
    }
    add_list(maildir, list->str);
    assert_true(list->len > 1 << 20);
    assert_true(is_tidy(maildir, &(CourierSourceOptions){.uidl = COURIER_UIDL_NONE}));
}

/* Somebody writes into the list while names are told from it: none comes to be told wrong. */
static void
test_list_written(void **state)
{
    CourierMaildir *maildir = *state;
    g_autoptr(GString) list = g_string_new("1 5 900000\n");
    g_autofree char *path = g_build_filename(maildir->path, UIDDB, NULL);
    g_autoptr(GError) error = NULL;
    for (int i = 1; i <= 100000; i++)
        g_string_append_printf(list, "%d %d.name\n", i, 1000000 + i);
    for (int i = 1; i <= 100000; i += 9999) {
        g_autofree char *name = g_strdup_printf("cur/%d.name:2,", 1000000 + i);
        add(maildir, name);
    }
    add_list(maildir, list->str);
    g_autoptr(MhSource) source = courier_source_open(maildir->fd, ".", NULL, NULL);
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    assert_true(source->class->index(source, mailbox, NULL, NULL));
    for (size_t i = 1; i < list->len; i++) {
        if (list->str[i - 1] == ' ')
            list->str[i] = '/';
    }
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, list->str, list->len, 0), (ssize_t)list->len);
    close(fd);
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        const char *name = mh_mailbox_name(mailbox, mh_mailbox_get(mailbox, i));
        assert_true(name == NULL || name[0] == '1');
    }
    assert_false(mh_mailbox_check_names(mailbox, &error));
    assert_true(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
    assert_false(source->class->check(source, NULL));
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
        cmocka_unit_test(test_what_is_tidy),
        cmocka_unit_test_setup_teardown(test_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list_written, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
