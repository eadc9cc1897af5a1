/* cmd-inspect: what is this? */
#include "command.h"
#include "inspect.h"
#include "outcome-text.h"

#include <stdio.h>

static void
print_mailbox(const MhInspection *inspection)
{
    const MhMailbox *mailbox = inspection->mailbox;
    size_t with_uid = 0;
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++)
        with_uid += mh_mailbox_get(mailbox, i)->uid != 0;
    printf("  dialect: %s\n", inspection->dialect);
    printf("  messages: %zu\n", mh_mailbox_length(mailbox));
    if (mailbox->uids.uidvalidity != 0)
        printf("  UIDVALIDITY %u, next UID %u, %zu messages with a UID\n",
               mailbox->uids.uidvalidity, mailbox->uids.uidnext, with_uid);
    else
        printf("  no UIDs\n");
    for (uint16_t i = 0; i < mh_mailbox_keyword_count(mailbox); i++)
        printf("  %s%s%s", i == 0 ? "keywords: " : "", mh_mailbox_keyword_name(mailbox, i),
               i + 1u == mh_mailbox_keyword_count(mailbox) ? "\n" : "");
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
    printf("%s: %s\n", inspection->path,
           inspection->format != NULL ? inspection->format
           : inspection->kind != NULL ? inspection->kind
                                      : "cannot be read");
    if (inspection->format != NULL)
        print_mailbox(inspection);
    if (settings->boundaries)
        print_boundaries(inspection);
    mh_text_findings(inspection->path, inspection->findings,
                     settings->verbose ? MH_WEIGHT_NOTE : MH_WEIGHT_REPAIRED, stdout);
}

int
mh_cmd_inspect(const MhCommandContext *context, GError **error)
{
    int status = MH_EXIT_DONE;
    (void)error;
    mh_inspect_confine(context->args, context->arg_count);
    for (size_t i = 0; i < context->arg_count; i++) {
        g_autoptr(MhInspection) inspection = mh_inspect(context->settings, context->args[i]);
        print_inspection(inspection, context->settings);
        if (inspection->error != NULL) {
            fflush(stdout);
            fprintf(stderr, "mailhaul: %s: %s\n", inspection->path, inspection->error);
            status = MH_EXIT_FAILED;
        }
    }
    return status;
}
