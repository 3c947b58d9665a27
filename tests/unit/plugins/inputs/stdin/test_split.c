/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/stdin/split.h"

#include <check.h>
#include <stdio.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *text;
    size_t max;
    struct stdin_split want;
} rows[] = {
    { "", 4, { 0 } },
    { "abcd", 4, { .lines = 4 } },
    { "abcd\n", 4, { .lines = 5 } },
    { "a\nb\nc", 4, { .lines = 5 } },
    { "a\nabcd\nabcd\nab", 4, { .lines = 14 } },
    { "abcde", 4, { .is_long = true, .long_cut = 4, .long_len = 5 } },
    { "abcde\n", 4, { .is_long = true, .long_cut = 4, .long_len = 5, .long_ends = true } },
    { "a\nb\nabcdefgh\nx",
      4,
      { .lines = 4, .is_long = true, .long_cut = 4, .long_len = 8, .long_ends = true } },
    { "\n\n\n\n\n\nabcdefgh", 4, { .lines = 6, .is_long = true, .long_cut = 4, .long_len = 8 } },
    { "abc\xc3\xa4z", 4, { .is_long = true, .long_cut = 3, .long_len = 6 } },
    { "a\xf0\x9f\x98\x80", 4, { .is_long = true, .long_cut = 1, .long_len = 5 } },
    { "\xf0\x9f\x98\x80z", 4, { .is_long = true, .long_cut = 4, .long_len = 5 } },
    { "\x80\x80\x80\x80\x80", 4, { .is_long = true, .long_cut = 4, .long_len = 5 } },
};

START_TEST(where_lines_end)
{
    struct stdin_split got = stdin_split(rows[_i].text, strlen(rows[_i].text), rows[_i].max);
    ck_assert_uint_eq(got.lines, rows[_i].want.lines);
    ck_assert_int_eq(got.is_long, rows[_i].want.is_long);
    ck_assert_uint_eq(got.long_cut, rows[_i].want.long_cut);
    ck_assert_uint_eq(got.long_len, rows[_i].want.long_len);
    ck_assert_int_eq(got.long_ends, rows[_i].want.long_ends);
}
END_TEST

/* Reads `text` in the way that the input does, `step` bytes at a time, into "[line][line!]" where ! marks a
 * line that was cut. */
static void read_in_steps(const char *text, size_t max, size_t step, char *out)
{
    char data[256];
    size_t len = 0;
    bool skipping = false;
    for (size_t left = strlen(text); left > 0;) {
        size_t n = left < step ? left : step, used = 0;
        memcpy(data + len, text, n);
        len += n;
        text += n;
        left -= n;
        while (used < len) {
            if (skipping) {
                const char *end = memchr(data + used, '\n', len - used);
                used = end ? (size_t)(end - data) + 1 : len;
                skipping = !end;
                continue;
            }
            struct stdin_split split = stdin_split(data + used, len - used, max);
            size_t lines_end = used + split.lines;
            for (const char *end; (end = memchr(data + used, '\n', lines_end - used));) {
                out += sprintf(out, "[%.*s]", (int)(end - data - (ptrdiff_t)used), data + used);
                used = (size_t)(end - data) + 1;
            }
            if (!split.is_long)
                break;
            out += sprintf(out, "[%.*s!]", (int)split.long_cut, data + used);
            used += split.long_len + split.long_ends;
            skipping = !split.long_ends;
        }
        memmove(data, data + used, len - used);
        len -= used;
    }
    sprintf(out, "(%.*s)", (int)len, data);
}

START_TEST(the_same_lines_however_they_arrive)
{
    static const char text[] =
        "one\n\nabcdefgh\nabcdefghi\nab\xe2\x82\xac"
        "cdef\nx\nabcdefghijklmnopqrstuvwxyz\nabcde\xe2\x82\xac\xe2\x82\xac\n"
        "abcdefgh\nlast";
    static const char want[] = "[one][][abcdefgh][abcdefgh!][ab\xe2\x82\xac"
                               "cde!][x][abcdefgh!][abcde\xe2\x82\xac!][abcdefgh](last)";
    char got[512];
    for (size_t step = 1; step <= sizeof(text); step++) {
        read_in_steps(text, 8, step, got);
        ck_assert_msg(strcmp(got, want) == 0, "in steps of %zu: %s", step, got);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("split");
    TCase *tcase = tcase_create("split");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, where_lines_end, 0, COUNT_OF(rows));
    tcase_add_test(tcase, the_same_lines_however_they_arrive);
    return check_main(suite);
}
