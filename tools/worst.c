#include "worst.h"

#include "outcome-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool failed;
    uint64_t losses, repairs;
    char *user, *text; /* every line of it ended */
} Entry;

/* Of one account. */
#define LINES_SHOWN 11

struct MhWorst {
    GPtrArray *entries; /* of Entry, the worst first */
    size_t seen;        /* all that were worth a look */
};

static void
entry_free(gpointer item)
{
    Entry *entry = item;
    g_free(entry->user);
    free(entry->text); /* of open_memstream() */
    g_free(entry);
}

MhWorst *
mh_worst_new(void)
{
    MhWorst *worst = g_new0(MhWorst, 1);
    worst->entries = g_ptr_array_new_with_free_func(entry_free);
    return worst;
}

void
mh_worst_free(MhWorst *worst)
{
    if (worst == NULL)
        return;
    g_ptr_array_unref(worst->entries);
    g_free(worst);
}

static bool
is_worse(const Entry *a, const Entry *b)
{
    if (a->failed != b->failed)
        return a->failed;
    if (a->losses != b->losses)
        return a->losses > b->losses;
    return a->repairs > b->repairs;
}

static char *
text_of(const MhAccountOutcome *outcome)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    mh_outcome_text(outcome, MH_TEXT_NORMAL, out, out);
    fclose(out);
    return text;
}

void
mh_worst_take(MhWorst *worst, const MhAccountOutcome *outcome)
{
    Entry entry = {.failed = mh_account_outcome_failed(outcome),
                   .losses = mh_account_outcome_weigh(outcome, MH_WEIGHT_LOSS),
                   .repairs = mh_account_outcome_weigh(outcome, MH_WEIGHT_REPAIRED)};
    if (!entry.failed && entry.losses + entry.repairs == 0)
        return;
    worst->seen++;
    guint at = worst->entries->len;
    while (at > 0 && is_worse(&entry, worst->entries->pdata[at - 1]))
        at--;
    if (at >= MH_WORST_KEPT)
        return;
    entry.user = g_strdup(outcome->user);
    entry.text = text_of(outcome);
    g_ptr_array_insert(worst->entries, (gint)at, g_memdup2(&entry, sizeof entry));
    if (worst->entries->len > MH_WORST_KEPT)
        g_ptr_array_set_size(worst->entries, MH_WORST_KEPT);
}

/* No account drowns the others. */
static void
print_some(const Entry *entry)
{
    size_t shown = 0, more = 0;
    for (const char *line = entry->text; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n") + 1;
        if (shown < LINES_SHOWN)
            printf("%.*s", (int)length, line);
        else
            more++;
        shown++;
        line += length;
    }
    if (more > 0)
        printf("  and %zu lines more: mailhaul check %s\n", more, entry->user);
}

void
mh_worst_print(const MhWorst *worst, size_t accounts)
{
    if (worst->seen == 0)
        return;
    printf("%u of %zu accounts with something to look at, of %zu (all of them: --verbose or "
           "--json):\n",
           worst->entries->len, worst->seen, accounts);
    for (guint i = 0; i < worst->entries->len; i++)
        print_some(worst->entries->pdata[i]);
}
