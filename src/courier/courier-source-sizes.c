/* The sizes of messages with CR LF: known from before, in the POP3 server's list, or counted in the
 * files. See courier-virtual-size.h for what makes a listed size credible. */
#include "courier-file-name.h"
#include "courier-sort.h"
#include "courier-source-private.h"
#include "courier-virtual-size.h"
#include "printable.h"

#include <stdlib.h>
#include <unistd.h>

/* In where_len: the message cannot be read, and is left out. */
#define UNREAD MH_MESSAGE_SIZE_MAX

typedef struct {
    CourierPop3 *pop3;
    MhMailbox *out;
    CourierPop3Message **to_read; /* what has to be read */
    CourierPop3Message **listed;  /* what has a size in the list that may be right */
    size_t to_read_count, listed_count;
} Sizes;

/* ---- what need not be read ---------------------------------------------------------------- */

static bool
is_known(const CourierSource *source, MhMessage *message)
{
    const CourierSourceOptions *options = &source->options;
    uint64_t virtual_size;
    bool listed;
    if (message->size_bytes == 0)
        return true;
    if (source->source.careful || options->known_size == NULL ||
        !options->known_size(
            options->known_size_data,
            courier_source_file_base(source, courier_source_file_of(source, message)),
            message->size_bytes, &virtual_size, &listed) ||
        (listed && options->sizes == COURIER_SIZES_READ))
        return false;
    message->virtual_size = virtual_size & MH_MESSAGE_SIZE_MAX;
    message->size_listed = listed;
    return true;
}

bool
courier_source_may_be_right(const CourierSource *source, const CourierListedSize *listed)
{
    uint64_t size_field;
    if (source->source.careful || source->options.sizes != COURIER_SIZES_LIST ||
        listed->mtime >= listed->list_mtime)
        return false;
    if (courier_file_name_size(listed->name, &size_field) && size_field != listed->size_bytes)
        return false;
    return courier_virtual_size_plausible(listed->size_bytes, listed->listed_bytes);
}

static bool
may_be_right(const CourierPop3 *pop3, const CourierPop3Message *item)
{
    const CourierPop3Line *line = courier_pop3_line(pop3, item);
    return line != NULL &&
           courier_source_may_be_right(
               pop3->source, &(CourierListedSize){.name = courier_pop3_name(pop3, item),
                                                  .size_bytes = item->message->size_bytes,
                                                  .mtime = courier_pop3_file(pop3, item)->mtime,
                                                  .listed_bytes = line->size_bytes,
                                                  .list_mtime = pop3->list_stat.st_mtim.tv_sec});
}

static void
sort_out(Sizes *sizes)
{
    CourierPop3 *pop3 = sizes->pop3;
    sizes->out->unread = g_strdup(pop3->source->unseen);
    for (guint i = 0; i < pop3->messages->len; i++) {
        CourierPop3Message *item = &g_array_index(pop3->messages, CourierPop3Message, i);
        if (courier_pop3_file(pop3, item)->is_unseen)
            item->message->where_len = UNREAD;
        else if (is_known(pop3->source, item->message))
            continue;
        else if (may_be_right(pop3, item))
            sizes->listed[sizes->listed_count++] = item;
        else
            sizes->to_read[sizes->to_read_count++] = item;
    }
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool
read_size(CourierSource *source, MhMessage *message, GError **error)
{
    CourierLineCount count;
    const CourierSourceFile *file = courier_source_file_of(source, message);
    int fd = courier_source_open_file(source, file, error);
    if (fd < 0)
        return false;
    bool good = courier_virtual_size_read(fd, true, &count, error);
    close(fd);
    if (good && count.size_bytes == message->size_bytes) {
        message->virtual_size = courier_virtual_size(&count) & MH_MESSAGE_SIZE_MAX;
        message->size_read = true;
        return true;
    }
    g_autofree char *shown = mh_printable_string(courier_source_file_name(source, file));
    if (good)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "message '%s' has changed its size",
                    shown);
    else
        g_prefix_error(error, "'%s': ", shown);
    return false;
}

/* A device that fails costs the message, not the folder. */
static bool
leave_out(const CourierPop3Message *item, MhMailbox *out, GError *failure, GError **error)
{
    if (!g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_IO)) {
        g_propagate_error(error, failure);
        return false;
    }
    if (out->unread == NULL)
        out->unread = g_strdup_printf("cannot read message %s", failure->message);
    item->message->where_len = UNREAD;
    g_error_free(failure);
    return true;
}

