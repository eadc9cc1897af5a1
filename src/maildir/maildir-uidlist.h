/* maildir-uidlist: "dovecot-uidlist", which gives the files of one Maildir folder their UIDs.
 *
 * Lines end in LF; a CR before it is dropped; a line without LF does not count.
 *
 * Version 1:  "1" SP UIDVALIDITY SP UIDNEXT LF    *( UID SP NAME LF )
 * Version 3:  "3" *( SP KEY VALUE ) LF            *( UID *( SP KEY VALUE ) SP ":" NAME LF )
 *
 *   header  V  UIDVALIDITY, decimal, 1..2^32-1; needed
 *           N  next UID, decimal, not 0; needed. Too low: raised to the last UID + 1
 *           G  the mailbox's GUID, 32 hexadecimal digits, not all zero
 *           any other key is kept
 *   line    UID  decimal, 1..4294967294, greater than the one before
 *           W    size in bytes with every line ending in CRLF, unless NAME has ",W="
 *           P    POP3 UIDL; an empty one means NAME
 *           O    POP3 order, decimal, lower first; lines without it follow, by UID
 *           any other key A-Z is kept (S: file size, G: message GUID)
 *           a field with another key, and an empty G, are dropped
 *           NAME the file's base name, not empty, without '/'; what follows a ':' is ignored
 *
 * In version 1, UIDNEXT must exceed every UID. A NAME that comes twice belongs to the later UID.
 * A line that breaks these rules ends the list: what stands above it is valid, and files listed
 * below it will get new UIDs. Version 3 is written.
 * Source: Dovecot 2.3 and 2.4 (lib-storage/index/maildir, observed).
 */
#pragma once

#include "finding.h"
#include "maildir-error.h"
#include "uid-state.h"

typedef struct MaildirUidlist MaildirUidlist;

/* Bytes that the list holds; @at 0 is "none". */
typedef struct {
    uint32_t at;
    uint32_t len;
} MaildirText;

typedef struct {
    uint32_t uid;
    uint32_t pop3_order;   /* 0: none */
    uint64_t virtual_size; /* 0: none */
    MaildirText name;
    MaildirText uidl;  /* none, or empty: the name is the UIDL */
    MaildirText other; /* all other fields, "Sn Gx", as they will be written */
} MaildirUidlistEntry;

#define MAILDIR_UIDLIST_NOT_FOUND SIZE_MAX

/* An empty list. @uids.uidvalidity must not be 0; uidnext is raised as UIDs are appended. */
MaildirUidlist *maildir_uidlist_new(MhUidState uids);
void maildir_uidlist_free(MaildirUidlist *list); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirUidlist, maildir_uidlist_free)

/* Reads a whole list. What is odd in lines becomes findings (which may be NULL). NULL with
 * MAILDIR_ERROR_FORMAT when the header cannot be used: a server then numbers everything anew. */
MaildirUidlist *maildir_uidlist_parse(MhSpan text, MhFindings *findings, GError **error);
/* The same, and keeps @text instead of a copy. */
MaildirUidlist *maildir_uidlist_parse_bytes(GBytes *bytes, MhFindings *findings, GError **error);
/* The line (the header is 1) at which reading stopped; 0: it reached the end. */
uint64_t maildir_uidlist_stopped_at(const MaildirUidlist *list);

MhUidState maildir_uidlist_uids(const MaildirUidlist *list);
/* A lower uidnext than the list needs is raised. */
void maildir_uidlist_set_uids(MaildirUidlist *list, MhUidState uids);
/* The header's fields that are not ours to know: "Kvalue Kvalue"; empty when there are none. */
MhSpan maildir_uidlist_header_other(const MaildirUidlist *list);
/* The GUID's 32 digits; empty when there is none. */
MhSpan maildir_uidlist_guid(const MaildirUidlist *list);

size_t maildir_uidlist_length(const MaildirUidlist *list);
/* Borrowed; valid until the next append. The caller may change the two numbers. */
MaildirUidlistEntry *maildir_uidlist_get(const MaildirUidlist *list, size_t index);
/* The bytes of one of the list's texts. Borrowed; valid until the next append or set. */
MhSpan maildir_uidlist_text(const MaildirUidlist *list, MaildirText text);
/* The index of the entry of @name (a base name); MAILDIR_UIDLIST_NOT_FOUND. */
size_t maildir_uidlist_find(const MaildirUidlist *list, MhSpan name);
/* The index of the entry of @uid; MAILDIR_UIDLIST_NOT_FOUND. */
size_t maildir_uidlist_find_uid(const MaildirUidlist *list, uint32_t uid);

/* Appends a message, whose other fields are empty. NULL with MAILDIR_ERROR_VALUE when @uid does
 * not ascend or is past MH_UID_MAX, the name is listed already, or cannot be written (empty, or
 * with NUL, CR, LF, '/' or ':'). The entry is valid until the next append. */
MaildirUidlistEntry *maildir_uidlist_append(MaildirUidlist *list, uint32_t uid, MhSpan name,
                                            GError **error);
/* Appends @entry of @from, another list, with all its fields, under its own UID or another. */
MaildirUidlistEntry *maildir_uidlist_append_from(MaildirUidlist *list, const MaildirUidlist *from,
                                                 const MaildirUidlistEntry *entry, uint32_t uid,
                                                 GError **error);
/* Could @uidl stand in a list: no space, no control character? */
bool maildir_uidlist_uidl_fits(MhSpan uidl);
/* Sets the POP3 UIDL of the entry at @index. False with MAILDIR_ERROR_VALUE when it does not
 * fit. */
bool maildir_uidlist_set_uidl(MaildirUidlist *list, size_t index, MhSpan uidl, GError **error);

/* The list as version 3. g_bytes_unref(). */
GBytes *maildir_uidlist_format(const MaildirUidlist *list);
