/* SPDX-License-Identifier: Apache-2.0 */
#include <weir/secret.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void put(const char *path, const char *text, size_t len)
{
    char other[64];
    snprintf(other, sizeof(other), "%s.new", path);
    FILE *file = fopen(other, "w");
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    fclose(file);
    ck_assert_int_eq(rename(other, path), 0);
}

static const struct {
    const char *text, *secret;
    int answer;
} rows[] = {
    { "hush", "hush", 0 },       { "hush\n", "hush", 0 },        { "hu sh\r\n\n", "hu sh", 0 },
    { "", NULL, -ENODATA },      { "\n", NULL, -ENODATA },       { "hu\nsh", NULL, -EINVAL },
    { "hu\tsh", NULL, -EINVAL }, { "a\r\nX: y", NULL, -EINVAL },
};

START_TEST(what_a_file_holds)
{
    char path[] = "/tmp/weir-secret-XXXXXX";
    struct weir_secret secret;
    const char *text;
    close(mkstemp(path));
    put(path, rows[_i].text, strlen(rows[_i].text));
    weir_secret_init(&secret, NULL, path);
    ck_assert_int_eq(weir_secret_get(&secret, 1, &text), rows[_i].answer);
    if (rows[_i].secret)
        ck_assert_str_eq(text, rows[_i].secret);
    else
        ck_assert_ptr_null(text);
    weir_secret_deinit(&secret);
    unlink(path);
}
END_TEST

START_TEST(htp_16_a_file_that_changes_is_read_again)
{
    char path[] = "/tmp/weir-secret-XXXXXX";
    struct weir_secret secret;
    const char *text;
    close(mkstemp(path));
    put(path, "one", 3);
    weir_secret_init(&secret, NULL, path);
    ck_assert_int_eq(weir_secret_get(&secret, 1, &text), 0);
    ck_assert_str_eq(text, "one");
    put(path, "two", 3);
    ck_assert_int_eq(weir_secret_get(&secret, 2, &text), 0);
    ck_assert_str_eq(text, "one"); /* looked at a moment ago */
    ck_assert_int_eq(weir_secret_get(&secret, 1 + WEIR_SECRET_LOOK_MS, &text), 0);
    ck_assert_str_eq(text, "two");
    put(path, "", 0); /* while it is being written, say */
    ck_assert_int_eq(weir_secret_get(&secret, 1 + 2 * WEIR_SECRET_LOOK_MS, &text), -ENODATA);
    ck_assert_str_eq(text, "two");
    unlink(path);
    ck_assert_int_eq(weir_secret_get(&secret, 1 + 3 * WEIR_SECRET_LOOK_MS, &text), 0);
    ck_assert_str_eq(text, "two");
    weir_secret_deinit(&secret);
}
END_TEST

START_TEST(files_that_are_none)
{
    struct weir_secret secret;
    const char *text;
    weir_secret_init(&secret, NULL, "/nonexistent/secret");
    ck_assert_int_eq(weir_secret_get(&secret, 1, &text), -ENOENT);
    ck_assert_ptr_null(text);
    weir_secret_deinit(&secret);
    weir_secret_init(&secret, NULL, "/");
    ck_assert_int_eq(weir_secret_get(&secret, 1, &text), -EISDIR);
    weir_secret_deinit(&secret);
    weir_secret_init(&secret, NULL, "/dev/zero");
    ck_assert_int_eq(weir_secret_get(&secret, 1, &text), -EFBIG);
    weir_secret_deinit(&secret);
    weir_secret_init(&secret, "given", NULL);
    ck_assert_int_eq(weir_secret_get(&secret, 1, &text), 0);
    ck_assert_str_eq(text, "given");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secret");
    TCase *tcase = tcase_create("secret");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, what_a_file_holds, 0, COUNT_OF(rows));
    tcase_add_test(tcase, htp_16_a_file_that_changes_is_read_again);
    tcase_add_test(tcase, files_that_are_none);
    return check_main(suite);
}