static bool
read_or_leave_out(const Sizes *sizes, const CourierPop3Message *item, GError **error)
{
    GError *failure = NULL;
    return read_size(sizes->pop3->source, item->message, &failure) ||
           leave_out(item, sizes->out, failure, error);
}

static int
compare_inodes(gconstpointer a, gconstpointer b, gpointer data)
{
    const CourierPop3Message *const *item_a = a, *const *item_b = b;
    uint64_t inode_a = courier_pop3_file(data, *item_a)->inode;
    uint64_t inode_b = courier_pop3_file(data, *item_b)->inode;
    return inode_a < inode_b ? -1 : inode_a > inode_b;
}

/* In the order in which they are likely to lie on the disk. */
static bool
read_sizes(const Sizes *sizes, GError **error)
{
    if (sizes->to_read_count > 1)
        /* pointers are sorted; NOLINTNEXTLINE(bugprone-sizeof-expression) */
        g_qsort_with_data(sizes->to_read, (gint)sizes->to_read_count, sizeof *sizes->to_read,
                          compare_inodes, sizes->pop3);
    for (size_t i = 0; i < sizes->to_read_count; i++) {
        if (!read_or_leave_out(sizes, sizes->to_read[i], error))
            return false;
    }
    return true;
}

/* ---- the list ----------------------------------------------------------------------------- */

/* Reads some of the listed messages, spread over all of them. The list is right when it is about
 * each of these. */
static bool
try_list(const Sizes *sizes, bool *out_right, GError **error)
{
    size_t samples = courier_virtual_size_samples(sizes->listed_count);
    *out_right = true;
    for (size_t i = 0; i < samples && *out_right; i++) {
        const CourierPop3Message *item = sizes->listed[i * sizes->listed_count / samples];
        if (!read_or_leave_out(sizes, item, error))
            return false;
        *out_right =
            item->message->virtual_size == courier_pop3_line(sizes->pop3, item)->size_bytes;
    }
    return true;
}

static void
take_listed(const CourierPop3 *pop3, const CourierPop3Message *item)
{
    item->message->virtual_size = courier_pop3_line(pop3, item)->size_bytes & MH_MESSAGE_SIZE_MAX;
    item->message->size_listed = true;
}

/* Takes the sizes from the list, or leaves its messages to be read. Those of the sample are known.
 */
static bool
use_list(Sizes *sizes, GError **error)
{
    bool right;
    if (!try_list(sizes, &right, error))
        return false;
    for (size_t i = 0; i < sizes->listed_count; i++) {
        CourierPop3Message *item = sizes->listed[i];
        if (!right)
            sizes->to_read[sizes->to_read_count++] = item;
        else if (item->message->virtual_size == 0)
            take_listed(sizes->pop3, item);
    }
    return true;
}

/* ---- names -------------------------------------------------------------------------------- */

/* A ",S=" or ",W=" that Dovecot would believe and should not: then the base name cannot stay.
 * Where @virtual_known is false, any ",W=" is one. */
static bool
has_wrong_size(MhSpan base, uint64_t size_bytes, bool virtual_known, uint64_t virtual_size)
{
    MhSpan before, field, rest = base;
    while (mh_span_split(rest, ',', &before, &rest)) {
        uint64_t value;
        field = rest;
        mh_span_split(rest, ',', &field, &before);
        bool is_size = mh_span_starts_with(field, MH_SPAN_LITERAL("S="));
        bool is_virtual = mh_span_starts_with(field, MH_SPAN_LITERAL("W="));
        if ((is_size || is_virtual) &&
            (!mh_span_to_u64(mh_span_from(field, 2), UINT64_MAX, &value) ||
             (is_virtual && !virtual_known) || value != (is_size ? size_bytes : virtual_size)))
            return true;
    }
    return false;
}

bool
courier_source_may_have_wrong_size(MhSpan base, uint64_t size_bytes)
{
    return has_wrong_size(base, size_bytes, false, 0);
}

static void
check_name(const CourierSource *source, MhMessage *message, MhMailbox *out, MhFindings *findings)
{
    const CourierSourceFile *file = courier_source_file_of(source, message);
    if (!has_wrong_size(courier_source_file_base(source, file), message->size_bytes, true,
                        message->virtual_size))
        return;
    g_autofree char *shown = mh_printable_string(courier_source_file_name(source, file));
    mh_findings_add(findings, MH_FINDING_COURIER_NAME_SIZE_WRONG, "%s", shown);
    mh_mailbox_set_name(out, message, MH_SPAN_LITERAL(""));
}

