/* maildir-subscriptions: "subscriptions" in the root of a Maildir++ tree.
 *
 * Version 1:  *( NAME LF ), NAME with '.' between its levels.
 * Version 2:  "V" TAB "2" LF LF *( LEVEL *( TAB LEVEL ) LF ); inside a level the bytes 00 01 TAB
 *             CR LF are written as 01 and '0' '1' 't' 'r' 'n'.
 * Without the empty line it is version 1. Names are spelt as directories are (modified UTF-7,
 * escapes: maildir-folder-name.h), without the first '.' and without a namespace's prefix; INBOX
 * is "INBOX". A CR before LF is dropped; a last line without LF does not count.
 * Source: Dovecot 2.3 and 2.4 (lib-storage/list, observed). Both make version 2 and keep version 1
 * where they find it.
 */
#pragma once

#include "finding.h"
#include "maildir-error.h"

typedef struct {
    int version;      /* 1 or 2 */
    GPtrArray *names; /* of char *, as in version 1: '.' between levels */
    GHashTable *set;  /* the same names */
} MaildirSubscriptions;

MaildirSubscriptions *maildir_subscriptions_new(int version);
void maildir_subscriptions_free(MaildirSubscriptions *subscriptions); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirSubscriptions, maildir_subscriptions_free)

/* Reads a whole file, each name once. Lines that name no folder of a Maildir++ tree become
 * findings (which may be NULL) and are left out. */
MaildirSubscriptions *maildir_subscriptions_parse(MhSpan text, MhFindings *findings);
/* The file's text. g_string_free(). */
GString *maildir_subscriptions_format(const MaildirSubscriptions *subscriptions);

/* Is the name of a directory, without its first '.', subscribed? "inbox" in any case is INBOX. */
bool maildir_subscriptions_has(const MaildirSubscriptions *subscriptions, const char *name);
/* Adds a name unless it is there; true when it was not. A name that is empty, or has an empty
 * level, a '/' or a control character names no folder and is not added. */
bool maildir_subscriptions_add(MaildirSubscriptions *subscriptions, const char *name);
bool maildir_subscriptions_remove(MaildirSubscriptions *subscriptions, const char *name);
