#include "maildir-folder.h"

#include "maildir-carried.h"
#include "maildir-file-name.h"
#include "maildir-state.h"
#include "size-limits.h"

#include <fcntl.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* MhTargetMessage.place has room for the place of every line. */
G_STATIC_ASSERT(MAILDIR_UIDLIST_BYTES_MAX <= MH_TARGET_PLACE_MAX + 1);
/* A list's first line is far shorter, with any GUID and the fields of ours. */
#define LIST_HEAD_BYTES 512

/* The file's name, as @line has its base name. */
static const char *
name_of_line(const MaildirFolder *folder, const MaildirUidlistEntry *line,
             const MhTargetMessage *message)
{
    g_string_truncate(folder->derived, 0);
    g_string_append_len(folder->derived, (const char *)line->name.data, (gssize)line->name.len);
    if (!message->is_new)
        maildir_file_name_append_info(folder->derived, message->flags, message->letters);
    return folder->derived->str;
}

/* What @line of the list says of a file. */
static void
take_line(const MaildirUidlistEntry *line, MhTargetMessage *message)
{
    MaildirCarried carried;
    message->uid = line->uid;
    if (!maildir_carried_parse(line->other, line->uid, &carried))
        return;
    message->ours = true;
    message->has_carried = true;
    message->carried_uid = carried.uid;
    message->carried_flags = (uint32_t)carried.flags & MH_FLAGS_ALL;
    message->carried_letters = carried.letters & MH_LETTERS_ALL;
}

/* How many of the places of names are those of told messages. */
static uint32_t
told_count(const MaildirFolder *folder)
{
    return folder->told != NULL ? folder->told->len : 0;
}

/* Keeps the name of the file @entry, whose line is at @line. */
static void
take_name(MaildirFolder *folder, const char *entry, uint32_t line, MhTargetMessage *message)
{
    MaildirNamed named = {.name = folder->names->len, .line = line};
    message->is_named = true;
    message->place = (told_count(folder) + folder->named->len) & MH_TARGET_PLACE_MAX;
    g_array_append_val(folder->named, named);
    g_byte_array_append(folder->names, (const guint8 *)entry, (guint)strlen(entry) + 1);
}

/* The place of a line that no file has been found for. */
static bool
is_no_file(const MhTargetMessage *message)
{
    return message->place == 0 && !message->is_named;
}

#define NOT_TOLD UINT32_MAX

/* Adds one file of cur/ or new/ to the index: in the place of its line, or at the end. @told is the
 * message that tells its name. */
static void
add_file(MaildirFolder *folder, const char *entry, bool is_new, uint32_t told)
{
    MaildirFileName name;
    MaildirUidlistEntry line;
    if (maildir_file_name_parse(mh_span_from_string(entry), &name) == MAILDIR_ENTRY_HIDDEN)
        return;
    MhTargetMessage message = {.is_new = is_new,
                               .flags = (uint32_t)name.flags & MH_FLAGS_ALL,
                               .letters = name.keywords & MH_LETTERS_ALL,
                               .ours = maildir_file_name_parse_own(name.base, NULL, NULL)};
    size_t at = maildir_uidlist_find(folder->uidlist, name.base, &line);
    bool listed = at != MAILDIR_UIDLIST_NOT_FOUND;
    uint32_t place = listed ? maildir_uidlist_place(folder->uidlist, at) : 0;
    if (listed)
        take_line(&line, &message);
    if (listed && strcmp(name_of_line(folder, &line, &message), entry) == 0)
        message.place = place & MH_TARGET_PLACE_MAX;
    else if (!listed && told != NOT_TOLD) {
        message.is_named = true;
        message.place = told & MH_TARGET_PLACE_MAX;
    } else
        take_name(folder, entry, place, &message);
    if (listed && is_no_file(mh_target_index_get(&folder->index, at)))
        *mh_target_index_get(&folder->index, at) = message;
    else
        g_array_append_val(folder->index.messages, message);
}

/* As the source would have it: see maildir-file-name.h. */
static MhDigest
identity_of(const MhTargetMessage *message, void *user)
{
    MaildirFileName name;
    MhSpan entry = mh_span_from_string(maildir_folder_file(user, message));
    bool has_base = maildir_file_name_parse(entry, &name) != MAILDIR_ENTRY_NO_BASE;
    return has_base ? maildir_file_name_identity(name.base) : mh_digest_of(entry);
}

