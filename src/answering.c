#include "answering.h"

#include "bytes.h"
#include "safe-path.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static const char *const answering[] = {"ext2",    "ext3",  "ext4",    "xfs",   "btrfs",
                                        "zfs",     "f2fs",  "jfs",     "tmpfs", "devtmpfs",
                                        "overlay", "ramfs", "bcachefs"};

/* Beginnings of the types of those that may not. Other types are the kernel's own. */
static const char *const waiting[] = {"nfs",  "cifs",     "smb",      "fuse",  "9p",    "ceph",
                                      "afs",  "coda",     "lustre",   "gfs2",  "ocfs2", "beegfs",
                                      "gpfs", "orangefs", "virtiofs", "autofs"};

/* The places, char *, of all mounts of which it is not known that they do. */
static GPtrArray *unsure;
static bool any_may_wait; /* is there one that may not? */

static bool
is_answering(MhSpan type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(answering); i++) {
        if (mh_span_equal(type, mh_span_from_string(answering[i])))
            return true;
    }
    return false;
}

/* What is mounted there holds no mail. */
static bool
is_without_mail(MhSpan place)
{
    return mh_span_starts_with(place, MH_SPAN_LITERAL("/proc/")) ||
           mh_span_starts_with(place, MH_SPAN_LITERAL("/sys/")) ||
           mh_span_starts_with(place, MH_SPAN_LITERAL("/run/user/"));
}

static bool
may_wait(MhSpan type, MhSpan place)
{
    for (size_t i = 0; i < G_N_ELEMENTS(waiting); i++) {
        if (mh_span_starts_with(type, mh_span_from_string(waiting[i])))
            return !is_without_mail(place);
    }
    return false;
}

static void
add_mount(MhSpan line)
{
    enum { PLACE = 4, OPTIONS };
    MhSpan word, place = {0};
    for (unsigned i = 0; mh_span_take_word(&line, &word); i++) {
        if (i == PLACE)
            place = word;
        else if (i > OPTIONS && mh_span_equal(word, MH_SPAN_LITERAL("-")))
            break;
    }
    if (!mh_span_take_word(&line, &word) || is_answering(word))
        return;
    any_may_wait |= may_wait(word, place);
    g_autofree char *escaped = g_strndup((const char *)place.data, place.len);
    g_ptr_array_add(unsure, g_strcompress(escaped));
}

static void
read_mounts(void)
{
    g_autofree char *text = NULL;
    gsize len;
    if (unsure == NULL)
        unsure = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_set_size(unsure, 0);
    any_may_wait = !g_file_get_contents("/proc/self/mountinfo", &text, &len, NULL);
    if (any_may_wait)
        g_ptr_array_add(unsure, g_strdup("/"));
    MhSpan rest = any_may_wait ? mh_span(NULL, 0) : mh_span(text, len), line;
    while (mh_span_take_line(&rest, &line, NULL))
        add_mount(line);
}

/* Has something been mounted, or unmounted, since this was asked? The first time: yes. */
static bool
has_changed(void)
{
    static int fd = -1;
    if (fd < 0) {
        fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
        return true;
    }
    struct pollfd change = {.fd = fd, .events = POLLPRI};
    return poll(&change, 1, 0) != 0;
}

/* Both absolute, without "//", "." and "..". */
static bool
is_at_or_below(const char *path, const char *directory)
{
    size_t len = strcmp(directory, "/") != 0 ? strlen(directory) : 0;
    return strncmp(path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* What is on the way to @path has been found to answer, unless a link turns it elsewhere. */
static bool
is_without_links(const char *path)
{
    int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return false;
    int fd = mh_safe_path_find(top, path[1] != '\0' ? path + 1 : ".", MH_LINKS_REFUSE);
    close(top);
    if (fd >= 0)
        close(fd);
    return fd >= 0 || fd == -ENOENT;
}

bool
mh_answering_anywhere(void)
{
    if (has_changed())
        read_mounts();
    return !any_may_wait;
}

bool
mh_answering(const char *directory)
{
    if (mh_answering_anywhere())
        return true;
    g_autofree char *path = g_canonicalize_filename(directory, "/");
    for (guint i = 0; i < unsure->len; i++) {
        const char *place = unsure->pdata[i];
        if (is_at_or_below(path, place) || is_at_or_below(place, path))
            return false;
    }
    return is_without_links(path);
}
