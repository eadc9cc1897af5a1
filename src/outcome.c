#include "outcome.h"

#include "memory.h"
#include "printable.h"

#include <string.h>

MhMailboxOutcome *
mh_mailbox_outcome_new(void)
{
    MhMailboxOutcome *outcome = g_new0(MhMailboxOutcome, 1);
    outcome->findings = mh_findings_new();
    return outcome;
}

void
mh_mailbox_outcome_free(MhMailboxOutcome *outcome)
{
    if (outcome == NULL)
        return;
    g_free(outcome->source);
    g_free(outcome->path);
    g_free(outcome->target);
    g_free(outcome->name);
    g_free(outcome->name_map);
    g_free(outcome->format);
    g_free(outcome->error);
    mh_findings_free(outcome->findings);
    g_free(outcome);
}

MhAccountOutcome *
mh_account_outcome_new(const char *user)
{
    MhAccountOutcome *outcome = g_new0(MhAccountOutcome, 1);
    outcome->user = g_strdup(user);
    outcome->mailboxes = g_ptr_array_new_with_free_func((GDestroyNotify)mh_mailbox_outcome_free);
    outcome->not_mail = g_ptr_array_new_with_free_func((GDestroyNotify)mh_not_mail_free);
    outcome->findings = mh_findings_new();
    outcome->differences = mh_differences_new();
    return outcome;
}

void
mh_account_outcome_free(MhAccountOutcome *outcome)
{
    if (outcome == NULL)
        return;
    g_free(outcome->user);
    g_free(outcome->error);
    g_ptr_array_unref(outcome->mailboxes);
    g_ptr_array_unref(outcome->not_mail);
    mh_findings_free(outcome->findings);
    mh_memory_free(outcome->memory);
    mh_differences_free(outcome->differences);
    g_free(outcome);
}

bool
mh_account_outcome_failed(const MhAccountOutcome *outcome)
{
    if (outcome->error != NULL)
        return true;
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        if (mailbox->done == MH_DONE_FAILED)
            return true;
    }
    return false;
}

uint64_t
mh_account_outcome_weigh(const MhAccountOutcome *outcome, MhWeight weight)
{
    uint64_t sum = mh_findings_weigh(outcome->findings, weight);
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        sum += mh_findings_weigh(mailbox->findings, weight);
    }
    return sum;
}

/* ---- the wire form ------------------------------------------------------------------------ */

/* Findings: the kept records (code name, has offset, offset, message, detail), then how many of a
 * code were counted beyond those. Codes travel by name. */
#define FINDINGS_TYPE "(a(sbtums)a(st))"

GVariant *
mh_findings_to_variant(const MhFindings *findings)
{
    GVariantBuilder kept, more;
    uint64_t kept_of[MH_FINDING_COUNT] = {0};
    g_variant_builder_init(&kept, G_VARIANT_TYPE("a(sbtums)"));
    g_variant_builder_init(&more, G_VARIANT_TYPE("a(st)"));
    for (size_t i = 0; i < mh_findings_kept(findings); i++) {
        const MhFinding *finding = mh_findings_get(findings, i);
        kept_of[finding->code]++;
        g_variant_builder_add(&kept, "(sbtums)", mh_finding_name(finding->code),
                              (gboolean)finding->has_offset, (guint64)finding->offset,
                              (guint32)finding->message, finding->detail);
    }
    for (int code = 0; code < MH_FINDING_COUNT; code++) {
        uint64_t beyond = mh_findings_count(findings, (MhFindingCode)code) - kept_of[code];
        if (beyond > 0)
            g_variant_builder_add(&more, "(st)", mh_finding_name((MhFindingCode)code),
                                  (guint64)beyond);
    }
    return g_variant_new(FINDINGS_TYPE, &kept, &more);
}

MhFindings *
mh_findings_from_variant(GVariant *variant)
{
    g_autoptr(MhFindings) findings = mh_findings_new();
    g_autoptr(GVariantIter) kept = NULL, more = NULL;
    const char *name, *detail;
    gboolean has_offset;
    guint64 offset, beyond;
    guint32 message;
    MhFindingCode code;
    if (!g_variant_is_of_type(variant, G_VARIANT_TYPE(FINDINGS_TYPE)))
        return NULL;
    g_variant_get(variant, FINDINGS_TYPE, &kept, &more);
    while (
        g_variant_iter_next(kept, "(&sbtum&s)", &name, &has_offset, &offset, &message, &detail)) {
        if (!mh_finding_from_name(name, &code))
            return NULL;
        if (has_offset)
            mh_findings_add_at(findings, code, offset, message, detail != NULL ? "%s" : NULL,
                               detail);
        else
            mh_findings_add_of(findings, code, message, detail != NULL ? "%s" : NULL, detail);
    }
    while (g_variant_iter_next(more, "(&st)", &name, &beyond)) {
        if (!mh_finding_from_name(name, &code))
            return NULL;
        mh_findings_add_count(findings, code, beyond);
    }
    return g_steal_pointer(&findings);
}

/* A mailbox outcome. Flat, since one is read for each mailbox in each run: the texts that are not
 * NULL, with a NUL at the end of each; the numbers; findings, if there are any. */
#define MAILBOX_TYPE "(ayatm" FINDINGS_TYPE ")"

enum { TEXTS = 7, NUMBERS = 15 };
enum { PRESENT, RENAMED, DONE, OF_NUMBERS, ALL_NUMBERS = OF_NUMBERS + NUMBERS };

