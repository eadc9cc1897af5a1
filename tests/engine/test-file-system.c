#include "testing.h"

#include "file-system.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void
test_types(void **state)
{
    (void)state;
    static const struct {
        unsigned long type;
        const char *name;
        bool local, no_colons, no_syncfs;
    } rows[] = {
        {EXT4_SUPER_MAGIC, "ext4", true, false, false},
        {TMPFS_MAGIC, "tmpfs", true, false, false},
        {0x58465342, "xfs", true, false, false},
        {NFS_SUPER_MAGIC, "nfs", false, false, false},
        {0xff534d42, "cifs", false, false, true},
        {(unsigned long)(int)0xff534d42, "cifs", false, false, true},
        {0x01021997, "9p", false, false, true},
        {0x65735546, "fuse", false, false, true},
        {MSDOS_SUPER_MAGIC, "vfat", false, true, false},
        {0x2011bab0, "exfat", false, true, false},
        {0, "unknown", false, false, false},
        {0x12345678, "unknown", false, false, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const MhFileSystem *system = mh_file_system_of_type(rows[i].type);
        if (strcmp(system->name, rows[i].name) != 0 || system->local != rows[i].local ||
            system->no_colons != rows[i].no_colons || system->no_syncfs != rows[i].no_syncfs)
            fail_msg("%lx: %s", rows[i].type, system->name);
    }
    assert_string_equal(mh_file_system_at("/nowhere/at/all")->name, "unknown");
    assert_ptr_equal(mh_file_system_near("/nowhere/at/all"), mh_file_system_at("/"));
    assert_ptr_equal(mh_file_system_near("/proc"), mh_file_system_at("/proc"));
    assert_string_equal(mh_file_system_near("/dev/null/x")->name, "unknown");
}

/* ext3 and ext4 have one type; what is mounted, and where, tells. */
static void
test_mounts(void **state)
{
    (void)state;
    static const char mounts[] =
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        "30 27 8:1 / /mail rw,relatime shared:1 master:2 - ext3 /dev/sda1 rw\n"
        "31 27 8:17 / /a\\040-\\040b rw - ext4 /dev/sdb1 rw\n"
        "nonsense\n32 27 8:2\n";
    static const struct {
        unsigned major, minor;
        const char *kind;
        uint32_t subdirectories;
    } rows[] = {{8, 1, "ext3", 31998}, {8, 17, "ext4", 0}, {8, 2, NULL, 0}, {0, 21, "proc", 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *kind = mh_file_system_kind(mounts, makedev(rows[i].major, rows[i].minor));
        if (g_strcmp0(kind, rows[i].kind) != 0 ||
            mh_file_system_of_mount(EXT4_SUPER_MAGIC, kind, 32000)->subdirectories !=
                rows[i].subdirectories)
            fail_msg("%u:%u: %s", rows[i].major, rows[i].minor, kind);
    }
    assert_int_equal(mh_file_system_of_mount(EXT4_SUPER_MAGIC, "ext2", 32000)->subdirectories,
                     31998);
    assert_int_equal(mh_file_system_of_mount(EXT4_SUPER_MAGIC, "ext3", 65000)->subdirectories,
                     64998);
    assert_string_equal(mh_file_system_of_mount(TMPFS_MAGIC, "ext3", 127)->name, "tmpfs");
    assert_string_equal(mh_file_system_mounted_at("/nowhere/at/all")->name, "unknown");
}

static MhSameFile
always(const char *a, const char *b, void *user)
{
    (void)user;
    return g_ascii_strcasecmp(a, b) == 0 ? MH_SAME_FILE : MH_OTHER_FILE;
}

static MhSameFile
exactly(const char *a, const char *b, void *user)
{
    (void)user;
    return strcmp(a, b) == 0 ? MH_SAME_FILE : MH_OTHER_FILE;
}

/* As always(), but the first have gone since they were listed. */
static MhSameFile
at_last(const char *a, const char *b, void *user)
{
    unsigned *gone = user;
    if (*gone == 0)
        return always(a, b, NULL);
    (*gone)--;
    return MH_FILE_UNKNOWN;
}

static void
test_folding(void **state)
{
    (void)state;
    static const struct {
        const char *names; /* by blanks */
        bool folds;        /* where the file system does */
    } rows[] = {
        {"", false},    {"123 -_", false}, {"cur new tmp", true}, {".Sent", true},
        {"a A", false}, {"a A b", true},   {"\xc3\xbc", false},   {"12 Cur", true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        char **words = g_strsplit(rows[i].names, " ", 0);
        for (char **word = words; *word != NULL; word++)
            g_ptr_array_add(names, *word);
        g_free(words);
        if (mh_file_system_folds_names(names, always, NULL) != rows[i].folds ||
            mh_file_system_folds_names(names, exactly, NULL))
            fail_msg("'%s'", rows[i].names);
    }
    /* It is asked until there is an answer, but not for ever. */
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (char c = 'a'; c <= 'z'; c++)
        g_ptr_array_add(names, (gpointer)(uintptr_t)g_intern_string((char[]){c, '1', '\0'}));
    unsigned gone = 9;
    assert_true(mh_file_system_folds_names(names, at_last, &gone));
    gone = 10;
    assert_false(mh_file_system_folds_names(names, at_last, &gone));
    assert_int_equal(gone, 0);
}

/* Two names of one file, which differ in case, are two names. */
static void
test_this_directory(void **state)
{
    (void)state;
    char path[] = "/tmp/test-file-system-XXXXXX";
    assert_non_null(mkdtemp(path));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = openat(fd, "name", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && file >= 0);
    assert_int_equal(linkat(fd, "name", fd, "Name", 0), 0);
    assert_false(mh_file_system_folds_case(fd));
    assert_int_equal(unlinkat(fd, "Name", 0), 0);
    assert_false(mh_file_system_folds_case(fd));
    assert_int_equal(unlinkat(fd, "name", 0), 0);
    close(file);
    close(fd);
    assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_folding),
        cmocka_unit_test(test_this_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
