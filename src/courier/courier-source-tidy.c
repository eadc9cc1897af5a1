/* The index of a large folder in which nothing is odd, in few bytes a message. See
 * courier-source-tidy.h. */
#include "courier-source-tidy.h"

#include "courier-file-name.h"
#include "courier-pop3-sizelist.h"
#include "courier-sort.h"
#include "courier-tidy-pop3.h"
#include "courier-uiddb.h"
#include "size-limits.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A file that no line is about. */
typedef struct {
    uint32_t held; /* its name */
    bool is_new;
} Unlisted;

/* While the folder is read. Until its file is met, a message has the place of its line in where,
 * and the keyed hash of its name in the place of its identity. */
typedef struct {
    CourierSource *source;
    CourierNames *names;
    MhMailbox *out;
    bool has_uids;     /* the list is that of UIDs, not the POP3 server's */
    int version;       /* of the latter */
    uint32_t last_uid; /* of the lines so far */
    GString *last;     /* without UIDs: the base name of the last one */
    uint32_t *slots;   /* of the messages by that hash: index + 1; 0: free */
    size_t slot_count;
    GArray *unlisted;        /* of Unlisted */
    CourierTidyOrder *order; /* of the POP3 server; NULL: none is wanted */
    bool lists_new;          /* new/ is being read */
    bool odd;
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
} Tidy;

/* In where_len, while the folder is read. */
enum { NOT_MET, MET };

/* ---- the list ----------------------------------------------------------------------------- */

static uint64_t
hash_of(const Tidy *tidy, MhSpan base)
{
    uint64_t hash;
    G_STATIC_ASSERT(sizeof hash == crypto_shorthash_BYTES && sizeof hash <= MH_DIGEST_BYTES);
    crypto_shorthash((unsigned char *)&hash, base.data, base.len, tidy->hash_key);
    return hash;
}

static uint64_t
hash_at(const Tidy *tidy, size_t index)
{
    uint64_t hash;
    memcpy(&hash, mh_mailbox_get(tidy->out, index)->id.bytes, sizeof hash);
    return hash;
}

/* The slot of the message whose line has this hash, or the free one where it belongs. */
static uint32_t *
find_slot(const Tidy *tidy, uint64_t hash)
{
    size_t at = (size_t)((hash >> 32) * tidy->slot_count >> 32);
    while (tidy->slots[at] != 0 && hash_at(tidy, tidy->slots[at] - 1) != hash)
        at = at + 1 < tidy->slot_count ? at + 1 : 0;
    return &tidy->slots[at];
}

/* A line of the POP3 server's list. It writes them in the order of names, which is nearly always
 * the one that an IMAP client would see. */
static bool
take_pop3_line(const Tidy *tidy, MhSpan line, CourierUiddbLine *out)
{
    CourierPop3Line listed;
    size_t at;
    CourierEra era = tidy->source->options.era;
    MhSpan last = mh_span(tidy->last->str, tidy->last->len);
    if (!courier_pop3_sizelist_plain_line(line, tidy->version, era, &listed))
        return false;
    *out = (CourierUiddbLine){.name = courier_file_name_base(listed.name)};
    if (out->name.len == 0 || mh_span_find(out->name, '\r', &at) ||
        mh_span_find(out->name, '\0', &at) || mh_span_find(out->name, '/', &at))
        return false;
    return last.len == 0 || courier_sort_compare(last, out->name, COURIER_SORT_IMAP) < 0;
}

static bool
take_line(const Tidy *tidy, MhSpan line, CourierUiddbLine *out)
{
    return tidy->has_uids ? courier_uiddb_plain_line(line, out) && out->uid > tidy->last_uid
                          : take_pop3_line(tidy, line, out);
}

static bool
add_line(Tidy *tidy, MhSpan line, uint64_t at)
{
    CourierUiddbLine listed;
    if (!take_line(tidy, line, &listed))
        return false;
    MhMessage *message = mh_mailbox_add(tidy->out);
    uint64_t hash = hash_of(tidy, listed.name);
    message->uid = tidy->last_uid = listed.uid;
    if (!tidy->has_uids) {
        g_string_truncate(tidy->last, 0);
        g_string_append_len(tidy->last, (const char *)listed.name.data, (gssize)listed.name.len);
    }
    courier_names_set_place(message, (CourierNamesPlace){.place = (uint32_t)at});
    memcpy(message->id.bytes, &hash, sizeof hash);
    return true;
}

