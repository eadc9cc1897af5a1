#include "testing.h"

#include "folder-survey.h"
#include "magic-guess.h"
#include "printable.h"
#include "size-limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAIL    "From a@b Mon Jan  1 00:00:00 2001\nSubject: x\nFrom: a@b\n\nbody\n"
#define MESSAGE "Return-Path: <a@b>\nSubject: x\n\nbody\n"

typedef struct {
    char *top;
    int root, home; /* root is top/home/mail, home is top/home */
    MhFindings *findings;
    MhFolderSurvey *survey;
} Tree;

static int
set_up(void **state)
{
    Tree *tree = g_new0(Tree, 1);
    tree->top = g_dir_make_tmp("mailhaul-test-XXXXXX", NULL);
    g_autofree char *home = g_build_filename(tree->top, "home", NULL);
    g_autofree char *root = g_build_filename(home, "mail", NULL);
    assert_int_equal(g_mkdir_with_parents(root, 0700), 0);
    tree->home = mh_open_root(home, NULL);
    tree->root = mh_open_root(root, NULL);
    tree->findings = mh_findings_new();
    *state = tree;
    return 0;
}

static int
tear_down(void **state)
{
    Tree *tree = *state;
    close(tree->home);
    close(tree->root);
    int slash = mh_open_root(tree->top, NULL);
    bool removed = mh_remove_tree(slash, "home", NULL);
    close(slash);
    rmdir(tree->top);
    mh_folder_survey_free(tree->survey);
    mh_findings_free(tree->findings);
    g_free(tree->top);
    g_free(tree);
    return removed ? 0 : -1;
}

/* "a/b/" makes directories; "a/b" with @text a file and what is above it. */
static void
put(int dirfd, const char *path, const char *text)
{
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        g_autofree char *above = g_strndup(path, (gsize)(slash - path));
        if (faccessat(dirfd, above, F_OK, 0) != 0 && mkdirat(dirfd, above, 0700) != 0)
            fail_msg("cannot make '%s'", above);
    }
    if (g_str_has_suffix(path, "/"))
        return;
    int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        fail_msg("cannot write '%s'", path);
    close(fd);
}

/* One line an entry: kind, path, "=" components, what else there is. */
static char *
describe(const MhFolderSurvey *survey)
{
    static const char *const kinds[] = {"mailbox", "INBOX", "alias", "other", "no", "error"};
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < survey->found->len; i++) {
        const MhFound *found = survey->found->pdata[i];
        g_autofree char *name = g_strjoinv("|", found->components);
        g_autofree char *line =
            g_strdup_printf("%s %s = %s%s%s%s", kinds[found->kind], found->path, name,
                            found->empty ? " (empty)" : "", found->linked ? " (linked)" : "",
                            found->alias_of != NULL ? " -> " : "");
        g_autofree char *printable = mh_printable_string(line);
        g_string_append_printf(text, "%s%s\n", printable,
                               found->alias_of != NULL ? found->alias_of : "");
    }
    return g_string_free(text, FALSE);
}

static void
check(Tree *tree, int dirfd, const MhFolderSurveyOptions *options, const char *expected)
{
    GError *error = NULL;
    g_clear_pointer(&tree->survey, mh_folder_survey_free);
    mh_findings_free(tree->findings);
    tree->findings = mh_findings_new();
    tree->survey = mh_folder_survey(dirfd, options, tree->findings, &error);
    assert_null(error);
    char *got = describe(tree->survey);
    if (strcmp(got, expected) != 0)
        fail_msg("got:\n%sexpected:\n%s", got, expected);
    g_free(got);
}

static const MhFound *
find(const Tree *tree, const char *path)
{
    for (guint i = 0; i < tree->survey->found->len; i++) {
        const MhFound *found = tree->survey->found->pdata[i];
        if (strcmp(found->path, path) == 0)
            return found;
    }
    fail_msg("'%s' was not found", path);
    return NULL;
}

static const MhFolderSurveyOptions plain = {0};
static const MhFolderSurveyOptions home = {.is_home = true};