static void
take_entry(const char *entry, void *folder)
{
    add_file(folder, entry, false, NOT_TOLD);
}

static void
take_new_entry(const char *entry, void *folder)
{
    add_file(folder, entry, true, NOT_TOLD);
}

/* The files that a mailbox tells. */
static bool
read_told(MaildirFolder *folder, GError **error)
{
    for (uint32_t i = 0; i < folder->told->len; i++) {
        bool is_new;
        const MhMessage *message = &g_array_index(folder->told, MhMessage, i);
        const char *entry = folder->told_names->tell_file(folder->told_names, message, &is_new);
        if (entry == NULL)
            return folder->told_names->check(folder->told_names, error);
        add_file(folder, entry, is_new, i);
    }
    return true;
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
    return folder->told != NULL ||
           mh_list_dir_each(fd, is_new ? take_new_entry : take_entry, folder, error);
}

/* Opens a state file; that it is not there leaves @out_fd -1. */
static bool
open_state(const MaildirFolder *folder, const char *name, int *out_fd, struct stat *out_stat,
           GError **error)
{
    g_autoptr(GError) failure = NULL;
    *out_fd = mh_open_file_if_there(folder->fd, name, MH_LINKS_REFUSE, out_stat, &failure);
    if (failure == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static bool
read_list(MaildirFolder *folder, MhFindings *findings, GError **error)
{
    struct stat st;
    int fd;
    g_autoptr(GError) unusable = NULL;
    if (!open_state(folder, MAILDIR_UIDLIST_FILE, &fd, &st, error))
        return false;
    if (fd < 0)
        return true;
    folder->list_stamp = mh_stamp_of(&st);
    MhLineText *text = mh_line_text_open(fd, (uint64_t)st.st_size, error);
    if (text == NULL)
        return false;
    folder->uidlist = maildir_uidlist_parse_text(text, findings, &unusable);
    if (folder->uidlist != NULL) {
        folder->index.uids = maildir_uidlist_uids(folder->uidlist);
    } else if (!g_error_matches(unusable, MAILDIR_ERROR, MAILDIR_ERROR_FORMAT)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&unusable), "%s: ", MAILDIR_UIDLIST_FILE);
        return false;
    } else
        mh_findings_add(findings, MH_FINDING_TARGET_LIST_UNUSABLE, "%s", unusable->message);
    return true;
}

static bool
read_keywords(MaildirFolder *folder, MhFindings *findings, GError **error)
{
    struct stat st;
    int fd;
    if (!open_state(folder, MAILDIR_KEYWORDS_FILE, &fd, &st, error))
        return false;
    if (fd < 0)
        return true;
    close(fd);
    folder->keywords_stamp = mh_stamp_of(&st);
    g_autoptr(GBytes) text =
        mh_read_file(folder->fd, MAILDIR_KEYWORDS_FILE, MH_LIMIT_STATE_FILE_BYTES, NULL, error);
    if (text == NULL)
        return false;
    maildir_keywords_free(folder->keywords);
    folder->keywords = maildir_keywords_parse(mh_span_from_bytes(text), findings);
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
        if (!message->ours) {
            g_array_index(messages, MhTargetMessage, kept++) = *message;
            continue;
        }
        g_array_append_val(folder->leftovers, *message);
        folder->index.unfiled += maildir_folder_line(folder, message) != 0;
        folder->stale += maildir_folder_line(folder, message) != 0;
    }
    g_array_set_size(messages, kept);
}

static bool
is_our_line(const MaildirUidlist *list, size_t at)
{
    MaildirUidlistEntry line;
    MaildirCarried carried;
    return maildir_uidlist_get(list, at, &line) &&
           (maildir_carried_parse(line.other, line.uid, &carried) ||
            maildir_file_name_parse_own(line.name, NULL, NULL));
}

/* Reads the files, so that messages which the list has are in its order: later their lines are read
 * one after the other. */
