/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/loki/push.h"

#include <check.h>

#include "support/check_main.h"

static struct weir_bytes set_of(const char *text)
{
    return (struct weir_bytes){ .data = (char *)(uintptr_t)text, .len = strlen(text), .max = 1000 };
}

static void push_end(struct loki_push *push, struct weir_bytes *body)
{
    weir_bytes_free(&push->labels);
    weir_bytes_free(body);
}

static const struct loki_entry hello = {
    .time = 1795414728000000005,
    .line = { "hello", 5 },
    .metadata = { { { "trace_id", 8 }, { "4bf9", 4 } } },
    .metadata_count = 1,
};

/* The one stream of the protocol's own example, but that the stream's length has five bytes. */
START_TEST(protobuf_to_the_byte)
{
    static const unsigned char expected[] = {
        0x0a, 0xbd, 0x80, 0x80, 0x80, 0x00, 0x0a, 0x16, '{',  'h',  'o',  's',  't',  '=',
        '"',  'h',  '1',  '"',  ',',  'j',  'o',  'b',  '=',  '"',  'w',  'e',  'i',  'r',
        '"',  '}',  0x12, 0x23, 0x0a, 0x08, 0x08, 0xc8, 0xb5, 0x8f, 0xd8, 0x06, 0x10, 0x05,
        0x12, 0x05, 'h',  'e',  'l',  'l',  'o',  0x1a, 0x10, 0x0a, 0x08, 't',  'r',  'a',
        'c',  'e',  '_',  'i',  'd',  0x12, 0x04, '4',  'b',  'f',  '9',
    };
    const struct weir_bytes labels = set_of("{host=\"h1\",job=\"weir\"}");
    struct loki_push push = { 0 };
    struct weir_bytes body = { .max = 1000 };
    ck_assert_int_eq(loki_push_begin(&push, &body), 0);
    ck_assert_int_eq(loki_push_entry(&push, &labels, &hello, &body), 0);
    ck_assert_int_eq(loki_push_end(&push, &body), 0);
    ck_assert_uint_eq(body.len, sizeof(expected));
    ck_assert_mem_eq(body.data, expected, sizeof(expected));
    push_end(&push, &body);
}
END_TEST

START_TEST(json_to_the_byte)
{
    const struct weir_bytes one = set_of("{\"a\":\"1\"}"), two = set_of("{\"a\":\"2\"}");
    struct loki_entry plain = { .time = 7, .line = { "q\"", 2 } };
    struct loki_push push = { .json = true };
    struct weir_bytes body = { .max = 1000 };
    ck_assert_int_eq(loki_push_begin(&push, &body), 0);
    ck_assert_int_eq(loki_push_entry(&push, &one, &hello, &body), 0);
    ck_assert_int_eq(loki_push_entry(&push, &one, &plain, &body), 0);
    ck_assert_int_eq(loki_push_entry(&push, &two, &plain, &body), 0);
    ck_assert_int_eq(loki_push_end(&push, &body), 0);
    ck_assert(weir_str_eq((struct weir_str){ body.data, body.len },
                          WEIR_STR("{\"streams\":[{\"stream\":{\"a\":\"1\"},\"values\":["
                                   "[\"1795414728000000005\",\"hello\",{\"trace_id\":\"4bf9\"}],"
                                   "[\"7\",\"q\\\"\"]]},{\"stream\":{\"a\":\"2\"},\"values\":["
                                   "[\"7\",\"q\\\"\"]]}]}")));
    push_end(&push, &body);
}
END_TEST

/* Whatever room there is: an entry that does not fit leaves the body as it was, and what fits before and after is as it
 * would be with more room. */
START_TEST(an_entry_that_does_not_fit_leaves_nothing)
{
    const struct weir_bytes one = set_of("{a=\"1\"}"), two = set_of("{a=\"2\"}");
    for (int json = 0; json < 2; json++)
        for (size_t max = 40; max < 200; max++) {
            struct loki_push push = { .json = json };
            struct weir_bytes body = { .max = max };
            ck_assert_int_eq(loki_push_begin(&push, &body), 0);
            if (loki_push_entry(&push, &one, &hello, &body) < 0) {
                push_end(&push, &body);
                continue;
            }
            size_t len = body.len;
            char before[200];
            memcpy(before, body.data, len);
            if (loki_push_entry(&push, &two, &hello, &body) < 0) {
                ck_assert_uint_eq(body.len, len);
                ck_assert_mem_eq(body.data, before, len);
                body.max = 1000;
                ck_assert_int_eq(loki_push_entry(&push, &one, &hello, &body), 0);
                ck_assert_uint_lt(body.len, 2 * len); /* in the stream that is open */
            }
            push_end(&push, &body);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("push");
    TCase *tcase = tcase_create("push");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, protobuf_to_the_byte);
    tcase_add_test(tcase, json_to_the_byte);
    tcase_add_test(tcase, an_entry_that_does_not_fit_leaves_nothing);
    return check_main(suite);
}
