#include "courier/courier-sort.h"
#include "keyed-hash.h"
#include "printable.h"
#include "verify-private.h"

#include <string.h>

#define TELL(verify, code, class, number, uid, ...)                                                \
    mh_differences_add((verify)->differences, MH_DIFFERENCE_##code, MH_DIFFERENCE_##class, number, \
                       uid, __VA_ARGS__)

static const MhVerifyCourierMessage *
courier_at(const MhVerify *verify, uint32_t target)
{
    return mh_verify_courier_get(verify->rules->courier, target);
}

/* ---- UIDs --------------------------------------------------------------------------------- */

static void
compare_list(const MhVerify *verify)
{
    const MhVerifyCourier *courier = verify->rules->courier;
    const MhUidState *record = &verify->target->uids;
    if (courier->list_error != NULL) {
        TELL(verify, UID_LIST, DAMAGE, 0, 0, "%s", courier->list_error);
        return;
    }
    for (size_t i = 0; i < mh_findings_kept(courier->findings); i++) {
        const MhFinding *finding = mh_findings_get(courier->findings, i);
        TELL(verify, UID_LIST, DAMAGE, 0, 0, "courierimapuiddb, line %" G_GUINT64_FORMAT ": %s",
             (guint64)finding->offset, mh_finding_text(finding->code));
    }
    if (!verify->target->has_list)
        return;
    if (courier->uids.uidvalidity != record->uidvalidity)
        TELL(verify, UIDVALIDITY, DAMAGE, 0, 0, "courierimapuiddb says %u, it is %u",
             courier->uids.uidvalidity, record->uidvalidity);
    if (courier->uids.uidnext < record->uidnext ||
        (!courier->in_use && courier->uids.uidnext > record->uidnext))
        TELL(verify, UIDNEXT, DAMAGE, 0, 0, "courierimapuiddb says %u, it is %u",
             courier->uids.uidnext, record->uidnext);
}

/* What was carried has the UID for Courier that the record says. */
static bool
compare_uid(const MhVerify *verify, uint32_t number, uint32_t at)
{
    const MhVerifyMessage *message = mh_verify_target_get(verify->target, at);
    uint32_t here = message->uid, there = courier_at(verify, at)->uid;
    if (here == there || here == 0 || verify->rules->courier->list_error != NULL)
        return true;
    if (message->is_new)
        TELL(verify, PLACE, DAMAGE, number, here,
             "'%s' is listed and in new: Courier gives it another UID", message->owner.name);
    else if (there == 0)
        TELL(verify, MESSAGE_UNLISTED, DAMAGE, number, here, "'%s' is not in courierimapuiddb",
             message->owner.name);
    else
        TELL(verify, UID, DAMAGE, number, here, "courierimapuiddb says %u, it is %u", there, here);
    return false;
}

/* ---- POP3 --------------------------------------------------------------------------------- */

static bool
take_digits(MhSpan *text)
{
    size_t len = 0;
    while (len < text->len && g_ascii_isdigit(text->data[len]))
        len++;
    bool good = len > 0 && text->data[0] != '0';
    *text = mh_span_from(*text, len);
    return good;
}

/* Can Courier's list hold this UIDL? "UID7", "UID7-1058640000", or the message's base name with
 * odd bytes as "+2B". */
static bool
is_sayable(const char *uidl, MhSpan base)
{
    g_autoptr(GString) by_name = g_string_new(NULL);
    MhSpan text = mh_span_from_string(uidl);
    for (size_t i = 0; i < base.len; i++) {
        bool plain =
            base.data[i] > ' ' && base.data[i] < 0x7f && strchr("'\"+", base.data[i]) == NULL;
        g_string_append_printf(by_name, plain ? "%c" : "+%02X", base.data[i]);
    }
    if (strcmp(by_name->str, uidl) == 0)
        return true;
    if (!mh_span_starts_with(text, MH_SPAN_LITERAL("UID")))
        return false;
    text = mh_span_from(text, strlen("UID"));
    if (!take_digits(&text))
        return false;
    if (text.len == 0)
        return true;
    if (text.data[0] != '-')
        return false;
    text = mh_span_from(text, 1);
    return take_digits(&text) && text.len == 0;
}

