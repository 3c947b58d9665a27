/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/logical_clock.h"
#include "support/check_main.h"

static void remember(void *arg, uint64_t ceiling)
{
    *(uint64_t *)arg = ceiling;
}

START_TEST(test_follows_the_wall_clock)
{
    uint64_t ceiling = 0;
    struct logical_clock *clock = logical_clock_new(0, remember, &ceiling);
    ck_assert_uint_eq(logical_clock_take(clock, 1000, 10), 1000);
    ck_assert_uint_eq(logical_clock_last(clock), 1009);
    ck_assert_uint_eq(logical_clock_take(clock, 5000, 1), 5000);
    logical_clock_free(clock);
}
END_TEST

START_TEST(test_never_goes_back_when_the_wall_clock_does)
{
    uint64_t ceiling = 0;
    struct logical_clock *clock = logical_clock_new(0, remember, &ceiling);
    uint64_t last = 0;
    const int64_t walls[] = { 100000, 50000, 100002, 0, -7, 100001, 200000, 199999 };
    for (size_t i = 0; i < sizeof(walls) / sizeof(walls[0]); i++) {
        uint64_t first = logical_clock_take(clock, walls[i], 5);
        ck_assert_uint_gt(first, last);
        last = first + 4;
        ck_assert_uint_eq(logical_clock_last(clock), last);
    }
    logical_clock_free(clock);
}
END_TEST

START_TEST(test_ceiling_stays_above_every_value_and_survives)
{
    uint64_t ceiling = 0;
    struct logical_clock *clock = logical_clock_new(0, remember, &ceiling);
    int64_t wall = 1700000000000000000;
    for (int i = 0; i < 100; i++, wall += LOGICAL_CLOCK_AHEAD_NS / 3) {
        logical_clock_take(clock, wall, 1000);
        ck_assert_uint_gt(ceiling, logical_clock_last(clock));
    }
    uint64_t last = logical_clock_last(clock);
    logical_clock_free(clock);

    /* A restart with a wall clock that was set back a year. */
    clock = logical_clock_new(ceiling, remember, &ceiling);
    ck_assert_uint_gt(logical_clock_take(clock, 1600000000000000000, 1), last);
    logical_clock_free(clock);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("logical_clock");
    TCase *tcase = tcase_create("clock");
    tcase_add_test(tcase, test_follows_the_wall_clock);
    tcase_add_test(tcase, test_never_goes_back_when_the_wall_clock_does);
    tcase_add_test(tcase, test_ceiling_stays_above_every_value_and_survives);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
