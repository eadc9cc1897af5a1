#include "maildir-stage.h"

#include "maildir-index.h"
#include "maildir-lock.h"
#include "maildir-new-names.h"
#include "maildir-old-names.h"
#include "maildir-removal.h"
#include "maildir-transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

/* Closes a file that has been written, if @good. */
static bool
finish_file(const MaildirDelivery *delivery, int fd, const char *name, bool good, GError **error)
{
    if (good && delivery->tree->options.sync_messages && fsync(fd) != 0)
        good = mh_set_errno(error, errno, "cannot sync '%s'", name);
    if (close(fd) != 0 && good)
        good = mh_set_errno(error, errno, "cannot write '%s'", name);
    return good;
}

/* A new file in the folder that is being built. */
static bool
write_file(const MaildirDelivery *delivery, const char *name, MhSpan bytes, GError **error)
{
    int fd = openat(delivery->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    delivery->tree->options.file_mode);
    if (fd < 0)
        return mh_set_errno(error, errno, "cannot write '%s'", name);
    return finish_file(delivery, fd, name, mh_write_all(fd, bytes, error), error);
}

/* The state files that a new folder has beside its list. */
static bool
write_new_state(const MaildirDelivery *delivery, const MaildirWork *work, GError **error)
{
    int tmp_fd = mh_make_dir(delivery->fd, "tmp", delivery->tree->options.dir_mode, NULL, error);
    if (tmp_fd < 0)
        return false;
    close(tmp_fd);
    g_autoptr(GString) keywords = maildir_keywords_format(work->keywords);
    if (keywords->len > 0 &&
        !write_file(delivery, MAILDIR_KEYWORDS_FILE, mh_span(keywords->str, keywords->len), error))
        return false;
    return strcmp(work->folder->name, ".") == 0 ||
           write_file(delivery, "maildirfolder", mh_span(NULL, 0), error);
}

typedef struct {
    MaildirDelivery *delivery;
    const MaildirWork *work;
    MhSource *source;
    MaildirStaged told;
    void *user;
    MaildirNewNames *names;       /* of files in a new folder */
    MaildirUidlistWriter *writer; /* of its list */
} Staging;

/* In a new folder a file has its name at once, and its line. */
static bool
stage_with_name(Staging *staging, const MhSyncLine *line, const MhMessage *message, GError **error)
{
    MaildirDelivery *delivery = staging->delivery;
    g_autofree char *base = maildir_new_names_base(staging->names, line->source - 1);
    g_autofree char *name = maildir_new_names_file(mh_span_from_string(base), line);
    int dirfd = line->is_new ? delivery->new_fd : delivery->cur_fd;
    if (!mh_mailbox_check_names(staging->work->mailbox, error) ||
        !maildir_transfer(delivery->tree, dirfd, name, message, staging->source, error))
        return false;
    maildir_delivery_add_line(staging->writer, staging->work, line, NULL,
                              mh_span_from_string(base));
    maildir_delivery_keep_line(delivery, staging->work, line, mh_span_from_string(base));
    return true;
}

/* What comes to a folder that exists gets its name when it is put in place. */
static bool
stage_by_number(Staging *staging, const MhSyncLine *line, const MhMessage *message, GError **error)
{
    MaildirDelivery *delivery = staging->delivery;
    char name[MAILDIR_STAGED_NAME];
    maildir_delivery_staged_name(line, name);
    if (!maildir_transfer(delivery->tree, delivery->cur_fd, name, message, staging->source, error))
        return false;
    maildir_delivery_set_staged(delivery, staging->work, line);
    return true;
}

static bool
stage_message(Staging *staging, const MhSyncLine *line, GError **error)
{
    const MhMessage *message = maildir_work_message(staging->work, line);
    g_assert(message != NULL); /* what is to be delivered is at the source */
    if (staging->writer != NULL ? !stage_with_name(staging, line, message, error)
                                : !stage_by_number(staging, line, message, error))
        return false;
    if (staging->told == NULL || staging->told(message->size_bytes, staging->user))
        return true;
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INTR, "stopped as asked");
    return false;
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
    staging->names = maildir_new_names_new(delivery->tree, staging->work->folder,
                                           staging->work->mailbox, staging->work->plan);
    bool good = stage_messages(staging, error) &&
                maildir_delivery_write_state(delivery, staging->work, delivery->fd, error);
    maildir_new_names_free(staging->names);
    good = maildir_uidlist_writer_finish(&writer, good ? error : NULL) && good;
    good = finish_file(delivery, fd, MAILDIR_UIDLIST_FILE, good, error);
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
    maildir_index_tidy(folder->fd);
    maildir_lock_clear_dead(folder->fd);
}

bool
maildir_stage(MaildirDelivery *delivery, const MaildirWork *work, MhSource *source,
              MaildirStaged told, void *user, GError **error)
{
    tidy(work->folder);
    if (work->in_place || (work->folder->exists && work->plan->delivered == 0))
        return true;
    Staging staging = {delivery, work, source, told, user, NULL, NULL};
    bool good =
        make_build(delivery, error) && (work->folder->exists ? stage_messages(&staging, error)
                                                             : stage_new_folder(&staging, error));
    if (!good)
        maildir_delivery_discard(delivery);
    return good;
}
