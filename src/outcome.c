#include "outcome.h"

#include "memory.h"

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
            mh_findings_add(findings, code, detail != NULL ? "%s" : NULL, detail);
    }
    while (g_variant_iter_next(more, "(&st)", &name, &beyond)) {
        if (!mh_finding_from_name(name, &code))
            return NULL;
        mh_findings_add_count(findings, code, beyond);
    }
    return g_steal_pointer(&findings);
}

/* Every field of a mailbox outcome, in this order. */
#define MAILBOX_FIELDS "msmsmsmsbmsmsymsuutttttttttt"

GVariant *
mh_mailbox_outcome_to_variant(const MhMailboxOutcome *o)
{
    return g_variant_new("(" MAILBOX_FIELDS "@" FINDINGS_TYPE ")", o->source, o->path, o->target,
                         o->name, (gboolean)o->renamed, o->name_map, o->format, (guchar)o->done,
                         o->error, o->uidvalidity, o->uidnext, o->messages, o->bytes, o->delivered,
                         o->delivered_bytes, o->retagged, o->expunged, o->unchanged, o->foreign,
                         o->kept_gone, o->left_out, mh_findings_to_variant(o->findings));
}

const char *
mh_mailbox_outcome_type(void)
{
    return "(" MAILBOX_FIELDS FINDINGS_TYPE ")";
}

MhMailboxOutcome *
mh_mailbox_outcome_from_variant(GVariant *variant)
{
    g_autoptr(MhMailboxOutcome) o = g_new0(MhMailboxOutcome, 1);
    g_autoptr(GVariant) findings = NULL;
    guchar done;
    gboolean renamed;
    if (!g_variant_is_of_type(variant, G_VARIANT_TYPE(mh_mailbox_outcome_type())))
        return NULL;
    g_variant_get(variant, "(" MAILBOX_FIELDS "@" FINDINGS_TYPE ")", &o->source, &o->path,
                  &o->target, &o->name, &renamed, &o->name_map, &o->format, &done, &o->error,
                  &o->uidvalidity, &o->uidnext, &o->messages, &o->bytes, &o->delivered,
                  &o->delivered_bytes, &o->retagged, &o->expunged, &o->unchanged, &o->foreign,
                  &o->kept_gone, &o->left_out, &findings);
    o->findings = mh_findings_from_variant(findings);
    if (o->findings == NULL || done > MH_DONE_FAILED)
        return NULL;
    o->done = (MhDone)done;
    o->renamed = renamed;
    return g_steal_pointer(&o);
}
