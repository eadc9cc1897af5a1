#include "json-findings.h"

#include "not-mail.h"

void
mh_json_findings(MhJson *json, const MhFindings *findings)
{
    mh_json_open(json, "findings", '[');
    for (size_t i = 0; i < mh_findings_kept(findings); i++) {
        const MhFinding *finding = mh_findings_get(findings, i);
        mh_json_open(json, NULL, '{');
        mh_json_string(json, "code", mh_finding_name(finding->code));
        mh_json_string(json, "weight", mh_weight_name(mh_finding_weight(finding->code)));
        mh_json_string(json, "text", mh_finding_text(finding->code));
        mh_json_string(json, "detail", finding->detail);
        if (finding->has_offset)
            mh_json_number(json, "offset", finding->offset);
        if (finding->message != 0)
            mh_json_number(json, "message", finding->message);
        mh_json_number(json, "times", mh_findings_count(findings, finding->code));
        mh_json_close(json, '}');
    }
    mh_json_close(json, ']');
}

void
mh_json_found_kind(MhJson *json, const MhFoundKind *kind)
{
    mh_json_open(json, NULL, '{');
    mh_json_string(json, "code", kind->code);
    mh_json_string(json, "weight", mh_weight_name(kind->weight));
    mh_json_string(json, "text", kind->text);
    mh_json_number(json, "times", kind->times);
    mh_json_number(json, "accounts", kind->accounts);
    mh_json_close(json, '}');
}

void
mh_json_not_mail(MhJson *json, const GPtrArray *items)
{
    mh_json_open(json, "not_mail", '[');
    for (guint i = 0; i < items->len; i++) {
        const MhNotMail *item = items->pdata[i];
        mh_json_open(json, NULL, '{');
        mh_json_string(json, "path", item->path);
        mh_json_string(json, "reason", item->reason);
        mh_json_close(json, '}');
    }
    mh_json_close(json, ']');
}
