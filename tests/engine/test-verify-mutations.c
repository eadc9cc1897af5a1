/* Every kind of damage, done to a site that was carried over: is it found, and named? Each is
 * tried twice: on a source that has not changed since, and on one that has got new mail. */
#include "testing.h"
#include "verify-site.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#define LIST   "dovecot-uidlist"
#define ANY    (MH_DIFFERENCE_COUNT + 1)
#define NONE   MH_DIFFERENCE_COUNT
#define FIRST  "1072951200" /* how the file names of messages begin */
#define SECOND "1072951260"
#define TWINS  "1072951320"
#define LAST   "1072951500"

typedef void (*Damage)(VerifySite *site);

/* ---- helpers ------------------------------------------------------------------------------ */

static void
in_file(VerifySite *site, const char *name, const char *from, const char *to)
{
    g_autofree char *path = verify_site_target(site, name);
    verify_site_replace(path, from, to);
}

static void
in_list(VerifySite *site, const char *from, const char *to)
{
    in_file(site, LIST, from, to);
}

/* Renames a message of the INBOX: the first @from in its name becomes @to. */
static void
rename_message(VerifySite *site, const char *part, const char *from, const char *to)
{
    g_autofree char *path = verify_site_file(site, "cur", part);
    const char *at = strstr(strrchr(path, '/'), from);
    assert_non_null(at);
    g_autofree char *renamed =
        g_strdup_printf("%.*s%s%s", (int)(at - path), path, to, at + strlen(from));
    assert_int_equal(rename(path, renamed), 0);
}

static void
remove_message(VerifySite *site, const char *directory, const char *part)
{
    g_autofree char *path = verify_site_file(site, directory, part);
    assert_int_equal(unlink(path), 0);
}

/* Takes the line with @part out of the INBOX's list. */
static void
remove_line(VerifySite *site, const char *part)
{
    g_autofree char *path = verify_site_target(site, LIST);
    g_autofree char *text = verify_site_read(path);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) rest = g_string_new(NULL);
    for (size_t i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
        if (strstr(lines[i], part) == NULL)
            g_string_append_printf(rest, "%s\n", lines[i]);
    }
    verify_site_write(path, rest->str);
}

/* Changes places of the UIDs of lines @first and @second of a list, the header being line 0. */
static void
swap_uids(VerifySite *site, const char *name, size_t first, size_t second)
{
    g_autofree char *path = verify_site_target(site, name);
    g_autofree char *text = verify_site_read(path);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    char *uids[] = {lines[first], lines[second]};
    char *rests[] = {strchr(lines[first], ' '), strchr(lines[second], ' ')};
    char *swapped[2];
    for (int i = 0; i < 2; i++)
        swapped[i] = g_strdup_printf("%.*s%s", (int)(rests[i] - uids[i]), uids[i], rests[1 - i]);
    g_free(lines[first]);
    g_free(lines[second]);
    lines[first] = swapped[0];
    lines[second] = swapped[1];
    g_autofree char *joined = g_strjoinv("\n", lines);
    verify_site_write(path, joined);
}

static void
shell(VerifySite *site, const char *command)
{
    g_autofree char *full = g_strdup_printf("cd '%s/target' && %s", site->root, command);
    assert_int_equal(system(full), 0);
}

/* ---- damage ------------------------------------------------------------------------------- */

static void
nothing(VerifySite *site)
{
    (void)site;
}

static void
flip_byte(VerifySite *site)
{
    g_autofree char *path = verify_site_file(site, "cur", FIRST);
    struct stat st;
    stat(path, &st);
    verify_site_replace(path, "one", "ome");
    struct utimbuf times = {.actime = st.st_atime, .modtime = st.st_mtime};
    utime(path, &times);
}

static void
truncate_message(VerifySite *site)
{
    g_autofree char *path = verify_site_file(site, "cur", SECOND);
    struct stat st;
    stat(path, &st);
    assert_int_equal(truncate(path, 5), 0);
    struct utimbuf times = {.actime = st.st_atime, .modtime = st.st_mtime};
    utime(path, &times);
}

static void
swap_contents(VerifySite *site)
{
    shell(site, "a=$(ls cur/" FIRST "*) b=$(ls cur/" SECOND "*); mv $a tmp/a && mv $b $a && "
                "mv tmp/a $b");
}

static void
drop_file(VerifySite *site)
{
    remove_message(site, "cur", SECOND);
}

static void
drop_message(VerifySite *site)
{
    remove_message(site, "cur", SECOND);
    remove_line(site, SECOND);
}

