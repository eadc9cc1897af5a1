/* What holds for every sync, tried on folders that nobody would think of: sources that live
 * (mail comes, goes, is flagged, edited, moved, renumbered), targets that testers use and that are
 * killed half-way; and on sheer noise. All from a fixed seed. */
#include "sync-model.h"

#define ROUNDS 3000
#define STEPS  12
#define FRESH  2000000 /* no source has such a UIDVALIDITY */

typedef struct {
    Model model;
    GRand *dice;
    uint32_t next_name;
    bool used; /* the target had mail of its own, or files that it renumbered */
    bool odd;  /* the source did what no server does */
    MhSyncPlan *plan;
    char *last; /* the plan before, in words */
} World;

static int
setup(void **state)
{
    World *world = g_new0(World, 1);
    world->dice = g_rand_new_with_seed(20);
    *state = world;
    return 0;
}

static int
teardown(void **state)
{
    World *world = *state;
    model_clear(&world->model);
    mh_sync_plan_free(world->plan);
    g_rand_free(world->dice);
    g_free(world->last);
    g_free(world);
    return 0;
}

static uint32_t
roll(World *world, uint32_t sides)
{
    return (uint32_t)g_rand_int_range(world->dice, 0, (gint32)sides);
}

/* Few names, so that equal messages are frequent. */
static MhDigest
some_id(World *world)
{
    char name = (char)('a' + roll(world, 6));
    return model_id(&name, 1);
}

/* A name that one message has on each side. */
static MhDigest
unique_id(uint32_t number)
{
    char name = (char)('A' + number);
    return model_id(&name, 1);
}

static MhFlags
some_flags(World *world)
{
    return (MhFlags)(roll(world, 3) == 0 ? roll(world, MH_FLAGS_ALL + 1) : 0);
}

static uint32_t
some_set(World *world)
{
    uint16_t members[3] = {(uint16_t)roll(world, 26), (uint16_t)roll(world, 26), 0};
    return mh_mailbox_keyword_set(world->model.source, members, roll(world, 4));
}

static void
start(World *world)
{
    mh_sync_plan_free(g_steal_pointer(&world->plan));
    model_clear(&world->model);
    world->model.source = model_new_source();
    world->model.target.messages = g_array_new(FALSE, TRUE, sizeof(MhTargetMessage));
    world->model.names = g_ptr_array_new_with_free_func(g_free);
    for (char name = 'a'; name <= 'f'; name++)
        g_ptr_array_add(world->model.names, g_strndup(&name, 1));
    world->used = world->odd = false;
}

/* A UID twice is met in files; on equal messages it is more than a source may claim. */
static void
drop_equal_uids(World *world)
{
    GArray *messages = world->model.source->messages;
    for (guint i = 0; i < messages->len; i++) {
        MhMessage *message = &g_array_index(messages, MhMessage, i);
        for (guint j = 0; j < i; j++) {
            const MhMessage *before = &g_array_index(messages, MhMessage, j);
            if (before->uid == message->uid && mh_digest_equal(&before->id, &message->id))
                message->uid = 0;
        }
    }
}

/* ---- a source that lives ------------------------------------------------------------------ */

static GArray *
source_messages(World *world)
{
    return world->model.source->messages;
}

static void
source_gets_mail(World *world)
{
    MhMailbox *source = world->model.source;
    uint32_t set = some_set(world);
    MhMessage *message = mh_mailbox_add(source);
    message->id = some_id(world);
    message->flags = (uint32_t)some_flags(world) & MH_FLAGS_ALL;
    message->keywords = set & MH_KEYWORD_SET_MASK;
    message->is_new = roll(world, 2) == 0;
    if (source->uids.uidvalidity != 0)
        message->uid = source->uids.uidnext++;
}

static void
source_changes_one(World *world)
{
    GArray *messages = source_messages(world);
    if (messages->len == 0)
        return;
    guint index = roll(world, messages->len);
    MhMessage *message = &g_array_index(messages, MhMessage, index);
    switch (roll(world, 5)) {
    case 0:
        g_array_remove_index(messages, index);
        break;
    case 1:
        message->keywords = some_set(world) & MH_KEYWORD_SET_MASK;
        break;
    case 2:
        message->id = some_id(world); /* edited in place */
        break;
    case 3: { /* moved out and back */
        MhMessage copy = *message;
        g_array_remove_index(messages, index);
        if (copy.uid != 0)
            copy.uid = world->model.source->uids.uidnext++;
        g_array_append_val(messages, copy);
        break;
    }
    default:
        message->flags = (uint32_t)some_flags(world) & MH_FLAGS_ALL;
    }
}

