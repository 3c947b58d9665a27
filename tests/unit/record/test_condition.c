/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>

#include "record/condition.h"
#include "support/check_main.h"
#include "support/make_batch.h"

/* One JSON line, and what holds for it. */
static const struct {
    const char *condition;
    bool holds;
} rows[] = {
    { "level == \"error\"", true },
    { "level == 'error'", true },
    { "level == \"Error\"", false },
    { "level != \"error\"", false },
    { "level != \"warn\"", true },
    { "nothing == \"error\"", false },
    { "nothing != \"error\"", true },
    { "nothing < 1", false },
    { "nothing =~ \".\"", false },
    { "nothing !~ \".\"", true },
    { "exists(level)", true },
    { "exists(nothing)", false },
    { "exists(none)", true },
    { "none == null", true },
    { "level == null", false },
    { "status >= 500", true },
    { "status >= 504", false },
    { "status > 502.5", true },
    { "status == 503", true },
    { "status == 503.0", true },
    { "status == \"503\"", true },
    { "text_status >= 500", true },
    { "text_status < 1e3", true },
    { "level >= 500", false },
    { "big == 9007199254740993", true },
    { "big == 9007199254740992", false },
    { "big > 9007199254740992", true },
    { "minus < 0", true },
    { "minus == -5", true },
    { "half == 0.5", true },
    { "yes == true", true },
    { "yes == false", false },
    { "yes != false", true },
    { "level == true", false },
    { "http.status == 404", true },
    { "http.path =~ \"^/a\"", true },
    { "http.nothing == 404", false },
    { "`dotted.name` == 1", true },
    { "dotted.name == 1", true },
    { "escaped == \"a\\tb\"", true },
    { "escaped =~ \"a\\tb\"", true },
    { "escaped > \"a\"", true },
    { "level =~ \"^err\"", true },
    { "level !~ \"^err\"", false },
    { "level =~ '\\x65rr'", true },
    { "level == \"error\" and status >= 500", true },
    { "level == \"warn\" or status >= 500", true },
    { "level == \"warn\" or level == \"info\"", false },
    { "not level == \"warn\"", true },
    { "not (level == \"error\" and yes == false)", true },
    { "level == \"warn\" and yes == true or status == 503", true },
    { "level == \"warn\" and (yes == true or status == 503)", false },
    { "not not level == \"error\"", true },
    { "exists(trace_id)", false },
    { "exists(severity)", false },
    { "severity >= \"warn\"", false },
    { "quote == \"say \\\"hi\\\"\"", true },
};

static bool ask(const char *text, struct batch *batch)
{
    struct weir_error err = { 0 };
    size_t offset;
    uint64_t match = 0;
    struct condition *condition = condition_new(text, &err, &offset);
    ck_assert_msg(condition, "%s: at %zu: %s", text, offset, err.text);
    ck_assert_int_eq(condition_match(condition, batch, &match), 0);
    condition_free(condition);
    return match == 1;
}

START_TEST(test_what_holds_for_a_json_record)
{
    struct batch *batch = make_batch(
        "{\"level\":\"error\",\"status\":503,\"text_status\":\"503\",\"none\":null,\"yes\":true,"
        "\"big\":9007199254740993,\"minus\":-5,\"half\":0.5,\"http\":{\"status\":404,\"path\":\"/a\"},"
        "\"dotted.name\":1,\"escaped\":\"a\\tb\",\"quote\":\"say \\\"hi\\\"\"}\n",
        0);
    made_batch_parse_json(batch);
    ck_assert_msg(ask(rows[_i].condition, batch) == rows[_i].holds, "%s", rows[_i].condition);
    made_batch_free(batch);
}
END_TEST

START_TEST(test_the_records_own_severity_and_ids)
{
    struct batch *batch = make_batch("{\"a\":1}\n", 0);
    made_batch_parse_json(batch);
    struct weir_trace trace = { .trace_id = { 0x4b, 0xf9 }, .span_id = { 0 } };
    batch->pub.records[0].severity = 17;
    batch->pub.records[0].trace = &trace;
    ck_assert(ask("severity == \"error\"", batch));
    ck_assert(ask("severity >= \"warn\" and severity < \"fatal\"", batch));
    ck_assert(!ask("severity > \"error\"", batch));
    ck_assert(ask("trace_id == \"4bf90000000000000000000000000000\"", batch));
    ck_assert(ask("exists(trace_id) and not exists(span_id)", batch));
    /* A field of the name comes first. */
    made_batch_add(batch, 0, "severity", WEIR_VALUE_STRING, "zzz");
    ck_assert(ask("severity == \"zzz\"", batch));
    ck_assert(!ask("severity == \"error\"", batch));
    ck_assert(ask("severity > \"error\"", batch)); /* as texts */
    made_batch_add(batch, 0, "severity", WEIR_VALUE_STRING, "ERROR");
    ck_assert(ask("severity == \"err\" and severity >= \"warn\" and severity < \"fatal\"", batch));
    ck_assert(ask("severity =~ \"^ERROR$\"", batch));
    made_batch_free(batch);
}
END_TEST