/* Every name that a disk can hold is a folder's name, byte for byte. */
static void
test_names(void **state)
{
    Tree *tree = *state;
    static const char *const names[] = {
        "\x01 control",
        " leading",
        "#hash",
        "%percent",
        "&ampersand",
        "'quoted' \"name\"",
        "..dots",
        ".hidden",
        "A",
        "Entw&APw-rfe",
        "Gr\xfc\xdf"
        "e",
        "INBOX",
        "Inbox",
        "a",
        "a b",
        "a,b",
        "a.b",
        "a\nb",
        "back\\slash",
        "dir/\xc3\xa4/deep",
        "dir/a",
        "trailing ",
        "v1.2.3",
        "x*y",
        "~tilde",
        "\xc3\xbc"
        "ber",
        "\xff\xfe",
    };
    g_autoptr(GString) expected = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        put(tree->root, names[i], MAIL);
    tree->survey = mh_folder_survey(tree->root, &plain, tree->findings, NULL);
    assert_int_equal(tree->survey->mailboxes, G_N_ELEMENTS(names));
    assert_int_equal(tree->survey->found->len, G_N_ELEMENTS(names));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const MhFound *found = find(tree, names[i]);
        char *joined = g_strjoinv("/", found->components);
        bool equal = strcmp(joined, names[i]) == 0;
        g_free(joined);
        assert_true(equal);
        assert_int_equal(found->kind, MH_FOUND_MAILBOX);
        assert_int_equal(found->stamp.size_bytes, strlen(MAIL));
        if (i > 0) { /* sorted by bytes */
            const MhFound *a = tree->survey->found->pdata[i - 1];
            const MhFound *b = tree->survey->found->pdata[i];
            assert_true(strcmp(a->path, b->path) < 0);
        }
    }
    assert_int_equal(mh_findings_kept(tree->findings), 0);
}

static void
test_housekeeping(void **state)
{
    Tree *tree = *state;
    static const char *const files[][2] = {
        {".pinerc", "# Pine\n"},
        {".addressbook", "joe\tJoe\n"},
        {".mailboxlist", "mail/a\n"},
        {".subscriptions", "a\n"},
        {"subscriptions", "V\t2\n\na\n"},
        {"a.lock", ""},
        {"a.msf", "// <!-- <mdb:mork"},
        {"dovecot.index.log", "\1\2"},
        {".newsrc", "news: 1\n"},
        {"popstate.dat", "# POP3\n"},
        {".imap/INBOX/dovecot.index", "x"},
        {".empty", ""},
        {".joe.pop", ""},
        {"note.txt", "hello\n"},
        {"blank", "\n\n"},
        {"From.txt", "From here on\nwe walk\n"},
        {"a", MAIL},
        {"new", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        put(tree->root, files[i][0], files[i][1]);
    check(tree, tree->root, &plain,
          "no .addressbook = .addressbook\n"
          "no .empty = .empty\n"
          "no .imap = .imap\n"
          "no .joe.pop = .joe.pop\n"
          "no .mailboxlist = .mailboxlist\n"
          "no .newsrc = .newsrc\n"
          "no .pinerc = .pinerc\n"
          "no .subscriptions = .subscriptions\n"
          "no From.txt = From.txt\n"
          "mailbox a = a\n"
          "no a.lock = a.lock\n"
          "no a.msf = a.msf\n"
          "mailbox blank = blank (empty)\n"
          "no dovecot.index.log = dovecot.index.log\n"
          "mailbox new = new (empty)\n"
          "no note.txt = note.txt\n"
          "no popstate.dat = popstate.dat\n"
          "no subscriptions = subscriptions\n");
    assert_string_equal(find(tree, "a.lock")->reason, "a lock");
    assert_string_equal(find(tree, ".imap")->reason, "Dovecot's indexes");
    assert_string_equal(find(tree, "note.txt")->reason, "ASCII text");
    /* what is always there is listed, but no finding: notes.txt, .empty and From.txt are */
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_NOT_MAIL), 3);
    assert_int_equal(mh_findings_weigh(tree->findings, MH_WEIGHT_LOSS), 0);
}

/* The parser decides: mail under the name of something else is mail. */
static void
test_mail_in_odd_places(void **state)
{
    Tree *tree = *state;
    put(tree->root, "a.lock", MAIL);
    put(tree->root, ".dot/.dot", MAIL);
    put(tree->root, "saved.dat", MAIL);
    put(tree->root, ".joe.pop", MAIL);
    put(tree->root, "2003", MAIL);
    check(tree, tree->root, &plain,
          "mailbox .dot/.dot = .dot|.dot\n"
          "other .joe.pop = .joe.pop\n"
          "mailbox 2003 = 2003\n"
          "mailbox a.lock = a.lock\n"
          "mailbox saved.dat = saved.dat\n");
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_POP_COPY), 1);
}

