#include "mailbox.h"

#include "keyed-hash.h"
#include "size-limits.h"

#include <stdlib.h>
#include <string.h>

/* "UID4294967295-4294967295", which is longer than ipop3d's. */
#define UIDL_SIZE 25

/* Of a message's extra: it has nothing besides but a UIDL "UID" number "-" validity, as Courier
 * writes most. The number is in the lowest bits, then the place of the validity among those of the
 * mailbox, of which there is mostly one. */
#define NUMBERED       (UINT32_C(1) << 31)
#define NUMBER_BITS    27
#define NUMBER_MAX     ((UINT32_C(1) << NUMBER_BITS) - 1)
#define VALIDITIES_MAX (NUMBERED >> NUMBER_BITS)

/* Messages from number first on, as far as the next run, are the POP3 server's from order on. */
typedef struct {
    uint32_t first, order;
} Pop3Run;

/* The message has no name, though names of others are told. */
#define NO_NAME UINT32_MAX

G_STATIC_ASSERT(sizeof(MhMessage) == 56);
/* a size that counts every LF twice has room, too */
G_STATIC_ASSERT(2 * MH_LIMIT_MESSAGE_BYTES <= MH_MESSAGE_SIZE_MAX);
G_STATIC_ASSERT(MH_LIMIT_KEYWORD_SETS <= MH_KEYWORD_SET_MASK + 1);

static GByteArray *
new_texts(void)
{
    return g_byte_array_append(g_byte_array_new(), (const guint8 *)"", 1);
}

MhMailbox *
mh_mailbox_new(void)
{
    MhMailbox *mailbox = g_new0(MhMailbox, 1);
    mailbox->messages = g_array_new(FALSE, TRUE, sizeof(MhMessage));
    mailbox->keyword_names = g_ptr_array_new_with_free_func(g_free);
    mailbox->keyword_numbers = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    mailbox->set_starts = g_array_new(FALSE, FALSE, sizeof(guint));
    mailbox->set_members = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    mailbox->set_numbers = g_hash_table_new_full(mh_keyed_hash_bytes, g_bytes_equal,
                                                 (GDestroyNotify)g_bytes_unref, NULL);
    mailbox->texts = new_texts();
    mailbox->extras = g_array_new(FALSE, TRUE, sizeof(MhMessageExtra));
    g_array_set_size(mailbox->extras, 1);
    mailbox->uidl_validities = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    mailbox->uidl_room = g_malloc0(UIDL_SIZE);
    mh_mailbox_keyword_set(mailbox, NULL, 0);
    return mailbox;
}

void
mh_mailbox_free(MhMailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    g_array_unref(mailbox->messages);
    g_ptr_array_unref(mailbox->keyword_names);
    g_hash_table_unref(mailbox->keyword_numbers);
    g_array_unref(mailbox->set_starts);
    g_array_unref(mailbox->set_members);
    g_hash_table_unref(mailbox->set_numbers);
    g_byte_array_unref(mailbox->texts);
    g_array_unref(mailbox->extras);
    g_array_unref(mailbox->uidl_validities);
    g_clear_pointer(&mailbox->pop3_runs, g_array_unref);
    g_free(mailbox->uidl_room);
    g_free(mailbox->unread);
    mh_names_unref(mailbox->names);
    g_free(mailbox);
}

void
mh_mailbox_forget_messages(MhMailbox *mailbox)
{
    g_array_set_size(mailbox->messages, 0);
    g_array_set_size(mailbox->extras, 1);
    g_byte_array_unref(mailbox->texts);
    mailbox->texts = new_texts();
    g_array_set_size(mailbox->uidl_validities, 0);
    mailbox->uids = (MhUidState){0};
    mailbox->foretold = 0;
    mailbox->pop3_foretold = 0;
    g_clear_pointer(&mailbox->pop3_runs, g_array_unref);
    g_clear_pointer(&mailbox->names, mh_names_unref);
}

MhMessage *
mh_mailbox_add(MhMailbox *mailbox)
{
    g_array_set_size(mailbox->messages, mailbox->messages->len + 1);
    return &g_array_index(mailbox->messages, MhMessage, mailbox->messages->len - 1);
}

MhMessage *
mh_mailbox_get(const MhMailbox *mailbox, size_t index)
{
    g_assert(index < mailbox->messages->len);
    return &g_array_index(mailbox->messages, MhMessage, index);
}

