#include "courier-source.h"

#include "courier-file-name.h"
#include "courier-source-private.h"
#include "courier-source-tidy.h"
#include "courier-span-index.h"
#include "printable.h"
#include "size-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define COPY_BLOCK 65536

static bool
set_again(GError **error, const char *name, const char *what)
{
    g_autofree char *shown = mh_printable_string(name);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "'%s' %s", shown, what);
    return false;
}

/* A stamp, zeroed when nothing is there. */
static bool
stamp_at(int dirfd, const char *path, MhStamp *out_stamp, GError **error)
{
    struct stat st;
    bool there;
    memset(out_stamp, 0, sizeof *out_stamp);
    if (!mh_stat_if_there(dirfd, path, MH_LINKS_BENEATH, &st, &there, error))
        return false;
    if (there)
        *out_stamp = mh_stamp_of(&st);
    return true;
}

bool
courier_source_stamps(CourierSource *source, MhStamp out_stamps[COURIER_STAMP_COUNT],
                      GError **error)
{
    static const char *const paths[] = {
        [COURIER_STAMP_CUR] = "cur",
        [COURIER_STAMP_NEW] = "new",
        [COURIER_STAMP_UIDDB] = "courierimapuiddb",
        [COURIER_STAMP_KEYWORDS] = "courierimapkeywords",
        [COURIER_STAMP_SIZELIST] = "courierpop3dsizelist",
    };
    memset(out_stamps, 0, COURIER_STAMP_COUNT * sizeof *out_stamps);
    for (int i = 0; i < COURIER_STAMP_COUNT; i++) {
        if (i == COURIER_STAMP_SIZELIST && !source->is_inbox)
            continue;
        if (!stamp_at(source->folderfd, paths[i], &out_stamps[i], error))
            return false;
    }
    return true;
}

static bool
same_stamps(const MhStamp *a, const MhStamp *b)
{
    for (int i = 0; i < COURIER_STAMP_COUNT; i++) {
        if (!mh_stamp_equal(&a[i], &b[i]))
            return false;
    }
    return true;
}

/* One stamp for all: the newest times, and a digest of everything as the size. */
static MhStamp
fold_stamps(const MhStamp *stamps)
{
    MhStamp folded = stamps[COURIER_STAMP_CUR];
    MhDigester digester;
    mh_digester_init(&digester);
    for (int i = 0; i < COURIER_STAMP_COUNT; i++) {
        const uint64_t parts[] = {stamps[i].device, stamps[i].inode, stamps[i].size_bytes,
                                  (uint64_t)stamps[i].mtime_ns, (uint64_t)stamps[i].ctime_ns};
        mh_digester_add(&digester, mh_span(parts, sizeof parts));
        folded.mtime_ns = MAX(folded.mtime_ns, stamps[i].mtime_ns);
        folded.ctime_ns = MAX(folded.ctime_ns, stamps[i].ctime_ns);
    }
    MhDigest digest = mh_digester_finish(&digester);
    memcpy(&folded.size_bytes, digest.bytes, sizeof folded.size_bytes);
    return folded;
}

/* --- the files --- */

static int
directory_of(const CourierSource *source, bool is_new)
{
    return is_new ? source->newfd : source->curfd;
}

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

/* From here on they are the mailbox's names as well: see courier_source_file_name(). */
static void
cut_names(CourierSource *source)
{
    for (guint i = 0; i < source->files->len; i++) {
        const CourierSourceFile *file = &g_array_index(source->files, CourierSourceFile, i);
        source->names->data[file->name + file->base_len] = '\0';
    }
    source->names_cut = true;
}

/* What the link @name leads to, if that is a file of the Maildir. False with *@file untouched when
 * it is none; @error only for failures of ours. */
static bool
follow_link(CourierSource *source, const char *name, bool is_new, struct stat *out_stat,
            MhFindings *findings)
{
    g_autofree char *shown = mh_printable_string(name);
    g_autofree char *path =
        g_strdup_printf("%s/%s/%s", source->folder_dir, is_new ? "new" : "cur", name);
    if (!mh_stat(source->rootfd, path, MH_LINKS_BENEATH, out_stat, NULL)) {
        mh_findings_add(findings, MH_FINDING_COURIER_MESSAGE_LINK_OUT, "%s", shown);
        return false;
    }
    if (S_ISREG(out_stat->st_mode))
        mh_findings_add(findings, MH_FINDING_COURIER_MESSAGE_LINK, "%s", shown);
    return true;
}

