#include "maildir-delivery.h"

#include "maildir-file-name.h"
#include "maildir-lock.h"
#include "maildir-occurrences.h"
#include "maildir-old-names.h"
#include "maildir-rebase.h"
#include "maildir-removal.h"
#include "maildir-restore.h"
#include "maildir-state.h"
#include "maildir-transfer.h"
#include "maildir-uidlist-writer.h"
#include "printable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The new list of a folder that exists, until it is put in place. */
static const char list_aside[] = "mailhaul-tmp." MAILDIR_UIDLIST_FILE;

/* So often the lock of a folder is touched while its files are moved. */
#define LOCK_TOUCH_FILES 10000

struct MaildirDelivery {
    MaildirTree *tree;
    char *build;        /* the name of what is built, below build_fd; NULL: nothing */
    int fd;             /* the same, opened */
    int cur_fd, new_fd; /* its cur and new */
    int made_new_fd;    /* new/ of the folder in place, where it was missing; -1 */
    GHashTable *staged; /* source index + 1 -> file name, for a folder that exists */
    GArray *lines;      /* of MaildirStateLine, for another server; NULL: Dovecot alone */
    GHashTable *rebase; /* in place: line + 1 -> new base name; NULL: not in place */
};

static void
clear_state_line(gpointer line)
{
    g_free(((MaildirStateLine *)line)->base);
}

MaildirDelivery *
maildir_delivery_new(MaildirTree *tree)
{
    MaildirDelivery *delivery = g_new0(MaildirDelivery, 1);
    delivery->tree = tree;
    delivery->fd = delivery->cur_fd = delivery->new_fd = delivery->made_new_fd = -1;
    delivery->staged = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    if (tree->options.state != NULL) {
        delivery->lines = g_array_new(FALSE, FALSE, sizeof(MaildirStateLine));
        g_array_set_clear_func(delivery->lines, clear_state_line);
    }
    return delivery;
}

