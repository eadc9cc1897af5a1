/* maildir-new-names: the base names that messages get which are delivered into a folder.
 *
 * The source's where the target can keep it and does not have it yet, else one that carries the
 * message's identity and its occurrence number (maildir-file-name.h). The same plan for the same
 * folder gives the same names, so they need not be held.
 */
#pragma once

#include "maildir-occurrences.h"
#include "maildir-tree.h"

typedef struct MaildirNewNames MaildirNewNames;

/* For the messages that @plan delivers from @mailbox into @folder; all are borrowed. */
MaildirNewNames *maildir_new_names_new(const MaildirTree *tree, const MaildirFolder *folder,
                                       const MhMailbox *mailbox, const MhSyncPlan *plan);
void maildir_new_names_free(MaildirNewNames *names); /* NULL is fine */

/* That of the message at @index of the mailbox. g_free(). */
char *maildir_new_names_base(const MaildirNewNames *names, size_t index);
/* The name in cur/ or new/ of the message that @line delivers under @base. g_free(). */
char *maildir_new_names_file(MhSpan base, const MhSyncLine *line);
