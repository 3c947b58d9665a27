/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <check.h>
#include <stdlib.h>

#include "cli/terminal.h"
#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(sec_14_nothing_that_a_terminal_obeys_gets_through)
{
    static const struct {
        struct weir_str text;
        const char *want;
    } cases[] = {
        { { "plain \\ text", 12 }, "plain \\ text" },
        { { "", 0 }, "" },
        { { "a\nb\tc", 5 }, "a\\x0ab\\x09c" },
        { { "\x1b[2J\x07", 5 }, "\\x1b[2J\\x07" },
        { { "a\0b", 3 }, "a\\x00b" },
        { { "\x7f", 1 }, "\\x7f" },
        { { "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", 11 },
          "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80" },
        { { "\xc2\x9b"
            "31m",
            5 },
          "\\u{9b}31m" }, /* CSI as one C1 character */
        { { "\xe2\x80\xae"
            "txt.exe",
            10 },
          "\\u{202e}txt.exe" },              /* right-to-left override */
        { { "\xff\xc3", 2 }, "\\xff\\xc3" }, /* not UTF-8 */
        { { "\xe2\x80", 2 }, "\\xe2\\x80" }, /* cut in the middle */
        { { "\xc0\x8a", 2 }, "\\xc0\\x8a" }, /* overlong newline */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *escaped = terminal_escape(cases[i].text);
        ck_assert_str_eq(escaped, cases[i].want);
        free(escaped);
    }
    ck_assert_uint_eq(terminal_width("\xc3\xa4 \xe2\x82\xac"), 3);
}
END_TEST

START_TEST(columns_line_up)
{
    static const char *const heads[] = { "NAME", ">COUNT", "NOTE", NULL };
    struct table *table = table_new(heads);
    table_text(table, "\xc3\xa4\xc3\xb6");
    table_number(table, 1234567);
    table_text(table, "");
    table_text(table, "longer name");
    table_number(table, -5);
    table_text(table, "a\nb");
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(table_print(table, 2, out), 0);
    fclose(out);
    ck_assert_str_eq(text, "  NAME             COUNT  NOTE\n"
                           "  \xc3\xa4\xc3\xb6           1,234,567\n"
                           "  longer name         -5  a\\x0ab\n");
    free(text);
    table_free(table);
    table_text(NULL, "no memory for the table");
    ck_assert_int_lt(table_print(NULL, 0, stdout), 0);
}
END_TEST

START_TEST(numbers_for_people)
{
    static const struct {
        int64_t number;
        const char *want;
    } numbers[] = { { 0, "0" },
                    { 999, "999" },
                    { 1000, "1,000" },
                    { -1000, "-1,000" },
                    { 123456, "123,456" },
                    { INT64_MIN, "-9,223,372,036,854,775,808" },
                    { INT64_MAX, "9,223,372,036,854,775,807" } };
    static const struct {
        uint64_t bytes;
        const char *want;
    } sizes[] = { { 0, "0 B" },           { 1023, "1023 B" },       { 1024, "1.0 KiB" },
                  { 1048575, "1.0 MiB" }, { 16777216, "16.0 MiB" }, { UINT64_MAX, "16.0 EiB" } };
    static const struct {
        double seconds;
        const char *want;
    } times[] = { { 0, "0 ms" },         { 0.0124, "12 ms" },    { 0.9999, "1.0 s" },
                  { 59.94, "59.9 s" },   { 59.97, "1 min 0 s" }, { 61, "1 min 1 s" },
                  { 3725, "1 h 2 min" }, { 90000, "1 d 1 h" } };
    char text[TABLE_CELL_MAX];
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        table_format_number(text, numbers[i].number);
        ck_assert_str_eq(text, numbers[i].want);
    }
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        table_format_bytes(text, sizes[i].bytes);
        ck_assert_str_eq(text, sizes[i].want);
    }
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        table_format_seconds(text, times[i].seconds);
        ck_assert_str_eq(text, times[i].want);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("table");
    tcase_add_test(tc, sec_14_nothing_that_a_terminal_obeys_gets_through);
    tcase_add_test(tc, columns_line_up);
    tcase_add_test(tc, numbers_for_people);
    Suite *suite = suite_create("cli/table");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
