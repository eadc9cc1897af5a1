#include "warm.h"

#include "held-place.h"
#include "held-worker.h"
#include "printable.h"
#include "safe-file.h"
#include "stopping.h"
#include "warm-process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Accounts a process: few enough that a killed run has little to do again. */
#define BATCH_MAX 50
/* Failures in a row, with no success before, after which nobody's will succeed. */
#define HOPELESS 10
/* What the disk reads for a message's header at least. */
#define BLOCK_BYTES 4096

/* The headers of ENVELOPE (RFC 3501), and what clients list mail by in BODY.PEEK[HEADER.FIELDS]:
 * Thunderbird, Apple Mail, K-9 Mail, Roundcube, mutt. All that a client asks for has to be there,
 * or its listing opens every file. A header that a message does not have is cached as missing. */
static const char *const headers[] = {
    "authentication-results",
    "bcc",
    "bimi-indicator",
    "bimi-location",
    "cc",
    "content-description",
    "content-type",
    "date",
    "disposition-notification-to",
    "dkim-signature",
    "from",
    "importance",
    "in-reply-to",
    "lines",
    "list-id",
    "list-post",
    "list-subscribe",
    "list-unsubscribe",
    "message-id",
    "newsgroups",
    "priority",
    "references",
    "reply-to",
    "sender",
    "subject",
    "to",
    "x-bimi-indicator-hash",
    "x-k9mail-identity",
    "x-label",
    "x-original-to",
    "x-priority",
    "x-uniform-type-identifier",
    "x-universally-unique-identifier",
};

/* Accounts next to each other in the list. */
typedef struct {
    guint first, count;
} Batch;

typedef struct {
    Batch batch;
    MhWarmProcess *process;
    uint64_t messages;
    MhHeldWorker held;
    bool held_told;
} Seat;

typedef struct {
    const MhWarmOptions *options;
    const GPtrArray *accounts;
    const MhWarmEvents *events;
    GArray *waiting; /* of Batch; the last one is the next */
    GPtrArray *seats;
    char *fields;
    uint64_t messages;
    size_t succeeded, failed;
    GError *hopeless;
    bool told_to_stop;
} Run;

static volatile sig_atomic_t stop_asked;

static void
ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

char *
mh_warm_fields(bool bodystructure)
{
    GString *fields = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++)
        g_string_append_printf(fields, "hdr.%s ", headers[i]);
    g_string_append(fields, "date.received size.virtual");
    if (bodystructure)
        g_string_append(fields, " imap.bodystructure");
    return g_string_free(fields, FALSE);
}

char *
mh_warm_find_doveadm(const char *name, GError **error)
{
    g_autofree char *path = g_find_program_in_path(name);
    g_autofree char *shown = mh_printable_string(name);
    if (path != NULL)
        return g_canonicalize_filename(path, NULL);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                "there is no program '%s'%s; --doveadm names the new server's", shown,
                strchr(name, '/') != NULL ? "" : " in PATH");
    return NULL;
}

static const MhAccount *
account_of(const Run *run, guint index)
{
    return run->accounts->pdata[index];
}

/* ---- one process ------------------------------------------------------------------------- */

static void
seat_free(void *data)
{
    Seat *seat = data;
    mh_warm_process_free(seat->process);
    mh_held_worker_clear(&seat->held);
    g_free(seat);
}

static char *
names_of(const Run *run, Batch batch)
{
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < batch.count; i++)
        g_string_append_printf(names, "%s\n", account_of(run, batch.first + i)->user);
    return g_string_free(names, FALSE);
}

