/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/http/options.h"

#include <check.h>

#include "support/check_main.h"

START_TEST(concurrency)
{
    static const struct {
        const char *text;
        unsigned value;
    } rows[] = {
        { "auto", 0 },
        { "1", 1 },
        { "64", 64 },
        { "65", HTTP_CONCURRENCY_BAD },
        { "0", HTTP_CONCURRENCY_BAD },
        { "", HTTP_CONCURRENCY_BAD },
        { "-1", HTTP_CONCURRENCY_BAD },
        { "4x", HTTP_CONCURRENCY_BAD },
        { "Auto", HTTP_CONCURRENCY_BAD },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_uint_eq(http_concurrency_parse(rows[i].text), rows[i].value);
}
END_TEST

START_TEST(automatic_concurrency_is_bounded_in_bytes)
{
    struct weir_http http = { .url = { .count = 1 }, .concurrency = (char[]){ "auto" } };
    http.batch.max_bytes = 1024;
    ck_assert_uint_eq(http_concurrency_max(&http), HTTP_AUTO_REQUESTS);
    http.url.count = 4;
    ck_assert_uint_eq(http_concurrency_max(&http), HTTP_AUTO_REQUESTS / 4);
    http.batch.max_bytes = 8 * 1024 * 1024;
    ck_assert_uint_eq(http_concurrency_max(&http), 1);
    http.concurrency = (char[]){ "7" };
    ck_assert_uint_eq(http_concurrency_max(&http), 7);
}
END_TEST

/* Each of these alone is fine. */
START_TEST(what_does_not_fit_together)
{
    struct weir_http http = { .concurrency = (char[]){ "auto" } };
    char url[] = "https://a", *urls[] = { url };
    struct weir_error err = { 0 };
    http.url = (struct weir_texts){ urls, 1 };
    http.auth.header = (char[]){ "Authorization" };
    http.auth.scheme = (char[]){ "Bearer" };
    http.tls.cert = http.tls.key = (char[]){ "/f" };
    http.tls.key_password_file = (char[]){ "/p" };
    ck_assert_int_eq(http_options_check(&http, &err), 0);
    http.tls.key_password = (char[]){ "x" };
    ck_assert_int_lt(http_options_check(&http, &err), 0);
    http.tls.key_password_file = NULL;
    ck_assert_int_eq(http_options_check(&http, &err), 0);
    http.tls.cert = http.tls.key = NULL;
    ck_assert_int_lt(http_options_check(&http, &err), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, concurrency);
    tcase_add_test(tcase, what_does_not_fit_together);
    tcase_add_test(tcase, automatic_concurrency_is_bounded_in_bytes);
    return check_main(suite);
}
