/* uidl-listing: the UIDLs of an INBOX as a live POP3 server gave them, saved to a file.
 *
 * Format: what a POP3 client sees (RFC 1939, section 7): one message a line, "NUMBER UIDL", in
 * order, numbers from 1; CRLF or LF; a first line "+OK..." and a last line "." may be there, and
 * so may empty lines and comments ("#").
 */
#pragma once

#include "mailbox.h"

/* The UIDLs in order, of char *; g_ptr_array_unref(). NULL with MH_CONFIG_ERROR_SYNTAX and the
 * line's number when it is no listing: a number out of order, a UIDL of more than 70 characters or
 * with others than 0x21 to 0x7E. */
GPtrArray *mh_uidl_listing_parse(MhSpan text, GError **error);

/* Gives them to the messages of @mailbox, in order, with that order. When there are not as many
 * messages as UIDLs nothing is given, which is a finding of loss. */
void mh_uidl_listing_apply(const GPtrArray *uidls, MhMailbox *mailbox, MhFindings *findings);
