#include "mbox-evidence.h"

#include <string.h>

/* How many lines after the From_ line are looked at. */
#define LINES_AFTER 8

#define NAME(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

/* Headers that whatever delivered or stored the mail puts near the top, and text never has. */
static const MhSpan transport_names[] = {
    NAME("received"),      NAME("return-path"),      NAME("delivered-to"),  NAME("x-original-to"),
    NAME("envelope-to"),   NAME("x-mozilla-status"), NAME("x-account-key"), NAME("x-uid"),
    NAME("x-uidl"),        NAME("x-imapbase"),       NAME("x-imap"),        NAME("status"),
    NAME("x-status"),      NAME("message-id"),       NAME("x-gm-thrid"),    NAME("x-apparently-to"),
    NAME("delivery-date"), NAME("x-keywords"),       NAME("x-sieve"),
};

static const MhSpan mail_names[] = {
    NAME("from"),           NAME("to"),           NAME("cc"),           NAME("subject"),
    NAME("date"),           NAME("reply-to"),     NAME("mime-version"), NAME("content-type"),
    NAME("in-reply-to"),    NAME("sender"),       NAME("references"),   NAME("x-mailer"),
    NAME("user-agent"),     NAME("organization"), NAME("bcc"),          NAME("lines"),
    NAME("content-length"),
};

static bool
is_one_of(MhSpan name, const MhSpan *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mh_span_equal_nocase(name, names[i]))
            return true;
    }
    return false;
}

/* RFC 5322: printable ASCII without the colon; blanks before the colon are obsolete syntax. */
static bool
take_header_name(MhSpan line, MhSpan *out_name)
{
    size_t len = 0;
    while (len < line.len && line.data[len] > ' ' && line.data[len] < 127 && line.data[len] != ':')
        len++;
    size_t colon = len;
    while (colon < line.len && mh_is_blank(line.data[colon]))
        colon++;
    if (len == 0 || colon == line.len || line.data[colon] != ':')
        return false;
    *out_name = mh_span_first(line, len);
    return true;
}

static MhSpan
without_cr(MhSpan line)
{
    return line.len > 0 && line.data[line.len - 1] == '\r' ? mh_span_first(line, line.len - 1)
                                                           : line;
}

static bool
is_mozilla_name(MhSpan name)
{
    return mh_span_starts_with_nocase(name, MH_SPAN_LITERAL("x-mozilla-")) ||
           mh_span_equal_nocase(name, MH_SPAN_LITERAL("x-account-key"));
}

static bool
is_dated_from(MhSpan line)
{
    MboxFromLine from;
    return mh_span_starts_with(line, MH_SPAN_LITERAL("From ")) &&
           mbox_from_line_parse(line, &from) >= MBOX_FROM_ODD_DATE;
}

/* Reads the lines after the From_ line until it knows. */
static void
look_after(MhSpan rest, MboxEvidence *evidence)
{
    unsigned headers = 0, mail = 0;
    bool transport = false, text = false, nothing = rest.len == 0;
    MhSpan line;
    for (int i = 0; i < LINES_AFTER && !transport && mh_span_take_line(&rest, &line, NULL); i++) {
        MhSpan name;
        line = without_cr(line);
        if (line.len == 0) {
            nothing = headers == 0 && !text;
            break;
        }
        if (mh_span_starts_with(line, MH_SPAN_LITERAL(">From ")))
            continue;
        if (take_header_name(line, &name)) {
            if (headers++ == 0)
                evidence->mozilla_after = is_mozilla_name(name);
            transport |= is_one_of(name, transport_names, G_N_ELEMENTS(transport_names));
            mail += is_one_of(name, mail_names, G_N_ELEMENTS(mail_names));
        } else if (headers == 0 && is_dated_from(line)) {
            nothing = true;
            break;
        } else if (headers == 0 && i < 2) {
            text = true;
        } else if (headers == 0 || !mh_is_blank(line.data[0])) {
            break;
        }
    }
    if (headers == 0)
        evidence->after = nothing ? MBOX_AFTER_NOTHING : MBOX_AFTER_TEXT;
    else
        evidence->after = transport  ? MBOX_AFTER_TRANSPORT
                          : mail > 1 ? MBOX_AFTER_MAIL
                                     : MBOX_AFTER_HEADER;
}

