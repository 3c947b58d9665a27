/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/http/compress.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check_main.h"

/* By the program gzip, which is another's reading of the format. */
static void expect_unpacked(const struct weir_bytes *packed, struct weir_str want)
{
    char name[] = "/tmp/weir-compress-XXXXXX", command[80];
    int fd = mkstemp(name);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, packed->data, packed->len), (ssize_t)packed->len);
    close(fd);
    snprintf(command, sizeof(command), "gzip -dc %s", name);
    FILE *out = popen(command, "r");
    ck_assert_ptr_nonnull(out);
    char *got = malloc(want.len + 1);
    size_t len = fread(got, 1, want.len + 1, out);
    ck_assert_int_eq(pclose(out), 0);
    unlink(name);
    ck_assert_uint_eq(len, want.len);
    ck_assert_mem_eq(got, want.ptr, len);
    free(got);
}

/* Lines, and then what no compressor makes shorter. */
static char *make_body(size_t len, bool random)
{
    unsigned short seed[3] = { 1, 2, 3 };
    char *body = malloc(len + 1);
    for (size_t i = 0; i < len; i++)
        body[i] = random ? (char)nrand48(seed)
                         : "{\"message\":\"the quick brown fox\"}\n"[(i * i / 7 + i) % 34];
    return body;
}

START_TEST(gzip_is_read_by_others)
{
    static const size_t lengths[] = { 1, 33, 1000, 65536, 1048576, 5000001 };
    struct http_compressor *compressor = http_compressor_new();
    struct weir_bytes out = { .max = (size_t)16 << 20 };
    for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(lengths[0]); i++) {
        const size_t len = lengths[i / 2];
        char *body = make_body(len, i % 2);
        ck_assert_int_eq(http_compress(compressor, HTTP_GZIP, (struct weir_str){ body, len }, &out),
                         0);
        expect_unpacked(&out, (struct weir_str){ body, len });
        free(body);
    }
    weir_bytes_free(&out);
    http_compressor_free(compressor);
}
END_TEST

START_TEST(what_does_not_fit_is_an_error)
{
    struct http_compressor *compressor = http_compressor_new();
    char *body = make_body(100000, true);
    struct weir_bytes out = { .max = 50000 };
    ck_assert_int_eq(http_compress(compressor, HTTP_GZIP, (struct weir_str){ body, 100000 }, &out),
                     -ENOMEM);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(http_compress(compressor, HTTP_ZSTD, (struct weir_str){ body, 100000 }, &out),
                     -ENOMEM);
    ck_assert_uint_eq(out.len, 0);
    free(body);
    weir_bytes_free(&out);
    http_compressor_free(compressor);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http: compression");
    TCase *tcase = tcase_create("compress");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, gzip_is_read_by_others);
    tcase_add_test(tcase, what_does_not_fit_is_an_error);
    return check_main(suite);
}