static bool
compare_uidl(const MhVerify *verify, uint32_t number, uint32_t at, const char *here)
{
    const MhVerifyMessage *message = mh_verify_target_get(verify->target, at);
    const MhVerifyCourierMessage *courier = courier_at(verify, at);
    if (courier->uidl == NULL) {
        TELL(verify, UIDL, DAMAGE, number, message->uid, "'%s' is not in courierpop3dsizelist",
             message->owner.name);
        return false;
    }
    if (courier->size_bytes != message->bytes.sent_size && message->error == NULL)
        TELL(verify, SIZE, DAMAGE, number, message->uid,
             "courierpop3dsizelist says %" G_GUINT64_FORMAT ", it is %" G_GUINT64_FORMAT,
             (guint64)courier->size_bytes, (guint64)message->bytes.sent_size);
    if (here == NULL || strcmp(here, courier->uidl) == 0)
        return courier->size_bytes == message->bytes.sent_size;
    g_autofree char *left = mh_printable_string(here), *right = mh_printable_string(courier->uidl);
    mh_differences_add(
        verify->differences, MH_DIFFERENCE_UIDL,
        is_sayable(here, message->of.base) ? MH_DIFFERENCE_DAMAGE : MH_DIFFERENCE_LOSS, number,
        message->uid, "%s at the source, %s in courierpop3dsizelist", left, right);
    return false;
}

/* A UIDL that two messages have, though the source does not say so of both. */
static void
tell_repeated_uidls(const MhVerify *verify)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    for (guint i = 0; i < verify->target->messages->len; i++) {
        const char *uidl = courier_at(verify, i)->uidl;
        uint32_t source = verify->pairing->of_target[i];
        const char *here = source != MH_VERIFY_ALONE
                               ? mh_mailbox_uidl(verify->source->mailbox,
                                                 mh_mailbox_get(verify->source->mailbox, source))
                               : NULL;
        if (uidl != NULL && !g_hash_table_add(seen, (gpointer)(uintptr_t)uidl) &&
            g_strcmp0(here, uidl) != 0)
            TELL(verify, UIDL, DAMAGE, 0, mh_verify_target_get(verify->target, i)->uid,
                 "courierpop3dsizelist has %s twice", uidl);
    }
}

typedef struct {
    uint32_t place, source, target;
} Place;

static int
compare_places(gconstpointer a, gconstpointer b)
{
    uint32_t x = ((const Place *)a)->place, y = ((const Place *)b)->place;
    return x < y ? -1 : x > y;
}

/* The messages of both sides, as the old POP3 server counted them. */
static GArray *
places(const MhVerify *verify)
{
    const MhMailbox *mailbox = verify->source->mailbox;
    GArray *order = g_array_new(FALSE, FALSE, sizeof(Place));
    for (uint32_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        uint32_t first = mh_mailbox_pop3_order(mailbox, mh_mailbox_get(mailbox, i));
        Place place = {first != 0 ? first : i + 1, i, verify->pairing->of_source[i]};
        if (place.target != MH_VERIFY_ALONE)
            g_array_append_val(order, place);
    }
    g_array_sort(order, compare_places);
    return order;
}

/* Courier's POP3 server goes by the names of files. What came later into the middle has a name that
 * was free there, or none is. */
static void
compare_pop3_order(const MhVerify *verify)
{
    g_autoptr(GArray) order = places(verify);
    for (guint i = 1; i < order->len; i++) {
        const Place *place = &g_array_index(order, Place, i);
        const MhVerifyMessage *before =
            mh_verify_target_get(verify->target, g_array_index(order, Place, i - 1).target);
        const MhVerifyMessage *after = mh_verify_target_get(verify->target, place->target);
        if (courier_sort_compare(before->of.base, after->of.base, COURIER_SORT_POP3) <= 0)
            continue;
        bool came_later = before->born_ns > after->born_ns;
        mh_differences_add(verify->differences, MH_DIFFERENCE_POP3_ORDER,
                           came_later ? MH_DIFFERENCE_NOTE : MH_DIFFERENCE_DAMAGE,
                           place->source + 1, after->uid, "'%s' sorts before '%s'",
                           after->owner.name, before->owner.name);
    }
}

