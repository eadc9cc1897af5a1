/* maildir-acl: "dovecot-acl" in a mailbox's directory: who may do what with it.
 *
 * Format: *( IDENTIFIER [ SP LETTERS ] [ SP ":" NAME *( SP NAME ) ] LF ); the last LF may be
 * missing, a CR before LF is dropped; empty lines and lines that begin with '#' are skipped.
 *   IDENTIFIER  ["-"] and "owner", "anyone", "authenticated", "user=X", "group=X" or
 *               "group-override=X"; '-' takes rights away. With a space in it, it stands in '"',
 *               where '"', '\' and ''' have a '\' before them.
 *   LETTERS     l lookup, r read, w write, s write-seen, t write-deleted, i insert, p post,
 *               e expunge, k create, x delete, a admin
 *   NAME        the rights by these names, or rights that only a plugin knows
 * One line that breaks the rules makes the whole file void: then only the owner has access.
 * Rights of one identifier on several lines add up.
 * Source: Dovecot 2.3 (acl-file, observed).
 */
#pragma once

#include "bytes.h"
#include "maildir-error.h"

typedef enum {
    MAILDIR_RIGHT_LOOKUP = 1 << 0,
    MAILDIR_RIGHT_READ = 1 << 1,
    MAILDIR_RIGHT_WRITE = 1 << 2,
    MAILDIR_RIGHT_WRITE_SEEN = 1 << 3,
    MAILDIR_RIGHT_WRITE_DELETED = 1 << 4,
    MAILDIR_RIGHT_INSERT = 1 << 5,
    MAILDIR_RIGHT_POST = 1 << 6,
    MAILDIR_RIGHT_EXPUNGE = 1 << 7,
    MAILDIR_RIGHT_CREATE = 1 << 8,
    MAILDIR_RIGHT_DELETE = 1 << 9,
    MAILDIR_RIGHT_ADMIN = 1 << 10,
    MAILDIR_RIGHTS_ALL = (1 << 11) - 1,
} MaildirRights;

typedef struct {
    bool negative;
    char *identifier; /* without '-' */
    uint32_t rights;  /* MAILDIR_RIGHT_... */
    char *names;      /* other rights, separated by spaces; NULL: none */
} MaildirAclEntry;

typedef struct {
    GPtrArray *entries;   /* of MaildirAclEntry, no identifier twice with the same sign */
    GHashTable *by_entry; /* the same, found by sign and identifier */
} MaildirAcl;

MaildirAcl *maildir_acl_new(void);
void maildir_acl_free(MaildirAcl *acl); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirAcl, maildir_acl_free)

/* NULL with MAILDIR_ERROR_FORMAT when a line breaks the rules. */
MaildirAcl *maildir_acl_parse(MhSpan text, GError **error);
/* The file's text. g_string_free(). */
GString *maildir_acl_format(const MaildirAcl *acl);

/* Gives (or, @negative, takes away) rights, in addition to what the identifier has already. False
 * with MAILDIR_ERROR_VALUE for an identifier that Dovecot does not know or a line cannot hold. */
bool maildir_acl_add(MaildirAcl *acl, bool negative, MhSpan identifier, uint32_t rights,
                     GError **error);
/* The entry of this identifier and sign, owned by @acl; NULL when there is none, or no @acl. */
const MaildirAclEntry *maildir_acl_find(const MaildirAcl *acl, bool negative,
                                        const char *identifier);

/* Rights as IMAP and Courier write them (RFC 4314, section 2.1): 'c' is create; old clients' 'd'
 * is 'e', 't' and 'x'. Sets @out_unknown, which may be NULL, if there are letters that mean
 * nothing. */
uint32_t maildir_acl_rights_from_imap(MhSpan letters, bool *out_unknown);
