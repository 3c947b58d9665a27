/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <time.h>

#include "support/check_main.h"
#include "support/make_batch.h"

/* What `path` finds in the object `json`: type letter and text, or "-". */
static const struct {
    const char *json, *path, *want;
} cases[] = {
    { "{\"a\":1}", "a", "i1" },
    { "{\"a\":1}", "b", "-" },
    { "{\"a\":1}", "", "-" },
    { "{\"\":1}", "", "i1" },
    { "{\"a\":{\"b\":\"x\"}}", "a", "j{\"b\":\"x\"}" },
    { "{\"a\":{\"b\":\"x\"}}", "a.b", "sx" },
    { "{\"a\":{\"b\":\"x\"}}", "a.c", "-" },
    { "{\"a\":{\"b\":\"x\"}}", "a.b.c", "-" },
    { "{\"a\":{\"b\":\"x\"}}", "a.", "-" },
    { "{\"a\":{\"b\":\"x\"}}", ".a.b", "-" },
    { "{\"a\":{\"\":true}}", "a.", "btrue" },
    { "{\"a\":{\"b\":{\"c\":null}}}", "a.b.c", "nnull" },
    { "{\"a\":{\"b.c\":1.5}}", "a.b.c", "f1.5" },
    { "{\"a.b\":{\"c\":2}}", "a.b.c", "i2" },
    { "{\"a.b\":{\"c.d\":2}}", "a.b.c.d", "i2" },
    /* a whole name before a cut one, an early cut before a late one */
    { "{\"a\":{\"b\":1},\"a.b\":2}", "a.b", "i2" },
    { "{\"a\":{\"b\":{\"c\":1},\"b.c\":2}}", "a.b.c", "i2" },
    /* a way that leads nowhere does not hide another one */
    { "{\"a\":{\"x\":1},\"a.b\":{\"c\":2}}", "a.b.c", "i2" },
    { "{\"a\":{\"b\":{\"x\":1},\"b.c\":{\"d\":2}}}", "a.b.c.d", "i2" },
    { "{\"a\":5,\"a.b\":{\"c\":2}}", "a.b.c", "i2" },
    /* not objects */
    { "{\"a\":[{\"b\":1}]}", "a.b", "-" },
    { "{\"a\":\"{\\\"b\\\":1}\"}", "a.b", "-" },
    { "{\"a\":{\"b\":[1,2]}}", "a.b", "j[1,2]" },
    /* names with escapes */
    { "{\"\\u0061\":{\"\\u0062\":\"\\n\"}}", "a.b", "s\\n" },
    { "{\"\\u0061\":7}", "a", "i7" },
    { "{\"a\\u002eb\":{\"c\":3}}", "a.b.c", "i3" },
    { "{\"a\":{\"b\":1,\"b\":2}}", "a.b", "i2" }, /* the later one */
};

static void check_lookup(const char *json, const char *path, const char *want)
{
    static const char letters[] = "nbifsj";
    char line[256], got[256] = "-";
    snprintf(line, sizeof(line), "%s\n", json);
    struct batch *batch = make_batch(line, 0);
    made_batch_parse_json(batch);
    struct weir_field field;
    const struct weir_str asked = weir_str_of(path);
    if (weir_record_lookup(&batch->pub.records[0], asked, &field)) {
        snprintf(got, sizeof(got), "%c%.*s", letters[field.type], (int)field.value_len,
                 field.value);
        ck_assert(weir_str_eq((struct weir_str){ field.name, field.name_len }, asked));
        ck_assert(!(field.flags & WEIR_NAME_ESCAPED));
    }
    ck_assert_msg(strcmp(got, want) == 0, "%s of %s: %s, not %s", path, json, got, want);
    made_batch_free(batch);
}

START_TEST(paths_lead_through_names_and_objects)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_lookup(cases[i].json, cases[i].path, cases[i].want);
}
END_TEST

START_TEST(escapes_in_values_are_told)
{
    struct batch *batch = make_batch("{\"a\":{\"b\":\"\\n\",\"c\":\"n\"}}\n", 0);
    made_batch_parse_json(batch);
    struct weir_field field;
    ck_assert(weir_record_lookup(&batch->pub.records[0], WEIR_STR("a.b"), &field));
    ck_assert_uint_eq(field.flags, WEIR_VALUE_ESCAPED);
    ck_assert(weir_record_lookup(&batch->pub.records[0], WEIR_STR("a.c"), &field));
    ck_assert_uint_eq(field.flags, WEIR_VALUE_CLEAN);
    made_batch_free(batch);
}
END_TEST

/* Every cut of the path leads into an object that does not have the rest. */
START_TEST(a_hostile_record_costs_no_more_than_its_size)
{
    enum { DEPTH = 60, ROUNDS = 100 };
    static char line[1024], path[3 * DEPTH];
    size_t len = 0, path_len = 0;
    for (int i = 0; i < DEPTH; i++) {
        len += (size_t)snprintf(line + len, sizeof(line) - len, "{\"a.a\":{},\"a\":");
        path_len += (size_t)snprintf(path + path_len, sizeof(path) - path_len, "a.");
    }
    len += (size_t)snprintf(line + len, sizeof(line) - len, "{}");
    memset(line + len, '}', DEPTH);
    snprintf(line + len + DEPTH, sizeof(line) - len - DEPTH, "\n");
    snprintf(path + path_len, sizeof(path) - path_len, "b");
    struct batch *batch = make_batch(line, 0);
    made_batch_parse_json(batch);
    ck_assert_uint_eq(batch->pub.records[0].count, 2);
    struct weir_field field;
    clock_t start = clock();
    for (int i = 0; i < ROUNDS; i++)
        ck_assert(!weir_record_lookup(&batch->pub.records[0], weir_str_of(path), &field));
    ck_assert_int_lt((clock() - start) / ROUNDS, CLOCKS_PER_SEC / 100);
    made_batch_free(batch);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("path");
    tcase_add_test(tc, paths_lead_through_names_and_objects);
    tcase_add_test(tc, escapes_in_values_are_told);
    tcase_add_test(tc, a_hostile_record_costs_no_more_than_its_size);
    Suite *suite = suite_create("record/path");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
