#include "server-config.h"

#include "config-error.h"

#include <string.h>

typedef struct {
    const MhSettings *settings;
    bool is_courier;
    bool is_23;
    GString *out;
} Writer;

static void put(Writer *writer, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
put(Writer *writer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(writer->out, format, args);
    va_end(args);
}

static bool
fail(GError **error, int code, const char *message)
{
    g_set_error_literal(error, MH_CONFIG_ERROR, code, message);
    return false;
}

/* ---- patterns in Dovecot's words ---- */

static const char *
variable(const Writer *writer, char which)
{
    switch (which) {
    case 'u':
        return writer->is_23 ? "%u" : "%{user}";
    case 'n':
        return writer->is_23 ? "%n" : "%{user | username}";
    case 'd':
        return writer->is_23 ? "%d" : "%{user | domain}";
    case 'h':
        return writer->is_23 ? "%h" : "%{home}";
    default:
        return "%%";
    }
}

/* @pattern has been checked. Slashes at its end go. */
static char *
translate(const Writer *writer, const char *pattern)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '%')
            g_string_append(text, variable(writer, *++at));
        else
            g_string_append_c(text, *at);
    }
    while (text->len > 1 && text->str[text->len - 1] == '/')
        g_string_truncate(text, text->len - 1);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* A value in quotes: blanks, '#' and '$' in it have no meaning then. */
static char *
quoted(const char *value)
{
    g_autoptr(GString) text = g_string_new("\"");
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *at);
    }
    g_string_append_c(text, '"');
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static bool
check_path(const char *path, GError **error)
{
    if (path != NULL && !g_utf8_validate(path, -1, NULL))
        return fail(error, MH_CONFIG_ERROR_REFUSED,
                    "Dovecot's configuration cannot name a path that is not UTF-8");
    for (const char *at = path; at != NULL && *at != '\0'; at++) {
        if ((unsigned char)*at < ' ')
            return fail(error, MH_CONFIG_ERROR_REFUSED,
                        "Dovecot's configuration cannot name a path with control characters");
    }
    return true;
}

static bool
check_paths(const Writer *writer, GError **error)
{
    const MhSettings *settings = writer->settings;
    if (writer->is_23 && strchr(settings->maildir, ':') != NULL)
        return fail(error, MH_CONFIG_ERROR_REFUSED,
                    "Dovecot 2.3 cannot be told of a path with ':'");
    return check_path(settings->maildir, error) && check_path(settings->folders, error);
}

static bool
decide_site(Writer *writer, GError **error)
{
    const MhSettings *settings = writer->settings;
    writer->is_courier = settings->source_format == MH_FORMAT_COURIER;
    if (settings->source_format == MH_FORMAT_AUTO && settings->folders == NULL)
        return fail(error, MH_CONFIG_ERROR_SYNTAX,
                    "what was the old site? Give --source-format mbox or courier");
    if (!writer->is_courier && settings->pop3_uidl == MH_UIDL_FILENAME)
        return fail(error, MH_CONFIG_ERROR_REFUSED,
                    "--pop3-uidl filename is for Maildirs: an mbox has no file for each message");
    return true;
}

/* ---- the parts ---- */

static void
put_head(Writer *writer)
{
    put(writer,
        "# Settings for Dovecot %s, printed by mailhaul server-config.\n"
        "# Include this file from dovecot.conf%s,\n"
        "# and take out of the rest what it repeats. Check with: doveconf -n\n#\n",
        writer->is_23 ? "2.3" : "2.4", writer->is_23 ? "" : " (behind dovecot_config_version)");
    put(writer,
        "# Dovecot makes user names lower-case at login (auth_username_format). If paths\n"
        "# have capitals, set auth_username_format = %s\n\n",
        variable(writer, 'u'));
}

static void
put_location(Writer *writer)
{
    g_autofree char *path = translate(writer, writer->settings->maildir);
    put(writer,
        "# Where the mail is, and UIDs and subscriptions with it: no %s.\n"
        "# As long as mailhaul migrate runs, no %s either: where UIDs\n"
        "# change it empties the indexes, and it knows those in the Maildirs only.\n",
        writer->is_23 ? "CONTROL=" : "mail_control_path",
        writer->is_23 ? "INDEX=" : "mail_index_path");
    if (writer->is_23) {
        g_autofree char *location = g_strconcat("maildir:", path, NULL);
        g_autofree char *value = quoted(location);
        put(writer, "mail_location = %s\n\n", value);
        return;
    }
    g_autofree char *value = quoted(path);
    put(writer, "mail_driver = maildir\nmail_path = %s\n", value);
    put(writer, "# Without this INBOX would be the folder .INBOX.\nmail_inbox_path = %s\n\n",
        value);
}

/* Courier's names need no escapes: its levels hold neither '.' nor '/'. */
static void
put_plugins(Writer *writer)
{
    if (writer->is_courier) {
        put(writer,
            writer->is_23
                ? "mail_plugins = $mail_plugins acl quota\n"
                  "protocol imap {\n  mail_plugins = $mail_plugins imap_acl imap_quota\n}\n\n"
                : "mail_plugins {\n  acl = yes\n  quota = yes\n}\n"
                  "protocol imap {\n  mail_plugins {\n    imap_acl = yes\n"
                  "    imap_quota = yes\n  }\n}\n\n");
        return;
    }
    put(writer, "# Folder names: a character that a Maildir cannot hold is ^ and two hex digits\n"
                "# on disk; clients see the character.\n");
    put(writer, writer->is_23 ? "mail_plugins = $mail_plugins listescape\n"
                                "plugin {\n  listescape_char = \"^\"\n}\n\n"
                              : "mailbox_list_storage_escape_char = \"^\"\n\n");
}

