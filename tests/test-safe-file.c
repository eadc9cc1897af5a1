#include "testing.h"

#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

/* A tree as a user might have left it:
 *
 *   outside/secret              not below the root
 *   root/plain                  "hello"
 *   root/dir/inner              "inner"
 *   root/fifo, root/socket
 *   root/to-plain -> plain      root/dir/up -> ../plain      root/to-dir -> dir
 *   root/abs -> /etc/passwd     root/out -> ../outside/secret
 *   root/loop -> loop           root/dangling -> nowhere     root/chain -> to-dir/up
 */
typedef struct {
    char *top;
    int outside, root;
} Tree;

static void
put(int dirfd, const char *name, const char *text)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void
put_socket(const char *top)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/root/socket", top);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

static int
set_up(void **state)
{
    Tree *tree = g_new0(Tree, 1);
    tree->top = g_dir_make_tmp("mailhaul-test-XXXXXX", NULL);
    assert_non_null(tree->top);
    int top = open(tree->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(top, "root", 0700) | mkdirat(top, "root/dir", 0700) |
                         mkdirat(top, "outside", 0700),
                     0);
    tree->root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tree->outside = openat(top, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(top);
    put(tree->outside, "secret", "secret");
    put(tree->root, "plain", "hello");
    put(tree->root, "dir/inner", "inner");
    assert_int_equal(mkfifoat(tree->root, "fifo", 0600), 0);
    put_socket(tree->top);
    static const char *const links[][2] = {
        {"plain", "to-plain"},      {"../plain", "dir/up"},       {"dir", "to-dir"},
        {"/etc/passwd", "abs"},     {"../outside/secret", "out"}, {"loop", "loop"},
        {"nowhere", "dangling"},    {"to-dir/up", "chain"},       {"dir/", "to-dir-slash"},
        {"dir/../../root", "over"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
        assert_int_equal(symlinkat(links[i][0], tree->root, links[i][1]), 0);
    *state = tree;
    return 0;
}

static int
tear_down(void **state)
{
    Tree *tree = *state;
    mh_safe_file_forget_openat2(false);
    close(tree->root);
    close(tree->outside);
    int status = testing_remove_tree(tree->top);
    g_free(tree->top);
    g_free(tree);
    return status;
}

enum { OPENS = -1 };

static const struct {
    const char *path;
    int beneath, refuse; /* a GFileError, or OPENS */
    const char *says;
} file_rows[] = {
    {"plain", OPENS, OPENS, NULL},
    {"./plain", OPENS, OPENS, NULL},
    {"dir/inner", OPENS, OPENS, NULL},
    {"dir//inner", OPENS, OPENS, NULL},
    {"dir/./../plain", OPENS, OPENS, NULL},
    {"dir/./inner", OPENS, OPENS, NULL},
    {"to-plain", OPENS, G_FILE_ERROR_LOOP, NULL},
    {"dir/up", OPENS, G_FILE_ERROR_LOOP, NULL},
    {"to-dir/inner", OPENS, G_FILE_ERROR_LOOP, NULL},
    {"to-dir-slash/inner", OPENS, G_FILE_ERROR_LOOP, NULL},
    {"chain", OPENS, G_FILE_ERROR_LOOP, NULL},
    {"abs", G_FILE_ERROR_PERM, G_FILE_ERROR_LOOP, NULL},
    {"out", G_FILE_ERROR_PERM, G_FILE_ERROR_LOOP, NULL},
    {"over/plain", G_FILE_ERROR_PERM, G_FILE_ERROR_LOOP, NULL},
    {"../outside/secret", G_FILE_ERROR_PERM, G_FILE_ERROR_PERM, "leads out of the directory"},
    {"dir/../../outside/secret", G_FILE_ERROR_PERM, G_FILE_ERROR_PERM, NULL},
    {"/etc/passwd", G_FILE_ERROR_PERM, G_FILE_ERROR_PERM, NULL},
    {"loop", G_FILE_ERROR_LOOP, G_FILE_ERROR_LOOP, "a symbolic link that may not be followed"},
    {"dangling", G_FILE_ERROR_NOENT, G_FILE_ERROR_LOOP, NULL},
    {"nothing", G_FILE_ERROR_NOENT, G_FILE_ERROR_NOENT, "/root/nothing'"},
    {"", G_FILE_ERROR_NOENT, G_FILE_ERROR_NOENT, NULL},
    {"plain/", G_FILE_ERROR_NOTDIR, G_FILE_ERROR_NOTDIR, NULL},
    {"plain/x", G_FILE_ERROR_NOTDIR, G_FILE_ERROR_NOTDIR, NULL},
    {"plain/..", G_FILE_ERROR_NOTDIR, G_FILE_ERROR_NOTDIR, NULL},
    {"dir", G_FILE_ERROR_ISDIR, G_FILE_ERROR_ISDIR, "it is a directory, not a regular file"},
    {"dir/", G_FILE_ERROR_ISDIR, G_FILE_ERROR_ISDIR, NULL},
    {".", G_FILE_ERROR_ISDIR, G_FILE_ERROR_ISDIR, NULL},
    {"fifo", G_FILE_ERROR_INVAL, G_FILE_ERROR_INVAL, "it is a FIFO, not a regular file"},
    {"socket", G_FILE_ERROR_INVAL, G_FILE_ERROR_INVAL, "it is a socket, not a regular file"},
    {"bad\nname\xff", G_FILE_ERROR_NOENT, G_FILE_ERROR_NOENT, "bad\\x0aname\\xff'"},
};

static int
open_result(int dirfd, const char *path, MhLinks links, char **out_message)
{
    struct stat st = {.st_size = -7};
    GError *error = NULL;
    int fd = mh_open_file(dirfd, path, links, &st, &error);
    int result = fd >= 0 ? OPENS : error->code;
    assert_int_equal(st.st_size == -7, fd < 0);
    if (fd >= 0) {
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        close(fd);
    }
    *out_message = error != NULL ? g_strdup(error->message) : NULL;
    g_clear_error(&error);
    return result;
}

static void
test_open_file(void **state)
{
    const Tree *tree = *state;
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(file_rows); i++) {
        size_t row = i / 2;
        char *message;
        mh_safe_file_forget_openat2(i % 2 == 1);
        int result = open_result(tree->root, file_rows[row].path, MH_LINKS_REFUSE, &message);
        if (result != file_rows[row].refuse)
            fail_msg("'%s' way %zu refuse: %d %s", file_rows[row].path, i % 2, result, message);
        g_free(message);
        result = open_result(tree->root, file_rows[row].path, MH_LINKS_BENEATH, &message);
        if (result != file_rows[row].beneath)
            fail_msg("'%s' way %zu beneath: %d %s", file_rows[row].path, i % 2, result, message);
        if (file_rows[row].says != NULL && strstr(message, file_rows[row].says) == NULL)
            fail_msg("'%s' way %zu: %s", file_rows[row].path, i % 2, message);
        g_free(message);
    }
}

/* Both ways agree on what every path stands for. */
static void
test_ways_agree(void **state)
{
    const Tree *tree = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(file_rows); i++) {
        for (MhLinks links = MH_LINKS_REFUSE; links <= MH_LINKS_BENEATH; links++) {
            struct stat kernel = {0}, walked = {0};
            mh_safe_file_forget_openat2(false);
            bool found = mh_stat(tree->root, file_rows[i].path, links, &kernel, NULL);
            mh_safe_file_forget_openat2(true);
            bool same = mh_stat(tree->root, file_rows[i].path, links, &walked, NULL) == found &&
                        kernel.st_ino == walked.st_ino;
            if (!same)
                fail_msg("'%s' links %d", file_rows[i].path, (int)links);
        }
    }
}

static void
test_device(void **state)
{
    const Tree *tree = *state;
    char *message;
    if (mknodat(tree->root, "device", S_IFCHR | 0600, makedev(1, 3)) != 0)
        assert_int_equal(errno, EPERM); /* only root may: the others have the FIFO */
    for (int way = 0; way < 2; way++) {
        mh_safe_file_forget_openat2(way == 1);
        int result = open_result(tree->root, "device", MH_LINKS_REFUSE, &message);
        assert_int_equal(result, geteuid() == 0 ? G_FILE_ERROR_INVAL : G_FILE_ERROR_NOENT);
        assert_true(geteuid() != 0 || strstr(message, "it is a character device") != NULL);
        g_free(message);
    }
}

static void
test_open_dir(void **state)
{
    const Tree *tree = *state;
    static const struct {
        const char *path;
        int beneath, refuse;
    } rows[] = {
        {".", OPENS, OPENS},
        {"dir", OPENS, OPENS},
        {"dir/", OPENS, OPENS},
        {"dir/..", OPENS, OPENS},
        {"to-dir", OPENS, G_FILE_ERROR_LOOP},
        {"over", G_FILE_ERROR_PERM, G_FILE_ERROR_LOOP},
        {"..", G_FILE_ERROR_PERM, G_FILE_ERROR_PERM},
        {"plain", G_FILE_ERROR_NOTDIR, G_FILE_ERROR_NOTDIR},
        {"fifo", G_FILE_ERROR_NOTDIR, G_FILE_ERROR_NOTDIR},
    };
    for (size_t i = 0; i < 4 * G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        bool beneath = i % 2 == 0;
        mh_safe_file_forget_openat2(i % 4 >= 2);
        int fd = beneath ? mh_open_dir(tree->root, rows[i / 4].path, &error)
                         : mh_open_dir_links(tree->root, rows[i / 4].path, MH_LINKS_REFUSE, &error);
        int result = fd >= 0 ? OPENS : error->code;
        if (fd >= 0)
            close(fd);
        if (result != (beneath ? rows[i / 4].beneath : rows[i / 4].refuse))
            fail_msg("'%s' case %zu: %d", rows[i / 4].path, i % 4, result);
    }
    assert_int_equal(mh_open_root("/nowhere/at/all", NULL), -1);
}

static void
test_make_dir(void **state)
{
    const Tree *tree = *state;
    GError *error = NULL;
    struct stat st;
    bool made = false;
    mode_t before = umask(0777);
    int fd = mh_make_dir(tree->root, "new", 0751, &made, &error);
    umask(before);
    assert_true(fd >= 0 && made);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0751);
    close(fd);
    fd = mh_make_dir(tree->root, "new", 0700, &made, &error);
    assert_true(fd >= 0 && !made);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0751); /* what is there stays as it is */
    close(fd);
    static const char *const bad[] = {"to-dir", "abs", "plain", "fifo", "a/b", "", ".", ".."};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_int_equal(mh_make_dir(tree->root, bad[i], 0700, NULL, &error), -1);
        assert_non_null(error);
        g_clear_error(&error);
    }
}

