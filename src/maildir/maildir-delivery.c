#include "maildir-delivery.h"

#include <string.h>
#include <unistd.h>

static void
clear_state_line(gpointer line)
{
    g_free(((MaildirStateLine *)line)->base);
}

MaildirDelivery *
maildir_delivery_new(MaildirTree *tree)
{
    MaildirDelivery *delivery = g_new0(MaildirDelivery, 1);
    delivery->tree = tree;
    delivery->fd = delivery->cur_fd = delivery->new_fd = delivery->made_new_fd = -1;
    if (tree->options.state != NULL) {
        delivery->lines = g_array_new(FALSE, FALSE, sizeof(MaildirStateLine));
        g_array_set_clear_func(delivery->lines, clear_state_line);
    }
    return delivery;
}

bool
maildir_delivery_is_begun(const MaildirDelivery *delivery)
{
    return delivery->build != NULL;
}

void
maildir_delivery_close(MaildirDelivery *delivery)
{
    int *fds[] = {&delivery->fd, &delivery->cur_fd, &delivery->new_fd, &delivery->made_new_fd};
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

void
maildir_delivery_discard(MaildirDelivery *delivery)
{
    maildir_delivery_close(delivery);
    if (delivery->build != NULL)
        mh_remove_tree(delivery->tree->build_fd, delivery->build, NULL);
    g_clear_pointer(&delivery->build, g_free);
    g_clear_pointer(&delivery->staged, g_free);
}

void
maildir_delivery_free(MaildirDelivery *delivery)
{
    if (delivery == NULL)
        return;
    maildir_delivery_close(delivery);
    g_free(delivery->build);
    g_free(delivery->staged);
    g_clear_pointer(&delivery->rebase, g_hash_table_unref);
    g_clear_pointer(&delivery->lines, g_array_unref);
    g_free(delivery);
}

void
maildir_delivery_staged_name(const MhSyncLine *line, char out_name[MAILDIR_STAGED_NAME])
{
    g_snprintf(out_name, MAILDIR_STAGED_NAME, "%u", line->source);
}

void
maildir_delivery_set_staged(MaildirDelivery *delivery, const MaildirWork *work,
                            const MhSyncLine *line)
{
    if (delivery->staged == NULL)
        delivery->staged = g_new0(uint8_t, mh_mailbox_length(work->mailbox) / 8 + 1);
    delivery->staged[line->source / 8] |= (uint8_t)(1u << line->source % 8);
}

bool
maildir_delivery_is_staged(const MaildirDelivery *delivery, const MhSyncLine *line)
{
    return line->target == 0 && delivery->staged != NULL &&
           (delivery->staged[line->source / 8] >> line->source % 8 & 1) != 0;
}

/* Where the new server makes the UIDLs, only one stays that it has written down itself. */
MhSpan
maildir_delivery_old_uidl(const MhMailbox *mailbox, MhUidState uids,
                          const MaildirUidlistEntry *before)
{
    char made[17];
    if (!mailbox->has_no_uidls || before->uidl.data == NULL)
        return before->uidl;
    g_snprintf(made, sizeof made, "%08x%08x", before->uid, uids.uidvalidity);
    bool is_servers = mh_span_equal(before->uidl, mh_span_from_string(made));
    return is_servers ? before->uidl : mh_span(NULL, 0);
}

void
maildir_delivery_add_line(MaildirUidlistWriter *writer, const MaildirWork *work,
                          const MhSyncLine *line, const MaildirUidlistEntry *before, MhSpan base)
{
    const MhMessage *message = maildir_work_message(work, line);
    g_assert(message != NULL); /* lines of the target's own have their text already */
    const char *uidl = mh_mailbox_uidl(work->mailbox, message);
    MaildirCarried carried = {.flags = message->flags,
                              .letters = work->set_letters[message->keywords],
                              .uid = message->uid,
                              .size_listed = message->size_listed};
    char text[MAILDIR_CARRIED_MAX];
    maildir_carried_format(&carried, line->uid, text);
    MaildirUidlistLine out = {.uid = line->uid,
                              .virtual_size = message->virtual_size,
                              .has_virtual_size = true,
                              .pop3_order = mh_mailbox_pop3_order(work->mailbox, message),
                              .carried = text,
                              .base = base};
    if (before != NULL) {
        out.other = before->other;
        out.uidl = maildir_delivery_old_uidl(work->mailbox, work->plan->uids, before);
    }
    if (uidl != NULL)
        out.uidl = mh_span_from_string(uidl);
    maildir_uidlist_writer_add(writer, &out);
}

void
maildir_delivery_keep_line(MaildirDelivery *delivery, const MaildirWork *work,
                           const MhSyncLine *line, MhSpan base)
{
    if (delivery->lines == NULL)
        return;
    const MhTargetMessage *there = maildir_work_file(work, line);
    bool is_carried = there != NULL && (there->has_carried || line->source == 0);
    MaildirStateLine kept = {.uid = line->uid,
                             .letters = line->letters,
                             .base = mh_span_dup(base),
                             .message = maildir_work_message(work, line),
                             .changed = !is_carried || line->retag};
    g_array_append_val(delivery->lines, kept);
}

bool
maildir_delivery_write_state(const MaildirDelivery *delivery, const MaildirWork *work, int dirfd,
                             GError **error)
{
    const MaildirTreeOptions *options = &delivery->tree->options;
    if (options->state == NULL)
        return true;
    MaildirStateWork state = {.mailbox = work->mailbox,
                              .keywords = work->keywords,
                              .before = work->folder->keywords,
                              .set_letters = work->set_letters,
                              .uids = work->plan->uids,
                              .lines = delivery->lines,
                              .dirfd = dirfd,
                              .is_inbox = strcmp(work->folder->name, ".") == 0,
                              .file_mode = options->file_mode,
                              .dir_mode = options->dir_mode,
                              .stamps = work->folder->server_stamps};
    return options->state->write(&state, error);
}
