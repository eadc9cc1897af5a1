/* A tidy folder is indexed by its own, shorter way, and what comes out is what comes out of the way
 * that knows all oddities, which a careful source takes. */
#include "courier-maildir.h"
#include "courier-show.h"

#include <sys/stat.h>
#include <time.h>

#define UIDDB    "courierimapuiddb"
#define SIZELIST "courierpop3dsizelist"

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

/* A list is as believable as it gets when it is younger than the files. */
static void
add_pop3_list(CourierMaildir *maildir, const char *text)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) + 100}};
    courier_maildir_write(maildir, SIZELIST, text, strlen(text));
    assert_int_equal(utimensat(maildir->fd, SIZELIST, times, 0), 0);
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
        {"POP3 has another order", {"cur/1.a:2,", "cur/2.b:2,"}, "1 5 9\n1 2.b\n2 1.a\n", true},
        {"one number", {"cur/1.a:2,", "cur/01.a:2,"}, "1 5 9\n1 1.a\n2 01.a\n", true},
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

/* Beside the files 1.a, 2.b, 3.c and new/4.n of 14 bytes, of 17 with CRLF, of which three have
 * UIDs; or none has, and then not even the list. */
typedef struct {
    const char *name, *list;
    bool tidy, tidy_without;
} Pop3Row;

