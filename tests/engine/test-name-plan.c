#include "testing.h"

#include "maildir/maildir-folder-name.h"
#include "mutf7.h"
#include "name-plan.h"
#include "printable.h"

#define UE        "\xc3\xbc"  /* u with diaeresis, composed */
#define UE_LOOSE  "u\xcc\x88" /* the same in two characters */
#define UE_LATIN1 "\xfc"
#define UE_MUTF7  "&APw-"

/* A plan of the folders at @paths, '/' between their components, and its findings. */
typedef struct {
    size_t count;
    MhNameSource *sources;
    char ***components;
    MhFindings *findings;
    MhNamePlan *plan;
} Planned;

static Planned *
plan_of(const char *const *paths, const MhNamePlanOptions *options)
{
    Planned *planned = g_new0(Planned, 1);
    planned->count = g_strv_length((char **)(uintptr_t)paths);
    planned->sources = g_new0(MhNameSource, planned->count + 1);
    planned->components = g_new0(char **, planned->count + 1);
    for (size_t i = 0; i < planned->count; i++) {
        planned->components[i] = g_strsplit(paths[i], "/", 0);
        planned->sources[i].path = paths[i];
        planned->sources[i].components = (const char *const *)planned->components[i];
    }
    /* the account's INBOX is always there */
    planned->sources[planned->count].path = "//INBOX";
    planned->findings = mh_findings_new();
    planned->plan =
        mh_name_plan_new(planned->sources, planned->count + 1, options, planned->findings);
    return planned;
}

static void
planned_free(Planned *planned)
{
    for (size_t i = 0; i < planned->count; i++)
        g_strfreev(planned->components[i]);
    g_free(planned->components);
    g_free(planned->sources);
    mh_name_plan_free(planned->plan);
    mh_findings_free(planned->findings);
    g_free(planned);
}

static const char *
directory(const Planned *planned, const char *path)
{
    const MhTargetName *name = mh_name_plan_find(planned->plan, path);
    return name != NULL ? name->directory : "(none)";
}

static uint64_t
all_findings(const Planned *planned)
{
    return mh_findings_weigh(planned->findings, MH_WEIGHT_NOTE) +
           mh_findings_weigh(planned->findings, MH_WEIGHT_REPAIRED) +
           mh_findings_weigh(planned->findings, MH_WEIGHT_LOSS);
}

static const MhNamePlanOptions plain = {.escape = '^'};

static const struct {
    const char *path, *directory;
    unsigned findings;
} alone[] = {
    {"Sent", ".Sent", 0},
    {"a/b/c", ".a.b.c", 0},
    {"with blank", ".with blank", 0},
    {" leading", ". leading", 0},
    {"'quoted' \"name\"", ".'quoted' \"name\"", 0},
    {"R&D", ".R&-D", 0},
    {"R&-D", ".R&-D", 0},
    {"Q & A", ".Q &- A", 0},
    {"~tilde", ".^7etilde", 0},
    {"a~b", ".a~b", 0},
    {"#hash", ".#hash", 0},
    {"100%", ".100%", 0},
    {"a,b", ".a,b", 0},
    {"v1.2", ".v1^2e2", 0},
    {".hidden", ".^2ehidden", 0},
    {"...", ".^2e^2e^2e", 0},
    {"a^b", ".a^5eb", 0},
    {"back\\slash", ".back\\slash", 0},
    {UE "ber", ".&APw-ber", 0},
    {UE_MUTF7 "ber", ".&APw-ber", 0},
    {UE_LATIN1 "ber", ".&APw-ber", 1},
    {UE_LOOSE "ber", ".&APw-ber", 1},
    {"a\nb", ".a&AAo-b", 0},
    {"&AOQAAA-", ".&-AOQAAA-", 0}, /* would be a NUL */
    {"&Jjo", ".&-Jjo", 0},
    {"\xf0\x9f\x93\xa7", ".&2D3c5w-", 0},
    {"Inbox/x", ".INBOX.x", 1},
    {"INBOX/x", ".INBOX.x", 0},
    {"Inboxes", ".Inboxes", 0},
    {"x/inbox", ".x.inbox", 0},
};

static void
test_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(alone); i++) {
        const char *const paths[] = {alone[i].path, NULL};
        Planned *planned = plan_of(paths, &plain);
        const char *got = directory(planned, alone[i].path);
        if (strcmp(got, alone[i].directory) != 0 || all_findings(planned) != alone[i].findings)
            fail_msg("'%s': '%s', %u findings", alone[i].path, got,
                     (unsigned)all_findings(planned));
        /* what clients see and what stands on disk are one name */
        const MhTargetName *name = mh_name_plan_get(planned->plan, 0);
        char **levels = maildir_folder_name_to_path(mh_span_from_string(got), '^', NULL);
        bool same = levels != NULL &&
                    g_strv_equal((const char *const *)levels, (const char *const *)name->levels);
        g_strfreev(levels);
        if (!same)
            fail_msg("'%s': '%s' is not its levels", alone[i].path, got);
        assert_string_equal(mh_name_plan_get(planned->plan, 1)->directory, "");
        planned_free(planned);
    }
}