/* A mailbox that was replaced while a session has it open: the folder is there already. */
static void
test_files_that_were_removed(void **state)
{
    Tree *tree = *state;
    put(tree->root, "a", MAIL);
    put(tree->root, ".nfs000000000012d687000000a1", MAIL);
    put(tree->root, ".fuse_hidden0000001d00000003", MESSAGE);
    put(tree->root, ".nfs", MAIL);
    check(tree, tree->root, &plain,
          "no .fuse_hidden0000001d00000003 = .fuse_hidden0000001d00000003\n"
          "mailbox .nfs = .nfs\n"
          "no .nfs000000000012d687000000a1 = .nfs000000000012d687000000a1\n"
          "mailbox a = a\n");
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_NOT_MAIL), 2);
}

static void
test_other_formats(void **state)
{
    Tree *tree = *state;
    put(tree->root, "mbx", "*mbx*\r\n3f00000000000001\r\n");
    put(tree->root, "mmdf", "\1\1\1\1\n" MAIL "\1\1\1\1\n");
    put(tree->root, "old.gz", "\x1f\x8b\x08KLLL");
    put(tree->root, "one", MESSAGE);
    put(tree->root, "damaged", "rest of a body\n\n" MAIL);
    put(tree->root, "packed", "\x1f\x8b\x08KLLL\n" MAIL);
    put(tree->root, "Maildir/cur/", NULL);
    put(tree->root, "Maildir/new/", NULL);
    put(tree->root, "Maildir/tmp/", NULL);
    put(tree->root, "Maildir/.Sub/cur/", NULL);
    put(tree->root, "mh/.mh_sequences", "cur: 1\n");
    put(tree->root, "mh/1", MESSAGE);
    put(tree->root, "mh/2", MAIL);
    put(tree->root, "mh/sub/17", MESSAGE);
    put(tree->root, "mh/sub/mbox", MAIL);
    check(tree, tree->root, &plain,
          "other Maildir = Maildir\n"
          "mailbox damaged = damaged\n"
          "other mbx = mbx\n"
          "other mh = mh\n"
          "no mh/.mh_sequences = mh|.mh_sequences\n"
          "other mh/sub = mh|sub\n"
          "mailbox mh/sub/mbox = mh|sub|mbox\n"
          "other mmdf = mmdf\n"
          "other old.gz = old.gz\n"
          "other one = one\n"
          "other packed = packed\n");
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_OTHER_FORMAT), 8);
    assert_string_equal(find(tree, "mh")->reason, "a folder of MH: 2 messages, a file each");
    /* and the same without libmagic, but for what only libmagic knows */
    mh_magic_guess_use_database("/nowhere/magic.mgc");
    tree->survey = (mh_folder_survey_free(tree->survey),
                    mh_folder_survey(tree->root, &plain, tree->findings, NULL));
    mh_magic_guess_use_database(NULL);
    assert_int_equal(find(tree, "old.gz")->kind, MH_FOUND_NO_MAIL);
    assert_int_equal(find(tree, "mmdf")->kind, MH_FOUND_OTHER_MAIL);
    assert_int_equal(find(tree, "one")->kind, MH_FOUND_OTHER_MAIL);
}

