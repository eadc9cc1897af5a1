/* The files of courier-source: which there are in cur/ and new/, what they are called, and how one
 * is opened. */
#include "courier-file-name.h"
#include "courier-source-private.h"
#include "courier-span-index.h"
#include "printable.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *
courier_source_file_name(const CourierSource *source, const CourierSourceFile *file)
{
    const char *name = (const char *)source->names->data + file->name;
    if (!source->names_cut || file->base_len == file->name_len)
        return name;
    g_string_truncate(source->whole, 0);
    g_string_append_len(source->whole, name, file->name_len);
    source->whole->str[file->base_len] = ':';
    return source->whole->str;
}

const CourierSourceFile *
courier_source_file_of(const CourierSource *source, const MhMessage *message)
{
    CourierSourceFile *file = source->one;
    size_t base_len;
    if (source->tidy == NULL) {
        g_assert(message->where < source->files->len);
        return &g_array_index(source->files, CourierSourceFile, message->where);
    }
    courier_names_file(source->tidy, message, &base_len);
    g_byte_array_set_size(source->names, 0);
    g_byte_array_append(source->names, (const guint8 *)source->tidy->room->str,
                        (guint)source->tidy->room->len + 1);
    *file = (CourierSourceFile){.size_bytes = message->size_bytes,
                                .is_new = courier_names_place(message).is_new,
                                .mtime = message->internaldate,
                                .device = source->tidy->device,
                                .inode = courier_names_inode(source->tidy, message),
                                .name_len = (uint16_t)source->tidy->room->len,
                                .base_len = (uint16_t)base_len};
    return file;
}

uint32_t
courier_source_hold(CourierSource *source, char *text)
{
    g_ptr_array_add(source->others, text);
    return source->others->len;
}

void
courier_source_cut_names(CourierSource *source)
{
    for (guint i = 0; i < source->files->len; i++) {
        const CourierSourceFile *file = &g_array_index(source->files, CourierSourceFile, i);
        source->names->data[file->name + file->base_len] = '\0';
    }
    source->names_cut = true;
}

/* What the link @name leads to. @out_is_mail: it is in the Maildir. */
static bool
follow_link(CourierSource *source, const char *name, bool is_new, struct stat *out_stat,
            bool *out_is_mail, MhFindings *findings, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *shown = mh_printable_string(name);
    g_autofree char *path =
        g_strdup_printf("%s/%s/%s", source->folder_dir, is_new ? "new" : "cur", name);
    *out_is_mail = mh_stat(source->rootfd, path, MH_LINKS_BENEATH, out_stat, &failure);
    if (failure != NULL && !mh_says_what_is_there(failure)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (failure != NULL)
        mh_findings_add(findings, MH_FINDING_COURIER_MESSAGE_LINK_OUT, "%s", shown);
    else if (S_ISREG(out_stat->st_mode))
        mh_findings_add(findings, MH_FINDING_COURIER_MESSAGE_LINK, "%s", shown);
    return true;
}

/* The same for a link to mail that others share, where such are carried. */
static bool
follow_any_link(CourierSource *source, CourierSourceFile *file, const char *name,
                struct stat *out_stat, bool *out_is_mail, MhFindings *findings, GError **error)
{
    char *path;
    if (source->options.shared_path == NULL)
        return follow_link(source, name, file->is_new, out_stat, out_is_mail, findings, error);
    if (!courier_source_follow_shared(source, name, file->is_new, out_stat, &path, findings, error))
        return false;
    *out_is_mail = path != NULL;
    if (path != NULL)
        file->shared = courier_source_hold(source, path);
    return true;
}

static bool
can_be_message(const char *name, const struct stat *st, MhFindings *findings)
{
    const char *what = NULL;
    if (!S_ISREG(st->st_mode))
        what = mh_file_kind(st->st_mode);
    else if ((uint64_t)st->st_size > MH_LIMIT_MESSAGE_BYTES)
        what = "too large for a message";
    if (what == NULL)
        return true;
    g_autofree char *shown = mh_printable_string(name);
    mh_findings_add(findings, MH_FINDING_COURIER_NOT_A_FILE, "%s: %s", shown, what);
    return false;
}

/* What the entry is; @out_is_mail says whether it can be a message. False with @error when that
 * cannot be found out. */
static bool
look_at_entry(CourierSource *source, CourierSourceFile *file, const char *name,
              struct stat *out_stat, bool *out_is_mail, MhFindings *findings, GError **error)
{
    int dirfd = courier_source_directory(source, file->is_new);
    if (fstatat(dirfd, name, out_stat, AT_SYMLINK_NOFOLLOW) != 0) {
        g_autofree char *shown = mh_printable_string(name);
        if (errno == ENOENT)
            return courier_source_set_again(error, name, "has just gone or been renamed");
        return mh_set_errno(error, errno, "cannot look at '%s'", shown);
    }
    file->is_link = S_ISLNK(out_stat->st_mode);
    *out_is_mail = true;
    if (file->is_link &&
        !follow_any_link(source, file, name, out_stat, out_is_mail, findings, error))
        return false;
    *out_is_mail = *out_is_mail && can_be_message(name, out_stat, findings);
    return true;
}

/* A device that fails costs the message, not the folder: what was carried of it stays. */
static bool
leave_unseen(CourierSource *source, CourierSourceFile *file, GError *failure, GError **error)
{
    if (!g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_IO)) {
        g_propagate_error(error, failure);
        return false;
    }
    if (source->unseen == NULL)
        source->unseen = g_strdup_printf("a message that cannot be read: %s", failure->message);
    file->is_unseen = true;
    g_array_append_val(source->files, *file);
    g_error_free(failure);
    return true;
}

