/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

#include "support/check_main.h"

START_TEST(characters_of_rfc_3629_and_nothing_else)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {
        { "a", 1 },
        { "\x7f", 1 },
        { "\x80", 0 },
        { "\xbf", 0 },
        { "\xc0\x80", 0 }, /* overlong */
        { "\xc1\xbf", 0 },
        { "\xc2\x80", 2 },
        { "\xdf\xbf", 2 },
        { "\xe0\x9f\xbf", 0 },
        { "\xe0\xa0\x80", 3 },
        { "\xed\x9f\xbf", 3 },
        { "\xed\xa0\x80", 0 }, /* surrogates */
        { "\xed\xbf\xbf", 0 },
        { "\xee\x80\x80", 3 },
        { "\xef\xbf\xbf", 3 },
        { "\xf0\x8f\xbf\xbf", 0 },
        { "\xf0\x90\x80\x80", 4 },
        { "\xf4\x8f\xbf\xbf", 4 },
        { "\xf4\x90\x80\x80", 0 }, /* above U+10FFFF */
        { "\xf5\x80\x80\x80", 0 },
        { "\xff", 0 },
        { "\xc2", 0 }, /* cut short */
        { "\xe2\x82", 0 },
        { "\xf0\x9f\x98", 0 },
        { "\xc2\x41", 0 },
        { "\xe2\x82\x41", 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(utf8_char(cases[i].text, strlen(cases[i].text)) == cases[i].len, "case %zu",
                      i);
}
END_TEST

START_TEST(every_code_point_survives_the_way_there_and_back)
{
    for (unsigned code = 0; code <= 0x10ffff; code++) {
        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        char text[4];
        size_t len = utf8_put(code, text);
        ck_assert_uint_eq(utf8_char(text, len), len);
        for (size_t cut = 1; cut < len; cut++)
            ck_assert_uint_eq(utf8_char(text, cut), 0);
    }
}
END_TEST

START_TEST(the_valid_prefix_ends_where_the_first_bad_byte_stands)
{
    char text[80];
    for (size_t bad = 0; bad < sizeof(text); bad++) {
        for (size_t at = 0; at + 2 <= sizeof(text); at += 2)
            memcpy(text + at, at % 6 ? "ab" : "\xc3\xa9", 2);
        ck_assert_uint_eq(utf8_valid_prefix(text, sizeof(text)), sizeof(text));
        text[bad] = '\xff';
        size_t broken = bad % 6 == 1 ? bad - 1 : bad; /* it took the place of a second byte */
        ck_assert_uint_eq(utf8_valid_prefix(text, sizeof(text)), broken);
    }
    ck_assert_uint_eq(utf8_valid_prefix("", 0), 0);
}
END_TEST

START_TEST(a_cut_splits_no_character)
{
    static const char text[] = "a\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80z";
    static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };
    for (size_t max = 0; max < sizeof(text); max++)
        ck_assert_uint_eq(utf8_cut(text, max), want[max]);
    ck_assert_uint_eq(utf8_cut("\x80\x80\x80\x80\x80", 5), 5);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("utf8");
    tcase_add_test(tc, characters_of_rfc_3629_and_nothing_else);
    tcase_add_test(tc, every_code_point_survives_the_way_there_and_back);
    tcase_add_test(tc, the_valid_prefix_ends_where_the_first_bad_byte_stands);
    tcase_add_test(tc, a_cut_splits_no_character);
    tcase_set_timeout(tc, 30);
    Suite *suite = suite_create("base/utf8");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