static bool
take_header(Tidy *tidy, MhSpan line)
{
    CourierPop3Sizelist header;
    if (tidy->has_uids)
        return courier_uiddb_plain_header(line, &tidy->out->uids);
    bool plain = courier_pop3_sizelist_plain_header(line, tidy->source->options.era, &header);
    tidy->version = header.version;
    return plain;
}

/* One message a line. False when there is anything odd about the list. */
static bool
read_lines(Tidy *tidy)
{
    MhLineText *text = tidy->names->text;
    MhSpan line;
    uint64_t at = 0, next, size = mh_line_text_size(text);
    if (size > UINT32_MAX || !mh_line_text_get(text, 0, &line, &at) || !take_header(tidy, line))
        return false;
    for (; at < size; at = next) {
        if (!mh_line_text_get(text, at, &line, &next) || !add_line(tidy, line, at))
            return false;
    }
    return !tidy->has_uids || tidy->out->uids.uidnext > tidy->last_uid;
}

/* False when two names seem to be equal. */
static bool
fill_slots(Tidy *tidy)
{
    size_t count = mh_mailbox_length(tidy->out);
    tidy->slot_count = count + count / 2 + 16;
    tidy->slots = g_new0(uint32_t, tidy->slot_count);
    for (size_t i = 0; i < count; i++) {
        uint32_t *slot = find_slot(tidy, hash_at(tidy, i));
        if (*slot != 0)
            return false;
        *slot = (uint32_t)i + 1;
    }
    return true;
}

static bool
read_list(Tidy *tidy)
{
    struct stat st;
    const char *name = tidy->has_uids ? "courierimapuiddb" : "courierpop3dsizelist";
    int fd = mh_open_file(tidy->source->folderfd, name, MH_LINKS_BENEATH, &st, NULL);
    MhLineText *text = fd >= 0 && (uint64_t)st.st_size <= MH_LIMIT_STATE_FILE_BYTES
                           ? mh_line_text_open_lasting(fd, (uint64_t)st.st_size, NULL)
                           : NULL;
    if (text == NULL)
        return false;
    tidy->names = courier_names_new(text, tidy->has_uids ? courier_uiddb_line_base
                                                         : courier_pop3_sizelist_line_base);
    return read_lines(tidy) && fill_slots(tidy);
}

/* ---- the directories ---------------------------------------------------------------------- */

/* What stands behind the base of a file that a line is about. */
static bool
is_plain_info(MhSpan info, MhFlags flags)
{
    char letters[MH_FLAG_LETTERS_MAX + 1];
    mh_flags_to_maildir(flags, letters);
    return info.len == 0 || (mh_span_starts_with(info, MH_SPAN_LITERAL(":2,")) &&
                             mh_span_equal(mh_span_from(info, 3), mh_span_from_string(letters)));
}

/* Is the line about this file? Only one that is not called as others is must be compared at once:
 * the name of any other is found on the disk, or not. */
static bool
meet(Tidy *tidy, MhMessage *message, const char *entry, MhSpan base)
{
    MhSpan whole = mh_span_from_string(entry), info = mh_span_from(whole, base.len);
    CourierNamesPlace place = courier_names_place(message);
    size_t len;
    if (message->where_len == MET)
        return false;
    place.flags = courier_file_name_flags(whole);
    place.is_bare = info.len == 0;
    if (!is_plain_info(info, place.flags)) {
        const char *listed = courier_names_read(tidy->names, place, &len);
        if (listed == NULL || !mh_span_equal(mh_span(listed, len), base))
            return false;
        place.place = courier_names_hold(tidy->names, entry);
        place.is_held = true;
    }
    courier_names_set_place(message, place);
    message->where_len = MET;
    return true;
}