/* Nothing there is no error where it need not be there; all else is as ever. */
static void
test_if_there(void **state)
{
    static const struct {
        const char *path;
        bool stats, opens, fails_to_open;
    } rows[] = {
        {"plain", true, true, false},      {"to-plain", true, true, false},
        {"nothing", false, false, false},  {"dangling", false, false, false},
        {"dir/nope", false, false, false}, {"fifo", true, false, true},
        {"dir", true, false, true},
    };
    const Tree *tree = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) problem = NULL, of_read = NULL;
        struct stat st;
        bool there = !rows[i].stats;
        print_message("%s\n", rows[i].path);
        assert_true(
            mh_stat_if_there(tree->root, rows[i].path, MH_LINKS_BENEATH, &st, &there, NULL));
        assert_int_equal(there, rows[i].stats);
        int fd = mh_open_file_if_there(tree->root, rows[i].path, MH_LINKS_BENEATH, NULL, &problem);
        assert_int_equal(fd >= 0, rows[i].opens);
        assert_int_equal(problem != NULL, rows[i].fails_to_open);
        g_autoptr(GBytes) text = mh_read_file_if_there(tree->root, rows[i].path, 5, NULL, &of_read);
        assert_int_equal(text != NULL, rows[i].opens);
        assert_int_equal(of_read != NULL, rows[i].fails_to_open);
        if (fd >= 0)
            close(fd);
    }
    g_autoptr(GError) loop = NULL;
    struct stat st;
    bool there;
    assert_false(mh_stat_if_there(tree->root, "loop", MH_LINKS_BENEATH, &st, &there, &loop));
    assert_true(g_error_matches(loop, G_FILE_ERROR, G_FILE_ERROR_LOOP));
}

