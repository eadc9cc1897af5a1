/* mbox-render: a message of an mbox as its server showed it, which is how it is delivered.
 *
 * The header goes without the fields that hold the mailbox's own metadata (mbox-metadata), the
 * body as it is, or with '>From ' taken back when that is asked for. There is this one way from
 * file to bytes: what is counted and digested is what is written.
 */
#pragma once

#include "mbox-metadata.h"
#include "mbox-quoting.h"

typedef struct {
    MboxHiding hiding;
    MboxTextFunc text; /* receives the bytes; false stops */
    void *user;
    MboxUnquoter unquoter;
} MboxRender;

/* In this order: begin, header once, body any number of times, end. False when text() said so. */
void mbox_render_begin(MboxRender *render, MboxHiding hiding, MboxUnquote unquote,
                       MboxTextFunc text, void *user);
bool mbox_render_header(MboxRender *render, MhSpan header);
bool mbox_render_body(MboxRender *render, MhSpan bytes);
bool mbox_render_end(MboxRender *render);
