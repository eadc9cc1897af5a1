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
    return g_build_filename(site->root, "target", name, NULL);
}

static void
write_source(const VerifySite *site, const char *name, const char *text)
{
    g_autofree char *path = verify_site_source(site, name);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

VerifySite *
verify_site_new(void)
{
    VerifySite *site = g_new0(VerifySite, 1);
    site->root = g_dir_make_tmp("verify-XXXXXX", NULL);
    g_autofree char *folders = verify_site_source(site, "mail/Old");
    assert_int_equal(g_mkdir_with_parents(folders, 0700), 0);
    write_source(site, "INBOX", inbox);
    write_source(site, "mail/Sent", sent);
    write_source(site, "mail/Old/2004", old);
    write_source(site, "mail/.subscriptions", "Sent\nOld/2004\n");

    site->settings = mh_settings_new();
    site->settings->inbox = g_strdup("%h/INBOX");
    site->settings->folders = g_strdup("%h/mail");
    site->settings->maildir = g_build_filename(site->root, "target", NULL);
    site->settings->sync = MH_SYNC_NONE;
    site->settings->pop3_uidl = MH_UIDL_UW;
    site->settings->timezone = g_strdup("UTC");
    site->account = mh_account_new("fred");
    site->account->home = g_build_filename(site->root, "home", NULL);
    site->names = mh_name_map_new();
    return site;
}

void
verify_site_free(VerifySite *site)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", site->root);
    assert_int_equal(system(command), 0);
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
