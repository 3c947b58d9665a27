/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_escape.h"
#include "base/simd.h"
#include "base/utf8.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>

#include "support/check_main.h"

START_TEST(text_becomes_the_inside_of_a_string)
{
    static const struct {
        struct weir_str text;
        const char *want;
    } cases[] = {
        { { "", 0 }, "" },
        { { "plain text", 10 }, "plain text" },
        { { "say \"hi\"\\", 9 }, "say \\\"hi\\\"\\\\" },
        { { "\b\f\n\r\t", 5 }, "\\b\\f\\n\\r\\t" },
        { { "\0\x1f\x7f", 3 }, "\\u0000\\u001f\x7f" },
        { { "caf\xc3\xa9 \xf0\x9f\x98\x80", 10 }, "caf\xc3\xa9 \xf0\x9f\x98\x80" },
        { { "a\xffz", 3 }, "a" UTF8_REPLACEMENT "z" },
        { { "\xc3", 1 }, UTF8_REPLACEMENT },
        { { "\xed\xa0\x80", 3 }, UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT },
        { { "a/b", 3 }, "a/b" },
        { { NULL, 0 }, "" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[100];
        size_t len = json_escape(cases[i].text.ptr, cases[i].text.len, out);
        ck_assert_msg(weir_str_eq((struct weir_str){ out, len }, weir_str_of(cases[i].want)),
                      "case %zu: %.*s", i, (int)len, out);
        ck_assert_uint_eq(json_escaped_length(cases[i].text.ptr, cases[i].text.len), len);
    }
}
END_TEST

START_TEST(escapes_are_undone)
{
    static const struct {
        const char *text;
        struct weir_str want;
    } cases[] = {
        { "", { "", 0 } },
        { "plain", { "plain", 5 } },
        { "\\\"\\\\\\/\\b\\f\\n\\r\\t", { "\"\\/\b\f\n\r\t", 8 } },
        { "\\u0000|\\u0041\\u00e9\\u6F22", { "\0|A\xc3\xa9\xe6\xbc\xa2", 8 } },
        { "\\ud83d\\ude00", { "\xf0\x9f\x98\x80", 4 } },
        { "\\uDBFF\\uDFFF", { "\xf4\x8f\xbf\xbf", 4 } },
        { "\\ud83dx", { UTF8_REPLACEMENT "x", 4 } },
        { "\\ude00", { UTF8_REPLACEMENT, 3 } },
        { "\\ud83d\\n", { UTF8_REPLACEMENT "\n", 4 } },
        { "\\ud83d\\ud83d\\ude00", { UTF8_REPLACEMENT "\xf0\x9f\x98\x80", 7 } },
        { "a\\\\u0041", { "a\\u0041", 7 } },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct weir_str text = weir_str_of(cases[i].text), want = cases[i].want;
        char out[100];
        size_t len = json_unescape(text.ptr, text.len, out);
        ck_assert_msg(weir_str_eq((struct weir_str){ out, len }, want), "case %zu", i);
        ck_assert(json_unescaped_eq(text, want));
        ck_assert(want.len == 0 ||
                  !json_unescaped_eq(text, (struct weir_str){ want.ptr, want.len - 1 }));
        memcpy(out, text.ptr, text.len); /* in place */
        ck_assert_uint_eq(json_unescape(out, text.len, out), want.len);
        ck_assert(memcmp(out, want.ptr, want.len) == 0);
    }
    ck_assert(!json_unescaped_eq(WEIR_STR("a\\nb"), WEIR_STR("a\nc")));
    ck_assert(!json_unescaped_eq(WEIR_STR("a\\n"), WEIR_STR("a\nb")));
}
END_TEST

/* Random bytes, mostly plain, so that runs of all lengths meet specials at all offsets. */
static size_t random_text(unsigned short seed[3], char *text, size_t max)
{
    static const char special[] = "\"\\\n\x1f\x7f\x80\xc3\xa9\xff\xe6\xbc\xa2/";
    size_t len = (size_t)nrand48(seed) % (max + 1);
    long density = 1 + nrand48(seed) % 60;
    for (size_t i = 0; i < len; i++)
        text[i] = nrand48(seed) % density ? (char)(' ' + nrand48(seed) % 95)
                                          : special[(size_t)nrand48(seed) % sizeof(special)];
    return len;
}

START_TEST(versions_find_the_same_runs)
{
    unsigned short seed[3] = { 4, 5, 6 };
    const struct simd *simd;
    for (int round = 0; round < 20000; round++) {
        char text[200];
        size_t len = random_text(seed, text, sizeof(text)), want = 0;
        while (want < len && (unsigned char)text[want] >= 0x20 &&
               (unsigned char)text[want] < 0x80 && text[want] != '"' && text[want] != '\\')
            want++;
        char *exact = malloc(len + 1); /* as long as it is: a sanitizer sees each byte over */
        memcpy(exact + 1, text, len);
        for (size_t v = 0; (simd = simd_list(v)); v++)
            ck_assert_msg(simd->json_plain(exact + 1, len) == want, "%s", simd->name);
        free(exact);
    }
}
END_TEST

START_TEST(versions_copy_the_same_runs_and_nothing_beyond_the_padding)
{
    unsigned short seed[3] = { 10, 11, 12 };
    const struct simd *simd;
    for (int round = 0; round < 20000; round++) {
        char text[200];
        size_t len = random_text(seed, text, sizeof(text));
        char *in = malloc(len + JSON_COPY_PADDING), *out = malloc(len + JSON_COPY_PADDING);
        memcpy(in, text, len);
        memset(in + len, nrand48(seed) % 2 ? '\n' : 'x', JSON_COPY_PADDING);
        const size_t want = simd_list(0)->json_plain(in, len);
        for (size_t v = 0; (simd = simd_list(v)); v++) {
            ck_assert_msg(simd->json_copy(in, len, out) == want, "%s", simd->name);
            ck_assert_msg(memcmp(in, out, want) == 0, "%s", simd->name);
        }
        free(in);
        free(out);
    }
}
END_TEST

START_TEST(what_is_escaped_reads_back_elsewhere_as_it_was)
{
    unsigned short seed[3] = { 7, 8, 9 };
    for (int round = 0; round < 5000; round++) {
        char text[150], json[sizeof(text) * JSON_ESCAPE_GROWTH + 2], back[sizeof(json)];
        size_t len = random_text(seed, text, sizeof(text));
        json[0] = '"';
        size_t inside = json_escape(text, len, json + 1);
        json[inside + 1] = '"';
        ck_assert_uint_eq(inside, json_escaped_length(text, len));
        json_t *value = json_loadb(json, inside + 2, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        ck_assert_ptr_nonnull(value);
        size_t back_len = json_unescape(json + 1, inside, back);
        ck_assert_uint_eq(json_string_length(value), back_len);
        ck_assert(memcmp(json_string_value(value), back, back_len) == 0);
        if (utf8_valid_prefix(text, len) == len)
            ck_assert(
                weir_str_eq((struct weir_str){ text, len }, (struct weir_str){ back, back_len }));
        json_decref(value);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("json_escape");
    tcase_add_test(tc, text_becomes_the_inside_of_a_string);
    tcase_add_test(tc, escapes_are_undone);
    tcase_add_test(tc, versions_find_the_same_runs);
    tcase_add_test(tc, versions_copy_the_same_runs_and_nothing_beyond_the_padding);
    tcase_add_test(tc, what_is_escaped_reads_back_elsewhere_as_it_was);
    tcase_set_timeout(tc, 30);
    Suite *suite = suite_create("base/json_escape");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