static void
drop_last_message(VerifySite *site)
{
    remove_message(site, "new", LAST);
    remove_line(site, LAST);
}

static void
drop_unnumbered(VerifySite *site)
{
    remove_message(site, ".Old.2004/new", "1073124060");
}

static void
drop_twin(VerifySite *site)
{
    remove_message(site, "cur", TWINS);
}
static void
drop_line(VerifySite *site)
{
    remove_line(site, SECOND);
}
static void
swap_two_uids(VerifySite *site)
{
    swap_uids(site, LIST, 1, 2);
}
static void
swap_unnumbered(VerifySite *site)
{
    swap_uids(site, ".Old.2004/" LIST, 1, 2);
}
static void
raise_uid(VerifySite *site)
{
    in_list(site, "\n9 ", "\n10 ");
}
static void
lower_last_uid(VerifySite *site)
{
    in_list(site, "\n11 ", "\n10 ");
}

static void
change_date(VerifySite *site)
{
    g_autofree char *path = verify_site_file(site, "cur", FIRST);
    struct utimbuf times = {.actime = 1072951201, .modtime = 1072951201};
    assert_int_equal(utime(path, &times), 0);
}

static void
change_w(VerifySite *site)
{
    in_list(site, "\n3 W", "\n3 W1");
}
static void
add_wrong_s_field(VerifySite *site)
{
    in_list(site, "\n3 W", "\n3 S4711 W");
}
static void
zero_guid(VerifySite *site)
{
    in_list(site, " N12", " N12 G00000000000000000000000000000000");
}

static void
change_s(VerifySite *site)
{
    rename_message(site, SECOND, ",S=", ",S=1");
    shell(site, "sed -i 's/^\\(.*" SECOND ".*,S=\\)/\\11/' " LIST " && chmod 600 " LIST);
}

static void
add_wrong_w_to_name(VerifySite *site)
{
    rename_message(site, SECOND, ",S=", ",W=5,S=");
    shell(site, "sed -i 's/^\\(.*" SECOND ".*\\),S=/\\1,W=5,S=/' " LIST " && chmod 600 " LIST);
}

static void
remove_w(VerifySite *site)
{
    shell(site, "sed -i 's/^3 W[0-9]*/3/' " LIST " && chmod 600 " LIST);
}

static void
add_flag(VerifySite *site)
{
    rename_message(site, SECOND, ":2,", ":2,S");
}
static void
remove_flag(VerifySite *site)
{
    rename_message(site, FIRST, "FS", "S");
}
static void
add_letter(VerifySite *site)
{
    rename_message(site, SECOND, ":2,", ":2,a");
}
static void
add_unnamed_letter(VerifySite *site)
{
    rename_message(site, SECOND, ":2,", ":2,z");
}
static void
remove_letter(VerifySite *site)
{
    rename_message(site, FIRST, "FSa", "FS");
}

static void
rename_keyword(VerifySite *site)
{
    in_file(site, "dovecot-keywords", "work", "play");
}

static void
swap_keywords(VerifySite *site)
{
    g_autofree char *path = verify_site_target(site, "dovecot-keywords");
    verify_site_write(path, "0 later\n1 work\n");
}

static void
remove_keywords(VerifySite *site)
{
    shell(site, "rm dovecot-keywords");
}

static void
break_keywords(VerifySite *site)
{
    in_file(site, "dovecot-keywords", "1 later\n", "1 later\n77 much\n");
}

static void
change_uidl(VerifySite *site)
{
    in_list(site, " P4190ab0000000003", " P4190ab0000000004");
}
static void
remove_uidl(VerifySite *site)
{
    in_list(site, " P4190ab0000000003", "");
}
static void
invent_uidl(VerifySite *site)
{
    in_file(site, ".Old.2004/" LIST, "\n1 W", "\n1 Pabc W");
}
static void
add_pop3_order(VerifySite *site)
{
    in_list(site, "\n3 W", "\n3 O7 W");
}
static void
change_uidvalidity(VerifySite *site)
{
    in_list(site, "V1100000000", "V1100000001");
}
static void
raise_next_uid(VerifySite *site)
{
    in_list(site, " N12", " N99");
}
static void
exhaust_uids(VerifySite *site)
{
    in_list(site, " N12", " N4294967295");
}
static void
lower_next_uid(VerifySite *site)
{
    in_list(site, " N12", " N5");
}
static void
remove_list(VerifySite *site)
{
    shell(site, "rm " LIST);
}
static void
spoil_header(VerifySite *site)
{
    in_list(site, "3 V", "4 V");
}
static void
unsort_list(VerifySite *site)
{
    in_list(site, "\n9 ", "\n4 ");
}
static void
unend_list(VerifySite *site)
{
    shell(site, "truncate -s -1 " LIST);
}