/* A name is there whatever it stands for; a failure to look answers nothing. */
static void
test_look_for(void **state)
{
    const Tree *tree = *state;
    static const char *const names[] = {"plain", "dir", "fifo", "socket", "dangling", "loop"};
    g_autofree char *long_name = g_strnfill(NAME_MAX + 1, 'x');
    g_autoptr(GError) too_long = NULL, no_dir = NULL;
    bool there;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        there = false;
        assert_true(mh_look_for(tree->root, names[i], &there, NULL));
        assert_true(there);
    }
    assert_true(mh_look_for(tree->root, "nowhere", &there, NULL));
    assert_false(there);
    there = true;
    assert_true(mh_look_for(-1, "plain", &there, NULL));
    assert_false(there);
    for (int before = 0; before < 2; before++) { /* left as it was */
        there = before != 0;
        g_clear_error(&too_long);
        g_clear_error(&no_dir);
        assert_false(mh_look_for(tree->root, long_name, &there, &too_long));
        assert_false(mh_look_for(1000000, "plain", &there, &no_dir));
        assert_int_equal(there, before);
    }
    assert_true(g_error_matches(too_long, G_FILE_ERROR, G_FILE_ERROR_NAMETOOLONG));
    assert_true(g_error_matches(no_dir, G_FILE_ERROR, G_FILE_ERROR_BADF));
}