size_t
mh_mailbox_length(const MhMailbox *mailbox)
{
    return mailbox->messages->len;
}

bool
mh_mailbox_keyword(MhMailbox *mailbox, MhSpan name, uint16_t *out_number)
{
    if (name.len == 0 || name.len > MH_LIMIT_KEYWORD_BYTES ||
        memchr(name.data, '\0', name.len) != NULL)
        return false;
    g_autofree char *exact = mh_span_dup(name);
    g_autofree char *folded = g_ascii_strdown(exact, -1);
    gpointer known = g_hash_table_lookup(mailbox->keyword_numbers, folded);
    if (known != NULL) {
        *out_number = (uint16_t)(GPOINTER_TO_UINT(known) - 1);
        return true;
    }
    if (mailbox->keyword_names->len >= MH_LIMIT_KEYWORDS)
        return false;
    *out_number = (uint16_t)mailbox->keyword_names->len;
    g_ptr_array_add(mailbox->keyword_names, g_steal_pointer(&exact));
    g_hash_table_insert(mailbox->keyword_numbers, g_steal_pointer(&folded),
                        GUINT_TO_POINTER(mailbox->keyword_names->len));
    return true;
}

size_t
mh_mailbox_keyword_count(const MhMailbox *mailbox)
{
    return mailbox->keyword_names->len;
}

const char *
mh_mailbox_keyword_name(const MhMailbox *mailbox, uint16_t number)
{
    g_assert(number < mailbox->keyword_names->len);
    return mailbox->keyword_names->pdata[number];
}

static int
compare_numbers(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

uint32_t
mh_mailbox_keyword_set(MhMailbox *mailbox, uint16_t *members, size_t count)
{
    size_t unique = 0;
    if (count > 1)
        qsort(members, count, sizeof *members, compare_numbers);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || members[unique - 1] != members[i])
            members[unique++] = members[i];
    }
    g_autoptr(GBytes) key = g_bytes_new(members, unique * sizeof *members);
    gpointer number;
    if (g_hash_table_lookup_extended(mailbox->set_numbers, key, NULL, &number))
        return GPOINTER_TO_UINT(number);
    uint32_t set = mailbox->set_starts->len;
    if (set >= MH_LIMIT_KEYWORD_SETS)
        return 0;
    g_array_append_val(mailbox->set_starts, mailbox->set_members->len);
    if (unique > 0)
        g_array_append_vals(mailbox->set_members, members, (guint)unique);
    g_hash_table_insert(mailbox->set_numbers, g_steal_pointer(&key), GUINT_TO_POINTER(set));
    return set;
}

size_t
mh_mailbox_keyword_sets(const MhMailbox *mailbox)
{
    return mailbox->set_starts->len;
}

const uint16_t *
mh_mailbox_keyword_members(const MhMailbox *mailbox, uint32_t set, size_t *out_count)
{
    g_assert(set < mailbox->set_starts->len);
    guint start = g_array_index(mailbox->set_starts, guint, set);
    guint end = set + 1 < mailbox->set_starts->len
                    ? g_array_index(mailbox->set_starts, guint, set + 1)
                    : mailbox->set_members->len;
    *out_count = end - start;
    return &g_array_index(mailbox->set_members, uint16_t, start);
}

/* ---- what few sources know ---------------------------------------------------------------- */

static MhText
keep_text(MhMailbox *mailbox, MhSpan bytes)
{
    if (bytes.len == 0)
        return 0;
    MhText text = mailbox->texts->len;
    g_byte_array_append(mailbox->texts, bytes.data, (guint)bytes.len);
    g_byte_array_append(mailbox->texts, (const guint8 *)"", 1);
    return text;
}

static const char *
text_of(const MhMailbox *mailbox, MhText text)
{
    return text != 0 ? (const char *)mailbox->texts->data + text : NULL;
}

static bool
is_numbered(const MhMessage *message)
{
    return (message->extra & NUMBERED) != 0;
}