/* Who has the name, and who gets an ending: the rows' first path has it. */
static void
test_collisions(void **state)
{
    (void)state;
    static const struct {
        const char *paths[5];
        MhFindingCode code;
    } rows[] = {
        {{UE_MUTF7, UE, UE_LOOSE, UE_LATIN1, NULL}, MH_FINDING_FOLDER_NAME_COLLISION},
        {{UE, UE_LOOSE, UE_LATIN1, NULL}, MH_FINDING_FOLDER_NAME_COLLISION},
        {{UE_LOOSE, UE_LATIN1, NULL}, MH_FINDING_FOLDER_NAME_COLLISION},
        {{"R&-D", "R&D", NULL}, MH_FINDING_FOLDER_NAME_COLLISION},
        {{"x/" UE, "x/" UE_LATIN1, NULL}, MH_FINDING_FOLDER_NAME_COLLISION},
        {{"INBOX/a", "inbox/a", "Inbox/a", NULL}, MH_FINDING_FOLDER_NAME_INBOX},
    };
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        const char *paths[5] = {NULL};
        size_t row = i / 2, count = 0;
        while (rows[row].paths[count] != NULL)
            count++;
        for (size_t j = 0; j < count; j++) /* either order */
            paths[j] = rows[row].paths[i % 2 == 0 ? j : count - 1 - j];
        Planned *planned = plan_of(paths, &plain);
        const char *const first[] = {rows[row].paths[0], NULL};
        Planned *lone = plan_of(first, &plain);
        const char *has = directory(lone, first[0]);
        if (strcmp(directory(planned, first[0]), has) != 0)
            fail_msg("row %zu: '%s'", row, directory(planned, first[0]));
        for (size_t j = 1; j < count; j++) {
            const char *got = directory(planned, rows[row].paths[j]);
            if (!g_str_has_prefix(got, has) || strlen(got) != strlen(has) + 7 ||
                got[strlen(has)] != '-')
                fail_msg("row %zu: '%s'", row, got);
            for (size_t k = 1; k < j; k++)
                assert_string_not_equal(got, directory(planned, rows[row].paths[k]));
        }
        assert_int_equal(mh_findings_count(planned->findings, rows[row].code), count - 1);
        planned_free(lone);
        planned_free(planned);
    }
}

/* A folder called as the INBOX is keeps its mail under another name, always the same. */
static void
test_inbox(void **state)
{
    (void)state;
    const char *const one[] = {"Inbox", NULL};
    const char *const many[] = {"a", "inbox", "INBOX", "Inbox", "Inbox-x", NULL};
    Planned *lone = plan_of(one, &plain);
    Planned *planned = plan_of(many, &plain);
    char *got = g_strdup(directory(lone, "Inbox"));
    assert_true(g_str_has_prefix(got, ".Inbox-") && strlen(got) == strlen(".Inbox-") + 6);
    assert_string_equal(directory(planned, "Inbox"), got);
    assert_true(g_str_has_prefix(directory(planned, "inbox"), ".inbox-"));
    assert_true(g_str_has_prefix(directory(planned, "INBOX"), ".INBOX-"));
    assert_int_equal(mh_findings_count(planned->findings, MH_FINDING_FOLDER_NAME_INBOX), 3);
    /* the finding has both names */
    const MhFinding *finding = mh_findings_get(lone->findings, 0);
    char *detail = g_strdup_printf("'Inbox' -> '%s'", got + 1);
    assert_string_equal(finding->detail, detail);
    g_free(detail);
    /* somebody has taken the other name, too: a longer one */
    const char *const taken[] = {got + 1, "Inbox", NULL};
    Planned *hostile = plan_of(taken, &plain);
    assert_true(mh_name_plan_find(hostile->plan, "Inbox")->changed);
    assert_string_not_equal(directory(hostile, "Inbox"), directory(hostile, got + 1));
    g_free(got);
    planned_free(hostile);
    planned_free(planned);
    planned_free(lone);
}

