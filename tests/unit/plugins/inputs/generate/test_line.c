/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/generate/line.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct generate_line *make(const char *template, size_t size, uint64_t seed)
{
    struct weir_error err = { 0 };
    struct generate_line *line = generate_line_new(template, size, seed, &err);
    ck_assert_msg(line != NULL, "%s", err.text);
    return line;
}

static const char *text_of(const struct generate_line *line, uint64_t n, size_t size)
{
    static char out[70000];
    memset(out, 0, size + 2);
    generate_line_put(line, n, out);
    ck_assert_uint_eq(strlen(out), size + 1);
    ck_assert_ptr_eq(strchr(out, '\n'), out + size);
    out[size] = '\0';
    return out;
}

static const struct {
    const char *template;
    size_t size;
    uint64_t n;
    const char *start, *end;
} rows[] = {
    { "seq={seq} {pad}", 100, 12, "seq=000000000012 ", "" },
    { "seq={seq} {pad}", 65536, UINT64_MAX, "seq=18446744073709551615 ", "" },
    { "{\"n\":{n},\"pad\":\"{pad}\"}", 64, 0, "{\"n\":0,\"pad\":\"", "\"}" },
    { "{pad}-{n}", 30, 123456, "", "-123456" },
    { "{pad}{n}{seq}", 40, 7, "", "7000000000007" },
    { "plain {no} {", 12, 7, "plain {no} {", "" },
    { "{n}", 20, UINT64_MAX, "18446744073709551615", "" },
    { "", 1, 1, "", "" },
};

START_TEST(lines_have_one_length)
{
    struct generate_line *line = make(rows[_i].template, rows[_i].size, 1);
    const char *text = text_of(line, rows[_i].n, rows[_i].size);
    ck_assert(strncmp(text, rows[_i].start, strlen(rows[_i].start)) == 0);
    ck_assert_str_eq(text + rows[_i].size - strlen(rows[_i].end), rows[_i].end);
    ck_assert_ptr_null(strpbrk(text + strlen(rows[_i].start), "\n\r\\"));
    generate_line_free(line);
}
END_TEST

START_TEST(a_line_is_a_function_of_seed_and_number)
{
    char first[101];
    struct generate_line *a = make("{seq} {pad}", 100, 7), *b = make("{seq} {pad}", 100, 7),
                         *c = make("{seq} {pad}", 100, 8);
    unsigned different = 0;
    for (uint64_t n = 0; n < 1000; n++) {
        strcpy(first, text_of(a, n, 100));
        ck_assert_str_eq(text_of(b, n, 100), first);
        different += strcmp(text_of(c, n, 100), first) != 0;
        different += strcmp(text_of(a, n + 1, 100) + 13, first + 13) != 0;
    }
    ck_assert_uint_gt(different, 1990);
    /* The same on every machine, for ever: tests and benchmarks compare what they got by it. */
    struct generate_line *known = make("{seq} {pad}", 40, 1);
    ck_assert_str_eq(text_of(known, 12, 40), "000000000012 nM9D5d 2lJJ4K0mmw00X8uaH9W ");
    generate_line_free(known);
    generate_line_free(a);
    generate_line_free(b);
    generate_line_free(c);
}
END_TEST

START_TEST(templates_that_are_none)
{
    static const struct {
        const char *template, *option;
        size_t size;
    } bad[] = { { "{seq}", "size", 19 },
                { "a{seq}{n}", "size", 40 },
                { "{pad} {pad}", "template", 100 },
                { "a\nb", "template", 100 },
                { "a\rb", "template", 100 },
                { "{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}{n}", "template", 1000 } };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct weir_error err = { 0 };
        ck_assert_ptr_null(generate_line_new(bad[i].template, bad[i].size, 1, &err));
        ck_assert_str_eq(err.option, bad[i].option);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("line");
    TCase *tcase = tcase_create("line");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, lines_have_one_length, 0, COUNT_OF(rows));
    tcase_add_test(tcase, a_line_is_a_function_of_seed_and_number);
    tcase_add_test(tcase, templates_that_are_none);
    return check_main(suite);
}
