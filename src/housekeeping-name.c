#include "housekeeping-name.h"

#include <string.h>

typedef enum { EXACT, PREFIX, SUFFIX, INSIDE } Match;

typedef struct {
    Match match;
    const char *text;
    const char *what;
} Row;

static const Row files[] = {
    {EXACT, ".mailboxlist", "UW-IMAP's list of subscriptions"},
    {EXACT, ".subscriptions", "a list of subscriptions"},
    {EXACT, "subscriptions", "a list of subscriptions"},
    {SUFFIX, ".lock", "a lock"},
    {INSIDE, ".lock.", "a lock in the making"},
    {PREFIX, ".mailhaul-lock.", "a lock in the making"},
    {PREFIX, ".pine", "Pine's settings"},
    {PREFIX, ".alpine", "Alpine's settings"},
    {PREFIX, ".addressbook", "Pine's address book"},
    {EXACT, ".imaprc", "UW-IMAP's settings"},
    {EXACT, ".mminit", "UW-IMAP's settings"},
    {PREFIX, ".newsrc", "a list of news groups"},
    {PREFIX, "dovecot.index", "Dovecot's index"},
    {PREFIX, "dovecot.list.index", "Dovecot's index"},
    {PREFIX, "dovecot.mailbox.log", "Dovecot's log of folders"},
    {PREFIX, "dovecot-", "a state file of Dovecot's"},
    {PREFIX, ".dovecot", "a state file of Dovecot's"},
    {SUFFIX, ".msf", "Thunderbird's index"},
    {SUFFIX, ".dat", "a state file of Thunderbird's"},
    {EXACT, "filterlog.html", "a log of Thunderbird's"},
    {EXACT, ".mh_sequences", "MH's state"},
    {EXACT, ".xmhcache", "MH's state"},
    {EXACT, ".DS_Store", "a desktop's settings"},
    {EXACT, "table_of_contents", "Apple Mail's index"},
    {EXACT, "content_index", "Apple Mail's index"},
    {PREFIX, "mailhaul-tmp.", "what a killed run of mailhaul left behind"},
};

static const Row dirs[] = {
    {EXACT, ".imap", "Dovecot's indexes"},
};

static bool
matches(const Row *row, const char *name)
{
    switch (row->match) {
    case EXACT:
        return strcmp(name, row->text) == 0;
    case PREFIX:
        return g_str_has_prefix(name, row->text);
    case SUFFIX:
        return g_str_has_suffix(name, row->text);
    case INSIDE:
        return strstr(name, row->text) != NULL;
    }
    return false;
}

static const char *
look_up(const Row *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (matches(&rows[i], name))
            return rows[i].what;
    }
    return NULL;
}

const char *
mh_housekeeping_file(const char *name)
{
    const char *what = look_up(files, G_N_ELEMENTS(files), name);
    return what == NULL && mh_housekeeping_is_pop_copy(name) ? "a POP3 server's working copy"
                                                             : what;
}

const char *
mh_housekeeping_dir(const char *name)
{
    return look_up(dirs, G_N_ELEMENTS(dirs), name);
}

bool
mh_housekeeping_is_pop_copy(const char *name)
{
    return name[0] == '.' && strlen(name) > strlen("..pop") && g_str_has_suffix(name, ".pop");
}

bool
mh_housekeeping_is_apple(const char *name)
{
    return name[0] == '.' || g_str_has_prefix(name, "mbox.lock") ||
           strcmp(name, "table_of_contents") == 0 || strcmp(name, "content_index") == 0 ||
           strcmp(name, "Info.plist") == 0 || g_str_has_suffix(name, ".SKindex");
}

bool
mh_housekeeping_is_number(const char *name)
{
    size_t len = strspn(name, "0123456789");
    return len > 0 && name[len] == '\0';
}
