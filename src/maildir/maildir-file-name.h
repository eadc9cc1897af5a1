/* maildir-file-name: the name of a message file in cur/ or new/.
 *
 * Format: BASE [":2," INFO], where
 *   BASE  everything before the first ':'. It is the message's identity (and Dovecot's default
 *         GUID and POP3 "%f"), with its comma parts; of those ",S=" DIGITS is the file's size and
 *         ",W=" DIGITS the size with every line ending in CRLF. The first of each kind counts,
 *         wherever it stands in the whole name, if its digits end at ',' or ':' or the end.
 *   INFO  what follows the last ':' if that begins "2,": letters up to a ',' (or the end). D draft,
 *         F flagged, R answered, S seen, T deleted, a-z keywords 0-25. Any order is read, ASCII
 *         order is written; other letters, and what stands behind a further ',', are kept.
 * Any other info (":1,...") means "no flags".
 * Source: the Maildir specification and Dovecot 2.3 and 2.4 (maildir-filename, observed).
 *
 * Names of our own, for mail that had none, or one that cannot be kept:
 *   SECONDS ".H" DIGEST "." OCCURRENCE ".mailhaul" [",S=" SIZE]
 *   SECONDS     the INTERNALDATE since 1970, decimal; 0 when before
 *   DIGEST      the message's identity, 32 characters (digest.h)
 *   OCCURRENCE  1, 2, ... among messages of equal identity
 *   SIZE        the file's size in bytes
 * Other comma parts behind it are fine: Dovecot may rewrite them.
 */
#pragma once

#include "digest.h"
#include "message-flags.h"

typedef enum {
    MAILDIR_ENTRY_MESSAGE,
    MAILDIR_ENTRY_HIDDEN,     /* begins with '.': no message for any server */
    MAILDIR_ENTRY_LINE_BREAK, /* holds CR or LF: Dovecot never shows it */
    MAILDIR_ENTRY_NO_BASE,    /* begins with ':': Dovecot renames it, thus makes a new message */
} MaildirEntryKind;

typedef struct {
    MhSpan base;
    bool has_info; /* there is a ":2," part */
    MhSpan info;   /* what follows ":2,", whatever it holds */
    MhFlags flags;
    uint32_t keywords; /* bit n stands for the letter 'a' + n */
    bool has_size;
    bool has_virtual_size;
    uint64_t size_bytes;   /* UINT64_MAX when it does not fit */
    uint64_t virtual_size; /* UINT64_MAX when it does not fit */
} MaildirFileName;

/* Takes a directory entry of cur/ or new/ apart. @out is always filled, its spans are borrowed
 * from @entry. */
MaildirEntryKind maildir_file_name_parse(MhSpan entry, MaildirFileName *out);

#define MAILDIR_KEYWORD_LETTERS 26
/* ":2,", the flags and the keywords that a server may add to a base name, at most. */
#define MAILDIR_INFO_MAX (3 + MH_FLAG_LETTERS_MAX + MAILDIR_KEYWORD_LETTERS)

/* BASE ":2," and the letters. @info is that of a name parsed before, or empty: everything in it
 * that is no flag or keyword is kept in its place. g_free(). */
char *maildir_file_name_format(MhSpan base, MhFlags flags, uint32_t keywords, MhSpan info);

/* Appends the same to a base name that has no info yet. */
void maildir_file_name_append_info(GString *name, MhFlags flags, uint32_t keywords);

/* Why an inherited base name cannot be kept for a file of this size. */
typedef enum {
    MAILDIR_FAULT_NONE,
    MAILDIR_FAULT_UNUSABLE,           /* empty, hidden, or with a byte that Dovecot stumbles over */
    MAILDIR_FAULT_TOO_LONG,           /* no room for all flags and keywords in a file name */
    MAILDIR_FAULT_WRONG_SIZE,         /* ,S= : with it, POP3 login fails for the whole mailbox */
    MAILDIR_FAULT_WRONG_VIRTUAL_SIZE, /* ,W= : with it, the message loses its UID */
} MaildirNameFault;

MaildirNameFault maildir_file_name_fault(MhSpan base, uint64_t size_bytes, uint64_t virtual_size);

/* Do the sizes that a name states, if any, equal these? */
bool maildir_file_name_sizes_agree(MhSpan name, uint64_t size_bytes, uint64_t virtual_size);

/* A base name of our own. @occurrence counts from 1. g_free(). */
char *maildir_file_name_own(int64_t internaldate, const MhDigest *id, uint32_t occurrence,
                            uint64_t size_bytes);
/* Is @base one of our own? Either pointer may be NULL; set on success only. */
bool maildir_file_name_parse_own(MhSpan base, MhDigest *out_id, uint32_t *out_occurrence);

/* The identity by which a later run knows the message (source.h): the digest that one of our own
 * names carries, else the digest of the base name. */
MhDigest maildir_file_name_identity(MhSpan base);
