/* courier-names: the names of a large folder's messages, told from a list of Courier's and not
 * held.
 *
 * Nearly every file in cur/ is called as its line in courierimapuiddb says (courierpop3dsizelist,
 * where only POP3 is used), then ":2,", then the letters of its flags in the order D F R S T, or
 * nothing at all. Of such a file the place of the line and the flags are enough; the name of any
 * other is held. The list stays open: Courier puts a new one in its place and leaves the old one as
 * it is. Should somebody else write into it, that shows (see line-text.h), and no name comes to be
 * told wrong.
 */
#pragma once

#include "line-text.h"
#include "mailbox.h"

/* The base name of which a plain line of the list is. False when it is of none. */
typedef bool (*CourierNamesLine)(MhSpan line, MhSpan *out_base);

typedef struct {
    MhNames names;
    MhLineText *text;
    CourierNamesLine base_of;
    GByteArray *held; /* names that the list does not tell; NUL-terminated */
    GArray *inodes;   /* of uint64_t: those that a message has no room for */
    GString *room;    /* the name told last */
    uint64_t device;  /* of all files; 0: not known yet */
    bool odd_sizes;   /* a name may have a size that is not its message's */
    bool failed;      /* a name could not be told */
} CourierNames;

/* What a message has in its where. */
typedef struct {
    uint32_t place; /* where its line is, or its name in held */
    bool is_held;
    bool is_bare; /* the name has no info */
    bool is_new;  /* in new/ */
    MhFlags flags;
} CourierNamesPlace;

/* Takes @text, the list, which lasts; lines of which names are told must be plain. */
CourierNames *courier_names_new(MhLineText *text, CourierNamesLine base_of);
static inline void
courier_names_unref(CourierNames *names)
{
    if (names != NULL)
        mh_names_unref(&names->names);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CourierNames, courier_names_unref)

/* Bits of where: the place, the flags, and three that say what it is. */
#define COURIER_NAMES_PLACE_BITS 32
#define COURIER_NAMES_FLAGS_BITS 5
#define COURIER_NAMES_HELD       (UINT64_C(1) << (COURIER_NAMES_PLACE_BITS + COURIER_NAMES_FLAGS_BITS))
#define COURIER_NAMES_BARE       (COURIER_NAMES_HELD << 1)
#define COURIER_NAMES_NEW        (COURIER_NAMES_HELD << 2)
G_STATIC_ASSERT(COURIER_NAMES_NEW <= MH_MESSAGE_SIZE_MAX);
G_STATIC_ASSERT(MH_FLAGS_ALL < 1 << COURIER_NAMES_FLAGS_BITS);

static inline void
courier_names_set_place(MhMessage *message, CourierNamesPlace place)
{
    uint64_t flags = place.flags & MH_FLAGS_ALL;
    message->where =
        (place.place | flags << COURIER_NAMES_PLACE_BITS |
         (place.is_held ? COURIER_NAMES_HELD : 0) | (place.is_bare ? COURIER_NAMES_BARE : 0) |
         (place.is_new ? COURIER_NAMES_NEW : 0)) &
        MH_MESSAGE_SIZE_MAX;
}

static inline CourierNamesPlace
courier_names_place(const MhMessage *message)
{
    uint64_t where = message->where;
    return (CourierNamesPlace){.place = (uint32_t)where,
                               .flags = where >> COURIER_NAMES_PLACE_BITS & MH_FLAGS_ALL,
                               .is_held = (where & COURIER_NAMES_HELD) != 0,
                               .is_bare = (where & COURIER_NAMES_BARE) != 0,
                               .is_new = (where & COURIER_NAMES_NEW) != 0};
}

/* In where_len; all ones, which the sizes use, is never among them. */
void courier_names_set_inode(CourierNames *names, MhMessage *message, uint64_t inode);
uint64_t courier_names_inode(const CourierNames *names, const MhMessage *message);

/* Holds a name, and says where it is. */
uint32_t courier_names_hold(CourierNames *names, const char *name);

/* The name of a file. NULL when it cannot be read. Borrowed until the next call. */
const char *courier_names_read(CourierNames *names, CourierNamesPlace place, size_t *out_base_len);
/* The name of a message's file, in @names->room. False, and it is empty, when it cannot be told any
 * more. */
bool courier_names_file(CourierNames *names, const MhMessage *message, size_t *out_base_len);
