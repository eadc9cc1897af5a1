#include "uidl-listing.h"

#include "config-error.h"
#include "size-limits.h"

static bool
is_uidl(MhSpan text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x21 || text.data[i] > 0x7e)
            return false;
    }
    return text.len > 0 && text.len <= MH_LIMIT_UIDL_BYTES;
}

static bool
is_passed_over(MhSpan line, size_t number)
{
    return line.len == 0 || line.data[0] == '#' ||
           (number == 1 && mh_span_starts_with(line, MH_SPAN_LITERAL("+OK")));
}

GPtrArray *
mh_uidl_listing_parse(MhSpan text, GError **error)
{
    g_autoptr(GPtrArray) uidls = g_ptr_array_new_with_free_func(g_free);
    MhSpan line, number, uidl;
    uint32_t value;
    for (size_t n = 1; mh_span_take_line(&text, &line, NULL); n++) {
        line = mh_span_trim(line);
        if (is_passed_over(line, n))
            continue;
        if (mh_span_equal(line, MH_SPAN_LITERAL(".")))
            break;
        if (!mh_span_take_word(&line, &number) || !mh_span_take_word(&line, &uidl) ||
            mh_span_trim(line).len > 0 || !is_uidl(uidl) ||
            !mh_span_to_u32(number, UINT32_MAX, &value) || value != uidls->len + 1) {
            g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX,
                        "line %zu: expected '%u UIDL'", n, uidls->len + 1);
            return NULL;
        }
        g_ptr_array_add(uidls, mh_span_dup(uidl));
    }
    return g_steal_pointer(&uidls);
}

void
mh_uidl_listing_apply(const GPtrArray *uidls, MhMailbox *mailbox, MhFindings *findings)
{
    size_t count = mh_mailbox_length(mailbox);
    mailbox->uidls_unfit = count != uidls->len;
    if (mailbox->uidls_unfit) {
        mh_findings_add(findings, MH_FINDING_UIDL_COUNT, "%zu messages, %u UIDLs", count,
                        uidls->len);
        return;
    }
    mailbox->uidls_saved = true;
    for (size_t i = 0; i < count; i++) {
        MhMessage *message = mh_mailbox_get(mailbox, i);
        mh_mailbox_set_uidl(mailbox, message, mh_span_from_string(uidls->pdata[i]));
        mh_mailbox_set_pop3_order(mailbox, message, (uint32_t)i + 1);
    }
}
