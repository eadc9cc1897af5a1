/* courier-acl: courierimapacl, the access list of one Courier folder; courierimaphieracl/NAME, the
 * same for a hierarchy name without a directory.
 *
 *     line  = IDENT *SP RIGHTS LF
 *     IDENT = ["-"] ( "owner" / "anyone" / "anonymous" / "user=" NAME / "group=" NAME /
 *             "administrators" )
 *
 * A line is cut at its first blank; without RIGHTS there are none. Of lines with one IDENT the last
 * counts. Lines whose IDENT is empty or has control characters are ignored. "-" makes an entry
 * negative; "anonymous" is "anyone", "administrators" is "group=administrators". RIGHTS are
 * letters: a administer, c create subfolders, e expunge, i insert, l lookup, p post, r read, s
 * seen, t set \Deleted, w write other flags, x delete the folder. What old clients call "d" is
 * stored as "etx".
 *
 * At its first look at a folder Courier writes down what it has inherited, so a list that holds no
 * more than all rights for the owner and for administrators is nobody's choice.
 *
 * Source: Courier-IMAP 5.0.13 as observed.
 */
#pragma once

#include "access-list.h"
#include "finding.h"

/* A GArray of MhAccessEntry (see access-list.h), in the order in which identifiers first came. */
GArray *courier_acl_parse(MhSpan text, MhFindings *findings);

/* Is this what Courier writes by itself? An empty list is not. */
bool courier_acl_is_default(const GArray *list);

/* Writes a list. NULL with COURIER_ERROR_NAME when a name is empty or holds blanks or control
 * characters. */
GBytes *courier_acl_format(const GArray *list, GError **error);
