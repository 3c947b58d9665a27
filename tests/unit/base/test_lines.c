/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lines.h"
#include "base/simd.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/check_main.h"

enum { PADDING = 64, DATA_MAX = 600, ENDS_MAX = 700 };

/* What lines_find() means, one byte at a time. */
static size_t find_plainly(const char *data, size_t len, uint32_t base, uint32_t *ends, size_t max,
                           size_t *ret_taken)
{
    size_t count = 0;
    *ret_taken = 0;
    for (size_t i = 0; i < len && count < max; i++) {
        if (data[i] != '\n')
            continue;
        ends[count++] = base + (uint32_t)i + 1;
        *ret_taken = i + 1;
    }
    return count;
}

/* Holds every version against the plain one; the padding is full of newlines, none of which counts. */
static void check_all(const char *text, size_t len, uint32_t base, size_t max)
{
    char *data = malloc(len + PADDING);
    memcpy(data, text, len);
    memset(data + len, '\n', PADDING);
    uint32_t want[ENDS_MAX], got[ENDS_MAX + 1];
    size_t want_taken, want_count = find_plainly(data, len, base, want, max, &want_taken);
    const struct simd *simd;
    for (size_t v = 0; (simd = simd_list(v)); v++) {
        size_t taken = 12345;
        got[max] = 0xdeadbeef;
        ck_assert_msg(simd->lines_find(data, len, base, got, max, &taken) == want_count, "%s",
                      simd->name);
        ck_assert_uint_eq(taken, want_taken);
        ck_assert_mem_eq(got, want, want_count * sizeof(*got));
        ck_assert_uint_eq(got[max], 0xdeadbeef);
    }
    free(data);
}

START_TEST(newlines_are_found_wherever_they_stand)
{
    static const struct {
        const char *text;
        size_t max;
    } cases[] = {
        { "", 10 },           { "\n", 10 },           { "a", 10 },  { "a\nb\n", 10 },
        { "a\nb", 10 },       { "\n\n\n\n\n", 3 },    { "a\n", 0 }, { "a\nb\nc\n", 1 },
        { "\r\n\v\n\n", 10 }, { "\x8a\x0a\x0b", 10 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_all(cases[i].text, strlen(cases[i].text), 0, cases[i].max);
        check_all(cases[i].text, strlen(cases[i].text), 4000000000u, cases[i].max);
    }
}
END_TEST

START_TEST(one_newline_at_every_offset_of_every_length)
{
    char text[200];
    for (size_t len = 1; len <= sizeof(text); len += 3) {
        for (size_t at = 0; at < len; at++) {
            memset(text, 'x', len);
            text[at] = '\n';
            check_all(text, len, 7, 4);
        }
    }
}
END_TEST

START_TEST(random_texts_agree_with_the_plain_loop)
{
    unsigned short seed[3] = { 1, 2, 3 };
    char text[DATA_MAX];
    for (int round = 0; round < 3000; round++) {
        size_t len = (size_t)(nrand48(seed) % (DATA_MAX + 1));
        long density = 1 + nrand48(seed) % 80;
        for (size_t i = 0; i < len; i++)
            text[i] = nrand48(seed) % density == 0 ? '\n' : (char)nrand48(seed);
        check_all(text, len, (uint32_t)nrand48(seed),
                  (size_t)(nrand48(seed) % (round % 2 ? 20 : ENDS_MAX)));
    }
}
END_TEST

START_TEST(the_chosen_version_answers_too)
{
    char data[PADDING + 5] = "ab\nc\n";
    uint32_t ends[2];
    size_t taken;
    ck_assert_uint_eq(lines_find(data, 5, 100, ends, 2, &taken), 2);
    ck_assert_uint_eq(ends[0], 103);
    ck_assert_uint_eq(ends[1], 105);
    ck_assert_uint_eq(taken, 5);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("lines");
    tcase_add_test(tc, newlines_are_found_wherever_they_stand);
    tcase_add_test(tc, one_newline_at_every_offset_of_every_length);
    tcase_add_test(tc, random_texts_agree_with_the_plain_loop);
    tcase_add_test(tc, the_chosen_version_answers_too);
    tcase_set_timeout(tc, 30);
    Suite *suite = suite_create("base/lines");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
