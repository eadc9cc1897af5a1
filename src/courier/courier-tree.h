/* courier-tree: the folders of a Courier Maildir, and what else lies in its root.
 *
 * Courier shows a client every entry of the root that begins with '.', plain files and dangling
 * links too. A folder is one with a directory cur; a link to one is a folder as well. Links are
 * followed within the tree only.
 */
#pragma once

#include "finding.h"

typedef enum {
    COURIER_TREE_FOLDER,
    COURIER_TREE_NO_FOLDER, /* Courier may list it, but has no mail in it */
    COURIER_TREE_SHARED,    /* other people's folders */
    COURIER_TREE_REPORT,    /* not carried, and somebody should know */
    COURIER_TREE_NESTED,    /* a Maildir that Courier does not see */
    COURIER_TREE_OTHER,     /* nothing that we know, or another server's */
} CourierTreeKind;

typedef struct {
    CourierTreeKind kind;
    char *name;   /* of the entry: ".a.b"; "." is INBOX */
    char *reason; /* printable: why it is no folder, or what it is; NULL with FOLDER */
    char *error;  /* with FOLDER: why it cannot be said whether it is one; else NULL */
    bool is_link;
    bool leads_out; /* the link leads out of the tree: nothing of it can be carried */
} CourierTreeEntry;

void courier_tree_entry_free(CourierTreeEntry *entry);

/* Everything in the root but cur, new, tmp and Courier's own state files: INBOX first (when there
 * is one), then in the order of bytes. A GPtrArray of CourierTreeEntry; NULL when the root cannot
 * be read. */
GPtrArray *courier_tree_list(int rootfd, MhFindings *findings, GError **error);
