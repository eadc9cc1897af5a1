/* Every kind of damage to what was carried from a Courier Maildir, copied, linked, converted in
 * place, and moved to another Courier: is it found, and named? */
#include "testing.h"
#include "verify-site.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NONE  MH_DIFFERENCE_COUNT
#define D(c)  MH_DIFFERENCE_##c
#define FIRST "cur/1072951200*"
#define THIRD "cur/1072951320*"

typedef struct {
    const char *name;
    const char *damage;      /* a command, in the target's root */
    MhDifferenceCode code;   /* what must be found where mail was copied or linked */
    MhDifferenceClass class; /* of it */
    MhDifferenceCode here;   /* what must be found in place; NONE: nothing may be */
    MhDifferenceClass here_class;
} Row;

#define DAMAGE    MH_DIFFERENCE_DAMAGE
#define NOTE      MH_DIFFERENCE_NOTE
#define NEWER     MH_DIFFERENCE_NEWER
#define BOTH(c)   D(c), DAMAGE, D(c), DAMAGE
#define ELSE(c)   D(c), DAMAGE, NONE, NOTE
#define EDIT(how) "sed -i '" how "' "
#define LIST      "dovecot-uidlist"
#define MODE(f)   " && chmod 600 " f

/* In place message files are both sides: what happens to them happened at the source. */
static const Row rows[] = {
    {"nothing", "true", NONE, NOTE, NONE, NOTE},
    {"a byte flipped",
     "f=$(ls " FIRST "); sed 's/one/ome/' $f > x; touch -r $f x; rm $f; chmod 600 x; mv x $f",
     ELSE(BYTES)},
    {"a message cut off",
     "f=$(ls " THIRD "); head -c 9 $f > x; touch -r $f x; rm $f; chmod 600 x; mv x $f", D(BYTES),
     DAMAGE, D(SIZE), DAMAGE},
    {"a file dropped", "rm " THIRD, D(MESSAGE_MISSING), DAMAGE, D(MESSAGE_GONE), NEWER},
    {"a line dropped", EDIT("/1072951320/d") LIST MODE(LIST), BOTH(MESSAGE_UNLISTED)},
    {"a UID raised", EDIT("s/^9 /10 /") LIST MODE(LIST), BOTH(UID)},
    {"two UIDs swapped",
     "awk 'NR == 3 {sub(/^3 /, \"\"); a = $0; next} NR == 4 {sub(/^5 /, \"3 \"); print; "
     "print \"5 \" a; next} 1' " LIST " > x && cat x > " LIST " && rm x",
     BOTH(UID)},
    {"UIDVALIDITY changed", EDIT("s/V1100000000/V1100000001/") LIST MODE(LIST), BOTH(UIDVALIDITY)},
    {"next UID raised", EDIT("s/ N13/ N99/") LIST MODE(LIST), BOTH(UIDNEXT)},
    {"a UIDL changed", EDIT("s/PUID7-/PUID8-/") LIST MODE(LIST), BOTH(UIDL)},
    {"a UIDL lost", EDIT("s/ PUID3//") LIST MODE(LIST), BOTH(UIDL)},
    {"a UIDL by name lost", EDIT("s/ P1072951320[^ ]*//") LIST MODE(LIST), BOTH(UIDL)},
    {"a place in POP3", EDIT("s/ O2/ O7/") LIST MODE(LIST), BOTH(POP3_ORDER)},
    {"W changed", EDIT("s/^3 \\(.*\\)W/3 \\1W1/") LIST MODE(LIST), BOTH(SIZE)},
    {"a flag removed", "f=$(ls " FIRST "); mv $f ${f%%:*}:2,Sa", D(FLAGS), DAMAGE, NONE, NOTE},
    {"a keyword removed", "f=$(ls " FIRST "); mv $f ${f%a}", D(KEYWORDS), DAMAGE, D(KEYWORDS),
     DAMAGE},
    {"a keyword renamed", EDIT("s,work,play,") "dovecot-keywords" MODE("dovecot-keywords"),
     BOTH(KEYWORDS)},
    {"keyword table lost", "rm dovecot-keywords", BOTH(KEYWORDS)},
    {"a date changed",
     "f=$(ls " FIRST "); cp $f x; rm $f; chmod 600 x; touch -d @1072951201 x; mv x $f",
     ELSE(INTERNALDATE)},
    {"a new message put into cur", "for f in new/*; do mv $f cur/${f#new/}:2,; done", ELSE(PLACE)},
    {"UID list lost", "rm " LIST, BOTH(UID_LIST)},
    {"a subscription lost", EDIT("/^Sent$/d;/^V/!{/Sent/d}") "subscriptions" MODE("subscriptions"),
     BOTH(SUBSCRIPTION_MISSING)},
    {"a right more", EDIT("s/=anna l/=anna kl/") "dovecot-acl" MODE("dovecot-acl"), BOTH(ACL)},
    {"an access list lost", "rm dovecot-acl", BOTH(ACL)},
    {"a folder lost", "rm -r .Sent", ELSE(FOLDER_MISSING)},
    {"a list's mode", "chmod 640 .Sent/" LIST, BOTH(MODE)},
    {"a folder's mode", "chmod 755 .Sent", ELSE(MODE)},
};

