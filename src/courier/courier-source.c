#include "courier-source.h"

#include "courier-source-private.h"
#include "courier-source-tidy.h"
#include "printable.h"
#include "sparse-write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define COPY_BLOCK 65536

bool
courier_source_set_again(GError **error, const char *name, const char *what)
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
        const uint64_t parts[] = {mh_lasting_device(stamps[i].device), stamps[i].inode,
                                  stamps[i].size_bytes, (uint64_t)stamps[i].mtime_ns,
                                  (uint64_t)stamps[i].ctime_ns};
        mh_digester_add(&digester, mh_span(parts, sizeof parts));
        folded.mtime_ns = MAX(folded.mtime_ns, stamps[i].mtime_ns);
        folded.ctime_ns = MAX(folded.ctime_ns, stamps[i].ctime_ns);
    }
    MhDigest digest = mh_digester_finish(&digester);
    memcpy(&folded.size_bytes, digest.bytes, sizeof folded.size_bytes);
    return folded;
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
    courier_source_forget_names(source);
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
    courier_source_cut_names(source);
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
    *out = (MhSourceFile){.dirfd = courier_source_directory(source, file->is_new),
                          .name = courier_source_file_name(source, file),
                          .device = file->device,
                          .inode = file->inode};
    return !file->is_link;
}

/* Copies @size_bytes. Fewer are an error: the file has shrunk. */
static bool
copy_bytes(int from, int to, uint64_t size_bytes, const char *name, GError **error)
{
    uint64_t left = size_bytes;
    g_autofree uint8_t *block = g_malloc(COPY_BLOCK);
    while (left > 0) {
        ssize_t got = read(from, block, (size_t)MIN(left, COPY_BLOCK));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            g_autofree char *shown = mh_printable_string(name);
            return mh_set_errno(error, errno, "cannot read message '%s'", shown);
        }
        if (got == 0)
            return courier_source_set_again(error, name, "has become shorter");
        if (!mh_sparse_write(to, mh_span(block, (size_t)got), error))
            return false;
        left -= (uint64_t)got;
    }
    return mh_sparse_write_end(to, size_bytes, error);
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
        return courier_source_set_again(error, source->folder_dir, "has changed while it was read");
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
    g_free(source->unseen);
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
