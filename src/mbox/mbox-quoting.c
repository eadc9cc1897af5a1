#include "mbox-quoting.h"

#include <string.h>

static const char from_word[] = "From ";
#define FROM_LENGTH (sizeof(from_word) - 1)

static const char *const names[] = {
    [MBOX_UNQUOTE_NONE] = "none",
    [MBOX_UNQUOTE_MBOXO] = "mboxo",
    [MBOX_UNQUOTE_MBOXRD] = "mboxrd",
};

const char *
mbox_unquote_name(MboxUnquote unquote)
{
    g_assert((size_t)unquote < G_N_ELEMENTS(names));
    return names[unquote];
}

bool
mbox_unquote_from_name(const char *name, MboxUnquote *out_unquote)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *out_unquote = (MboxUnquote)i;
            return true;
        }
    }
    return false;
}

void
mbox_unquoter_init(MboxUnquoter *unquoter, MboxUnquote kind)
{
    *unquoter = (MboxUnquoter){.kind = kind};
}

static bool
send_quotes(uint64_t count, MboxTextFunc text, void *user)
{
    static const char quotes[] = ">>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>";
    while (count > 0) {
        size_t len = (size_t)MIN(count, sizeof(quotes) - 1);
        if (!text(mh_span(quotes, len), user))
            return false;
        count -= len;
    }
    return true;
}

/* Hands on what is held, less @drop quotes. */
static bool
release(MboxUnquoter *unquoter, unsigned drop, MboxTextFunc text, void *user)
{
    uint64_t quotes = unquoter->quotes - drop;
    size_t matched = unquoter->matched;
    unquoter->quotes = 0;
    unquoter->matched = 0;
    return send_quotes(quotes, text, user) &&
           (matched == 0 || text(mh_span(from_word, matched), user));
}

/* Takes byte @c at a line's beginning if it may belong to a quoted "From ". */
static bool
holds(MboxUnquoter *unquoter, uint8_t c)
{
    if (c == '>' && unquoter->matched == 0 &&
        (unquoter->quotes == 0 || unquoter->kind == MBOX_UNQUOTE_MBOXRD)) {
        unquoter->quotes++;
        return true;
    }
    if (unquoter->quotes > 0 && c == (uint8_t)from_word[unquoter->matched]) {
        unquoter->matched++;
        return true;
    }
    return false;
}

/* Reads a line's beginning off @body until it is known what it is. */
static bool
read_beginning(MboxUnquoter *unquoter, MhSpan *body, MboxTextFunc text, void *user)
{
    while (body->len > 0 && unquoter->matched < FROM_LENGTH && holds(unquoter, body->data[0]))
        *body = mh_span_from(*body, 1);
    bool whole = unquoter->matched == FROM_LENGTH;
    if (!whole && body->len == 0)
        return true;
    unquoter->in_line = true;
    return release(unquoter, whole ? 1 : 0, text, user);
}

/* The length of the text up to the next line that begins with '>', or all. */
static size_t
plain_length(MhSpan body, bool *out_in_line)
{
    const uint8_t *at = body.data, *end = body.data + body.len, *lf;
    while ((lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at = lf + 1;
        if (at == end || *at == '>') {
            *out_in_line = false;
            return (size_t)(at - body.data);
        }
    }
    *out_in_line = true;
    return body.len;
}

bool
mbox_unquoter_feed(MboxUnquoter *unquoter, MhSpan body, MboxTextFunc text, void *user)
{
    if (unquoter->kind == MBOX_UNQUOTE_NONE)
        return body.len == 0 || text(body, user);
    while (body.len > 0) {
        if (!unquoter->in_line && !read_beginning(unquoter, &body, text, user))
            return false;
        if (body.len == 0)
            break;
        size_t len = plain_length(body, &unquoter->in_line);
        if (!text(mh_span_first(body, len), user))
            return false;
        body = mh_span_from(body, len);
    }
    return true;
}

bool
mbox_unquoter_finish(MboxUnquoter *unquoter, MboxTextFunc text, void *user)
{
    unquoter->in_line = false;
    return release(unquoter, 0, text, user);
}