#define UIDDB     "courierimapuiddb"
#define SIZELIST  "courierpop3dsizelist"
#define KEYWORDS  "courierimapkeywords/:list"
#define SAME_TIME " && touch -r " LIST " "

/* What Courier reads, while the record that is also there is as it should be. */
static const Row rows_for_courier[] = {
    {"nothing", "true", NONE, NOTE, 0, 0},
    {"a UID dropped", EDIT("/^9 /d") UIDDB, D(MESSAGE_UNLISTED), DAMAGE, 0, 0},
    {"a UID raised", EDIT("s/^9 /10 /") UIDDB, D(UID), DAMAGE, 0, 0},
    {"two UIDs swapped", EDIT("s/^3 /x /;s/^5 /3 /;s/^x /5 /") UIDDB, D(UID), DAMAGE, 0, 0},
    {"UIDVALIDITY changed", EDIT("s/1100000000/1100000001/") UIDDB, D(UIDVALIDITY), DAMAGE, 0, 0},
    {"next UID lowered", EDIT("1s/13/10/") UIDDB, D(UID_LIST), DAMAGE, 0, 0},
    {"next UID raised", EDIT("1s/13/99/") UIDDB SAME_TIME UIDDB, D(UIDNEXT), DAMAGE, 0, 0},
    {"UID list lost", "rm " UIDDB, D(UID_LIST), DAMAGE, 0, 0},
    {"UID list of another version", EDIT("1s/^1/2/") UIDDB, D(UID_LIST), DAMAGE, 0, 0},
    {"a line that is none", EDIT("$s/$/\\nnothing/") UIDDB, D(UID_LIST), DAMAGE, 0, 0},
    {"UID list of a folder lost", "rm .Sent/" UIDDB, D(UID_LIST), DAMAGE, 0, 0},
    {"a UIDL changed", EDIT("s/7:1100000099/8:1100000099/") SIZELIST, D(UIDL), DAMAGE, 0, 0},
    {"a UIDL by name changed", EDIT("s/ 0:0$/ 9:0/") SIZELIST, D(UIDL), DAMAGE, 0, 0},
    {"a UIDL dropped", EDIT("/M1P3/d") SIZELIST, D(UIDL), DAMAGE, 0, 0},
    {"the new mail's UIDL given twice", EDIT("/M1P5/s/ [0-9:]*$/ 7:1100000099/") SIZELIST, D(UIDL),
     DAMAGE, 0, 0},
    {"a size changed", EDIT("/M1P3/s/ [0-9]* 0:0$/ 9 0:0/") SIZELIST, D(SIZE), DAMAGE, 0, 0},
    {"POP3 list lost", "rm " SIZELIST, D(UIDL), DAMAGE, 0, 0},
    {"keywords lost", "rm -r courierimapkeywords", D(KEYWORDS), DAMAGE, 0, 0},
    {"a keyword removed", EDIT("s/:0 1$/:0/") KEYWORDS SAME_TIME KEYWORDS, D(KEYWORDS), DAMAGE, 0,
     0},
    {"a keyword renamed", EDIT("s/^work$/play/") KEYWORDS SAME_TIME KEYWORDS, D(KEYWORDS), DAMAGE,
     0, 0},
    {"a stale update", "echo play > courierimapkeywords/1072951320.M1P3.mx", D(KEYWORDS), DAMAGE, 0,
     0},
    {"a message put into new", "mv " THIRD " new", D(PLACE), DAMAGE, 0, 0},
    {"a name that sorts otherwise",
     "mv cur/1072951200.M1P1.mx,S=20:2,FSa cur/1972951200.M1P1.mx,S=20:2,FSa && sed -i "
     "s/1072951200.M1P1/1972951200.M1P1/ " UIDDB " " SIZELIST " " KEYWORDS " " LIST MODE(LIST),
     D(POP3_ORDER), DAMAGE, 0, 0},
    {"a subscription lost", EDIT("/Sent/d") "courierimapsubscribed", D(SUBSCRIPTION_MISSING),
     DAMAGE, 0, 0},
    {"a list's mode", "chmod 640 .Sent/" UIDDB, D(MODE), DAMAGE, 0, 0},
};

static char *
show(const MhDifference *difference)
{
    return g_strdup_printf("%s %s: %s: %s", mh_difference_class_name(difference->class),
                           mh_difference_name(difference->code), difference->mailbox,
                           difference->detail);
}