static void
test_pop3(void **state)
{
    (void)state;
    static const Pop3Row rows[] = {
        {"all", "/3 9 7\n1.a:2, 17 1:7:0\n2.b:2, 17 2:7:1\n3.c:2,S 17 3:7:0\n4.n:2, 17 8:7:0\n",
         true, false}, /* it is new, and listed */
        {"the version before", "/2 9 7\n1.a:2,S 17 1:7\n2.b:2, 17 2:7\n3.c:2, 17 3:7\n", true,
         true},
        {"none", "/3 9 7\n", true, true},
        {"no V", "/2 9 0\n1.a:2, 17 1:0\n2.b:2, 17 2:0\n", true, true},
        {"several V", "/3 9 7\n1.a:2, 17 1:5:0\n2.b:2, 17 2:6:0\n3.c:2, 17 3:7:0\n", true, true},
        {"numbers larger than UIDs", "/3 99999999999 7\n1.a:2, 17 99999999998:7:0\n", true, true},
        {"V of the UIDs", "/3 30 5\n1.a:2, 17 1:5:0\n3.c:2, 17 20:5:0\n", true, false},
        {"V of the UIDs, gone", "/3 30 6\n1.a:2, 17 1:5:0\n3.d:2, 17 20:5:0\n", true, false},
        {"files have gone",
         "/3 9 7\n0.x:2, 9 1:7:0\n1.a:2, 17 2:7:0\n2.x:2, 9 3:7:0\n5.x:2, 9 4:7:0\n", true, false},
        {"wrong sizes", "/3 9 7\n1.a:2, 16 1:7:0\n2.b:2, 18 2:7:0\n3.c:2, 9999 3:7:0\n", true,
         true},
        {"a bare name, and a file", "/3 9 7\n2.b 17 2:7:0\n", false, false},
        {"numbers not in order", "/3 9 7\n1.a:2, 17 2:7:0\n2.b:2, 17 1:7:0\n", true, true},
        {"one of them twice", "/3 9 7\n1.a:2, 17 2:7:0\n2.b:2, 17 1:7:0\n3.c:2, 17 2:7:0\n", false,
         false},
        {"one that is not, twice",
         "/3 9 7\n1.a:2, 17 1:7:0\n2.b:2, 17 3:7:0\n3.c:2, 17 2:7:0\n4.n:2, 17 1:7:0\n", false,
         false},
        {"one of them thrice",
         "/3 9 7\n1.a:2, 17 4:7:0\n2.b:2, 17 3:7:0\n3.c:2, 17 4:7:0\n4.n:2, 17 3:7:0\n", false,
         false},
        {"a number twice", "/3 9 7\n1.a:2, 17 2:7:0\n2.b:2, 17 2:7:0\n", false, false},
        {"a number that is NEXT", "/3 2 7\n1.a:2, 17 2:7:0\n", false, false},
        {"the number of a file name", "/3 9 7\n1.a:2, 17 0:0:0\n", false, false},
        {"names not in order", "/3 9 7\n2.b:2, 17 1:7:0\n1.a:2, 17 2:7:0\n", false, false},
        {"a name twice", "/3 9 7\n1.a:2, 17 1:7:0\n1.a:2,S 17 2:7:0\n", false, false},
        {"an odd line", "/3 9 7\n1.a:2, 17 1:7:0\n2.b:2, 17\n", false, false},
        {"an odd last line", "/3 9 7\n1.a:2, 17 1:7:0\n9.x\n", false, false},
        {"large numbers, and an odd last line",
         "/3 99999999999 7\n1.a:2, 17 99999999998:7:0\n9.x\n", false, false},
        {"not ended", "/3 9 7\n1.a:2, 17 1:7:0\n2.b:2, 17 2:7:0", false, false},
        {"an odd header", "/3 9\n1.a:2, 17 1:7:0\n", false, false},
        {"an old version", "/1 9\n1.a:2, 17 1\n", false, false},
        {"no header", "1.a:2, 17\n", false, false},
        {"a version to come", "/4 9 7\n1.a:2, 17 1:7:0\n", false, false},
        {"empty", "", false, false},
        {"a number in another form", "/3 9 7\n1.a:2, 17 1:7:0\n2.b:2, 17 2:7:0\n03.c:2, 17 3:7:0\n",
         true, true},
        {"a path", "/3 9 7\n1.a:2, 17 1:7:0\n2.b/x:2, 17 2:7:0\n", true, false},
        {"CR", "/3 9 7\n1.a:2, 17 1:7:0\n2.b\r:2, 17 2:7:0\n", true, false},
        {"no base", "/3 9 7\n:2, 17 1:7:0\n1.a:2, 17 2:7:0\n", true, false},
        {"another order for IMAP", "/3 9 7\n1.a:2, 17 1:7:0\n2.b,:2, 17 2:7:0\n2.b:2, 17 3:7:0\n",
         true, false},
    };
    static const CourierSourceOptions options[] = {
        {0},
        {.sizes = COURIER_SIZES_LIST},
        {.strict_match = true},
        {.era = COURIER_ERA_NEW},
        {.era = COURIER_ERA_OLD},
        {.uidl = COURIER_UIDL_FILE_NAMES},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(CourierMaildir) maildir = courier_maildir_new();
        add(maildir, "cur/1.a:2,S");
        add(maildir, "cur/2.b:2,");
        add(maildir, "cur/3.c:2,R");
        add(maildir, "new/4.n");
        add_list(maildir, "1 5 9\n1 1.a\n2 2.b\n3 3.c\n");
        add_pop3_list(maildir, rows[i].list);
        for (size_t j = 0; j < G_N_ELEMENTS(options); j++) {
            bool tidy = is_tidy(maildir, &options[j]);
            if (j < 2 && tidy != rows[i].tidy)
                fail_msg("%s: not as expected", rows[i].name);
        }
        assert_int_equal(unlinkat(maildir->fd, UIDDB, 0), 0);
        for (size_t j = 0; j < G_N_ELEMENTS(options); j++) {
            bool tidy = is_tidy(maildir, &options[j]);
            if (j < 2 && tidy != rows[i].tidy_without)
                fail_msg("%s: not as expected without UIDs", rows[i].name);
        }
    }
}

