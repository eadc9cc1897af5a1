#include "inspect-json.h"

#include "json-findings.h"
#include "printable.h"

#include <stdio.h>

/* Bytes from outside; NULL: null. */
static void
add_bytes(MhJson *json, const char *name, const char *bytes)
{
    g_autofree char *shown = bytes != NULL ? mh_printable_string(bytes) : NULL;
    mh_json_string(json, name, shown);
}

static void
add_message(MhJson *json, const MhMailbox *mailbox, const MhMessage *message)
{
    size_t count;
    const uint16_t *members = mh_mailbox_keyword_members(mailbox, message->keywords, &count);
    mh_json_open(json, NULL, '{');
    mh_json_number(json, "uid", message->uid);
    add_bytes(json, "uidl", mh_mailbox_uidl(mailbox, message));
    mh_json_number(json, "pop3_order", mh_mailbox_pop3_order(mailbox, message));
    mh_json_time(json, "date", message->internaldate);
    mh_json_number(json, "bytes", message->size_bytes);
    mh_json_bool(json, "new", message->is_new);
    mh_json_open(json, "flags", '[');
    for (unsigned flag = 1; flag < MH_FLAGS_ALL; flag <<= 1) {
        if ((message->flags & flag) != 0)
            mh_json_string(json, NULL, mh_flag_imap_name((MhFlags)flag));
    }
    mh_json_close(json, ']');
    mh_json_open(json, "keywords", '[');
    for (size_t i = 0; i < count; i++)
        add_bytes(json, NULL, mh_mailbox_keyword_name(mailbox, members[i]));
    mh_json_close(json, ']');
    mh_json_close(json, '}');
}

static void
add_numbers(MhJson *json, const MhMailbox *mailbox)
{
    size_t with_uid = 0, with_uidl = 0;
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        with_uid += mh_mailbox_get(mailbox, i)->uid != 0;
        with_uidl += mh_mailbox_uidl(mailbox, mh_mailbox_get(mailbox, i)) != NULL;
    }
    mh_json_number(json, "uidvalidity", mailbox->uids.uidvalidity);
    mh_json_number(json, "uidnext", mailbox->uids.uidnext);
    mh_json_number(json, "messages", mh_mailbox_length(mailbox));
    mh_json_number(json, "with_uid", with_uid);
    mh_json_number(json, "with_uidl", with_uidl);
    mh_json_open(json, "keywords", '[');
    for (size_t i = 0; i < mh_mailbox_keyword_count(mailbox); i++)
        add_bytes(json, NULL, mh_mailbox_keyword_name(mailbox, (uint16_t)i));
    mh_json_close(json, ']');
}

static void
add_mailbox(MhJson *json, const MhInspectFolder *folder, bool messages)
{
    mh_json_open(json, NULL, '{');
    mh_json_string(json, "name", folder->name);
    mh_json_string(json, "path", folder->path);
    mh_json_string(json, "error", folder->error);
    add_numbers(json, folder->mailbox);
    mh_json_findings(json, folder->findings);
    if (messages) {
        mh_json_open(json, "mail", '[');
        for (size_t i = 0; i < mh_mailbox_length(folder->mailbox); i++)
            add_message(json, folder->mailbox, mh_mailbox_get(folder->mailbox, i));
        mh_json_close(json, ']');
    }
    mh_json_close(json, '}');
}

/* Of an mbox itself, which has no name. */
static void
add_mbox(MhJson *json, const MhInspection *inspection, bool messages)
{
    g_autoptr(MhFindings) none = mh_findings_new(); /* they are the file's */
    MhInspectFolder folder = {
        .path = inspection->path, .mailbox = inspection->mailbox, .findings = none};
    add_mailbox(json, &folder, messages);
}

static void
add_boundary(MhJson *json, const MhInspectBoundary *boundary)
{
    mh_json_open(json, NULL, '{');
    mh_json_number(json, "offset", boundary->offset);
    mh_json_bool(json, "begins", boundary->is_separator);
    mh_json_number(json, "message", boundary->message);
    mh_json_string(json, "reason", boundary->reason);
    mh_json_string(json, "line", boundary->line);
    mh_json_close(json, '}');
}

void
mh_inspect_json(const MhInspection *inspection, bool messages)
{
    g_autoptr(GString) line = g_string_new(NULL);
    MhJson json = {.out = line};
    mh_json_open(&json, NULL, '{');
    mh_json_string(&json, "type", "inspect");
    mh_json_string(&json, "path", inspection->path);
    mh_json_string(&json, "format", inspection->format);
    mh_json_string(&json, "kind", inspection->kind);
    mh_json_string(&json, "dialect", inspection->dialect);
    mh_json_string(&json, "error", inspection->error);
    mh_json_number(&json, "subscribed", inspection->subscriptions);
    mh_json_open(&json, "mailboxes", '[');
    if (inspection->dialect != NULL)
        add_mbox(&json, inspection, messages);
    for (guint i = 0; i < inspection->folders->len; i++)
        add_mailbox(&json, inspection->folders->pdata[i], messages);
    mh_json_close(&json, ']');
    mh_json_not_mail(&json, inspection->not_mail);
    mh_json_open(&json, "boundaries", '[');
    for (guint i = 0; i < inspection->boundaries->len; i++)
        add_boundary(&json, inspection->boundaries->pdata[i]);
    mh_json_close(&json, ']');
    mh_json_findings(&json, inspection->findings);
    mh_json_close(&json, '}');
    puts(line->str);
}
