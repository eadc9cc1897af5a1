/* courier-target: a Maildir for Courier (--server courier).
 *
 * Per folder: "courierimapuiddb", and "courierimapkeywords": ":list" for a new folder, afterwards a
 * file for each message whose keywords may have changed, as Courier's own sessions leave them. For
 * the INBOX "courierpop3dsizelist", version 2, which every Courier but 5.0.0 to 5.0.2 reads: UIDLs
 * of Courier's own three kinds are kept; what another server called its messages cannot be said
 * there, and gets new numbers. In the root "courierimapsubscribed". Folder names are UTF-8, as
 * Courier 5 has them.
 *
 * Mail that is still new goes into cur/: what is in new/ gets another UID than the list says.
 *
 * UIDs that Courier has given out since the last run are read back.
 */
#pragma once

#include "account-survey.h"
#include "maildir/maildir-state.h"

extern const struct MaildirState mh_courier_state;

/* How many messages of an INBOX have a UIDL that Courier's list cannot say: they get new ones. */
size_t mh_courier_uidls_lost(const MhMailbox *mailbox);

/* The directory that Courier has for what Dovecot would call @directory (".A.B", without escapes).
 * g_free(). */
char *mh_courier_directory(const char *directory);

/* Has the account's list follow the survey: see mh_subscribe(). */
bool mh_courier_subscribe(const MaildirTree *tree, const MhAccountSurvey *survey,
                          const GPtrArray *carried, bool mirror, GError **error);