/* However many names somebody takes that another folder would get, it gets one. */
static void
test_every_ending_taken(void **state)
{
    (void)state;
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(paths, g_strdup(UE_LATIN1));
    g_ptr_array_add(paths, g_strdup(UE_MUTF7));
    for (int round = 0; round < 8; round++) {
        g_ptr_array_add(paths, NULL);
        Planned *planned = plan_of((const char *const *)(void *)paths->pdata, &plain);
        GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
        for (guint i = 0; i + 1 < paths->len; i++)
            assert_true(g_hash_table_add(seen, mh_name_plan_get(planned->plan, i)->directory));
        g_hash_table_unref(seen);
        char *next = g_strdup(directory(planned, UE_LATIN1) + 1);
        g_ptr_array_set_size(paths, (gint)paths->len - 1);
        g_ptr_array_add(paths, next);
        planned_free(planned);
    }
    g_ptr_array_unref(paths);
}

static const char *
earlier(const char *path, void *data)
{
    return strcmp(path, UE_LATIN1) == 0 ? data : NULL;
}

/* A folder keeps the name of the first night, whatever appears in the second. */
static void
test_earlier(void **state)
{
    (void)state;
    const char *const first[] = {UE_LATIN1, NULL};
    const char *const second[] = {UE_LATIN1, UE, NULL};
    Planned *planned = plan_of(first, &plain);
    char *name = g_strdup(directory(planned, UE_LATIN1));
    assert_string_equal(name, ".&APw-");
    planned_free(planned);
    MhNamePlanOptions options = {.escape = '^', .earlier = earlier, .data = name};
    planned = plan_of(second, &options);
    assert_string_equal(directory(planned, UE_LATIN1), name);
    char *other = g_strdup(directory(planned, UE));
    assert_string_not_equal(other, name);
    planned_free(planned);
    /* and the ending, when the folder that it made room for is gone */
    g_free(name);
    planned = plan_of(second, &plain);
    name = g_strdup(directory(planned, UE_LATIN1));
    planned_free(planned);
    options.data = name;
    planned = plan_of(first, &options);
    assert_string_equal(directory(planned, UE_LATIN1), name);
    planned_free(planned);
    /* what is no name of its own is no claim */
    char stranger[] = ".Sent";
    options.data = stranger;
    planned = plan_of(first, &options);
    assert_string_equal(directory(planned, UE_LATIN1), ".&APw-");
    planned_free(planned);
    g_free(name);
    g_free(other);
}

/* On a target that takes upper and lower case for the same, two folders stay two. */
static void
test_folded_case(void **state)
{
    (void)state;
    const char *const paths[] = {"Case",      "case",      "Other", "other/below",
                                 "OTHER/Sub", "other/sub", "v1",    NULL};
    MhNamePlanOptions options = {.escape = '^', .folds_case = true};
    Planned *planned = plan_of(paths, &options);
    assert_string_equal(directory(planned, "Case"), ".Case");
    assert_true(g_str_has_prefix(directory(planned, "case"), ".case-"));
    assert_string_equal(directory(planned, "OTHER/Sub"), ".OTHER.Sub");
    assert_true(g_str_has_prefix(directory(planned, "other/sub"), ".other.sub-"));
    assert_string_equal(directory(planned, "other/below"), ".other.below");
    assert_int_equal(mh_findings_count(planned->findings, MH_FINDING_FOLDER_NAME_COLLISION), 2);
    assert_int_equal(mh_findings_count(planned->findings, MH_FINDING_FOLDER_NAME_CASE), 0);
    planned_free(planned);
}