static void
repeat_message(VerifySite *site)
{
    g_autofree char *path = verify_site_file(site, "cur", SECOND);
    g_autofree char *command =
        g_strdup_printf("cp -p '%s' \"$(echo '%s' | sed s/[.]1[.]mail/.2.mail/)\"", path, path);
    shell(site, command);
}

static void
invent_carried_message(VerifySite *site)
{
    g_autofree char *path =
        verify_site_target(site, "cur/1.Haaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.1.mailhaul:2,S");
    verify_site_write(path, "Subject: nobody's\n\n");
}

static void
deliver_own_mail(VerifySite *site)
{
    g_autofree char *path = verify_site_target(site, "new/1100000000.M1P2.host,S=21");
    verify_site_write(path, "Subject: own mail\n\nhi");
}

static void
deliver_wrong_size(VerifySite *site)
{
    g_autofree char *path = verify_site_target(site, "new/1100000000.M1P2.host,S=99");
    verify_site_write(path, "Subject: own mail\n\nhi");
}

static void
change_mode(VerifySite *site)
{
    shell(site, "chmod 644 cur/" FIRST "*");
}
static void
change_dir_mode(VerifySite *site)
{
    shell(site, "chmod 755 .Sent");
}
static void
change_list_mode(VerifySite *site)
{
    shell(site, "chmod 640 .Sent/" LIST);
}
static void
change_owner(VerifySite *site)
{
    shell(site, "chown 4711 cur/" FIRST "*");
}
static void
change_group(VerifySite *site)
{
    shell(site, "chgrp 4711 .Sent/" LIST);
}

static void
unsubscribe(VerifySite *site)
{
    in_file(site, "subscriptions", "Sent\n", "");
}

static void
remove_subscriptions(VerifySite *site)
{
    shell(site, "rm subscriptions");
}
static void
subscribe(VerifySite *site)
{
    in_file(site, "subscriptions", "Sent\n", "Sent\nMore\n");
}
static void
remove_folder(VerifySite *site)
{
    shell(site, "rm -r .Sent");
}
static void
rename_folder(VerifySite *site)
{
    shell(site, "mv .Sent .Sended");
}
static void
move_to_new(VerifySite *site)
{
    shell(site, "mv cur/" SECOND "* new/");
}
static void
move_to_cur(VerifySite *site)
{
    shell(site, "for f in new/*; do mv $f cur/${f#new/}:2,; done");
}

static void
replace_by_link(VerifySite *site)
{
    shell(site, "f=$(ls cur/" FIRST "*) && mv $f ../x && ln -s ../../x $f");
}

static void
break_name(VerifySite *site)
{
    shell(site, "f=$(ls cur/" SECOND "*) && mv $f \"$(printf '%sx\\r' $f)\"");
}

static void
repeat_name(VerifySite *site)
{
    shell(site, "f=$(ls cur/" SECOND "*) && cp -p $f \"new/$(basename $f :2,)\"");
}

static void
break_acl(VerifySite *site)
{
    shell(site, "echo 'owner !!' > dovecot-acl && chmod 600 dovecot-acl");
}

static void
leave_build(VerifySite *site)
{
    shell(site, "mkdir -m 700 mailhaul.build");
}
static void
leave_in_tmp(VerifySite *site)
{
    shell(site, "echo x > tmp/half");
}

/* ---- the table ---------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    Damage damage;
    unsigned code;           /* what must be found */
    unsigned also;           /* what may be, beside it */
    MhDifferenceClass class; /* of it, when the source has not changed since */
    MhDifferenceClass later; /* ... and when it has */
    bool only_as_root;
} Row;

#define D(code)      MH_DIFFERENCE_##code
#define SURE         MH_DIFFERENCE_DAMAGE, MH_DIFFERENCE_DAMAGE
#define NOTED        MH_DIFFERENCE_NOTE, MH_DIFFERENCE_NOTE
#define MAYBE(class) MH_DIFFERENCE_DAMAGE, MH_DIFFERENCE_##class