/* ---- keywords ----------------------------------------------------------------------------- */

static int
compare_words(gconstpointer a, gconstpointer b)
{
    return g_ascii_strcasecmp(*(char *const *)a, *(char *const *)b);
}

/* The keywords of the source as Courier can hold them, in order. */
static GPtrArray *
expected_keywords(const MhVerify *verify, const MhMessage *message)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    size_t count;
    const uint16_t *members =
        mh_mailbox_keyword_members(verify->source->mailbox, message->keywords, &count);
    for (size_t i = 0; i < count; i++) {
        char *name = g_strdup(mh_mailbox_keyword_name(verify->source->mailbox, members[i]));
        for (char *c = name; *c != '\0'; c++)
            *c = (char)(strchr(" (){%*\"\\]", *c) != NULL ? '_' : *c);
        g_ptr_array_add(names, name);
    }
    g_ptr_array_sort(names, compare_words);
    return names;
}

static char *
show_words(const GPtrArray *words)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", (const char *)words->pdata[i]);
    return words->len > 0 ? mh_printable_string(text->str) : g_strdup("none");
}

/* The letters that words have at the target, and how many have none. */
static uint32_t
letters_of(const MhVerify *verify, const GPtrArray *words, guint *out_without)
{
    uint32_t letters = 0;
    *out_without = 0;
    for (guint i = 0; i < words->len; i++) {
        uint32_t before = letters;
        for (unsigned k = 0; k < MAILDIR_KEYWORD_LETTERS; k++) {
            const char *name = verify->target->keywords->names[k];
            if (name != NULL && g_ascii_strcasecmp(name, words->pdata[i]) == 0)
                letters |= 1u << k;
        }
        *out_without += letters == before;
    }
    return letters;
}

static bool
same_words(const GPtrArray *a, const GPtrArray *b)
{
    bool same = a->len == b->len;
    for (guint i = 0; same && i < a->len; i++)
        same = g_ascii_strcasecmp(a->pdata[i], b->pdata[i]) == 0;
    return same;
}

static bool
compare_keywords(const MhVerify *verify, uint32_t source, uint32_t at)
{
    const MhVerifyMessage *target = mh_verify_target_get(verify->target, at);
    const MhMessage *message = mh_mailbox_get(verify->source->mailbox, source);
    GPtrArray *there = courier_at(verify, at)->keywords;
    g_autoptr(GPtrArray) here = expected_keywords(verify, message);
    g_ptr_array_sort(there, compare_words);
    if (same_words(here, there))
        return true;
    g_autofree char *left = show_words(here), *right = show_words(there);
    guint without_here, without_there;
    letters_of(verify, here, &without_here);
    bool target_is_carried = letters_of(verify, there, &without_there) == target->carried.letters &&
                             without_here == without_there;
    bool source_is_carried = verify->set_letters[message->keywords] == target->carried.letters;
    mh_differences_add(verify->differences, MH_DIFFERENCE_KEYWORDS,
                       mh_verify_explain(verify, target->has_carried && target_is_carried,
                                         target->has_carried && source_is_carried),
                       source + 1, target->uid, "%s at the source, %s for Courier", left, right);
    return false;
}

/* ---- together ----------------------------------------------------------------------------- */

bool
mh_verify_courier_message(const MhVerify *verify, uint32_t source, uint32_t target)
{
    const MhMailbox *mailbox = verify->source->mailbox;
    const char *uidl = mh_mailbox_uidl(mailbox, mh_mailbox_get(mailbox, source));
    bool same = compare_uid(verify, source + 1, target);
    same &= compare_keywords(verify, source, target);
    return (!verify->rules->courier->is_inbox || compare_uidl(verify, source + 1, target, uidl)) &&
           same;
}

void
mh_verify_courier_folder(const MhVerify *verify)
{
    const MhVerifyCourier *courier = verify->rules->courier;
    compare_list(verify);
    if (courier->is_inbox) {
        tell_repeated_uidls(verify);
        compare_pop3_order(verify);
    }
    for (guint i = 0; !courier->in_use && i < courier->files->len; i++)
        mh_verify_file(courier->files->pdata[i], verify->rules, verify->differences);
}
