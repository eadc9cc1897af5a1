#include "verify-private.h"

#include "printable.h"
#include "taken-uidls.h"

#include <string.h>

/* A pair while it is compared. */
typedef struct {
    const MhVerify *verify;
    const MhMessage *source;
    const MhVerifyBytes *bytes; /* of the source */
    const MhVerifyMessage *target;
    uint32_t number; /* of the message at the source */
    bool differs;
} Pair;

#define DIFFER(pair, code, class, ...)                                                             \
    ((pair)->differs = true,                                                                       \
     mh_differences_add((pair)->verify->differences, MH_DIFFERENCE_##code, (class),                \
                        (pair)->number, uid_of(pair), __VA_ARGS__))

static uint32_t
uid_of(const Pair *pair)
{
    return pair->source->uid != 0 ? pair->source->uid : pair->target->uid;
}

MhDifferenceClass
mh_verify_explain(const MhVerify *verify, bool target_is_carried, bool source_is_carried)
{
    if (target_is_carried && verify->newer)
        return MH_DIFFERENCE_NEWER;
    if (source_is_carried && (verify->target->in_use || verify->rules->account_in_use))
        return MH_DIFFERENCE_TARGET;
    return !target_is_carried && !source_is_carried && verify->newer && verify->target->in_use
               ? MH_DIFFERENCE_NEWER
               : MH_DIFFERENCE_DAMAGE;
}

/* ---- flags and keywords ------------------------------------------------------------------- */

static char *
show_flags(MhFlags flags)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned flag = 1; flag < MH_FLAGS_ALL; flag <<= 1) {
        if ((flags & flag) != 0)
            g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "",
                                   mh_flag_imap_name((MhFlags)flag));
    }
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup("none");
}

static char *
show_letters(const MhVerify *verify, uint32_t letters)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < MAILDIR_KEYWORD_LETTERS; i++) {
        g_autofree char *name = NULL;
        if ((letters & 1u << i) == 0)
            continue;
        name = mh_verify_letter_name(verify, i);
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", name);
    }
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup("none");
}

static void
compare_flags(Pair *pair)
{
    const MhVerifyMessage *target = pair->target;
    MhFlags here = pair->source->flags, there = target->of.flags;
    if (here == there)
        return;
    g_autofree char *left = show_flags(here), *right = show_flags(there);
    DIFFER(pair, FLAGS,
           mh_verify_explain(pair->verify, target->has_carried && target->carried.flags == there,
                             target->has_carried && target->carried.flags == here),
           "%s at the source, %s at the target", left, right);
}

static void
compare_keywords(Pair *pair)
{
    const MhVerifyMessage *target = pair->target;
    uint32_t here = pair->verify->set_letters[pair->source->keywords];
    uint32_t there = target->of.keywords;
    if (here == there || pair->verify->rules->courier != NULL) /* which has them elsewhere */
        return;
    g_autofree char *left = show_letters(pair->verify, here);
    g_autofree char *right = show_letters(pair->verify, there);
    DIFFER(pair, KEYWORDS,
           mh_verify_explain(pair->verify, target->has_carried && target->carried.letters == there,
                             target->has_carried && target->carried.letters == here),
           "%s at the source, %s at the target", left, right);
}

/* A message in new/ has been shown to no client. Servers move it as soon as they do. One that has
 * flags or keywords all the same (appended with them, say) can have them in cur/ only. */
static void
compare_place(Pair *pair)
{
    const MhMessage *source = pair->source;
    bool plain = source->flags == 0 && pair->verify->set_letters[source->keywords] == 0;
    bool here = source->is_new && plain, there = pair->target->is_new;
    if (here && pair->verify->rules->for_courier)
        return; /* Courier gives what it finds in new another UID */
    if (here == there)
        return;
    DIFFER(pair, PLACE, mh_verify_explain(pair->verify, there && !here, here && !there),
           here ? "it is in cur although no client has seen it at the source"
                : "it is in new although clients have seen it at the source");
}

/* ---- dates -------------------------------------------------------------------------------- */

static char *
show_date(int64_t seconds)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(seconds);
    return date != NULL ? g_date_time_format(date, "%Y-%m-%d %H:%M:%S UTC")
                        : g_strdup_printf("%" G_GINT64_FORMAT, seconds);
}

/* A message that says no date has its file's, which moves when the file changes. One that arrived
 * after it was carried has got that date since, as from a copy of the source without its times: a
 * message keeps the date with which it was carried. */
static MhDifferenceClass
explain_date(const Pair *pair)
{
    const int64_t second_ns = G_GINT64_CONSTANT(1000000000);
    int64_t here = pair->source->internaldate;
    if (pair->verify->newer && here == pair->verify->source->stamp.mtime_ns / second_ns)
        return MH_DIFFERENCE_NEWER;
    bool came_since = pair->target->ours && here > pair->target->there_since_ns / second_ns;
    return came_since ? MH_DIFFERENCE_NOTE : MH_DIFFERENCE_DAMAGE;
}

