#include "maildir-stage.h"

#include "maildir-file-name.h"
#include "maildir-lock.h"
#include "maildir-name-order.h"
#include "maildir-occurrences.h"
#include "maildir-old-names.h"
#include "maildir-removal.h"
#include "maildir-transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The base name that a message gets: the source's, if the target can keep it and it is not there
 * already, or one that carries its identity. g_free(). */
static char *
choose_base(const MaildirWork *work, size_t index, MaildirOccurrences *seen, const int64_t *numbers)
{
    const MhMessage *message = mh_mailbox_get(work->mailbox, index);
    const char *kept = mh_mailbox_get_text(work->mailbox, message->name);
    uint32_t occurrence = maildir_occurrences_next(seen, index);
    if (kept != NULL && occurrence == 1 &&
        maildir_file_name_fault(mh_span_from_string(kept), message->size_bytes,
                                message->virtual_size) == MAILDIR_FAULT_NONE)
        return g_strdup(kept);
    return maildir_file_name_own(numbers != NULL ? numbers[index] : message->internaldate,
                                 &message->id, occurrence, message->size_bytes);
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
    MaildirStaged told;
    void *user;
    MaildirOccurrences *seen;
    MaildirUidlistWriter *writer; /* NULL when the list is written at commit */
    int64_t *numbers;             /* for names of our own; NULL: their dates of arrival */
} Staging;

static bool
stage_message(Staging *staging, const MhSyncLine *line, GError **error)
{
    MaildirDelivery *delivery = staging->delivery;
    const MhMessage *message = maildir_work_message(staging->work, line);
    g_assert(message != NULL); /* what is to be delivered is at the source */
    g_autofree char *base =
        choose_base(staging->work, line->source - 1, staging->seen, staging->numbers);
    g_autofree char *name = full_name(mh_span_from_string(base), line);
    int dirfd = line->is_new ? delivery->new_fd : delivery->cur_fd;
    if (!maildir_transfer(delivery->tree, dirfd, name, message, staging->source, error))
        return false;
    if (staging->writer != NULL) {
        maildir_delivery_add_line(staging->writer, staging->work, line, NULL,
                                  mh_span_from_string(base));
        maildir_delivery_keep_line(delivery, staging->work, line, mh_span_from_string(base));
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
        const MhSyncLine *line = maildir_work_line(work, i);
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
                                 staging->work->source, MAILDIR_REMOVAL_MARK);
    staging->writer = &writer;
    bool good = stage_messages(staging, error) &&
                maildir_delivery_write_state(delivery, staging->work, delivery->fd, error);
    good = maildir_uidlist_writer_finish(&writer, good ? error : NULL) && good;
    if (close(fd) != 0 && good)
        good = mh_set_errno(error, errno, "cannot write '%s'", MAILDIR_UIDLIST_FILE);
    return good && write_new_state(delivery, staging->work, error);
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
maildir_stage(MaildirDelivery *delivery, const MaildirWork *work, MhSource *source,
              MaildirStaged told, void *user, GError **error)
{
    tidy(work->folder);
    if (work->in_place || (work->folder->exists && work->plan->delivered == 0))
        return true;
    MaildirOccurrences *seen = maildir_occurrences_new(work->folder, work->mailbox, work->plan);
    const struct MaildirState *state = delivery->tree->options.state;
    Staging staging = {delivery, work, source, told, user, seen, NULL, NULL};
    if (state != NULL && state->counts_by_name)
        staging.numbers = maildir_name_order(work->folder, work->mailbox, work->plan);
    bool good =
        make_build(delivery, error) && (work->folder->exists ? stage_messages(&staging, error)
                                                             : stage_new_folder(&staging, error));
    maildir_occurrences_free(seen);
    g_free(staging.numbers);
    if (!good)
        maildir_delivery_discard(delivery);
    return good;
}
