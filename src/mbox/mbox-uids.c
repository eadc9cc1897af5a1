#include "mbox-uids.h"

MboxUidsRow
mbox_uids_row(const MboxMetadata *metadata, bool is_files_first)
{
    bool below_base = is_files_first && metadata->uid_below_base.present;
    const MboxUid *uid = below_base ? &metadata->uid_below_base : &metadata->uid;
    return (MboxUidsRow){.has_uid = uid->present,
                         .uid = uid->uid,
                         .repeated = uid->repeated,
                         .has_base_above = !is_files_first || below_base};
}

MboxUidsBase
mbox_uids_base(const MboxMetadata *metadata)
{
    return (MboxUidsBase){.has_base = metadata->has_base,
                          .uidvalidity = metadata->base.uidvalidity,
                          .uidlast = metadata->base.uidlast,
                          .has_last = metadata->base.has_last};
}

/* The numbers given so far. 64 bits, so that running out of them is seen. */
typedef struct {
    uint64_t last;     /* UIDLAST, growing */
    uint64_t previous; /* of the message before */
} Numbers;

static MhUidState
number_anew(size_t count, uint32_t *out_uids)
{
    for (size_t i = 0; i < count; i++)
        out_uids[i] = (uint32_t)i + 1;
    return (MhUidState){.uidvalidity = 0, .uidnext = (uint32_t)count + 1};
}

static bool
is_believed(const MboxUidsRow *row, const Numbers *numbers, MboxUidsRules rules)
{
    uint64_t highest = numbers->last + (rules == MBOX_UIDS_DOVECOT ? 1 : 0);
    return row->has_uid && row->has_base_above && row->uid > numbers->previous &&
           row->uid <= highest && !(rules == MBOX_UIDS_UW && row->repeated);
}

/* Does c-client give up the UIDVALIDITY for this row? */
static bool
is_fatal(const MboxUidsRow *row, MboxUidsRules rules)
{
    return rules == MBOX_UIDS_UW && row->has_uid && row->has_base_above;
}

static uint64_t
number_row(const MboxUidsRow *row, Numbers *numbers, bool believed)
{
    uint64_t uid = believed ? row->uid : numbers->last + 1;
    numbers->previous = uid;
    numbers->last = MAX(numbers->last, uid);
    return uid;
}

/* Gives out UIDs in order. False when a row stops it: @out_stop says which, and @out_why. */
static bool
assign_all(const MboxUidsRow *rows, size_t count, MboxUidsRules rules, Numbers *numbers,
           uint32_t *out_uids, size_t *out_stop, MhFindingCode *out_why)
{
    for (size_t i = 0; i < count; i++) {
        bool believed = is_believed(&rows[i], numbers, rules);
        *out_stop = i;
        *out_why = MH_FINDING_MBOX_UIDVALIDITY_NEW;
        if (!believed && is_fatal(&rows[i], rules))
            return false;
        *out_why = MH_FINDING_MBOX_UIDS_EXHAUSTED;
        uint64_t uid = number_row(&rows[i], numbers, believed);
        if (uid > MH_UID_MAX)
            return false;
        out_uids[i] = (uint32_t)uid;
    }
    /* The next one must exist, too: a server could deliver nothing more. */
    *out_stop = count;
    *out_why = MH_FINDING_MBOX_UIDS_EXHAUSTED;
    return numbers->last < MH_UID_MAX;
}

static void
report_replaced(const MboxUidsRow *rows, size_t count, const uint32_t *uids, MhFindings *findings)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].has_uid && rows[i].uid != uids[i])
            mh_findings_add_of(findings, MH_FINDING_MBOX_UID_REPLACED, (uint32_t)i + 1,
                               "%" G_GUINT32_FORMAT " is now %" G_GUINT32_FORMAT, rows[i].uid,
                               uids[i]);
    }
}

static MhUidState
without_base(const MboxUidsRow *rows, size_t count, uint32_t *out_uids, MhFindings *findings)
{
    size_t with_uid = 0;
    for (size_t i = 0; i < count; i++)
        with_uid += rows[i].has_uid;
    if (count > 0)
        mh_findings_add(findings, MH_FINDING_MBOX_UIDS_NONE,
                        "%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " messages have an X-UID",
                        with_uid, count);
    return number_anew(count, out_uids);
}

MhUidState
mbox_uids_assign(const MboxUidsRow *rows, size_t count, MboxUidsBase base, MboxUidsRules rules,
                 uint32_t *out_uids, MhFindings *findings)
{
    g_assert(count < MH_UID_MAX);
    bool usable =
        base.has_base && base.uidvalidity != 0 && (base.has_last || rules == MBOX_UIDS_DOVECOT);
    if (!usable)
        return without_base(rows, count, out_uids, findings);

    Numbers numbers = {.last = base.has_last ? base.uidlast : 0};
    size_t stop;
    MhFindingCode why;
    if (!assign_all(rows, count, rules, &numbers, out_uids, &stop, &why)) {
        mh_findings_add_of(findings, why, (uint32_t)MIN(stop + 1, count),
                           "X-UID %" G_GUINT32_FORMAT ", last %" G_GUINT64_FORMAT,
                           stop < count ? rows[stop].uid : 0, numbers.last);
        return number_anew(count, out_uids);
    }
    if (!base.has_last)
        mh_findings_add(findings, MH_FINDING_MBOX_UIDLAST_MISSING, NULL);
    report_replaced(rows, count, out_uids, findings);
    return (MhUidState){.uidvalidity = base.uidvalidity, .uidnext = (uint32_t)numbers.last + 1};
}
