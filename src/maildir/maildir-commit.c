#include "maildir-commit.h"

#include "maildir-file-name.h"
#include "maildir-index.h"
#include "maildir-lock.h"
#include "maildir-old-names.h"
#include "maildir-rebase.h"
#include "maildir-restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The new list of a folder that exists, until it is put in place. */
static const char list_aside[] = "mailhaul-tmp." MAILDIR_UIDLIST_FILE;

/* The server's index of all folders (dovecot.list.index) knows a folder's state by the time of its
 * cur/, in whole seconds. It has another one then. */
static void
age_status(const MaildirFolder *folder)
{
    struct stat st;
    struct timespec now;
    if (folder->cur_fd < 0 || fstat(folder->cur_fd, &st) != 0)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += now.tv_sec == st.st_mtime;
    mh_set_mtime(folder->cur_fd, now);
}

/* What the server remembers of UIDs that are no longer true. Under another UIDVALIDITY the server
 * knows by itself that its indexes say nothing, and open sessions end. */
static void
forget_uids(const MaildirFolder *folder, const MhSyncPlan *plan)
{
    if (!plan->uids_replaced && !plan->inserts_below)
        return;
    if (!plan->uidvalidity_replaced)
        maildir_index_forget(folder->fd);
    age_status(folder);
}

/* The INBOX's new/ is there without a cur/: what a killed run has put into it goes, what a server
 * has delivered stays, and ours comes to it. No reader has seen it yet. */
static bool
merge_new(const MaildirDelivery *delivery, const MaildirFolder *folder, GError **error)
{
    for (guint i = 0; i < folder->leftovers->len; i++) {
        const char *name =
            maildir_folder_file(folder, &g_array_index(folder->leftovers, MhTargetMessage, i));
        if (unlinkat(folder->new_fd, name, 0) != 0 && errno != ENOENT)
            return mh_set_errno(error, errno, "cannot remove '%s' of a killed run", name);
    }
    g_autoptr(GPtrArray) names = mh_list_dir(delivery->new_fd, error);
    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++) {
        if (!mh_rename_noreplace(delivery->new_fd, names->pdata[i], folder->new_fd, names->pdata[i],
                                 error))
            return false;
    }
    return true;
}

/* One file, or the keywords for Courier: those that a killed run has put there are of no message.
 */
static bool
put_state(const MaildirDelivery *delivery, const MaildirFolder *folder, const char *name,
          GError **error)
{
    if (renameat(delivery->fd, name, folder->fd, name) == 0 || errno == ENOENT)
        return true;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return mh_set_errno(error, errno, "cannot put '%s' in place", name);
    return mh_remove_tree(folder->fd, name, error) &&
           mh_rename_noreplace(delivery->fd, name, folder->fd, name, error);
}

/* A piece of the INBOX. tmp/ and new/ may be there already. */
static bool
put_piece(const MaildirDelivery *delivery, const MaildirFolder *folder, const char *name,
          GError **error)
{
    bool is_dir = strcmp(name, "tmp") == 0 || strcmp(name, "new") == 0 || strcmp(name, "cur") == 0;
    g_autoptr(GError) failure = NULL;
    if (strcmp(name, "new") == 0 && folder->new_fd >= 0)
        return merge_new(delivery, folder, error);
    if (!is_dir)
        return put_state(delivery, folder, name, error);
    if (mh_rename_noreplace(delivery->fd, name, folder->fd, name, &failure) ||
        (strcmp(name, "tmp") == 0 && g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_EXIST)))
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static bool
commit_new_folder(const MaildirDelivery *delivery, const MaildirWork *work, GError **error)
{
    /* Without cur/ there is no folder to readers, so that comes last. */
    static const char *const pieces[] = {MAILDIR_UIDLIST_FILE,
                                         MAILDIR_KEYWORDS_FILE,
                                         "maildirfolder",
                                         "courierimapuiddb",
                                         "courierpop3dsizelist",
                                         "courierimapkeywords",
                                         "tmp",
                                         "new",
                                         "cur"};
    const MaildirFolder *folder = work->folder;
    if (folder->fd < 0)
        return mh_rename_noreplace(delivery->tree->build_fd, delivery->build, delivery->tree->fd,
                                   folder->name, error);
    forget_uids(folder, work->plan);
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        if (!put_piece(delivery, folder, pieces[i], error))
            return false;
    }
    return true;
}

/* cur/ or new/ of a folder that exists. */
static int
dir_in_place(const MaildirDelivery *delivery, const MaildirFolder *folder, bool is_new)
{
    if (!is_new)
        return folder->cur_fd;
    return folder->new_fd >= 0 ? folder->new_fd : delivery->made_new_fd;
}