static void
compare_date(Pair *pair)
{
    int64_t here = pair->source->internaldate, there = pair->target->internaldate;
    if (here == there)
        return;
    g_autofree char *left = show_date(here), *right = show_date(there);
    DIFFER(pair, INTERNALDATE, explain_date(pair), "%s at the source, %s at the target", left,
           right);
}

/* ---- sizes -------------------------------------------------------------------------------- */

static void
compare_size(Pair *pair, const char *what, bool stated, uint64_t size, uint64_t real)
{
    if (stated && size != real)
        DIFFER(pair, SIZE, MH_DIFFERENCE_DAMAGE,
               "%s says %" G_GUINT64_FORMAT ", it is %" G_GUINT64_FORMAT, what, (guint64)size,
               (guint64)real);
}

/* Every size that a server could go by must be that of the bytes that are there. */
static void
compare_sizes(Pair *pair)
{
    const MhVerifyMessage *target = pair->target;
    const MhVerifyBytes *real = &target->bytes;
    compare_size(pair, "',S=' in the name", target->of.has_size, target->of.size_bytes,
                 real->size_bytes);
    compare_size(pair, "',W=' in the name", target->of.has_virtual_size, target->of.virtual_size,
                 real->virtual_size);
    compare_size(pair, "S in the UID list", target->has_list_size, target->list_size,
                 real->size_bytes);
    compare_size(pair, "W in the UID list", target->list_virtual != 0, target->list_virtual,
                 real->virtual_size);
    if (target->uid != 0 && target->list_virtual == 0 && !target->of.has_virtual_size &&
        real->virtual_size != 0)
        mh_differences_add(pair->verify->differences, MH_DIFFERENCE_SIZE_UNSTATED,
                           MH_DIFFERENCE_NOTE, pair->number, uid_of(pair), NULL);
    if (pair->bytes->size_bytes != pair->source->size_bytes ||
        pair->bytes->virtual_size != pair->source->virtual_size)
        DIFFER(pair, SOURCE_SIZE, MH_DIFFERENCE_DAMAGE,
               "%" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT " bytes announced, %" G_GUINT64_FORMAT
               " and %" G_GUINT64_FORMAT " read",
               (guint64)pair->source->size_bytes, (guint64)pair->source->virtual_size,
               (guint64)pair->bytes->size_bytes, (guint64)pair->bytes->virtual_size);
}

/* ---- POP3 --------------------------------------------------------------------------------- */

/* The message of this UID at the target; NULL: none. They stand by UID, then those without. */
static const MhVerifyMessage *
find_uid(const MhVerifyTarget *target, uint32_t uid)
{
    guint low = 0, high = target->messages->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        uint32_t here = mh_verify_target_get(target, middle)->uid;
        if (here != 0 && here < uid)
            low = middle + 1;
        else
            high = middle;
    }
    const MhVerifyMessage *found =
        low < target->messages->len ? mh_verify_target_get(target, low) : NULL;
    return found != NULL && found->uid == uid ? found : NULL;
}

/* Is it the UIDL that the server makes of another message, or made until that had one of its own?
 */
static bool
is_taken(const Pair *pair, const char *uidl)
{
    const MhVerifyTarget *target = pair->verify->target;
    uint32_t uid = mh_taken_uidls_made_of(uidl, target->uids.uidvalidity);
    const MhVerifyMessage *other = uid != 0 ? find_uid(target, uid) : NULL;
    return other != NULL && other != pair->target && (other->uidl == NULL || *other->uidl == '\0');
}

static MhDifferenceClass
explain_uidl(const Pair *pair, const char *here, const char *there)
{
    if (here != NULL && there == NULL && pair->verify->target->in_use && is_taken(pair, here))
        return MH_DIFFERENCE_LOSS;
    if (here == NULL && pair->verify->source->mailbox->uidls_unfit)
        return MH_DIFFERENCE_LOSS;
    bool is_newer =
        (here == NULL && pair->verify->newer) || (there == NULL && pair->verify->certainly_newer);
    return is_newer ? MH_DIFFERENCE_NEWER : MH_DIFFERENCE_DAMAGE;
}

/* The server writes UIDLs down, too, when it is told to: then the source need not know them. */
static void
compare_uidl(Pair *pair)
{
    const MhMailbox *mailbox = pair->verify->source->mailbox;
    const char *here = mh_mailbox_uidl(mailbox, pair->source);
    g_autofree char *base = mh_span_dup(pair->target->of.base);
    const char *there = pair->target->uidl;
    if (there != NULL && *there == '\0')
        there = base;
    if (g_strcmp0(here, there) == 0 || (here == NULL && pair->verify->target->in_use))
        return;
    g_autofree char *left = here != NULL ? mh_printable_string(here) : g_strdup("none");
    g_autofree char *right = there != NULL ? mh_printable_string(there) : g_strdup("none");
    DIFFER(pair, UIDL, explain_uidl(pair, here, there),
           "%s at the source, %s written down at the target", left, right);
}

