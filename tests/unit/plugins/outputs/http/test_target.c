/* SPDX-License-Identifier: Apache-2.0 */
/* What records make of urls and headers. The lines are the field `message`. */
#include "plugins/outputs/http/target.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/check_main.h"
#include "support/make_batch.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int init(struct http_targets *targets, const char *url, const char *header,
                struct weir_str query)
{
    char *urls[] = { (char *)(uintptr_t)url };
    struct weir_pair pair = { .name = (char *)(uintptr_t) "X-A",
                              .value = (char *)(uintptr_t)header };
    struct weir_http options = { .url = { urls, 1 }, .headers = { &pair, header ? 1 : 0 } };
    struct weir_error err = { 0 };
    return http_targets_init(targets, &options, "/in", query, &err);
}

/* The template, the line, and what it makes; NULL: it is refused. */
static const struct {
    const char *url, *line, *made;
} urls[] = {
    { "http://h/${message}", "a", "http://h/a" },
    { "http://h:80/x/${message}/y?z=${message}", "a/b", "http://h:80/x/a%2Fb/y?z=a%2Fb" },
    { "http://h/${message}", "\xc3\xa9 \r?#&%-._~", "http://h/%C3%A9%20%0D%3F%23%26%25-._~" },
    { "http://h/%2F${message}%2f%d", "a", "http://h/%2Fa%2f01" },
    { "http://h?${message}", "..", "http://h?.." },
    { "http://h/?x=/../${message}", "a", "http://h/?x=/../a" },
    { "http://h/${none:-b c}", "a", "http://h/b%20c" },
    { "http://h/${message}", "", "http://h/" },
    { "http://h/${message}", "..", NULL },
    { "http://h/${message}/x", ".", NULL },
    { "http://h/.${message}/x", ".", NULL },
    { "http://h/${message}${message}?q", ".", NULL },
    { "http://h/${message}", "...", "http://h/..." },
    { "http://h/${message}", "..a", "http://h/..a" },
};

START_TEST(a_url_of_a_record)
{
    struct http_targets targets;
    const char *why = NULL;
    char line[100];
    snprintf(line, sizeof(line), "%s\n", urls[_i].line);
    struct batch *batch = make_batch(line, 0);
    ck_assert_int_eq(init(&targets, urls[_i].url, NULL, WEIR_STR_NONE), 0);
    ck_assert_uint_eq(targets.count, 1);
    int r = http_targets_make(&targets, &batch->pub, 0, &why);
    if (urls[_i].made) {
        ck_assert_int_eq(r, 0);
        ck_assert_str_eq(http_target_url(&targets, targets.text.data, 0), urls[_i].made);
        ck_assert_ptr_null(http_target_url(&targets, targets.text.data, 1));
    } else {
        ck_assert_int_eq(r, -EINVAL);
        ck_assert_ptr_nonnull(strstr(why, "component"));
    }
    http_targets_deinit(&targets);
    made_batch_free(batch);
}
END_TEST

static const struct {
    const char *header, *line, *made;
} headers[] = {
    { "${message}", "a", "X-A: a" },
    { "<${message}>", "a\rX-B: b", "X-A: <a X-B: b>" },
    { "${message}", "  a\tb ", "X-A: a b" },
    { "${message}", "", "X-A;" },
    { "${message}", " \t ", "X-A;" },
    { "${message}", "\xc3\xa9\x7f", "X-A: \xc3\xa9" },
    { "100%% ${message}", "a", "X-A: 100% a" },
};

START_TEST(a_header_of_a_record)
{
    struct http_targets targets;
    const char *why, *lines[HTTP_HEADERS_MAX];
    char line[100];
    snprintf(line, sizeof(line), "%s\n", headers[_i].line);
    struct batch *batch = make_batch(line, 0);
    ck_assert_int_eq(init(&targets, "http://h/%41?100", headers[_i].header, WEIR_STR_NONE), 0);
    ck_assert_int_eq(http_targets_make(&targets, &batch->pub, 0, &why), 0);
    ck_assert_uint_eq(http_target_headers(&targets, targets.text.data, lines), 1);
    ck_assert_str_eq(lines[0], headers[_i].made);
    ck_assert_ptr_null(http_target_url(&targets, targets.text.data, 0));
    http_targets_deinit(&targets);
    made_batch_free(batch);
}
END_TEST

/* The service's path and query are part of the template, and are not variable. */
START_TEST(a_path_and_a_query_of_the_service)
{
    struct http_targets targets;
    const char *why;
    struct batch *batch = make_batch("a\n", 0);
    ck_assert_int_eq(init(&targets, "http://h/?t=${message}", NULL, WEIR_STR("q=%24%7Bx%7D")), 0);
    ck_assert_int_eq(http_targets_make(&targets, &batch->pub, 0, &why), 0);
    ck_assert_str_eq(targets.text.data, "http://h/?t=a&q=%24%7Bx%7D");
    http_targets_deinit(&targets);
    made_batch_free(batch);
}
END_TEST

START_TEST(a_target_that_is_too_long)
{
    struct http_targets targets;
    const char *why;
    for (size_t len = HTTP_TARGET_BYTES_MAX - 12; len < HTTP_TARGET_BYTES_MAX; len++) {
        char *line = malloc(len + 2);
        memset(line, 'x', len);
        memcpy(line + len, "\n", 2);
        struct batch *batch = make_batch(line, 0);
        ck_assert_int_eq(init(&targets, "http://h/${message}", NULL, WEIR_STR_NONE), 0);
        /* "http://h/" and the NUL */
        ck_assert_int_eq(http_targets_make(&targets, &batch->pub, 0, &why),
                         len + 10 <= HTTP_TARGET_BYTES_MAX ? 0 : -EINVAL);
        http_targets_deinit(&targets);
        made_batch_free(batch);
        free(line);
    }
}
END_TEST

START_TEST(what_is_no_template)
{
    static const char *const wrong[] = { "http://${h}/", "http://h%Y/",     "http://h${x}",
                                         "http://h/%",   "http://h/%q",     "http://h/${",
                                         "http://h/${}", "http://${x:-/}/a" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct http_targets targets;
        ck_assert_int_lt(init(&targets, wrong[i], NULL, WEIR_STR_NONE), 0);
        http_targets_deinit(&targets);
    }
    struct http_targets targets;
    ck_assert_int_lt(init(&targets, "http://h/", "${", WEIR_STR_NONE), 0);
    http_targets_deinit(&targets);
    ck_assert_int_eq(init(&targets, "http://h/%2Fa%00", "x", WEIR_STR_NONE), 0);
    ck_assert_uint_eq(targets.count, 0);
    http_targets_deinit(&targets);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target");
    TCase *tcase = tcase_create("target");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, a_url_of_a_record, 0, COUNT_OF(urls));
    tcase_add_loop_test(tcase, a_header_of_a_record, 0, COUNT_OF(headers));
    tcase_add_test(tcase, a_path_and_a_query_of_the_service);
    tcase_add_test(tcase, a_target_that_is_too_long);
    tcase_add_test(tcase, what_is_no_template);
    return check_main(suite);
}
