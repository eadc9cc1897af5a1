/* mbox-quoting: takes back the '>' that a writer put before body lines "From ".
 *
 *   mboxo    ">From "    loses its '>'; what was quoted twice cannot be told apart
 *   mboxrd   ">*>From "  loses one '>'
 *
 * Servers never do it (Dovecot and c-client show what the file holds), so it is done on request
 * only. Source: the qmail mbox(5) page. Fed in pieces of any size; nothing is held but a count.
 */
#pragma once

#include "bytes.h"

typedef enum {
    MBOX_UNQUOTE_NONE,
    MBOX_UNQUOTE_MBOXO,
    MBOX_UNQUOTE_MBOXRD,
} MboxUnquote;

const char *mbox_unquote_name(MboxUnquote unquote); /* "none", "mboxo", "mboxrd" */
bool mbox_unquote_from_name(const char *name, MboxUnquote *out_unquote);

/* Receives text; false stops. */
typedef bool (*MboxTextFunc)(MhSpan text, void *user);

typedef struct {
    MboxUnquote kind;
    bool in_line;     /* the line's beginning has been passed */
    uint64_t quotes;  /* '>' at the line's beginning, not yet handed on */
    unsigned matched; /* bytes of "From " after them, not yet handed on */
} MboxUnquoter;

void mbox_unquoter_init(MboxUnquoter *unquoter, MboxUnquote kind);
/* False when @text said so. */
bool mbox_unquoter_feed(MboxUnquoter *unquoter, MhSpan body, MboxTextFunc text, void *user);
/* Hands on what is held at the end of a body. */
bool mbox_unquoter_finish(MboxUnquoter *unquoter, MboxTextFunc text, void *user);
