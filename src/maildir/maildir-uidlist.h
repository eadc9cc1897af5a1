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
 *           C  ours: "C" CHANGED "," UIDNEXT [",r"], what the source was when it was carried:
 *              the latest ctime of the mailbox, decimal nanoseconds since 1970, and its next UID,
 *              0 for none; so that what it has got since can be told from what is missing here.
 *              ",r": messages that it has no UIDs of came, or moved, before others since
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
#include "line-text.h"
#include "maildir-error.h"
#include "uid-state.h"

typedef struct MaildirUidlist MaildirUidlist;

/* What the source was when it was carried. */
typedef struct {
    int64_t changed_ns; /* since 1970; 0: not known */
    uint32_t uidnext;   /* 0: none */
    bool reordered;     /* its messages without UIDs are in another order than those here */
} MaildirUidlistSource;

/* One line. The spans are borrowed until the list is asked for anything else. */
typedef struct {
    uint32_t uid;
    uint32_t pop3_order;   /* 0: none */
    uint64_t virtual_size; /* 0: none */
    MhSpan name;
    MhSpan uidl;  /* data NULL: none; none, or empty: the name is the UIDL */
    MhSpan other; /* all other fields, "Sn Gx", as they will be written */
} MaildirUidlistEntry;

#define MAILDIR_UIDLIST_NOT_FOUND SIZE_MAX
#define MAILDIR_GUID_DIGITS       32
/* A larger file is no list. */
#define MAILDIR_UIDLIST_BYTES_MAX (UINT32_C(1) << 30)

/* An empty list. @uids.uidvalidity must not be 0. */
MaildirUidlist *maildir_uidlist_new(MhUidState uids);
void maildir_uidlist_free(MaildirUidlist *list); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirUidlist, maildir_uidlist_free)

/* Reads a whole list. What is odd in lines becomes findings (which may be NULL). NULL with
 * MAILDIR_ERROR_FORMAT when the header cannot be used: a server then numbers everything anew. */
MaildirUidlist *maildir_uidlist_parse(MhSpan text, MhFindings *findings, GError **error);
/* The same of a file, of which @text knows the lines: it is taken, on error as well, and is where
 * they are read again. */
MaildirUidlist *maildir_uidlist_parse_text(MhLineText *text, MhFindings *findings, GError **error);
/* The line (the header is 1) at which reading stopped; 0: it reached the end. */
uint64_t maildir_uidlist_stopped_at(const MaildirUidlist *list);

MhUidState maildir_uidlist_uids(const MaildirUidlist *list);
/* The header's fields that are not ours to know: "Kvalue Kvalue"; empty when there are none. */
MhSpan maildir_uidlist_header_other(const MaildirUidlist *list);
/* The header's field C; all 0: it has none. */
MaildirUidlistSource maildir_uidlist_source(const MaildirUidlist *list);
/* Takes the next field of a line or header off @rest, and the spaces behind it. Nothing but a space
 * parts fields; @rest must not be empty. */
MhSpan maildir_uidlist_take_field(MhSpan *rest);

/* The GUID's 32 digits; empty when there is none. */
MhSpan maildir_uidlist_guid(const MaildirUidlist *list);

size_t maildir_uidlist_length(const MaildirUidlist *list);
/* False, with @out empty, when the file can no longer be read: see maildir_uidlist_check(). */
bool maildir_uidlist_get(const MaildirUidlist *list, size_t index, MaildirUidlistEntry *out);
/* The index of the entry of @name (a base name), which is @out then; MAILDIR_UIDLIST_NOT_FOUND. */
size_t maildir_uidlist_find(const MaildirUidlist *list, MhSpan name, MaildirUidlistEntry *out);

/* Where the line of an entry begins; never 0. It can be read there when the index is gone. */
uint32_t maildir_uidlist_place(const MaildirUidlist *list, size_t index);
bool maildir_uidlist_read(const MaildirUidlist *list, uint32_t place, MaildirUidlistEntry *out);
/* Frees what finds entries by index and name: a large list has a megabyte of it and more. */
void maildir_uidlist_forget_index(MaildirUidlist *list);
/* False with @error when a line could not be read again. */
bool maildir_uidlist_check(const MaildirUidlist *list, GError **error);

/* Could @uidl stand in a list: no space, no control character? */
bool maildir_uidlist_uidl_fits(MhSpan uidl);