static bool
is_patch_line(const MboxFromLine *from, MhSpan line)
{
    if (from->sender.len != 40 ||
        !mh_span_ends_with(line, MH_SPAN_LITERAL(" Mon Sep 17 00:00:00 2001")))
        return false;
    for (size_t i = 0; i < from->sender.len; i++) {
        if (!g_ascii_isxdigit(from->sender.data[i]))
            return false;
    }
    return true;
}

bool
mbox_evidence_gather(MhSpan window, MboxPlace place, MboxEvidence *out)
{
    MhSpan rest = window, line;
    bool ended;
    if (!mh_span_starts_with(window, MH_SPAN_LITERAL("From ")) ||
        !mh_span_take_line(&rest, &line, &ended) || (!ended && window.len >= MBOX_EVIDENCE_WINDOW))
        return false;
    *out = (MboxEvidence){.place = place, .line = without_cr(line)};
    size_t bare_cr;
    if (mh_span_find(out->line, '\r', &bare_cr))
        return false;
    out->line_size = window.len - rest.len;
    mbox_from_line_parse(out->line, &out->from);
    out->patch_line = is_patch_line(&out->from, out->line);
    look_after(rest, out);
    return true;
}

typedef enum { BODY_SURE, BODY_DOUBTFUL, SEPARATOR_DOUBTFUL, SEPARATOR_SURE } Opinion;

static Opinion
weigh_dated(const MboxEvidence *evidence, bool apart)
{
    if (evidence->after >= MBOX_AFTER_HEADER)
        return apart ? SEPARATOR_SURE : SEPARATOR_DOUBTFUL;
    if (evidence->after == MBOX_AFTER_NOTHING && (apart || evidence->place.in_header))
        return SEPARATOR_DOUBTFUL;
    return BODY_DOUBTFUL;
}

static Opinion
weigh_odd_date(const MboxEvidence *evidence, bool apart)
{
    if (evidence->after >= MBOX_AFTER_MAIL)
        return apart ? SEPARATOR_SURE : SEPARATOR_DOUBTFUL;
    if (evidence->after == MBOX_AFTER_HEADER && apart)
        return SEPARATOR_DOUBTFUL;
    return apart ? BODY_DOUBTFUL : BODY_SURE;
}

static Opinion
weigh_bare(const MboxEvidence *evidence, bool apart, bool thunderbird)
{
    if (evidence->mozilla_after)
        return apart ? SEPARATOR_SURE : SEPARATOR_DOUBTFUL;
    if (!apart)
        return BODY_SURE;
    if (thunderbird && evidence->after >= MBOX_AFTER_HEADER)
        return evidence->after >= MBOX_AFTER_MAIL ? SEPARATOR_SURE : SEPARATOR_DOUBTFUL;
    return evidence->after >= MBOX_AFTER_MAIL ? SEPARATOR_DOUBTFUL : BODY_DOUBTFUL;
}

/* A sentence that begins with "From " has no date; only what a mail server adds outweighs it. */
static Opinion
weigh_words(const MboxEvidence *evidence, bool apart)
{
    if (!apart || evidence->after < MBOX_AFTER_MAIL)
        return BODY_SURE;
    return evidence->after == MBOX_AFTER_TRANSPORT ? SEPARATOR_DOUBTFUL : BODY_DOUBTFUL;
}

static Opinion
weigh_evidence(const MboxEvidence *evidence, bool thunderbird)
{
    const MboxPlace *place = &evidence->place;
    bool apart = place->blank_before || place->at_start || place->hole_before;
    if (evidence->patch_line && !place->patches && !place->at_start)
        return BODY_DOUBTFUL;
    switch (evidence->from.kind) {
    case MBOX_FROM_DATE:
        return weigh_dated(evidence, apart);
    case MBOX_FROM_ODD_DATE:
        return weigh_odd_date(evidence, apart);
    case MBOX_FROM_BARE:
        return weigh_bare(evidence, apart, thunderbird);
    case MBOX_FROM_WORDS:
        return weigh_words(evidence, apart);
    case MBOX_FROM_NONE:
        break;
    }
    return BODY_SURE;
}

/* "123456789@xxx": at least ten digits. */
static bool
is_gmail_sender(MhSpan sender)
{
    MhSpan digits, after;
    uint64_t number;
    return mh_span_split(sender, '@', &digits, &after) && digits.len >= 10 &&
           mh_span_equal(after, MH_SPAN_LITERAL("xxx")) &&
           mh_span_to_u64(digits, UINT64_MAX, &number);
}

