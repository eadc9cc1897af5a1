#include "maildir-folder.h"

#include "maildir-carried.h"
#include "maildir-file-name.h"
#include "maildir-state.h"
#include "size-limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* MhTargetMessage.name of a file whose name is what its line and its flags make of it. */
#define NAME_DERIVED UINT32_MAX

static const char *
derive_name(const MaildirFolder *folder, const MhTargetMessage *message)
{
    const MaildirUidlistEntry *line = maildir_uidlist_get(folder->uidlist, message->line - 1);
    MhSpan base = maildir_uidlist_text(folder->uidlist, line->name);
    g_string_truncate(folder->derived, 0);
    g_string_append_len(folder->derived, (const char *)base.data, (gssize)base.len);
    if (!message->is_new)
        maildir_file_name_append_info(folder->derived, message->flags, message->letters);
    return folder->derived->str;
}

/* Most names need not be held beside the list. */
static uint32_t
keep_name(MaildirFolder *folder, const MhTargetMessage *message, const char *entry)
{
    uint32_t at = folder->names->len;
    if (message->line != 0 && strcmp(derive_name(folder, message), entry) == 0)
        return NAME_DERIVED;
    g_byte_array_append(folder->names, (const guint8 *)entry, (guint)strlen(entry) + 1);
    return at;
}

/* Adds one file of cur/ or new/ to the index. */
static void
add_file(MaildirFolder *folder, const char *entry, bool is_new)
{
    MaildirFileName name;
    MhTargetMessage message = {.is_new = is_new};
    MaildirEntryKind kind = maildir_file_name_parse(mh_span_from_string(entry), &name);
    if (kind == MAILDIR_ENTRY_HIDDEN)
        return;
    message.id = kind == MAILDIR_ENTRY_NO_BASE ? mh_digest_of(mh_span_from_string(entry))
                                               : maildir_file_name_identity(name.base);
    message.flags = name.flags;
    message.letters = name.keywords;
    message.ours = maildir_file_name_parse_own(name.base, NULL, NULL);

    size_t at = maildir_uidlist_find(folder->uidlist, name.base);
    if (at != MAILDIR_UIDLIST_NOT_FOUND) {
        const MaildirUidlistEntry *line = maildir_uidlist_get(folder->uidlist, at);
        MaildirCarried carried;
        message.uid = line->uid;
        message.line = (uint32_t)at + 1;
        if (maildir_carried_parse(maildir_uidlist_text(folder->uidlist, line->other), line->uid,
                                  &carried)) {
            message.ours = true;
            message.has_carried = true;
            message.carried_uid = carried.uid;
            message.carried_flags = carried.flags;
            message.carried_letters = carried.letters;
        }
    }
    message.name = keep_name(folder, &message, entry);
    g_array_append_val(folder->index.messages, message);
}

/* Opens and lists cur/ or new/. That it is not there is no error. */
static bool
read_files(MaildirFolder *folder, const char *which, bool is_new, int *out_fd, MhStamp *out_stamp,
           GError **error)
{
    g_autoptr(GError) failure = NULL;
    struct stat st;
    int fd = mh_open_dir_links(folder->fd, which, MH_LINKS_REFUSE, &failure);
    if (fd < 0 && g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    if (fd < 0) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    *out_fd = fd;
    if (fstat(fd, &st) != 0)
        return mh_set_errno(error, errno, "cannot look at '%s'", which);
    *out_stamp = mh_stamp_of(&st);
    int dir_fd = mh_open_dir(fd, ".", error);
    DIR *dir = dir_fd >= 0 ? fdopendir(dir_fd) : NULL;
    if (dir == NULL)
        return dir_fd < 0 ? false : mh_set_errno(error, errno, "cannot read '%s'", which);
    errno = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL; errno = 0)
        add_file(folder, entry->d_name, is_new);
    int errnum = errno;
    closedir(dir);
    return errnum == 0 || mh_set_errno(error, errnum, "cannot read '%s'", which);
}

