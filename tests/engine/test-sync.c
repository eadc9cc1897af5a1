/* Scenarios of one sync, in the words of sync-model.h. Each is also carried out and synced again:
 * then nothing may be left to do. */
#include "sync-model.h"

enum {
    MIRROR = 1,
    KEEP = 2,
    LATE = 4,
    SETTLES = 8, /* needs one more run: the numbers of the source can be had again */
};

typedef struct {
    const char *name;
    const char *source, *target;
    int options;
    const char *plan;
} Row;

static const Row rows[] = {
    /* first run */
    {"nothing at all", "", "", 0, "V1000/1 relist"},
    {"empty source", "V7/4", "", 0, "V7/4 relist"},
    {"first run", "V7/4 a:1:S b:2", "", 0, "V7/4 a:1:S+ b:2+ relist"},
    {"UIDNEXT not known", "V7/0 a:1 b:9", "", 0, "V7/10 a:1+ b:9+ relist"},
    {"UIDNEXT too low", "V7/3 a:1 b:9", "", 0, "V7/10 a:1+ b:9+ relist"},
    {"no UIDs", "a b:0:F c", "", 0, "V1000/4 a:1+ b:2:F+ c:3+ relist"},
    {"UIDs without UIDVALIDITY say nothing", "V0/9 b:5 a:3", "", 0,
     "V1000/3 b:1+ a:2+ lost=2 relist"},
    {"some without UID", "V7/6 a:1 b c:5", "", 0, "V7/7 a:1+ c:5+ b:6+ relist"},
    {"UIDs out of order", "V7/6 a:5 b:2", "", 0, "V7/6 b:2+ a:5+ relist"},
    {"a UID twice", "V7/6 a:5 b:5", "", 0, "V7/7 a:5+ b:6+ lost=1 relist"},
    {"new mail goes to new", "V7/6 a:1* b:2:S* c:3:x*", "", 0, "V7/6 a:1*+ b:2:S+ c:3:x+ relist"},
    {"keywords", "V7/3 a:1:Sacz b:2:b", "", 0, "V7/3 a:1:Sacz+ b:2:b+ relist"},
    {"mail was delivered there before", "V7/3 a:1", "!x*", 0, "V7/3 a:1+ relist"},
    {"killed between rename and list", "V7/3 a:1:S b:2", "a=? b=?", 0, "V7/3 a:1:S~# b:2# relist"},

    /* nothing changed, new mail, gone */
    {"nothing changed", "V7/3 a:1:S b:2", "V7/3 a:1:S b:2", 0, "V7/3 a:1:S b:2"},
    {"nothing changed, no UIDs", "a b", "V9/3 a:1=0, b:2=0,", 0, "V9/3 a:1 b:2"},
    {"only UIDNEXT grew", "V7/8 a:1", "V7/2 a:1", 0, "V7/8 a:1 relist"},
    {"the target's UIDNEXT is ahead", "V7/2 a:1", "V7/8 a:1", 0, "V7/8 a:1"},
    {"new mail", "V7/4 a:1 b:2 c:3", "V7/3 a:1 b:2", 0, "V7/4 a:1 b:2 c:3+ relist"},
    {"new mail without UIDs", "a b c", "V9/3 a:1=0, b:2=0,", 0, "V9/4 a:1 b:2 c:3+ relist"},
    {"new mail, its UID not known yet", "V7/3 a:1 b:2 c", "V7/3 a:1 b:2", 0,
     "V7/4 a:1 b:2 c:3+ relist"},
    {"inserted in the middle, no UIDs", "a n b", "V9/3 a:1=0, b:2=0,", 0,
     "V9/4 a:1 b:2 n:3+ moved relist"},
    {"reordered, no UIDs", "b a", "V9/3 a:1=0, b:2=0,", 0, "V9/3 a:1 b:2 moved"},
    {"reordered, some without UIDs", "V9/3 b:2 a c:1", "V9/5 c:1 b:2 a:3", 0,
     "V9/5 c:1 b:2 a:3 relist"},
    {"reordered, UIDs stay with the messages", "V7/3 b:2 a:1", "V7/3 a:1 b:2", 0, "V7/3 a:1 b:2"},
    {"gone", "V7/3 b:2", "V7/3 a:1 b:2", 0, "V7/3 b:2 -a:1 relist"},
    {"all gone", "V7/3", "V7/3 a:1 b:2", 0, "V7/3 -a:1 -b:2 relist"},
    {"gone, kept on request", "V7/3 b:2", "V7/3 a:1 b:2", KEEP, "V7/3 ^a:1 b:2"},
    {"gone, unlisted", "V7/3", "V7/3 a", 0, "V7/3 -a:0 relist"},
    {"gone, unlisted, kept on request", "V7/3", "V7/3 a", KEEP, "V7/3"},
    {"deleted by a tester", "V7/3 a:1 b:2", "V7/3 b:2", 0, "V7/3 a:1+ b:2 below relist"},
    {"a UID below UIDNEXT, no mail of its own there", "V7/9 a:1 b:2 c:8", "V7/9 a:1 c:8", 0,
     "V7/9 a:1 b:2+ c:8 below relist"},
    {"killed before the list, next to listed mail", "V7/4 a:1 b:2 c:3", "V7/3 a:1 b:2 c=?", 0,
     "V7/4 a:1 b:2 c:3# relist"},

    /* equal messages */
    {"two equal ones", "V7/3 a:1 a:2:S", "V7/3 a:1 a:2:S", 0, "V7/3 a:1 a:2:S"},
    {"one of two equal ones gone", "V7/3 a:2:S", "V7/3 a:1 a:2:S", 0, "V7/3 a:2:S -a:1 relist"},
    {"one of two equal ones gone, no UIDs", "a", "V9/3 a:1=0, a:2=0,", 0, "V9/3 a:1 -a:2 relist"},
    {"one of two gone, UIDs were lost when carried", "V7/3 a:2", "V7/13 a:11=1, a:12=2, !x:9", 0,
     "V7/13 !x:9 a:12 -a:11 relist"},
    {"a third equal one", "V7/4 a:1 a:2 a:3", "V7/3 a:1 a:2", 0, "V7/4 a:1 a:2 a:3+ relist"},
    {"one of two gone, a third came", "V7/4 a:2 a:3", "V7/4 a:1 a:2 !x:3", 0,
     "V7/4 a:1 a:2 !x:3 lost=1 relist"},
    {"equal ones without UIDs go by UID, however the target lists them", "a:0:S a:0:F",
     "V9/3 a:2:F=0,F a:1:S=0,S", 0, "V9/3 a:1:S a:2:F"},

    /* flags and keywords */
    {"set at the source", "V7/2 a:1:S", "V7/2 a:1", 0, "V7/2 a:1:S~ relist"},
    {"removed at the source", "V7/2 a:1", "V7/2 a:1:S", 0, "V7/2 a:1~ relist"},
    {"set at the target only", "V7/2 a:1", "V7/2 a:1:S=1,", 0, "V7/2 a:1:S"},
    {"removed at the target only", "V7/2 a:1:S", "V7/2 a:1=1,S", 0, "V7/2 a:1"},
    {"the same at both", "V7/2 a:1:S", "V7/2 a:1:S=1,", 0, "V7/2 a:1:S relist"},
    {"different ones at both", "V7/2 a:1:SF", "V7/2 a:1:ST=1,S", 0, "V7/2 a:1:FST~ relist"},
    {"set here, removed there", "V7/2 a:1:F", "V7/2 a:1:SD=1,S", 0, "V7/2 a:1:DF~ relist"},
    {"mirror undoes the tester's", "V7/2 a:1:F", "V7/2 a:1:SD=1,F", MIRROR, "V7/2 a:1:F~"},
    {"mirror, nothing changed", "V7/2 a:1:F", "V7/2 a:1:F", MIRROR, "V7/2 a:1:F"},
    {"not known what was carried", "V7/2 a:1:F", "V7/2 a:1:SD=?", 0, "V7/2 a:1:F~ relist"},
    {"not known what was carried, all equal", "V7/2 a:1:F", "V7/2 a:1:F=?", 0, "V7/2 a:1:F relist"},
    {"every flag set", "V7/2 a:1:DFRST", "V7/2 a:1", 0, "V7/2 a:1:DFRST~ relist"},
    {"every flag removed", "V7/2 a:1", "V7/2 a:1:DFRST", 0, "V7/2 a:1~ relist"},
    {"D", "V7/2 a:1:D", "V7/2 a:1:FRST=1,", 0, "V7/2 a:1:DFRST~ relist"},
    {"F", "V7/2 a:1:F", "V7/2 a:1:DRST=1,", 0, "V7/2 a:1:DFRST~ relist"},
    {"R", "V7/2 a:1:R", "V7/2 a:1:DFST=1,", 0, "V7/2 a:1:DFRST~ relist"},
    {"S", "V7/2 a:1:S", "V7/2 a:1:DFRT=1,", 0, "V7/2 a:1:DFRST~ relist"},
    {"T", "V7/2 a:1:T", "V7/2 a:1:DFRS=1,", 0, "V7/2 a:1:DFRST~ relist"},
    {"keyword set at the source", "V7/2 a:1:x", "V7/2 a:1", 0, "V7/2 a:1:x~ relist"},
    {"keyword removed at the source", "V7/2 a:1:a", "V7/2 a:1:az", 0, "V7/2 a:1:a~ relist"},
    {"keyword set at the target only", "V7/2 a:1:a", "V7/2 a:1:az=1,a", 0, "V7/2 a:1:az"},
    {"keywords at both", "V7/2 a:1:ab", "V7/2 a:1:acz=1,az", 0, "V7/2 a:1:abc~ relist"},
    {"still new", "V7/2 a:1*", "V7/2 a:1*", 0, "V7/2 a:1*"},
    {"seen by the old server's client", "V7/2 a:1", "V7/2 a:1*", 0, "V7/2 a:1~"},
    {"seen by the new server's client", "V7/2 a:1*", "V7/2 a:1", 0, "V7/2 a:1"},
    {"new with a flag leaves new", "V7/2 a:1:S*", "V7/2 a:1*", 0, "V7/2 a:1:S~ relist"},
    {"made new again at the source", "V7/2 a:1*", "V7/2 a:1:S", 0, "V7/2 a:1*~ relist"},
    {"gone, and came once more", "V7/4 b:2 a:3*", "V7/3 a:1 b:2", 0,
     "V7/4 b:2 a:3*~# replaced relist"},
    {"made new again, with a flag of a tester", "V7/2 a:1*", "V7/2 a:1:FS=,S", 0,
     "V7/2 a:1:F~ relist"},

    /* mail of the target's own */
    {"mail of its own, listed", "V7/2 a:1", "V7/3 a:1 !x:2:S", 0, "V7/3 a:1 !x:2:S"},
    {"mail of its own, not listed", "V7/3 a:1 b:2", "V7/2 a:1 !x*", 0, "V7/3 a:1 b:2+ relist"},
    {"mail of its own in mirror", "V7/2 a:1", "V7/3 a:1 !x:2:S", MIRROR, "V7/3 a:1 !x:2:S"},
    {"only mail of its own", "V7/2", "V7/3 !x:2", 0, "V7/3 !x:2"},
    {"UID taken by mail of its own", "V7/3 a:1 b:2", "V7/3 a:1 !x:2", 0,
     "V7/4 a:1 !x:2 b:3+ lost=1 relist"},
    {"UID below mail of its own", "V7/3 a:1 b:2", "V7/4 a:1 !x:3", 0,
     "V7/5 a:1 !x:3 b:4+ lost=1 relist"},
    {"the list claims a lower UIDNEXT", "V7/4 a:1 b:2", "V7/2 a:1 !x:2", 0,
     "V7/5 a:1 !x:2 b:4+ lost=1 relist"},
    {"above mail of its own", "V7/9 a:1 b:8", "V7/4 a:1 !x:3", 0, "V7/9 a:1 !x:3 b:8+ relist"},
    {"lost its UID once, not told again", "V7/3 a:1 b:2", "V7/5 a:1 !x:3 b:4=2,", 0,
     "V7/5 a:1 !x:3 b:4"},
    {"a Maildir that was copied there by hand", "V7/3 a:1:S b:2", "V9/3 !a:1:F !b:2", 0,
     "V7/3 a:1:S~ b:2 replaced relist"},
    {"copied by hand, under the same UIDVALIDITY", "V7/9 a:4:S", "V7/3 !a:1:F", 0,
     "V7/9 a:4:S~# replaced relist"},
    {"copied by hand, not listed", "V7/3 a:1:S", "!a", 0, "V7/3 a:1:S~# relist"},
    {"what was carried is paired first", "a", "V9/3 !a:1 a:2=0,", 0, "V9/3 !a:1 a:2"},

    /* another numbering at the source */
    {"another UIDVALIDITY", "V8/3 a:1 b:2", "V7/6 a:4 b:5", 0,
     "V8/3 a:1# b:2# replaced below relist"},
    {"another UIDVALIDITY, equal UIDs", "V8/3 a:1 b:2", "V7/3 a:1 b:2", 0,
     "V8/3 a:1 b:2 replaced relist"},
    {"another UIDVALIDITY, mail of its own moves above", "V8/3 a:1 b:2", "V7/9 !y:8 a:4 b:5 !x:6",
     0, "V8/5 a:1# b:2# !x:3# !y:4# replaced below relist"},
    {"another UIDVALIDITY, kept on request", "V8/3 a:1", "V7/9 g:3 a:4", KEEP,
     "V8/4 a:1# ^g:3 replaced below relist"},
    {"another UIDVALIDITY, late", "V8/3 a:1 b:2", "V7/6 a:4", LATE, "V7/7 a:4 b:6+ lost=1 relist"},
    {"had none, has UIDs now", "V7/6 a:4 b:5", "V1000/3 a:1=0, b:2=0,", 0,
     "V7/6 a:4# b:5# replaced relist"},
    {"had UIDs, has none now", "a b", "V7/6 a:4 b:5", 0, "V7/6 a:4 b:5 relist"},
    {"has none now, new mail", "a b c", "V7/6 a:4 b:5", 0, "V7/7 a:4 b:5 c:6+ relist"},
    {"its UIDs say nothing now", "V0/0 a:1 b:2", "V7/6 a:4 b:5", 0, "V7/6 a:4 b:5 lost=2 relist"},
    {"renumbered under the same UIDVALIDITY", "V7/6 a:1 b:2", "V7/6 a:4 b:5", 0,
     "V7/6 a:1# b:2# replaced below relist"},
    {"renumbered, mail of its own in the way", "V7/6 a:1 b:2", "V7/7 a:4 b:5 !x:2 !y:6", 0,
     "V7/8 a:1# b:2# !y:6 !x:7# replaced below relist"},
    {"two exchanged", "V7/3 a:2 b:1", "V7/3 a:1 b:2", 0, "V7/3 b:1# a:2# replaced below relist"},
    {"the new server renumbered one", "V7/6 a:1 b:5", "V7/7 a:1 b:6", 0,
     "V7/7 a:1 b:5# replaced below relist"},
    {"moved out and back", "V7/4 b:2 a:3", "V7/3 a:1 b:2", 0, "V7/4 b:2 a:3# replaced relist"},
    {"moved out and back, mail of its own there", "V7/4 b:2 a:3", "V7/9 a:1 b:2 !x:8", 0,
     "V7/9 a:1 b:2 !x:8 lost=1 relist"},
    {"moved out and back, above mail of its own", "V7/9 b:2 a:8", "V7/4 a:1 b:2 !x:3", 0,
     "V7/9 b:2 !x:3 a:8# replaced relist"},
    {"numbered by the target, then otherwise by the source", "V7/4 a:1 q:2 p:3",
     "V7/4 a:1 p:2=0, q:3=0,", 0, "V7/4 a:1 q:2# p:3# replaced below relist"},
    {"numbered by the target, then alike by the source", "V7/4 a:1 p:2 q:3",
     "V7/4 a:1 p:2=0, q:3=0,", 0, "V7/4 a:1 p:2 q:3 relist"},
    {"a new one has the UID that another was given", "V7/12 a:1 b:11", "V7/12 a:11=1,", 0,
     "V7/13 a:11 b:12+ lost=1 relist"},
    {"the record was lost", "V7/6 a:4 b:5", "V7/9 a:7=? b:8=?", 0,
     "V7/9 a:4# b:5# replaced below relist"},
    {"the record was lost, mail of its own there", "V7/6 a:4 b:5", "V7/10 a:7=? b:8=? !x:9", 0,
     "V7/10 a:7 b:8 !x:9 lost=2 relist"},

    /* edited in place */
    {"edited in place", "V7/4 a:1 B:2 c:3", "V7/4 a:1 b:2 c:3", 0,
     "V7/4 a:1 B:2+ c:3 -b:2 below relist"},
    {"edited in place, no UIDs", "a B c", "V9/4 a:1=0, b:2=0, c:3=0,", 0,
     "V9/5 a:1 c:3 B:4+ -b:2 moved relist"},
    {"edited in place, mail of its own there", "V7/4 a:1 B:2 c:3", "V7/5 a:1 b:2 c:3 !x:4", 0,
     "V7/6 a:1 c:3 !x:4 B:5+ -b:2 lost=1 relist"},
    {"edited in place, the old one kept on request", "V7/4 a:1 B:2", "V7/4 a:1 b:2", KEEP,
     "V7/5 a:1 B:2+ ^b:4# replaced below relist"},

    /* after the cutover */
    {"late: nothing", "V7/3 a:1 b:2", "V7/3 a:1 b:2", LATE, "V7/3 a:1 b:2"},
    {"late: flags and what has gone stay", "V7/9 a:1:F", "V7/3 a:1:S b:2", LATE, "V7/3 a:1:S ^b:2"},
    {"late: new mail below UIDNEXT", "V7/4 a:1 c:3", "V7/9 a:1 b:2 !x:8", LATE,
     "V7/10 a:1 ^b:2 !x:8 c:9+ lost=1 relist"},
    {"late: below UIDNEXT, no mail of its own left", "V7/4 a:1 c:3", "V7/9 a:1", LATE,
     "V7/10 a:1 c:9+ lost=1 relist"},
    {"late: new mail at UIDNEXT", "V7/4 a:1 c:3", "V7/3 a:1 b:2", LATE,
     "V7/4 a:1 ^b:2 c:3+ relist"},
    {"late: a folder the target lacks", "V7/4 a:1 c:3:S", "", LATE, "V7/4 a:1+ c:3:S+ relist"},
    {"late: moved out and back", "V7/4 a:3", "V7/2 a:1", LATE, "V7/2 a:1"},
    {"late: a flagged file in new stays there", "V7/2 a:1", "V7/2 a:1:S*=?", LATE, "V7/2 a:1:S*"},
    {"late: not listed yet", "V7/3 a:1 b:2", "V7/2 a:1 b=?", LATE, "V7/3 a:1 b:2# relist"},

    /* the end of the numbers */
    {"the last UIDNEXT", "V7/4294967294 a:4294967293", "", 0, "V7/4294967294 a:4294967293+ relist"},
    {"the last UID", "V7/4294967295 a:7 b:4294967294", "", 0, "V1000/3 a:1+ b:2+ lost=2 relist"},
    {"a UID that no server may be given", "V7/9 a:4294967295 b:7", "", 0,
     "V7/10 b:7+ a:9+ lost=1 relist"},
    {"a damaged UIDNEXT", "V7/4294967295 a:7", "", 0, "V7/8 a:7+ relist"},
    {"used up by mail of its own", "V7/4 a:1 b:3", "V7/4294967294 a:1 !x:4294967293", SETTLES,
     "V1000/4 a:1 b:2+ !x:3# lost=1 replaced below relist"},
    {"used up at the source, again", "V7/4294967295 a:7 b:4294967294",
     "V1000/3 a:1=7, b:2=4294967294,", 0, "V1000/3 a:1 b:2"},
    {"used up at the source, new mail", "V7/4294967295 a:7 b:4294967294 c",
     "V1000/3 a:1=7, b:2=4294967294,", 0, "V1000/4 a:1 b:2 c:3+ relist"},
    {"used up, and the fresh UIDVALIDITY is the old one", "a b", "V1000/4294967295 a:1=0,", 0,
     "V1001/3 a:1 b:2+ replaced below relist"},
    {"used up, late", "V7/4 a:1 b:3", "V7/4294967294 a:1", LATE,
     "V1000/3 a:1 b:2+ lost=1 replaced below relist"},
};

