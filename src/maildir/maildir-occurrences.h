/* maildir-occurrences: numbers equal messages, so that each gets a name of its own.
 *
 * Names of our own carry the message's digest and its occurrence among equal ones. The numbers
 * that files of the folder have already are not given again.
 */
#pragma once

#include "maildir-folder.h"
#include "sync.h"

typedef struct MaildirOccurrences MaildirOccurrences;

/* For the messages that @plan delivers from @mailbox into @folder; all three are borrowed. */
MaildirOccurrences *maildir_occurrences_new(const MaildirFolder *folder, const MhMailbox *mailbox,
                                            const MhSyncPlan *plan);
void maildir_occurrences_free(MaildirOccurrences *seen); /* NULL is fine */

/* The number, from 1, of the message at @index of the mailbox, which the plan delivers. */
uint32_t maildir_occurrences_get(const MaildirOccurrences *seen, size_t index);
