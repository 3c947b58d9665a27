/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/http/verdict.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    int from, to;
    enum weir_http_verdict verdict;
} statuses[] = {
    { 100, 199, WEIR_HTTP_RETRY },  { 200, 206, WEIR_HTTP_ACK },    { 207, 299, WEIR_HTTP_PAUSE },
    { 300, 399, WEIR_HTTP_PAUSE },  { 400, 400, WEIR_HTTP_POISON }, { 401, 405, WEIR_HTTP_PAUSE },
    { 406, 406, WEIR_HTTP_POISON }, { 407, 407, WEIR_HTTP_PAUSE },  { 408, 409, WEIR_HTTP_RETRY },
    { 410, 412, WEIR_HTTP_PAUSE },  { 413, 413, WEIR_HTTP_SPLIT },  { 414, 414, WEIR_HTTP_PAUSE },
    { 415, 415, WEIR_HTTP_POISON }, { 416, 421, WEIR_HTTP_PAUSE },  { 422, 422, WEIR_HTTP_POISON },
    { 423, 424, WEIR_HTTP_PAUSE },  { 425, 425, WEIR_HTTP_RETRY },  { 426, 428, WEIR_HTTP_PAUSE },
    { 429, 429, WEIR_HTTP_RETRY },  { 430, 499, WEIR_HTTP_PAUSE },  { 500, 500, WEIR_HTTP_RETRY },
    { 501, 501, WEIR_HTTP_PAUSE },  { 502, 599, WEIR_HTTP_RETRY },  { 600, 999, WEIR_HTTP_RETRY },
    { 0, 0, WEIR_HTTP_RETRY },
};

START_TEST(every_status_has_its_verdict)
{
    for (int status = statuses[_i].from; status <= statuses[_i].to; status++)
        ck_assert_msg(http_verdict(NULL, status, WEIR_STR_NONE) == statuses[_i].verdict, "%d: %s",
                      status, http_verdict_name(http_verdict(NULL, status, WEIR_STR_NONE)));
}
END_TEST

START_TEST(rules_come_first)
{
    static const struct weir_http_rule rules[] = {
        { 400, 404, "overloaded", WEIR_HTTP_RETRY },
        { 400, 400, "^E7:", WEIR_HTTP_POISON },
        { 400, 400, NULL, WEIR_HTTP_PAUSE },
        { 0 },
    };
    ck_assert_int_eq(http_verdict(rules, 403, WEIR_STR("we are overloaded")), WEIR_HTTP_RETRY);
    ck_assert_int_eq(http_verdict(rules, 403, WEIR_STR("we are overload")), WEIR_HTTP_PAUSE);
    ck_assert_int_eq(http_verdict(rules, 400, WEIR_STR_NONE), WEIR_HTTP_PAUSE);
    ck_assert_int_eq(http_verdict(rules, 400, WEIR_STR("E7: bad")), WEIR_HTTP_POISON);
    ck_assert_int_eq(http_verdict(rules, 400, WEIR_STR("not E7:")), WEIR_HTTP_PAUSE);
    ck_assert_int_eq(http_verdict(rules, 400, WEIR_STR("E7")), WEIR_HTTP_PAUSE);
    ck_assert_int_eq(http_verdict(rules, 413, WEIR_STR("overloaded")), WEIR_HTTP_SPLIT);
}
END_TEST

START_TEST(records_differ_from_all)
{
    struct weir_http_verdicts verdicts = { .count = 4 };
    weir_http_record(&verdicts, 1, WEIR_HTTP_ACK, WEIR_STR_NONE);
    ck_assert_ptr_null(verdicts.records);
    weir_http_record(&verdicts, 2, WEIR_HTTP_REJECT, WEIR_STR("bad"));
    weir_http_record(&verdicts, 3, WEIR_HTTP_RETRY, WEIR_STR("busy"));
    weir_http_record(&verdicts, 4, WEIR_HTTP_RETRY, WEIR_STR("outside"));
    ck_assert_int_eq(http_verdict_of(&verdicts, 0), WEIR_HTTP_ACK);
    ck_assert_int_eq(http_verdict_of(&verdicts, 2), WEIR_HTTP_REJECT);
    ck_assert_int_eq(http_verdict_of(&verdicts, 3), WEIR_HTTP_RETRY);
    ck_assert_str_eq(verdicts.reason, "bad");
    weir_http_all(&verdicts, WEIR_HTTP_RETRY, WEIR_STR("what?"));
    ck_assert_int_eq(http_verdict_of(&verdicts, 0), WEIR_HTTP_RETRY);
    ck_assert_str_eq(verdicts.reason, "what?");
    http_verdicts_deinit(&verdicts);
}
END_TEST

START_TEST(each_rejected_record_has_its_own_words)
{
    struct weir_http_verdicts verdicts = { .count = 10 };
    size_t at = 0;
    weir_http_record(&verdicts, 1, WEIR_HTTP_RETRY, WEIR_STR("busy"));
    weir_http_record(&verdicts, 2, WEIR_HTTP_REJECT, WEIR_STR("two"));
    weir_http_record(&verdicts, 5, WEIR_HTTP_REJECT, WEIR_STR_NONE);
    weir_http_record(&verdicts, 7, WEIR_HTTP_REJECT, WEIR_STR("seven"));
    ck_assert(weir_str_eq(http_rejected_word(&verdicts, 2, &at), WEIR_STR("two")));
    ck_assert(weir_str_eq(http_rejected_word(&verdicts, 4, &at), WEIR_STR("busy"))); /* unknown */
    ck_assert(weir_str_eq(http_rejected_word(&verdicts, 7, &at), WEIR_STR("seven")));
    ck_assert(weir_str_eq(http_rejected_word(&verdicts, 9, &at), WEIR_STR("busy")));
    http_verdicts_deinit(&verdicts);
}
END_TEST

START_TEST(some_are_rejected_without_a_name)
{
    struct weir_http_verdicts verdicts = { .count = 4 };
    weir_http_some_rejected(&verdicts, 1, WEIR_STR("bad one"));
    ck_assert_int_eq(http_verdict_of(&verdicts, 2), WEIR_HTTP_ACK);
    ck_assert_int_eq(http_verdict_of(&verdicts, 3), WEIR_HTTP_DROP);
    ck_assert_str_eq(verdicts.reason, "bad one");
    weir_http_some_rejected(&verdicts, 9, WEIR_STR("more than there are"));
    ck_assert_int_eq(http_verdict_of(&verdicts, 0), WEIR_HTTP_DROP);
    weir_http_all(&verdicts, WEIR_HTTP_ACK, WEIR_STR_NONE);
    ck_assert_int_eq(http_verdict_of(&verdicts, 3), WEIR_HTTP_ACK);
}
END_TEST

START_TEST(a_long_reason_is_cut)
{
    struct weir_http_verdicts verdicts = { .count = 1 };
    char text[1000];
    memset(text, 'x', sizeof(text));
    weir_http_all(&verdicts, WEIR_HTTP_PAUSE, (struct weir_str){ text, sizeof(text) });
    ck_assert_uint_eq(strlen(verdicts.reason), sizeof(verdicts.reason) - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verdict");
    TCase *tcase = tcase_create("verdict");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, every_status_has_its_verdict, 0, COUNT_OF(statuses));
    tcase_add_test(tcase, rules_come_first);
    tcase_add_test(tcase, records_differ_from_all);
    tcase_add_test(tcase, each_rejected_record_has_its_own_words);
    tcase_add_test(tcase, some_are_rejected_without_a_name);
    tcase_add_test(tcase, a_long_reason_is_cut);
    return check_main(suite);
}
