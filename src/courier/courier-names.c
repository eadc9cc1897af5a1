#include "courier-names.h"

#include "courier-file-name.h"

#include <string.h>

/* Of where_len: the inode, or the number of one that needs more bits. */
#define INODE_MAX  ((UINT64_C(1) << (MH_MESSAGE_SIZE_BITS - 1)) - 1)
#define INODE_HELD (INODE_MAX + 1)

static const char *
tell(MhNames *base, const MhMessage *message)
{
    CourierNames *names = (CourierNames *)base;
    size_t len;
    if (!courier_names_file(names, message, &len))
        return NULL;
    g_string_truncate(names->room, len);
    return names->room->str;
}

static const char *
tell_file(MhNames *base, const MhMessage *message, bool *out_is_new)
{
    CourierNames *names = (CourierNames *)base;
    size_t len;
    *out_is_new = courier_names_place(message).is_new;
    return courier_names_file(names, message, &len) ? names->room->str : NULL;
}

static bool
check(const MhNames *base, GError **error)
{
    const CourierNames *names = (const CourierNames *)base;
    if (!mh_line_text_check(names->text, error))
        return false;
    if (names->failed)
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                            "a list of Courier's was changed while it was read");
    return !names->failed;
}

static void
free_names(MhNames *base)
{
    CourierNames *names = (CourierNames *)base;
    mh_line_text_free(names->text);
    g_byte_array_unref(names->held);
    g_array_unref(names->inodes);
    g_string_free(names->room, TRUE);
    g_free(names);
}

CourierNames *
courier_names_new(MhLineText *text, CourierNamesLine base_of)
{
    CourierNames *names = g_new0(CourierNames, 1);
    names->names = (MhNames){
        .refs = 1, .tell = tell, .tell_file = tell_file, .check = check, .free = free_names};
    names->text = text;
    names->base_of = base_of;
    names->held = g_byte_array_new();
    names->inodes = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    names->room = g_string_new(NULL);
    return names;
}

void
courier_names_set_inode(CourierNames *names, MhMessage *message, uint64_t inode)
{
    uint64_t stored = inode;
    if (inode > INODE_MAX) {
        stored = INODE_HELD + names->inodes->len;
        g_array_append_val(names->inodes, inode);
    }
    message->where_len = stored & MH_MESSAGE_SIZE_MAX;
}

uint64_t
courier_names_inode(const CourierNames *names, const MhMessage *message)
{
    uint64_t stored = message->where_len;
    return stored <= INODE_MAX ? stored
                               : g_array_index(names->inodes, uint64_t, stored - INODE_HELD);
}

uint32_t
courier_names_hold(CourierNames *names, const char *name)
{
    uint32_t place = names->held->len;
    g_byte_array_append(names->held, (const guint8 *)name, (guint)strlen(name) + 1);
    return place;
}

const char *
courier_names_read(CourierNames *names, CourierNamesPlace place, size_t *out_base_len)
{
    MhSpan line, base;
    uint64_t next;
    char info[3 + MH_FLAG_LETTERS_MAX + 1] = ":2,";
    size_t info_len = 3;
    g_string_truncate(names->room, 0);
    if (place.is_held) {
        g_string_append(names->room, (const char *)names->held->data + place.place);
        *out_base_len = courier_file_name_base(mh_span(names->room->str, names->room->len)).len;
        return names->room->str;
    }
    if (!mh_line_text_get(names->text, place.place, &line, &next) || !names->base_of(line, &base) ||
        base.len == 0)
        return NULL;
    if (!place.is_bare)
        info_len += mh_flags_to_maildir(place.flags, info + info_len);
    else
        info_len = 0;
    g_string_set_size(names->room, base.len + info_len);
    memcpy(names->room->str, base.data, base.len);
    memcpy(names->room->str + base.len, info, info_len);
    *out_base_len = base.len;
    return names->room->str;
}

bool
courier_names_file(CourierNames *names, const MhMessage *message, size_t *out_base_len)
{
    if (courier_names_read(names, courier_names_place(message), out_base_len) != NULL)
        return true;
    names->failed = true;
    *out_base_len = 0;
    return false;
}