/* The same for a link to mail that others share, where such are carried. */
static bool
follow_any_link(CourierSource *source, CourierSourceFile *file, const char *name,
                struct stat *out_stat, MhFindings *findings)
{
    if (source->options.shared_path == NULL)
        return follow_link(source, name, file->is_new, out_stat, findings);
    char *path = courier_source_follow_shared(source, name, file->is_new, out_stat, findings);
    if (path == NULL)
        return false;
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

static bool
add_file(CourierSource *source, uint32_t at, bool is_new, MhFindings *findings, GError **error)
{
    struct stat st;
    const char *name = (const char *)source->names->data + at;
    MhSpan whole = mh_span_from_string(name); /* of 255 bytes at most, as all entries are */
    CourierSourceFile file = {.name = at,
                              .name_len = (uint16_t)whole.len,
                              .base_len = (uint16_t)courier_file_name_base(whole).len,
                              .is_new = is_new};
    if (name[0] == '.')
        return true;
    if (fstatat(directory_of(source, is_new), name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        g_autofree char *shown = mh_printable_string(name);
        if (errno == ENOENT)
            return set_again(error, name, "has just gone or been renamed");
        return mh_set_errno(error, errno, "cannot look at message '%s'", shown);
    }
    file.is_link = S_ISLNK(st.st_mode);
    if ((file.is_link && !follow_any_link(source, &file, name, &st, findings)) ||
        !can_be_message(name, &st, findings))
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
    if (!mh_list_dir_bytes(directory_of(source, is_new), source->names, error))
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

static void
forget_names(CourierSource *source)
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
    forget_names(source);
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
        fd = mh_open_seen_file(directory_of(source, file->is_new),
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
    set_again(error, courier_source_file_name(source, file), "has changed or gone");
    return -1;
}

/* --- the class --- */

static void
forget_tidy(CourierSource *source)
{
    courier_names_unref(source->tidy);
    source->tidy = NULL;
}

/* The index of a folder in which nothing is odd. False when there is anything, or it cannot be
 * read: nothing has been told then, and the other way to read it will say what it is. */
static bool
index_tidy(CourierSource *source, MhMailbox *out, MhFindings *findings)
{
    g_autoptr(MhFindings) told = mh_findings_new();
    forget_tidy(source);
    forget_names(source);
    if (courier_source_add_tidy(source, out, told) &&
        courier_source_add_keywords(source, out, told, NULL) &&
        courier_source_add_tidy_sizes(source, out, told) && mh_mailbox_check_names(out, NULL)) {
        mh_findings_merge(findings, told);
        return true;
    }
    forget_tidy(source);
    mh_mailbox_forget_messages(out);
    return false;
}

/* The index of any folder. */
static bool
index_any(CourierSource *source, MhMailbox *out, MhFindings *findings, GError **error)
{
    if (!courier_source_list_files(source, findings, error))
        return false;
    mh_mailbox_hold_texts(out, source->names);
    if (!courier_source_add_messages(source, out, findings, error) ||
        !courier_source_add_keywords(source, out, findings, error) ||
        !courier_source_add_pop3(source, out, findings, error))
        return false;
    cut_names(source);
    return true;
}

static bool
index_folder(MhSource *base, MhMailbox *out, MhFindings *findings, GError **error)
{
    CourierSource *source = (CourierSource *)base;
    const CourierSourceOptions *options = &source->options;
    bool good = courier_source_stamps(source, source->stamps, error) &&
                (index_tidy(source, out, findings) || index_any(source, out, findings, error));
    if (options->known_size_done != NULL)
        options->known_size_done(options->known_size_data);
    return good;
}

static int
open_message(MhSource *base, const MhMessage *message, GError **error)
{
    CourierSource *source = (CourierSource *)base;
    return courier_source_open_file(source, courier_source_file_of(source, message), error);
}

static bool
find_message(MhSource *base, const MhMessage *message, MhSourceFile *out)
{
    const CourierSource *source = (CourierSource *)base;
    const CourierSourceFile *file = courier_source_file_of(source, message);
    *out = (MhSourceFile){.dirfd = directory_of(source, file->is_new),
                          .name = courier_source_file_name(source, file),
                          .device = file->device,
                          .inode = file->inode};
    return !file->is_link;
}

/* Copies @left bytes. Fewer are an error: the file has shrunk. */
static bool
copy_bytes(int from, int to, uint64_t left, const char *name, GError **error)
{
    g_autofree uint8_t *block = g_malloc(COPY_BLOCK);
    while (left > 0) {
        ssize_t got = read(from, block, MIN(left, COPY_BLOCK));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            g_autofree char *shown = mh_printable_string(name);
            return mh_set_errno(error, errno, "cannot read message '%s'", shown);
        }
        if (got == 0)
            return set_again(error, name, "has become shorter");
        if (!mh_write_all(to, mh_span(block, (size_t)got), error))
            return false;
        left -= (uint64_t)got;
    }
    return true;
}

static bool
copy(MhSource *base, const MhMessage *message, int fd, GError **error)
{
    CourierSource *source = (CourierSource *)base;
    const CourierSourceFile *file = courier_source_file_of(source, message);
    int from = courier_source_open_file(source, file, error);
    if (from < 0)
        return false;
    bool copied =
        copy_bytes(from, fd, file->size_bytes, courier_source_file_name(source, file), error);
    close(from);
    return copied;
}

static bool
check(MhSource *base, GError **error)
{
    CourierSource *source = (CourierSource *)base;
    MhStamp now[COURIER_STAMP_COUNT];
    if (!courier_source_stamps(source, now, error))
        return false;
    if (source->tidy != NULL && !source->tidy->names.check(&source->tidy->names, error))
        return false;
    if (!same_stamps(now, source->stamps))
        return set_again(error, source->folder_dir, "has changed while it was read");
    return true;
}

static void
close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void
free_source(MhSource *base)
{
    CourierSource *source = (CourierSource *)base;
    close_if_open(source->rootfd);
    close_if_open(source->folderfd);
    close_if_open(source->curfd);
    close_if_open(source->newfd);
    g_free(source->folder_dir);
    g_array_unref(source->files);
    g_byte_array_unref(source->names);
    g_string_free(source->whole, TRUE);
    g_ptr_array_unref(source->others);
    g_clear_pointer(&source->shared_names, g_hash_table_unref);
    g_free(source->shared_dir);
    forget_tidy(source);
    g_free(source->one);
    g_free(source);
}

static const MhSourceClass courier_class = {
    .index = index_folder,
    .copy = copy,
    .open_message = open_message,
    .find_message = find_message,
    .check = check,
    .free = free_source,
};

/* Mail of others: its files are theirs, and not to be linked. */
static const MhSourceClass shared_class = {
    .index = index_folder,
    .copy = copy,
    .check = check,
    .free = free_source,
};

static bool
open_directories(CourierSource *source, int maildirfd, GError **error)
{
    g_autoptr(GError) problem = NULL;
    source->rootfd = fcntl(maildirfd, F_DUPFD_CLOEXEC, 0);
    if (source->rootfd < 0)
        return mh_set_errno(error, errno, "cannot keep the Maildir open");
    source->folderfd = mh_open_dir(source->rootfd, source->folder_dir, error);
    if (source->folderfd < 0)
        return false;
    source->curfd = mh_open_dir(source->folderfd, "cur", error);
    if (source->curfd < 0)
        return false;
    source->newfd = mh_open_dir(source->folderfd, "new", &problem);
    if (source->newfd >= 0 || g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return true;
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

MhSource *
courier_source_open(int maildirfd, const char *folder_dir, const CourierSourceOptions *options,
                    GError **error)
{
    CourierSource *source = g_new0(CourierSource, 1);
    source->source.class = &courier_class;
    if (options != NULL)
        source->options = *options;
    if (source->options.shared_path != NULL)
        source->source.class = &shared_class;
    source->rootfd = source->folderfd = source->curfd = source->newfd = -1;
    source->folder_dir = g_strdup(folder_dir);
    source->is_inbox = strcmp(folder_dir, ".") == 0;
    source->names = g_byte_array_new();
    source->whole = g_string_new(NULL);
    source->others = g_ptr_array_new_with_free_func(g_free);
    source->files = g_array_new(FALSE, FALSE, sizeof(CourierSourceFile));
    source->one = g_new0(CourierSourceFile, 1);
    if (!open_directories(source, maildirfd, error) ||
        !courier_source_stamps(source, source->stamps, error)) {
        g_autofree char *shown = mh_printable_string(folder_dir);
        g_prefix_error(error, "cannot open Courier folder '%s': ", shown);
        free_source(&source->source);
        return NULL;
    }
    source->source.stamp = fold_stamps(source->stamps);
    return &source->source;
}