static void
close_build(MaildirDelivery *delivery)
{
    int *fds[] = {&delivery->fd, &delivery->cur_fd, &delivery->new_fd, &delivery->made_new_fd};
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

void
maildir_delivery_discard(MaildirDelivery *delivery)
{
    close_build(delivery);
    if (delivery->build != NULL)
        mh_remove_tree(delivery->tree->build_fd, delivery->build, NULL);
    g_clear_pointer(&delivery->build, g_free);
    g_hash_table_remove_all(delivery->staged);
}

void
maildir_delivery_free(MaildirDelivery *delivery)
{
    if (delivery == NULL)
        return;
    close_build(delivery);
    g_free(delivery->build);
    g_hash_table_unref(delivery->staged);
    g_clear_pointer(&delivery->rebase, g_hash_table_unref);
    g_clear_pointer(&delivery->lines, g_array_unref);
    g_free(delivery);
}

static const MhMessage *
message_of(const MaildirWork *work, const MhSyncLine *line)
{
    return line->source != 0 ? mh_mailbox_get(work->mailbox, line->source - 1) : NULL;
}

static const MhTargetMessage *
file_of(const MaildirWork *work, const MhSyncLine *line)
{
    return line->target != 0 ? mh_target_index_get(&work->folder->index, line->target - 1) : NULL;
}

static const MhSyncLine *
line_at(const MaildirWork *work, guint i)
{
    return &g_array_index(work->plan->lines, MhSyncLine, i);
}

/* ---- files -------------------------------------------------------------------------------- */

/* The base name that a message gets: the source's, if the target can keep it and it is not there
 * already, or one that carries its identity. g_free(). */
static char *
choose_base(const MaildirWork *work, size_t index, MaildirOccurrences *seen)
{
    const MhMessage *message = mh_mailbox_get(work->mailbox, index);
    const char *kept = mh_mailbox_get_text(work->mailbox, message->name);
    uint32_t occurrence = maildir_occurrences_next(seen, index);
    if (kept != NULL && occurrence == 1 &&
        maildir_file_name_fault(mh_span_from_string(kept), message->size_bytes,
                                message->virtual_size) == MAILDIR_FAULT_NONE)
        return g_strdup(kept);
    return maildir_file_name_own(message->internaldate, &message->id, occurrence,
                                 message->size_bytes);
}

/* The name in cur/ or new/ for a message with these flags. g_free(). */
static char *
full_name(MhSpan base, const MhSyncLine *line)
{
    return line->is_new
               ? mh_span_dup(base)
               : maildir_file_name_format(base, line->flags, line->letters, mh_span(NULL, 0));
}

static bool
make_build(MaildirDelivery *delivery, GError **error)
{
    mode_t mode = delivery->tree->options.dir_mode;
    delivery->fd = maildir_tree_build(delivery->tree, &delivery->build, error);
    if (delivery->fd < 0)
        return false;
    delivery->cur_fd = mh_make_dir(delivery->fd, "cur", mode, NULL, error);
    if (delivery->cur_fd >= 0)
        delivery->new_fd = mh_make_dir(delivery->fd, "new", mode, NULL, error);
    return delivery->new_fd >= 0;
}

/* ---- lines of the list -------------------------------------------------------------------- */

/* The line of a message that comes from the source. */
static void
add_source_line(MaildirUidlistWriter *writer, const MaildirWork *work, const MhSyncLine *line,
                const MaildirUidlistEntry *before, MhSpan base)
{
    const MhMessage *message = message_of(work, line);
    const char *uidl = mh_mailbox_get_text(work->mailbox, message->uidl);
    MaildirCarried carried = {.flags = message->flags,
                              .letters = work->set_letters[message->keywords],
                              .uid = message->uid};
    char text[MAILDIR_CARRIED_MAX];
    maildir_carried_format(&carried, line->uid, text);
    MaildirUidlistLine out = {.uid = line->uid,
                              .virtual_size = message->virtual_size,
                              .has_virtual_size = true,
                              .pop3_order = message->pop3_order,
                              .carried = text,
                              .base = base};
    if (before != NULL) {
        const MaildirUidlist *list = work->folder->uidlist;
        out.other = maildir_uidlist_text(list, before->other);
        if (before->uidl.at != 0)
            out.uidl = maildir_uidlist_text(list, before->uidl);
    }
    if (uidl != NULL)
        out.uidl = mh_span_from_string(uidl);
    maildir_uidlist_writer_add(writer, &out);
}

/* Keeps a line for the other server's files, when there is one. */
static void
keep_line(MaildirDelivery *delivery, const MaildirWork *work, const MhSyncLine *line, MhSpan base)
{
    if (delivery->lines == NULL)
        return;
    MaildirStateLine kept = {.uid = line->uid,
                             .letters = line->letters,
                             .base = mh_span_dup(base),
                             .message = message_of(work, line),
                             .changed = line->target == 0 || line->retag};
    g_array_append_val(delivery->lines, kept);
}

static bool
write_other_state(const MaildirDelivery *delivery, const MaildirWork *work, int dirfd,
                  GError **error)
{
    const MaildirTreeOptions *options = &delivery->tree->options;
    if (options->state == NULL)
        return true;
    MaildirStateWork state = {.mailbox = work->mailbox,
                              .keywords = work->keywords,
                              .set_letters = work->set_letters,
                              .uids = work->plan->uids,
                              .lines = delivery->lines,
                              .dirfd = dirfd,
                              .is_inbox = strcmp(work->folder->name, ".") == 0,
                              .file_mode = options->file_mode,
                              .dir_mode = options->dir_mode};
    return options->state->write(&state, error);
}

/* ---- staging ------------------------------------------------------------------------------ */

/* A new file in a folder that is being built. */
static bool
write_file(int dirfd, const char *name, MhSpan bytes, mode_t mode, GError **error)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return mh_set_errno(error, errno, "cannot write '%s'", name);
    bool good = mh_write_all(fd, bytes, error);
    if (close(fd) != 0 && good)
        good = mh_set_errno(error, errno, "cannot write '%s'", name);
    return good;
}

/* The state files that a new folder has beside its list. */
static bool
write_new_state(const MaildirDelivery *delivery, const MaildirWork *work, GError **error)
{
    mode_t mode = delivery->tree->options.file_mode;
    int tmp_fd = mh_make_dir(delivery->fd, "tmp", delivery->tree->options.dir_mode, NULL, error);
    if (tmp_fd < 0)
        return false;
    close(tmp_fd);
    g_autoptr(GString) keywords = maildir_keywords_format(work->keywords);
    if (keywords->len > 0 && !write_file(delivery->fd, MAILDIR_KEYWORDS_FILE,
                                         mh_span(keywords->str, keywords->len), mode, error))
        return false;
    return strcmp(work->folder->name, ".") == 0 ||
           write_file(delivery->fd, "maildirfolder", mh_span(NULL, 0), mode, error);
}

