/* maildir-uidlist-private: the list in memory, shared by the files that keep, read and write it. */
#pragma once

#include "maildir-uidlist.h"

/* One place of the name index: an open hash table with linear probing. */
typedef struct {
    uint32_t hash;
    uint32_t number; /* the entry's index + 1; 0: free */
} MaildirUidlistSlot;

struct MaildirUidlist {
    MhUidState uids;
    uint64_t stopped_at;
    MaildirText guid;
    MaildirText header_other; /* "Kvalue Kvalue" */
    GString *texts;           /* the file as it was read, and what was appended since */
    GArray *entries;          /* of MaildirUidlistEntry, UIDs ascending */
    MaildirUidlistSlot *slots;
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
