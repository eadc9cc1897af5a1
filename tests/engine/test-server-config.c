#include "server-config.h"

#include "config-error.h"
#include "testing.h"

typedef struct {
    const char *option, *value;
} Given;

static char *
generate(const Given *given, GError **error)
{
    MhSettings *settings = mh_settings_new();
    for (; given->option != NULL; given++)
        g_assert_true(mh_settings_set(settings, mh_option_find(given->option), given->value, NULL));
    char *text = mh_server_config(settings, error);
    mh_settings_free(settings);
    return text;
}

/* Without comments and empty lines; lines are parted by '|', blanks at their start are left out. */
static char *
squeeze(const char *text)
{
    GString *out = g_string_new(NULL);
    char **lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        const char *line = lines[i] + strspn(lines[i], " ");
        if (strlen(lines[i]) > 79)
            fail_msg("wide: %s", lines[i]);
        if (line[0] != '\0' && line[0] != '#')
            g_string_append_printf(out, "%s|", line);
    }
    g_strfreev(lines);
    return g_string_free(out, FALSE);
}

/* What both real servers were run with: see the header. */
static void
test_whole_texts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        Given given[6];
        const char *text;
    } rows[] = {
        {"mbox, 2.3",
         {{"dovecot", "2.3"},
          {"maildir", "/data/mail2/%u"},
          {"folders", "%h/mail"},
          {"pop3-uidl", "uw"}},
         "mail_location = \"maildir:/data/mail2/%u\"|"
         "mail_plugins = $mail_plugins listescape|plugin {|listescape_char = \"^\"|}|"
         "namespace inbox {|inbox = yes|prefix =|separator = /|}|"
         "namespace old-directory {|prefix = \"mail/\"|separator = /|hidden = yes|list = no|"
         "alias_for =|}|"
         "namespace old-home {|prefix = \"~/mail/\"|separator = /|hidden = yes|list = no|"
         "alias_for =|}|"
         "namespace old-user {|prefix = \"~%u/mail/\"|separator = /|hidden = yes|list = no|"
         "alias_for =|}|"
         "protocol pop3 {|pop3_uidl_format = %08Xv%08Xu|}|"},
        {"mbox with folders in the home, 2.4",
         {{"maildir", "%h/Maildir/"}, {"folders", "%h"}, {"pop3-uidl", "imap"}},
         "mail_driver = maildir|mail_path = \"%{home}/Maildir\"|"
         "mail_inbox_path = \"%{home}/Maildir\"|"
         "mailbox_list_storage_escape_char = \"^\"|"
         "namespace inbox {|inbox = yes|prefix =|separator = /|}|"
         "namespace old-home {|prefix = \"~/\"|separator = /|hidden = yes|list = no|alias_for =|}|"
         "namespace old-user {|prefix = \"~%{user}/\"|separator = /|hidden = yes|list = no|"
         "alias_for =|}|"
         "protocol pop3 {|pop3_uidl_format = %{uid | hex(8)}%{uidvalidity | hex(8)}|}|"},
        {"mbox without folders, 2.4",
         {{"maildir", "/m/%d/%n"}, {"source-format", "mbox"}},
         "mail_driver = maildir|mail_path = \"/m/%{user | domain}/%{user | username}\"|"
         "mail_inbox_path = \"/m/%{user | domain}/%{user | username}\"|"
         "mailbox_list_storage_escape_char = \"^\"|"
         "namespace inbox {|inbox = yes|prefix =|separator = /|}|"
         "protocol pop3 {|pop3_uidl_format = %{uid | hex(8)}%{uidvalidity | hex(8)}|}|"},
        {"courier, 2.3",
         {{"dovecot", "2.3"}, {"maildir", "%h/Maildir"}, {"source-format", "courier"}},
         "mail_location = \"maildir:%h/Maildir\"|"
         "mail_plugins = $mail_plugins acl quota|"
         "protocol imap {|mail_plugins = $mail_plugins imap_acl imap_quota|}|"
         "plugin {|quota = maildir:User quota|quota_rule = INBOX.Trash:ignore|}|"
         "plugin {|acl = vfile|}|"
         "namespace inbox {|inbox = yes|prefix = INBOX.|separator = .|}|"
         "protocol pop3 {|pop3_uidl_format = UID%u-%v|}|"},
        {"courier, 2.4",
         {{"maildir", "/a \"b\"/%u"}, {"source-format", "courier"}, {"pop3-uidl", "filename"}},
         "mail_driver = maildir|mail_path = \"/a \\\"b\\\"/%{user}\"|"
         "mail_inbox_path = \"/a \\\"b\\\"/%{user}\"|"
         "mail_plugins {|acl = yes|quota = yes|}|"
         "protocol imap {|mail_plugins {|imap_acl = yes|imap_quota = yes|}|}|"
         "quota \"User quota\" {|driver = maildir|}|acl_driver = vfile|"
         "namespace inbox {|inbox = yes|prefix = INBOX.|separator = .|"
         "mailbox Trash {|quota_ignore = yes|}|}|"
         "protocol pop3 {|pop3_uidl_format = %{filename}|}|"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        char *text = generate(rows[i].given, &error);
        if (text == NULL)
            fail_msg("%s: %s", rows[i].name, error->message);
        char *got = squeeze(text);
        if (strcmp(got, rows[i].text) != 0)
            fail_msg("%s:\n%s", rows[i].name, got);
        g_free(got);
        g_free(text);
    }
}

static void
test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        Given given[6];
        int code;
    } rows[] = {
        {"what kind of site?", {{"maildir", "/m/%u"}}, MH_CONFIG_ERROR_SYNTAX},
        {"file names of an mbox",
         {{"maildir", "/m/%u"}, {"folders", "%h"}, {"pop3-uidl", "filename"}},
         MH_CONFIG_ERROR_REFUSED},
        {"colon in 2.3",
         {{"maildir", "/m:/%u"}, {"folders", "%h"}, {"dovecot", "2.3"}},
         MH_CONFIG_ERROR_REFUSED},
        {"line break", {{"maildir", "/m\n/%u"}, {"folders", "%h"}}, MH_CONFIG_ERROR_REFUSED},
        {"folders in Latin-1",
         {{"maildir", "/m/%u"}, {"folders", "%h/\xe9"}},
         MH_CONFIG_ERROR_REFUSED},
        {"Latin-1", {{"maildir", "/\xe9/%u"}, {"folders", "%h"}}, MH_CONFIG_ERROR_REFUSED},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        char *text = generate(rows[i].given, &error);
        bool good = text == NULL && g_error_matches(error, MH_CONFIG_ERROR, rows[i].code);
        g_clear_error(&error);
        g_free(text);
        if (!good)
            fail_msg("%s", rows[i].name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_texts),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