typedef struct {
    MaildirDelivery *delivery;
    const MaildirWork *work;
    MhSource *source;
    MaildirDelivered told;
    void *user;
    MaildirOccurrences *seen;
    MaildirUidlistWriter *writer; /* NULL when the list is written at commit */
} Staging;

static bool
stage_message(Staging *staging, const MhSyncLine *line, GError **error)
{
    MaildirDelivery *delivery = staging->delivery;
    const MhMessage *message = message_of(staging->work, line);
    g_autofree char *base = choose_base(staging->work, line->source - 1, staging->seen);
    g_autofree char *name = full_name(mh_span_from_string(base), line);
    int dirfd = line->is_new ? delivery->new_fd : delivery->cur_fd;
    if (!maildir_transfer(delivery->tree, dirfd, name, message, staging->source, error))
        return false;
    if (staging->writer != NULL) {
        add_source_line(staging->writer, staging->work, line, NULL, mh_span_from_string(base));
        keep_line(delivery, staging->work, line, mh_span_from_string(base));
    } else
        g_hash_table_insert(delivery->staged, GUINT_TO_POINTER(line->source),
                            g_steal_pointer(&name));
    if (staging->told != NULL && !staging->told(message->size_bytes, staging->user)) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INTR, "stopped as asked");
        return false;
    }
    return true;
}

static bool
stage_messages(Staging *staging, GError **error)
{
    const MaildirWork *work = staging->work;
    for (guint i = 0; i < work->plan->lines->len; i++) {
        const MhSyncLine *line = line_at(work, i);
        if (line->target == 0 && !stage_message(staging, line, error))
            return false;
    }
    return true;
}

static bool
stage_new_folder(Staging *staging, GError **error)
{
    MaildirDelivery *delivery = staging->delivery;
    MaildirUidlistWriter writer;
    int fd = openat(delivery->fd, MAILDIR_UIDLIST_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    delivery->tree->options.file_mode);
    if (fd < 0)
        return mh_set_errno(error, errno, "cannot write '%s'", MAILDIR_UIDLIST_FILE);
    maildir_uidlist_writer_begin(&writer, fd, staging->work->plan->uids, NULL,
                                 MAILDIR_REMOVAL_MARK);
    staging->writer = &writer;
    bool good = stage_messages(staging, error);
    good = maildir_uidlist_writer_finish(&writer, good ? error : NULL) && good;
    if (close(fd) != 0 && good)
        good = mh_set_errno(error, errno, "cannot write '%s'", MAILDIR_UIDLIST_FILE);
    return good && write_new_state(delivery, staging->work, error) &&
           write_other_state(delivery, staging->work, delivery->fd, error);
}

/* Removes what a killed run has left in the folder. The tree's lock says that none is at work. */
static void
tidy(const MaildirFolder *folder)
{
    if (folder->fd < 0)
        return;
    mh_replace_file_tidy(folder->fd, MAILDIR_UIDLIST_FILE);
    mh_replace_file_tidy(folder->fd, MAILDIR_KEYWORDS_FILE);
    mh_replace_file_tidy(folder->fd, MAILDIR_OLD_NAMES_FILE);
    maildir_lock_clear_dead(folder->fd);
}

bool
maildir_delivery_stage(MaildirDelivery *delivery, const MaildirWork *work, MhSource *source,
                       MaildirDelivered told, void *user, GError **error)
{
    tidy(work->folder);
    if (work->in_place || (work->folder->exists && work->plan->delivered == 0))
        return true;
    MaildirOccurrences *seen = maildir_occurrences_new(work->folder, work->mailbox, work->plan);
    Staging staging = {delivery, work, source, told, user, seen, NULL};
    bool good =
        make_build(delivery, error) && (work->folder->exists ? stage_messages(&staging, error)
                                                             : stage_new_folder(&staging, error));
    maildir_occurrences_free(seen);
    if (!good)
        maildir_delivery_discard(delivery);
    return good;
}

/* ---- putting in place --------------------------------------------------------------------- */