static void
source_is_renumbered(World *world)
{
    MhUidState *uids = &world->model.source->uids;
    uids->uidvalidity = roll(world, 3) == 0 ? 0 : 1 + roll(world, 1000000);
    uids->uidnext = uids->uidvalidity != 0 ? 1 + roll(world, 50) : 0;
    for (guint i = 0; i < source_messages(world)->len; i++) {
        MhMessage *message = &g_array_index(source_messages(world), MhMessage, i);
        message->uid = uids->uidvalidity != 0 ? uids->uidnext++ : 0;
    }
}

/* What no server does, and files are found to hold all the same. */
static void
source_goes_mad(World *world)
{
    GArray *messages = source_messages(world);
    world->odd = true;
    for (guint i = 0; i < messages->len; i++) {
        MhMessage *message = &g_array_index(messages, MhMessage, i);
        if (roll(world, 2) == 0)
            message->uid = roll(world, 10) == 0 ? UINT32_MAX - roll(world, 4) : roll(world, 40);
    }
    if (roll(world, 2) == 0)
        world->model.source->uids.uidnext = roll(world, 40);
}

/* ---- a target that is used ---------------------------------------------------------------- */

static void
target_gets_mail(World *world)
{
    MhUidState *uids = &world->model.target.uids;
    char name[20];
    int len = g_snprintf(name, sizeof name, "own-%u", world->next_name++);
    MhTargetMessage message = {.is_new = roll(world, 2) == 0};
    model_set_id(&world->model, &message, model_id(name, (size_t)len));
    if (uids->uidvalidity != 0 && roll(world, 2) == 0)
        message.uid = uids->uidnext++;
    world->used |= message.uid != 0;
    g_array_append_val(world->model.target.messages, message);
}

static void
target_changes_one(World *world)
{
    GArray *messages = world->model.target.messages;
    if (messages->len == 0)
        return;
    guint index = roll(world, messages->len);
    MhTargetMessage *message = &g_array_index(messages, MhTargetMessage, index);
    switch (roll(world, 5)) {
    case 0:
        g_array_remove_index(messages, index);
        break;
    case 1:
        message->letters = 1u << roll(world, 26);
        break;
    case 2: /* the list lost it, as if killed before it was written */
        message->uid = 0;
        message->has_carried = false;
        break;
    default:
        message->flags = (uint32_t)some_flags(world) & MH_FLAGS_ALL;
        message->is_new = false;
    }
}

/* ---- what must hold ----------------------------------------------------------------------- */

static void
check_lines(World *world)
{
    const MhSyncPlan *plan = world->plan;
    size_t sources = 0;
    uint32_t last = 0;
    g_autofree bool *seen = g_new0(bool, source_messages(world)->len);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        assert_true(line->uid > last);
        last = line->uid;
        assert_true(line->source != 0 || line->target != 0);
        if (line->source == 0)
            continue;
        assert_false(seen[line->source - 1]);
        seen[line->source - 1] = true;
        sources++;
    }
    assert_true(last < plan->uids.uidnext);
    assert_true(plan->uids.uidnext <= MH_UID_MAX);
    assert_int_not_equal(plan->uids.uidvalidity, 0);
    assert_int_equal(sources, source_messages(world)->len);
}

/* Every target message is listed, expunged, or left unlisted as it was; never two of these. Mail
 * of its own is left as it is. */
static void
check_target(World *world, MhSyncInput options)
{
    const MhSyncPlan *plan = world->plan;
    GArray *messages = world->model.target.messages;
    g_autofree int *fate = g_new0(int, messages->len);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->target == 0)
            continue;
        const MhTargetMessage *there = mh_target_index_get(&world->model.target, line->target - 1);
        fate[line->target - 1]++;
        assert_true(there->ours || line->source != 0 || !line->retag);
        assert_true(line->retag ||
                    (line->flags == there->flags && line->letters == there->letters));
        assert_false(options.late && line->retag);
        assert_true(!line->renumber || there->uid == 0 || plan->uids_replaced);
    }
    for (guint i = 0; i < plan->expunge->len; i++) {
        uint32_t t = g_array_index(plan->expunge, uint32_t, i);
        fate[t]++;
        assert_true(mh_target_index_get(&world->model.target, t)->ours);
    }
    assert_true(plan->expunge->len == 0 || (!options.late && !options.keep_expunged));
    for (guint t = 0; t < messages->len; t++) {
        const MhTargetMessage *there = mh_target_index_get(&world->model.target, t);
        assert_true(fate[t] == 1 || (fate[t] == 0 && there->uid == 0));
    }
}

