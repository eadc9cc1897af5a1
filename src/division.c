#include "division.h"

#include "keyed-hash.h"

#define MB UINT64_C(1000000)

bool
mh_division_is_due(uint64_t bytes, uint64_t rest, uint32_t jobs, uint32_t above)
{
    return jobs > 1 && bytes > above * MB && bytes > rest / jobs;
}

MhDivision *
mh_division_new(const MhAccount *account, MhMemory *memory, unsigned parts)
{
    MhDivision *division = g_new0(MhDivision, 1);
    division->account = account;
    division->memory = memory;
    division->fresh = mh_memory_new();
    division->found = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free,
                                            (GDestroyNotify)mh_mailbox_outcome_free);
    division->failed = mh_findings_new();
    division->next.run = (uint64_t)g_random_int() << 32 | g_random_int();
    division->to_start = parts;
    division->started_us = g_get_monotonic_time();
    return division;
}

void
mh_division_free(MhDivision *division)
{
    if (division == NULL)
        return;
    mh_memory_free(division->memory);
    mh_memory_free(division->fresh);
    g_hash_table_unref(division->found);
    mh_findings_free(division->failed);
    g_free(division->error);
    g_free(division);
}

void
mh_division_enter(MhDivision *division, uint64_t not_linked)
{
    division->entered = true;
    division->not_linked += not_linked;
}

void
mh_division_give_up(MhDivision *division, const char *error)
{
    if (division->error == NULL)
        division->error = g_strdup(error);
    division->to_start = 0;
}

void
mh_division_fail_part(MhDivision *division, const char *error)
{
    mh_findings_add(division->failed, MH_FINDING_PART_FAILED, "%s", error);
}

/* Both are printable, so that no line break is in them. g_free(). */
static char *
name_of(const MhMailboxOutcome *mailbox)
{
    return g_strdup_printf("%s\n%s", mailbox->path, mailbox->target);
}

static void
take_memory(MhDivision *division, MhMemory *from, const char *settings_digest)
{
    g_ptr_array_set_free_func(from->mailboxes, NULL);
    g_hash_table_remove_all(from->by_key);
    for (guint i = 0; i < from->mailboxes->len; i++) {
        g_autoptr(MhMailboxMemory) mailbox = from->mailboxes->pdata[i];
        if (mailbox->same || mh_memory_find(division->fresh, mailbox->key) != NULL)
            continue; /* it is as the last run left it, which is known */
        g_free(mailbox->settings);
        mailbox->settings = g_strdup(settings_digest);
        mh_memory_add(division->fresh, g_steal_pointer(&mailbox));
    }
    g_ptr_array_set_size(from->mailboxes, 0);
}

void
mh_division_take(MhDivision *division, MhAccountOutcome *part, const char *settings_digest)
{
    division->at_work--;
    if (!division->entered)
        division->to_start = 0;
    if (part == NULL)
        return;
    for (guint i = 0; i < part->mailboxes->len; i++) {
        MhMailboxOutcome *mailbox = part->mailboxes->pdata[i];
        g_hash_table_replace(division->found, name_of(mailbox), mailbox);
    }
    g_ptr_array_set_free_func(part->mailboxes, NULL);
    g_ptr_array_set_size(part->mailboxes, 0);
    if (part->memory != NULL)
        take_memory(division, part->memory, settings_digest);
}

/* Nothing has happened since a part did what it did. */
static void
repeat(MhMailboxOutcome *last, MhMailboxOutcome *first)
{
    MhFindings *findings = last->findings;
    last->done = first->done;
    last->delivered = first->delivered;
    last->delivered_bytes = first->delivered_bytes;
    last->retagged = first->retagged;
    last->expunged = first->expunged;
    last->unchanged = first->unchanged;
    last->sizes_read = first->sizes_read;
    last->sizes_read_bytes = first->sizes_read_bytes;
    last->sizes_listed = first->sizes_listed;
    last->findings = first->findings;
    first->findings = findings;
}

/* The mailbox was read once more, and something else was found. */
static void
add(MhMailboxOutcome *last, const MhMailboxOutcome *first)
{
    uint64_t done = first->delivered + first->retagged;
    if (last->done == MH_DONE_UP_TO_DATE && first->done != MH_DONE_UP_TO_DATE)
        last->done = MH_DONE_CHANGED;
    last->delivered += first->delivered;
    last->delivered_bytes += first->delivered_bytes;
    last->retagged += first->retagged;
    last->expunged += first->expunged;
    last->unchanged -= MIN(last->unchanged, done);
    last->sizes_read += first->sizes_read;
    last->sizes_read_bytes += first->sizes_read_bytes;
}

void
mh_division_add_to(MhDivision *division, MhMailboxOutcome *mailbox)
{
    g_autofree char *name = name_of(mailbox);
    MhMailboxOutcome *first = g_hash_table_lookup(division->found, name);
    if (first == NULL)
        return;
    if (mailbox->done == MH_DONE_UP_TO_DATE && first->done != MH_DONE_FAILED &&
        mailbox->messages == first->messages && mailbox->bytes == first->bytes)
        repeat(mailbox, first);
    else
        add(mailbox, first);
    g_hash_table_remove(division->found, name);
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const MhMailboxOutcome *const *one = a, *const *two = b;
    return g_strcmp0((*one)->target, (*two)->target);
}

/* It is believed where its stamps hold, whatever became of the mailbox since. */
static void
add_memory(MhDivision *division, MhAccountOutcome *outcome, const char *settings_digest)
{
    GPtrArray *fresh = division->fresh->mailboxes;
    if (fresh->len > 0 && outcome->memory == NULL) {
        outcome->memory = mh_memory_new();
        outcome->memory->settings = g_strdup(settings_digest);
    }
    g_ptr_array_set_free_func(fresh, NULL);
    g_hash_table_remove_all(division->fresh->by_key);
    for (guint i = 0; i < fresh->len; i++) {
        g_autoptr(MhMailboxMemory) mailbox = fresh->pdata[i];
        if (mh_memory_find(outcome->memory, mailbox->key) == NULL)
            mh_memory_add(outcome->memory, g_steal_pointer(&mailbox));
    }
    g_ptr_array_set_size(fresh, 0);
}

void
mh_division_add_rest(MhDivision *division, MhAccountOutcome *outcome, const char *settings_digest)
{
    g_autoptr(GPtrArray) rest = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name, mailbox;
    g_hash_table_iter_init(&iter, division->found);
    while (g_hash_table_iter_next(&iter, &name, &mailbox)) {
        g_hash_table_iter_steal(&iter);
        g_free(name);
        g_ptr_array_add(rest, mailbox);
    }
    g_ptr_array_sort(rest, compare);
    for (guint i = 0; i < rest->len; i++)
        g_ptr_array_add(outcome->mailboxes, rest->pdata[i]);
    add_memory(division, outcome, settings_digest);
}
