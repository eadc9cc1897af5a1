#include "maildir-rebase.h"

#include "maildir-file-name.h"
#include "maildir-occurrences.h"

GHashTable *
maildir_rebase(const MaildirFolder *folder, const MhMailbox *mailbox, const MhSyncPlan *plan)
{
    GHashTable *bases = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    MaildirOccurrences *numbers = maildir_occurrences_new(folder);
    MaildirOccurrences *kept = maildir_occurrences_new(NULL);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        MaildirFileName name;
        if (line->source == 0 || line->target == 0)
            continue;
        const MhMessage *message = mh_mailbox_get(mailbox, line->source - 1);
        const MhTargetMessage *there = mh_target_index_get(&folder->index, line->target - 1);
        maildir_file_name_parse(mh_span_from_string(maildir_folder_file(folder, there)), &name);
        MhDigest id = maildir_file_name_identity(name.base);
        if (maildir_file_name_parse_own(name.base, NULL, NULL) ||
            (maildir_file_name_fault(name.base, message->size_bytes, message->virtual_size) ==
                 MAILDIR_FAULT_NONE &&
             maildir_occurrences_next(kept, &id) == 1))
            continue;
        g_hash_table_insert(bases, GUINT_TO_POINTER(i + 1),
                            maildir_file_name_own(message->internaldate, &id,
                                                  maildir_occurrences_next(numbers, &id),
                                                  message->size_bytes));
    }
    maildir_occurrences_free(kept);
    maildir_occurrences_free(numbers);
    return bases;
}