/* Reads a state file; that it is not there, or is no file, leaves @out NULL. */
static bool
read_state(const MaildirFolder *folder, const char *name, GBytes **out, MhStamp *out_stamp,
           GError **error)
{
    g_autoptr(GError) failure = NULL;
    struct stat st;
    int fd = mh_open_file(folder->fd, name, MH_LINKS_REFUSE, &st, &failure);
    if (fd < 0 && g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    if (fd >= 0) {
        close(fd);
        *out_stamp = mh_stamp_of(&st);
        *out = mh_read_file(folder->fd, name, MH_LIMIT_STATE_FILE_BYTES, NULL, &failure);
    }
    if (failure != NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
    return *out != NULL;
}

static bool
read_lists(MaildirFolder *folder, MhFindings *findings, GError **error)
{
    g_autoptr(GBytes) list = NULL, keywords = NULL;
    if (!read_state(folder, MAILDIR_UIDLIST_FILE, &list, &folder->list_stamp, error) ||
        !read_state(folder, MAILDIR_KEYWORDS_FILE, &keywords, &folder->keywords_stamp, error))
        return false;
    if (list != NULL) {
        g_autoptr(GError) unusable = NULL;
        folder->uidlist = maildir_uidlist_parse_bytes(list, findings, &unusable);
        if (folder->uidlist == NULL)
            mh_findings_add(findings, MH_FINDING_TARGET_LIST_UNUSABLE, "%s", unusable->message);
        else
            folder->index.uids = maildir_uidlist_uids(folder->uidlist);
    }
    if (keywords != NULL) {
        maildir_keywords_free(folder->keywords);
        folder->keywords = maildir_keywords_parse(mh_span_from_bytes(keywords), findings);
    }
    return true;
}

/* The INBOX comes into place in pieces, cur/ last. What of ours is in new/ of a folder that does
 * not exist came with the piece before, and no reader has seen it. */
static void
set_leftovers_apart(MaildirFolder *folder)
{
    GArray *messages = folder->index.messages;
    guint kept = 0;
    for (guint i = 0; i < messages->len; i++) {
        const MhTargetMessage *message = &g_array_index(messages, MhTargetMessage, i);
        if (message->ours)
            g_array_append_val(folder->leftovers, *message);
        else
            g_array_index(messages, MhTargetMessage, kept++) = *message;
    }
    g_array_set_size(messages, kept);
}

/* Lines of the list whose file has gone. */
static size_t
count_unfiled(const MaildirFolder *folder)
{
    size_t lines = maildir_uidlist_length(folder->uidlist), filed = 0;
    for (guint i = 0; i < folder->index.messages->len; i++)
        filed += mh_target_index_get(&folder->index, i)->line != 0;
    return lines - MIN(filed, lines);
}

MaildirFolder *
maildir_folder_read(const MaildirTree *tree, const char *name, MhFindings *findings, GError **error)
{
    g_autoptr(MaildirFolder) folder = g_new0(MaildirFolder, 1);
    g_autoptr(GError) failure = NULL;
    folder->name = g_strdup(name);
    folder->fd = folder->cur_fd = folder->new_fd = -1;
    folder->names = g_byte_array_new();
    folder->leftovers = g_array_new(FALSE, FALSE, sizeof(MhTargetMessage));
    folder->derived = g_string_new(NULL);
    folder->index.messages = g_array_new(FALSE, FALSE, sizeof(MhTargetMessage));
    folder->keywords = maildir_keywords_new();
    if (tree->fd >= 0)
        folder->fd = mh_open_dir_links(tree->fd, name, MH_LINKS_REFUSE, &failure);
    if (failure != NULL && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (folder->fd >= 0 && !read_lists(folder, findings, error))
        return NULL;
    if (folder->uidlist == NULL)
        folder->uidlist = maildir_uidlist_new((MhUidState){.uidvalidity = 1, .uidnext = 1});
    if (folder->fd >= 0 &&
        (!read_files(folder, "cur", false, &folder->cur_fd, &folder->cur_stamp, error) ||
         !read_files(folder, "new", true, &folder->new_fd, &folder->new_stamp, error)))
        return NULL;
    folder->exists = folder->cur_fd >= 0;
    if (folder->exists && tree->options.state != NULL && !tree->options.state->read(folder, error))
        return NULL;
    if (!folder->exists)
        set_leftovers_apart(folder);
    folder->index.unfiled = count_unfiled(folder);
    return g_steal_pointer(&folder);
}

void
maildir_folder_free(MaildirFolder *folder)
{
    if (folder == NULL)
        return;
    int fds[] = {folder->cur_fd, folder->new_fd, folder->fd};
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    g_free(folder->name);
    g_array_unref(folder->index.messages);
    g_array_unref(folder->leftovers);
    g_byte_array_unref(folder->names);
    g_string_free(folder->derived, TRUE);
    maildir_uidlist_free(folder->uidlist);
    maildir_keywords_free(folder->keywords);
    g_free(folder);
}

static bool
stamp_holds(int fd, const char *name, const MhStamp *stamp)
{
    struct stat st;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return stamp->inode == 0; /* it was not there either */
    MhStamp now = mh_stamp_of(&st);
    return mh_stamp_equal(&now, stamp);
}

bool
maildir_folder_unchanged(const MaildirTree *tree, const MaildirFolder *folder)
{
    struct stat st;
    if (folder->fd < 0)
        return fstatat(tree->fd, folder->name, &st, AT_SYMLINK_NOFOLLOW) != 0;
    return stamp_holds(folder->fd, MAILDIR_UIDLIST_FILE, &folder->list_stamp) &&
           stamp_holds(folder->fd, MAILDIR_KEYWORDS_FILE, &folder->keywords_stamp) &&
           stamp_holds(folder->fd, "cur", &folder->cur_stamp) &&
           stamp_holds(folder->fd, "new", &folder->new_stamp);
}

const char *
maildir_folder_file(const MaildirFolder *folder, const MhTargetMessage *message)
{
    return message->name == NAME_DERIVED ? derive_name(folder, message)
                                         : (const char *)folder->names->data + message->name;
}
