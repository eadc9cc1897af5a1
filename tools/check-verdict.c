#include "check-verdict.h"

#include "estimate.h"
#include "json-findings.h"
#include "keyed-hash.h"
#include "path-pattern.h"
#include "target-check.h"
#include "time-text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    MhFindingCode code;
    uint64_t times;
    size_t accounts;
} Times;

/* Lines for --name-map that are shown without --verbose. */
#define NAMES_SHOWN 20

struct MhVerdict {
    const MhJob *job;
    bool many;           /* accounts: what was found is not told one by one */
    GHashTable *by_user; /* user -> MhAccount, borrowed */
    MhTargetCheck *check;
    Times found[MH_FINDING_COUNT];
    GPtrArray *names; /* lines for --name-map: names that had to change */
    uint64_t foreign; /* messages at the target that nobody here brought */
    size_t foreign_accounts;
    size_t refused; /* users that the lists did not give us */
};

bool
mh_verdict_is_long(const MhSettings *settings, size_t accounts)
{
    return accounts > MH_VERDICT_MANY && !settings->verbose && !settings->json;
}

MhVerdict *
mh_verdict_new(const MhJob *job, const MhAccounts *accounts)
{
    MhVerdict *verdict = g_new0(MhVerdict, 1);
    verdict->job = job;
    verdict->refused = accounts->refused;
    verdict->many = mh_verdict_is_long(job->settings, accounts->accounts->len);
    verdict->check = mh_target_check_new(mh_quota_read);
    verdict->by_user = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    for (guint i = 0; i < accounts->accounts->len; i++) {
        MhAccount *account = accounts->accounts->pdata[i];
        g_hash_table_insert(verdict->by_user, account->user, account);
    }
    verdict->names = g_ptr_array_new_with_free_func(g_free);
    for (int code = 0; code < MH_FINDING_COUNT; code++)
        verdict->found[code].code = (MhFindingCode)code;
    return verdict;
}

void
mh_verdict_free(MhVerdict *verdict)
{
    if (verdict == NULL)
        return;
    mh_target_check_free(verdict->check);
    g_hash_table_unref(verdict->by_user);
    g_ptr_array_unref(verdict->names);
    g_free(verdict);
}

static void
count_found(MhVerdict *verdict, const MhAccountOutcome *outcome)
{
    for (int code = 0; code < MH_FINDING_COUNT; code++) {
        uint64_t times = mh_findings_count(outcome->findings, (MhFindingCode)code);
        for (guint i = 0; i < outcome->mailboxes->len; i++) {
            const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
            times += mh_findings_count(mailbox->findings, (MhFindingCode)code);
        }
        verdict->found[code].times += times;
        verdict->found[code].accounts += times > 0;
    }
}

static void
take_mailboxes(MhVerdict *verdict, const MhAccountOutcome *outcome)
{
    uint64_t foreign = 0;
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        foreign += mailbox->foreign;
        if (mailbox->name_map != NULL)
            g_ptr_array_add(verdict->names, g_strdup(mailbox->name_map));
    }
    verdict->foreign += foreign;
    verdict->foreign_accounts += foreign > 0;
}

/* As the worker will choose: see MhIdentity. */
static MhTargetWriter
writer_of(const MhJob *job, const MhAccount *account)
{
    if (geteuid() != 0)
        return (MhTargetWriter){.user = account->user, .uid = geteuid(), .gid = getegid()};
    if (job->has_owner)
        return (MhTargetWriter){.uid = job->owner_uid, .gid = job->owner_gid};
    return (MhTargetWriter){.user = account->user, .uid = account->uid, .gid = account->gid};
}

void
mh_verdict_account(MhVerdict *verdict, const MhAccountOutcome *outcome)
{
    if (verdict == NULL)
        return;
    const MhSettings *settings = verdict->job->settings;
    const MhAccount *account = g_hash_table_lookup(verdict->by_user, outcome->user);
    count_found(verdict, outcome);
    take_mailboxes(verdict, outcome);
    if (account == NULL)
        return;
    g_autofree char *path = mh_path_pattern_expand(settings->maildir, account, NULL);
    bool may_link =
        settings->transfer != MH_TRANSFER_COPY && outcome->mailboxes->len > 0 &&
        g_str_has_prefix(((MhMailboxOutcome *)outcome->mailboxes->pdata[0])->format, "courier");
    g_autofree char *source = may_link && settings->inbox != NULL
                                  ? mh_path_pattern_expand(settings->inbox, account, NULL)
                                  : NULL;
    MhTargetWriter writer = writer_of(verdict->job, account);
    if (path != NULL)
        mh_target_check_account(verdict->check, outcome, path, source, &writer);
}

