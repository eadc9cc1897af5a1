#include "warm-mark.h"

#include "place.h"
#include "safe-file.h"

#include <string.h>
#include <unistd.h>

/* The list's first line is far shorter, with any GUID and the fields of ours. */
#define UIDLIST_HEAD 512
#define CACHE_HEAD   12

typedef struct {
    MhDigester mail, whole;
    bool used;
} Look;

static void
add(Look *look, MhSpan bytes)
{
    uint64_t len = bytes.len; /* so that two spans are not one longer one */
    mh_digester_add(&look->mail, mh_span(&len, sizeof len));
    mh_digester_add(&look->mail, bytes);
}

static void
add_to_whole(Look *look, MhSpan bytes)
{
    uint64_t len = bytes.len;
    mh_digester_add(&look->whole, mh_span(&len, sizeof len));
    mh_digester_add(&look->whole, bytes);
}

/* The beginning of the file @name; empty when it cannot be had. @buffer has room for @size. */
static MhSpan
read_head(int dirfd, const char *name, uint8_t *buffer, size_t size)
{
    int fd = mh_open_file(dirfd, name, MH_LINKS_REFUSE, NULL, NULL);
    if (fd < 0)
        return mh_span(NULL, 0);
    ssize_t got = pread(fd, buffer, size, 0);
    close(fd);
    return mh_span(buffer, got > 0 ? (size_t)got : 0);
}

/* V and N of version 3; the whole line of version 1, which is these two. */
static void
add_uids(Look *look, int dirfd)
{
    uint8_t buffer[UIDLIST_HEAD];
    MhSpan text = read_head(dirfd, "dovecot-uidlist", buffer, sizeof buffer), line, word;
    if (!mh_span_take_line(&text, &line, NULL) || !mh_span_take_word(&line, &word))
        return;
    bool with_keys = mh_span_equal(word, MH_SPAN_LITERAL("3"));
    while (mh_span_take_word(&line, &word)) {
        if (!with_keys || word.data[0] == 'V' || word.data[0] == 'N')
            add(look, word);
        if (with_keys && word.data[0] == 'N')
            look->used |= !mh_span_equal(word, MH_SPAN_LITERAL("N1"));
    }
}

static void
add_cache(Look *look, int dirfd)
{
    uint8_t buffer[CACHE_HEAD];
    struct stat st;
    int64_t when[2] = {0, 0};
    add_to_whole(look, read_head(dirfd, "dovecot.index.cache", buffer, sizeof buffer));
    if (mh_stat(dirfd, "new", MH_LINKS_REFUSE, &st, NULL)) {
        when[0] = st.st_mtim.tv_sec;
        when[1] = st.st_mtim.tv_nsec;
    }
    add_to_whole(look, mh_span(when, sizeof when));
}

/* A folder that cannot be looked at counts by its name: the server will say what is wrong. */
static void
add_folder(Look *look, int root, const char *name)
{
    add(look, mh_span_from_string(name));
    int dirfd = mh_open_dir_links(root, name, MH_LINKS_REFUSE, NULL);
    if (dirfd < 0)
        return;
    add_uids(look, dirfd);
    add_cache(look, dirfd);
    close(dirfd);
}

static bool
is_folder(const char *name)
{
    return name[0] == '.' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool
look_at_root(Look *look, int root, GError **error)
{
    g_autoptr(GPtrArray) names = mh_list_dir(root, error);
    if (names == NULL)
        return false;
    add_folder(look, root, ".");
    for (guint i = 0; i < names->len; i++) {
        if (is_folder(names->pdata[i]))
            add_folder(look, root, names->pdata[i]);
    }
    return true;
}

bool
mh_warm_mark_look(const char *pattern, const MhAccount *account, const char *asked,
                  MhWarmMark *out_mark, GError **error)
{
    Look look = {.used = false};
    int root = mh_place_open(pattern, account, error);
    if (root < 0)
        return false;
    mh_digester_init(&look.mail);
    mh_digester_init(&look.whole);
    bool good = look_at_root(&look, root, error);
    close(root);
    if (!good)
        return false;
    out_mark->mail = mh_digester_finish(&look.mail);
    add_to_whole(&look, mh_span(out_mark->mail.bytes, MH_DIGEST_BYTES));
    add_to_whole(&look, mh_span_from_string(asked));
    out_mark->whole = mh_digester_finish(&look.whole);
    out_mark->used = look.used;
    return true;
}
