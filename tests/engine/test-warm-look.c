/* Looks at the targets of accounts that have one and that have none; for those that never answer
 * see no-answer. */
#include "testing.h"
#include "warm-look.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

enum { BATCH = 10 }; /* as in warm-look.c */

typedef struct {
    char *dir, *pattern;
    GPtrArray *accounts;
} Fixture;

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    fixture->dir = g_dir_make_tmp("test-warm-look-XXXXXX", NULL);
    fixture->pattern = g_build_filename(fixture->dir, "%u", NULL);
    fixture->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)mh_account_free);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    for (guint i = 0; i < fixture->accounts->len; i++) {
        const MhAccount *account = fixture->accounts->pdata[i];
        g_autofree char *path = g_build_filename(fixture->dir, account->user, NULL);
        g_rmdir(path);
    }
    g_rmdir(fixture->dir);
    g_ptr_array_unref(fixture->accounts);
    g_free(fixture->pattern);
    g_free(fixture->dir);
    g_free(fixture);
    return 0;
}

static void
add_accounts(Fixture *fixture, guint count, bool with_maildir)
{
    while (count-- > 0) {
        g_autofree char *name = g_strdup_printf("u%u", fixture->accounts->len);
        g_autofree char *path = g_build_filename(fixture->dir, name, NULL);
        g_ptr_array_add(fixture->accounts, mh_account_new(name));
        if (with_maildir)
            assert_int_equal(g_mkdir(path, 0700), 0);
    }
}

/* More than one process asks about; each gets its own answer. */
static void
test_each_its_own(void **state)
{
    Fixture *fixture = *state;
    add_accounts(fixture, 1, false);
    add_accounts(fixture, 2 * BATCH, true);
    add_accounts(fixture, 1, false);
    g_autoptr(GArray) looks = mh_warm_look(fixture->pattern, fixture->accounts, NULL, "all", 60);
    assert_int_equal(looks->len, fixture->accounts->len);
    for (guint i = 0; i < looks->len; i++) {
        const MhWarmLook *look = &g_array_index(looks, MhWarmLook, i);
        MhWarmMark mark;
        g_autoptr(GError) error = NULL;
        bool there =
            mh_warm_mark_look(fixture->pattern, fixture->accounts->pdata[i], "all", &mark, &error);
        assert_int_equal(there, i != 0 && i != looks->len - 1);
        if (there) {
            assert_null(look->error);
            assert_true(mh_digest_equal(&look->mark.whole, &mark.whole));
        } else {
            assert_string_equal(look->error, error->message);
        }
    }
}

static void
test_nobody(void **state)
{
    const Fixture *fixture = *state;
    g_autoptr(GArray) looks = mh_warm_look(fixture->pattern, fixture->accounts, NULL, "all", 0);
    assert_int_equal(looks->len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