/* The heaviest first, then the most frequent. */
static int
compare_times(const void *a, const void *b)
{
    const Times *one = a, *two = b;
    MhWeight weight_one = mh_finding_weight(one->code), weight_two = mh_finding_weight(two->code);
    if (weight_one != weight_two)
        return weight_one > weight_two ? -1 : 1;
    return one->times > two->times ? -1 : one->times < two->times;
}

static uint64_t
times_of(const MhVerdict *verdict, MhWeight weight)
{
    uint64_t sum = 0;
    for (int i = 0; i < MH_FINDING_COUNT; i++) {
        if (mh_finding_weight(verdict->found[i].code) == weight)
            sum += verdict->found[i].times;
    }
    return sum;
}

static const char *
judge(const MhVerdict *verdict, bool complete)
{
    if (!complete)
        return "not-all-checked";
    if (!mh_target_check_ready(verdict->check) || verdict->refused > 0)
        return "not-ready";
    return times_of(verdict, MH_WEIGHT_LOSS) > 0 ? "ready-with-losses" : "ready";
}

/* ---- for people --------------------------------------------------------------------------- */

static void
print_obstacles(const MhVerdict *verdict)
{
    for (int i = 0; i < MH_OBSTACLE_COUNT; i++) {
        const MhObstacleFound *found = &verdict->check->found[i];
        if (found->times == 0)
            continue;
        printf("  %zu: %s\n", found->times, mh_obstacle_text((MhObstacle)i));
        for (guint j = 0; j < found->examples->len; j++)
            printf("    %s\n", (const char *)found->examples->pdata[j]);
        if (found->times > found->examples->len)
            printf("    and %zu more\n", found->times - found->examples->len);
    }
    if (verdict->refused > 0)
        printf("  %zu: lines or users of the lists were refused\n", verdict->refused);
}

static void
print_found(const MhVerdict *verdict, MhWeight weight)
{
    for (int i = 0; i < MH_FINDING_COUNT; i++) {
        const Times *found = &verdict->found[i];
        if (found->times == 0 || mh_finding_weight(found->code) != weight)
            continue;
        printf("  %" G_GUINT64_FORMAT " in %zu account%s: %s\n", (guint64)found->times,
               found->accounts, found->accounts == 1 ? "" : "s", mh_finding_text(found->code));
    }
}

/* What is no loss is counted where it was not told account by account. */
static void
print_lesser(const MhVerdict *verdict)
{
    static const struct {
        MhWeight weight;
        const char *title;
    } rows[] = {{MH_WEIGHT_REPAIRED, "Repaired"}, {MH_WEIGHT_NOTE, "Worth knowing"}};
    for (size_t i = 0; verdict->many && i < G_N_ELEMENTS(rows); i++) {
        if (times_of(verdict, rows[i].weight) == 0)
            continue;
        printf("%s:\n", rows[i].title);
        print_found(verdict, rows[i].weight);
    }
}

static void
print_names(const MhVerdict *verdict)
{
    const GPtrArray *names = verdict->names;
    guint shown = verdict->job->settings->verbose ? names->len : MIN(names->len, NAMES_SHOWN);
    if (names->len == 0)
        return;
    printf("Names that had to change; to choose others, edit these lines and give them to "
           "--name-map:\n");
    for (guint i = 0; i < shown; i++)
        printf("  %s\n", (const char *)names->pdata[i]);
    if (shown < names->len)
        printf("  and %u more: --verbose, or name_map with --json\n", names->len - shown);
}

static void
print_foreign(const MhVerdict *verdict)
{
    if (verdict->foreign > 0)
        printf("Already at the target: %" G_GUINT64_FORMAT " message%s of its own in %zu "
               "account%s; not touched\n",
               (guint64)verdict->foreign, verdict->foreign == 1 ? "" : "s",
               verdict->foreign_accounts, verdict->foreign_accounts == 1 ? "" : "s");
}

/* It would make every date of those accounts wrong, and is set right by one option. */
static void
print_zone(const MhVerdict *verdict)
{
    for (int i = 0; i < MH_FINDING_COUNT; i++) {
        const Times *found = &verdict->found[i];
        if (found->code == MH_FINDING_MBOX_ZONE_DOUBTFUL && found->times > 0)
            printf("Time zone: the dates of %" G_GUINT64_FORMAT " mailbox%s in %zu account%s do "
                   "not fit the mail's own headers;\n  --timezone names the old machine's zone, "
                   "--verbose shows what it was\n",
                   (guint64)found->times, found->times == 1 ? "" : "es", found->accounts,
                   found->accounts == 1 ? "" : "s");
    }
}

