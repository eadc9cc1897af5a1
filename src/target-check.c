#include "target-check.h"

#include "printable.h"
#include "time-text.h"

#include <cap-ng.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder: itself, cur, new, tmp; dovecot-uidlist, dovecot-keywords, maildirfolder. */
#define FOLDER_DIRS  4
#define FOLDER_FILES 3
/* A message's line in the UID list and its entry in the directory. */
#define LINE_BYTES  90
#define ENTRY_BYTES 96
#define NAME_BYTES  255
#define GROUPS_MAX  1024

static const struct {
    const char *name, *text;
} table[] = {
#define ROW(name, text) {#name, text},
    MH_OBSTACLE_TABLE(ROW)
#undef ROW
};

const char *
mh_obstacle_name(MhObstacle obstacle)
{
    g_autofree char *lower = g_ascii_strdown(table[obstacle].name, -1);
    return g_intern_string(g_strdelimit(lower, "_", '-'));
}

const char *
mh_obstacle_text(MhObstacle obstacle)
{
    return table[obstacle].text;
}

static void
system_free(gpointer item)
{
    MhTargetSystem *system = item;
    g_free(system->place);
    g_free(system);
}

MhTargetCheck *
mh_target_check_new(MhQuotaRead read)
{
    MhTargetCheck *check = g_new0(MhTargetCheck, 1);
    check->limits = mh_target_limits_new();
    check->read = read;
    check->systems = g_ptr_array_new_with_free_func(system_free);
    for (int i = 0; i < MH_OBSTACLE_COUNT; i++)
        check->found[i].examples = g_ptr_array_new_with_free_func(g_free);
    return check;
}

void
mh_target_check_free(MhTargetCheck *check)
{
    if (check == NULL)
        return;
    for (int i = 0; i < MH_OBSTACLE_COUNT; i++)
        g_ptr_array_unref(check->found[i].examples);
    g_ptr_array_unref(check->systems);
    mh_target_limits_free(check->limits);
    g_free(check);
}

static void add(MhTargetCheck *check, MhObstacle obstacle, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void
add(MhTargetCheck *check, MhObstacle obstacle, const char *format, ...)
{
    MhObstacleFound *found = &check->found[obstacle];
    va_list args;
    if (found->times++ >= MH_OBSTACLE_EXAMPLES)
        return;
    va_start(args, format);
    g_ptr_array_add(found->examples, g_strdup_vprintf(format, args));
    va_end(args);
}

/* ---- the place ---------------------------------------------------------------------------- */

static bool
in_group(const MhTargetWriter *writer, gid_t group)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;
    if (writer->gid == group)
        return true;
    if (writer->user == NULL || getgrouplist(writer->user, writer->gid, groups, &count) < 0)
        return false;
    for (int i = 0; i < count; i++) {
        if (groups[i] == group)
            return true;
    }
    return false;
}

/* By mode bits; access control lists may say more. */
static bool
may_write(const struct stat *st, const MhTargetWriter *writer)
{
    mode_t bits = st->st_mode;
    if (writer->uid == 0)
        return true;
    if (st->st_uid == writer->uid)
        bits >>= 6;
    else if (in_group(writer, st->st_gid))
        bits >>= 3;
    return (bits & 3) == 3;
}

static void
check_place(MhTargetCheck *check, const char *user, const char *path, const MhTargetLook *look,
            const MhTargetWriter *writer)
{
    g_autofree char *shown = mh_printable_string(path);
    g_autofree char *where = mh_printable_string(look->existing);
    if (look->whole && !look->fits) {
        add(check, MH_OBSTACLE_NOT_OURS, "%s: %s", user, shown);
        return;
    }
    /* Root makes the target where nobody else can, and gives it away. */
    bool made_by_root = !look->whole && geteuid() == 0 && look->st.st_uid == 0 && !look->shut;
    if (!made_by_root && (!S_ISDIR(look->st.st_mode) || !may_write(&look->st, writer)))
        add(check, MH_OBSTACLE_NOT_WRITABLE, "%s: %s", user, where);
}

/* ---- room --------------------------------------------------------------------------------- */

static MhTargetSystem *
find_system(MhTargetCheck *check, const MhTargetLook *look)
{
    for (guint i = 0; i < check->systems->len; i++) {
        MhTargetSystem *system = check->systems->pdata[i];
        if (system->device == (uint64_t)look->st.st_dev)
            return system;
    }
    if (look->top[0] == '\0')
        return NULL;
    MhTargetSystem *system = g_new0(MhTargetSystem, 1);
    system->device = (uint64_t)look->st.st_dev;
    system->kind = look->kind;
    system->place = mh_printable_string(look->top);
    system->free_bytes = look->free_bytes;
    system->free_files = look->free_files;
    system->counts_files = look->counts_files;
    g_ptr_array_add(check->systems, system);
    if (look->read_only)
        add(check, MH_OBSTACLE_READ_ONLY, "%s", system->place);
    if (look->name_max < NAME_BYTES)
        add(check, MH_OBSTACLE_SHORT_NAMES, "%s: %lu bytes", system->place, look->name_max);
    if (system->kind->no_colons)
        add(check, MH_OBSTACLE_NO_COLONS, "%s: %s", system->place, system->kind->name);
    return system;
}

static uint64_t
blocks_up(uint64_t bytes)
{
    return (bytes + 4095) / 4096 * 4096;
}

