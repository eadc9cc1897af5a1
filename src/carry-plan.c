#include "carry-plan.h"

#include "courier/courier-source.h"
#include "foretold.h"
#include "maildir/maildir-carried.h"
#include "maildir/maildir-delivery.h"
#include "moved-uidls.h"
#include "taken-uidls.h"

#include <string.h>

void
mh_carry_plan_forget(MhCarry *carry)
{
    g_clear_pointer(&carry->folder, maildir_folder_free);
    g_clear_pointer(&carry->keywords, mh_keyword_plan_free);
    g_clear_pointer(&carry->plan, mh_sync_plan_free);
}

static MhDigest
id_in_place(const MhTargetMessage *message, void *folder)
{
    const MhMessage *told = maildir_folder_told(folder, message);
    if (told != NULL)
        return told->id;
    return courier_source_file_id(maildir_folder_file(folder, message), message->is_new);
}

/* In place the two sides are the same files: these are paired, whatever their names are.
 * Courier drops keyword letters whenever it changes the flags in a name, and nobody asked for that:
 * what has none now is given those of the source again. */
static void
meet_source(MaildirFolder *folder)
{
    folder->index.id_of = id_in_place;
    for (guint i = 0; i < folder->index.messages->len; i++) {
        MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        if (message->letters == 0)
            message->carried_letters = 0;
    }
}

/* In place every message of the source is one of the target, and none may go. */
static bool
check_in_place(const MhCarry *carry, GError **error)
{
    if (carry->plan->delivered == 0 && carry->plan->expunge->len == 0)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "the folder changes while it is converted; stop the old server, or run again");
    return false;
}

/* Is every message of the source accounted for? */
static bool
is_accounted_for(const MhCarry *carry, GError **error)
{
    const MhSyncPlan *plan = carry->plan;
    size_t found = mh_mailbox_length(carry->mailbox);
    size_t told = plan->delivered + plan->retagged + plan->renumbered + plan->unchanged +
                  plan->deleted + plan->left;
    if (told == found)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                "%zu messages are at the source, and the plan is about %zu of them; nothing was "
                "done; this is a mistake of mailhaul",
                found, told);
    return false;
}

/* How the folder is, as it was read. */
static void
note_folder(MhCarry *carry)
{
    const MaildirFolder *folder = carry->folder;
    carry->left[0] = folder->list_stamp;
    carry->left[1] = folder->keywords_stamp;
    carry->left[2] = folder->cur_stamp;
    carry->left[3] = folder->new_stamp;
}

/* The line has a size that nobody had counted, and now it is. */
static bool
size_counted(const MhMessage *message, const MaildirUidlistEntry *line)
{
    MaildirCarried carried;
    return !message->size_listed && maildir_carried_parse(line->other, line->uid, &carried) &&
           carried.size_listed;
}

static bool
uidl_differs(const MhCarry *carry, const MhMessage *message, const MaildirUidlistEntry *line)
{
    const char *uidl = mh_mailbox_uidl(carry->mailbox, message);
    if (uidl == NULL)
        return line->uidl.data !=
               maildir_delivery_old_uidl(carry->mailbox, carry->plan->uids, line).data;
    MhSpan text = mh_span_from_string(uidl);
    return maildir_uidlist_uidl_fits(text) &&
           (line->uidl.data == NULL || !mh_span_equal(text, line->uidl));
}

/* What a POP3 server says of a message, as we know it now, and the line of the list does not. */
static bool
pop3_differs(const MhCarry *carry, const MhSyncLine *line)
{
    const MhTargetMessage *there =
        line->target != 0 ? mh_target_index_get(&carry->folder->index, line->target - 1) : NULL;
    uint32_t place = there != NULL ? maildir_folder_line(carry->folder, there) : 0;
    if (line->source == 0 || place == 0)
        return false;
    const MhMessage *message = mh_mailbox_get(carry->mailbox, line->source - 1);
    MaildirUidlistEntry entry;
    return !maildir_uidlist_read(carry->folder->uidlist, place, &entry) ||
           mh_mailbox_pop3_order(carry->mailbox, message) != entry.pop3_order ||
           message->virtual_size != entry.virtual_size || size_counted(message, &entry) ||
           uidl_differs(carry, message, &entry);
}

