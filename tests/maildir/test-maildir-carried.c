#include "maildir-carried.h"
#include "testing.h"

static void
test_round_trip(void **state)
{
    (void)state;
    static const struct {
        MaildirCarried carried;
        uint32_t line_uid;
        const char *text;
    } rows[] = {
        {{0, 0, 7, false}, 7, "M"},
        {{0, 0, 7, true}, 7, "ML"},
        {{MH_FLAG_SEEN, 3, 8, true}, 7, "MSabL,8"},
        {{MH_FLAG_SEEN, 0, 7, false}, 7, "MS"},
        {{MH_FLAGS_ALL, 0x3ffffff, 4294967295, false},
         4294967295,
         "MDFRSTabcdefghijklmnopqrstuvwxyz"},
        {{MH_FLAG_SEEN, 1u << 25, 8, false}, 7, "MSz,8"},
        {{0, 0, 0, false}, 7, "M,0"},
        {{MH_FLAGS_ALL, 0x3ffffff, 4294967295, true},
         1,
         "MDFRSTabcdefghijklmnopqrstuvwxyzL,4294967295"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char text[MAILDIR_CARRIED_MAX];
        MaildirCarried back;
        maildir_carried_format(&rows[i].carried, rows[i].line_uid, text);
        assert_string_equal(text, rows[i].text);
        g_autofree char *fields = g_strdup_printf("S12 %s Gabc", text);
        assert_true(maildir_carried_parse(mh_span_from_string(fields), rows[i].line_uid, &back));
        assert_int_equal(back.flags, rows[i].carried.flags);
        assert_int_equal(back.letters, rows[i].carried.letters);
        assert_int_equal(back.uid, rows[i].carried.uid);
        assert_int_equal(back.size_listed, rows[i].carried.size_listed);
    }
}

static void
test_not_ours(void **state)
{
    (void)state;
    static const char *const rows[] = {"",    "S12",           "GM",  "MSX", "M,",
                                       "M,x", "MS,4294967296", "M,-1"};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MaildirCarried back;
        if (maildir_carried_parse(mh_span_from_string(rows[i]), 1, &back))
            fail_msg("'%s' was taken", rows[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
