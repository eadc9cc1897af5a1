/* mbox-dialect: whose view of an mbox counts, where programs read the same bytes differently.
 *
 * They differ in what separates messages, in whether Content-Length is believed, and in what of
 * the line end before a separator belongs to the message:
 *
 *   dovecot      any line that Dovecot's parser takes for a From_ line, header or body, blank line
 *                before it or not; the LF or CRLF before it belongs to the separator; a
 *                Content-Length that lands on a separator or the end is believed
 *   uw           the same with c-client's parser, in bodies only; one blank line before the
 *                separator belongs to it; Content-Length means nothing
 *   thunderbird  "From " and "From -" alone are separators too, where a header follows
 *   gmail        "From 123456@xxx date" are separators
 *   plain        no program's rules: the evidence on both sides of the line is weighed
 *
 * Sources: Dovecot 2.3/2.4 lib-mail and istream-raw-mbox as observed, c-client 2007f as observed
 * through mailutil, Mozilla's mailbox parser, files in the wild.
 */
#pragma once

#include "bytes.h"

typedef enum {
    MBOX_DIALECT_AUTO, /* decide from the marks that the writers left */
    MBOX_DIALECT_DOVECOT,
    MBOX_DIALECT_UW,
    MBOX_DIALECT_THUNDERBIRD,
    MBOX_DIALECT_GMAIL,
    MBOX_DIALECT_PLAIN,
} MboxDialect;

const char *mbox_dialect_name(MboxDialect dialect);
/* False when @name is none. */
bool mbox_dialect_from_name(const char *name, MboxDialect *out_dialect);

/* What writers left in the messages of one file, counted by message. */
typedef struct {
    MboxDialect
        base; /* DOVECOT or UW by the form of the first message's X-IMAPbase; AUTO: neither */
    uint64_t messages;
    uint64_t dovecot;     /* forms of X-IMAPbase and padding that Dovecot alone writes */
    uint64_t uw;          /* pseudo message; forms that c-client alone writes */
    uint64_t server;      /* X-UID, X-IMAPbase, Status in a form that both write */
    uint64_t thunderbird; /* X-Mozilla-..., "From -" */
    uint64_t gmail;       /* X-GM-..., "From 123@xxx" */
} MboxMarks;

/* Never AUTO. Each server writes the file's X-IMAPbase anew in its own form, so it tells who was
 * the last; what else a server left may be of one that served the file before. Marks may travel
 * inside copied mail, so a server's own marks outweigh a client's, and otherwise the more frequent
 * one wins. */
MboxDialect mbox_dialect_decide(const MboxMarks *marks);