/* The server's index of all folders (dovecot.list.index) knows a folder's state by the time of its
 * cur/, in whole seconds. It has another one then. */
static void
age_status(const MaildirFolder *folder)
{
    struct stat st;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    if (folder->cur_fd < 0 || fstat(folder->cur_fd, &st) != 0)
        return;
    clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec += times[1].tv_sec == st.st_mtime;
    futimens(folder->cur_fd, times);
}

/* What the server remembers of UIDs that are no longer true. Sessions that are open find that out
 * and log it once; without the index of all folders they would go on complaining. */
static void
drop_indexes(const MaildirFolder *folder)
{
    /* The cache first: beside an index made anew it is called corrupted. */
    static const char *const names[] = {"dovecot.index.cache", "dovecot.index", "dovecot.index.log",
                                        "dovecot.index.log.2"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        unlinkat(folder->fd, names[i], 0);
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

/* A piece of the INBOX. tmp/ and new/ may be there already. */
static bool
put_piece(const MaildirDelivery *delivery, const MaildirFolder *folder, const char *name,
          GError **error)
{
    bool is_dir = strcmp(name, "tmp") == 0 || strcmp(name, "new") == 0 || strcmp(name, "cur") == 0;
    g_autoptr(GError) failure = NULL;
    if (strcmp(name, "new") == 0 && folder->new_fd >= 0)
        return merge_new(delivery, folder, error);
    if (!is_dir) {
        return renameat(delivery->fd, name, folder->fd, name) == 0 || errno == ENOENT ||
               mh_set_errno(error, errno, "cannot put '%s' in place", name);
    }
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
    if (work->plan->uids_replaced || work->plan->inserts_below)
        drop_indexes(folder);
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
        const char *name, GError **error)
{
    int from = line->is_new ? delivery->new_fd : delivery->cur_fd;
    int to = dir_in_place(delivery, work->folder, line->is_new);
    if (mh_rename_noreplace(from, name, to, name, error))
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
    const MhSyncLine *line = line_at(work, at);
    const char *other = new_base(delivery, at);
    MaildirFileName parsed;
    maildir_file_name_parse(
        mh_span_from_string(maildir_folder_file(work->folder, file_of(work, line))), &parsed);
    MhSpan base = other != NULL ? mh_span_from_string(other) : parsed.base;
    return line->is_new ? mh_span_dup(base)
                        : maildir_file_name_format(base, line->flags, line->letters, parsed.info);
}

static bool
retag(const MaildirDelivery *delivery, const MaildirWork *work, guint at, GError **error)
{
    const MhSyncLine *line = line_at(work, at);
    const MhTargetMessage *there = file_of(work, line);
    g_autofree char *new_name = tagged_name(delivery, work, at);
    const char *old_name = maildir_folder_file(work->folder, there);
    g_autoptr(GError) failure = NULL;
    int from = dir_in_place(delivery, work->folder, there->is_new);
    int to = dir_in_place(delivery, work->folder, line->is_new);
    if ((from == to && strcmp(old_name, new_name) == 0) ||
        mh_rename_noreplace(from, old_name, to, new_name, &failure) ||
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
    if (!there && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (!there && !maildir_restore_keep(folder->fd, error))
        return false;
    if (!there)
        names = maildir_old_names_new();
    for (guint i = 0; i < work->plan->lines->len; i++) {
        const MhSyncLine *line = line_at(work, i);
        const MhTargetMessage *file = file_of(work, line);
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
rename_bases(const MaildirDelivery *delivery, const MaildirWork *work, GError **error)
{
    for (guint i = 0; i < work->plan->lines->len; i++) {
        if (new_base(delivery, i) != NULL && !retag(delivery, work, i, error))
            return false;
    }
    return true;
}

static bool
remove_expunged(const MaildirWork *work, GError **error)
{
    for (guint i = 0; i < work->plan->expunge->len; i++) {
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
    if (!rename_bases(delivery, work, error))
        return false;
    for (guint i = 0; i < work->plan->lines->len; i++) {
        if (i % LOCK_TOUCH_FILES == LOCK_TOUCH_FILES - 1)
            maildir_lock_touch(work->folder->fd);
        const MhSyncLine *line = line_at(work, i);
        const char *staged = line->target == 0 ? g_hash_table_lookup(delivery->staged,
                                                                     GUINT_TO_POINTER(line->source))
                                               : NULL;
        if (staged != NULL && !move_in(delivery, work, line, staged, error))
            return false;
        if (line->retag && new_base(delivery, i) == NULL && !retag(delivery, work, i, error))
            return false;
    }
    return work->in_place || remove_expunged(work, error);
}

/* One line of the new list of a folder that exists. */
static void
add_line(MaildirUidlistWriter *writer, MaildirDelivery *delivery, const MaildirWork *work, guint at,
         size_t *left_out)
{
    const MhSyncLine *line = line_at(work, at);
    const char *other = new_base(delivery, at);
    const MhTargetMessage *there = file_of(work, line);
    const MaildirUidlist *list = work->folder->uidlist;
    const MaildirUidlistEntry *before =
        there != NULL && there->line != 0 ? maildir_uidlist_get(list, there->line - 1) : NULL;
    const char *name = there != NULL
                           ? maildir_folder_file(work->folder, there)
                           : g_hash_table_lookup(delivery->staged, GUINT_TO_POINTER(line->source));
    MaildirFileName parsed;
    if (name == NULL) {
        (*left_out)++;
        return;
    }
    maildir_file_name_parse(mh_span_from_string(name), &parsed);
    MhSpan base = other != NULL ? mh_span_from_string(other) : parsed.base;
    keep_line(delivery, work, line, base);
    if (line->source != 0)
        add_source_line(writer, work, line, before, base);
    else if (before != NULL)
        maildir_uidlist_writer_keep(writer, list, before, line->uid, NULL);
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
    maildir_uidlist_writer_begin(&writer, fd, work->plan->uids, work->folder->uidlist, NULL);
    for (guint i = 0; i < work->plan->lines->len; i++)
        add_line(&writer, delivery, work, i, out_left_out);
    bool good = maildir_uidlist_writer_finish(&writer, error);
    if (good && fsync(fd) != 0)
        good = mh_set_errno(error, errno, "cannot sync '%s'", list_aside);
    close(fd);
    return good;
}

/* Names of files are durable before the list that has them. */
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
    bool drop = work->plan->uids_replaced || work->plan->inserts_below;
    if (!sync_files(delivery, folder, error))
        return false;
    if (drop)
        drop_indexes(folder);
    if (renameat(folder->fd, list_aside, folder->fd, MAILDIR_UIDLIST_FILE) != 0)
        return mh_set_errno(error, errno, "cannot put '%s' in place", MAILDIR_UIDLIST_FILE);
    if (drop)
        drop_indexes(folder);
    return true;
}

/* Keywords come before the files that have their letters. */
static bool
write_keywords(const MaildirDelivery *delivery, const MaildirWork *work, GError **error)
{
    g_autoptr(GString) before = maildir_keywords_format(work->folder->keywords);
    g_autoptr(GString) after = maildir_keywords_format(work->keywords);
    return g_string_equal(before, after) ||
           mh_replace_file(work->folder->fd, MAILDIR_KEYWORDS_FILE, mh_span(after->str, after->len),
                           delivery->tree->options.file_mode, (uid_t)-1, (gid_t)-1, error);
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
    bool has_list = work->plan->list_changed ||
                    (delivery->rebase != NULL && g_hash_table_size(delivery->rebase) > 0);
    bool good = make_missing(delivery, folder, error) &&
                (!has_list || write_list_aside(delivery, work, out_left_out, error)) &&
                (!work->in_place || write_old_names(delivery, work, error)) &&
                write_keywords(delivery, work, error) && commit_files(delivery, work, error) &&
                (!has_list || (write_other_state(delivery, work, folder->fd, error) &&
                               place_list(delivery, work, error)));
    if (!good)
        unlinkat(folder->fd, list_aside, 0);
    return good;
}

bool
maildir_delivery_commit(MaildirDelivery *delivery, const MaildirWork *work, size_t *out_left_out,
                        GError **error)
{
    *out_left_out = 0;
    bool good = work->folder->exists ? commit_changes(delivery, work, out_left_out, error)
                                     : commit_new_folder(delivery, work, error);
    if (!good || work->folder->fd >= 0)
        maildir_delivery_discard(delivery);
    close_build(delivery);
    return good;
}
