/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/kafka/schema_version.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/outputs/kafka/schema_store.h"
#include "support/check_main.h"
#include "support/temp_dir.h"

#define GOOD "{\"subject\":\"s\",\"version\":3,\"id\":42,\"schema\":\"{}\"}"

static const struct {
    int status;
    const char *body;
    enum kafka_schema_answer want;
    const char *why;
} answers[] = {
    { 200, GOOD, KAFKA_SCHEMA_GIVEN, "" },
    { 200,
      "{\"subject\":\"s\",\"version\":3,\"id\":42,\"schema\":\"{}\",\"schemaType\":\"AVRO\",\"references\":[]}",
      KAFKA_SCHEMA_GIVEN, "" },
    { 200, "{\"subject\":\"s\",\"version\":3,\"id\":42,\"schema\":\"{}\",\"schemaType\":\"JSON\"}",
      KAFKA_SCHEMA_ABSENT, "another kind of schema there: JSON" },
    { 200, "{\"subject\":\"s\",\"version\":3,\"id\":42,\"schema\":\"{}\",\"references\":[{}]}",
      KAFKA_SCHEMA_ABSENT, "refers to other subjects" },
    { 200, "{\"version\":3,\"id\":42,\"schema\":\"{}\"}", KAFKA_SCHEMA_AWAY, "answer is none" },
    { 200, "{\"subject\":\"s\",\"version\":0,\"id\":42,\"schema\":\"{}\"}", KAFKA_SCHEMA_AWAY,
      "answer is none" },
    { 200, "{\"subject\":\"s\",\"version\":1,\"id\":-1,\"schema\":\"{}\"}", KAFKA_SCHEMA_AWAY,
      "answer is none" },
    { 200, "{\"subject\":\"s\",\"version\":1,\"id\":4294967296,\"schema\":\"{}\"}",
      KAFKA_SCHEMA_AWAY, "answer is none" },
    { 200, "{\"subject\":\"s\",\"version\":1,\"id\":\"1\",\"schema\":\"{}\"}", KAFKA_SCHEMA_AWAY,
      "answer is none" },
    { 200, "<html>", KAFKA_SCHEMA_AWAY, "answer is none" },
    { 200, "", KAFKA_SCHEMA_AWAY, "answer is none" },
    { 404, "{\"error_code\":40401,\"message\":\"no s\"}", KAFKA_SCHEMA_ABSENT,
      "answers 404: no s" },
    { 404, "{\"error_code\":40402}", KAFKA_SCHEMA_ABSENT, "answers 404" },
    { 404, "{\"error_code\":40403}", KAFKA_SCHEMA_ABSENT, "answers 404" },
    { 404, "not here", KAFKA_SCHEMA_AWAY, "answers 404" }, /* a proxy's, perhaps */
    { 422, "{\"error_code\":42202,\"message\":\"bad\"}", KAFKA_SCHEMA_ABSENT, "answers 422: bad" },
    { 401, "", KAFKA_SCHEMA_REFUSED, "answers 401" },
    { 403, "", KAFKA_SCHEMA_REFUSED, "answers 403" },
    { 429, "", KAFKA_SCHEMA_AWAY, "answers 429" },
    { 500, "{\"error_code\":50002,\"message\":\"late\"}", KAFKA_SCHEMA_AWAY, "answers 500: late" },
};

START_TEST(answers_are_read)
{
    struct kafka_schema_version version = { 0 };
    char why[KAFKA_SCHEMA_WHY_MAX] = "";
    ck_assert_int_eq(
        kafka_schema_read_answer(answers[_i].status, weir_str_of(answers[_i].body), &version, why),
        answers[_i].want);
    ck_assert_msg(strstr(why, answers[_i].why), "%s", why);
    ck_assert(!version.text == (answers[_i].want != KAFKA_SCHEMA_GIVEN));
    if (version.text) {
        ck_assert_str_eq(version.text, "{}");
        ck_assert_int_eq(version.id, 42);
        ck_assert_int_eq(version.version, 3);
    }
    kafka_schema_version_deinit(&version);
}
END_TEST