static void
check_numbers(World *world)
{
    const MhSyncPlan *plan = world->plan;
    const MhUidState *before = &world->model.target.uids;
    if (plan->uids.uidvalidity == before->uidvalidity)
        assert_true(plan->uids.uidnext >= before->uidnext);
    else
        assert_true(before->uidvalidity == 0 || plan->uids_replaced);
    const MhMailbox *source = world->model.source;
    if (world->used || world->odd || source->uids.uidvalidity == 0)
        return;
    /* A good source, and a target that nobody delivers to: the numbers are those of the source. */
    assert_int_equal(plan->uids.uidvalidity, source->uids.uidvalidity);
    assert_int_equal(plan->uids_lost, 0);
    for (guint i = 0; i < plan->lines->len; i++) {
        const MhSyncLine *line = &g_array_index(plan->lines, MhSyncLine, i);
        if (line->source != 0)
            assert_int_equal(line->uid, mh_mailbox_get(source, line->source - 1)->uid);
    }
}

static void
sync_and_check(World *world, MhSyncInput options)
{
    mh_sync_plan_free(g_steal_pointer(&world->plan));
    world->plan = model_sync(&world->model, options);
    g_free(world->last);
    world->last = model_write_plan(&world->model, world->plan);
    check_lines(world);
    check_target(world, options);
    if (!options.late)
        check_numbers(world);
    model_apply(&world->model, world->plan, options.late);
}

static bool
used_up(const World *world)
{
    bool up = world->model.target.uids.uidvalidity >= FRESH;
    for (size_t i = 0; i < mh_mailbox_length(world->model.source); i++)
        up |= mh_mailbox_get(world->model.source, i)->uid > MH_UID_MAX - 10;
    return up;
}

/* When numbers were used up (@settles), one more run may find that those of the source can be had
 * after all. */
static void
check_idle(World *world, MhSyncInput options, bool settles)
{
    mh_sync_plan_free(g_steal_pointer(&world->plan));
    world->plan = model_sync(&world->model, options);
    if (model_plan_is_idle(world->plan))
        return;
    if (settles && world->plan->uids.uidvalidity == world->model.source->uids.uidvalidity) {
        model_apply(&world->model, world->plan, options.late);
        check_idle(world, options, false);
        return;
    }
    g_autofree char *text = model_write_plan(&world->model, world->plan);
    print_error("%s\nand then %s\n", world->last, text);
    fail();
}

static MhSyncInput
some_options(World *world)
{
    return (MhSyncInput){.fresh_uidvalidity = FRESH + roll(world, 5),
                         .mirror = roll(world, 8) == 0,
                         .keep_expunged = roll(world, 8) == 0,
                         .late = roll(world, 12) == 0};
}

/* ---- tests -------------------------------------------------------------------------------- */

static void
live_one_step(World *world, bool mad)
{
    switch (roll(world, mad ? 9 : 7)) {
    case 0:
    case 1:
        source_gets_mail(world);
        break;
    case 2:
    case 3:
        source_changes_one(world);
        break;
    case 4:
    case 5:
        target_changes_one(world);
        break;
    case 6:
        if (roll(world, 4) == 0)
            source_is_renumbered(world);
        else if (mad)
            target_gets_mail(world);
        break;
    case 7:
        target_gets_mail(world);
        break;
    default:
        source_goes_mad(world);
    }
}

/* @late is left out where numbers are to be those of the source. */
static void
live(World *world, bool mad)
{
    start(world);
    world->used = mad;
    source_is_renumbered(world);
    for (int step = 0; step < STEPS; step++) {
        for (uint32_t n = roll(world, 6); n > 0; n--)
            live_one_step(world, mad);
        drop_equal_uids(world);
        MhSyncInput options = some_options(world);
        options.late &= mad;
        options.keep_expunged &= mad; /* what is kept may be in the way */
        sync_and_check(world, options);
        check_idle(world, options, used_up(world));
    }
}

static void
test_good_sources(void **state)
{
    for (int round = 0; round < ROUNDS; round++)
        live(*state, false);
}

static void
test_used_targets_and_mad_sources(void **state)
{
    for (int round = 0; round < ROUNDS; round++)
        live(*state, true);
}

static void
fill_with_noise(World *world)
{
    MhMailbox *source = world->model.source;
    MhTargetIndex *target = &world->model.target;
    source->uids.uidvalidity = roll(world, 3);
    source->uids.uidnext = roll(world, 30);
    target->uids.uidvalidity = roll(world, 3);
    target->uids.uidnext = target->uids.uidvalidity != 0 ? 30 + roll(world, 10) : 0;
    for (uint32_t n = roll(world, 10); n > 0; n--) {
        uint32_t set = some_set(world);
        MhMessage *message = mh_mailbox_add(source);
        message->id = roll(world, 3) == 0 ? unique_id(n) : some_id(world);
        message->uid = roll(world, 30);
        message->flags = (uint32_t)some_flags(world) & MH_FLAGS_ALL;
        message->keywords = set & MH_KEYWORD_SET_MASK;
        message->is_new = roll(world, 2) == 0;
    }
    for (uint32_t uid = 1; uid < 30; uid += 1 + roll(world, 6)) {
        MhDigest id = some_id(world);
        MhTargetMessage message = {.ours = roll(world, 3) != 0};
        model_set_id(&world->model, &message, message.ours ? id : unique_id(uid));
        message.uid = target->uids.uidvalidity != 0 && roll(world, 5) != 0 ? uid : 0;
        message.flags = (uint32_t)some_flags(world) & MH_FLAGS_ALL;
        message.letters = roll(world, 4) & MH_LETTERS_ALL;
        message.is_new = roll(world, 2) == 0;
        message.has_carried = message.ours && roll(world, 4) != 0;
        message.carried_uid = roll(world, 30);
        message.carried_flags = (uint32_t)some_flags(world) & MH_FLAGS_ALL;
        g_array_append_val(target->messages, message);
    }
}