static bool
take_file(Tidy *tidy, const char *entry)
{
    size_t at;
    MhDigest id;
    MhSpan base = courier_file_name_base(mh_span_from_string(entry));
    const CourierSourceOptions *options = &tidy->source->options;
    if (base.len == 0 || mh_span_find(base, '\n', &at) || mh_span_find(base, '\r', &at) ||
        (options->own_identity != NULL && options->own_identity(base, &id)))
        return false;
    uint32_t index = *find_slot(tidy, hash_of(tidy, base));
    if (index != 0)
        return !tidy->lists_new && meet(tidy, mh_mailbox_get(tidy->out, index - 1), entry, base);
    Unlisted unlisted = {.held = courier_names_hold(tidy->names, entry), .is_new = tidy->lists_new};
    g_array_append_val(tidy->unlisted, unlisted);
    return true;
}

static void
take_entry(const char *entry, void *user)
{
    Tidy *tidy = user;
    if (entry[0] != '.' && !tidy->odd)
        tidy->odd = !take_file(tidy, entry);
}

static bool
list_files(Tidy *tidy)
{
    const CourierSource *source = tidy->source;
    if (!mh_list_dir_each(source->curfd, take_entry, tidy, NULL))
        return false;
    tidy->lists_new = true;
    return source->newfd < 0 || mh_list_dir_each(source->newfd, take_entry, tidy, NULL);
}

/* ---- what the list is not about ----------------------------------------------------------- */

static MhSpan
unlisted_name(const Tidy *tidy, const Unlisted *unlisted)
{
    return mh_span_from_string((const char *)tidy->names->held->data + unlisted->held);
}

static gint
compare_unlisted(gconstpointer a, gconstpointer b, gpointer tidy)
{
    return courier_sort_compare(unlisted_name(tidy, a), unlisted_name(tidy, b), COURIER_SORT_IMAP);
}

/* Without UIDs all mail is in the order of names: is the first of those that are not listed behind
 * the last of those that are? */
static bool
comes_behind(const Tidy *tidy, const Unlisted *first)
{
    MhSpan last = mh_span(tidy->last->str, tidy->last->len);
    return tidy->has_uids || last.len == 0 ||
           courier_sort_compare(last, unlisted_name(tidy, first), COURIER_SORT_IMAP) < 0;
}

/* They get the next UIDs in Courier's order. False when two have one name, or UIDs run out. */
static bool
add_unlisted(Tidy *tidy)
{
    GArray *unlisted = tidy->unlisted;
    MhUidState *uids = &tidy->out->uids;
    g_array_sort_with_data(unlisted, compare_unlisted, tidy);
    tidy->out->foretold = uids->uidnext;
    for (guint i = 0; i < unlisted->len; i++) {
        const Unlisted *file = &g_array_index(unlisted, Unlisted, i);
        if (uids->uidnext >= MH_UID_MAX ||
            (i > 0 ? compare_unlisted(file - 1, file, tidy) == 0 : !comes_behind(tidy, file)))
            return false;
        MhMessage *message = mh_mailbox_add(tidy->out);
        CourierNamesPlace place = {.place = file->held,
                                   .is_held = true,
                                   .is_new = file->is_new,
                                   .flags = courier_file_name_flags(unlisted_name(tidy, file))};
        courier_names_set_place(message, place);
        message->where_len = MET;
        message->uid = tidy->has_uids ? uids->uidnext++ : 0;
    }
    return true;
}

/* ---- messages ----------------------------------------------------------------------------- */

/* False when it is not a plain file by the name that it should have. @index is what the message's
 * will be. */