START_TEST(whether_it_is_compatible)
{
    char why[KAFKA_SCHEMA_WHY_MAX];
    ck_assert_int_eq(kafka_schema_read_compatible(200, WEIR_STR("{\"is_compatible\":true}"), why),
                     1);
    ck_assert_int_eq(kafka_schema_read_compatible(
                         200, WEIR_STR("{\"is_compatible\":false,\"messages\":[\"f\"]}"), why),
                     0);
    ck_assert_ptr_nonnull(strstr(why, "not compatible: f"));
    ck_assert_int_lt(kafka_schema_read_compatible(200, WEIR_STR("{}"), why), 0);
    ck_assert_int_lt(kafka_schema_read_compatible(500, WEIR_STR("{\"is_compatible\":true}"), why),
                     0);
}
END_TEST

static const struct {
    const char *a, *b, *where; /* NULL: they are the same */
} pairs[] = {
    { "{\"a\":1,\"b\":[1,2]}", " { \"b\" : [1, 2],\"a\":1}", NULL },
    { "\"x\"", "\"x\"", "" },
    { "{\"a\":1}", "{\"a\":2}", "a" },
    { "{\"a\":1}", "{}", "a" },
    { "{}", "{\"a\":1}", "a" },
    { "{\"a\":{\"b\":[0,{\"c\":1}]}}", "{\"a\":{\"b\":[0,{\"c\":\"1\"}]}}", "a.b[1].c" },
    { "[1]", "[1,2]", "[1]" },
    { "{\"fields\":[[1]]}", "{\"fields\":[[2]]}", "fields[0][0]" },
    { "1", "{}", "" },
    { "{", "{", "" },
};

START_TEST(schemas_are_compared_as_json)
{
    char why[KAFKA_SCHEMA_WHY_MAX];
    ck_assert(kafka_schema_same(pairs[_i].a, pairs[_i].b, why) == !pairs[_i].where);
    if (pairs[_i].where)
        ck_assert_str_eq(why, pairs[_i].where);
}
END_TEST

static char dir[TEMP_DIR_MAX];

static void setup(void)
{
    temp_dir_make(dir);
}

static void teardown(void)
{
    temp_dir_remove(dir);
}

START_TEST(what_is_kept_comes_back)
{
    char subject[] = "a/\"s\"", text[] = "{\"type\":\"\\u00e9\"}", other[] = "{}";
    const struct kafka_schema_version version = { subject, text, 42, 3 },
                                      next = { subject, other, 43, 4 };
    struct kafka_schema_version back = { 0 };
    char *path = kafka_schema_path(dir, "app", "kafka");
    ck_assert_int_eq(kafka_schema_fetch(path, &back), -ENOENT);
    ck_assert_int_eq(kafka_schema_keep(path, &version), 0);
    ck_assert_int_eq(kafka_schema_fetch(path, &back), 0);
    ck_assert_str_eq(back.subject, subject);
    ck_assert_str_eq(back.text, text);
    ck_assert_int_eq(back.id, 42);
    ck_assert_int_eq(back.version, 3);
    kafka_schema_version_deinit(&back);
    ck_assert_int_eq(kafka_schema_keep(path, &next), 0);
    ck_assert_int_eq(kafka_schema_fetch(path, &back), 0);
    ck_assert_int_eq(back.id, 43);
    kafka_schema_version_deinit(&back);
    free(path);
    ck_assert_int_eq(kafka_schema_keep("/proc/none/x.schema", &version), -ENOENT);
}
END_TEST

START_TEST(what_was_damaged_is_found_out)
{
    char subject[] = "s", text[] = "{}";
    const struct kafka_schema_version version = { subject, text, 42, 3 };
    struct kafka_schema_version back = { 0 };
    size_t len;
    char *file = kafka_schema_write(&version, &len);
    ck_assert(kafka_schema_read((struct weir_str){ file, len }, &back));
    kafka_schema_version_deinit(&back);
    for (size_t i = 0; i < len; i++) {
        file[i] ^= 1;
        ck_assert(!kafka_schema_read((struct weir_str){ file, len }, &back));
        file[i] ^= 1;
        ck_assert(!kafka_schema_read((struct weir_str){ file, i }, &back));
    }
    free(file);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))

int main(void)
{
    TCase *tc = tcase_create("schema_version");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, answers_are_read, 0, COUNT(answers));
    tcase_add_test(tc, whether_it_is_compatible);
    tcase_add_loop_test(tc, schemas_are_compared_as_json, 0, COUNT(pairs));
    tcase_add_test(tc, what_is_kept_comes_back);
    tcase_add_test(tc, what_was_damaged_is_found_out);
    Suite *suite = suite_create("outputs/kafka/schema_version");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
