#include "target-look.h"

#include "answering.h"
#include "apart.h"
#include "look-as.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

typedef struct {
    const MhTargetPlace *place;
    MhTargetLook *look; /* in memory of both processes */
} Question;

/* ---- the place ---------------------------------------------------------------------------- */

/* The target, or the nearest directory above it that is there. False: not even the root is. */
static bool
find_existing(const char *path, MhTargetLook *look)
{
    g_autofree char *at = g_strdup(path);
    look->whole = true;
    while (strlen(at) >= sizeof look->existing || stat(at, &look->st) != 0) {
        char *parent = g_path_get_dirname(at);
        bool is_top = strcmp(parent, at) == 0;
        g_free(at);
        at = parent;
        look->whole = false;
        if (is_top)
            return false;
    }
    g_strlcpy(look->existing, at, sizeof look->existing);
    return true;
}

static bool
is_empty(const char *path)
{
    DIR *dir = opendir(path);
    bool empty = dir != NULL;
    const struct dirent *entry;
    while (empty && (entry = readdir(dir)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (dir != NULL)
        closedir(dir);
    return empty;
}

static bool
is_maildir_or_empty(const char *path, const struct stat *st)
{
    struct stat sub;
    g_autofree char *cur = g_build_filename(path, "cur", NULL);
    if (!S_ISDIR(st->st_mode))
        return false;
    return (stat(cur, &sub) == 0 && S_ISDIR(sub.st_mode)) || is_empty(path);
}

static bool
find_target(const char *path, MhTargetLook *look)
{
    if (!find_existing(path, look))
        return false;
    look->fits = look->whole && is_maildir_or_empty(look->existing, &look->st);
    return true;
}

/* The account may see what root is not shown (look-as.h). */
static bool
find_target_as_either(const MhTargetPlace *place, MhTargetLook *look)
{
    bool found = find_target(place->path, look);
    look->shut = found && access(look->existing, W_OK | X_OK) != 0 && errno == EACCES;
    if (look->fits || geteuid() != 0)
        return found;
    g_autofree MhTargetLook *theirs = g_memdup2(look, sizeof *look);
    mh_look_as(place->uid, place->gid);
    if (find_target(place->path, theirs) && theirs->fits)
        *look = *theirs;
    mh_look_as_before();
    return found;
}

/* Each subdirectory is a link; where they are not counted, the limit is not known either. */
static uint64_t
subdirectories_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_nlink > 2 ? st.st_nlink - 2 : 0;
}

/* ---- the file system ---------------------------------------------------------------------- */

/* Where the file system is mounted that @path is on. */
static char *
mount_point(const char *path, const struct stat *st)
{
    char *at = g_strdup(path);
    for (;;) {
        struct stat above;
        char *parent = g_path_get_dirname(at);
        if (strcmp(parent, at) == 0 || stat(parent, &above) != 0 || above.st_dev != st->st_dev) {
            g_free(parent);
            return at;
        }
        g_free(at);
        at = parent;
    }
}

static void
look_at_room(MhTargetLook *look)
{
    struct statvfs fs;
    /* Below, a project's quota may be told for it. */
    g_autofree char *top = mount_point(look->existing, &look->st);
    if (statvfs(top, &fs) != 0)
        return;
    g_strlcpy(look->top, top, sizeof look->top);
    look->kind = mh_file_system_mounted_at(top); /* of a table, which is where it is in both */
    look->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    look->free_files = fs.f_favail;
    look->counts_files = fs.f_files > 0;
    look->read_only = (fs.f_flag & ST_RDONLY) != 0;
    look->name_max = fs.f_namemax;
}

static void
look_at_quotas(const MhTargetPlace *place, MhTargetLook *look)
{
    const uint32_t ids[] = {place->uid, place->gid};
    for (int kind = MH_QUOTA_USER; kind <= MH_QUOTA_GROUP; kind++)
        look->limited[kind] =
            place->read(look->existing, (MhQuotaKind)kind, ids[kind], &look->quotas[kind]);
    if (mh_quota_project(look->existing, &look->project))
        look->limited[MH_QUOTA_PROJECT] = place->read(
            look->existing, MH_QUOTA_PROJECT, look->project, &look->quotas[MH_QUOTA_PROJECT]);
}

/* ---- asking ------------------------------------------------------------------------------- */

static uint64_t
answer(size_t item, void *data)
{
    const Question *question = data;
    const MhTargetPlace *place = question->place;
    MhTargetLook *look = question->look;
    struct stat from;
    (void)item;
    if (!find_target_as_either(place, look))
        return true;
    g_autofree char *parent = g_path_get_dirname(place->path);
    look->same_device =
        place->source != NULL && stat(place->source, &from) == 0 && from.st_dev == look->st.st_dev;
    look->subdirectories = look->whole ? subdirectories_of(place->path) : 0;
    look->beside = subdirectories_of(parent);
    look_at_room(look);
    look_at_quotas(place, look);
    return true;
}

bool
mh_target_look(const MhTargetPlace *place, MhTargetLook *out_look)
{
    uint64_t answered = false;
    MhTargetLook *look =
        mmap(NULL, sizeof *look, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (look == MAP_FAILED)
        return false;
    Question question = {place, look};
    if (mh_answering_anywhere())
        answered = answer(0, &question);
    else
        mh_apart(1, MH_APART_S, MH_APART_S, answer, &question, &answered);
    *out_look = *look;
    munmap(look, sizeof *look);
    return answered != 0;
}