/* Puts a number's digits before @end; where they begin. */
static char *
put_digits(char *end, uint32_t number)
{
    do {
        *--end = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}

static const char *
format_numbered(const MhMailbox *mailbox, const MhMessage *message)
{
    uint32_t place = (message->extra & ~NUMBERED) >> NUMBER_BITS;
    char *at = mailbox->uidl_room + UIDL_SIZE - 1; /* where its NUL is */
    at = put_digits(at, g_array_index(mailbox->uidl_validities, uint32_t, place));
    *--at = '-';
    at = put_digits(at, message->extra & NUMBER_MAX) - 3;
    memcpy(at, "UID", 3);
    return at;
}

/* Its place among those of the mailbox. False when there are too many. */
static bool
find_validity(MhMailbox *mailbox, uint32_t validity, uint32_t *out_place)
{
    GArray *known = mailbox->uidl_validities;
    for (*out_place = 0; *out_place < known->len; (*out_place)++) {
        if (g_array_index(known, uint32_t, *out_place) == validity)
            return true;
    }
    if (known->len < VALIDITIES_MAX)
        g_array_append_val(known, validity);
    return *out_place < known->len;
}

/* Is the text just what comes of two numbers, which have room? Then *@out_extra is what a message
 * has besides. */
static bool
parse_numbered(MhMailbox *mailbox, MhSpan text, uint32_t *out_extra)
{
    char again[UIDL_SIZE];
    MhSpan first, second;
    uint32_t number, validity, place;
    if (!mh_span_starts_with(text, MH_SPAN_LITERAL("UID")) ||
        !mh_span_split(mh_span_from(text, 3), '-', &first, &second) ||
        !mh_span_to_u32(first, NUMBER_MAX, &number) ||
        !mh_span_to_u32(second, UINT32_MAX, &validity))
        return false;
    g_snprintf(again, sizeof again, "UID%u-%u", number, validity);
    if (!mh_span_equal(text, mh_span_from_string(again)) ||
        !find_validity(mailbox, validity, &place))
        return false;
    *out_extra = NUMBERED | place << NUMBER_BITS | number;
    return true;
}

static const MhMessageExtra *
extra_of(const MhMailbox *mailbox, const MhMessage *message)
{
    return &g_array_index(mailbox->extras, MhMessageExtra,
                          is_numbered(message) ? 0 : message->extra);
}

/* To be changed; that of messages with none never is. */
static MhMessageExtra *
own_extra(MhMailbox *mailbox, MhMessage *message)
{
    MhText uidl = 0;
    if (is_numbered(message)) {
        uidl = keep_text(mailbox, mh_span_from_string(format_numbered(mailbox, message)));
        message->extra = 0;
    }
    if (message->extra == 0) {
        message->extra = mailbox->extras->len;
        g_array_set_size(mailbox->extras, mailbox->extras->len + 1);
        g_array_index(mailbox->extras, MhMessageExtra, message->extra).uidl = uidl;
    }
    return &g_array_index(mailbox->extras, MhMessageExtra, message->extra);
}

MhNames *
mh_names_ref(MhNames *names)
{
    names->refs++;
    return names;
}

void
mh_names_unref(MhNames *names)
{
    if (names != NULL && --names->refs == 0)
        names->free(names);
}

void
mh_mailbox_set_names(MhMailbox *mailbox, MhNames *names)
{
    mh_names_unref(mailbox->names);
    mailbox->names = mh_names_ref(names);
}

bool
mh_mailbox_check_names(const MhMailbox *mailbox, GError **error)
{
    return mailbox->names == NULL || mailbox->names->check(mailbox->names, error);
}

const char *
mh_mailbox_name(const MhMailbox *mailbox, const MhMessage *message)
{
    MhText name = extra_of(mailbox, message)->name;
    if (name == 0 && mailbox->names != NULL)
        return mailbox->names->tell(mailbox->names, message);
    return text_of(mailbox, name != NO_NAME ? name : 0);
}

const char *
mh_mailbox_uidl(const MhMailbox *mailbox, const MhMessage *message)
{
    if (!message->has_uw_uidl)
        return is_numbered(message) ? format_numbered(mailbox, message)
                                    : text_of(mailbox, extra_of(mailbox, message)->uidl);
    g_snprintf(mailbox->uidl_room, UIDL_SIZE, "%08x%08x", mailbox->uids.uidvalidity, message->uid);
    return mailbox->uidl_room;
}

static uint32_t
order_in_runs(const GArray *runs, uint32_t index)
{
    guint low = 0, high = runs->len;
    while (high - low > 1) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(runs, Pop3Run, middle).first <= index)
            low = middle;
        else
            high = middle;
    }
    const Pop3Run *run = &g_array_index(runs, Pop3Run, low);
    return run->order + (index - run->first);
}

