/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/kafka/headers.h"

#include <check.h>
#include <stdio.h>

#include "support/check_main.h"
#include "support/make_batch.h"

static struct kafka_headers headers;
#define TEXT(text) ((char *)(uintptr_t)(text)) /* options are not const */

static struct kafka_options options;

static void setup(void)
{
    options = (struct kafka_options){ .record_id_header = TEXT("weir-id"),
                                      .trace_header = TEXT("traceparent") };
}

static void teardown(void)
{
    kafka_headers_deinit(&headers);
}

/* The headers of record `i` as "name=value ". */
static const char *show(const struct batch *batch, uint32_t i)
{
    static char text[512];
    size_t len = 0, size;
    const char *name;
    const void *value;
    rd_kafka_headers_t *made;
    text[0] = '\0';
    ck_assert_int_eq(kafka_headers_make(&headers, &batch->pub, i, &made), 0);
    for (size_t n = 0; made && rd_kafka_header_get_all(made, n, &name, &value, &size) ==
                                   RD_KAFKA_RESP_ERR_NO_ERROR;
         n++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s=%.*s ", name, (int)size,
                                (const char *)value);
    if (made)
        rd_kafka_headers_destroy(made);
    return text;
}

START_TEST(a_record_has_its_id)
{
    struct batch *batch = make_batch("a\nb\n", 0);
    uint8_t id[16];
    char want[64] = "weir-id=";
    ck_assert_int_eq(kafka_headers_init(&headers, &options, NULL), 0);
    weir_batch_record_id(&batch->pub, 1, id);
    for (size_t i = 0; i < 16; i++)
        snprintf(want + 8 + 2 * i, 4, "%02x ", id[i]);
    ck_assert_str_eq(show(batch, 1), want);
    options.record_id_header = options.trace_header = TEXT("");
    kafka_headers_deinit(&headers);
    ck_assert_int_eq(kafka_headers_init(&headers, &options, NULL), 0);
    ck_assert_str_eq(show(batch, 1), "");
    made_batch_free(batch);
}
END_TEST

START_TEST(a_trace_needs_both_ids)
{
    struct weir_trace trace = {
        { 0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47,
          0x36 },
        { 0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7 },
        1,
    };
    char text[KAFKA_TRACEPARENT_BYTES];
    ck_assert(!kafka_traceparent(NULL, text));
    ck_assert(kafka_traceparent(&trace, text));
    ck_assert_mem_eq(text, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", sizeof(text));
    memset(trace.span_id, 0, sizeof(trace.span_id));
    ck_assert(!kafka_traceparent(&trace, text));
    trace.span_id[7] = 1;
    memset(trace.trace_id, 0, sizeof(trace.trace_id));
    ck_assert(!kafka_traceparent(&trace, text));
}
END_TEST

START_TEST(templates_that_come_out_empty_are_left_out)
{
    struct batch *batch = make_batch("{\"env\":\"prod\"}\n{}\n", 0);
    struct weir_pair pairs[] = { { TEXT("env"), TEXT("${env}"), false },
                                 { TEXT("source"), TEXT("weir"), false } };
    made_batch_parse_json(batch);
    options.record_id_header = TEXT("");
    options.headers = (struct weir_pairs){ pairs, 2 };
    ck_assert_int_eq(kafka_headers_init(&headers, &options, NULL), 0);
    ck_assert_str_eq(show(batch, 0), "env=prod source=weir ");
    ck_assert_str_eq(show(batch, 1), "source=weir ");
    made_batch_free(batch);
}
END_TEST

START_TEST(mistakes_are_told)
{
    struct weir_error err = { 0 };
    struct weir_pair pair = { TEXT("env"), TEXT("${env"), false };
    options.headers = (struct weir_pairs){ &pair, 1 };
    ck_assert_int_lt(kafka_headers_init(&headers, &options, &err), 0);
    ck_assert_str_eq(err.option, "headers");
    ck_assert_ptr_nonnull(strstr(err.text, "\"env\": "));
    pair = (struct weir_pair){ TEXT(""), TEXT("x"), false };
    ck_assert_int_lt(kafka_headers_init(&headers, &options, &err), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("headers");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_record_has_its_id);
    tcase_add_test(tc, a_trace_needs_both_ids);
    tcase_add_test(tc, templates_that_come_out_empty_are_left_out);
    tcase_add_test(tc, mistakes_are_told);
    Suite *suite = suite_create("outputs/kafka/headers");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
