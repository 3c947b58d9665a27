/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/http/limit.h"

#include <check.h>

#include "support/check_main.h"

/* A round: as many requests as may be under way, all taken. */
static void round_of_taken(struct http_limit *limit)
{
    unsigned now = http_limit_now(limit);
    for (unsigned i = 0; i < now; i++)
        http_limit_taken(limit, http_limit_now(limit), 20);
}

START_TEST(it_doubles_until_the_first_refusal_and_then_grows_by_one)
{
    struct http_limit limit;
    http_limit_init(&limit, 0, 64);
    ck_assert_uint_eq(http_limit_now(&limit), 1);
    for (unsigned expected = 2; expected <= 32; expected *= 2) {
        round_of_taken(&limit);
        ck_assert_uint_eq(http_limit_now(&limit), expected);
    }
    http_limit_refused(&limit, 100, 110);
    ck_assert_uint_eq(http_limit_now(&limit), 16);
    round_of_taken(&limit);
    ck_assert_uint_ge(http_limit_now(&limit), 16);
    ck_assert_uint_le(http_limit_now(&limit), 17);
    round_of_taken(&limit);
    ck_assert_uint_eq(http_limit_now(&limit), 17);
}
END_TEST

START_TEST(refusals_of_one_moment_cut_once)
{
    struct http_limit limit;
    http_limit_init(&limit, 0, 64);
    for (int i = 0; i < 4; i++)
        round_of_taken(&limit);
    ck_assert_uint_eq(http_limit_now(&limit), 16);
    for (weir_ms begun = 90; begun < 100; begun++)
        http_limit_refused(&limit, begun, 100 + begun - 90);
    ck_assert_uint_eq(http_limit_now(&limit), 8);
    http_limit_refused(&limit, 120, 130);
    ck_assert_uint_eq(http_limit_now(&limit), 4);
    for (weir_ms at = 200; at < 300; at += 10)
        http_limit_refused(&limit, at, at + 5);
    ck_assert_uint_eq(http_limit_now(&limit), 1);
}
END_TEST

START_TEST(what_is_not_used_does_not_grow)
{
    struct http_limit limit;
    http_limit_init(&limit, 0, 8);
    for (int i = 0; i < 100; i++)
        round_of_taken(&limit);
    ck_assert_uint_eq(http_limit_now(&limit), 8);
    http_limit_refused(&limit, 1, 2);
    for (int i = 0; i < 100; i++)
        http_limit_taken(&limit, 3, 10);
    ck_assert_uint_eq(http_limit_now(&limit), 4);
    ck_assert_double_eq_tol(limit.round_trip_ms, 10, 1);
}
END_TEST

START_TEST(a_fixed_one_stays)
{
    struct http_limit limit;
    http_limit_init(&limit, 5, 64);
    round_of_taken(&limit);
    http_limit_refused(&limit, 1, 2);
    ck_assert_uint_eq(http_limit_now(&limit), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limit");
    TCase *tcase = tcase_create("limit");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, it_doubles_until_the_first_refusal_and_then_grows_by_one);
    tcase_add_test(tcase, refusals_of_one_moment_cut_once);
    tcase_add_test(tcase, what_is_not_used_does_not_grow);
    tcase_add_test(tcase, a_fixed_one_stays);
    return check_main(suite);
}
