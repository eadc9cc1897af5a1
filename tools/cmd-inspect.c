/* cmd-inspect: what is this? */
#include "command.h"
#include "inspect-json.h"
#include "outcome-text.h"
#include "printable.h"

#include <stdio.h>

static void
print_keywords(const char *indent, const MhMailbox *mailbox)
{
    size_t count = mh_mailbox_keyword_count(mailbox);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *shown = mh_printable_string(mh_mailbox_keyword_name(mailbox, (uint16_t)i));
        if (i == 0)
            printf("%skeywords:", indent);
        printf(" %s%s", shown, i + 1 == count ? "\n" : "");
    }
}

/* Messages, UIDs and keywords of a mailbox. */
static void
print_numbers(const char *indent, const MhMailbox *mailbox)
{
    size_t with_uid = 0, with_uidl = 0, fresh = 0;
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        const MhMessage *message = mh_mailbox_get(mailbox, i);
        with_uid += message->uid != 0;
        with_uidl += mh_mailbox_uidl(mailbox, message) != NULL;
        fresh += message->is_new;
    }
    printf("%smessages: %zu", indent, mh_mailbox_length(mailbox));
    if (fresh > 0)
        printf(", %zu of them new", fresh);
    printf("\n");
    if (mailbox->uids.uidvalidity != 0)
        printf("%sUIDVALIDITY %u, next UID %u, %zu messages with a UID\n", indent,
               mailbox->uids.uidvalidity, mailbox->uids.uidnext, with_uid);
    else
        printf("%sno UIDs\n", indent);
    if (with_uidl > 0)
        printf("%sPOP3 UIDLs: of %zu messages\n", indent, with_uidl);
    print_keywords(indent, mailbox);
}

static void
print_message(const MhMailbox *mailbox, const MhMessage *message)
{
    const char *uidl = mh_mailbox_uidl(mailbox, message);
    const char *name = mh_mailbox_name(mailbox, message);
    size_t count;
    const uint16_t *members = mh_mailbox_keyword_members(mailbox, message->keywords, &count);
    g_autofree char *shown =
        mh_printable_string(name != NULL ? name : "a name that cannot be kept");
    printf("    UID %u: %s", message->uid, shown);
    if (uidl != NULL) {
        g_autofree char *uidl_shown = mh_printable_string(uidl);
        printf(", UIDL %u. %s", mh_mailbox_pop3_order(mailbox, message), uidl_shown);
    }
    for (unsigned flag = 1; flag < MH_FLAGS_ALL; flag <<= 1) {
        if ((message->flags & flag) != 0)
            printf(" %s", mh_flag_imap_name((MhFlags)flag));
    }
    for (size_t i = 0; i < count; i++) {
        g_autofree char *keyword =
            mh_printable_string(mh_mailbox_keyword_name(mailbox, members[i]));
        printf(" %s", keyword);
    }
    printf("\n");
}

static void
print_folder(const MhInspectFolder *folder, const MhSettings *settings, MhWeight least)
{
    printf("  %s (%s)\n", folder->name, folder->path);
    if (folder->error == NULL)
        print_numbers("    ", folder->mailbox);
    for (size_t i = 0; settings->verbose && i < mh_mailbox_length(folder->mailbox); i++)
        print_message(folder->mailbox, mh_mailbox_get(folder->mailbox, i));
    mh_text_findings(folder->name, folder->findings, least, stdout);
}

static void
print_courier(const MhInspection *inspection, const MhSettings *settings, MhWeight least)
{
    printf("  folders: %u, %zu subscribed\n", inspection->folders->len, inspection->subscriptions);
    for (guint i = 0; i < inspection->folders->len; i++)
        print_folder(inspection->folders->pdata[i], settings, least);
    for (guint i = 0; i < inspection->not_mail->len; i++) {
        const MhNotMail *item = inspection->not_mail->pdata[i];
        printf("  not mail: %s: %s\n", item->path, item->reason);
    }
}

static void
print_boundaries(const MhInspection *inspection)
{
    for (guint i = 0; i < inspection->boundaries->len; i++) {
        const MhInspectBoundary *boundary = inspection->boundaries->pdata[i];
        printf("  at %" G_GUINT64_FORMAT ": %s message %u: %s\n    %s\n", (guint64)boundary->offset,
               boundary->is_separator ? "begins" : "is text in", boundary->message,
               boundary->reason, boundary->line);
    }
}

static void
print_inspection(const MhInspection *inspection, const MhSettings *settings)
{
    MhWeight least = settings->verbose ? MH_WEIGHT_NOTE : MH_WEIGHT_REPAIRED;
    printf("%s: %s\n", inspection->path,
           inspection->format != NULL ? inspection->format
           : inspection->kind != NULL ? inspection->kind
                                      : "cannot be read");
    if (inspection->dialect != NULL) {
        printf("  dialect: %s\n", inspection->dialect);
        print_numbers("  ", inspection->mailbox);
    } else if (inspection->format != NULL) {
        print_courier(inspection, settings, least);
    }
    if (settings->boundaries)
        print_boundaries(inspection);
    mh_text_findings(inspection->path, inspection->findings, least, stdout);
}

/* What could not be read, on standard error. */
static bool
tell_errors(const MhInspection *inspection)
{
    bool good = inspection->error == NULL;
    fflush(stdout);
    if (!good)
        fprintf(stderr, "mailhaul: %s: %s\n", inspection->path, inspection->error);
    for (guint i = 0; i < inspection->folders->len; i++) {
        const MhInspectFolder *folder = inspection->folders->pdata[i];
        if (folder->error != NULL)
            fprintf(stderr, "mailhaul: %s: %s: %s\n", inspection->path, folder->name,
                    folder->error);
        good &= folder->error == NULL;
    }
    return good;
}

int
mh_cmd_inspect(const MhCommandContext *context, GError **error)
{
    int status = MH_EXIT_DONE;
    (void)error;
    mh_inspect_confine(context->args, context->arg_count);
    for (size_t i = 0; i < context->arg_count; i++) {
        g_autoptr(MhInspection) inspection = mh_inspect(context->settings, context->args[i]);
        if (context->settings->json)
            mh_inspect_json(inspection, context->settings->verbose);
        else
            print_inspection(inspection, context->settings);
        if (!tell_errors(inspection))
            status = MH_EXIT_FAILED;
    }
    return status;
}
