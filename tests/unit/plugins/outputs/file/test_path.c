/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/file/path.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *source, *root;
} roots[] = {
    { "/var/log/apps/${app}/%Y.log", "/var/log/apps" },
    { "/var/log/apps-${app}.log", "/var/log" },
    { "/var/log/%Y/${app}", "/var/log" },
    { "/var/a%%b/c-%%${app}", "/var/a%%b" },
    { "/var/a%%/%H", "/var/a%%" },
    { "/var/a$b/${c}", "/var/a$b" },
    { "/${app}/x", "" },
    { "/%Y", "" },
    { "/var/log/app.log", "/var/log" },
    { "/var/%", "/var" },
};

START_TEST(fil_05_the_root_is_what_is_constant)
{
    ck_assert_uint_eq(file_path_root_length(weir_str_of(roots[_i].source)), strlen(roots[_i].root));
}
END_TEST

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X250 X50 X50 X50 X50 X50

/* A field's text, and what it becomes in the template "a-${f}/${f}". */
static const struct {
    struct weir_str field;
    const char *path;
} fields[] = {
    { { "web", 3 }, "a-web/web" },
    { { "", 0 }, "a-/_" },
    { { ".", 1 }, "a-./_" },
    { { "..", 2 }, "a-../_" },
    { { "...", 3 }, "a-.../..." },
    { { "../../etc/passwd", 16 }, "a-.._.._etc_passwd/.._.._etc_passwd" },
    { { "/etc/passwd", 11 }, "a-_etc_passwd/_etc_passwd" },
    { { "/", 1 }, "a-_/_" },
    { { "a\0b", 3 }, "a-a_b/a_b" },
    { { "a\nb\x1b[2J\x7f", 8 }, "a-a_b_[2J_/a_b_[2J_" },
    { { "\xff\xc3\xa4", 3 }, "a-\xff\xc3\xa4/\xff\xc3\xa4" },
    { { X250 X50, 300 }, "a-" X250 "xxx/" X250 "xxxxx" },
    { { X250 "xxxx\xc3\xa4y", 257 }, "a-" X250 "xxx/" X250 "xxxx" },
};

static struct weir_bytes text_of(const char *text)
{
    struct weir_bytes bytes = { .max = 4096 };
    ck_assert_int_eq(weir_bytes_add(&bytes, text, strlen(text)), 0);
    return bytes;
}

START_TEST(fil_05_a_field_stays_in_its_component)
{
    struct weir_bytes rendered = text_of("a-"), tidy = { .max = 4096 };
    ck_assert_int_eq(file_path_clean_field(&rendered, fields[_i].field), 0);
    ck_assert_int_eq(weir_bytes_add(&rendered, "/", 1), 0);
    ck_assert_int_eq(file_path_clean_field(&rendered, fields[_i].field), 0);
    ck_assert_int_eq(file_path_tidy(&tidy, (struct weir_str){ rendered.data, rendered.len }), 0);
    ck_assert_int_eq(weir_bytes_add(&tidy, "", 1), 0);
    ck_assert_str_eq(tidy.data, fields[_i].path);
    weir_bytes_free(&rendered);
    weir_bytes_free(&tidy);
}
END_TEST

START_TEST(fil_05_every_component_is_a_name)
{
    static const struct {
        const char *rendered, *tidy;
    } rows[] = {
        { "", "_" },
        { "/", "_/_" },
        { "//", "_/_/_" },
        { "..", "_" },
        { "../x", "_/x" },
        { "x/..", "x/_" },
        { "x/./y", "x/_/y" },
        { "/etc", "_/etc" },
        { "..x/x..", "..x/x.." },
        { X250 X50, X250 "xxxxx" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct weir_bytes tidy = { .max = 4096 };
        ck_assert_int_eq(file_path_tidy(&tidy, weir_str_of(rows[i].rendered)), 0);
        ck_assert_int_eq(weir_bytes_add(&tidy, "", 1), 0);
        ck_assert_str_eq(tidy.data, rows[i].tidy);
        weir_bytes_free(&tidy);
    }
    struct weir_bytes full = { .max = 3 };
    ck_assert_int_lt(file_path_tidy(&full, WEIR_STR("ab/cd")), 0);
    weir_bytes_free(&full);
    full = (struct weir_bytes){ .max = 1 };
    ck_assert_int_lt(file_path_clean_field(&full, WEIR_STR("ab")), 0);
    weir_bytes_free(&full);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("path");
    TCase *tcase = tcase_create("path");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, fil_05_the_root_is_what_is_constant, 0, COUNT_OF(roots));
    tcase_add_loop_test(tcase, fil_05_a_field_stays_in_its_component, 0, COUNT_OF(fields));
    tcase_add_test(tcase, fil_05_every_component_is_a_name);
    return check_main(suite);
}
