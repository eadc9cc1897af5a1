#include "message-flags.h"

/* In the ASCII order of the Maildir letters. */
static const struct {
    MhFlags flag;
    char maildir;
    const char *imap;
} table[] = {
    {MH_FLAG_DRAFT, 'D', "\\Draft"},       {MH_FLAG_FLAGGED, 'F', "\\Flagged"},
    {MH_FLAG_ANSWERED, 'R', "\\Answered"}, {MH_FLAG_SEEN, 'S', "\\Seen"},
    {MH_FLAG_DELETED, 'T', "\\Deleted"},
};

size_t
mh_flags_to_maildir(MhFlags flags, char out_letters[MH_FLAG_LETTERS_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        out_letters[n] = table[i].maildir; /* and over it the next one, if it is not set */
        n += (flags & table[i].flag) != 0;
    }
    out_letters[n] = '\0';
    return n;
}

MhFlags
mh_flag_from_maildir(uint8_t letter)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].maildir == (char)letter)
            return table[i].flag;
    }
    return 0;
}

const char *
mh_flag_imap_name(MhFlags flag)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].flag == flag)
            return table[i].imap;
    }
    g_assert_not_reached();
}