static void
print_systems(const MhVerdict *verdict)
{
    const GPtrArray *systems = verdict->check->systems;
    for (guint i = 0; i < systems->len; i++) {
        const MhTargetSystem *system = systems->pdata[i];
        g_autofree char *need = g_format_size(system->need_bytes);
        g_autofree char *free_size = g_format_size(system->free_bytes);
        printf("Target file system %s: %zu %s about %s of %s free", system->place, system->accounts,
               system->accounts == 1 ? "account needs" : "accounts need", need, free_size);
        if (system->counts_files)
            printf(", %" G_GUINT64_FORMAT " inodes of %" G_GUINT64_FORMAT,
                   (guint64)system->need_files, (guint64)system->free_files);
        printf("\n");
    }
}

static void
print_estimate(const MhVerdict *verdict, const MhEstimate *estimate, const MhPastRun *past,
               uint64_t elapsed_us)
{
    const MhTargetCheck *check = verdict->check;
    g_autofree char *size = g_format_size(check->carry_bytes);
    g_autofree char *least = mh_duration_text(estimate->least_us);
    g_autofree char *most = mh_duration_text(estimate->most_us);
    if (check->carry_messages == 0)
        return;
    if (past != NULL) {
        g_autofree char *when = mh_time_text(past->ended);
        g_autofree char *took = mh_duration_text(past->took_us);
        g_autofree char *carried = g_format_size(past->bytes);
        printf("Time: about %s for %s, if it goes as on %s: %" G_GUINT64_FORMAT
               " messages (%s) in %s\n",
               least, size, when, (guint64)past->messages, carried, took);
        return;
    }
    g_autofree char *read_size = g_format_size(check->read_bytes);
    g_autofree char *read_took = mh_duration_text(elapsed_us);
    printf("Time: %s to %s for %s; reading %s took %s, and a target may take\n"
           "  %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT
           " to %" G_GUINT64_FORMAT " MB a second: migrate a few accounts, then check again\n",
           least, most, size, read_size, read_took, (guint64)MH_SLOW_MESSAGES_S,
           (guint64)MH_FAST_MESSAGES_S, (guint64)(MH_SLOW_BYTES_S / 1000000),
           (guint64)(MH_FAST_BYTES_S / 1000000));
}

/* What the sizes of Courier mail cost, or may not be worth. */
static void
print_sizes(const MhVerdict *verdict)
{
    const MhTargetCheck *check = verdict->check;
    g_autofree char *size = g_format_size(check->sizes_read_bytes);
    if (check->sizes_read > 0)
        printf("Sizes: %" G_GUINT64_FORMAT " message%s (%s) read to count line ends; migrate does "
               "so once more, later runs not%s\n",
               (guint64)check->sizes_read, check->sizes_read == 1 ? "" : "s", size,
               verdict->job->settings->courier_sizes == MH_COURIER_SIZES_READ
                   ? ";\n  --courier-sizes=list reads a sample of what is in Courier's POP3 list"
                   : "");
    if (check->sizes_listed > 0)
        printf("Sizes: %" G_GUINT64_FORMAT " message%s as in Courier's POP3 list, which may be "
               "wrong about a few;\n  --courier-sizes=read counts them\n",
               (guint64)check->sizes_listed, check->sizes_listed == 1 ? "" : "s");
}

static void
print_verdict(const MhVerdict *verdict, const char *name)
{
    if (strcmp(name, "ready") == 0)
        printf("Verdict: ready\n");
    else if (strcmp(name, "ready-with-losses") == 0)
        printf("Verdict: ready, with these losses:\n");
    else if (strcmp(name, "not-ready") == 0)
        printf("Verdict: not ready, because:\n");
    else
        printf("Verdict: none: not every account was checked\n");
    print_obstacles(verdict);
    if (strcmp(name, "ready-with-losses") != 0 && times_of(verdict, MH_WEIGHT_LOSS) > 0)
        printf("Losses:\n");
    print_found(verdict, MH_WEIGHT_LOSS);
}

/* ---- for scripts -------------------------------------------------------------------------- */

static void
add_obstacles(MhJson *json, const MhVerdict *verdict)
{
    mh_json_open(json, "obstacles", '[');
    for (int i = 0; i < MH_OBSTACLE_COUNT; i++) {
        const MhObstacleFound *found = &verdict->check->found[i];
        if (found->times == 0)
            continue;
        mh_json_open(json, NULL, '{');
        mh_json_string(json, "obstacle", mh_obstacle_name((MhObstacle)i));
        mh_json_string(json, "text", mh_obstacle_text((MhObstacle)i));
        mh_json_number(json, "times", found->times);
        mh_json_open(json, "examples", '[');
        for (guint j = 0; j < found->examples->len; j++)
            mh_json_string(json, NULL, found->examples->pdata[j]);
        mh_json_close(json, ']');
        mh_json_close(json, '}');
    }
    mh_json_close(json, ']');
}

