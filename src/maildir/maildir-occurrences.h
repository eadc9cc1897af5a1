/* maildir-occurrences: numbers equal messages, so that each gets a name of its own.
 *
 * Names of our own carry the message's digest and its occurrence among equal ones. The numbers
 * that files of the folder have already are not given again; a file with a name of another's
 * making counts as the first with its identity.
 */
#pragma once

#include "maildir-folder.h"

typedef struct MaildirOccurrences MaildirOccurrences;

/* @folder: what is there already; NULL: nothing. */
MaildirOccurrences *maildir_occurrences_new(const MaildirFolder *folder);
void maildir_occurrences_free(MaildirOccurrences *seen);

/* The next number, from 1, for a message with this identity. */
uint32_t maildir_occurrences_next(MaildirOccurrences *seen, const MhDigest *id);
