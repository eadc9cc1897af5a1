#include "mbox-dialect.h"

#include <string.h>

static const char *const names[] = {
    [MBOX_DIALECT_AUTO] = "auto",   [MBOX_DIALECT_DOVECOT] = "dovecot",
    [MBOX_DIALECT_UW] = "uw",       [MBOX_DIALECT_THUNDERBIRD] = "thunderbird",
    [MBOX_DIALECT_GMAIL] = "gmail", [MBOX_DIALECT_PLAIN] = "plain",
};

const char *
mbox_dialect_name(MboxDialect dialect)
{
    g_assert((size_t)dialect < G_N_ELEMENTS(names));
    return names[dialect];
}

bool
mbox_dialect_from_name(const char *name, MboxDialect *out_dialect)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *out_dialect = (MboxDialect)i;
            return true;
        }
    }
    return false;
}

MboxDialect
mbox_dialect_decide(const MboxMarks *marks)
{
    if (marks->base != MBOX_DIALECT_AUTO)
        return marks->base;
    /* A server that numbered the messages has the last word on how they are counted, even if a
     * client or an export brought some of them. As many of both are Dovecot's: it keeps c-client's
     * placeholder, while c-client writes every message anew. */
    if (marks->uw > 0 || marks->dovecot > 0)
        return marks->dovecot >= marks->uw ? MBOX_DIALECT_DOVECOT : MBOX_DIALECT_UW;
    if (marks->server > 0 && marks->server >= marks->thunderbird && marks->server >= marks->gmail)
        return MBOX_DIALECT_DOVECOT;
    /* Mail exported by Gmail and then kept in Thunderbird has both: the last writer wins. */
    if (marks->thunderbird > 0 && 2 * marks->thunderbird >= marks->messages)
        return MBOX_DIALECT_THUNDERBIRD;
    if (marks->gmail > 0 && 2 * marks->gmail >= marks->messages)
        return MBOX_DIALECT_GMAIL;
    return MBOX_DIALECT_PLAIN;
}