static const Row rows[] = {
    {"nothing", nothing, NONE, NONE, NOTED, false},
    {"a byte flipped", flip_byte, D(BYTES), NONE, SURE, false},
    {"a message cut off", truncate_message, D(BYTES), D(SIZE), SURE, false},
    {"two messages' texts swapped", swap_contents, D(UID), ANY, SURE, false},
    {"a file dropped", drop_file, D(MESSAGE_MISSING), NONE, SURE, false},
    {"a file dropped with its line", drop_message, D(MESSAGE_MISSING), NONE, SURE, false},
    {"the last message dropped", drop_last_message, D(MESSAGE_MISSING), NONE, SURE, false},
    {"a message without UID dropped", drop_unnumbered, D(MESSAGE_MISSING), NONE, SURE, false},
    {"one of two equal messages dropped", drop_twin, D(MESSAGE_MISSING), NONE, SURE, false},
    {"a line dropped", drop_line, D(MESSAGE_UNLISTED), NONE, SURE, false},
    {"two UIDs swapped", swap_two_uids, D(UID), NONE, SURE, false},
    {"two given UIDs swapped", swap_unnumbered, D(ORDER), NONE, SURE, false},
    {"a UID raised", raise_uid, D(UID), NONE, SURE, false},
    {"the last UID lowered", lower_last_uid, D(UID), NONE, SURE, false},
    {"a date changed", change_date, D(INTERNALDATE), NONE, SURE, false},
    {"W changed", change_w, D(SIZE), NONE, SURE, false},
    {"W taken away", remove_w, D(SIZE_UNSTATED), NONE, NOTED, false},
    {",S= wrong", change_s, D(SIZE), NONE, SURE, false},
    {",W= wrong", add_wrong_w_to_name, D(SIZE), NONE, SURE, false},
    {"S in the list wrong", add_wrong_s_field, D(SIZE), NONE, SURE, false},
    {"a flag added", add_flag, D(FLAGS), NONE, SURE, false},
    {"a flag removed", remove_flag, D(FLAGS), NONE, SURE, false},
    {"a keyword added", add_letter, D(KEYWORDS), NONE, SURE, false},
    {"a keyword without a name", add_unnamed_letter, D(KEYWORDS), NONE, SURE, false},
    {"a keyword removed", remove_letter, D(KEYWORDS), NONE, SURE, false},
    {"a keyword renamed", rename_keyword, D(KEYWORDS), NONE, MAYBE(NEWER), false},
    {"two keywords swapped", swap_keywords, D(KEYWORDS), NONE, MAYBE(NEWER), false},
    {"keyword table lost", remove_keywords, D(KEYWORDS), NONE, MAYBE(NEWER), false},
    {"keyword table spoilt", break_keywords, D(KEYWORD_TABLE), NONE, SURE, false},
    {"a UIDL changed", change_uidl, D(UIDL), NONE, SURE, false},
    {"a UIDL lost", remove_uidl, D(UIDL), NONE, MAYBE(NEWER), false},
    {"a UIDL invented", invent_uidl, D(UIDL), NONE, MAYBE(NEWER), false},
    {"a POP3 order", add_pop3_order, D(POP3_ORDER), NONE, MAYBE(NEWER), false},
    {"UIDVALIDITY changed", change_uidvalidity, D(UIDVALIDITY), NONE, MAYBE(NEWER), false},
    {"next UID raised", raise_next_uid, D(UIDNEXT), D(MESSAGE_MISSING), SURE, false},
    {"UIDs used up", exhaust_uids, D(UIDNEXT), D(MESSAGE_MISSING), SURE, false},
    {"next UID too low", lower_next_uid, D(UID_LIST), NONE, SURE, false},
    {"UID list lost", remove_list, D(UID_LIST), D(MESSAGE_UNLISTED), SURE, false},
    {"UID list of another version", spoil_header, D(UID_LIST), D(MESSAGE_UNLISTED), SURE, false},
    {"UID list unsorted", unsort_list, D(UID_LIST), D(MESSAGE_UNLISTED), SURE, false},
    {"UID list not ended", unend_list, D(MESSAGE_UNLISTED), D(UID_LIST), SURE, false},
    {"a GUID that crashes servers", zero_guid, D(UID_LIST), NONE, SURE, false},
    {"a message twice", repeat_message, D(MESSAGE_TWICE), NONE, SURE, false},
    {"a message too many", invent_carried_message, D(MESSAGE_EXTRA), NONE, MAYBE(NEWER), false},
    {"mail of its own", deliver_own_mail, NONE, NONE, NOTED, false},
    {"mail of its own with a wrong ,S=", deliver_wrong_size, D(SIZE), NONE, MH_DIFFERENCE_TARGET,
     MH_DIFFERENCE_TARGET, false},
    {"a message's mode", change_mode, D(MODE), NONE, SURE, false},
    {"a folder's mode", change_dir_mode, D(MODE), NONE, SURE, false},
    {"a list's mode", change_list_mode, D(MODE), NONE, SURE, false},
    {"a message's owner", change_owner, D(OWNER), NONE, SURE, true},
    {"a list's group", change_group, D(OWNER), NONE, SURE, true},
    {"a subscription lost", unsubscribe, D(SUBSCRIPTION_MISSING), NONE, SURE, false},
    {"subscriptions lost", remove_subscriptions, D(SUBSCRIPTION_MISSING), NONE, SURE, false},
    {"a subscription more", subscribe, D(SUBSCRIPTION_EXTRA), NONE, NOTED, false},
    {"a folder lost", remove_folder, D(FOLDER_MISSING), NONE, MAYBE(NEWER), false},
    {"a folder renamed", rename_folder, D(FOLDER_MISSING), D(FOLDER_EXTRA), MAYBE(NEWER), false},
    {"a message not new put into new", move_to_new, D(PLACE), NONE, MAYBE(NEWER), false},
    {"a new message put into cur", move_to_cur, D(PLACE), NONE, SURE, false},
    {"a link for a message", replace_by_link, D(BYTES), D(INTERNALDATE), SURE, false},
    {"a name no server shows", break_name, D(MESSAGE_NAME), D(MESSAGE_MISSING), SURE, false},
    {"one name twice", repeat_name, D(MESSAGE_NAME), D(MESSAGE_TWICE), SURE, false},
    {"an ACL that shuts everybody out", break_acl, D(ACL), NONE, SURE, false},
    {"left by a killed run", leave_build, D(LEFTOVER), NONE, NOTED, false},
    {"left in tmp", leave_in_tmp, D(LEFTOVER), NONE, NOTED, false},
};

