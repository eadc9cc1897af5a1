/* housekeeping-name: files that mail programs keep beside mailboxes.
 *
 * The name alone never makes a file with mail in it something else: the parser decides. It gives
 * the reason why a file is no mailbox, and it keeps an empty lock file from being taken for an
 * empty mailbox.
 *
 * Sources: UW-IMAP and Pine (.mailboxlist, .pinerc, .addressbook, FILE.lock.TIME.PID.HOST), Dovecot
 * (dovecot.*, .imap, .subscriptions), qpopper (.USER.pop), Thunderbird (*.msf, *.dat, *.sbd), Apple
 * Mail, MH.
 */
#pragma once

#include "bytes.h"

/* What the file @name is, as in "a lock"; NULL when the name says nothing. */
const char *mh_housekeeping_file(const char *name);
/* The same for a directory that holds no folders. */
const char *mh_housekeeping_dir(const char *name);
/* Is it ".USER.pop", where qpopper keeps the mail while a session lasts? */
bool mh_housekeeping_is_pop_copy(const char *name);
/* Does it belong to Apple Mail's "Name.mbox/", beside the file "mbox"? So do that file's locks and
 * whatever is hidden, such as a lock in the making: the folder's name must not change with them. */
bool mh_housekeeping_is_apple(const char *name);
/* Digits only: a message of an MH folder, perhaps. */
bool mh_housekeeping_is_number(const char *name);
