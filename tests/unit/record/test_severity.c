/* SPDX-License-Identifier: Apache-2.0 */
#include <weir/severity.h>

#include <check.h>

#include "support/check_main.h"

static const struct {
    const char *word;
    unsigned want;
} cases[] = {
    { "trace", 1 },
    { "V", 1 },
    { "finest", 1 },
    { "debug", 5 },
    { "DBG", 5 },
    { "fine", 6 },
    { "info", 9 },
    { "Information", 9 },
    { "informational", 9 },
    { "I", 9 },
    { "notice", 10 },
    { "warn", 13 },
    { "Warning", 13 },
    { "err", 17 },
    { "ERROR", 17 },
    { "severe", 17 },
    { "crit", 18 },
    { "CRITICAL", 18 },
    { "alert", 19 },
    { "fatal", 21 },
    { "emerg", 21 },
    { "panic", 21 },
    { "0", 21 },
    { "3", 17 },
    { "4", 13 },
    { "7", 5 },
    { "10", 1 },
    { "30", 9 },
    { "60", 21 },
    { "INFO2", 10 },
    { "warn1", 13 },
    { "error4", 20 },
    /* nothing */
    { "", 0 },
    { "8", 0 },
    { "9", 0 },
    { "70", 0 },
    { "00", 0 },
    { "31", 0 },
    { "300", 0 },
    { "info5", 0 },
    { "info0", 0 },
    { "notice2", 0 },
    { "inform", 0 },
    { "in", 0 },
    { "infos", 0 },
    { "informationally", 0 },
    { "xinfo", 0 },
    { "[info]", 0 },
    { " info", 0 },
    { "-1", 0 },
    { "b", 0 },
    { "1", 19 },
    { "\xc3\xa9rror", 0 },
};

START_TEST(words_mean_what_they_say)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned got = weir_severity_parse(weir_str_of(cases[i].word));
        ck_assert_msg(got == cases[i].want, "%s: %u, not %u", cases[i].word, got, cases[i].want);
    }
    ck_assert_uint_eq(weir_severity_parse((struct weir_str){ "info\0", 5 }), 0);
    ck_assert_uint_eq(weir_severity_parse((struct weir_str){ "\0", 1 }), 0);
    ck_assert_uint_eq(weir_severity_parse(WEIR_STR_NONE), 0);
}
END_TEST

START_TEST(names_are_read_back)
{
    for (unsigned severity = 1; severity <= WEIR_SEVERITY_MAX; severity++) {
        struct weir_str name = weir_severity_name(severity);
        ck_assert_uint_gt(name.len, 0);
        ck_assert_uint_eq(weir_severity_parse(name), severity);
    }
    ck_assert_uint_eq(weir_severity_name(0).len, 0);
    ck_assert_uint_eq(weir_severity_name(25).len, 0);
    ck_assert_uint_eq(weir_severity_name(UINT32_MAX).len, 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("severity");
    tcase_add_test(tc, words_mean_what_they_say);
    tcase_add_test(tc, names_are_read_back);
    Suite *suite = suite_create("record/severity");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
