#include "check-verdict.h"

#include "json-text.h"
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
} Loss;

struct MhVerdict {
    const MhJob *job;
    GHashTable *by_user; /* user -> MhAccount, borrowed */
    MhTargetCheck *check;
    Loss losses[MH_FINDING_COUNT];
    size_t refused; /* users that the lists did not give us */
};

MhVerdict *
mh_verdict_new(const MhJob *job, const MhAccounts *accounts)
{
    MhVerdict *verdict = g_new0(MhVerdict, 1);
    verdict->job = job;
    verdict->refused = accounts->refused;
    verdict->check = mh_target_check_new();
    verdict->by_user = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < accounts->accounts->len; i++) {
        MhAccount *account = accounts->accounts->pdata[i];
        g_hash_table_insert(verdict->by_user, account->user, account);
    }
    for (int code = 0; code < MH_FINDING_COUNT; code++)
        verdict->losses[code].code = (MhFindingCode)code;
    return verdict;
}

void
mh_verdict_free(MhVerdict *verdict)
{
    if (verdict == NULL)
        return;
    mh_target_check_free(verdict->check);
    g_hash_table_unref(verdict->by_user);
    g_free(verdict);
}

static void
count_losses(MhVerdict *verdict, const MhAccountOutcome *outcome)
{
    for (int code = 0; code < MH_FINDING_COUNT; code++) {
        uint64_t times = mh_findings_count(outcome->findings, (MhFindingCode)code);
        if (mh_finding_weight((MhFindingCode)code) != MH_WEIGHT_LOSS)
            continue;
        for (guint i = 0; i < outcome->mailboxes->len; i++) {
            const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
            times += mh_findings_count(mailbox->findings, (MhFindingCode)code);
        }
        verdict->losses[code].times += times;
        verdict->losses[code].accounts += times > 0;
    }
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
    count_losses(verdict, outcome);
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

static int
compare_losses(const void *a, const void *b)
{
    const Loss *one = a, *two = b;
    return one->times > two->times ? -1 : one->times < two->times;
}

static const char *
judge(const MhVerdict *verdict, bool complete)
{
    if (!complete)
        return "not-all-checked";
    if (!mh_target_check_ready(verdict->check) || verdict->refused > 0)
        return "not-ready";
    return verdict->losses[0].times > 0 ? "ready-with-losses" : "ready";
}

/* A migration reads what the check read, and writes it besides. */
static uint64_t
least_us(const MhVerdict *verdict, uint64_t elapsed_us)
{
    return verdict->check->carry_bytes > 0 ? elapsed_us : 0;
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
print_losses(const MhVerdict *verdict)
{
    for (int i = 0; i < MH_FINDING_COUNT && verdict->losses[i].times > 0; i++) {
        const Loss *loss = &verdict->losses[i];
        printf("  %" G_GUINT64_FORMAT " in %zu account%s: %s\n", (guint64)loss->times,
               loss->accounts, loss->accounts == 1 ? "" : "s", mh_finding_text(loss->code));
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
        printf("Target file system %s: %zu account%s need about %s of %s free", system->place,
               system->accounts, system->accounts == 1 ? "" : "s", need, free_size);
        if (system->counts_files)
            printf(", %" G_GUINT64_FORMAT " inodes of %" G_GUINT64_FORMAT,
                   (guint64)system->need_files, (guint64)system->free_files);
        printf("\n");
    }
}

static void
print_text(const MhVerdict *verdict, const char *name, uint64_t elapsed_us)
{
    uint64_t least = least_us(verdict, elapsed_us);
    print_systems(verdict);
    if (least > 0) {
        g_autofree char *size = g_format_size(verdict->check->read_bytes);
        g_autofree char *took = mh_duration_text(elapsed_us);
        printf("Time: reading %s took %s; carrying it over takes longer than that\n", size, took);
    }
    if (strcmp(name, "ready") == 0)
        printf("Verdict: ready\n");
    else if (strcmp(name, "ready-with-losses") == 0)
        printf("Verdict: ready, with these losses:\n");
    else if (strcmp(name, "not-ready") == 0)
        printf("Verdict: not ready, because:\n");
    else
        printf("Verdict: none: not every account was checked\n");
    print_obstacles(verdict);
    if (strcmp(name, "ready-with-losses") != 0 && verdict->losses[0].times > 0)
        printf("Losses:\n");
    print_losses(verdict);
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
add_losses(MhJson *json, const MhVerdict *verdict)
{
    mh_json_open(json, "losses", '[');
    for (int i = 0; i < MH_FINDING_COUNT && verdict->losses[i].times > 0; i++) {
        const Loss *loss = &verdict->losses[i];
        mh_json_open(json, NULL, '{');
        mh_json_string(json, "code", mh_finding_name(loss->code));
        mh_json_string(json, "text", mh_finding_text(loss->code));
        mh_json_number(json, "times", loss->times);
        mh_json_number(json, "accounts", loss->accounts);
        mh_json_close(json, '}');
    }
    mh_json_close(json, ']');
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
print_json(const MhVerdict *verdict, const char *name, uint64_t elapsed_us)
{
    g_autoptr(GString) line = g_string_new(NULL);
    MhJson json = {.out = line};
    mh_json_open(&json, NULL, '{');
    mh_json_string(&json, "type", "verdict");
    mh_json_string(&json, "verdict", name);
    mh_json_number(&json, "refused", verdict->refused);
    add_obstacles(&json, verdict);
    add_losses(&json, verdict);
    add_systems(&json, verdict);
    mh_json_number(&json, "read_bytes", verdict->check->read_bytes);
    mh_json_number(&json, "carry_bytes", verdict->check->carry_bytes);
    mh_json_number(&json, "least_us", least_us(verdict, elapsed_us));
    mh_json_close(&json, '}');
    puts(line->str);
}

bool
mh_verdict_print(MhVerdict *verdict, bool complete, uint64_t elapsed_us)
{
    const MhSettings *settings = verdict->job->settings;
    mh_target_check_finish(verdict->check);
    qsort(verdict->losses, MH_FINDING_COUNT, sizeof *verdict->losses, compare_losses);
    const char *name = judge(verdict, complete);
    bool good = strncmp(name, "ready", 5) == 0;
    if (settings->json)
        print_json(verdict, name, elapsed_us);
    else if (!settings->quiet || strcmp(name, "ready") != 0)
        print_text(verdict, name, elapsed_us);
    return good;
}
