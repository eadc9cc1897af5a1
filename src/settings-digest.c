#include "settings-digest.h"

#include "digest.h"

#include <string.h>

/* Options that change nothing in what is written for a mailbox that is carried. */
static const char *const without_effect[] = {
    "users",          "sample",       "folder-list",    "name-map", /* the lists count by their
                                                                       content */
    "lock",           "lock-timeout", "transfer",       "sync",          "dry-run",
    "final",          "reopen",       "jobs",           "state",         "json",
    "format",         "dovecot",      "quiet",          "boundaries",    "verbose",
    "progress",       "log",          "log-format",     "max-rate",      "nice",
    "answer-timeout", "doveadm",      "dovecot-config", "bodystructure", "divide-above",
};

static bool
has_effect(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(without_effect); i++) {
        if (strcmp(without_effect[i], name) == 0)
            return false;
    }
    return true;
}

static void
add_text(MhDigester *digester, const char *text)
{
    mh_digester_add(digester, mh_span(text, strlen(text) + 1));
}

char *
mh_settings_digest(const MhSettings *settings, GBytes *const *lists, size_t list_count,
                   const char *version)
{
    MhDigester digester;
    size_t count;
    const MhOption *options = mh_options(&count);
    mh_digester_init(&digester);
    add_text(&digester, version);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *value = mh_settings_get(settings, &options[i]);
        if (!has_effect(options[i].name))
            continue;
        add_text(&digester, options[i].name);
        add_text(&digester, value != NULL ? value : "");
    }
    if (settings->timezone == NULL) {
        g_autoptr(GTimeZone) local = g_time_zone_new_local();
        add_text(&digester, g_time_zone_get_identifier(local));
    }
    for (size_t i = 0; i < list_count; i++) {
        gsize size = 0;
        const void *data = lists[i] != NULL ? g_bytes_get_data(lists[i], &size) : NULL;
        add_text(&digester, lists[i] != NULL ? "list" : "");
        mh_digester_add(&digester, mh_span(data, size));
    }
    MhDigest digest = mh_digester_finish(&digester);
    char *text = g_malloc(MH_DIGEST_TEXT + 1);
    mh_digest_format(&digest, text);
    return text;
}