static void
test_read_file(void **state)
{
    const Tree *tree = *state;
    g_autoptr(GError) error = NULL;
    struct stat st;
    GBytes *bytes = mh_read_file(tree->root, "chain", 5, &st, NULL);
    assert_true(mh_span_equal(mh_span_from_bytes(bytes), MH_SPAN_LITERAL("hello")));
    assert_int_equal(st.st_size, 5);
    g_bytes_unref(bytes);
    assert_null(mh_read_file(tree->root, "plain", 4, NULL, &error));
    assert_int_equal(error->code, G_FILE_ERROR_FAILED);
    assert_non_null(strstr(error->message, "it is larger than 4 bytes"));
    put(tree->root, "empty", "");
    bytes = mh_read_file(tree->root, "empty", 0, NULL, NULL);
    assert_int_equal(g_bytes_get_size(bytes), 0);
    g_bytes_unref(bytes);
    assert_null(mh_read_file(tree->root, "fifo", 5, NULL, NULL));
}

/* Files of /proc say that they are empty: what is read counts, and the limit holds. */
static void
test_read_grown_file(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    int proc = mh_open_root("/proc", NULL);
    assert_true(proc >= 0);
    GBytes *bytes = mh_read_file(proc, "cpuinfo", 1 << 20, NULL, NULL);
    size_t size = bytes != NULL ? g_bytes_get_size(bytes) : 0;
    g_clear_pointer(&bytes, g_bytes_unref);
    assert_null(mh_read_file(proc, "cpuinfo", 10, NULL, &error));
    /* the way through a magic link is closed */
    assert_null(mh_read_file(proc, "self/exe", UINT64_MAX, NULL, NULL));
    close(proc);
    assert_true(size > 10);
    assert_int_equal(error->code, G_FILE_ERROR_FAILED);
}