START_TEST(test_plain_lines_stay_plain)
{
    struct batch *batch = make_batch("one error\ntwo\nthree error\r\n", WEIR_RUN_STRIP_CR);
    struct weir_error err = { 0 };
    size_t offset;
    static const struct {
        const char *text;
        uint64_t match;
    } lines[] = { { "message =~ \"error$\"", 5 },
                  { "message == \"two\"", 2 },
                  { "exists(level)", 0 },
                  { "level != \"debug\"", 7 },
                  { "exists(message)", 7 } };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        uint64_t match = 0;
        struct condition *condition = condition_new(lines[i].text, &err, &offset);
        ck_assert_int_eq(condition_match(condition, batch, &match), 0);
        ck_assert_uint_eq(match, lines[i].match);
        condition_free(condition);
    }
    made_batch_split(batch, 2, WEIR_RUN_TRUNCATED);
    ck_assert(!ask("exists(weir.truncated)", batch));
    uint64_t cut = 0;
    struct condition *is_cut = condition_new("weir.truncated == true", &err, &offset);
    ck_assert_int_eq(condition_match(is_cut, batch, &cut), 0);
    ck_assert_uint_eq(cut, 4);
    condition_free(is_cut);
    ck_assert_ptr_null(batch->pub.records);
    /* Dropped records never match. */
    weir_batch_drop(&batch->pub, 0);
    uint64_t match = 0;
    struct condition *condition = condition_new("exists(message)", &err, &offset);
    ck_assert_int_eq(condition_match(condition, batch, &match), 0);
    ck_assert_uint_eq(match, 6);
    condition_free(condition);
    made_batch_free(batch);
}
END_TEST

static const struct {
    const char *text;
    size_t offset;
    const char *says;
} mistakes[] = {
    { "", 0, "expected a field's name" },
    { "level", 5, "expected one of ==" },
    { "level = \"x\"", 6, "expected one of ==" },
    { "level == ", 9, "expected a value" },
    { "level == error", 9, "expected a value" },
    { "level == \"error", 9, "not closed" },
    { "level == \"a\" and", 16, "expected a field's name" },
    { "level == \"a\" xor b == 1", 13, "expected \"and\"" },
    { "(level == \"a\"", 13, "expected \"and\", \"or\" or \")\"" },
    { "level == \"a\")", 12, "expected \"and\", \"or\" or the end" },
    { "exists(level", 12, "expected \")\"" },
    { "exists()", 7, "expected a field's name" },
    { "level < true", 8, "only numbers and texts" },
    { "level =~ 5", 9, "regular expression between quotes" },
    { "level =~ \"a(b\"", 13, "" },
    { "a == 01", 5, "expected a value" },
    { "a == +1", 5, "expected a value" },
    { "`a == 1", 1, "closing backquote" },
};

START_TEST(test_mistakes_say_where_and_what)
{
    struct weir_error err = { 0 };
    size_t offset = 999;
    struct condition *condition = condition_new(mistakes[_i].text, &err, &offset);
    ck_assert_msg(!condition, "%s", mistakes[_i].text);
    ck_assert_msg(offset == mistakes[_i].offset, "%s: at %zu: %s", mistakes[_i].text, offset,
                  err.text);
    ck_assert_msg(err.text[0] && strstr(err.text, mistakes[_i].says), "%s: %s", mistakes[_i].text,
                  err.text);
}
END_TEST

START_TEST(test_depth_is_bounded)
{
    char text[4096];
    struct weir_error err = { 0 };
    size_t offset, len = 0;
    for (unsigned i = 0; i < 1000; i++)
        text[len++] = '(';
    text[len] = '\0';
    ck_assert_ptr_null(condition_new(text, &err, &offset));
    len = 0;
    for (unsigned i = 0; i < 200; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "a == %u or ", i);
    snprintf(text + len, sizeof(text) - len, "a == 1");
    ck_assert_ptr_null(condition_new(text, &err, &offset));
    ck_assert_ptr_nonnull(strstr(err.text, "parentheses"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("condition");
    tcase_add_loop_test(tcase, test_what_holds_for_a_json_record, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tcase, test_the_records_own_severity_and_ids);
    tcase_add_test(tcase, test_plain_lines_stay_plain);
    tcase_add_loop_test(tcase, test_mistakes_say_where_and_what, 0,
                        (int)(sizeof(mistakes) / sizeof(mistakes[0])));
    tcase_add_test(tcase, test_depth_is_bounded);
    Suite *suite = suite_create("record/condition");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
