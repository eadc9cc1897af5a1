#include "workload.h"

#include "account-size.h"
#include "apart.h"
#include "keyed-hash.h"

/* What an account costs that has no mail at all. */
#define ACCOUNT_BYTES 65536
/* A run does not begin later than this for the sake of a good order. */
#define GLANCES_S 20
#define GLANCE_S  5

struct MhWorkload {
    GHashTable *guesses;   /* user -> uint64_t */
    double to_do, guessed; /* guesses of those to do, and of those done */
    double found;          /* what those done turned out to hold */
    uint64_t carried;      /* what was carried of those done */
};

typedef struct {
    GPtrArray *unknown; /* MhAccount; borrowed */
    const MhSettings *settings;
} Glances;

static uint64_t
glance(size_t item, void *data)
{
    const Glances *glances = data;
    return mh_account_glance(glances->settings, glances->unknown->pdata[item]);
}

static uint64_t
guess(const MhWorkload *workload, const char *user)
{
    const uint64_t *bytes = g_hash_table_lookup(workload->guesses, user);
    return bytes != NULL ? *bytes : ACCOUNT_BYTES;
}

uint64_t
mh_workload_bytes(const MhWorkload *workload, const char *user)
{
    return guess(workload, user);
}

static int
compare(gconstpointer a, gconstpointer b, gpointer data)
{
    const MhAccount *one = *(MhAccount *const *)a, *two = *(MhAccount *const *)b;
    uint64_t bytes_one = guess(data, one->user), bytes_two = guess(data, two->user);
    return bytes_one > bytes_two ? -1 : bytes_one < bytes_two;
}

/* In bytes of mail at the source. */
static void
put_guess(MhWorkload *workload, const MhAccount *account, uint64_t bytes)
{
    bytes += ACCOUNT_BYTES;
    g_hash_table_insert(workload->guesses, g_strdup(account->user),
                        g_memdup2(&bytes, sizeof bytes));
    workload->to_do += (double)bytes;
}

MhWorkload *
mh_workload_new(GPtrArray *accounts, const MhSettings *settings, GHashTable *known)
{
    MhWorkload *workload = g_new0(MhWorkload, 1);
    workload->guesses = g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) unknown = g_ptr_array_new();
    for (guint i = 0; i < accounts->len; i++) {
        const MhAccount *account = accounts->pdata[i];
        const uint64_t *bytes = g_hash_table_lookup(known, account->user);
        if (bytes != NULL)
            put_guess(workload, account, *bytes);
        else
            g_ptr_array_add(unknown, accounts->pdata[i]);
    }
    g_autofree uint64_t *sizes = g_new0(uint64_t, unknown->len + 1);
    Glances glances = {unknown, settings};
    mh_apart(unknown->len, GLANCE_S, GLANCES_S, glance, &glances, sizes);
    for (guint i = 0; i < unknown->len; i++)
        put_guess(workload, unknown->pdata[i], sizes[i]);
    g_ptr_array_sort_with_data(accounts, compare, workload);
    return workload;
}

void
mh_workload_free(MhWorkload *workload)
{
    if (workload == NULL)
        return;
    g_hash_table_unref(workload->guesses);
    g_free(workload);
}

void
mh_workload_done(MhWorkload *workload, const MhAccountOutcome *outcome)
{
    double bytes = (double)guess(workload, outcome->user);
    workload->to_do = MAX(workload->to_do - bytes, 0);
    workload->guessed += bytes;
    workload->found += ACCOUNT_BYTES;
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        workload->found += (double)mailbox->bytes;
        workload->carried += mailbox->delivered_bytes;
    }
}

double
mh_workload_part(const MhWorkload *workload, uint64_t bytes)
{
    double off = workload->guessed > 0 ? workload->found / workload->guessed : 1;
    double at_work = bytes > workload->carried ? (double)(bytes - workload->carried) : 0;
    double to_do = workload->to_do * off;
    double all = workload->found + MAX(to_do, at_work);
    return all > 0 ? (workload->found + MIN(at_work, to_do)) / all : 1;
}
