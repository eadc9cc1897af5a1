/* maildir-carried: where a message of the target came from, written into its line of the UID list.
 *
 * Provenance is kept in the target itself, as a field of our own in dovecot-uidlist, which Dovecot
 * keeps when it rewrites the list: "this message was carried by mailhaul, and had these flags,
 * keywords and UID at the source". By it a later run tells a tester's flag from a change at the
 * source, mail of the new server from mail that was carried, and undo what it may remove.
 *
 * Format: "M" [LETTERS] ["L"] ["," UID]
 *   LETTERS  the flags and keyword letters at the source, as in a Maildir name: DFRST, a-z
 *   L        the W of the line is from the list of Courier's POP3 server; nobody has counted it
 *   UID      the UID at the source, 0 for none; left out when it is that of the line
 */
#pragma once

#include "message-flags.h"

/* The field's key. Dovecot uses G, O, P, S and W, and keeps what it does not know. */
#define MAILDIR_CARRIED_KEY 'M'

typedef struct {
    MhFlags flags;
    uint32_t letters; /* keyword letters, bit 0 is a */
    uint32_t uid;
    bool size_listed;
} MaildirCarried;

/* Longest text, its NUL included. */
#define MAILDIR_CARRIED_MAX (1 + MH_FLAG_LETTERS_MAX + 26 + 1 + 1 + 10 + 1)

/* The field for a message that the list has under @line_uid. */
void maildir_carried_format(const MaildirCarried *carried, uint32_t line_uid,
                            char out_text[MAILDIR_CARRIED_MAX]);
/* Finds the field in @fields ("Sn Mx Gy"). False when it is not there, or not one of ours. */
bool maildir_carried_parse(MhSpan fields, uint32_t line_uid, MaildirCarried *out);