/* A file that the server would have found but for a ':' is told by the longer way. */
static void
test_pop3_bare(void **state)
{
    CourierMaildir *maildir = *state;
    add(maildir, "cur/1.a:2,S");
    add(maildir, "cur/2.b");
    add_list(maildir, "1 5 9\n1 1.a\n2 2.b\n");
    add_pop3_list(maildir, "/3 9 7\n1.a:2, 17 1:7:0\n2.b 17 2:7:0\n");
    assert_true(is_tidy(maildir, &(CourierSourceOptions){0}));
    add_pop3_list(maildir, "/3 9 7\n1.a:2, 17 1:7:0\n2.b:2, 17 2:7:0\n");
    assert_false(is_tidy(maildir, &(CourierSourceOptions){0}));
    assert_true(is_tidy(maildir, &(CourierSourceOptions){.strict_match = true}));
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Some hundred messages, of which some have a name that sorts as that of an earlier or a later one
 * would; @every so many. The list is in the order of names, and numbers are those of UIDs. */
static bool
is_tidy_moved(int every, int by)
{
    g_autoptr(CourierMaildir) maildir = courier_maildir_new();
    g_autoptr(GString) list = g_string_new("1 5 900\n");
    g_autoptr(GString) pop3 = g_string_new("/3 900 7\n");
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (int i = 1; i <= 400; i++) {
        int number = 2000 + 10 * i + (i % every == 0 ? by : 0);
        g_autofree char *base = g_strdup_printf("%d.M%d", number, 1000 + i);
        g_autofree char *name = g_strdup_printf("cur/%s:2,", base);
        add(maildir, name);
        g_string_append_printf(list, "%d %s\n", i, base);
        if (i % 50 != 7) /* and some have not been seen by a POP3 client yet */
            g_ptr_array_add(lines, g_strdup_printf("%s:2, 17 %d:7:0\n", base, i));
    }
    g_ptr_array_sort(lines, compare_names);
    for (guint i = 0; i < lines->len; i++)
        g_string_append(pop3, lines->pdata[i]);
    add_list(maildir, list->str);
    add_pop3_list(maildir, pop3->str);
    return is_tidy(maildir, &(CourierSourceOptions){.sizes = COURIER_SIZES_LIST});
}

static void
test_pop3_moved(void **state)
{
    (void)state;
    static const struct {
        int every, by;
        bool tidy;
    } rows[] = {
        {400, 11, true}, {100, -15, true}, {100, 15, true},  {50, 1000, true}, {50, -1000, true},
        {7, 12, true},   {7, -12, true},   {6, 4000, true},  {6, -1000, true}, {3, 2000, false},
        {2, 15, false},  {9, 25, true},    {400, -10, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (is_tidy_moved(rows[i].every, rows[i].by) != rows[i].tidy)
            fail_msg("%d of %d: not as expected", rows[i].every, rows[i].by);
    }
}

static char *
show_sizes(const CourierMaildir *maildir, bool tidy)
{
    GString *shown = g_string_new(NULL);
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    CourierSourceOptions options = {.sizes = COURIER_SIZES_LIST};
    g_autoptr(MhSource) source = courier_source_open(maildir->fd, ".", &options, NULL);
    assert_true(source->class->index(source, mailbox, NULL, NULL));
    assert_int_equal(mailbox->names != NULL, tidy);
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        const MhMessage *message = mh_mailbox_get(mailbox, i);
        g_string_append_printf(shown, " %u:%" G_GUINT64_FORMAT "%s%s", message->uid,
                               (guint64)message->virtual_size, message->size_listed ? "l" : "",
                               message->size_read ? "r" : "");
    }
    return g_string_free(shown, FALSE);
}

/* Some hundred listed sizes, of which a sample is read: all right, one wrong that is in it, and one
 * that is not. A directory among the messages has the longer way taken. */
static void
test_pop3_sample(void **state)
{
    (void)state;
    static const int wrong[] = {0, 1, 300};
    for (size_t row = 0; row < G_N_ELEMENTS(wrong); row++) {
        g_autoptr(CourierMaildir) maildir = courier_maildir_new();
        g_autoptr(GString) list = g_string_new("1 5 900\n");
        g_autoptr(GString) pop3 = g_string_new("/3 900 7\n");
        for (int i = 1; i <= 300; i++) {
            g_autofree char *name = g_strdup_printf("cur/%d.a:2,", 1000 + i);
            add(maildir, name);
            g_string_append_printf(list, "%d %d.a\n", i, 1000 + i);
            g_string_append_printf(pop3, "%d.a:2, %d %d:7:0\n", 1000 + i, i == wrong[row] ? 18 : 17,
                                   i);
        }
        add_list(maildir, list->str);
        add_pop3_list(maildir, pop3->str);
        g_autofree char *tidy = show_sizes(maildir, true);
        assert_non_null(strstr(tidy, " 1:17r"));
        assert_int_equal(strstr(tidy, " 300:18l") != NULL, wrong[row] == 300);
        assert_int_equal(strstr(tidy, " 2:17l") != NULL, wrong[row] != 1);
        assert_int_equal(mkdirat(maildir->fd, "cur/odd", 0700), 0);
        g_autofree char *longer = show_sizes(maildir, false);
        assert_string_equal(tidy, longer);
    }
}

/* Larger than what is held of a list, with files of all kinds. */
static void
test_large(void **state)
{
    static const char *const infos[] = {":2,", ":2,S", ":2,DFRST", "", ":2,Sa", ":2,TS", ":1,x"};
    CourierMaildir *maildir = *state;
    g_autoptr(GString) list = g_string_new("1 1058640000 60001\n");
    for (int i = 1; i <= 60000; i++) {
        g_autofree char *base =
            g_strdup_printf("%d.M%dP1V2I3.a.long.name.of.a.host.example.org", 1100000000 + i, i);
        g_autofree char *name = g_strconcat("cur/", base, infos[i % 7], NULL);
        if (i % 97 != 0)
            g_string_append_printf(list, "%d %s\n", i, base);
        if (i % 120 == 0)
            add(maildir, name);
    }
    add_list(maildir, list->str);
    assert_true(list->len > 3 << 20);
    assert_true(is_tidy(maildir, &(CourierSourceOptions){.uidl = COURIER_UIDL_NONE}));
}

/* The same of an INBOX of which there is but the POP3 server's list, and new mail after it. */
static void
test_large_without_uids(void **state)
{
    static const char *const infos[] = {":2,", ":2,S", ":2,DFRST", ":2,Sa", ":2,TS", ":1,x"};
    CourierMaildir *maildir = *state;
    g_autoptr(GString) list = g_string_new("/3 60001 1058640000\n");
    for (int i = 1; i <= 60000; i++) {
        g_autofree char *base =
            g_strdup_printf("%d.M%dP1V2I3.a.long.name.of.a.host.example.org", 1100000000 + i, i);
        g_autofree char *name =
            g_strconcat(i < 59000 ? "cur/" : "new/", base, i < 59000 ? infos[i % 6] : "", NULL);
        if (i < 59000)
            g_string_append_printf(list, "%s:2, 17 %d:1058640000:0\n", base, i);
        if (i % 119 == 0)
            add(maildir, name);
    }
    add_pop3_list(maildir, list->str);
    assert_true(list->len > 3 << 20);
    assert_true(is_tidy(maildir, &(CourierSourceOptions){.sizes = COURIER_SIZES_LIST}));
    add(maildir, "cur/1100000001.M0");
    assert_false(is_tidy(maildir, &(CourierSourceOptions){0}));
}

/* Somebody writes into the list while names are told from it: none comes to be told wrong. */
static void
test_list_written(void **state)
{
    CourierMaildir *maildir = *state;
    g_autoptr(GString) list = g_string_new("1 5 900000\n");
    g_autofree char *path = g_build_filename(maildir->path, UIDDB, NULL);
    g_autoptr(GError) error = NULL;
    for (int i = 1; i <= 200000; i++)
        g_string_append_printf(list, "%d %d.name\n", i, 1000000 + i);
    assert_true(list->len > 3 << 20);
    for (int i = 1; i <= 200000; i += 9999) {
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
        cmocka_unit_test(test_pop3),
        cmocka_unit_test_setup_teardown(test_pop3_bare, setup, teardown),
        cmocka_unit_test(test_pop3_moved),
        cmocka_unit_test(test_pop3_sample),
        cmocka_unit_test_setup_teardown(test_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_without_uids, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list_written, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
