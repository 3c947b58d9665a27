/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/encoder.h"
#include "support/check_main.h"
#include "support/make_batch.h"
#include "support/option_state.h"

extern const struct weir_plugin weir_plugin_codec_logfmt;

/* A codec with options given as "name", "value" pairs, ended by NULL. */
static struct weir_encoder *logfmt_codec(const char *const *options)
{
    void *state = option_state_new(&weir_plugin_codec_logfmt);
    for (; options && *options; options += 2)
        option_state_set(&weir_plugin_codec_logfmt, state, options[0], options[1]);
    struct weir_error err = { 0 };
    ck_assert_int_eq(weir_plugin_codec_logfmt.check(state, &err), 0);
    struct weir_encoder *encoder = encoder_new(&weir_plugin_codec_logfmt, state);
    ck_assert_ptr_nonnull(encoder);
    return encoder;
}
#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void expect(const struct batch *batch, const char *const *options, const char *want)
{
    struct weir_encoder *encoder = logfmt_codec(options);
    struct weir_slice slice = made_batch_slice(batch);
    struct weir_bytes out = { .max = 4096 };
    for (uint32_t at = 0; at < slice.count;) {
        uint32_t next = weir_encode(encoder, &slice, at, &out, out.len + 1);
        ck_assert_uint_gt(next, at);
        at = next;
    }
    ck_assert_msg(weir_str_eq((struct weir_str){ out.data, out.len }, weir_str_of(want)),
                  "%.*s\nis not\n%s", (int)out.len, out.data ? out.data : "", want);
    weir_bytes_free(&out);
    encoder_free(encoder);
}

START_TEST(plain_lines_are_messages)
{
    struct batch *batch =
        make_batch("one\ntwo words\n\na=b\n\"q\"\nback\\slash\n\xc3\xa9\n\xff\ntab\there\n", 0);
    expect(batch, NULL,
           "message=one\nmessage=\"two words\"\nmessage=\"\"\nmessage=\"a=b\"\n"
           "message=\"\\\"q\\\"\"\nmessage=back\\slash\nmessage=\"\xc3\xa9\"\n"
           "message=\"\xef\xbf\xbd\"\nmessage=\"tab\\there\"\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(values_of_every_type_are_printed)
{
    struct batch *batch =
        make_batch("{\"s\":\"x y\",\"c\":\"caf\xc3\xa9\",\"e\":\"\\u0041\\n\",\"i\":-7,"
                   "\"f\":1.5,\"b\":true,\"n\":null,\"j\":{\"k\":[1]},\"z\":\"\"}\n",
                   0);
    made_batch_parse_json(batch);
    expect(batch, NULL,
           "s=\"x y\" c=caf\xc3\xa9 e=\"\\u0041\\n\" i=-7 f=1.5 b=true n=null "
           "j=\"{\\\"k\\\":[1]}\" z=\"\"\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(names_cannot_be_quoted)
{
    struct batch *batch =
        make_batch("{\"a b\":1,\"c=\\\"\":2,\"\":3,\"\\u0064\\n\":4,\"\xc3\xa9\":5}\n", 0);
    made_batch_parse_json(batch);
    made_batch_add(batch, 0, "x y\xff", WEIR_VALUE_INT, "6");
    made_batch_add(batch, 0, "plain", WEIR_VALUE_INT, "7");
    expect(batch, NULL, "a_b=1 c__=2 _=3 d_=4 \xc3\xa9=5 x_y\xef\xbf\xbd=6 plain=7\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(what_is_set_comes_first)
{
    static struct weir_trace trace = { .trace_id = { 0x4b, [15] = 0x36 },
                                       .span_id = { [7] = 0xb7 } };
    static struct weir_trace none;
    struct batch *batch = make_batch("{\"a\":1}\n{\"level\":2,\"time\":3}\n{}\n", 0);
    made_batch_parse_json(batch);
    for (uint32_t i = 0; i < 2; i++) {
        batch->pub.records[i].event_time = INT64_C(1772323200500000000);
        batch->pub.records[i].severity = 14;
        batch->pub.records[i].trace = i == 0 ? &trace : &none;
    }
    expect(batch, NULL,
           "time=2026-03-01T00:00:00.500Z level=warn2 trace_id=4b000000000000000000000000000036 "
           "span_id=00000000000000b7 a=1\n"
           "level=2 time=3\n\n");
    expect(batch,
           OPTIONS("time_key", "t", "severity_key", "", "trace_id_key", "", "span_id_key", "s"),
           "t=2026-03-01T00:00:00.500Z s=00000000000000b7 a=1\n"
           "t=2026-03-01T00:00:00.500Z level=2 time=3\n\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(a_cut_line_says_so_and_ids_are_printed)
{
    struct batch *batch = make_batch("one\ntwo\n", WEIR_RUN_TRUNCATED);
    uint8_t id[16];
    char want[200], *at = want;
    for (uint32_t i = 0; i < 2; i++) {
        weir_batch_record_id(&batch->pub, i, id);
        at = stpcpy(at, "id=");
        for (int byte = 0; byte < 16; byte++)
            at += sprintf(at, "%02x", id[byte]);
        at = stpcpy(at, i ? " message=two weir.truncated=true\n" : " message=one\n");
    }
    expect(batch, OPTIONS("record_id_key", "id"), want);
    made_batch_free(batch);
}
END_TEST

START_TEST(a_record_that_does_not_fit_is_not_begun)
{
    struct batch *batch = make_batch("{\"a\":\"x\"}\n{\"a b\":\"y z\",\"c\":\"\\n\"}\n", 0);
    made_batch_parse_json(batch);
    batch->pub.records[1].severity = 9;
    batch->pub.records[1].event_time = 0;
    struct weir_encoder *encoder = logfmt_codec(NULL);
    struct weir_slice slice = made_batch_slice(batch);
    const size_t first = strlen("a=x\n");
    const size_t all =
        first + strlen("time=1970-01-01T00:00:00Z level=info a_b=\"y z\" c=\"\\n\"\n");
    for (size_t max = 0; max <= all; max++) {
        struct weir_bytes out = { .max = max };
        uint32_t fit = max >= all ? 2 : max >= first;
        ck_assert_uint_eq(weir_encode(encoder, &slice, 0, &out, SIZE_MAX), fit);
        ck_assert_uint_eq(out.len, fit == 2 ? all : fit * first);
        weir_bytes_free(&out);
    }
    encoder_free(encoder);
    made_batch_free(batch);
}
END_TEST

START_TEST(keys_must_be_names)
{
    static const struct {
        const char *option, *value, *at;
    } cases[] = { { "time_key", "a b", "time_key" },
                  { "severity_key", "a=b", "severity_key" },
                  { "record_id_key", "level", "record_id_key" } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct weir_error err = { 0 };
        void *state = option_state_new(&weir_plugin_codec_logfmt);
        option_state_set(&weir_plugin_codec_logfmt, state, cases[i].option, cases[i].value);
        ck_assert_int_lt(weir_plugin_codec_logfmt.check(state, &err), 0);
        ck_assert_str_eq(err.option, cases[i].at);
        free(state);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("logfmt");
    tcase_add_test(tc, plain_lines_are_messages);
    tcase_add_test(tc, values_of_every_type_are_printed);
    tcase_add_test(tc, names_cannot_be_quoted);
    tcase_add_test(tc, what_is_set_comes_first);
    tcase_add_test(tc, a_cut_line_says_so_and_ids_are_printed);
    tcase_add_test(tc, a_record_that_does_not_fit_is_not_begun);
    tcase_add_test(tc, keys_must_be_names);
    Suite *suite = suite_create("codecs/logfmt");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