static void
check_file(int dirfd, const char *name, const char *text, mode_t mode)
{
    struct stat st = {0};
    GBytes *bytes = mh_read_file(dirfd, name, 100, &st, NULL);
    bool equal = mh_span_equal(mh_span_from_bytes(bytes), mh_span_from_string(text));
    g_bytes_unref(bytes);
    assert_true(equal);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void
test_replace_file(void **state)
{
    const Tree *tree = *state;
    GError *error = NULL;
    mode_t before = umask(0777);
    /* what a killed run left behind is in nobody's way */
    put(tree->root, "mailhaul-tmp.list", "half");
    bool done = mh_replace_file(tree->root, "list", MH_SPAN_LITERAL("one\n"), 0640, (uid_t)-1,
                                (gid_t)-1, &error);
    umask(before);
    assert_true(done);
    check_file(tree->root, "list", "one\n", 0640);
    assert_true(mh_replace_file(tree->root, "list", MH_SPAN_LITERAL(""), 0600, geteuid(), getegid(),
                                &error));
    check_file(tree->root, "list", "", 0600);
    /* a link is replaced, what it points to is not written to */
    assert_true(mh_replace_file(tree->root, "out", MH_SPAN_LITERAL("mine"), 0600, (uid_t)-1,
                                (gid_t)-1, &error));
    check_file(tree->root, "out", "mine", 0600);
    check_file(tree->outside, "secret", "secret", 0600);
    assert_false(mh_replace_file(tree->root, "dir", MH_SPAN_LITERAL("x"), 0600, (uid_t)-1,
                                 (gid_t)-1, &error));
    assert_int_equal(error->code, G_FILE_ERROR_ISDIR);
    g_clear_error(&error);
    assert_false(
        mh_replace_file(tree->root, "a/b", MH_SPAN_LITERAL("x"), 0600, (uid_t)-1, (gid_t)-1, NULL));
    struct stat st;
    assert_int_equal(fstatat(tree->root, "mailhaul-tmp.dir", &st, 0), -1);
    assert_int_equal(fstatat(tree->root, "mailhaul-tmp.list", &st, 0), -1);
}

/* Others write the file, too: each way in which it can have become another. */
static void
test_replace_unchanged(void **state)
{
    const Tree *tree = *state;
    static const struct {
        const char *before, *meanwhile; /* NULL: it is not there */
        bool done;
    } rows[] = {{NULL, NULL, true},
                {"one", "one", true},
                {NULL, "new", false},
                {"one", "two!", false},
                {"one", NULL, false}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        unlinkat(tree->root, "shared", 0);
        if (rows[i].before != NULL)
            assert_true(mh_replace_file(tree->root, "shared", mh_span_from_string(rows[i].before),
                                        0600, (uid_t)-1, (gid_t)-1, NULL));
        MhStamp stamp = mh_stamp_at(tree->root, "shared");
        assert_int_equal(stamp.inode != 0, rows[i].before != NULL);
        if (rows[i].meanwhile == NULL)
            unlinkat(tree->root, "shared", 0);
        else if (g_strcmp0(rows[i].meanwhile, rows[i].before) != 0)
            assert_true(mh_replace_file(tree->root, "shared",
                                        mh_span_from_string(rows[i].meanwhile), 0600, (uid_t)-1,
                                        (gid_t)-1, NULL));
        bool done = mh_replace_unchanged(tree->root, "shared", MH_SPAN_LITERAL("ours"), 0600,
                                         (uid_t)-1, (gid_t)-1, &stamp, &error);
        if (done != rows[i].done)
            fail_msg("row %zu", i);
        g_autoptr(GBytes) text = mh_read_file(tree->root, "shared", 100, NULL, NULL);
        const char *expected = done ? "ours" : rows[i].meanwhile;
        assert_int_equal(text != NULL, expected != NULL);
        assert_true(text == NULL ||
                    mh_span_equal(mh_span_from_bytes(text), mh_span_from_string(expected)));
        assert_true(done || g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN));
        assert_int_equal(faccessat(tree->root, "mailhaul-tmp.shared", F_OK, 0), -1);
    }
}