static char *
show(const MhDifference *difference)
{
    return g_strdup_printf("%s %s: %s: %s", mh_difference_class_name(difference->class),
                           mh_difference_name(difference->code), difference->mailbox,
                           difference->detail);
}

/* New mail at the source is told as such, and nothing else. */
static bool
is_new_mail(const MhDifference *difference)
{
    return difference->class == MH_DIFFERENCE_NEWER &&
           (difference->code == MH_DIFFERENCE_MESSAGE_MISSING ||
            difference->code == MH_DIFFERENCE_UIDNEXT);
}

/* Prints what is not as the row says. */
static bool
is_as_expected(const Row *row, const MhDifferences *differences, bool later)
{
    const char *when = later ? " while mail comes in" : "";
    MhDifferenceClass class = later ? row->later : row->class;
    bool found = row->code == NONE, good = true;
    for (guint i = 0; i < differences->kept->len; i++) {
        const MhDifference *difference = differences->kept->pdata[i];
        bool wanted = difference->code == row->code;
        bool allowed = wanted ? difference->class <= class
                              : row->also == ANY || difference->code == row->also ||
                                    (later && is_new_mail(difference));
        g_autofree char *shown = show(difference);
        found |= wanted && difference->class == class;
        good &= allowed;
        if (!allowed)
            print_error("%s%s: %s\n", row->name, when, shown);
    }
    if (!found)
        print_error("%s%s: not found\n", row->name, when);
    return found && good;
}

static bool
try_row(const Row *row, bool later)
{
    VerifySite *site = verify_site_new();
    verify_site_migrate(site);
    row->damage(site);
    if (later) {
        verify_site_append(site, "INBOX", "late");
        verify_site_append(site, "mail/Sent", "late");
        verify_site_append(site, "mail/Old/2004", "late");
    }
    MhAccountOutcome *outcome = verify_site_verify(site);
    bool failed = mh_account_outcome_failed(outcome);
    if (failed)
        print_error("%s: %s\n", row->name, outcome->error);
    bool good = is_as_expected(row, outcome->differences, later) && !failed;
    mh_account_outcome_free(outcome);
    verify_site_free(site);
    return good;
}

static void
try_all(bool later)
{
    size_t bad = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!rows[i].only_as_root || geteuid() == 0)
            bad += !try_row(&rows[i], later);
    }
    assert_int_equal(bad, 0);
}

static void
test_every_damage(void **state)
{
    (void)state;
    try_all(false);
}

static void
test_every_damage_while_mail_comes_in(void **state)
{
    (void)state;
    try_all(true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_damage),
        cmocka_unit_test(test_every_damage_while_mail_comes_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