static bool
move_in(const MaildirDelivery *delivery, const MaildirWork *work, const MhSyncLine *line,
        GError **error)
{
    char staged[MAILDIR_STAGED_NAME];
    g_autofree char *base = maildir_new_names_base(delivery->names, line->source - 1);
    g_autofree char *name = maildir_new_names_file(mh_span_from_string(base), line);
    maildir_delivery_staged_name(line, staged);
    if (!mh_mailbox_check_names(work->mailbox, error))
        return false;
    if (mh_rename_noreplace(delivery->cur_fd, staged,
                            dir_in_place(delivery, work->folder, line->is_new), name, error))
        return true;
    g_prefix_error(error, "cannot put a message in place: ");
    return false;
}

/* The base name that the file of a line shall have, when it is to be another; NULL otherwise. */
static const char *
new_base(const MaildirDelivery *delivery, guint line)
{
    return delivery->rebase != NULL
               ? g_hash_table_lookup(delivery->rebase, GUINT_TO_POINTER(line + 1))
               : NULL;
}

/* What the file of a line shall be called. g_free(). */
static char *
tagged_name(const MaildirDelivery *delivery, const MaildirWork *work, guint at)
{
    const MhSyncLine *line = maildir_work_line(work, at);
    const char *other = new_base(delivery, at);
    MaildirFileName parsed;
    maildir_file_name_parse(
        mh_span_from_string(maildir_folder_file(work->folder, maildir_work_file(work, line))),
        &parsed);
    MhSpan base = other != NULL ? mh_span_from_string(other) : parsed.base;
    return line->is_new ? mh_span_dup(base)
                        : maildir_file_name_format(base, line->flags, line->letters, parsed.info);
}

static bool
retag(const MaildirDelivery *delivery, const MaildirWork *work, guint at, GError **error)
{
    const MhSyncLine *line = maildir_work_line(work, at);
    const MhTargetMessage *there = maildir_work_file(work, line);
    g_autofree char *new_name = tagged_name(delivery, work, at);
    const char *old_name = maildir_folder_file(work->folder, there);
    g_autoptr(GError) failure = NULL;
    int from = dir_in_place(delivery, work->folder, there->is_new);
    int to = dir_in_place(delivery, work->folder, line->is_new);
    if (!mh_mailbox_check_names(work->mailbox, error))
        return false;
    if ((from == to && strcmp(old_name, new_name) == 0) ||
        mh_rename_in_sight(from, old_name, to, new_name, &failure) ||
        g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true; /* gone meanwhile: the next run sees it */
    g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                               "cannot change the flags of a message: ");
    return false;
}

static char *
path_of(bool is_new, const char *name)
{
    return g_strconcat(is_new ? "new/" : "cur/", name, NULL);
}

/* In place: what files are called now is written down before it changes. */
static bool
write_old_names(const MaildirDelivery *delivery, const MaildirWork *work, GError **error)
{
    const MaildirFolder *folder = work->folder;
    g_autoptr(GError) failure = NULL;
    g_autoptr(MaildirOldNames) names = maildir_old_names_load(folder->fd, &failure);
    bool there = names != NULL, changed = !there;
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (!there && !maildir_restore_keep(folder->fd, error))
        return false;
    if (!there)
        names = maildir_old_names_new();
    for (guint i = 0; i < work->plan->lines->len; i++) {
        const MhSyncLine *line = maildir_work_line(work, i);
        const MhTargetMessage *file = maildir_work_file(work, line);
        if (file == NULL || (!line->retag && new_base(delivery, i) == NULL))
            continue;
        g_autofree char *name = tagged_name(delivery, work, i);
        g_autofree char *to = path_of(line->is_new, name);
        g_autofree char *from = path_of(file->is_new, maildir_folder_file(folder, file));
        maildir_old_names_add(names, from, to);
        changed = true;
    }
    return !changed ||
           maildir_old_names_save(names, folder->fd, delivery->tree->options.file_mode, error);
}

/* These before all others: then no two files have one base name. */
static bool
rename_bases(const MaildirDelivery *delivery, const MaildirWork *work, int64_t *renewed_us,
             GError **error)
{
    for (guint i = 0; i < work->plan->lines->len; i++) {
        if (new_base(delivery, i) != NULL &&
            (!maildir_lock_keep(work->folder->fd, renewed_us, error) ||
             !retag(delivery, work, i, error)))
            return false;
    }
    return true;
}