static MhDifferenceClass
explain_pop3_order(const Pair *pair)
{
    if (pair->verify->source->mailbox->uidls_unfit)
        return MH_DIFFERENCE_LOSS;
    return pair->verify->certainly_newer ? MH_DIFFERENCE_NEWER : MH_DIFFERENCE_DAMAGE;
}

static void
compare_pop3_order(Pair *pair)
{
    uint32_t here = mh_mailbox_pop3_order(pair->verify->source->mailbox, pair->source);
    uint32_t there = pair->target->pop3_order;
    if (here != there)
        DIFFER(pair, POP3_ORDER, explain_pop3_order(pair),
               "place %u at the source, %u at the target (0: by UID)", here, there);
}

/* ---- UIDs --------------------------------------------------------------------------------- */

/* Why does a listed message not have the UID of the source? */
static MhDifferenceClass
explain_uid(const Pair *pair)
{
    const MhVerify *verify = pair->verify;
    const MhVerifyMessage *target = pair->target;
    if (!target->has_carried)
        return MH_DIFFERENCE_DAMAGE;
    if (!verify->same_uidvalidity)
        return verify->certainly_newer ? MH_DIFFERENCE_NEWER : MH_DIFFERENCE_DAMAGE;
    if (target->carried.uid == pair->source->uid)
        return verify->target->in_use ? MH_DIFFERENCE_LOSS : MH_DIFFERENCE_DAMAGE;
    /* Numbers are given once: another one is this message's only if it had none before, or if it
     * came in again and its old one is gone. */
    if (target->carried.uid == 0)
        return verify->newer ? MH_DIFFERENCE_NEWER : MH_DIFFERENCE_DAMAGE;
    bool came_again = mh_verify_uid_is_new(verify, pair->source->uid) &&
                      !g_hash_table_contains(verify->uids, GUINT_TO_POINTER(target->carried.uid));
    return came_again ? MH_DIFFERENCE_NEWER : MH_DIFFERENCE_DAMAGE;
}

static void
compare_uid(Pair *pair)
{
    const MhVerify *verify = pair->verify;
    uint32_t here = pair->source->uid, there = pair->target->uid;
    if (there == 0)
        DIFFER(pair, MESSAGE_UNLISTED, MH_DIFFERENCE_DAMAGE, "'%s'", pair->target->owner.name);
    else if (verify->source->mailbox->uids.uidvalidity != 0 && here != 0 && here != there)
        DIFFER(pair, UID, explain_uid(pair), "%u at the source, %u at the target", here, there);
}

/* ---- the pair ----------------------------------------------------------------------------- */

/* Is the file what its own name says? Then it is not damaged: the source has another message. */
static bool
is_intact(const MhVerifyMessage *target)
{
    MhDigest id;
    return maildir_file_name_parse_own(target->of.base, &id, NULL) &&
           mh_digest_equal(&id, &target->bytes.digest);
}

static void
compare_bytes(Pair *pair)
{
    const MhVerifyBytes *real = &pair->target->bytes;
    const char *file = pair->target->owner.name;
    if (!pair->target->is_file)
        DIFFER(pair, BYTES, MH_DIFFERENCE_DAMAGE, "'%s' is no regular file", file);
    else if (pair->target->error != NULL)
        DIFFER(pair, BYTES, MH_DIFFERENCE_DAMAGE, "%s", pair->target->error);
    else if (!mh_digest_equal(&pair->bytes->digest, &real->digest))
        DIFFER(pair, BYTES,
               pair->verify->newer && is_intact(pair->target) ? MH_DIFFERENCE_NEWER
                                                              : MH_DIFFERENCE_DAMAGE,
               "%" G_GUINT64_FORMAT " bytes at the source, %" G_GUINT64_FORMAT " in '%s'",
               (guint64)pair->bytes->size_bytes, (guint64)real->size_bytes, file);
}

bool
mh_verify_message(const MhVerify *verify, uint32_t source, uint32_t target)
{
    Pair pair = {.verify = verify,
                 .source = mh_mailbox_get(verify->source->mailbox, source),
                 .bytes = mh_verify_source_bytes(verify->source, source),
                 .target = mh_verify_target_get(verify->target, target),
                 .number = source + 1};
    compare_bytes(&pair);
    compare_uid(&pair);
    compare_flags(&pair);
    compare_keywords(&pair);
    compare_place(&pair);
    compare_date(&pair);
    if (pair.target->is_file && pair.target->error == NULL)
        compare_sizes(&pair);
    if (verify->rules->courier != NULL)
        pair.differs |= !mh_verify_courier_message(verify, source, target);
    if (pair.target->uid != 0) { /* without a line it has none of these, which has been told */
        compare_uidl(&pair);
        compare_pop3_order(&pair);
    }
    return !pair.differs;
}
