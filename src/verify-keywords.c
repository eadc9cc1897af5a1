#include "verify-private.h"

#include "printable.h"

char *
mh_verify_letter_name(const MhVerify *verify, unsigned letter)
{
    const char *name = verify->target->keywords->names[letter];
    return name != NULL ? mh_printable_string(name) : g_strdup_printf("unknown-%u", letter);
}

/* The letter of @atom: 0..25, or MAILDIR_KEYWORD_NONE. */
static unsigned
letter_of(const MhVerify *verify, const char *atom)
{
    for (unsigned i = 0; i < MAILDIR_KEYWORD_LETTERS; i++) {
        const char *name = verify->target->keywords->names[i];
        if (name != NULL && g_ascii_strcasecmp(name, atom) == 0)
            return i;
    }
    return MAILDIR_KEYWORD_NONE;
}

static bool
is_table_full(const MhVerify *verify)
{
    for (unsigned i = 0; i < MAILDIR_KEYWORD_LETTERS; i++) {
        if (verify->target->keywords->names[i] == NULL)
            return false;
    }
    return true;
}

/* How many messages of the source carry keyword @number. */
static uint64_t
count_uses(const MhVerify *verify, uint16_t number)
{
    const MhMailbox *mailbox = verify->source->mailbox;
    g_autofree bool *has = g_new0(bool, mh_mailbox_keyword_sets(mailbox) + 1);
    uint64_t uses = 0;
    for (uint32_t set = 0; set < mh_mailbox_keyword_sets(mailbox); set++) {
        size_t count;
        const uint16_t *members = mh_mailbox_keyword_members(mailbox, set, &count);
        for (size_t i = 0; i < count; i++)
            has[set] |= members[i] == number;
    }
    for (size_t i = 0; i < mh_mailbox_length(mailbox); i++)
        uses += has[mh_mailbox_get(mailbox, i)->keywords];
    return uses;
}

static unsigned
find_letter(const MhVerify *verify, uint16_t number)
{
    const char *name = mh_mailbox_keyword_name(verify->source->mailbox, number);
    g_autofree char *atom = maildir_keyword_sanitise(mh_span_from_string(name), NULL);
    unsigned letter = atom != NULL ? letter_of(verify, atom) : MAILDIR_KEYWORD_NONE;
    if (letter != MAILDIR_KEYWORD_NONE)
        return letter;
    uint64_t uses = count_uses(verify, number);
    g_autofree char *shown = mh_printable_string(name);
    MhDifferenceClass class = is_table_full(verify) ? MH_DIFFERENCE_LOSS
                              : verify->newer       ? MH_DIFFERENCE_NEWER
                                                    : MH_DIFFERENCE_DAMAGE;
    if (uses > 0)
        mh_differences_add(verify->differences, MH_DIFFERENCE_KEYWORDS, class, 0, 0,
                           "'%s', on %" G_GUINT64_FORMAT " messages at the source, has no letter "
                           "at the target",
                           shown, (guint64)uses);
    return MAILDIR_KEYWORD_NONE;
}

uint32_t *
mh_verify_keyword_sets(const MhVerify *verify)
{
    const MhMailbox *mailbox = verify->source->mailbox;
    size_t keywords = mh_mailbox_keyword_count(mailbox), sets = mh_mailbox_keyword_sets(mailbox);
    g_autofree unsigned *letters = g_new0(unsigned, keywords + 1);
    uint32_t *set_letters = g_new0(uint32_t, sets + 1);
    for (size_t i = 0; i < keywords; i++)
        letters[i] = find_letter(verify, (uint16_t)i);
    for (uint32_t set = 0; set < sets; set++) {
        size_t count;
        const uint16_t *members = mh_mailbox_keyword_members(mailbox, set, &count);
        for (size_t i = 0; i < count; i++) {
            if (letters[members[i]] != MAILDIR_KEYWORD_NONE)
                set_letters[set] |= 1u << letters[members[i]];
        }
    }
    return set_letters;
}
