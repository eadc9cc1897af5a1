#include "verify-site.h"

#include "channel.h"
#include "haul.h"
#include "testing.h"
#include "verify-account.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

static const char inbox[] = "From a@example.org Thu Jan  1 10:00:00 2004\n"
                            "From: a@example.org\n"
                            "Subject: first\n"
                            "X-IMAPbase: 1100000000 0000000011 work later\n"
                            "X-UID: 1\n"
                            "Status: RO\n"
                            "X-Status: F\n"
                            "X-Keywords: work\n"
                            "\n"
                            "one\n"
                            "\n"
                            "From a@example.org Thu Jan  1 10:01:00 2004\n"
                            "Subject: second\n"
                            "X-UID: 3\n"
                            "Status: O\n"
                            "\n"
                            "two\n"
                            "\n"
                            "From a@example.org Thu Jan  1 10:02:00 2004\n"
                            "Subject: twin\n"
                            "X-UID: 5\n"
                            "Status: RO\n"
                            "\n"
                            "alike\n"
                            "\n"
                            "From a@example.org Thu Jan  1 10:02:00 2004\n"
                            "Subject: twin\n"
                            "X-UID: 7\n"
                            "Status: RO\n"
                            "X-Keywords: later\n"
                            "\n"
                            "alike\n"
                            "\n"
                            "From a@example.org Thu Jan  1 10:04:00 2004\n"
                            "Subject: fifth\n"
                            "X-UID: 9\n"
                            "Status: RO\n"
                            "\n"
                            "five\n"
                            "\n"
                            "From a@example.org Thu Jan  1 10:05:00 2004\n"
                            "Subject: newest\n"
                            "X-UID: 11\n"
                            "\n"
                            "six\n"
                            "\n";

static const char sent[] = "From a@example.org Fri Jan  2 10:00:00 2004\n"
                           "Subject: sent\n"
                           "X-IMAPbase: 1100000077 0000000002\n"
                           "X-UID: 2\n"
                           "Status: RO\n"
                           "\n"
                           "sent\n"
                           "\n";

static const char old[] = "From a@example.org Sat Jan  3 10:00:00 2004\n"
                          "Subject: old 1\n\none\n\n"
                          "From a@example.org Sat Jan  3 10:01:00 2004\n"
                          "Subject: old 2\n\ntwo\n\n"
                          "From a@example.org Sat Jan  3 10:02:00 2004\n"
                          "Subject: old 3\n\nthree\n\n";

char *
verify_site_source(const VerifySite *site, const char *name)
{
    return g_build_filename(site->root, "home", name, NULL);
}

char *
verify_site_target(const VerifySite *site, const char *name)
{
    return g_build_filename(site->root, site->in_place ? "home/Maildir" : "target", name, NULL);
}