uint32_t
mh_mailbox_pop3_order(const MhMailbox *mailbox, const MhMessage *message)
{
    const MhMessage *first = (const MhMessage *)(const void *)mailbox->messages->data;
    if (mailbox->pop3_runs != NULL && message >= first && message < first + mailbox->messages->len)
        return order_in_runs(mailbox->pop3_runs, (uint32_t)(message - first));
    return extra_of(mailbox, message)->pop3_order;
}

void
mh_mailbox_hold_texts(MhMailbox *mailbox, GByteArray *texts)
{
    g_assert(mailbox->texts->len == 1 && texts->len > 0 && texts->data[0] == '\0');
    g_byte_array_unref(mailbox->texts);
    mailbox->texts = g_byte_array_ref(texts);
}

void
mh_mailbox_set_held_name(MhMailbox *mailbox, MhMessage *message, MhText name)
{
    g_assert(name < mailbox->texts->len);
    own_extra(mailbox, message)->name = name;
}

void
mh_mailbox_set_name(MhMailbox *mailbox, MhMessage *message, MhSpan name)
{
    if (name.len == 0 && mailbox->names != NULL)
        own_extra(mailbox, message)->name = NO_NAME;
    else if (message->extra != 0 || name.len > 0)
        own_extra(mailbox, message)->name = keep_text(mailbox, name);
}

void
mh_mailbox_set_uidl(MhMailbox *mailbox, MhMessage *message, MhSpan uidl)
{
    uint32_t numbered;
    message->has_uw_uidl = false;
    if (is_numbered(message))
        message->extra = 0;
    if (message->extra == 0 && parse_numbered(mailbox, uidl, &numbered))
        message->extra = numbered;
    else if (message->extra != 0 || uidl.len > 0)
        own_extra(mailbox, message)->uidl = keep_text(mailbox, uidl);
}

void
mh_mailbox_set_numbered_uidl(MhMailbox *mailbox, MhMessage *message, uint64_t number,
                             uint64_t validity)
{
    uint32_t place;
    if ((message->extra == 0 || is_numbered(message)) && number <= NUMBER_MAX &&
        validity <= UINT32_MAX && find_validity(mailbox, (uint32_t)validity, &place)) {
        message->has_uw_uidl = false;
        message->extra = NUMBERED | place << NUMBER_BITS | (uint32_t)number;
        return;
    }
    g_autofree char *uidl =
        g_strdup_printf("UID%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, number, validity);
    mh_mailbox_set_uidl(mailbox, message, mh_span_from_string(uidl));
}

/* Each message has its own place from here on. */
static void
spell_pop3_order(MhMailbox *mailbox)
{
    GArray *runs = g_steal_pointer(&mailbox->pop3_runs);
    for (uint32_t i = 0; i < mh_mailbox_length(mailbox); i++)
        own_extra(mailbox, mh_mailbox_get(mailbox, i))->pop3_order = order_in_runs(runs, i);
    g_array_unref(runs);
}

void
mh_mailbox_set_pop3_order(MhMailbox *mailbox, MhMessage *message, uint32_t order)
{
    if (mailbox->pop3_runs != NULL && mh_mailbox_pop3_order(mailbox, message) != order)
        spell_pop3_order(mailbox);
    if (mailbox->pop3_runs != NULL)
        return;
    if (message->extra != 0 || order != 0)
        own_extra(mailbox, message)->pop3_order = order;
}

void
mh_mailbox_set_pop3_orders(MhMailbox *mailbox, const uint32_t *orders)
{
    Pop3Run run = {.order = 1};
    GArray *runs = g_array_new(FALSE, FALSE, sizeof run);
    if (orders != NULL && mh_mailbox_length(mailbox) > 0)
        run.order = orders[0];
    g_array_append_val(runs, run);
    for (uint32_t i = 1; orders != NULL && i < mh_mailbox_length(mailbox); i++) {
        run = (Pop3Run){.first = i, .order = orders[i]};
        if (orders[i] != orders[i - 1] + 1)
            g_array_append_val(runs, run);
    }
    g_clear_pointer(&mailbox->pop3_runs, g_array_unref);
    mailbox->pop3_runs = runs;
}

void
mh_mailbox_set_uw_uidl(MhMessage *message)
{
    message->has_uw_uidl = true;
}