static bool
read_messages(MaildirFolder *folder, GError **error)
{
    GArray *messages = folder->index.messages;
    guint lines = (guint)maildir_uidlist_length(folder->uidlist), kept = 0;
    g_array_set_size(messages, lines);
    if (!read_files(folder, "cur", false, &folder->cur_fd, &folder->cur_stamp, error) ||
        !read_files(folder, "new", true, &folder->new_fd, &folder->new_stamp, error) ||
        (folder->told != NULL && !read_told(folder, error)))
        return false;
    for (guint i = 0; i < messages->len; i++) {
        const MhTargetMessage *message = mh_target_index_get(&folder->index, i);
        if (!is_no_file(message)) {
            g_array_index(messages, MhTargetMessage, kept++) = *message;
            continue;
        }
        folder->index.unfiled++;
        folder->stale += is_our_line(folder->uidlist, i);
    }
    g_array_set_size(messages, kept);
    maildir_uidlist_forget_index(folder->uidlist);
    return maildir_uidlist_check(folder->uidlist, error);
}

/* A folder in which nothing was found yet. */
static MaildirFolder *
new_folder(const char *name, const MhMailbox *told)
{
    MaildirFolder *folder = g_new0(MaildirFolder, 1);
    if (told != NULL) {
        folder->told = g_array_ref(told->messages);
        folder->told_names = mh_names_ref(told->names);
    }
    folder->name = g_strdup(name);
    folder->fd = folder->cur_fd = folder->new_fd = -1;
    folder->names = g_byte_array_new();
    folder->named = g_array_new(FALSE, FALSE, sizeof(MaildirNamed));
    folder->index.id_of = identity_of;
    folder->index.id_user = folder;
    folder->leftovers = g_array_new(FALSE, FALSE, sizeof(MhTargetMessage));
    folder->derived = g_string_new(NULL);
    folder->index.messages = g_array_new(FALSE, TRUE, sizeof(MhTargetMessage));
    folder->keywords = maildir_keywords_new();
    return folder;
}

