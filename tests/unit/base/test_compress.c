/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compress.h"

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/check_main.h"

enum { LONGEST = 300000 };

static const enum compression all[] = { COMPRESSION_NONE, COMPRESSION_LZ4, COMPRESSION_ZSTD };

/* Text that gets smaller. */
static void fill_text(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = "the quick brown fox\n"[i * 7 / 11 % 20];
}

/* Bytes that do not. */
static void fill_noise(char *bytes, size_t len)
{
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (char)(state >> 32);
    }
}

/* Exactly as long as it is, so that a sanitizer sees each byte beyond. */
static char *copy_of(const char *bytes, size_t len)
{
    char *copy = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, len);
    return copy;
}

static void check_both_ways(enum compression how, const char *in, size_t len, size_t *ret_stored)
{
    const size_t room = len + len / 100 + 1024;
    char *out = malloc(room), *back = malloc(len ? len : 1);
    size_t stored = compress_block(how, in, len, out, room);
    ck_assert(stored > 0 || (how == COMPRESSION_NONE && len == 0));
    ck_assert_uint_le(len, decompress_bound(how, stored));
    char *exact = copy_of(out, stored);
    ck_assert_int_eq(decompress_block(how, exact, stored, back, len), 0);
    ck_assert_mem_eq(back, in, len);
    /* Cut, or of another length: it is told. */
    if (stored > 0) {
        char *cut = copy_of(out, stored - 1);
        ck_assert_int_eq(decompress_block(how, cut, stored - 1, back, len), -EBADMSG);
        free(cut);
    }
    if (len > 0)
        ck_assert_int_eq(decompress_block(how, exact, stored, back, len - 1), -EBADMSG);
    free(exact);
    free(out);
    free(back);
    *ret_stored = stored;
}

START_TEST(what_goes_in_comes_out)
{
    static const size_t lengths[] = { 0, 1, 13, 4096, 65536, LONGEST };
    char *text = malloc(LONGEST), *noise = malloc(LONGEST);
    const enum compression how = all[_i];
    size_t stored = 0;
    fill_text(text, LONGEST);
    fill_noise(noise, LONGEST);
    for (size_t i = 0; compression_is_built(how) && i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        check_both_ways(how, noise, lengths[i], &stored);
        check_both_ways(how, text, lengths[i], &stored);
    }
    if (how != COMPRESSION_NONE && compression_is_built(how))
        ck_assert_uint_lt(stored, LONGEST / 10);
    free(text);
    free(noise);
}
END_TEST

START_TEST(what_does_not_fit_is_none)
{
    char *noise = malloc(LONGEST), *out = malloc(LONGEST);
    fill_noise(noise, LONGEST);
    ck_assert_uint_eq(compress_block(all[_i], noise, LONGEST, out, LONGEST - 1), 0);
    ck_assert_uint_eq(compress_block(all[_i], noise, LONGEST, out, 1), 0);
    ck_assert_uint_eq(compress_block(all[_i], noise, LONGEST, out, 0), 0);
    free(noise);
    free(out);
}
END_TEST

START_TEST(any_bytes_may_be_given)
{
    char *bytes = malloc(LONGEST), *out = malloc(LONGEST);
    const enum compression how = all[_i];
    fill_noise(bytes, LONGEST);
    for (size_t i = 0; i < 2000; i++) {
        char *in = copy_of(bytes + i, i);
        int r = decompress_block(how, in, i, out, 4096);
        ck_assert_int_eq(r, compression_is_built(how) ? -EBADMSG : -ENOTSUP);
        free(in);
    }
    /* Every byte of a good block, wrong in turn: the same length, or an error. */
    fill_text(bytes, 4096);
    size_t stored = compress_block(how, bytes, 4096, out, LONGEST);
    for (size_t i = 0; i < stored; i++) {
        char *in = copy_of(out, stored), back[4096];
        in[i] ^= (char)(1 << i % 8);
        int r = decompress_block(how, in, stored, back, sizeof(back));
        ck_assert(r == 0 || r == -EBADMSG);
        free(in);
    }
    free(bytes);
    free(out);
}
END_TEST

START_TEST(lengths_are_bounded)
{
    char byte = 0;
    ck_assert_uint_eq(decompress_bound(COMPRESSION_NONE, 77), 77);
    ck_assert_uint_eq(decompress_bound(all[_i], 0), 0);
    ck_assert_uint_ge(decompress_bound(all[_i], SIZE_MAX), SIZE_MAX);
    ck_assert_int_eq(decompress_block(all[_i], &byte, COMPRESS_BYTES_MAX + 1, &byte, 1), -EBADMSG);
    ck_assert_int_eq(decompress_block(all[_i], &byte, 1, &byte, COMPRESS_BYTES_MAX + 1), -EBADMSG);
}
END_TEST

int main(void)
{
    const int count = sizeof(all) / sizeof(all[0]);
    TCase *tc = tcase_create("compress");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, what_goes_in_comes_out, 0, count);
    tcase_add_loop_test(tc, what_does_not_fit_is_none, 0, count);
    tcase_add_loop_test(tc, any_bytes_may_be_given, 0, count);
    tcase_add_loop_test(tc, lengths_are_bounded, 0, count);
    Suite *suite = suite_create("base/compress");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
