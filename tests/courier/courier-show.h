/* courier-show: a Courier folder as one line, as a client of the server would see it. */
#pragma once

#include "testing.h"

#include "courier-source.h"

static inline int
courier_show_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline char *
courier_show_keywords(const MhMailbox *mailbox, const MhMessage *message)
{
    size_t count;
    const uint16_t *members = mh_mailbox_keyword_members(mailbox, message->keywords, &count);
    g_autofree const char **names = g_new0(const char *, count + 1);
    for (size_t i = 0; i < count; i++)
        names[i] = mh_mailbox_keyword_name(mailbox, members[i]);
    qsort(names, count, sizeof *names, courier_show_compare);
    return g_strjoinv(",", (char **)(uintptr_t)names);
}

static inline void
courier_show_message(const MhMailbox *mailbox, const MhMessage *message, GString *shown)
{
    const char *name = mh_mailbox_name(mailbox, message);
    const char *uidl = mh_mailbox_uidl(mailbox, message);
    g_autofree char *keywords = courier_show_keywords(mailbox, message);
    char letters[MH_FLAG_LETTERS_MAX + 1];
    mh_flags_to_maildir(message->flags, letters);
    g_string_append_printf(shown, " %u|%s|%s%s|%s|%s|%u", message->uid, name != NULL ? name : "-",
                           message->is_new ? "n" : "", letters, keywords, uidl != NULL ? uidl : "-",
                           mh_mailbox_pop3_order(mailbox, message));
}

/* "UIDVALIDITY/UIDNEXT UID|name|flags|keywords|uidl|order ...", or "error: ...". Mail in new/ has
 * an "n" before its flags. */
static inline char *
courier_show(int maildirfd, const char *folder, const CourierSourceOptions *options,
             MhFindings *findings)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MhMailbox) mailbox = mh_mailbox_new();
    g_autoptr(MhSource) source = courier_source_open(maildirfd, folder, options, &error);
    if (source == NULL || !source->class->index(source, mailbox, findings, &error) ||
        !source->class->check(source, &error))
        return g_strdup_printf("error: %s", error->message);
    GString *shown = g_string_new(NULL);
    g_string_append_printf(shown, "%u/%u", mailbox->uids.uidvalidity, mailbox->uids.uidnext);
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++)
        courier_show_message(mailbox, mh_mailbox_get(mailbox, i), shown);
    return g_string_free(shown, FALSE);
}
