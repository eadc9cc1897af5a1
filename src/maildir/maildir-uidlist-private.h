/* maildir-uidlist-private: the list in memory, shared by the files that keep and read it. */
#pragma once

#include "maildir-uidlist.h"

/* Where an entry is: a list of a million messages is a million of them, and lines are read again
 * when they are wanted. */
typedef struct {
    uint32_t uid; /* 0: a later line has its name */
    uint32_t at;  /* where its line begins */
} MaildirUidlistPlace;

struct MaildirUidlist {
    MhUidState uids;
    uint64_t stopped_at;
    int version;    /* of the text */
    GString *guid;  /* empty: none */
    GString *other; /* of the header: "Kvalue Kvalue" */
    MaildirUidlistSource source;
    MhLineText *text;  /* NULL: the list is empty */
    GString *apart;    /* room for the other fields of a line that do not stand side by side */
    GString *name;     /* room for the name that is looked for */
    GArray *places;    /* of MaildirUidlistPlace, UIDs ascending */
    uint32_t *slots;   /* the name index, an open hash table: an entry's index + 1; 0: free */
    size_t slot_count; /* at least twice the entries */
    uint8_t hash_key[16];
};

/* Makes room for so many entries; before the first is added. */
void maildir_uidlist_reserve(MaildirUidlist *list, size_t entries);
/* Adds what is valid already. Returns the index of an older entry of the same name, which has now
 * left the name index, or MAILDIR_UIDLIST_NOT_FOUND. */
size_t maildir_uidlist_add(MaildirUidlist *list, MaildirUidlistPlace place, MhSpan name);
/* Removes the entries whose uid is 0. */
void maildir_uidlist_compact(MaildirUidlist *list);

/* Takes a line apart. NULL, or why the list ends above it. @findings may be NULL. */
const char *maildir_uidlist_parse_line(const MaildirUidlist *list, MhSpan line, uint64_t number,
                                       MhFindings *findings, MaildirUidlistEntry *out);
