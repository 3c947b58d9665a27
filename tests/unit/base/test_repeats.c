/* SPDX-License-Identifier: Apache-2.0 */
#include "base/repeats.h"

#include <check.h>

#include "support/check_main.h"

static const char away[] = "the sink is away", full[] = "the disk is full";

START_TEST(five_are_said_then_counted)
{
    static struct repeats repeats;
    uint64_t left_out = 99;
    const int64_t start = 1000;
    for (int i = 0; i < REPEATS_BURST; i++) {
        ck_assert(repeats_admit(&repeats, away, "app/file", start + i, &left_out));
        ck_assert_uint_eq(left_out, 0);
    }
    for (int i = 0; i < 37; i++)
        ck_assert(!repeats_admit(&repeats, away, "app/file", start + 100 + i, &left_out));

    /* Another text and another speaker are other kinds; the same name elsewhere in memory is not. */
    char who[] = "app/file";
    ck_assert(repeats_admit(&repeats, full, "app/file", start + 200, &left_out));
    ck_assert(repeats_admit(&repeats, away, "app/kafka", start + 200, &left_out));
    ck_assert(repeats_admit(&repeats, away, NULL, start + 200, &left_out));
    ck_assert(!repeats_admit(&repeats, away, who, start + 200, &left_out));

    ck_assert(!repeats_admit(&repeats, away, who, start + REPEATS_WINDOW_NS - 1, &left_out));
    ck_assert(repeats_admit(&repeats, away, who, start + REPEATS_WINDOW_NS, &left_out));
    ck_assert_uint_eq(left_out, 39);
    ck_assert_uint_eq(repeats_take_left_out(&repeats), 0);
}
END_TEST

START_TEST(no_count_is_lost_when_kinds_make_room)
{
    static struct repeats repeats;
    static const char texts[4000];
    uint64_t said = 0, reported = 0, left_out;
    for (int round = 0; round < 9; round++)
        for (size_t i = 0; i < sizeof(texts); i++)
            for (int again = 0; again < 7; again++)
                if (repeats_admit(&repeats, texts + i, NULL, round, &left_out)) {
                    said++;
                    reported += left_out;
                }
    ck_assert_uint_gt(repeats.forgotten, 0);
    reported += repeats_take_left_out(&repeats);
    ck_assert_uint_eq(said + reported, 9 * sizeof(texts) * 7);
    ck_assert_uint_eq(repeats_take_left_out(&repeats), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("repeats");
    TCase *tcase = tcase_create("repeats");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, five_are_said_then_counted);
    tcase_add_test(tcase, no_count_is_lost_when_kinds_make_room);
    return check_main(suite);
}
