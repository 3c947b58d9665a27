/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdio.h>

#include "record/template.h"
#include "support/check_main.h"
#include "support/make_batch.h"

static int no_slash(struct weir_bytes *out, struct weir_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        int r = weir_bytes_add(out, text.ptr[i] == '/' ? "_" : &text.ptr[i], 1);
        if (r < 0)
            return r;
    }
    return 0;
}

static const struct {
    const char *source, *text;
    bool constant;
} rows[] = {
    { "", "", true },
    { "/var/log/x.log", "/var/log/x.log", true },
    { "100%%", "100%", true },
    { "a$b{c}", "a$b{c}", true },
    { "${app}", "web", false },
    { "/l/${app}/x", "/l/web/x", false },
    { "${http.status}-${nothing}.", "404-.", false },
    { "${nothing:-none}", "none", false },
    { "${null:-none}", "none", false },
    { "${app:-none}", "web", false },
    { "${path}", "a_b", false },
    { "${escaped}", "x_\ty", false },
    { "${n}/${t}", "7/true", false },
    { "%Y-%m-%d %H:%M:%S", "2023-11-14 22:13:20", false },
    { "%Y%%${app}%d", "2023%web14", false },
};

START_TEST(test_rendering)
{
    struct weir_error err = { 0 };
    size_t offset;
    struct weir_bytes out = { .max = 1000 };
    struct batch *batch =
        make_batch("{\"app\":\"web\",\"http\":{\"status\":404},\"null\":null,"
                   "\"path\":\"a/b\",\"escaped\":\"x/\\ty\",\"n\":7,\"t\":true}\n",
                   0);
    made_batch_parse_json(batch);
    batch->pub.records[0].event_time = 1700000000000000000;
    struct weir_template *tpl = template_new(rows[_i].source, &err, &offset);
    ck_assert_msg(tpl, "%s: %s", rows[_i].source, err.text);
    ck_assert(weir_template_is_constant(tpl) == rows[_i].constant);
    ck_assert(weir_str_eq(weir_template_source(tpl), weir_str_of(rows[_i].source)));
    if (rows[_i].constant)
        ck_assert(weir_str_eq(weir_template_text(tpl), weir_str_of(rows[_i].text)));
    ck_assert_int_eq(weir_template_render(tpl, &batch->pub, 0, no_slash, &out), 0);
    ck_assert_msg(weir_str_eq((struct weir_str){ out.data, out.len }, weir_str_of(rows[_i].text)),
                  "%s: %.*s", rows[_i].source, (int)out.len, out.data);
    weir_bytes_free(&out);
    template_free(tpl);
    made_batch_free(batch);
}
END_TEST

START_TEST(test_plain_lines_and_observed_time)
{
    struct weir_error err = { 0 };
    size_t offset;
    struct weir_bytes out = { .max = 100 };
    struct batch *batch = make_batch("one\ntwo\n", 0);
    struct weir_template *tpl = template_new("${message} ${level:-?} %Y", &err, &offset);
    ck_assert_int_eq(weir_template_render(tpl, &batch->pub, 1, NULL, &out), 0);
    ck_assert(weir_str_eq((struct weir_str){ out.data, out.len }, WEIR_STR("two ? 2026")));
    ck_assert_ptr_null(batch->pub.records);
    weir_bytes_free(&out);
    template_free(tpl);
    made_batch_free(batch);
}
END_TEST

START_TEST(test_a_text_too_long_says_so)
{
    struct weir_error err = { 0 };
    size_t offset;
    struct weir_bytes out = { .max = 5 };
    struct batch *batch = make_batch("a long line\n", 0);
    struct weir_template *tpl = template_new("${message}", &err, &offset);
    ck_assert_int_eq(weir_template_render(tpl, &batch->pub, 0, NULL, &out), -ENOSPC);
    weir_bytes_free(&out);
    template_free(tpl);
    made_batch_free(batch);
}
END_TEST

static const struct {
    const char *source;
    size_t offset;
} mistakes[] = { { "a${b", 1 }, { "a${}", 3 }, { "${:-x}", 2 }, { "x%q", 1 }, { "50%", 2 } };

START_TEST(test_mistakes_say_where)
{
    struct weir_error err = { 0 };
    size_t offset = 99;
    ck_assert_ptr_null(template_new(mistakes[_i].source, &err, &offset));
    ck_assert_uint_eq(offset, mistakes[_i].offset);
    ck_assert(strstr(err.text, "expected"));
}
END_TEST

START_TEST(test_length_is_bounded)
{
    char text[8192];
    struct weir_error err = { 0 };
    size_t offset;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    ck_assert_ptr_null(template_new(text, &err, &offset));
    ck_assert(strstr(err.text, "4096"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("template");
    tcase_add_loop_test(tcase, test_rendering, 0, (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tcase, test_plain_lines_and_observed_time);
    tcase_add_test(tcase, test_a_text_too_long_says_so);
    tcase_add_loop_test(tcase, test_mistakes_say_where, 0,
                        (int)(sizeof(mistakes) / sizeof(mistakes[0])));
    tcase_add_test(tcase, test_length_is_bounded);
    Suite *suite = suite_create("record/template");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