static bool
dialect_accepts(const MboxEvidence *evidence, MboxDialect dialect, Opinion opinion)
{
    switch (dialect) {
    case MBOX_DIALECT_DOVECOT:
        return evidence->from.dovecot_accepts;
    case MBOX_DIALECT_UW:
        return evidence->from.cclient_accepts && !evidence->place.in_header;
    case MBOX_DIALECT_GMAIL:
        if (evidence->from.kind >= MBOX_FROM_ODD_DATE && is_gmail_sender(evidence->from.sender))
            return true;
        break;
    case MBOX_DIALECT_AUTO:
    case MBOX_DIALECT_THUNDERBIRD:
    case MBOX_DIALECT_PLAIN:
        break;
    }
    return opinion >= SEPARATOR_DOUBTFUL;
}

/* The first line of a file has nothing before it that it could belong to. */
static MboxVerdict
weigh_start(const MboxEvidence *evidence, MboxDialect dialect, Opinion opinion)
{
    bool takes = evidence->from.kind >= MBOX_FROM_BARE || evidence->after >= MBOX_AFTER_HEADER;
    bool server_takes = opinion == SEPARATOR_SURE;
    if (dialect == MBOX_DIALECT_DOVECOT || dialect == MBOX_DIALECT_UW)
        server_takes = dialect_accepts(evidence, dialect, opinion);
    return (MboxVerdict){.is_separator = takes, .doubtful = takes && !server_takes};
}

MboxVerdict
mbox_evidence_weigh(const MboxEvidence *evidence, MboxDialect dialect)
{
    Opinion opinion = weigh_evidence(evidence, dialect == MBOX_DIALECT_THUNDERBIRD);
    if (evidence->place.at_start)
        return weigh_start(evidence, dialect, opinion);
    if (evidence->place.hole_before) {
        bool takes =
            evidence->from.kind >= MBOX_FROM_ODD_DATE && evidence->after >= MBOX_AFTER_HEADER;
        return (MboxVerdict){.is_separator = takes, .doubtful = false};
    }
    MboxVerdict verdict = {.is_separator = dialect_accepts(evidence, dialect, opinion)};
    verdict.doubtful = opinion == BODY_DOUBTFUL || opinion == SEPARATOR_DOUBTFUL ||
                       verdict.is_separator != (opinion == SEPARATOR_SURE);
    if (evidence->place.in_content_length) {
        verdict.doubtful = verdict.is_separator;
        verdict.is_separator = false;
    }
    return verdict;
}

static const char *
kind_words(const MboxEvidence *evidence)
{
    if (evidence->patch_line)
        return "the fixed date of git format-patch";
    switch (evidence->from.kind) {
    case MBOX_FROM_DATE:
        return evidence->from.dovecot_accepts   ? "a date"
               : evidence->from.cclient_accepts ? "a date that Dovecot rejects"
                                                : "a date that Dovecot and c-client reject";
    case MBOX_FROM_ODD_DATE:
        return "an unusual date";
    case MBOX_FROM_BARE:
        return "nothing after From";
    case MBOX_FROM_WORDS:
    case MBOX_FROM_NONE:
        break;
    }
    return "no date";
}

static const char *
before_words(const MboxPlace *place)
{
    if (place->at_start)
        return "first line of the file";
    if (place->hole_before)
        return "a hole of NULs before";
    if (place->in_header)
        return "within a header";
    return place->blank_before ? "a blank line before" : "no blank line before";
}

char *
mbox_evidence_words(const MboxEvidence *evidence)
{
    static const char *const after[] = {
        [MBOX_AFTER_TEXT] = "no header after",
        [MBOX_AFTER_NOTHING] = "nothing after",
        [MBOX_AFTER_HEADER] = "a line like a header after",
        [MBOX_AFTER_MAIL] = "mail headers after",
        [MBOX_AFTER_TRANSPORT] = "headers of a mail server after",
    };
    return g_strdup_printf("%s, %s, %s%s", kind_words(evidence), before_words(&evidence->place),
                           after[evidence->after],
                           evidence->place.in_content_length ? ", inside a Content-Length that fits"
                                                             : "");
}
