/* access-list: who may do what with a folder, whatever server wrote it down.
 *
 * Rights and their letters are those of RFC 4314, section 2.1. An access list is a GArray of
 * MhAccessEntry; what one may do is the union of the entries that fit, less the union of the
 * negative ones that fit.
 */
#pragma once

#include "bytes.h"

typedef enum {
    MH_ACCESS_OWNER,
    MH_ACCESS_ANYONE, /* "anyone", logged in or not */
    MH_ACCESS_USER,
    MH_ACCESS_GROUP,
    MH_ACCESS_OTHER, /* an identifier that we know no meaning of; name holds all of it */
} MhAccessKind;

typedef uint16_t MhRights;

enum {
    MH_RIGHT_LOOKUP = 1 << 0,         /* l */
    MH_RIGHT_READ = 1 << 1,           /* r */
    MH_RIGHT_SEEN = 1 << 2,           /* s: keep \Seen */
    MH_RIGHT_WRITE = 1 << 3,          /* w: flags other than \Seen and \Deleted */
    MH_RIGHT_INSERT = 1 << 4,         /* i */
    MH_RIGHT_POST = 1 << 5,           /* p */
    MH_RIGHT_CREATE = 1 << 6,         /* k (Courier: c): make subfolders */
    MH_RIGHT_DELETE_FOLDER = 1 << 7,  /* x */
    MH_RIGHT_DELETE_MESSAGE = 1 << 8, /* t: set \Deleted */
    MH_RIGHT_EXPUNGE = 1 << 9,        /* e */
    MH_RIGHT_ADMINISTER = 1 << 10,    /* a */
    MH_RIGHTS_ALL = (1 << 11) - 1,
};

typedef struct {
    MhAccessKind kind;
    char *name; /* bytes, most likely UTF-8; NULL with OWNER and ANYONE */
    bool negative;
    MhRights rights;
} MhAccessEntry;

static inline void
mh_access_entry_clear(void *entry)
{
    g_free(((MhAccessEntry *)entry)->name);
}

/* An empty access list; free it with g_array_unref(). */
static inline GArray *
mh_access_list_new(void)
{
    GArray *list = g_array_new(FALSE, TRUE, sizeof(MhAccessEntry));
    g_array_set_clear_func(list, mh_access_entry_clear);
    return list;
}

static inline MhAccessEntry *
mh_access_list_get(const GArray *list, size_t index)
{
    return &g_array_index(list, MhAccessEntry, index);
}