static void
add_needs(MhTargetNeed *need, const MhMailboxOutcome *mailbox, bool linked)
{
    bool new_folder = mailbox->unchanged == 0 && mailbox->foreign == 0;
    uint64_t count = mailbox->delivered, entries = mailbox->messages + mailbox->foreign;
    if (mailbox->done == MH_DONE_FAILED || (count == 0 && !new_folder))
        return;
    if (!linked) {
        need->bytes += MAX(mailbox->delivered_bytes + count * 2048, count * 4096);
        need->files += count;
    }
    need->bytes += blocks_up(count * ENTRY_BYTES) + blocks_up(count * LINE_BYTES);
    if (new_folder) {
        need->bytes += (FOLDER_DIRS + FOLDER_FILES) * 4096;
        need->files += FOLDER_DIRS + FOLDER_FILES;
        need->folders += g_strcmp0(mailbox->target, ".") != 0;
    }
    if (entries > need->most_entries) {
        need->most_entries = entries;
        need->most_entries_in = mailbox->target;
    }
}

static void
check_outcome(MhTargetCheck *check, const MhAccountOutcome *outcome)
{
    check->read_us += outcome->elapsed_us;
    if (outcome->error != NULL)
        add(check, MH_OBSTACLE_FAILED, "%s: %s", outcome->user, outcome->error);
    for (guint i = 0; i < outcome->mailboxes->len; i++) {
        const MhMailboxOutcome *mailbox = outcome->mailboxes->pdata[i];
        bool by_name = mailbox->format != NULL && g_str_has_prefix(mailbox->format, "courier");
        check->read_bytes += by_name ? mailbox->sizes_read_bytes : mailbox->bytes;
        check->sizes_read += mailbox->sizes_read;
        check->sizes_read_bytes += mailbox->sizes_read_bytes;
        check->sizes_listed += mailbox->sizes_listed;
        check->carry_messages += mailbox->delivered;
        check->carry_bytes += mailbox->delivered_bytes;
        if (mailbox->done == MH_DONE_FAILED)
            add(check, MH_OBSTACLE_FAILED, "%s: %s: %s", outcome->user, mailbox->source,
                mailbox->error);
    }
}

static void
check_need(MhTargetCheck *check, const MhAccountOutcome *outcome, const MhTargetPlace *place,
           const MhTargetLook *look)
{
    MhTargetSystem *system = find_system(check, look);
    if (system == NULL)
        return;
    MhTargetNeed need = {.user = outcome->user,
                         .path = place->path,
                         .place = system->place,
                         .kind = system->kind,
                         .device = system->device,
                         .uid = place->uid,
                         .gid = place->gid,
                         .look = look};
    for (guint i = 0; i < outcome->mailboxes->len; i++)
        add_needs(&need, outcome->mailboxes->pdata[i], look->same_device);
    system->accounts++;
    system->need_bytes += need.bytes;
    system->need_files += need.files;
    mh_target_limits_add(check->limits, &need);
}

void
mh_target_check_account(MhTargetCheck *check, const MhAccountOutcome *outcome, const char *path,
                        const char *source, const MhTargetWriter *writer)
{
    MhTargetPlace place = {path, source, writer->uid, writer->gid, check->read};
    MhTargetLook look;
    check_outcome(check, outcome);
    if (mh_target_look(&place, &look)) {
        if (look.existing[0] == '\0')
            return;
        check_place(check, outcome->user, path, &look, writer);
        check_need(check, outcome, &place, &look);
    } else if (outcome->error == NULL) { /* else it was told */
        g_autofree char *shown = mh_printable_string(path);
        add(check, MH_OBSTACLE_FAILED, "%s: no answer from '%s'", outcome->user, shown);
    }
}

/* No clock that is right shows a time before this program was written. */
#define CLOCK_LEAST INT64_C(1767225600) /* 2026-01-01 */

void
mh_target_check_machine(MhTargetCheck *check, int64_t now)
{
    static const struct {
        unsigned capability;
        const char *name;
    } needed[] = {{CAP_CHOWN, "CAP_CHOWN"}, {CAP_SETUID, "CAP_SETUID"}, {CAP_SETGID, "CAP_SETGID"}};
    if (now < CLOCK_LEAST) {
        g_autofree char *shown = mh_time_text(now);
        add(check, MH_OBSTACLE_CLOCK, "it shows %s", shown);
    }
    if (geteuid() != 0 || capng_get_caps_process() != 0)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!capng_have_capability(CAPNG_EFFECTIVE, needed[i].capability))
            add(check, MH_OBSTACLE_NO_PRIVILEGE, "%s is missing", needed[i].name);
    }
}

static void
take_quota(const char *text, void *user)
{
    add(user, MH_OBSTACLE_NO_QUOTA, "%s", text);
}

static void
take_directory(const char *text, void *user)
{
    add(user, MH_OBSTACLE_DIRECTORY_FULL, "%s", text);
}

void
mh_target_check_finish(MhTargetCheck *check)
{
    mh_target_limits_quotas(check->limits, take_quota, check);
    mh_target_limits_directories(check->limits, take_directory, check);
    for (guint i = 0; i < check->systems->len; i++) {
        const MhTargetSystem *system = check->systems->pdata[i];
        if (system->need_bytes > system->free_bytes) {
            g_autofree char *need = g_format_size(system->need_bytes);
            g_autofree char *free_size = g_format_size(system->free_bytes);
            add(check, MH_OBSTACLE_NO_ROOM, "%s: %s needed, %s free", system->place, need,
                free_size);
        }
        if (system->counts_files && system->need_files > system->free_files)
            add(check, MH_OBSTACLE_NO_INODES,
                "%s: %" G_GUINT64_FORMAT " needed, %" G_GUINT64_FORMAT " free", system->place,
                (guint64)system->need_files, (guint64)system->free_files);
    }
}

bool
mh_target_check_ready(const MhTargetCheck *check)
{
    for (int i = 0; i < MH_OBSTACLE_COUNT; i++) {
        if (check->found[i].times > 0)
            return false;
    }
    return true;
}