static void
write_source(const VerifySite *site, const char *name, const char *text)
{
    g_autofree char *path = verify_site_source(site, name);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static VerifySite *
new_site(void)
{
    VerifySite *site = g_new0(VerifySite, 1);
    site->root = g_dir_make_tmp("verify-XXXXXX", NULL);
    site->settings = mh_settings_new();
    site->settings->sync = MH_SYNC_NONE;
    site->settings->timezone = g_strdup("UTC");
    site->account = mh_account_new("fred");
    site->account->home = g_build_filename(site->root, "home", NULL);
    site->names = mh_name_map_new();
    return site;
}

VerifySite *
verify_site_new(void)
{
    VerifySite *site = new_site();
    g_autofree char *folders = verify_site_source(site, "mail/Old");
    assert_int_equal(g_mkdir_with_parents(folders, 0700), 0);
    write_source(site, "INBOX", inbox);
    write_source(site, "mail/Sent", sent);
    write_source(site, "mail/Old/2004", old);
    write_source(site, "mail/.subscriptions", "Sent\nOld/2004\n");

    site->settings->inbox = g_strdup("%h/INBOX");
    site->settings->folders = g_strdup("%h/mail");
    site->settings->maildir = g_build_filename(site->root, "target", NULL);
    site->settings->pop3_uidl = MH_UIDL_UW;
    return site;
}

/* ---- a Courier Maildir -------------------------------------------------------------------- */

static const struct {
    const char *name, *text;
    time_t mtime;
} courier_files[] = {
    {"cur/1072951200.M1P1.mx,S=20:2,FS", "Subject: first\n\none\n", 1072951200},
    {"cur/1072951260.M1P2.mx,S=21:2,", "Subject: second\n\ntwo\n", 1072951260},
    {"cur/1072951320.M1P3.mx:2,S", "Subject: third\r\n\r\nthree", 1072951320},
    {"cur/1072951380.M1P4.mx,S=21:2,S", "Subject: last\n\nfour\n", 1072951380},
    {"new/1072951440.M1P5.mx", "Subject: newest\n\nfive\n", 1072951440},
    {"courierimapuiddb",
     "1 1100000000 12\n1 1072951200.M1P1.mx,S=20\n3 1072951260.M1P2.mx,S=21\n"
     "5 1072951320.M1P3.mx\n9 1072951380.M1P4.mx,S=21\n",
     0},
    {"courierpop3dsizelist",
     "/3 8 1100000099\n1072951200.M1P1.mx,S=20:2,S 23 7:1100000099:0\n"
     "1072951260.M1P2.mx,S=21:2, 24 3:0:0\n1072951320.M1P3.mx:2,S 28 0:0:0\n"
     "1072951380.M1P4.mx,S=21:2,S 24 4:1100000099:0\n",
     0},
    {"courierimapkeywords/:list",
     "work\nlater\n\n1072951200.M1P1.mx,S=20:0\n1072951380.M1P4.mx,S=21:0 1\n", 0},
    {"courierimapsubscribed", "INBOX.Sent\nINBOX.Old.2004\n", 0},
    {"courierimapacl", "owner aceilrstwx\nuser=anna lr\n", 0},
    {".Sent/cur/1073037600.M1P1.mx:2,S", "Subject: sent\n\nsent\n", 1073037600},
    {".Sent/courierimapuiddb", "1 1100000077 3\n2 1073037600.M1P1.mx\n", 0},
    {".Old.2004/cur/1073124000.M1P1.mx:2,S", "Subject: old 1\n\none\n", 1073124000},
    {".Old.2004/cur/1073124060.M1P1.mx:2,S", "Subject: old 2\n\ntwo\n", 1073124060},
};

static void
write_courier(const VerifySite *site)
{
    static const char *const directories[] = {
        "cur",       "new",       "tmp",           "courierimapkeywords", ".Sent/cur",
        ".Sent/new", ".Sent/tmp", ".Old.2004/cur", ".Old.2004/new",       ".Old.2004/tmp"};
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_autofree char *relative = g_build_filename("Maildir", directories[i], NULL);
        g_autofree char *path = verify_site_source(site, relative);
        assert_int_equal(g_mkdir_with_parents(path, 0700), 0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(courier_files); i++) {
        g_autofree char *relative = g_build_filename("Maildir", courier_files[i].name, NULL);
        g_autofree char *path = verify_site_source(site, relative);
        struct utimbuf times = {courier_files[i].mtime, courier_files[i].mtime};
        write_source(site, relative, courier_files[i].text);
        assert_int_equal(courier_files[i].mtime == 0 ? 0 : utime(path, &times), 0);
    }
}

VerifySite *
verify_site_new_courier(MhTransfer transfer, bool in_place)
{
    VerifySite *site = new_site();
    MhSettings *settings = site->settings;
    write_courier(site);
    g_usleep(20000); /* past what the clock of files can tell from what is written next */
    settings->inbox = g_strdup("%h/Maildir");
    settings->source_format = MH_FORMAT_COURIER;
    settings->transfer = transfer;
    settings->maildir = in_place ? g_strdup("%h/Maildir") : verify_site_target(site, NULL);
    site->in_place = in_place;
    return site;
}

VerifySite *
verify_site_new_for_courier(void)
{
    VerifySite *site = verify_site_new_courier(MH_TRANSFER_COPY, false);
    site->settings->server = MH_SERVER_COURIER;
    return site;
}

void
verify_site_free(VerifySite *site)
{
    assert_int_equal(testing_remove_tree(site->root), 0);
    mh_settings_free(site->settings);
    mh_account_free(site->account);
    mh_name_map_free(site->names);
    g_free(site->root);
    g_free(site);
}

/* ---- runs --------------------------------------------------------------------------------- */

static void
take(MhAccountOutcome *outcome, MhRecordKind kind, GVariant *content)
{
    if (kind == MH_RECORD_MAILBOX) {
        g_ptr_array_add(outcome->mailboxes, mh_mailbox_outcome_from_variant(content));
    } else if (kind == MH_RECORD_DIFFERENCE) {
        mh_differences_take(outcome->differences, mh_difference_from_variant(content));
    } else if (kind == MH_RECORD_FINDINGS) {
        g_autoptr(MhFindings) findings = mh_findings_from_variant(content);
        mh_findings_merge(outcome->findings, findings);
    } else if (kind == MH_RECORD_ERROR) {
        const char *text;
        g_variant_get(content, "(&s)", &text);
        outcome->error = g_strdup(text);
    }
}

/* What a worker does, without being one. Its records wait in the socket meanwhile. */
static MhAccountOutcome *
run(VerifySite *site, MhTask task)
{
    int ends[2], size = 4 << 20;
    MhChannelReader reader;
    MhAccountOutcome *outcome = mh_account_outcome_new("fred");
    site->job = (MhJob){.settings = site->settings,
                        .task = task,
                        .now = g_get_real_time() / G_USEC_PER_SEC,
                        .names = site->names};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (task == MH_TASK_VERIFY)
        mh_verify_account(&site->job, site->account, NULL, ends[1]);
    else
        mh_haul_account(&site->job, site->account, NULL, ends[1]);
    close(ends[1]);
    mh_channel_reader_init(&reader);
    while (mh_channel_fill(&reader, ends[0]) == MH_CHANNEL_MORE)
        ;
    for (;;) {
        MhRecordKind kind;
        g_autoptr(GVariant) content = NULL;
        if (mh_channel_take(&reader, &kind, &content) != MH_CHANNEL_RECORD)
            break;
        take(outcome, kind, content);
    }
    mh_channel_reader_clear(&reader);
    close(ends[0]);
    return outcome;
}

void
verify_site_migrate(VerifySite *site)
{
    MhAccountOutcome *outcome = run(site, MH_TASK_MIGRATE);
    bool failed = mh_account_outcome_failed(outcome);
    mh_account_outcome_free(outcome);
    assert_false(failed);
}

MhAccountOutcome *
verify_site_verify(VerifySite *site)
{
    return run(site, MH_TASK_VERIFY);
}

/* ---- changing things ---------------------------------------------------------------------- */

void
verify_site_append(const VerifySite *site, const char *name, const char *subject)
{
    g_autofree char *path = verify_site_source(site, name);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fprintf(file, "From a@example.org Sun Jan  4 10:00:00 2004\nSubject: %s\n\nlate\n\n", subject);
    fclose(file);
}

char *
verify_site_read(const char *path)
{
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

void
verify_site_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

void
verify_site_replace(const char *path, const char *from, const char *to)
{
    g_autofree char *text = verify_site_read(path);
    const char *at = strstr(text, from);
    if (at == NULL)
        fail_msg("'%s' is not in:\n%s", from, text);
    g_autofree char *changed =
        g_strdup_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    verify_site_write(path, changed);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *
verify_site_file(const VerifySite *site, const char *directory, const char *part)
{
    g_autofree char *path = verify_site_target(site, directory);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (strstr(name, part) != NULL)
            g_ptr_array_add(names, g_strdup(name));
    }
    assert_int_not_equal(names->len, 0);
    g_ptr_array_sort(names, by_name);
    return g_build_filename(path, names->pdata[0], NULL);
}