static void
test_thunderbird_and_apple(void **state)
{
    Tree *tree = *state;
    put(tree->root, "a", MAIL);
    put(tree->root, "a.msf", "// <!--");
    put(tree->root, "a.sbd/b", MAIL);
    put(tree->root, "a.sbd/b.sbd/c", MAIL);
    put(tree->root, "gone.msf", "// <!--");
    put(tree->root, "gone.sbd/x", MAIL);
    put(tree->root, "own.sbd/x", MAIL);
    put(tree->root, "Work.mbox/mbox", MAIL);
    put(tree->root, "Work.mbox/table_of_contents", "x");
    put(tree->root, "Work.mbox/mbox.lock", "0");
    put(tree->root, "Work.mbox/mbox.lock.1.host", "");
    put(tree->root, "Work.mbox/.mailhaul-lock.1.0", "0");
    put(tree->root, "mine.mbox/mbox", MAIL);
    put(tree->root, "mine.mbox/other", MAIL);
    put(tree->root, ".mbox/mbox", MAIL);
    check(tree, tree->root, &plain,
          "mailbox .mbox/mbox = .mbox|mbox\n"
          "no Work.mbox/.mailhaul-lock.1.0 = Work|.mailhaul-lock.1.0\n"
          "mailbox Work.mbox/mbox = Work\n"
          "no Work.mbox/mbox.lock = Work|mbox.lock\n"
          "no Work.mbox/mbox.lock.1.host = Work|mbox.lock.1.host\n"
          "no Work.mbox/table_of_contents = Work|table_of_contents\n"
          "mailbox a = a\n"
          "no a.msf = a.msf\n"
          "mailbox a.sbd/b = a|b\n"
          "mailbox a.sbd/b.sbd/c = a|b|c\n"
          "no gone.msf = gone.msf\n"
          "mailbox gone.sbd/x = gone|x\n"
          "mailbox mine.mbox/mbox = mine.mbox|mbox\n"
          "mailbox mine.mbox/other = mine.mbox|other\n"
          "mailbox own.sbd/x = own.sbd|x\n");
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_LAYOUT_NAME), 4);
}

static void
test_links(void **state)
{
    Tree *tree = *state;
    g_autofree char *inside = g_strdup_printf("%s/home/mail/sent", tree->top);
    g_autofree char *spelled = g_strdup("/home/joe/mail/sent");
    MhFolderSurveyOptions options = {.root_path = "/home/joe/mail/"};
    put(tree->root, "sent", MAIL);
    put(tree->root, "dir/x", MAIL);
    put(tree->root, "note", "hello\n");
    put(tree->root, "Maildir/cur/", NULL);
    put(tree->root, "Maildir/new/", NULL);
    put(tree->root, "Maildir/tmp/", NULL);
    put(tree->root, "Maildir/inner", MAIL);
    put(tree->home, "secret", MAIL);
    const char *const links[][2] = {
        {"sent", "Sent"},     {"../sent", "dir/up"},   {inside, "abs"},
        {spelled, "spelled"}, {"../secret", "out"},    {"/etc/passwd", "passwd"},
        {"loop", "loop"},     {"nowhere", "dangling"}, {"dir", "dir2"},
        {"..", "dir/parent"}, {"note", "note2"},       {"Maildir/inner", "through"},
        {"../../..", "far"},  {"Sent", "twice"},       {"/home/joe/mailbox", "near"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
        assert_int_equal(symlinkat(links[i][0], tree->root, links[i][1]), 0);
    check(tree, tree->root, &options,
          "other Maildir = Maildir\n"
          "alias Sent = Sent (linked) -> sent\n"
          "alias abs = abs (linked) -> sent\n"
          "no dangling = dangling\n"
          "alias dir/parent = dir|parent (linked) -> \n"
          "alias dir/up = dir|up (linked) -> sent\n"
          "mailbox dir/x = dir|x\n"
          "alias dir2 = dir2 (linked) -> dir\n"
          "no far = far\n"
          "no loop = loop\n"
          "no near = near\n"
          "no note = note\n"
          "no note2 = note2 (linked)\n"
          "no out = out\n"
          "no passwd = passwd\n"
          "mailbox sent = sent\n"
          "alias spelled = spelled (linked) -> sent\n"
          "mailbox through = through (linked) -> through\n"
          "alias twice = twice (linked) -> sent\n");
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_LINK_OUTSIDE), 4);
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_LINK_DEAD), 2);
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_ALIAS), 7);
    assert_int_equal(tree->survey->mailboxes, 3);
}

static void
test_not_files(void **state)
{
    Tree *tree = *state;
    assert_int_equal(mkfifoat(tree->root, "fifo", 0600), 0);
    put(tree->root, "empty-dir/", NULL);
    check(tree, tree->root, &plain, "no fifo = fifo\n");
    assert_string_equal(find(tree, "fifo")->reason, "a FIFO");
    assert_null(mh_folder_survey(-1, &plain, NULL, NULL));
}

static bool
has_home_inbox(const Tree *tree, const MhFolderSurveyOptions *options, MhStamp *out_stamp)
{
    bool there;
    assert_true(mh_folder_survey_home_inbox(tree->home, options, out_stamp, &there, NULL));
    return there;
}

