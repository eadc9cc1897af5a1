/* maildir-uidlist-writer: writes a dovecot-uidlist line by line, without holding it in memory.
 *
 * The format is that of maildir-uidlist.h, version 3. Lines are added by ascending UID. The writer
 * remembers its first failure: add freely and look once, at finish.
 */
#pragma once

#include "maildir-carried.h"
#include "maildir-uidlist.h"

typedef struct {
    int fd; /* the caller's */
    GString *buffer;
    GError *failure; /* the first; NULL: none */
    uint32_t last_uid;
} MaildirUidlistWriter;

/* One line. */
typedef struct {
    uint32_t uid;
    uint64_t virtual_size; /* with has_virtual_size */
    bool has_virtual_size;
    MhSpan uidl;         /* data NULL: none */
    uint32_t pop3_order; /* 0: none */
    const char *carried; /* as maildir_carried_format() writes it; NULL: none */
    MhSpan other;        /* further fields; one that is written anew is left out */
    MhSpan base;
} MaildirUidlistLine;

/* Begins with the header. @like, which may be NULL, is the list before: its GUID and the fields of
 * its header that we do not know stay. A list without a GUID is given one. @source is field C, all
 * 0: none. @mark, which may be NULL, is a further one, "M". */
void maildir_uidlist_writer_begin(MaildirUidlistWriter *writer, int fd, MhUidState uids,
                                  const MaildirUidlist *like, MaildirUidlistSource source,
                                  const char *mark);
void maildir_uidlist_writer_add(MaildirUidlistWriter *writer, const MaildirUidlistLine *line);
/* The line of @entry under @uid. */
void maildir_uidlist_writer_keep(MaildirUidlistWriter *writer, const MaildirUidlistEntry *entry,
                                 uint32_t uid);
/* Writes what is left, and frees what the writer holds. @fd stays open. */
bool maildir_uidlist_writer_finish(MaildirUidlistWriter *writer, GError **error);