static MhWarmProcess *
start_process(const Run *run, Batch batch, GError **error)
{
    const char *alone = batch.count == 1 ? account_of(run, batch.first)->user : NULL;
    g_autofree char *names = alone == NULL ? names_of(run, batch) : NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *const words[] = {"-f",
                                 "json",
                                 "fetch",
                                 alone != NULL ? "-u" : "-F",
                                 alone != NULL ? alone : "/dev/stdin",
                                 run->fields,
                                 "all"}; /* "mailbox *" leaves out folders below a prefix */
    g_ptr_array_add(argv, run->options->doveadm);
    if (run->options->config != NULL) {
        g_ptr_array_add(argv, (void *)(uintptr_t) "-c");
        g_ptr_array_add(argv, (void *)(uintptr_t)run->options->config);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        g_ptr_array_add(argv, (void *)(uintptr_t)words[i]);
    g_ptr_array_add(argv, NULL);
    return mh_warm_process_start((char *const *)argv->pdata, names, error);
}

static void
account_done(Run *run, guint index, const char *error)
{
    run->succeeded += error == NULL;
    run->failed += error != NULL;
    run->events->done(account_of(run, index), error, run->events->user);
    if (run->succeeded > 0 || run->failed < HOPELESS || run->hopeless != NULL)
        return;
    g_set_error(&run->hopeless, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                "doveadm has failed for each of the first %zu accounts, the last time so: %s",
                run->failed, error);
}

/* doveadm takes these for patterns that stand for several users. */
static bool
is_pattern(const char *user)
{
    return strpbrk(user, "*?") != NULL;
}

static void
start_next(Run *run)
{
    Batch batch = g_array_index(run->waiting, Batch, run->waiting->len - 1);
    g_array_set_size(run->waiting, run->waiting->len - 1);
    if (batch.count == 1 && is_pattern(account_of(run, batch.first)->user)) {
        account_done(run, batch.first, "doveadm takes this name for a pattern");
        return;
    }
    MhWarmProcess *process = start_process(run, batch, &run->hopeless);
    if (process == NULL)
        return;
    Seat *seat = g_new0(Seat, 1);
    seat->batch = batch;
    seat->process = process;
    g_ptr_array_add(run->seats, seat);
}

/* The two halves, so that the first comes next. */
static void
split(Run *run, Batch batch)
{
    Batch first = {batch.first, batch.count / 2};
    Batch second = {batch.first + first.count, batch.count - first.count};
    g_array_append_val(run->waiting, second);
    g_array_append_val(run->waiting, first);
}

static void
judge(Run *run, Seat *seat)
{
    Batch batch = seat->batch;
    g_autofree char *why = mh_warm_process_end(seat->process);
    /* None for anybody is odd enough to ask for each, where the exit status says more. */
    bool doubtful = mh_warm_process_complained(seat->process) || seat->messages == 0;
    g_ptr_array_remove(run->seats, seat);
    if (stop_asked || run->hopeless != NULL)
        return;
    if (batch.count == 1) {
        account_done(run, batch.first, why);
    } else if (why != NULL || doubtful) {
        split(run, batch);
    } else {
        for (guint i = 0; i < batch.count; i++)
            account_done(run, batch.first + i, NULL);
    }
}

/* ---- all of them ------------------------------------------------------------------------- */

static void
serve(Run *run, Seat *seat)
{
    uint64_t messages = 0, bytes = 0;
    bool more = mh_warm_process_read(seat->process, &messages, &bytes);
    seat->messages += messages;
    run->messages += messages;
    if (!stop_asked)
        mh_pace_spend(run->options->pace, MAX(bytes, messages * BLOCK_BYTES));
    if (!more)
        judge(run, seat);
}

/* Is it held by a file system? The seat may be gone afterwards. */
static void
look_at_seat(Run *run, Seat *seat)
{
    uint32_t timeout_s = run->options->answer_timeout_s;
    pid_t pid = mh_warm_process_pid(seat->process);
    uint32_t seconds = mh_held_worker_look(&seat->held, pid);
    bool is_over = mh_held_worker_is_over(seconds, timeout_s, run->told_to_stop);
    if (seconds == 0)
        seat->held_told = false;
    if (!is_over && seconds < mh_held_worker_tell_after(timeout_s))
        return;
    g_autofree char *place = mh_held_place(pid);
    if (!seat->held_told && run->events->held != NULL)
        run->events->held(place, seconds, run->events->user);
    seat->held_told = true;
    if (!is_over)
        return;
    mh_warm_process_give_up(seat->process, place, seconds);
    judge(run, seat);
}

static void
wait_for_processes(Run *run)
{
    guint count = run->seats->len;
    g_autofree struct pollfd *fds = g_new0(struct pollfd, 2 * count);
    g_autofree Seat **seats = g_memdup2(run->seats->pdata, count * sizeof(Seat *));
    for (guint i = 0; i < count; i++)
        mh_warm_process_poll(seats[i]->process, &fds[2 * i]);
    int ready = poll(fds, 2 * count, 500);
    for (guint i = 0; i < count; i++) {
        if (ready > 0 && (fds[2 * i].revents != 0 || fds[2 * i + 1].revents != 0))
            serve(run, seats[i]);
        else
            look_at_seat(run, seats[i]);
    }
    if (run->events->progress != NULL)
        run->events->progress(run->messages, run->events->user);
}

static void
tell_to_stop(Run *run)
{
    run->told_to_stop = true;
    g_array_set_size(run->waiting, 0);
    for (guint i = 0; i < run->seats->len; i++) {
        const Seat *seat = run->seats->pdata[i];
        mh_warm_process_stop(seat->process);
    }
}

/* Some batches for each job, so that none is idle at the end. */
static void
make_batches(Run *run)
{
    guint size = run->accounts->len / (run->options->jobs * 4);
    size = CLAMP(size, 1, BATCH_MAX);
    for (guint left = run->accounts->len; left > 0;) {
        Batch batch = {.count = (left - 1) % size + 1};
        left -= batch.count;
        batch.first = left;
        g_array_append_val(run->waiting, batch);
    }
}

static void
work(Run *run)
{
    for (;;) {
        while (!stop_asked && run->hopeless == NULL && run->waiting->len > 0 &&
               run->seats->len < run->options->jobs)
            start_next(run);
        if ((stop_asked || run->hopeless != NULL) && !run->told_to_stop)
            tell_to_stop(run);
        if (run->seats->len == 0 && run->waiting->len == 0)
            return;
        wait_for_processes(run);
    }
}

MhWarmEnd
mh_warm(const MhWarmOptions *options, const GPtrArray *accounts, const MhWarmEvents *events,
        uint64_t *out_messages, GError **error)
{
    Run run = {.options = options, .accounts = accounts, .events = events};
    struct sigaction before[MH_STOPPING_SIGNALS];
    run.waiting = g_array_new(FALSE, FALSE, sizeof(Batch));
    run.seats = g_ptr_array_new_with_free_func(seat_free);
    run.fields = mh_warm_fields(options->bodystructure);
    stop_asked = 0;
    mh_stopping_take_signals(ask_to_stop, before);
    make_batches(&run);
    work(&run);
    mh_stopping_give_back(before);
    g_array_unref(run.waiting);
    g_ptr_array_unref(run.seats);
    g_free(run.fields);
    *out_messages = run.messages;
    if (run.hopeless != NULL) {
        g_propagate_error(error, run.hopeless);
        return MH_WARM_HOPELESS;
    }
    return stop_asked ? MH_WARM_STOPPED : MH_WARM_COMPLETE;
}