static int
setup(void **state)
{
    *state = g_new0(Model, 1);
    return 0;
}

static int
teardown(void **state)
{
    model_clear(*state);
    g_free(*state);
    return 0;
}

static MhSyncInput
row_options(const Row *row)
{
    return (MhSyncInput){.mirror = (row->options & MIRROR) != 0,
                         .keep_expunged = (row->options & KEEP) != 0,
                         .late = (row->options & LATE) != 0};
}

static bool
run_row(Model *model, const Row *row)
{
    model_read(model, row->source, row->target);
    g_autoptr(MhSyncPlan) plan = model_sync(model, row_options(row));
    g_autofree char *text = model_write_plan(model, plan);
    bool good = strcmp(text, row->plan) == 0;
    if (!good)
        print_error("%s:\n  expected %s\n  got      %s\n", row->name, row->plan, text);
    model_apply(model, plan, row_options(row).late);
    if (row->options & SETTLES) {
        g_autoptr(MhSyncPlan) next = model_sync(model, row_options(row));
        model_apply(model, next, row_options(row).late);
    }
    g_autoptr(MhSyncPlan) again = model_sync(model, row_options(row));
    g_autofree char *again_text = model_write_plan(model, again);
    if (!model_plan_is_idle(again)) {
        print_error("%s: and then\n  %s\n", row->name, again_text);
        good = false;
    }
    model_clear(model);
    return good;
}