/* The home as the folder directory: only mail is a folder, and only mail is talked about. */
static void
test_home(void **state)
{
    Tree *tree = *state;
    put(tree->home, ".bashrc", "alias x=y\n");
    put(tree->home, ".signature", MAIL);
    put(tree->home, ".cache/mail", MAIL);
    put(tree->home, ".joe.pop", MAIL);
    put(tree->home, "notes.txt", "hello\n");
    put(tree->home, "empty", "");
    put(tree->home, "mbox", MAIL);
    put(tree->home, "mail/Sent", MAIL);
    put(tree->home, "damaged", "rest of a body\n\n" MAIL);
    put(tree->home, "src/a.c", "int a;\n");
    put(tree->home, "src/saved", MAIL);
    put(tree->home, "old.mbx", "*mbx*\r\n3f00000000000001\r\n");
    put(tree->home, "Maildir/cur/", NULL);
    put(tree->home, "Maildir/new/", NULL);
    put(tree->home, "Maildir/tmp/", NULL);
    assert_int_equal(symlinkat("/tmp", tree->home, "tmp"), 0);
    check(tree, tree->home, &home,
          "other .joe.pop = .joe.pop\n"
          "other Maildir = Maildir\n"
          "other damaged = damaged\n"
          "mailbox mail/Sent = mail|Sent\n"
          "mailbox mbox = mbox\n"
          "other old.mbx = old.mbx\n"
          "mailbox src/saved = src|saved\n");
    assert_int_equal(mh_findings_weigh(tree->findings, MH_WEIGHT_LOSS), 3);
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_DAMAGED_START), 1);
    assert_string_equal(find(tree, "damaged")->reason, "a message begins only at byte 16");
    MhStamp stamp;
    assert_true(has_home_inbox(tree, &home, &stamp));
    assert_int_equal(stamp.inode, find(tree, "mbox")->stamp.inode);
    put(tree->home, "mbox", "hello\n");
    assert_false(has_home_inbox(tree, &home, &stamp));
    put(tree->home, "mbox", "");
    assert_true(has_home_inbox(tree, &home, &stamp));
    unlinkat(tree->home, "mbox", 0);
    assert_false(has_home_inbox(tree, &home, &stamp));
    bool there;
    g_autoptr(GError) error = NULL;
    assert_false(mh_folder_survey_home_inbox(-1, &home, &stamp, &there, &error));
    assert_false(there);
    assert_non_null(error);
}

static bool
never(MhSpan head, uint64_t size_bytes, void *data)
{
    (void)head;
    (void)size_bytes;
    ++*(unsigned *)data;
    return false;
}

static bool
known(const char *path, const MhStamp *stamp, void *data)
{
    (void)data;
    return strcmp(path, "a") == 0 && stamp->size_bytes == strlen(MAIL);
}

static bool
subscribed(const char *path, void *data)
{
    (void)data;
    return strcmp(path, "drafts") == 0;
}

static void
test_callbacks(void **state)
{
    Tree *tree = *state;
    unsigned asked = 0;
    MhFolderSurveyOptions options = {.is_mbox = never, .is_known = known, .data = &asked};
    put(tree->root, "a", MAIL);
    put(tree->root, "b", MAIL);
    check(tree, tree->root, &options, "mailbox a = a\nother b = b\n");
    assert_int_equal(asked, 1);
    /* an empty file in a home is a folder when it is subscribed */
    options = (MhFolderSurveyOptions){.is_home = true, .is_subscribed = subscribed};
    put(tree->root, "drafts", "");
    put(tree->root, "lock", "");
    check(tree, tree->root, &options,
          "mailbox a = a\nmailbox b = b\nmailbox drafts = drafts (empty)\n");
}

static void
test_inbox_and_target(void **state)
{
    Tree *tree = *state;
    struct stat st;
    put(tree->root, "inbox", MAIL);
    put(tree->root, "b", MAIL);
    put(tree->root, "target/x", MAIL);
    assert_int_equal(fstatat(tree->root, "inbox", &st, 0), 0);
    MhStamp inbox = mh_stamp_of(&st);
    assert_int_equal(fstatat(tree->root, "target", &st, 0), 0);
    MhStamp target = mh_stamp_of(&st);
    MhFolderSurveyOptions options = {.inbox = &inbox, .target = &target};
    check(tree, tree->root, &options, "mailbox b = b\nINBOX inbox = inbox\n");
    assert_int_equal(tree->survey->mailboxes, 1);
}

