#include "verify-target.h"

#include "keyed-hash.h"
#include "printable.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How often a folder that keeps changing is read. */
#define READS_MAX 5
/* One that is carried may be a line longer than the source's. */
#define ACL_BYTES_MAX (2 * MH_LIMIT_ACCESS_BYTES)

/* A reading of one folder. */
typedef struct {
    MhVerifyTarget *target;
    const char *name; /* of the folder */
    int fd;
    MaildirUidlist *list; /* NULL: none */
    MhVerifyTold told;
    void *user;
} Reading;

static int64_t
ns_of(const struct statx_timestamp *time)
{
    return time->tv_sec * G_GINT64_CONSTANT(1000000000) + time->tv_nsec;
}

/* ---- files -------------------------------------------------------------------------------- */

static bool
look(int dirfd, const char *name, struct statx *out)
{
    return statx(dirfd, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, out) == 0;
}

static int64_t
born_ns(const struct statx *st)
{
    return (st->stx_mask & STATX_BTIME) != 0 ? ns_of(&st->stx_btime) : 0;
}

bool
mh_verify_dir_used(int dirfd, const char *name)
{
    struct statx st;
    return look(dirfd, name, &st) && born_ns(&st) != 0 && ns_of(&st.stx_mtime) > born_ns(&st);
}

static void
fill_file(MhVerifyFile *file, const struct statx *st, char *shown)
{
    *file = (MhVerifyFile){.name = shown,
                           .mode = st->stx_mode,
                           .uid = st->stx_uid,
                           .gid = st->stx_gid,
                           .mode_is_open = S_ISREG(st->stx_mode) && st->stx_nlink > 1};
}

MhVerifyFile *
mh_verify_file_look(int dirfd, const char *name, const char *shown)
{
    struct statx st;
    if (!look(dirfd, name, &st))
        return NULL;
    MhVerifyFile *file = g_new0(MhVerifyFile, 1);
    fill_file(file, &st, mh_printable_string(shown));
    return file;
}

void
mh_verify_file_free(gpointer data)
{
    MhVerifyFile *file = data;
    g_free(file->name);
    g_free(file);
}

/* The name of something in the folder, as seen from the tree's root. g_free(). */
static char *
name_in_tree(const Reading *reading, const char *name)
{
    if (strcmp(reading->name, ".") == 0)
        return g_strdup(name);
    return strcmp(name, ".") == 0 ? g_strdup(reading->name)
                                  : g_build_filename(reading->name, name, NULL);
}

/* Puts down who owns something of the folder, if it is there. */
static void
note_file(Reading *reading, const char *name, bool is_state)
{
    g_autofree char *shown = name_in_tree(reading, name);
    MhVerifyFile *file = mh_verify_file_look(reading->fd, name, shown);
    if (file == NULL)
        return;
    file->is_state = is_state;
    file->mode_is_open |= strcmp(shown, ".") == 0;
    g_ptr_array_add(reading->target->files, file);
}