static bool
remove_expunged(const MaildirWork *work, int64_t *renewed_us, GError **error)
{
    for (guint i = 0; i < work->plan->expunge->len; i++) {
        if (!maildir_lock_keep(work->folder->fd, renewed_us, error))
            return false;
        uint32_t at = g_array_index(work->plan->expunge, uint32_t, i);
        const MhTargetMessage *there = mh_target_index_get(&work->folder->index, at);
        const char *name = maildir_folder_file(work->folder, there);
        int dirfd = there->is_new ? work->folder->new_fd : work->folder->cur_fd;
        if (unlinkat(dirfd, name, 0) != 0 && errno != ENOENT)
            return mh_set_errno(error, errno, "cannot remove '%s'", name);
    }
    return true;
}
static bool
commit_files(const MaildirDelivery *delivery, const MaildirWork *work, GError **error)
{
    int64_t renewed = g_get_monotonic_time();
    if (!rename_bases(delivery, work, &renewed, error))
        return false;
    for (guint i = 0; i < work->plan->lines->len; i++) {
        if (!maildir_lock_keep(work->folder->fd, &renewed, error))
            return false;
        const MhSyncLine *line = maildir_work_line(work, i);
        if (maildir_delivery_is_staged(delivery, line) && !move_in(delivery, work, line, error))
            return false;
        if (line->retag && new_base(delivery, i) == NULL && !retag(delivery, work, i, error))
            return false;
    }
    return work->in_place || remove_expunged(work, &renewed, error);
}

/* The line of a message that only the target has. An empty UIDL stands for the name of the file. */
static void
keep_own_line(MaildirUidlistWriter *writer, const MaildirWork *work, guint at,
              MaildirUidlistEntry *entry)
{
    GHashTable *renamed = work->plan->renamed_uidls;
    if (renamed != NULL && g_hash_table_contains(renamed, GUINT_TO_POINTER(at + 1)))
        entry->uidl = MH_SPAN_LITERAL("");
    maildir_uidlist_writer_keep(writer, entry, maildir_work_line(work, at)->uid);
}

/* The line of a message that is there. */
static void
add_present_line(MaildirUidlistWriter *writer, MaildirDelivery *delivery, const MaildirWork *work,
                 guint at)
{
    const MhSyncLine *line = maildir_work_line(work, at);
    const char *other = new_base(delivery, at);
    const MhTargetMessage *there = maildir_work_file(work, line);
    uint32_t place = maildir_folder_line(work->folder, there);
    MaildirUidlistEntry before;
    MaildirFileName parsed;
    const char *name = maildir_folder_file(work->folder, there);
    maildir_file_name_parse(mh_span_from_string(name), &parsed);
    MhSpan base = other != NULL ? mh_span_from_string(other) : parsed.base;
    bool listed = place != 0 && maildir_uidlist_read(work->folder->uidlist, place, &before);
    maildir_delivery_keep_line(delivery, work, line, base);
    if (line->source != 0)
        maildir_delivery_add_line(writer, work, line, listed ? &before : NULL, base);
    else if (listed)
        keep_own_line(writer, work, at, &before);
}

/* One line of the new list of a folder that exists. */
static void
add_line(MaildirUidlistWriter *writer, MaildirDelivery *delivery, const MaildirWork *work, guint at,
         size_t *left_out)
{
    const MhSyncLine *line = maildir_work_line(work, at);
    if (line->target != 0) {
        add_present_line(writer, delivery, work, at);
    } else if (maildir_delivery_is_staged(delivery, line)) {
        g_autofree char *base = maildir_new_names_base(delivery->names, line->source - 1);
        maildir_delivery_keep_line(delivery, work, line, mh_span_from_string(base));
        maildir_delivery_add_line(writer, work, line, NULL, mh_span_from_string(base));
    } else {
        (*left_out)++;
    }
}

/* Writes the new list aside, durably, while nothing has been put in place: here a disk that is full
 * shows. */
static bool
write_list_aside(MaildirDelivery *delivery, const MaildirWork *work, size_t *out_left_out,
                 GError **error)
{
    MaildirUidlistWriter writer;
    int folder = work->folder->fd;
    int fd = openat(folder, list_aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    delivery->tree->options.file_mode);
    if (fd < 0)
        return mh_set_errno(error, errno, "cannot write '%s'", list_aside);
    if (delivery->lines != NULL)
        g_array_set_size(delivery->lines, 0);
    maildir_uidlist_writer_begin(&writer, fd, work->plan->uids, work->folder->uidlist, work->source,
                                 NULL);
    for (guint i = 0; i < work->plan->lines->len; i++)
        add_line(&writer, delivery, work, i, out_left_out);
    bool good = maildir_uidlist_writer_finish(&writer, error) &&
                maildir_uidlist_check(work->folder->uidlist, error) &&
                mh_mailbox_check_names(work->mailbox, error);
    if (good && fsync(fd) != 0)
        good = mh_set_errno(error, errno, "cannot sync '%s'", list_aside);
    close(fd);
    return good;
}

/* Names of files are durable before the lists that have them: those as well that a killed run left,
 * which this one has only found. */
