#include "finding.h"

#include <stdarg.h>
#include <string.h>

typedef struct {
    const char *name;
    MhWeight weight;
    const char *text;
} Entry;

static const Entry entries[] = {
#define ENTRY(code, weight, text) {#code, MH_WEIGHT_##weight, text},
    MH_FINDING_TABLE(ENTRY)
#undef ENTRY
};

G_STATIC_ASSERT(G_N_ELEMENTS(entries) == MH_FINDING_COUNT);

struct MhFindings {
    GArray *kept; /* of MhFinding */
    uint64_t counts[MH_FINDING_COUNT];
};

static void
finding_clear(gpointer item)
{
    g_free(((MhFinding *)item)->detail);
}

MhFindings *
mh_findings_new(void)
{
    MhFindings *findings = g_new0(MhFindings, 1);
    findings->kept = g_array_new(FALSE, FALSE, sizeof(MhFinding));
    g_array_set_clear_func(findings->kept, finding_clear);
    return findings;
}

void
mh_findings_free(MhFindings *findings)
{
    if (findings == NULL)
        return;
    g_array_unref(findings->kept);
    g_free(findings);
}

static void
add(MhFindings *findings, MhFinding finding)
{
    if (findings->counts[finding.code]++ < MH_FINDINGS_KEPT)
        g_array_append_val(findings->kept, finding);
    else
        g_free(finding.detail);
}

void
mh_findings_add(MhFindings *findings, MhFindingCode code, const char *detail_format, ...)
{
    if (findings == NULL)
        return;
    MhFinding finding = {.code = code};
    if (detail_format != NULL) {
        va_list args;
        va_start(args, detail_format);
        finding.detail = g_strdup_vprintf(detail_format, args);
        va_end(args);
    }
    add(findings, finding);
}

void
mh_findings_add_at(MhFindings *findings, MhFindingCode code, uint64_t offset, uint32_t message,
                   const char *detail_format, ...)
{
    if (findings == NULL)
        return;
    MhFinding finding = {.code = code, .has_offset = true, .offset = offset, .message = message};
    if (detail_format != NULL) {
        va_list args;
        va_start(args, detail_format);
        finding.detail = g_strdup_vprintf(detail_format, args);
        va_end(args);
    }
    add(findings, finding);
}

void
mh_findings_add_of(MhFindings *findings, MhFindingCode code, uint32_t message,
                   const char *detail_format, ...)
{
    if (findings == NULL)
        return;
    MhFinding finding = {.code = code, .message = message};
    if (detail_format != NULL) {
        va_list args;
        va_start(args, detail_format);
        finding.detail = g_strdup_vprintf(detail_format, args);
        va_end(args);
    }
    add(findings, finding);
}

void
mh_findings_add_count(MhFindings *findings, MhFindingCode code, uint64_t more)
{
    if (findings != NULL)
        findings->counts[code] += more;
}

void
mh_findings_merge(MhFindings *findings, const MhFindings *other)
{
    if (findings == NULL || other == NULL)
        return;
    uint64_t kept_of[MH_FINDING_COUNT] = {0};
    for (guint i = 0; i < other->kept->len; i++) {
        MhFinding finding = g_array_index(other->kept, MhFinding, i);
        finding.detail = g_strdup(finding.detail);
        kept_of[finding.code]++;
        add(findings, finding);
    }
    for (int code = 0; code < MH_FINDING_COUNT; code++)
        findings->counts[code] += other->counts[code] - kept_of[code];
}

uint64_t
mh_findings_count(const MhFindings *findings, MhFindingCode code)
{
    return findings != NULL ? findings->counts[code] : 0;
}

uint64_t
mh_findings_weigh(const MhFindings *findings, MhWeight weight)
{
    uint64_t sum = 0;
    for (int code = 0; findings != NULL && code < MH_FINDING_COUNT; code++)
        sum += entries[code].weight == weight ? findings->counts[code] : 0;
    return sum;
}

size_t
mh_findings_kept(const MhFindings *findings)
{
    return findings != NULL ? findings->kept->len : 0;
}

const MhFinding *
mh_findings_get(const MhFindings *findings, size_t index)
{
    g_assert(index < findings->kept->len);
    return &g_array_index(findings->kept, MhFinding, index);
}

const char *
mh_finding_name(MhFindingCode code)
{
    static char *names[MH_FINDING_COUNT];
    if (names[code] == NULL)
        names[code] = g_strdelimit(g_ascii_strdown(entries[code].name, -1), "_", '-');
    return names[code];
}

const char *
mh_finding_text(MhFindingCode code)
{
    return entries[code].text;
}

MhWeight
mh_finding_weight(MhFindingCode code)
{
    return entries[code].weight;
}

const char *
mh_weight_name(MhWeight weight)
{
    static const char *const names[] = {"note", "repaired", "loss"};
    return names[weight];
}

bool
mh_finding_from_name(const char *name, MhFindingCode *out_code)
{
    for (int code = 0; code < MH_FINDING_COUNT; code++) {
        if (strcmp(mh_finding_name((MhFindingCode)code), name) == 0) {
            *out_code = (MhFindingCode)code;
            return true;
        }
    }
    return false;
}