/* Prints what is not as the row says: the difference is there, and no damage of another name. */
static bool
is_as_expected(const char *name, MhDifferenceCode code, MhDifferenceClass class,
               const MhDifferences *differences)
{
    bool found = code == NONE, good = true;
    for (guint i = 0; i < differences->kept->len; i++) {
        const MhDifference *difference = differences->kept->pdata[i];
        bool wanted = difference->code == code && difference->class == class;
        bool follows = code == D(UID_LIST) && difference->code == D(MESSAGE_UNLISTED);
        bool moved = code == D(PLACE) && difference->code == D(PLACE);
        bool cut = code == D(BYTES) && difference->code == D(SIZE);
        g_autofree char *shown = show(difference);
        found |= wanted;
        if (wanted || follows || cut || moved || difference->class == NOTE ||
            (difference->class == NEWER && class == NEWER))
            continue;
        print_error("%s: %s\n", name, shown);
        good = false;
    }
    if (!found)
        print_error("%s: not found\n", name);
    return found && good;
}

static bool
try_row(const Row *row, VerifySite *site)
{
    bool in_place = site->in_place;
    verify_site_migrate(site);
    g_autofree char *target = verify_site_target(site, NULL);
    g_autofree char *command = g_strdup_printf("cd '%s' && { %s; }", target, row->damage);
    assert_int_equal(system(command), 0);
    MhAccountOutcome *outcome = verify_site_verify(site);
    bool failed = mh_account_outcome_failed(outcome);
    if (failed)
        print_error("%s: %s\n", row->name, outcome->error);
    bool good = is_as_expected(row->name, in_place ? row->here : row->code,
                               in_place ? row->here_class : row->class, outcome->differences);
    mh_account_outcome_free(outcome);
    verify_site_free(site);
    return good && !failed;
}

static void
try_all(MhTransfer transfer, bool in_place)
{
    size_t bad = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        bad += !try_row(&rows[i], verify_site_new_courier(transfer, in_place));
    assert_int_equal(bad, 0);
}

static void
test_copied(void **state)
{
    (void)state;
    try_all(MH_TRANSFER_COPY, false);
}

static void
test_linked(void **state)
{
    (void)state;
    try_all(MH_TRANSFER_LINK, false);
}

static void
test_in_place(void **state)
{
    (void)state;
    try_all(MH_TRANSFER_AUTO, true);
}

static void
test_for_courier(void **state)
{
    (void)state;
    size_t bad = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows_for_courier); i++)
        bad += !try_row(&rows_for_courier[i], verify_site_new_for_courier());
    assert_int_equal(bad, 0);
}

/* Of a later run that links older files nothing but the list tells when it wrote. */
static void
test_second_run_of_links(void **state)
{
    (void)state;
    VerifySite *site = verify_site_new_courier(MH_TRANSFER_LINK, false);
    g_autofree char *source = verify_site_source(site, "Maildir");
    g_autofree char *target = verify_site_target(site, NULL);
    g_autofree char *before = g_strdup_printf(
        "cd '%s' && sleep 0.05 && rm cur/1072951380* && cd '%s' && cp -p cur/1072951380* " LIST
        " '%s'",
        source, target, site->root);
    g_autofree char *after = g_strdup_printf(
        "cd '%s' && f=$(cd '%s' && ls 1072951380*) && chmod 600 '%s'/$f && mv '%s'/$f cur && awk "
        "'/M1P5/ {while "
        "((getline line < \"%s/" LIST "\") > 0) if (line ~ /1072951380/) print line} 1' " LIST
        " > x && cat x > " LIST " && rm x",
        target, site->root, site->root, site->root, site->root);
    verify_site_migrate(site);
    assert_int_equal(system(before), 0);
    g_usleep(20000);
    verify_site_migrate(site);
    assert_int_equal(system(after), 0);
    MhAccountOutcome *outcome = verify_site_verify(site);
    assert_true(is_as_expected("an expunged message came back", D(MESSAGE_EXTRA), DAMAGE,
                               outcome->differences));
    mh_account_outcome_free(outcome);
    verify_site_free(site);
}

static bool has_no_birth_times;

int
statx(int dirfd, const char *path, int flags, unsigned wanted, struct statx *out)
{
    int failed = (int)syscall(SYS_statx, dirfd, path, flags, wanted, out);
    if (has_no_birth_times)
        out->stx_mask &= ~STATX_BTIME;
    return failed;
}

/* A source that was copied back without its times, after it had been carried to a file system that
 * does not say when a file was made (NFS). */
static void
test_dates_since(void **state)
{
    (void)state;
    VerifySite *site = verify_site_new_courier(MH_TRANSFER_COPY, false);
    g_autofree char *source = verify_site_source(site, "Maildir");
    g_autofree char *touch = g_strdup_printf("touch -d '1 hour' '%s'/" FIRST, source);
    verify_site_migrate(site);
    assert_int_equal(system(touch), 0);
    verify_site_migrate(site);
    has_no_birth_times = true;
    MhAccountOutcome *outcome = verify_site_verify(site);
    has_no_birth_times = false;
    assert_true(is_as_expected("a date of later", D(INTERNALDATE), NOTE, outcome->differences));
    mh_account_outcome_free(outcome);
    verify_site_free(site);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copied),
        cmocka_unit_test(test_linked),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_for_courier),
        cmocka_unit_test(test_second_run_of_links),
        cmocka_unit_test(test_dates_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
