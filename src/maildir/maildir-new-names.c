#include "maildir-new-names.h"

#include "maildir-file-name.h"
#include "maildir-name-order.h"
#include "maildir-state.h"

struct MaildirNewNames {
    const MhMailbox *mailbox;
    MaildirOccurrences *occurrences;
    int64_t *numbers; /* that names of our own begin with; NULL: dates of arrival */
};

MaildirNewNames *
maildir_new_names_new(const MaildirTree *tree, const MaildirFolder *folder,
                      const MhMailbox *mailbox, const MhSyncPlan *plan)
{
    MaildirNewNames *names = g_new0(MaildirNewNames, 1);
    const struct MaildirState *state = tree->options.state;
    names->mailbox = mailbox;
    names->occurrences = maildir_occurrences_new(folder, mailbox, plan);
    if (state != NULL && state->counts_by_name)
        names->numbers = maildir_name_order(folder, mailbox, plan);
    return names;
}

void
maildir_new_names_free(MaildirNewNames *names)
{
    if (names == NULL)
        return;
    maildir_occurrences_free(names->occurrences);
    g_free(names->numbers);
    g_free(names);
}

char *
maildir_new_names_base(const MaildirNewNames *names, size_t index)
{
    const MhMessage *message = mh_mailbox_get(names->mailbox, index);
    const char *kept = mh_mailbox_name(names->mailbox, message);
    uint32_t occurrence = maildir_occurrences_get(names->occurrences, index);
    if (kept != NULL && occurrence == 1 &&
        maildir_file_name_fault(mh_span_from_string(kept), message->size_bytes,
                                message->virtual_size) == MAILDIR_FAULT_NONE)
        return g_strdup(kept);
    return maildir_file_name_own(names->numbers != NULL ? names->numbers[index]
                                                        : message->internaldate,
                                 &message->id, occurrence, message->size_bytes);
}

char *
maildir_new_names_file(MhSpan base, const MhSyncLine *line)
{
    return line->is_new
               ? mh_span_dup(base)
               : maildir_file_name_format(base, line->flags, line->letters, mh_span(NULL, 0));
}
