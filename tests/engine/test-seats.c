/* Whether another worker may be put to work beside those that are. */
#include "coordinator-private.h"

#include "testing.h"

/* Seats as letters: 'w' at work, 'l' in its last batch, 'h' held, 'H' held in its last batch. */
static void
test_has_room(void **state)
{
    static const struct {
        const char *seats;
        uint32_t jobs;
        bool has_room;
    } rows[] = {
        {"", 1, true},
        {"w", 1, false},
        {"l", 1, false}, /* one job is one account at a time */
        {"h", 1, true},
        {"H", 1, true},
        {"w", 2, true},
        {"ww", 2, false},
        {"wl", 2, true},
        {"wwl", 2, false},
        {"wllllllll", 2, true},
        {"wlllllllll", 2, false}, /* nine of them */
        {"llllllll", 2, true},
        {"lllllllll", 2, true},
        {"llllllllll", 2, false},
        {"wwhH", 2, false},
        {"whH", 2, true},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        MhRun run = {.jobs = rows[i].jobs, .seats = g_ptr_array_new_with_free_func(g_free)};
        for (const char *c = rows[i].seats; *c != '\0'; c++) {
            MhSeat *seat = g_new0(MhSeat, 1);
            seat->held_told = *c == 'h' || *c == 'H';
            seat->in_last_batch = *c == 'l' || *c == 'H';
            g_ptr_array_add(run.seats, seat);
        }
        bool has_room = mh_coordinator_has_room(&run);
        g_ptr_array_unref(run.seats);
        if (has_room != rows[i].has_room)
            fail_msg("'%s' with %u jobs", rows[i].seats, rows[i].jobs);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_has_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