static bool
add_file(CourierSource *source, uint32_t at, bool is_new, MhFindings *findings, GError **error)
{
    struct stat st;
    bool is_mail = false;
    GError *failure = NULL;
    const char *name = (const char *)source->names->data + at;
    MhSpan whole = mh_span_from_string(name); /* of 255 bytes at most, as all entries are */
    CourierSourceFile file = {.name = at,
                              .name_len = (uint16_t)whole.len,
                              .base_len = (uint16_t)courier_file_name_base(whole).len,
                              .is_new = is_new};
    if (name[0] == '.')
        return true;
    if (!look_at_entry(source, &file, name, &st, &is_mail, findings, &failure))
        return leave_unseen(source, &file, failure, error);
    if (!is_mail)
        return true;
    file.size_bytes = (uint64_t)st.st_size & MH_MESSAGE_SIZE_MAX;
    file.mtime = st.st_mtim.tv_sec;
    file.device = st.st_dev;
    file.inode = st.st_ino;
    file.has_names = file.is_link || st.st_nlink > 1;
    g_array_append_val(source->files, file);
    return true;
}

static gint
compare_entries(gconstpointer a, gconstpointer b, gpointer names)
{
    const char *texts = (const char *)((GByteArray *)names)->data;
    return strcmp(texts + *(const uint32_t *)a, texts + *(const uint32_t *)b);
}

/* Lists cur/ or new/ in the order of bytes: only places are sorted, names stay where they are. */
static bool
list_directory(CourierSource *source, bool is_new, MhFindings *findings, GError **error)
{
    uint32_t at = source->names->len;
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof at);
    if (!mh_list_dir_bytes(courier_source_directory(source, is_new), source->names, error))
        return false;
    for (; at < source->names->len; at += (uint32_t)strlen((char *)source->names->data + at) + 1)
        g_array_append_val(places, at);
    g_array_sort_with_data(places, compare_entries, source->names);
    for (guint i = 0; i < places->len; i++) {
        if (!add_file(source, g_array_index(places, uint32_t, i), is_new, findings, error))
            return false;
    }
    return true;
}

static bool
has_many_names(const CourierSource *source)
{
    for (guint i = 0; i < source->files->len; i++) {
        if (g_array_index(source->files, CourierSourceFile, i).has_names)
            return true;
    }
    return false;
}

/* A crash between link and unlink leaves one file under two names of one message: of several the
 * last stays, which is in cur/ when any is. */
static void
drop_linked_twice(CourierSource *source, MhFindings *findings)
{
    g_autoptr(CourierSpanIndex) last = courier_span_index_new();
    CourierSourceFile *files = (CourierSourceFile *)(void *)source->files->data;
    for (guint i = 0; i < source->files->len; i++)
        courier_span_index_add(last, courier_source_file_base(source, &files[i]), i);
    for (guint i = 0; i < source->files->len; i++) {
        uint32_t at = i;
        courier_span_index_find(last, courier_source_file_base(source, &files[i]), &at);
        files[i].dropped =
            at != i && files[at].inode == files[i].inode && files[at].device == files[i].device;
        if (files[i].dropped) {
            g_autofree char *shown =
                mh_printable_string(courier_source_file_name(source, &files[i]));
            mh_findings_add(findings, MH_FINDING_COURIER_FILE_LINKED_TWICE, "%s", shown);
        }
    }
}

void
courier_source_forget_names(CourierSource *source)
{
    g_byte_array_unref(source->names); /* a mailbox may have them */
    source->names = g_byte_array_new();
    source->names_cut = false;
}

bool
courier_source_list_files(CourierSource *source, MhFindings *findings, GError **error)
{
    g_array_set_size(source->files, 0);
    g_ptr_array_set_size(source->others, 0);
    g_clear_pointer(&source->unseen, g_free);
    courier_source_forget_names(source);
    g_byte_array_append(source->names, (const guint8 *)"", 1);
    if (source->newfd >= 0 && !list_directory(source, true, findings, error))
        return false;
    if (!list_directory(source, false, findings, error))
        return false;
    if (has_many_names(source))
        drop_linked_twice(source, findings);
    return true;
}

static int
open_link(CourierSource *source, const CourierSourceFile *file, struct stat *out_stat,
          GError **error)
{
    g_autofree char *path =
        g_strdup_printf("%s/%s/%s", source->folder_dir, file->is_new ? "new" : "cur",
                        courier_source_file_name(source, file));
    return mh_open_file(source->rootfd, path, MH_LINKS_BENEATH, out_stat, error);
}

int
courier_source_open_file(CourierSource *source, const CourierSourceFile *file, GError **error)
{
    g_autoptr(GError) problem = NULL;
    struct stat st;
    int fd;
    if (file->shared != 0)
        fd = mh_open_file(source->options.shared_fd, source->others->pdata[file->shared - 1],
                          MH_LINKS_BENEATH, &st, &problem);
    else if (file->is_link)
        fd = open_link(source, file, &st, &problem);
    else
        fd = mh_open_seen_file(courier_source_directory(source, file->is_new),
                               courier_source_file_name(source, file), file->device, file->inode,
                               &st, &problem);
    if (fd < 0 && !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT) &&
        !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_AGAIN)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return -1;
    }
    if (fd >= 0 && st.st_ino == file->inode && st.st_dev == file->device &&
        (uint64_t)st.st_size == file->size_bytes)
        return fd;
    if (fd >= 0)
        close(fd);
    courier_source_set_again(error, courier_source_file_name(source, file), "has changed or gone");
    return -1;
}
