/* maildir-uidlist-private: the list in memory, shared by the files that keep, read and write it. */
#pragma once

#include "maildir-uidlist.h"

struct MaildirUidlist {
    MhUidState uids;
    uint64_t stopped_at;
    MaildirText guid;
    MaildirText header_other; /* "Kvalue Kvalue" */
    GBytes *read;             /* the file as it was read; NULL: it was not */
    MhSpan read_text;         /* the same; texts below its length are in it */
    GString *kept;            /* texts that are not in the file */
    GArray *entries;          /* of MaildirUidlistEntry, UIDs ascending */
    uint32_t *slots;   /* the name index, an open hash table: an entry's index + 1; 0: free */
    size_t slot_count; /* a power of two, at least twice the entries */
    uint8_t hash_key[16];
};

/* Makes room for so many entries; more are welcome. */
void maildir_uidlist_reserve(MaildirUidlist *list, size_t entries);
MaildirText maildir_uidlist_keep(MaildirUidlist *list, MhSpan bytes);
/* Adds what is valid already. Returns the index of an older entry of the same name, which has now
 * left the name index, or MAILDIR_UIDLIST_NOT_FOUND. */
size_t maildir_uidlist_add(MaildirUidlist *list, const MaildirUidlistEntry *entry);
/* Removes the entries whose uid is 0. */
void maildir_uidlist_compact(MaildirUidlist *list);
