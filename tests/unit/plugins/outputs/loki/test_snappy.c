/* SPDX-License-Identifier: Apache-2.0 */
/* What is packed is unpacked by a reader of its own, written from the format's description; and by Python's in the end-to-end tests. */
#include "plugins/outputs/loki/snappy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/check_main.h"

/* The text, from malloc; NULL when `packed` is not Snappy's block format. */
static char *unpack(const unsigned char *packed, size_t len, size_t *ret_len)
{
    size_t want = 0, at = 0, i = 0;
    for (unsigned shift = 0;; shift += 7) {
        want |= (size_t)(packed[i] & 0x7f) << shift;
        if (!(packed[i++] & 0x80))
            break;
    }
    char *text = malloc(want + 1);
    while (i < len) {
        unsigned tag = packed[i++];
        size_t n = (tag >> 2) + 1;
        if ((tag & 3) == 0) {
            if (n > 60) {
                size_t bytes = n - 60;
                n = 1;
                for (size_t b = 0; b < bytes; b++)
                    n += (size_t)packed[i++] << (8 * b);
            }
            ck_assert_uint_le(n, want - at);
            ck_assert_uint_le(n, len - i);
            memcpy(text + at, packed + i, n);
            i += n;
            at += n;
            continue;
        }
        ck_assert_uint_eq(tag & 3, 2);
        size_t offset = packed[i] | (size_t)packed[i + 1] << 8;
        i += 2;
        ck_assert_uint_le(offset, at);
        ck_assert_uint_gt(offset, 0);
        ck_assert_uint_le(n, want - at);
        for (; n; n--, at++)
            text[at] = text[at - offset];
    }
    ck_assert_uint_eq(at, want);
    *ret_len = want;
    return text;
}

static size_t check_round(const char *text, size_t len)
{
    struct weir_bytes out = { .max = 16 * 1024 * 1024 };
    size_t again_len;
    ck_assert_int_eq(loki_snappy((struct weir_str){ text, len }, &out), 0);
    char *again = unpack((const unsigned char *)out.data, out.len, &again_len);
    ck_assert_uint_eq(again_len, len);
    ck_assert(len == 0 || memcmp(again, text, len) == 0);
    size_t packed = out.len;
    free(again);
    weir_bytes_free(&out);
    return packed;
}

START_TEST(texts_come_back)
{
    static const char *const texts[] = { "",
                                         "a",
                                         "abc",
                                         "abcd",
                                         "abcdabcd",
                                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                         "no repeats here",
                                         "the same again, the same again, and again" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check_round(texts[i], strlen(texts[i]));
}
END_TEST

START_TEST(every_length_around_the_tags_limits)
{
    static char text[70000];
    static const size_t lengths[] = {
        59, 60, 61, 62, 255, 256, 257, 258, 65535, 65536, 65537, 70000
    };
    uint64_t random = 42;
    for (size_t i = 0; i < sizeof(text); i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        text[i] = (char)(random >> 56);
    }
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        ck_assert_uint_le(check_round(text, lengths[i]), lengths[i] + lengths[i] / 6 + 32);
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        check_round(text, lengths[i]);
}
END_TEST

START_TEST(a_log_becomes_small)
{
    static char text[200000];
    size_t len = 0;
    uint64_t random = 7;
    while (len < sizeof(text) - 200) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        len += (size_t)snprintf(text + len, 200,
                                "2026-03-01T10:00:00Z host-1 GET /cart/%u 200 took %u ms\n",
                                (unsigned)(random >> 50), (unsigned)(random >> 57));
    }
    ck_assert_uint_lt(check_round(text, len), len / 2);
}
END_TEST

START_TEST(without_room_it_says_so)
{
    struct weir_bytes out = { .max = 10 };
    ck_assert_int_lt(loki_snappy(WEIR_STR("a text that does not fit"), &out), 0);
    weir_bytes_free(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snappy");
    TCase *tcase = tcase_create("snappy");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, texts_come_back);
    tcase_add_test(tcase, every_length_around_the_tags_limits);
    tcase_add_test(tcase, a_log_becomes_small);
    tcase_add_test(tcase, without_room_it_says_so);
    return check_main(suite);
}