static const char *
map(const char *path, void *data)
{
    (void)data;
    static const char *const rows[][2] = {
        {"old", "New/Name"}, {"thief", "Sent"}, {"me", "INBOX"}, {"v", "v1.2"}, {"nfd", UE_LOOSE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (strcmp(path, rows[i][0]) == 0)
            return rows[i][1];
    }
    return NULL;
}

static void
test_map(void **state)
{
    (void)state;
    const char *const paths[] = {"Sent", "old", "thief", "me", "v", "nfd", NULL};
    MhNamePlanOptions options = {.escape = '^', .map = map};
    Planned *planned = plan_of(paths, &options);
    assert_string_equal(directory(planned, "old"), ".New.Name");
    assert_string_equal(directory(planned, "thief"), ".Sent");
    assert_true(g_str_has_prefix(directory(planned, "Sent"), ".Sent-"));
    assert_true(g_str_has_prefix(directory(planned, "me"), ".INBOX-"));
    assert_string_equal(directory(planned, "v"), ".v1^2e2");
    assert_string_equal(directory(planned, "nfd"), ".&APw-");
    assert_true(mh_name_plan_find(planned->plan, "old")->mapped);
    assert_false(mh_name_plan_find(planned->plan, "Sent")->mapped);
    assert_int_equal(mh_findings_count(planned->findings, MH_FINDING_FOLDER_NAME_MAPPED), 5);
    assert_null(mh_name_plan_find(planned->plan, "nothing"));
    planned_free(planned);
}

static void
test_no_escape(void **state)
{
    (void)state;
    const char *const paths[] = {"v1.2", "v1_2", "~x", ".", "a/.b/c", NULL};
    MhNamePlanOptions options = {.escape = MAILDIR_ESCAPE_NONE};
    Planned *planned = plan_of(paths, &options);
    assert_string_equal(directory(planned, "~x"), "._x");
    assert_string_equal(directory(planned, "a/.b/c"), ".a._b.c");
    assert_string_equal(directory(planned, "."), "._");
    assert_string_not_equal(directory(planned, "v1.2"), directory(planned, "v1_2"));
    assert_int_equal(mh_findings_count(planned->findings, MH_FINDING_FOLDER_NAME_REPLACED), 4);
    planned_free(planned);
}

static void
test_case(void **state)
{
    (void)state;
    const char *const paths[] = {"Sent", "sent", "SENT", "other", NULL};
    Planned *planned = plan_of(paths, &plain);
    assert_string_equal(directory(planned, "Sent"), ".Sent");
    assert_string_equal(directory(planned, "sent"), ".sent");
    assert_string_equal(directory(planned, "SENT"), ".SENT");
    assert_int_equal(mh_findings_count(planned->findings, MH_FINDING_FOLDER_NAME_CASE), 2);
    planned_free(planned);
}

static char *
repeat(const char *text, size_t times, const char *end)
{
    GString *all = g_string_new(NULL);
    for (size_t i = 0; i < times; i++)
        g_string_append(all, text);
    g_string_append(all, end);
    return g_string_free(all, FALSE);
}

/* Names that are too long are cut at a character, stay apart, and are what they were next time. */
static void
test_long(void **state)
{
    (void)state;
    char *paths[] = {
        repeat("a", 254, ""),
        repeat("a", 255, ""),
        repeat("a", 254, "b"),
        repeat(UE, 127, ""),
        repeat("\xe2\x98\xba", 85, ""),
        repeat(".", 250, ""),
        repeat("abcdefghij/", 40, "x"),
        repeat("a/", 63, "end"),
        repeat("a.b/", 63, "end"),
        repeat("0123456789", 24, "/child"),
        repeat("0123456789", 25, "/child"),
        repeat("0123456789", 25, "x"),
        repeat(UE_LATIN1, 255, ""),
        repeat("\1", 255, ""),
        NULL,
    };
    Planned *planned = plan_of((const char *const *)(void *)paths, &plain);
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; paths[i] != NULL; i++) {
        const char *const lone[] = {paths[i], NULL};
        Planned *again = plan_of(lone, &plain);
        const char *got = directory(planned, paths[i]);
        char **levels = maildir_folder_name_to_path(mh_span_from_string(got), '^', NULL);
        if (strlen(got) > 255 || levels == NULL || strcmp(directory(again, paths[i]), got) != 0 ||
            !g_hash_table_add(seen, (char *)(uintptr_t)got))
            fail_msg("path %zu: '%s'", i, got);
        g_strfreev(levels);
        planned_free(again);
    }
    assert_int_equal(strlen(directory(planned, paths[0])), 255);
    assert_false(mh_name_plan_get(planned->plan, 0)->changed);
    assert_true(mh_name_plan_get(planned->plan, 1)->changed);
    uint64_t cut = mh_findings_count(planned->findings, MH_FINDING_FOLDER_NAME_CUT);
    assert_true(cut >= 9 && cut <= 12);
    for (size_t i = 0; paths[i] != NULL; i++)
        g_free(paths[i]);
    g_hash_table_unref(seen);
    planned_free(planned);
}

/* A subscription to a folder that is gone gets the name that the folder had. */
static void
test_directory(void **state)
{
    (void)state;
    char a[] = "a.b", c[] = UE;
    char *levels[] = {a, c, NULL};
    char *got = mh_name_plan_directory(levels, '^');
    assert_string_equal(got, ".a^2eb.&APw-");
    assert_string_equal(a, "a.b");
    g_free(got);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),       cmocka_unit_test(test_collisions),
        cmocka_unit_test(test_inbox),       cmocka_unit_test(test_every_ending_taken),
        cmocka_unit_test(test_earlier),     cmocka_unit_test(test_map),
        cmocka_unit_test(test_folded_case), cmocka_unit_test(test_no_escape),
        cmocka_unit_test(test_case),        cmocka_unit_test(test_long),
        cmocka_unit_test(test_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