static void
add_found(MhJson *json, const MhVerdict *verdict)
{
    mh_json_open(json, "found", '[');
    for (int i = 0; i < MH_FINDING_COUNT; i++) {
        const Times *found = &verdict->found[i];
        if (found->times == 0)
            continue;
        MhFoundKind kind = {.code = mh_finding_name(found->code),
                            .text = mh_finding_text(found->code),
                            .weight = mh_finding_weight(found->code),
                            .times = found->times,
                            .accounts = found->accounts};
        mh_json_found_kind(json, &kind);
    }
    mh_json_close(json, ']');
}

static void
add_estimate(MhJson *json, const MhEstimate *estimate, const MhPastRun *past, uint64_t elapsed_us)
{
    mh_json_open(json, "estimate", '{');
    mh_json_number(json, "least_us", estimate->least_us);
    mh_json_number(json, "most_us", estimate->most_us);
    mh_json_string(json, "basis", past != NULL ? "run" : "reading");
    mh_json_number(json, "read_us", elapsed_us);
    if (past != NULL) {
        mh_json_number(json, "run", (uint64_t)past->run);
        mh_json_number(json, "run_messages", past->messages);
        mh_json_number(json, "run_bytes", past->bytes);
        mh_json_number(json, "run_us", past->took_us);
    }
    mh_json_close(json, '}');
}

static void
add_systems(MhJson *json, const MhVerdict *verdict)
{
    const GPtrArray *systems = verdict->check->systems;
    mh_json_open(json, "targets", '[');
    for (guint i = 0; i < systems->len; i++) {
        const MhTargetSystem *system = systems->pdata[i];
        mh_json_open(json, NULL, '{');
        mh_json_string(json, "place", system->place);
        mh_json_number(json, "accounts", system->accounts);
        mh_json_number(json, "need_bytes", system->need_bytes);
        mh_json_number(json, "free_bytes", system->free_bytes);
        mh_json_number(json, "need_inodes", system->need_files);
        if (system->counts_files)
            mh_json_number(json, "free_inodes", system->free_files);
        else
            mh_json_string(json, "free_inodes", NULL);
        mh_json_close(json, '}');
    }
    mh_json_close(json, ']');
}

static void
print_json(const MhVerdict *verdict, const char *name, const MhEstimate *estimate,
           const MhPastRun *past, uint64_t elapsed_us)
{
    g_autoptr(GString) line = g_string_new(NULL);
    MhJson json = {.out = line};
    mh_json_open(&json, NULL, '{');
    mh_json_string(&json, "type", "verdict");
    mh_json_string(&json, "verdict", name);
    mh_json_number(&json, "refused", verdict->refused);
    add_obstacles(&json, verdict);
    add_found(&json, verdict);
    add_systems(&json, verdict);
    mh_json_open(&json, "name_map", '[');
    for (guint i = 0; i < verdict->names->len; i++)
        mh_json_string(&json, NULL, verdict->names->pdata[i]);
    mh_json_close(&json, ']');
    mh_json_number(&json, "foreign", verdict->foreign);
    mh_json_number(&json, "read_bytes", verdict->check->read_bytes);
    mh_json_number(&json, "sizes_read", verdict->check->sizes_read);
    mh_json_number(&json, "sizes_read_bytes", verdict->check->sizes_read_bytes);
    mh_json_number(&json, "sizes_listed", verdict->check->sizes_listed);
    mh_json_number(&json, "carry_messages", verdict->check->carry_messages);
    mh_json_number(&json, "carry_bytes", verdict->check->carry_bytes);
    add_estimate(&json, estimate, past, elapsed_us);
    mh_json_close(&json, '}');
    puts(line->str);
}

bool
mh_verdict_print(MhVerdict *verdict, MhState *state, bool complete, uint64_t elapsed_us)
{
    const MhSettings *settings = verdict->job->settings;
    MhPastRun found;
    const MhPastRun *past = mh_state_past_run(state, &found) ? &found : NULL;
    const MhTargetCheck *check = verdict->check;
    MhEstimate estimate = mh_estimate(check->carry_messages, check->carry_bytes, elapsed_us, past);
    mh_target_check_machine(verdict->check, verdict->job->now);
    mh_target_check_finish(verdict->check);
    qsort(verdict->found, MH_FINDING_COUNT, sizeof *verdict->found, compare_times);
    const char *name = judge(verdict, complete);
    if (settings->json) {
        print_json(verdict, name, &estimate, past, elapsed_us);
    } else if (!settings->quiet || strcmp(name, "ready") != 0) {
        print_lesser(verdict);
        print_names(verdict);
        print_foreign(verdict);
        print_zone(verdict);
        print_systems(verdict);
        print_sizes(verdict);
        print_estimate(verdict, &estimate, past, elapsed_us);
        print_verdict(verdict, name);
    }
    return strncmp(name, "ready", 5) == 0;
}