/* The one list of the texts, in the order in which they travel. */
static void
list_texts(MhMailboxOutcome *o, char **out_texts[TEXTS])
{
    char **texts[TEXTS] = {&o->source,   &o->path,   &o->target, &o->name,
                           &o->name_map, &o->format, &o->error};
    memcpy(out_texts, texts, sizeof texts);
}

static void
numbers_of(const MhMailboxOutcome *o, uint64_t out[NUMBERS])
{
    const uint64_t numbers[NUMBERS] = {o->uidvalidity, o->uidnext,          o->messages,
                                       o->bytes,       o->delivered,        o->delivered_bytes,
                                       o->retagged,    o->expunged,         o->unchanged,
                                       o->foreign,     o->kept_gone,        o->left_out,
                                       o->sizes_read,  o->sizes_read_bytes, o->sizes_listed};
    memcpy(out, numbers, sizeof numbers);
}

static bool
take_numbers(MhMailboxOutcome *o, const uint64_t numbers[NUMBERS])
{
    uint64_t *wide[] = {&o->messages,    &o->bytes,    &o->delivered,  &o->delivered_bytes,
                        &o->retagged,    &o->expunged, &o->unchanged,  &o->foreign,
                        &o->kept_gone,   &o->left_out, &o->sizes_read, &o->sizes_read_bytes,
                        &o->sizes_listed};
    G_STATIC_ASSERT(G_N_ELEMENTS(wide) + 2 == NUMBERS);
    o->uidvalidity = (uint32_t)numbers[0];
    o->uidnext = (uint32_t)numbers[1];
    for (size_t i = 0; i < G_N_ELEMENTS(wide); i++)
        *wide[i] = numbers[2 + i];
    return numbers[0] <= UINT32_MAX && numbers[1] <= UINT32_MAX;
}

static bool
has_any(const MhFindings *findings)
{
    bool any = false;
    for (int code = 0; code < MH_FINDING_COUNT; code++)
        any |= mh_findings_count(findings, (MhFindingCode)code) > 0;
    return any;
}

GVariant *
mh_mailbox_outcome_to_variant(const MhMailboxOutcome *o)
{
    MhMailboxOutcome shown = *o;
    char **texts[TEXTS];
    uint64_t numbers[ALL_NUMBERS] = {[RENAMED] = o->renamed, [DONE] = o->done};
    g_autoptr(GString) bytes = g_string_new(NULL);
    list_texts(&shown, texts);
    for (size_t i = 0; i < TEXTS; i++) {
        if (*texts[i] == NULL)
            continue;
        numbers[PRESENT] |= UINT64_C(1) << i;
        g_string_append_len(bytes, *texts[i], (gssize)strlen(*texts[i]) + 1);
    }
    numbers_of(o, numbers + OF_NUMBERS);
    GVariant *findings = has_any(o->findings) ? mh_findings_to_variant(o->findings) : NULL;
    return g_variant_new(
        "(@ay@at@m" FINDINGS_TYPE ")",
        g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes->str, bytes->len, 1),
        g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, numbers, ALL_NUMBERS, sizeof(uint64_t)),
        g_variant_new_maybe(G_VARIANT_TYPE(FINDINGS_TYPE), findings));
}

const char *
mh_mailbox_outcome_type(void)
{
    return MAILBOX_TYPE;
}

static bool
take_texts(MhMailboxOutcome *o, GVariant *variant, uint64_t present)
{
    gsize len;
    char **texts[TEXTS];
    g_autoptr(GVariant) child = g_variant_get_child_value(variant, 0);
    const char *at = g_variant_get_fixed_array(child, &len, 1);
    list_texts(o, texts);
    for (size_t i = 0; i < TEXTS; i++) {
        if ((present >> i & 1) == 0)
            continue;
        const char *end = len > 0 ? memchr(at, '\0', len) : NULL;
        if (end == NULL || !g_utf8_validate(at, end - at, NULL))
            return false;
        *texts[i] = mh_printable_again(at); /* a worker may have been taken over */
        len -= (gsize)(end - at) + 1;
        at = end + 1;
    }
    return len == 0 && present >> TEXTS == 0;
}

static MhFindings *
take_findings(GVariant *variant)
{
    g_autoptr(GVariant) maybe = g_variant_get_child_value(variant, 2);
    g_autoptr(GVariant) findings = g_variant_get_maybe(maybe);
    if (findings == NULL)
        return mh_findings_new();
    return g_variant_is_normal_form(findings) ? mh_findings_from_variant(findings) : NULL;
}

MhMailboxOutcome *
mh_mailbox_outcome_from_variant(GVariant *variant)
{
    gsize count;
    if (strcmp(g_variant_get_type_string(variant), MAILBOX_TYPE) != 0)
        return NULL;
    g_autoptr(GVariant) child = g_variant_get_child_value(variant, 1);
    const uint64_t *numbers = g_variant_get_fixed_array(child, &count, sizeof(uint64_t));
    if (count != ALL_NUMBERS || numbers[DONE] > MH_DONE_FAILED)
        return NULL;
    g_autoptr(MhMailboxOutcome) o = g_new0(MhMailboxOutcome, 1);
    o->findings = take_findings(variant);
    if (o->findings == NULL || !take_numbers(o, numbers + OF_NUMBERS) ||
        !take_texts(o, variant, numbers[PRESENT]))
        return NULL;
    o->done = (MhDone)numbers[DONE];
    o->renamed = numbers[RENAMED] != 0;
    return g_steal_pointer(&o);
}
