/* json-findings: findings, and what is not mail, as JSON; the same wherever they are written. */
#pragma once

#include "finding.h"
#include "json-text.h"

/* "findings": [{"code", "weight", "text", "detail", "offset", "message", "times"}...]; the offset
 * and the message only where there is one. */
void mh_json_findings(MhJson *json, const MhFindings *findings);

/* One kind of finding over many accounts. */
typedef struct {
    const char *code, *text;
    MhWeight weight;
    uint64_t times;
    size_t accounts;
} MhFoundKind;
/* {"code", "weight", "text", "times", "accounts"}, within a list. */
void mh_json_found_kind(MhJson *json, const MhFoundKind *kind);

/* "not_mail": [{"path", "reason"}...]. @items are of MhNotMail. */
void mh_json_not_mail(MhJson *json, const GPtrArray *items);
