/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/loki/labels.h"

#include <check.h>

#include "support/check_main.h"
#include "support/make_batch.h"

#define PAIRS(...)                                                                                 \
    {                                                                                              \
        .items = (struct weir_pair[]){ __VA_ARGS__ },                                              \
        .count = sizeof((struct weir_pair[]){ __VA_ARGS__ }) / sizeof(struct weir_pair)            \
    }
#define PAIR(n, v)                                                                                 \
    {                                                                                              \
        .name = (char[]){ n }, .value = (char[])                                                   \
        {                                                                                          \
            v                                                                                      \
        }                                                                                          \
    }

static void expect(struct loki_labels *labels, const struct batch *batch, uint32_t i,
                   const char *text)
{
    const struct weir_bytes *set = loki_labels_of(labels, &batch->pub, i);
    ck_assert_ptr_nonnull(set);
    ck_assert_msg(weir_str_eq((struct weir_str){ set->data, set->len }, weir_str_of(text)), "%.*s",
                  (int)set->len, set->data);
}

static struct batch *apps(void)
{
    struct batch *batch =
        make_batch("{\"app\":\"a\"}\n{\"app\":\"b \\\"q\\\"\"}\n{\"x\":1}\n{\"app\":\"c\"}\n", 0);
    made_batch_parse_json(batch);
    return batch;
}

START_TEST(they_are_sorted_and_escaped_and_empty_ones_are_left_out)
{
    struct batch *batch = apps();
    struct weir_pairs pairs =
        PAIRS(PAIR("zone", "eu"), PAIR("app", "${app}"), PAIR("none", "${nothing}"));
    for (int json = 0; json < 2; json++) {
        struct loki_labels labels;
        ck_assert_int_eq(loki_labels_init(&labels, &pairs, 10, json, NULL), 0);
        expect(&labels, batch, 0,
               json ? "{\"app\":\"a\",\"zone\":\"eu\"}" : "{app=\"a\",zone=\"eu\"}");
        expect(&labels, batch, 1,
               json ? "{\"app\":\"b \\\"q\\\"\",\"zone\":\"eu\"}"
                    : "{app=\"b \\\"q\\\"\",zone=\"eu\"}");
        expect(&labels, batch, 2, json ? "{\"zone\":\"eu\"}" : "{zone=\"eu\"}");
        loki_labels_deinit(&labels);
    }
    made_batch_free(batch);
}
END_TEST

START_TEST(there_is_always_one)
{
    struct batch *batch = apps();
    struct weir_pairs pairs = PAIRS(PAIR("none", "${nothing}"));
    struct weir_pairs empty = { 0 };
    struct loki_labels labels;
    ck_assert_int_eq(loki_labels_init(&labels, &pairs, 10, false, NULL), 0);
    expect(&labels, batch, 0, "{job=\"weir\"}");
    loki_labels_deinit(&labels);
    ck_assert_int_eq(loki_labels_init(&labels, &empty, 10, false, NULL), 0);
    ck_assert(labels.constant);
    expect(&labels, batch, 0, "{job=\"weir\"}");
    loki_labels_deinit(&labels);
    made_batch_free(batch);
}
END_TEST

START_TEST(there_are_so_many_sets_and_no_more)
{
    struct batch *batch = apps();
    struct weir_pairs pairs = PAIRS(PAIR("app", "${app}"), PAIR("zone", "eu"));
    struct loki_labels labels;
    ck_assert_int_eq(loki_labels_init(&labels, &pairs, 2, false, NULL), 0);
    expect(&labels, batch, 0, "{app=\"a\",zone=\"eu\"}");
    expect(&labels, batch, 1, "{app=\"b \\\"q\\\"\",zone=\"eu\"}");
    expect(&labels, batch, 3, "{zone=\"eu\"}");
    ck_assert_uint_eq(labels.refused, 1);
    expect(&labels, batch, 0, "{app=\"a\",zone=\"eu\"}");
    ck_assert_uint_eq(labels.refused, 1);
    loki_labels_deinit(&labels);
    made_batch_free(batch);
}
END_TEST

START_TEST(names_and_templates_that_are_none)
{
    struct weir_pairs bad[] = { PAIRS(PAIR("1a", "x")), PAIRS(PAIR("a.b", "x")),
                                PAIRS(PAIR("", "x")), PAIRS(PAIR("__a", "x")),
                                PAIRS(PAIR("a", "${x")) };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct loki_labels labels;
        struct weir_error err = { 0 };
        ck_assert_int_lt(loki_labels_init(&labels, &bad[i], 10, false, &err), 0);
        ck_assert_str_eq(err.option, "labels");
        loki_labels_deinit(&labels);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("labels");
    TCase *tcase = tcase_create("labels");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, they_are_sorted_and_escaped_and_empty_ones_are_left_out);
    tcase_add_test(tcase, there_is_always_one);
    tcase_add_test(tcase, there_are_so_many_sets_and_no_more);
    tcase_add_test(tcase, names_and_templates_that_are_none);
    return check_main(suite);
}
