#include "worst.h"

#include "outcome-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool failed;
    uint64_t losses, repairs;
    char *user, *text, *errors; /* every line of them ended */
} Entry;

/* Of one account. */
#define LINES_SHOWN  11
#define ERRORS_SHOWN 5

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
    free(entry->errors);
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

/* What would be printed of it, and where. */
static void
take_text(Entry *entry, const MhAccountOutcome *outcome)
{
    size_t size, errors_size;
    FILE *out = open_memstream(&entry->text, &size);
    FILE *errors = open_memstream(&entry->errors, &errors_size);
    if (out != NULL && errors != NULL)
        mh_outcome_text(outcome, MH_TEXT_NORMAL, out, errors);
    if (out != NULL)
        fclose(out);
    if (errors != NULL)
        fclose(errors);
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
    take_text(&entry, outcome);
    g_ptr_array_insert(worst->entries, (gint)at, g_memdup2(&entry, sizeof entry));
    if (worst->entries->len > MH_WORST_KEPT)
        g_ptr_array_set_size(worst->entries, MH_WORST_KEPT);
}

/* No account drowns the others. Returns the number of lines that were not shown. */
static size_t
print_some(FILE *stream, const char *text, size_t most)
{
    size_t lines = 0;
    for (const char *line = text; line != NULL && *line != '\0'; lines++) {
        size_t length = strcspn(line, "\n") + 1;
        if (lines < most)
            fprintf(stream, "%.*s", (int)length, line);
        line += length;
    }
    return lines - MIN(lines, most);
}

static void
print_entry(const Entry *entry)
{
    size_t more = print_some(stdout, entry->text, LINES_SHOWN);
    if (more > 0)
        printf("  and %zu lines more: mailhaul check %s\n", more, entry->user);
    fflush(stdout);
    more = print_some(stderr, entry->errors, ERRORS_SHOWN);
    if (more > 0)
        fprintf(stderr, "mailhaul: %s: and %zu errors more: mailhaul check %s\n", entry->user, more,
                entry->user);
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
        print_entry(worst->entries->pdata[i]);
}
