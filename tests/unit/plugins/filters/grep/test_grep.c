/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "support/check_main.h"
#include "support/make_batch.h"
#include "support/make_filter.h"

extern const struct weir_plugin weir_plugin_filter_grep;

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Eleven records, and which of them stay. */
static const struct weir_str texts[] = {
    { "error one", 9 },                                            /* 0 */
    { "warn two", 8 },                                             /* 1 */
    { "", 0 },                                                     /* 2 */
    { "e", 1 },                                                    /* 3 */
    { "\0error\0", 7 },                                            /* 4 */
    { "\xff error \x80", 9 },                                      /* 5 */
    { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", 51 }, /* 6 */
    { "{\"level\":\"error\",\"http\":{\"status\":500}}", 39 },     /* 7 */
    { "{\"level\":\"\\u0065rror\"}", 22 },                         /* 8 */
    { "{\"level\":7}", 11 },                                       /* 9 */
    { "error warn", 10 },                                          /* 10 */
};

static const struct grep_case {
    const char *options;
    bool parsed; /* lines that are JSON are opened before */
    const char *kept;
    int gave_up;
} cases[] = {
    { "include: error", false, "x...xx.x..x", 0 },
    { "include: [error, warn]", false, "xx..xx.x..x", 0 },
    { "{include: [error, warn], match: all}", false, "..........x", 0 },
    { "exclude: error", false, ".xxx..x.xx.", 0 },
    { "exclude: [error, warn]", false, "..xx..x.xx.", 0 },
    { "{include: error, exclude: warn}", false, "x...xx.x...", 0 },
    { "include: '^.$'", false, "...x.......", 0 },
    { "include: '^$'", false, "..x........", 0 },
    { "include: '\\x00'", false, "....x......", 0 },
    { "include: '\\xff'", false, ".....x.....", 0 },
    /* What cannot be told stays; unless something else tells. */
    { "include: '^(a|aa)+$'", false, "......x....", 1 },
    { "exclude: '^(a|aa)+$'", false, "xxxxxxxxxxx", 1 },
    { "{include: [error, '^(a|aa)+$']}", false, "x...xxxx..x", 1 },
    { "{include: [error, '^(a|aa)+$'], match: all}", false, "...........", 0 },
    { "{include: error, exclude: '^(a|aa)+$'}", false, "x...xx.x..x", 1 },
    /* Other fields */
    { "{include: error, field: level}", true, ".......xx..", 0 },
    { "{exclude: error, field: level}", true, "xxxxxxx..xx", 0 },
    { "{include: '^7$', field: level}", true, ".........x.", 0 },
    { "{include: '^5', field: http.status}", true, ".......x...", 0 },
    { "{include: error, field: level}", false, "...........", 0 },
    { "{exclude: error, field: level}", false, "xxxxxxxxxxx", 0 },
    { "include: error", true, "x...xx....x", 0 },
};

static void check_kept(const struct batch *batch, const char *kept)
{
    char got[COUNT_OF(texts) + 1] = "";
    for (uint32_t i = 0; i < COUNT_OF(texts); i++)
        got[i] = weir_batch_is_dropped(&batch->pub, i) ? '.' : 'x';
    ck_assert_str_eq(got, kept);
}

START_TEST(records_stay_or_go)
{
    const struct grep_case *c = &cases[_i];
    struct made_filter filter = make_filter(&weir_plugin_filter_grep, c->options);
    struct batch *batch = make_batch_records(texts, COUNT_OF(texts), 0);
    if (c->parsed)
        made_batch_parse_json(batch);
    made_filter_apply(&filter, &batch->pub);
    check_kept(batch, c->kept);
    ck_assert_int_eq(fake_host_counter(filter.host, "grep_gave_up_total"), c->gave_up);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(plain_lines_stay_plain)
{
    struct made_filter filter = make_filter(&weir_plugin_filter_grep, "include: error");
    struct batch *batch = make_batch_records(texts, COUNT_OF(texts), 0);
    made_filter_apply(&filter, &batch->pub);
    ck_assert_ptr_null(batch->pub.records);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(records_left_out_are_not_looked_at)
{
    struct made_filter filter = make_filter(&weir_plugin_filter_grep, "include: '^(a|aa)+$'");
    struct batch *batch = make_batch_records(texts, COUNT_OF(texts), 0);
    weir_batch_drop(&batch->pub, 6);
    made_filter_apply(&filter, &batch->pub);
    check_kept(batch, "...........");
    ck_assert_int_eq(fake_host_counter(filter.host, "grep_gave_up_total"), 0);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(wrong_options_are_refused_by_name)
{
    static const struct {
        const char *options, *mistake;
    } rows[] = {
        { "{}", "option \"include\" of grep: needs at least one pattern" },
        { "{include: []}", "needs at least one pattern" },
        { "{include: ['x', '(']}", "option \"include\" of grep: \"(\": not a regular expression" },
        { "{exclude: '['}", "option \"exclude\" of grep: \"[\"" },
        { "{include: x, match: none}", "\"match\"" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *mistakes = make_filter_mistakes(&weir_plugin_filter_grep, rows[i].options);
        ck_assert_msg(strstr(mistakes, rows[i].mistake) != NULL, "%s", mistakes);
        free(mistakes);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("grep");
    tcase_add_loop_test(tc, records_stay_or_go, 0, COUNT_OF(cases));
    tcase_add_test(tc, plain_lines_stay_plain);
    tcase_add_test(tc, records_left_out_are_not_looked_at);
    tcase_add_test(tc, wrong_options_are_refused_by_name);
    Suite *suite = suite_create("filters/grep");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