/* It need not be there. */
static bool
open_folder(const MaildirTree *tree, MaildirFolder *folder, GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (tree->fd >= 0)
        folder->fd = mh_open_dir_links(tree->fd, folder->name, MH_LINKS_REFUSE, &failure);
    if (failure == NULL || g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

/* How the files of another server are, before they are read. */
static bool
look_at_server(const MaildirTree *tree, MaildirFolder *folder, GError **error)
{
    const char *const *files = tree->options.state->files;
    for (size_t i = 0; files[i] != NULL; i++) {
        struct stat st;
        bool there;
        g_assert(i < MAILDIR_SERVER_STAMPS);
        if (!mh_stat_if_there(folder->fd, files[i], MH_LINKS_REFUSE, &st, &there, error))
            return false;
        folder->server_stamps[i] = there ? mh_stamp_of(&st) : (MhStamp){0};
    }
    return true;
}

static bool
read_server(const MaildirTree *tree, MaildirFolder *folder, GError **error)
{
    return tree->options.state == NULL ||
           (look_at_server(tree, folder, error) && tree->options.state->read(folder, error));
}

static MaildirFolder *
read_folder(const MaildirTree *tree, const char *name, const MhMailbox *told, MhFindings *findings,
            GError **error)
{
    g_autoptr(MaildirFolder) folder = new_folder(name, told);
    if (!open_folder(tree, folder, error))
        return NULL;
    if (folder->fd >= 0 &&
        !(read_list(folder, findings, error) && read_keywords(folder, findings, error)))
        return NULL;
    if (folder->uidlist == NULL)
        folder->uidlist = maildir_uidlist_new((MhUidState){.uidvalidity = 1, .uidnext = 1});
    if (folder->fd >= 0 && !read_messages(folder, error))
        return NULL;
    folder->exists = folder->cur_fd >= 0;
    if (folder->exists && !read_server(tree, folder, error))
        return NULL;
    if (!folder->exists)
        set_leftovers_apart(folder);
    return g_steal_pointer(&folder);
}

MaildirFolder *
maildir_folder_read(const MaildirTree *tree, const char *name, MhFindings *findings, GError **error)
{
    return read_folder(tree, name, NULL, findings, error);
}

MaildirFolder *
maildir_folder_read_in_place(const MaildirTree *tree, const char *name, const MhMailbox *mailbox,
                             MhFindings *findings, GError **error)
{
    return read_folder(tree, name, mailbox->names != NULL ? mailbox : NULL, findings, error);
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
    g_clear_pointer(&folder->told, g_array_unref);
    mh_names_unref(folder->told_names);
    g_array_unref(folder->index.messages);
    g_array_unref(folder->leftovers);
    g_byte_array_unref(folder->names);
    g_array_unref(folder->named);
    g_string_free(folder->derived, TRUE);
    maildir_uidlist_free(folder->uidlist);
    maildir_keywords_free(folder->keywords);
    g_free(folder);
}

char *
maildir_folder_guid(const MaildirTree *tree, const char *name)
{
    char head[LIST_HEAD_BYTES];
    int dirfd = mh_open_dir_links(tree->fd, name, MH_LINKS_REFUSE, NULL);
    int fd =
        dirfd >= 0 ? mh_open_file(dirfd, MAILDIR_UIDLIST_FILE, MH_LINKS_REFUSE, NULL, NULL) : -1;
    ssize_t got = fd >= 0 ? pread(fd, head, sizeof head, 0) : 0;
    if (fd >= 0)
        close(fd);
    if (dirfd >= 0)
        close(dirfd);
    MhSpan text = mh_span(head, got > 0 ? (size_t)got : 0), line;
    bool ended = false;
    if (!mh_span_take_line(&text, &line, &ended) || !ended)
        return NULL;
    g_autoptr(MaildirUidlist) list = maildir_uidlist_parse(mh_span(head, line.len + 1), NULL, NULL);
    MhSpan guid = list != NULL ? maildir_uidlist_guid(list) : mh_span(NULL, 0);
    return guid.len > 0 ? mh_span_dup(guid) : NULL;
}

static bool
stamp_holds(int fd, const char *name, const MhStamp *stamp)
{
    struct stat st;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT && stamp->inode == 0; /* it was not there either */
    MhStamp now = mh_stamp_of(&st);
    return mh_stamp_equal(&now, stamp);
}

static bool
server_stamps_hold(const MaildirTree *tree, const MaildirFolder *folder)
{
    const char *const *files = tree->options.state != NULL ? tree->options.state->files : NULL;
    bool hold = true;
    for (size_t i = 0; hold && files != NULL && files[i] != NULL; i++)
        hold = stamp_holds(folder->fd, files[i], &folder->server_stamps[i]);
    return hold;
}

bool
maildir_folder_unchanged(const MaildirTree *tree, const MaildirFolder *folder)
{
    struct stat st;
    if (folder->fd < 0)
        return fstatat(tree->fd, folder->name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
    return stamp_holds(folder->fd, MAILDIR_UIDLIST_FILE, &folder->list_stamp) &&
           stamp_holds(folder->fd, MAILDIR_KEYWORDS_FILE, &folder->keywords_stamp) &&
           stamp_holds(folder->fd, "cur", &folder->cur_stamp) &&
           stamp_holds(folder->fd, "new", &folder->new_stamp) && server_stamps_hold(tree, folder);
}

const MhMessage *
maildir_folder_told(const MaildirFolder *folder, const MhTargetMessage *message)
{
    return message->is_named && message->place < told_count(folder)
               ? &g_array_index(folder->told, MhMessage, message->place)
               : NULL;
}

static const MaildirNamed *
named_at(const MaildirFolder *folder, const MhTargetMessage *message)
{
    uint32_t at = message->place - told_count(folder);
    g_assert(at < folder->named->len);
    return &g_array_index(folder->named, MaildirNamed, at);
}

static const char *
told_file(const MaildirFolder *folder, const MhMessage *message)
{
    bool is_new;
    const char *name = folder->told_names->tell_file(folder->told_names, message, &is_new);
    g_string_assign(folder->derived, name != NULL ? name : "");
    return folder->derived->str;
}

const char *
maildir_folder_file(const MaildirFolder *folder, const MhTargetMessage *message)
{
    MaildirUidlistEntry line;
    const MhMessage *told = maildir_folder_told(folder, message);
    if (told != NULL)
        return told_file(folder, told);
    if (message->is_named)
        return (const char *)folder->names->data + named_at(folder, message)->name;
    maildir_uidlist_read(folder->uidlist, message->place, &line);
    return name_of_line(folder, &line, message);
}

uint32_t
maildir_folder_line(const MaildirFolder *folder, const MhTargetMessage *message)
{
    if (maildir_folder_told(folder, message) != NULL)
        return 0;
    return message->is_named ? named_at(folder, message)->line : message->place;
}

void
maildir_folder_set_letters(MaildirFolder *folder, MhTargetMessage *message, uint32_t letters)
{
    if (message->letters == letters)
        return;
    if (!message->is_named) /* its line and its letters would not make its name any more */
        take_name(folder, maildir_folder_file(folder, message), message->place, message);
    message->letters = letters & MH_LETTERS_ALL;
}