static void
test_depth(void **state)
{
    Tree *tree = *state;
    int here = fcntl(tree->root, F_DUPFD_CLOEXEC, 0);
    for (int depth = 1; depth <= MH_LIMIT_FOLDER_DEPTH + 2; depth++) {
        put(here, "d/", NULL);
        int next = openat(here, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        put(next, "m", MAIL);
        close(here);
        here = next;
    }
    close(here);
    tree->survey = mh_folder_survey(tree->root, &plain, tree->findings, NULL);
    assert_int_equal(tree->survey->mailboxes, MH_LIMIT_FOLDER_DEPTH);
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_LIMIT), 1);
}

/* Each path is long, and held several times: a hundred thousand of them would be gigabytes. */
static void
test_long_paths(void **state)
{
    enum { LEVELS = 60, NAME = 250, ROOM = MH_LIMIT_FOLDER_PATHS_BYTES / (LEVELS * (NAME + 1)) };
    Tree *tree = *state;
    int here = fcntl(tree->root, F_DUPFD_CLOEXEC, 0);
    g_autofree char *name = g_strnfill(NAME, 'd');
    for (int depth = 0; depth < LEVELS; depth++) {
        assert_int_equal(mkdirat(here, name, 0700), 0);
        int next = openat(here, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(here);
        here = next;
    }
    for (int i = 0; i <= ROOM; i++) {
        char file[16];
        g_snprintf(file, sizeof file, "%06d", i);
        put(here, file, "");
    }
    close(here);
    tree->survey = mh_folder_survey(tree->root, &plain, tree->findings, NULL);
    assert_in_range(tree->survey->mailboxes, ROOM * 9 / 10, ROOM);
    assert_int_equal(tree->survey->found->len, tree->survey->mailboxes);
    assert_true(tree->survey->incomplete);
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_LIMIT), 1);
}

/* What the user who owns it cannot read is an error of that mailbox only. */
static void
test_unreadable(void **state)
{
    Tree *tree = *state;
    put(tree->root, "a", MAIL);
    put(tree->root, "locked", MAIL);
    put(tree->root, "closed/x", MAIL);
    assert_int_equal(fchmodat(tree->root, "locked", 0000, 0), 0);
    assert_int_equal(fchmodat(tree->root, "closed", 0000, 0), 0);
    bool root = geteuid() == 0;
    if (root) {
        assert_int_equal(fchown(tree->root, 65534, 65534), 0);
        assert_int_equal(chmod(tree->top, 0711) | fchmod(tree->home, 0711), 0);
        assert_int_equal(fchownat(tree->root, "locked", 65534, 65534, 0), 0);
        assert_int_equal(fchownat(tree->root, "closed", 65534, 65534, 0), 0);
        assert_int_equal(fchownat(tree->root, "a", 65534, 65534, 0), 0);
        assert_int_equal(setegid(65534) | seteuid(65534), 0);
    }
    tree->survey = mh_folder_survey(tree->root, &plain, tree->findings, NULL);
    if (root)
        assert_int_equal(seteuid(0) | setegid(0), 0);
    assert_int_equal(fchmodat(tree->root, "closed", 0700, 0), 0);
    assert_int_equal(tree->survey->found->len, 3);
    assert_int_equal(find(tree, "a")->kind, MH_FOUND_MAILBOX);
    assert_int_equal(find(tree, "closed")->kind, MH_FOUND_ERROR);
    assert_int_equal(find(tree, "locked")->kind, MH_FOUND_ERROR);
    assert_non_null(strstr(find(tree, "locked")->reason, "Permission denied"));
    assert_int_equal(mh_findings_count(tree->findings, MH_FINDING_SURVEY_UNREADABLE), 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_names),      TEST(test_housekeeping),
        TEST(test_links),      TEST(test_mail_in_odd_places),
        TEST(test_not_files),  TEST(test_other_formats),
        TEST(test_home),       TEST(test_thunderbird_and_apple),
        TEST(test_callbacks),  TEST(test_inbox_and_target),
        TEST(test_unreadable), TEST(test_depth),
        TEST(test_long_paths), TEST(test_files_that_were_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
