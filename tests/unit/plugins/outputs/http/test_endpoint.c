/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/http/endpoint.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void init(struct http_endpoints *endpoints, const char *const *urls, size_t count,
                 const char *concurrency, struct weir_str query)
{
    struct weir_http options = { .url = { (char **)(uintptr_t)urls, count },
                                 .concurrency = (char *)(uintptr_t)concurrency };
    options.batch.max_bytes = 1024;
    options.retry.first = 100;
    options.retry.max = 3000;
    options.retry.pause = 30000;
    ck_assert_int_eq(http_endpoints_init(endpoints, &options, "/push", query, 42), 0);
}

START_TEST(a_url_without_a_path_is_given_the_service_s)
{
    static const char *const urls[] = { "http://a", "http://a:1/", "https://a/x", "http://a?q=1",
                                        "http://a/?q" };
    static const char *const made[] = { "http://a/push", "http://a:1/push", "https://a/x",
                                        "http://a?q=1", "http://a/?q" };
    struct http_endpoints endpoints;
    init(&endpoints, urls, COUNT_OF(urls), "auto", WEIR_STR_NONE);
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        ck_assert_str_eq(endpoints.all[i].url, made[i]);
    http_endpoints_deinit(&endpoints);
    static const char *const asked[] = { "http://a/push?q=1", "http://a:1/push?q=1",
                                         "https://a/x?q=1", "http://a?q=1&q=1", "http://a/?q&q=1" };
    init(&endpoints, urls, COUNT_OF(urls), "auto", WEIR_STR("q=1"));
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        ck_assert_str_eq(endpoints.all[i].url, asked[i]);
    http_endpoints_deinit(&endpoints);
}
END_TEST

START_TEST(they_take_turns_and_the_less_busy_is_first)
{
    static const char *const urls[] = { "http://a", "http://b" };
    struct http_endpoints endpoints;
    init(&endpoints, urls, 2, "2", WEIR_STR_NONE);
    struct http_endpoint *a = http_endpoints_pick(&endpoints, 0);
    a->under_way++;
    struct http_endpoint *b = http_endpoints_pick(&endpoints, 0);
    ck_assert_ptr_ne(a, b);
    b->under_way += 2;
    ck_assert_ptr_eq(http_endpoints_pick(&endpoints, 0), a);
    a->under_way++;
    ck_assert_ptr_null(http_endpoints_pick(&endpoints, 0));
    ck_assert_int_eq(http_endpoints_next(&endpoints), INT64_MAX);
    http_endpoints_deinit(&endpoints);
}
END_TEST

START_TEST(one_failure_does_not_take_it_down_and_several_do)
{
    static const char *const urls[] = { "http://a" };
    struct http_endpoints endpoints;
    init(&endpoints, urls, 1, "4", WEIR_STR_NONE);
    struct http_endpoint *a = &endpoints.all[0];
    for (int i = 0; i < 3; i++)
        http_endpoint_failed(&endpoints, a, 1000, 1000, -1);
    ck_assert_ptr_eq(http_endpoints_pick(&endpoints, 1000), a);
    http_endpoint_failed(&endpoints, a, 1000, 1000, -1);
    ck_assert_ptr_null(http_endpoints_pick(&endpoints, 1000));
    ck_assert_int_gt(a->until, 1000);
    ck_assert_int_le(a->until, 1101);
    ck_assert_ptr_eq(http_endpoints_pick(&endpoints, 1101), a);
    for (int i = 0; i < 50; i++)
        http_endpoint_failed(&endpoints, a, 2000, 2000, -1);
    ck_assert_int_le(a->until, 2000 + 3001);
    http_endpoint_answered(a);
    ck_assert_uint_eq(a->failures, 0);
    http_endpoints_deinit(&endpoints);
}
END_TEST

START_TEST(htp_01_retry_after_is_kept_and_capped)
{
    static const struct {
        weir_ms asked, least, most;
    } rows[] = {
        { 1000, 1000, 1100 }, { 0, 0, 0 }, { -1, 0, 0 }, { 1000000000000, 600000, 660000 }
    };
    static const char *const urls[] = { "http://a" };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_endpoints endpoints;
        init(&endpoints, urls, 1, "4", WEIR_STR_NONE);
        http_endpoint_failed(&endpoints, &endpoints.all[0], 5000, 5000, rows[i].asked);
        ck_assert_int_ge(endpoints.all[0].until - 5000, rows[i].least);
        ck_assert_int_le(endpoints.all[0].until - 5000, rows[i].most);
        http_endpoints_deinit(&endpoints);
    }
}
END_TEST

START_TEST(held_is_one_request_at_a_time_until_it_answers)
{
    static const char *const urls[] = { "http://a", "http://b" };
    struct http_endpoints endpoints;
    init(&endpoints, urls, 2, "8", WEIR_STR_NONE);
    for (int i = 0; i < 2; i++) {
        weir_ms wait = http_endpoint_hold(&endpoints, &endpoints.all[i], 0);
        ck_assert_int_ge(wait, 30000);
        ck_assert_int_le(wait, 33000);
        ck_assert(http_endpoints_held(&endpoints) == (i == 1));
    }
    struct http_endpoint *a = http_endpoints_pick(&endpoints, 40000);
    a->under_way++;
    struct http_endpoint *b = http_endpoints_pick(&endpoints, 40000);
    b->under_way++;
    ck_assert_ptr_null(http_endpoints_pick(&endpoints, 40000));
    http_endpoint_answered(a);
    ck_assert_ptr_eq(http_endpoints_pick(&endpoints, 40000), a);
    http_endpoints_deinit(&endpoints);
}
END_TEST

START_TEST(waits_are_spread_over_the_whole_range)
{
    static const char *const urls[] = { "http://a" };
    struct http_endpoints endpoints;
    weir_ms least = INT64_MAX, most = 0;
    init(&endpoints, urls, 1, "auto", WEIR_STR_NONE);
    for (int i = 0; i < 1000; i++) {
        weir_ms wait = http_backoff(&endpoints, 3);
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    ck_assert_int_ge(least, 1);
    ck_assert_int_lt(least, 40);
    ck_assert_int_gt(most, 360);
    ck_assert_int_le(most, 400);
    ck_assert_int_le(http_backoff(&endpoints, 1000000), 3000);
    http_endpoints_deinit(&endpoints);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("endpoint");
    TCase *tcase = tcase_create("endpoint");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_url_without_a_path_is_given_the_service_s);
    tcase_add_test(tcase, they_take_turns_and_the_less_busy_is_first);
    tcase_add_test(tcase, one_failure_does_not_take_it_down_and_several_do);
    tcase_add_test(tcase, htp_01_retry_after_is_kept_and_capped);
    tcase_add_test(tcase, held_is_one_request_at_a_time_until_it_answers);
    tcase_add_test(tcase, waits_are_spread_over_the_whole_range);
    return check_main(suite);
}
