/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/tail/text.h"

#include <check.h>
#include <stdlib.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The begin of the first line that is longer than `max`, one byte at a time. A line without its newline counts
 * by what is there. */
static size_t within_plainly(const char *data, size_t len, size_t max)
{
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n')
            start = i + 1;
        else if (i - start >= max)
            return start;
    }
    return len;
}

START_TEST(long_lines_are_found)
{
    char data[300];
    srand(1);
    for (int round = 0; round < 20000; round++) {
        const size_t len = (size_t)rand() % sizeof(data), max = 1 + (size_t)rand() % 40;
        const int often = 1 + rand() % 50;
        for (size_t i = 0; i < len; i++)
            data[i] = rand() % often ? 'x' : '\n';
        ck_assert_uint_eq(tail_text_within(data, len, max), within_plainly(data, len, max));
    }
}
END_TEST

static const struct {
    const char *text;
    size_t max, cut;
} cuts[] = {
    { "abcdef", 3, 3 },
    { "ab\xc3\xa9z", 3, 2 }, /* two bytes */
    { "ab\xc3\xa9z", 4, 4 },
    { "a\xe2\x82\xacz", 2, 1 }, /* three */
    { "a\xe2\x82\xacz", 3, 1 },
    { "a\xe2\x82\xacz", 4, 4 },
    { "\xf0\x9f\x98\x80z", 4, 4 }, /* four */
    { "a\xf0\x9f\x98\x80z", 4, 1 },
    { "a\xf0\x9f\x98\x80z", 3, 1 },
    { "\x80\x80\x80\x80\x80\x80", 5, 5 }, /* no UTF-8 at all */
    { "\xc3\xa9", 1, 1 },                 /* nothing would be left */
};

START_TEST(cuts_leave_characters_whole)
{
    ck_assert_uint_eq(tail_text_cut(cuts[_i].text, cuts[_i].max), cuts[_i].cut);
}
END_TEST

static const struct {
    struct weir_str text;
    enum tail_kind kind;
} kinds[] = {
    { { "", 0 }, TAIL_PLAIN },
    { { "\xef\xbb", 2 }, TAIL_PLAIN },
    { { "\xef\xbb\xbf", 3 }, TAIL_BOM },
    { { "\xff\xfe"
        "a\0",
        4 },
      TAIL_UTF16 },
    { { "\xfe\xff\0a", 4 }, TAIL_UTF16 },
    { { "\x1f\x8b\x08", 3 }, TAIL_COMPRESSED },
    { { "\x28\xb5\x2f\xfd", 4 }, TAIL_COMPRESSED },
    { { "\xfd"
        "7zXZ\0",
        6 },
      TAIL_COMPRESSED },
    { { "BZh91AY&SY", 10 }, TAIL_COMPRESSED },
    { { "BZh is a word", 13 }, TAIL_PLAIN },
    { { "\x04\x22\x4d\x18", 4 }, TAIL_COMPRESSED },
};

START_TEST(files_are_known_by_their_begin)
{
    ck_assert_int_eq(tail_text_kind(kinds[_i].text.ptr, kinds[_i].text.len), kinds[_i].kind);
}
END_TEST

START_TEST(nuls_are_counted)
{
    ck_assert_uint_eq(tail_text_nuls("", 0), 0);
    ck_assert_uint_eq(tail_text_nuls("\0\0a\0", 4), 2);
    ck_assert_uint_eq(tail_text_nuls("\0\0", 2), 2);
    ck_assert_uint_eq(tail_text_nuls("a\0", 2), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = tcase_create("text");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, long_lines_are_found);
    tcase_add_loop_test(tcase, cuts_leave_characters_whole, 0, COUNT_OF(cuts));
    tcase_add_loop_test(tcase, files_are_known_by_their_begin, 0, COUNT_OF(kinds));
    tcase_add_test(tcase, nuls_are_counted);
    return check_main(suite);
}