static void
test_scenarios(void **state)
{
    size_t bad = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        bad += !run_row(*state, &rows[i]);
    assert_int_equal(bad, 0);
}

static void
test_counts(void **state)
{
    Model *model = *state;
    model_read(model, "V7/9 a:1:S b:2 c:3:F d:4", "V7/9 a:1:S b:2:F=2, c:3 g:5 !x:6 !y*");
    MhSyncPlan *plan = model_sync(model, (MhSyncInput){0});
    size_t counts[] = {plan->delivered, plan->retagged,  plan->expunged, plan->unchanged,
                       plan->foreign,   plan->kept_gone, plan->uids_lost};
    static const size_t expected[] = {1, 1, 1, 2, 2, 0, 1};
    mh_sync_plan_free(plan);
    assert_memory_equal(counts, expected, sizeof counts);
}

/* What the old server has not given a UID yet has none to lose, once it gives no more. */
static void
test_foretold(void **state)
{
    Model *model = *state;
    static const struct {
        uint32_t foretold;
        bool late;
        size_t lost;
    } cases[] = {{0, true, 2}, {4, true, 2}, {3, true, 1}, {2, true, 0}, {2, false, 2}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        model_read(model, "V7/4 a:1 b:2 c:3", "V7/4 a:1 !x:2 !y:3");
        model->source->foretold = cases[i].foretold;
        MhSyncPlan *plan = model_sync(model, (MhSyncInput){.late = cases[i].late});
        assert_int_equal(plan->delivered, 2);
        assert_int_equal(plan->uids_lost, cases[i].lost);
        mh_sync_plan_free(plan);
        model_clear(model);
    }
}

/* In place: mail of the new server's own is at the source as well, and stays its own. */
static void
test_left(void **state)
{
    Model *model = *state;
    static const bool left[] = {false, true, false};
    model_read(model, "V7/9 a:1 x:7 y:8", "V7/9 a:1 !x:5:Sb !y:6");
    g_autoptr(MhSyncPlan) plan =
        model_sync(model, (MhSyncInput){.left = left, .keep_expunged = true});
    g_autofree char *text = model_write_plan(model, plan);
    assert_string_equal(text, "V7/9 a:1 !x:5:Sb y:6 lost=1 relist");
    assert_int_equal(plan->left, 1);
    assert_int_equal(plan->foreign, 1);
    model_clear(model);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scenarios, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foretold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_left, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