static void
test_rename_noreplace(void **state)
{
    const Tree *tree = *state;
    for (int way = 0; way < 2; way++) {
        GError *error = NULL;
        mh_safe_file_forget_openat2(way == 1);
        put(tree->root, "from", "from");
        put(tree->root, "dir/there", "there");
        int dir = mh_open_dir(tree->root, "dir", NULL);
        bool over = mh_rename_noreplace(tree->root, "from", dir, "there", &error);
        int code = error != NULL ? error->code : -1;
        g_clear_error(&error);
        bool fresh = mh_rename_noreplace(tree->root, "from", dir, "fresh", &error);
        bool over_dir = mh_rename_noreplace(tree->root, "dir", tree->outside, "taken", NULL);
        bool moved =
            over_dir && mh_rename_noreplace(tree->outside, "taken", tree->root, "dir", NULL);
        unlinkat(dir, "fresh", 0);
        close(dir);
        assert_false(over);
        assert_int_equal(code, G_FILE_ERROR_EXIST);
        assert_true(fresh && moved);
        check_file(tree->root, "dir/there", "there", 0600);
        assert_false(mh_rename_noreplace(tree->root, "none", tree->root, "x", NULL));
        assert_int_equal(mkdirat(tree->root, "empty-dir", 0700), way == 0 ? 0 : -1);
        assert_false(mh_rename_noreplace(tree->root, "dir", tree->root, "empty-dir", NULL));
    }
}