static bool
sync_files(const MaildirDelivery *delivery, const MaildirFolder *folder, GError **error)
{
    int new_fd = dir_in_place(delivery, folder, true);
    return !delivery->tree->options.sync_batches ||
           (mh_sync_dir(folder->cur_fd, error) && (new_fd < 0 || mh_sync_dir(new_fd, error)));
}

/* The list that was written aside comes into place, and what the server remembers of the old one
 * goes: before, so that no kill can keep it; and after, for what was remembered in between. */
static bool
place_list(const MaildirDelivery *delivery, const MaildirWork *work, GError **error)
{
    const MaildirFolder *folder = work->folder;
    if (!maildir_lock_renew(folder->fd, error))
        return false;
    forget_uids(folder, work->plan);
    if (!maildir_lock_renew(folder->fd, error))
        return false;
    if (renameat(folder->fd, list_aside, folder->fd, MAILDIR_UIDLIST_FILE) != 0)
        return mh_set_errno(error, errno, "cannot put '%s' in place", MAILDIR_UIDLIST_FILE);
    forget_uids(folder, work->plan);
    return !delivery->tree->options.sync_messages || mh_sync_dir(folder->fd, error);
}

/* An open session reads the table again when it has another time, in whole seconds; otherwise a new
 * letter gets a name that the server makes up, in the table, too. So that time grows, as it does
 * when the server itself writes the table. */
static void
age_keywords(const MaildirFolder *folder)
{
    struct stat st;
    const struct timespec next = {
        .tv_sec = folder->keywords_stamp.mtime_ns / (G_USEC_PER_SEC * 1000) + 1};
    int fd = mh_open_file(folder->fd, MAILDIR_KEYWORDS_FILE, MH_LINKS_REFUSE, &st, NULL);
    if (fd < 0)
        return;
    if (st.st_mtime < next.tv_sec)
        mh_set_mtime(fd, next);
    close(fd);
}

/* Keywords come before the files that have their letters. */
static bool
write_keywords(const MaildirDelivery *delivery, const MaildirWork *work, GError **error)
{
    g_autoptr(GString) before = maildir_keywords_format(work->folder->keywords);
    g_autoptr(GString) after = maildir_keywords_format(work->keywords);
    if (g_string_equal(before, after))
        return true;
    if (!mh_replace_file(work->folder->fd, MAILDIR_KEYWORDS_FILE, mh_span(after->str, after->len),
                         delivery->tree->options.file_mode, (uid_t)-1, (gid_t)-1, error))
        return false;
    age_keywords(work->folder);
    return true;
}

/* Somebody has removed new/ or tmp/. */
static bool
make_missing(MaildirDelivery *delivery, const MaildirFolder *folder, GError **error)
{
    mode_t mode = delivery->tree->options.dir_mode;
    if (folder->new_fd >= 0)
        return true;
    delivery->made_new_fd = mh_make_dir(folder->fd, "new", mode, NULL, error);
    return delivery->made_new_fd >= 0;
}

static bool
commit_changes(MaildirDelivery *delivery, const MaildirWork *work, size_t *out_left_out,
               GError **error)
{
    const MaildirFolder *folder = work->folder;
    if (work->in_place) {
        g_clear_pointer(&delivery->rebase, g_hash_table_unref);
        delivery->rebase = maildir_rebase(folder, work->mailbox, work->plan);
    }
    if (work->plan->delivered > 0 && !work->in_place)
        delivery->names = maildir_new_names_new(delivery->tree, folder, work->mailbox, work->plan);
    bool has_list = work->plan->list_changed || maildir_work_is_dated(work) ||
                    (delivery->rebase != NULL && g_hash_table_size(delivery->rebase) > 0);
    bool good = make_missing(delivery, folder, error) &&
                (!has_list || write_list_aside(delivery, work, out_left_out, error)) &&
                maildir_tree_settle_root(delivery->tree, error) &&
                (!work->in_place || write_old_names(delivery, work, error)) &&
                maildir_lock_renew(folder->fd, error) && write_keywords(delivery, work, error) &&
                commit_files(delivery, work, error) &&
                (!has_list || (sync_files(delivery, folder, error) &&
                               maildir_delivery_write_state(delivery, work, folder->fd, error) &&
                               place_list(delivery, work, error)));
    g_clear_pointer(&delivery->names, maildir_new_names_free);
    if (!good)
        unlinkat(folder->fd, list_aside, 0);
    return good;
}

bool
maildir_commit(MaildirDelivery *delivery, const MaildirWork *work, size_t *out_left_out,
               GError **error)
{
    *out_left_out = 0;
    bool good = work->folder->exists ? commit_changes(delivery, work, out_left_out, error)
                                     : commit_new_folder(delivery, work, error);
    if (!good || work->folder->fd >= 0)
        maildir_delivery_discard(delivery);
    maildir_delivery_close(delivery);
    return good;
}