static void
check_names(const CourierPop3 *pop3, MhMailbox *out, MhFindings *findings)
{
    const CourierSource *source = pop3->source;
    for (guint i = 0; i < pop3->messages->len; i++) {
        const CourierPop3Message *item = &g_array_index(pop3->messages, CourierPop3Message, i);
        if (item->message->where_len != UNREAD)
            check_name(source, item->message, out, findings);
    }
}

static void
remove_unread(MhMailbox *out)
{
    guint kept = 0;
    for (guint i = 0; i < out->messages->len; i++) {
        const MhMessage *message = mh_mailbox_get(out, i);
        if (message->where_len != UNREAD)
            *mh_mailbox_get(out, kept++) = *message;
    }
    g_array_set_size(out->messages, kept);
}

bool
courier_source_add_sizes(CourierPop3 *pop3, MhMailbox *out, MhFindings *findings, GError **error)
{
    guint count = pop3->messages->len;
    Sizes sizes = {.pop3 = pop3, .out = out};
    sizes.to_read = g_new(CourierPop3Message *, count);
    sizes.listed = g_new(CourierPop3Message *, count);
    sort_out(&sizes);
    bool good = use_list(&sizes, error) && read_sizes(&sizes, error);
    if (good)
        check_names(pop3, out, findings);
    if (out->unread != NULL)
        remove_unread(out);
    g_free(sizes.to_read);
    g_free(sizes.listed);
    return good;
}

/* ---- a tidy folder ------------------------------------------------------------------------ */

typedef struct {
    const CourierSource *source;
    const MhMailbox *mailbox;
} TidyInodes;

static int
compare_tidy_inodes(gconstpointer a, gconstpointer b, gpointer data)
{
    const TidyInodes *of = data;
    uint64_t inodes[] = {*(const uint32_t *)a, *(const uint32_t *)b};
    for (size_t i = 0; i < G_N_ELEMENTS(inodes); i++)
        inodes[i] =
            courier_names_inode(of->source->tidy, mh_mailbox_get(of->mailbox, (size_t)inodes[i]));
    return inodes[0] < inodes[1] ? -1 : inodes[0] > inodes[1];
}

/* Reads some of the messages whose sizes were listed. If the list is wrong about one, all of them
 * are read. False when a message cannot be read. */
static bool
sample_tidy(CourierSource *source, MhMailbox *out, const GArray *listed, GArray *to_read)
{
    size_t samples = courier_virtual_size_samples(listed->len);
    bool right = true;
    for (size_t i = 0; i < samples && right; i++) {
        size_t at = i * listed->len / samples;
        MhMessage *message = mh_mailbox_get(out, g_array_index(listed, uint32_t, at));
        uint64_t said = message->virtual_size;
        message->size_listed = false;
        if (!read_size(source, message, NULL))
            return false;
        right = message->virtual_size == said;
    }
    for (guint i = 0; i < listed->len && !right; i++) {
        uint32_t index = g_array_index(listed, uint32_t, i);
        mh_mailbox_get(out, index)->size_listed = false;
        if (!mh_mailbox_get(out, index)->size_read)
            g_array_append_val(to_read, index);
    }
    return true;
}

bool
courier_source_add_tidy_sizes(CourierSource *source, MhMailbox *out, MhFindings *findings)
{
    g_autoptr(GArray) to_read = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) listed = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    TidyInodes inodes = {source, out};
    for (uint32_t i = 0; i < mh_mailbox_length(out); i++) {
        MhMessage *message = mh_mailbox_get(out, i);
        bool is_listed = message->size_listed;
        if (!is_known(source, message))
            g_array_append_val(is_listed ? listed : to_read, i);
    }
    if (!sample_tidy(source, out, listed, to_read))
        return false;
    courier_sort_items(to_read->data, to_read->len, sizeof(uint32_t), compare_tidy_inodes, &inodes);
    for (guint i = 0; i < to_read->len; i++) {
        uint32_t index = g_array_index(to_read, uint32_t, i);
        if (!read_size(source, mh_mailbox_get(out, index), NULL))
            return false;
    }
    for (size_t i = 0; source->tidy->odd_sizes && i < mh_mailbox_length(out); i++)
        check_name(source, mh_mailbox_get(out, i), out, findings);
    return true;
}