static bool
look_at(Tidy *tidy, MhMessage *message, uint32_t index)
{
    const CourierSource *source = tidy->source;
    CourierNamesPlace place = courier_names_place(message);
    struct stat st;
    size_t base_len;
    const char *name = courier_names_read(tidy->names, place, &base_len);
    if (name == NULL ||
        fstatat(place.is_new ? source->newfd : source->curfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (tidy->names->device == 0)
        tidy->names->device = st.st_dev;
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > MH_LIMIT_MESSAGE_BYTES ||
        st.st_dev != tidy->names->device || st.st_mtim.tv_sec < 0 ||
        st.st_mtim.tv_sec > (int64_t)UINT32_MAX)
        return false;
    message->id = source->options.ids_of_files ? courier_source_file_id(name, place.is_new)
                                               : mh_digest_of(mh_span(name, base_len));
    message->flags = (uint32_t)place.flags & MH_FLAGS_ALL;
    message->is_new = place.is_new;
    message->internaldate = (uint32_t)st.st_mtim.tv_sec;
    message->size_bytes = (uint64_t)st.st_size & MH_MESSAGE_SIZE_MAX;
    courier_names_set_inode(tidy->names, message, st.st_ino);
    tidy->names->odd_sizes |=
        courier_source_may_have_wrong_size(mh_span(name, base_len), message->size_bytes);
    return tidy->order == NULL ||
           courier_tidy_order_add(tidy->order, index, place.is_new, base_len);
}

/* Looks at the files in the order of UIDs, which is nearly that in which they came to the disk.
 * Messages whose files have gone go as well. */
static bool
look_at_all(Tidy *tidy)
{
    GArray *messages = tidy->out->messages;
    guint kept = 0;
    for (guint i = 0; i < messages->len; i++) {
        MhMessage *message = mh_mailbox_get(tidy->out, i);
        if (message->where_len == NOT_MET)
            continue;
        if (!look_at(tidy, message, kept))
            return false;
        *mh_mailbox_get(tidy->out, kept++) = *message;
    }
    g_array_set_size(messages, kept);
    return true;
}

/* ---- together ----------------------------------------------------------------------------- */

static bool
wants_uidls(const CourierSource *source)
{
    return source->is_inbox && source->options.uidl != COURIER_UIDL_NONE;
}

/* Is it worth trying? */
static bool
may_be_tidy(const CourierSource *source)
{
    const CourierSourceOptions *options = &source->options;
    bool of_names = wants_uidls(source) &&
                    (options->uidl == COURIER_UIDL_FILE_NAMES || options->era == COURIER_ERA_OLD);
    bool has_list = source->stamps[COURIER_STAMP_UIDDB].inode != 0 ||
                    (wants_uidls(source) && source->stamps[COURIER_STAMP_SIZELIST].inode != 0);
    return !source->source.careful && options->shared_path == NULL && !of_names && has_list;
}

static void
set_out(Tidy *tidy, MhFindings *findings)
{
    CourierSource *source = tidy->source;
    source->tidy = tidy->names;
    mh_names_ref(&tidy->names->names);
    mh_mailbox_set_names(tidy->out, &tidy->names->names);
    if (!tidy->has_uids && mh_mailbox_length(tidy->out) > 0)
        mh_findings_add(findings, MH_FINDING_COURIER_UIDS_NONE, NULL);
    if (wants_uidls(source) && source->stamps[COURIER_STAMP_SIZELIST].inode == 0 &&
        mh_mailbox_length(tidy->out) > 0)
        mh_findings_add(findings, MH_FINDING_COURIER_POP3_LIST_NONE, NULL);
}

bool
courier_source_add_tidy(CourierSource *source, MhMailbox *out, MhFindings *findings)
{
    Tidy tidy = {.source = source, .out = out};
    if (!may_be_tidy(source))
        return false;
    randombytes_buf(tidy.hash_key, sizeof tidy.hash_key);
    tidy.has_uids = source->stamps[COURIER_STAMP_UIDDB].inode != 0;
    tidy.last = g_string_new(NULL);
    tidy.unlisted = g_array_new(FALSE, FALSE, sizeof(Unlisted));
    bool good = read_list(&tidy) && list_files(&tidy) && !tidy.odd;
    g_free(tidy.slots);
    if (good && wants_uidls(source))
        tidy.order = courier_tidy_order_new(tidy.names, out);
    good = good && add_unlisted(&tidy) && look_at_all(&tidy) &&
           (tidy.order == NULL || courier_tidy_pop3_add(source, tidy.order, out)) &&
           mh_line_text_check(tidy.names->text, NULL);
    courier_tidy_order_free(tidy.order);
    g_array_unref(tidy.unlisted);
    g_string_free(tidy.last, TRUE);
    if (good)
        set_out(&tidy, findings);
    courier_names_unref(tidy.names);
    return good;
}