static void
test_noise(void **state)
{
    World *world = *state;
    for (int round = 0; round < 10 * ROUNDS; round++) {
        start(world);
        world->used = true;
        fill_with_noise(world);
        drop_equal_uids(world);
        MhSyncInput options = some_options(world);
        options.keep_expunged = false; /* of equal ones, which is kept may change once more */
        sync_and_check(world, options);
        check_idle(world, options, used_up(world));
    }
}

/* ---- how long it takes -------------------------------------------------------------------- */

typedef enum { ALL_DIFFER, ALL_EQUAL } Kind;

static void
fill(World *world, uint32_t count, Kind kind, bool descending, bool renumbered)
{
    start(world);
    GArray *target = world->model.target.messages;
    world->model.source->uids = (MhUidState){.uidvalidity = 7, .uidnext = 2 * count + 1};
    world->model.target.uids = world->model.source->uids;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t named = kind == ALL_EQUAL ? 0 : i;
        MhMessage *message = mh_mailbox_add(world->model.source);
        message->id = model_id((const char *)&named, sizeof named);
        message->uid = descending ? count - i : i + 1;
        MhTargetMessage there = {.uid = message->uid, .ours = true};
        model_set_id(&world->model, &there, message->id);
        there.has_carried = true;
        there.carried_uid = there.uid;
        if (renumbered)
            message->uid += count;
        g_array_append_val(target, there);
    }
}

/* Processor time, which other programs do not lengthen. 200,000 messages take a fraction of a
 * second, with the sanitizers a few; what is quadratic takes minutes. */
#define LINEAR_S 10

static double
cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void
test_linear(void **state)
{
    static const struct {
        const char *name;
        uint32_t count;
        Kind kind;
        bool descending, renumbered;
        double limit_s;
    } rows[] = {
        {"200,000 messages", 200000, ALL_DIFFER, false, false, LINEAR_S},
        {"200,000 messages, descending", 200000, ALL_DIFFER, true, false, LINEAR_S},
        {"200,000 messages, renumbered", 200000, ALL_DIFFER, false, true, LINEAR_S},
        {"200,000 equal ones", 200000, ALL_EQUAL, false, false, LINEAR_S},
        {"200,000 equal ones, descending", 200000, ALL_EQUAL, true, false, LINEAR_S},
        {"200,000 equal ones, renumbered", 200000, ALL_EQUAL, false, true, LINEAR_S},
        {"200,000 equal ones, renumbered, descending", 200000, ALL_EQUAL, true, true, LINEAR_S},
    };
    World *world = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fill(world, rows[i].count, rows[i].kind, rows[i].descending, rows[i].renumbered);
        double start_s = cpu_s();
        world->plan = model_sync(&world->model, (MhSyncInput){0});
        double spent_s = cpu_s() - start_s;
        if (spent_s > rows[i].limit_s)
            fail_msg("%s: %.2f s", rows[i].name, spent_s);
        print_message("  %-44s %.3f s\n", rows[i].name, spent_s);
        assert_int_equal(world->plan->delivered + world->plan->expunged, 0);
    }
}

/* More equal messages at the source than at the target: each search ends at once. */
static void
test_more_equal_ones(void **state)
{
    World *world = *state;
    fill(world, 50000, ALL_EQUAL, false, false);
    MhDigest id = mh_mailbox_get(world->model.source, 0)->id;
    for (uint32_t i = 0; i < 50000; i++) {
        MhMessage *message = mh_mailbox_add(world->model.source);
        message->id = id;
        message->uid = 50001 + i;
    }
    double start_s = cpu_s();
    world->plan = model_sync(&world->model, (MhSyncInput){0});
    assert_true(cpu_s() - start_s < LINEAR_S);
    assert_int_equal(world->plan->delivered, 50000);
    assert_int_equal(world->plan->unchanged, 50000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good_sources, setup, teardown),
        cmocka_unit_test_setup_teardown(test_used_targets_and_mad_sources, setup, teardown),
        cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
        cmocka_unit_test_setup_teardown(test_linear, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_equal_ones, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