/* @depth directories one in the other, a file and a link in each. */
static void
make_deep(int dirfd, int depth)
{
    int here = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
    for (int i = 0; i < depth; i++) {
        assert_int_equal(mkdirat(here, "down", 0700), 0);
        int next = openat(here, "down", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(here);
        here = next;
        put(here, "file", "x");
        assert_int_equal(symlinkat("/etc", here, "link"), 0);
        assert_int_equal(mkdirat(here, "empty", i % 3 == 0 ? 0000 : 0700), 0);
    }
    close(here);
}

static void
test_remove_tree(void **state)
{
    const Tree *tree = *state;
    struct stat st;
    for (int way = 0; way < 2; way++) {
        mh_safe_file_forget_openat2(way == 1);
        make_deep(tree->root, 3000); /* longer than PATH_MAX, and more than there are descriptors */
        assert_true(mh_remove_tree(tree->root, "down", NULL));
        assert_int_equal(fstatat(tree->root, "down", &st, AT_SYMLINK_NOFOLLOW), -1);
    }
    assert_true(mh_remove_tree(tree->root, "down", NULL)); /* nothing there is fine */
    assert_int_equal(symlinkat("../outside", tree->root, "to-outside"), 0);
    assert_true(mh_remove_tree(tree->root, "to-outside", NULL));
    assert_int_equal(symlinkat("../../outside", tree->root, "dir/to-outside"), 0);
    assert_int_equal(fchmodat(tree->root, "dir", 0000, 0), 0);
    assert_true(mh_remove_tree(tree->root, "dir", NULL));
    assert_true(mh_remove_tree(tree->root, "fifo", NULL));
    check_file(tree->outside, "secret", "secret", 0600);
    assert_false(mh_remove_tree(tree->root, "a/b", NULL));
    assert_false(mh_remove_tree(tree->root, "..", NULL));
    assert_int_equal(fstatat(tree->root, "plain", &st, 0), 0);
}

/* While this is set, what NFS and FUSE do: a file that is open gets another name. */
static bool is_open_somewhere;
static unsigned held_unlinks;

int
unlinkat(int dirfd, const char *name, int flags)
{
    bool is_nfs = g_str_has_prefix(name, ".nfs0"), is_fuse = g_str_has_prefix(name, ".fuse_hidden");
    char other[64];
    if (is_open_somewhere && (is_nfs || is_fuse)) {
        assert_true(++held_unlinks < 100);
        g_snprintf(other, sizeof other, ".fuse_hidden%016x", held_unlinks);
        if (is_fuse)
            return renameat(dirfd, name, dirfd, other);
        errno = EBUSY;
        return -1;
    }
    return (int)syscall(SYS_unlinkat, dirfd, name, flags);
}

/* What is open somewhere stays, and nothing else, until it is closed. */
static void
test_remove_tree_that_is_held(void **state)
{
    const Tree *tree = *state;
    static const char *const names[] = {".nfs000000000012d687000000a1",
                                        ".fuse_hidden0000001d00000003"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        int top = mh_make_dir(tree->root, "top", 0700, NULL, NULL);
        int deep = mh_make_dir(top, "deep", 0700, NULL, NULL);
        int deeper = mh_make_dir(deep, "deeper", 0700, NULL, NULL);
        put(top, "plain", "");
        put(deep, ".nfs-is-the-name-of-mine", "");
        put(deeper, names[i], "");
        close(deeper);
        close(deep);
        is_open_somewhere = true;
        held_unlinks = 0;
        bool removed = mh_remove_tree(tree->root, "top", NULL);
        is_open_somewhere = false;
        g_autoptr(GPtrArray) left = mh_list_dir(top, NULL);
        close(top);
        assert_true(removed);
        assert_int_equal(left->len, 1);
        assert_true(mh_remove_tree(tree->root, "top", NULL));
        assert_int_equal(faccessat(tree->root, "top", F_OK, 0), -1);
    }
}

static void
test_list_dir(void **state)
{
    const Tree *tree = *state;
    int dir = mh_make_dir(tree->root, "list", 0700, NULL, NULL);
    static const char *const names[] = {"\xff", "a", "A", "a b", ".x", "\x01", "ab"};
    static const char *const sorted[] = {"\x01", ".x", "A", "a", "a b", "ab", "\xff"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        put(dir, names[i], "");
    for (int again = 0; again < 2; again++) {
        GPtrArray *list = mh_list_dir(dir, NULL);
        bool equal = list != NULL && list->len == G_N_ELEMENTS(sorted);
        for (guint i = 0; equal && i < list->len; i++)
            equal = strcmp(list->pdata[i], sorted[i]) == 0;
        g_clear_pointer(&list, g_ptr_array_unref);
        assert_true(equal);
    }
    close(dir);
    int file = mh_open_file(tree->root, "plain", MH_LINKS_REFUSE, NULL, NULL);
    assert_null(mh_list_dir(file, NULL));
    close(file);
}

static void
test_stamp(void **state)
{
    const Tree *tree = *state;
    struct stat st;
    assert_true(mh_stat(tree->root, "plain", MH_LINKS_REFUSE, &st, NULL));
    MhStamp a = mh_stamp_of(&st);
    MhStamp b = a;
    assert_int_equal(a.size_bytes, 5);
    assert_int_equal(a.inode, st.st_ino);
    assert_true(mh_stamp_equal(&a, &b));
    st.st_mtim.tv_sec = -1;
    st.st_mtim.tv_nsec = 999999999;
    b = mh_stamp_of(&st);
    assert_int_equal(b.mtime_ns, -1);
    assert_false(mh_stamp_equal(&a, &b));
    b = a;
    b.ctime_ns++;
    assert_false(mh_stamp_equal(&a, &b));
    b = a;
    a.device = makedev(8, 1);
    b.device = makedev(8, 2);
    assert_false(mh_stamp_equal(&a, &b));
    b.device = makedev(0, 45);
    assert_false(mh_stamp_equal(&a, &b));
    a.device = makedev(0, 44); /* NFS before and after a boot */
    assert_true(mh_stamp_equal(&a, &b));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_open_file),
        TEST(test_ways_agree),
        TEST(test_device),
        TEST(test_open_dir),
        TEST(test_make_dir),
        TEST(test_if_there),
        TEST(test_look_for),
        TEST(test_read_file),
        TEST(test_read_grown_file),
        TEST(test_replace_file),
        TEST(test_replace_unchanged),
        TEST(test_rename_noreplace),
        TEST(test_remove_tree),
        TEST(test_remove_tree_that_is_held),
        TEST(test_list_dir),
        TEST(test_stamp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