/* UIDLs come when a POP3 client first logs in, though the mail has long been carried; and a size
 * that was believed may be found to be wrong. */
static void
follow_pop3(MhCarry *carry)
{
    MhSyncPlan *plan = carry->plan;
    for (guint i = 0; !plan->list_changed && i < plan->lines->len; i++)
        plan->list_changed = pop3_differs(carry, &g_array_index(plan->lines, MhSyncLine, i));
}

/* Finds what is there of the folder. */
static bool
read_target(MhCarry *carry, MhFindings *findings, GError **error)
{
    const MaildirTree *tree = carry->context->tree;
    if (carry->context->in_place)
        carry->folder =
            maildir_folder_read_in_place(tree, carry->folder_name, carry->mailbox, findings, error);
    else
        carry->folder = maildir_folder_read(tree, carry->folder_name, findings, error);
    if (carry->folder == NULL)
        return false;
    note_folder(carry);
    return maildir_uidlist_check(carry->folder->uidlist, error);
}

static void
plan_keywords(MhCarry *carry, MhFindings *findings)
{
    const MaildirFolder *folder = carry->folder;
    bool has_letters = carry->context->settings->server == MH_SERVER_DOVECOT;
    uint32_t used = 0;
    for (guint i = 0; i < folder->index.messages->len; i++)
        used |= mh_target_index_get(&folder->index, i)->letters;
    carry->keywords =
        mh_keyword_plan(carry->mailbox, folder->keywords, used, has_letters ? findings : NULL);
}

static void
plan_messages(MhCarry *carry)
{
    const MhCarryContext *context = carry->context;
    const MhSettings *settings = context->settings;
    bool keeps_all = context->in_place || carry->mailbox->unread != NULL;
    MhSyncInput input = {.source = carry->mailbox,
                         .set_letters = carry->keywords->set_letters,
                         .target = &carry->folder->index,
                         .fresh_uidvalidity = context->fresh_uidvalidity,
                         .mirror = settings->mirror,
                         .keep_expunged = settings->keep_expunged || keeps_all,
                         .late = settings->late,
                         .carried_before = carry->before};
    g_autofree bool *left = NULL;
    if (context->in_place) {
        meet_source(carry->folder);
        input.left = left = mh_foretold_settle(carry->mailbox, carry->folder);
    }
    carry->plan = mh_sync(&input);
    if (settings->server == MH_SERVER_DOVECOT && !context->in_place)
        mh_taken_uidls_drop(carry->mailbox, carry->plan, carry->folder);
    if (!settings->late)
        follow_pop3(carry);
}

static void
tell_moved_uidls(const MhCarry *carry, MhFindings *findings)
{
    const MhMailbox *mailbox = carry->mailbox;
    size_t count = mailbox->uidls_saved && !carry->context->settings->late
                       ? mh_moved_uidls_count(mailbox, carry->plan, carry->folder)
                       : 0;
    if (count > 0)
        mh_findings_add(findings, MH_FINDING_UIDL_MOVED, "%zu of %zu messages", count,
                        mh_mailbox_length(mailbox));
}

bool
mh_carry_plan_again(MhCarry *carry, MhFindings *findings, GError **error)
{
    mh_carry_plan_forget(carry);
    if (!read_target(carry, findings, error))
        return false;
    plan_keywords(carry, findings);
    plan_messages(carry);
    tell_moved_uidls(carry, findings);
    return (!carry->context->in_place || check_in_place(carry, error)) &&
           is_accounted_for(carry, error);
}

bool
mh_carry_plan_make(MhCarry *carry, MhFindings *findings, GError **error)
{
    bool is_courier = carry->context->settings->server == MH_SERVER_COURIER;
    for (size_t i = 0; is_courier && i < mh_mailbox_length(carry->mailbox); i++)
        mh_mailbox_get(carry->mailbox, i)->is_new = false;
    return mh_carry_plan_again(carry, findings, error);
}

bool
mh_carry_plan_stays_deleted(const MhCarry *carry)
{
    return !carry->folder->exists && carry->before != NULL && carry->plan->delivered == 0;
}