static void
put_quota(Writer *writer)
{
    if (!writer->is_courier)
        return;
    put(writer, "# Quota as Courier counted it: what is in Trash does not count.\n");
    if (writer->is_23)
        put(writer, "# Limits are those in each user's maildirsize file.\n"
                    "plugin {\n  quota = maildir:User quota\n"
                    "  quota_rule = INBOX.Trash:ignore\n}\n\n");
    else
        put(writer, "# Dovecot 2.4 takes no limits from maildirsize files, it writes its own over\n"
                    "# them: have the userdb return quota_storage_size and quota_message_count.\n"
                    "quota \"User quota\" {\n  driver = maildir\n}\n\n");
}

static void
put_access(Writer *writer)
{
    if (!writer->is_courier)
        return;
    put(writer, "# Access lists are in the folders' dovecot-acl files. They bind the owner, too;\n"
                "# users open each other's folders through a namespace of type shared.\n");
    put(writer, writer->is_23 ? "plugin {\n  acl = vfile\n}\n\n" : "acl_driver = vfile\n\n");
}

static void
put_namespace(Writer *writer)
{
    if (!writer->is_courier) {
        put(writer, "# Names as UW-IMAP showed them.\n"
                    "namespace inbox {\n  inbox = yes\n  prefix =\n  separator = /\n}\n\n");
        return;
    }
    put(writer,
        "# Names as Courier showed them.\n"
        "namespace inbox {\n  inbox = yes\n  prefix = INBOX.\n  separator = .\n%s}\n\n",
        writer->is_23 ? "" : "  mailbox Trash {\n    quota_ignore = yes\n  }\n");
}

static void
put_alias(Writer *writer, const char *name, const char *prefix)
{
    g_autofree char *value = quoted(prefix);
    put(writer,
        "namespace %s {\n  prefix = %s\n  separator = /\n  hidden = yes\n  list = no\n"
        "  alias_for =\n}\n",
        name, value);
}

/* The folder directory below the home, as clients had to write it: "mail/"; "" for the home
 * itself. NULL when it is elsewhere. */
static char *
below_home(const char *pattern)
{
    if (pattern == NULL || !g_str_has_prefix(pattern, "%h") ||
        (pattern[2] != '/' && pattern[2] != '\0'))
        return NULL;
    g_autofree char *below = g_strdup(pattern + 2);
    size_t len = strlen(below);
    while (len > 0 && below[len - 1] == '/')
        below[--len] = '\0';
    const char *start = below + strspn(below, "/");
    return start[0] == '\0' ? g_strdup("") : g_strconcat(start, "/", NULL);
}

static void
put_aliases(Writer *writer)
{
    g_autofree char *below = writer->is_courier ? NULL : below_home(writer->settings->folders);
    if (below == NULL)
        return;
    g_autofree char *directory = translate(writer, below);
    /* translate() takes the slash off. */
    const char *slash = below[0] != '\0' ? "/" : "";
    g_autofree char *plain = g_strconcat(directory, slash, NULL);
    g_autofree char *tilde = g_strconcat("~/", directory, slash, NULL);
    g_autofree char *named = g_strconcat("~", variable(writer, 'u'), "/", directory, slash, NULL);
    put(writer, "# UW-IMAP's folders were paths: clients that had the directory set as their\n"
                "# prefix find the same folders under it. Nobody else sees these.\n");
    if (plain[0] != '\0')
        put_alias(writer, "old-directory", plain);
    put_alias(writer, "old-home", tilde);
    put_alias(writer, "old-user", named);
    put(writer, "\n");
}

typedef struct {
    const char *format_23, *format_24, *remark;
} UidlRow;

static UidlRow
choose_uidl(const Writer *writer)
{
    static const UidlRow imap = {"%08Xu%08Xv", "%{uid | hex(8)}%{uidvalidity | hex(8)}",
                                 "UIDLs of carried mail are in each dovecot-uidlist where they\n"
                                 "# differ from this; later mail gets them from here."};
    static const UidlRow uw = {"%08Xv%08Xu", "%{uidvalidity | hex(8)}%{uid | hex(8)}",
                               "UIDLs as UW's ipop3d made them."};
    static const UidlRow filename = {"%f", "%{filename}", "UIDLs are the files' names."};
    static const UidlRow courier = {"UID%u-%v", "UID%{uid}-%{uidvalidity}",
                                    "UIDLs of later mail look like Courier's; those of carried\n"
                                    "# mail are in each dovecot-uidlist where they differ."};
    switch (writer->settings->pop3_uidl) {
    case MH_UIDL_UW:
        return uw;
    case MH_UIDL_FILENAME:
        return filename;
    case MH_UIDL_AUTO:
        return writer->is_courier ? courier : imap;
    case MH_UIDL_IMAP:
    case MH_UIDL_X_UIDL:
    case MH_UIDL_NONE:
    case MH_UIDL_FILE:
        break;
    }
    return imap;
}

static void
put_uidl(Writer *writer)
{
    UidlRow row = choose_uidl(writer);
    put(writer, "# POP3: %s\n", row.remark);
    put(writer, "protocol pop3 {\n  pop3_uidl_format = %s\n}\n",
        writer->is_23 ? row.format_23 : row.format_24);
}

char *
mh_server_config(const MhSettings *settings, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Writer writer = {
        .settings = settings, .is_23 = settings->dovecot == MH_DOVECOT_2_3, .out = out};
    if (!decide_site(&writer, error) || !check_paths(&writer, error))
        return NULL;
    put_head(&writer);
    put_location(&writer);
    put_plugins(&writer);
    put_quota(&writer);
    put_access(&writer);
    put_namespace(&writer);
    put_aliases(&writer);
    put_uidl(&writer);
    return g_string_free(g_steal_pointer(&out), FALSE);
}