/* Reads a state file. False with @error only when it is there and cannot be read. */
static bool
read_state(Reading *reading, const char *name, uint64_t max_bytes, GBytes **out, GError **error)
{
    g_autoptr(GError) failure = NULL;
    note_file(reading, name, true);
    *out = mh_read_file(reading->fd, name, max_bytes, NULL, &failure);
    if (*out != NULL || g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* ---- state files -------------------------------------------------------------------------- */

static bool
read_list(Reading *reading, GError **error)
{
    MhVerifyTarget *target = reading->target;
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GError) unusable = NULL;
    struct statx st;
    if (!read_state(reading, "dovecot-uidlist", MH_LIMIT_STATE_FILE_BYTES, &text, error))
        return false;
    if (text == NULL) {
        target->list_error = g_strdup("there is none");
        return true;
    }
    if (look(reading->fd, "dovecot-uidlist", &st)) {
        target->list_mtime_ns = ns_of(&st.stx_mtime);
        target->list_ctime_ns = ns_of(&st.stx_ctime);
    }
    reading->list = maildir_uidlist_parse(mh_span_from_bytes(text), target->findings, &unusable);
    if (reading->list == NULL) {
        target->list_error = g_strdup(unusable->message);
        return true;
    }
    target->has_list = true;
    target->uids = maildir_uidlist_uids(reading->list);
    target->carried_from = maildir_uidlist_source(reading->list);
    target->list_stopped_at = maildir_uidlist_stopped_at(reading->list);
    return true;
}

static bool
read_keywords_and_acl(Reading *reading, GError **error)
{
    MhVerifyTarget *target = reading->target;
    g_autoptr(GBytes) keywords = NULL, acl = NULL;
    g_autoptr(GError) unusable = NULL;
    if (!read_state(reading, "dovecot-keywords", MH_LIMIT_STATE_FILE_BYTES, &keywords, error) ||
        !read_state(reading, "dovecot-acl", ACL_BYTES_MAX, &acl, error))
        return false;
    target->keywords = keywords != NULL
                           ? maildir_keywords_parse(mh_span_from_bytes(keywords), target->findings)
                           : maildir_keywords_new();
    if (acl != NULL) {
        target->acl = maildir_acl_parse(mh_span_from_bytes(acl), &unusable);
        if (target->acl == NULL)
            target->acl_error = g_strdup(unusable->message);
    }
    return true;
}

/* Has a server been here? Its index files say so. */
static bool
has_index(int fd)
{
    static const char *const names[] = {"dovecot.index", "dovecot.index.log",
                                        "dovecot.index.cache"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (faccessat(fd, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return true;
    }
    return false;
}

/* ---- messages ----------------------------------------------------------------------------- */

static void
message_free(gpointer data)
{
    MhVerifyMessage *message = data;
    g_free(message->file);
    g_free(message->owner.name);
    g_free(message->error);
    g_free(message->uidl);
    g_free(message);
}

/* The decimal value of field @key in "Sn Gx". */
static bool
number_field(MhSpan fields, uint8_t key, uint64_t *out)
{
    while (fields.len > 0) {
        MhSpan field = maildir_uidlist_take_field(&fields);
        if (field.len > 0 && field.data[0] == key)
            return mh_span_to_u64(mh_span_from(field, 1), UINT64_MAX, out);
    }
    return false;
}

static void
take_line(const Reading *reading, MhVerifyMessage *message)
{
    MaildirUidlistEntry line;
    if (reading->list == NULL ||
        maildir_uidlist_find(reading->list, message->of.base, &line) == MAILDIR_UIDLIST_NOT_FOUND)
        return;
    message->uid = line.uid;
    message->pop3_order = line.pop3_order;
    message->list_virtual = line.virtual_size;
    message->has_list_size = number_field(line.other, 'S', &message->list_size);
    if (line.uidl.data != NULL)
        message->uidl = mh_span_dup(line.uidl);
    message->has_carried = maildir_carried_parse(line.other, line.uid, &message->carried);
    message->ours |= message->has_carried;
}

/* A file that cannot be read is that message's misfortune, not the folder's. */
static void
read_bytes(int dirfd, const char *entry, MhVerifyMessage *message)
{
    g_autoptr(GError) failure = NULL;
    int fd = mh_open_file(dirfd, entry, MH_LINKS_REFUSE, NULL, &failure);
    if (fd < 0 || !mh_verify_count_file(fd, &message->bytes, &failure))
        message->error = g_strdup(failure->message);
    if (fd >= 0)
        close(fd);
}

/* One entry of cur or new. */
static bool
read_message(Reading *reading, int dirfd, const char *entry, bool is_new, GError **error)
{
    struct statx st;
    if (!look(dirfd, entry, &st))
        return mh_set_errno(error, errno, "cannot look at a message");
    MhVerifyMessage *message = g_new0(MhVerifyMessage, 1);
    message->file = g_strconcat(is_new ? "new/" : "cur/", entry, NULL);
    MaildirEntryKind kind =
        maildir_file_name_parse(mh_span_from_string(message->file + strlen("cur/")), &message->of);
    if (kind == MAILDIR_ENTRY_HIDDEN) {
        message_free(message);
        return true;
    }
    g_autofree char *path = name_in_tree(reading, message->file);
    fill_file(&message->owner, &st, mh_printable_string(path));
    message->is_new = is_new;
    message->is_file = S_ISREG(st.stx_mode);
    message->servable = kind == MAILDIR_ENTRY_MESSAGE;
    message->internaldate = st.stx_mtime.tv_sec;
    message->born_ns = born_ns(&st);
    message->there_since_ns = message->born_ns != 0 ? message->born_ns : ns_of(&st.stx_ctime);
    message->ours = maildir_file_name_parse_own(message->of.base, NULL, NULL);
    take_line(reading, message);
    g_ptr_array_add(reading->target->messages, message);
    if (message->is_file)
        read_bytes(dirfd, entry, message);
    if (reading->told == NULL || reading->told(message->bytes.size_bytes, reading->user))
        return true;
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INTR, "stopped as asked");
    return false;
}

/* All of cur or new; that it is not there is no error. */
static bool
read_messages(Reading *reading, const char *which, bool is_new, GError **error)
{
    g_autoptr(GError) failure = NULL;
    note_file(reading, which, false);
    int dirfd = mh_open_dir_links(reading->fd, which, MH_LINKS_REFUSE, &failure);
    if (dirfd < 0 && g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    g_autoptr(GPtrArray) names = dirfd >= 0 ? mh_list_dir(dirfd, &failure) : NULL;
    for (guint i = 0; failure == NULL && i < names->len; i++)
        read_message(reading, dirfd, names->pdata[i], is_new, &failure);
    if (dirfd >= 0)
        close(dirfd);
    if (failure == NULL)
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s: ", which);
    return false;
}

static void
list_tmp(Reading *reading)
{
    note_file(reading, "tmp", false);
    int fd = mh_open_dir_links(reading->fd, "tmp", MH_LINKS_REFUSE, NULL);
    g_autoptr(GPtrArray) names = fd >= 0 ? mh_list_dir(fd, NULL) : NULL;
    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *path = g_build_filename("tmp", names->pdata[i], NULL);
        g_autofree char *full = name_in_tree(reading, path);
        g_ptr_array_add(reading->target->leftovers, mh_printable_string(full));
    }
    if (fd >= 0)
        close(fd);
}

static int
by_uid(gconstpointer a, gconstpointer b)
{
    const MhVerifyMessage *left = *(MhVerifyMessage *const *)a;
    const MhVerifyMessage *right = *(MhVerifyMessage *const *)b;
    uint32_t first = left->uid - 1, second = right->uid - 1; /* those without are last */
    if (first != second)
        return first < second ? -1 : 1;
    return strcmp(left->file, right->file);
}

/* ---- the folder --------------------------------------------------------------------------- */

/* A time at which mailhaul wrote here: when the youngest file that it carried was made. (A link to
 * a file of the source is older than that, which errs on the safe side.) */
static int64_t
time_of_writing(const Reading *reading)
{
    struct statx st;
    int64_t latest = look(reading->fd, "cur", &st) ? born_ns(&st) : 0;
    for (guint i = 0; i < reading->target->messages->len; i++) {
        const MhVerifyMessage *message = mh_verify_target_get(reading->target, i);
        if (message->has_carried)
            latest = MAX(latest, message->born_ns);
    }
    /* The list, while no server has made it anew: the only one to tell where the later mail is
     * links to older files, or where the file system does not say when a file was made. */
    return reading->target->in_use ? latest : MAX(latest, reading->target->list_mtime_ns);
}

/* Carried messages that are listed and have no file. */
static void
find_gone(Reading *reading)
{
    const MaildirUidlist *list = reading->list;
    g_autoptr(GHashTable) there =
        g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    for (guint i = 0; i < reading->target->messages->len; i++)
        g_hash_table_add(there, mh_span_dup(mh_verify_target_get(reading->target, i)->of.base));
    for (size_t i = 0; list != NULL && i < maildir_uidlist_length(list); i++) {
        MaildirUidlistEntry line;
        maildir_uidlist_get(list, i, &line);
        g_autofree char *name = mh_span_dup(line.name);
        MaildirCarried carried;
        if (!g_hash_table_contains(there, name) &&
            maildir_carried_parse(line.other, line.uid, &carried))
            g_ptr_array_add(reading->target->gone, mh_printable(line.name));
    }
}

static void
add_up(Reading *reading)
{
    MhVerifyTarget *target = reading->target;
    for (guint i = 0; i < target->messages->len; i++)
        target->foreign += !mh_verify_target_get(target, i)->ours;
    find_gone(reading);
    target->in_use = target->foreign > 0 || has_index(reading->fd);
    target->written_ns = time_of_writing(reading);
    g_ptr_array_sort(target->messages, by_uid);
}

static bool
read_folder(Reading *reading, GError **error)
{
    note_file(reading, ".", false);
    note_file(reading, "maildirfolder", false);
    list_tmp(reading);
    if (!read_list(reading, error) || !read_keywords_and_acl(reading, error) ||
        !read_messages(reading, "new", true, error) || !read_messages(reading, "cur", false, error))
        return false;
    add_up(reading);
    return true;
}

/* The stamps of everything that a client's work would change. */
#define STAMPS 4
static void
take_stamps(int fd, MhStamp out_stamps[STAMPS])
{
    static const char *const names[STAMPS] = {"cur", "new", "dovecot-uidlist", "dovecot-keywords"};
    memset(out_stamps, 0, STAMPS * sizeof *out_stamps);
    for (size_t i = 0; i < STAMPS; i++) {
        struct stat st;
        if (fstatat(fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
            out_stamps[i] = mh_stamp_of(&st);
    }
}

static MhVerifyTarget *
target_new(void)
{
    MhVerifyTarget *target = g_new0(MhVerifyTarget, 1);
    target->findings = mh_findings_new();
    target->messages = g_ptr_array_new_with_free_func(message_free);
    target->files = g_ptr_array_new_with_free_func(mh_verify_file_free);
    target->gone = g_ptr_array_new_with_free_func(g_free);
    target->leftovers = g_ptr_array_new_with_free_func(g_free);
    return target;
}

/* NULL with G_FILE_ERROR_AGAIN when it changed. */
static MhVerifyTarget *
read_once(int fd, const char *name, MhVerifyTold told, void *user, GError **error)
{
    g_autoptr(MhVerifyTarget) target = target_new();
    Reading reading = {.target = target, .name = name, .fd = fd, .told = told, .user = user};
    MhStamp before[STAMPS], after[STAMPS];
    take_stamps(fd, before);
    target->exists = before[0].inode != 0;
    bool good = read_folder(&reading, error);
    maildir_uidlist_free(reading.list);
    take_stamps(fd, after);
    for (size_t i = 0; i < STAMPS; i++) {
        if (mh_stamp_equal(&before[i], &after[i]) ||
            (error != NULL && g_error_matches(*error, G_FILE_ERROR, G_FILE_ERROR_INTR)))
            continue;
        g_clear_error(error);
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                    "the target changes while it is read; try again later");
        return NULL;
    }
    return good ? g_steal_pointer(&target) : NULL;
}

MhVerifyTarget *
mh_verify_target_read(int tree_fd, const char *name, MhVerifyTold told, void *user, GError **error)
{
    g_autoptr(GError) failure = NULL;
    int fd = tree_fd >= 0 ? mh_open_dir_links(tree_fd, name, MH_LINKS_REFUSE, &failure) : -1;
    if (fd < 0 && failure != NULL && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (fd < 0) {
        MhVerifyTarget *target = target_new();
        target->keywords = maildir_keywords_new();
        return target;
    }
    MhVerifyTarget *target = NULL;
    for (int reads = 1; target == NULL && reads <= READS_MAX; reads++) {
        g_clear_error(&failure);
        target = read_once(fd, name, told, user, &failure);
        if (failure != NULL && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_AGAIN))
            break;
    }
    close(fd);
    if (target == NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
    return target;
}

void
mh_verify_target_free(MhVerifyTarget *target)
{
    if (target == NULL)
        return;
    g_ptr_array_unref(target->messages);
    g_ptr_array_unref(target->files);
    g_ptr_array_unref(target->leftovers);
    g_ptr_array_unref(target->gone);
    mh_findings_free(target->findings);
    maildir_keywords_free(target->keywords);
    maildir_acl_free(target->acl);
    g_free(target->list_error);
    g_free(target->acl_error);
    g_free(target);
}
