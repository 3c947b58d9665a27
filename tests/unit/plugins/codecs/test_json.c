/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/encoder.h"
#include "support/check_main.h"
#include "support/make_batch.h"
#include "support/option_state.h"

extern const struct weir_plugin weir_plugin_codec_json;

#define MOMENT INT64_C(1772323200500000000) /* 2026-03-01T00:00:00.5Z */

/* A codec with options given as "name", "value" pairs, ended by NULL. */
static struct weir_encoder *json_codec(const char *const *options)
{
    void *state = option_state_new(&weir_plugin_codec_json);
    for (; options && *options; options += 2)
        option_state_set(&weir_plugin_codec_json, state, options[0], options[1]);
    struct weir_error err = { 0 };
    ck_assert_int_eq(weir_plugin_codec_json.check(state, &err), 0);
    struct weir_encoder *encoder = encoder_new(&weir_plugin_codec_json, state);
    ck_assert_ptr_nonnull(encoder);
    return encoder;
}
#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void expect_slice(struct weir_slice slice, const char *const *options, const char *want)
{
    struct weir_encoder *encoder = json_codec(options);
    const uint32_t end = slice.first + slice.count;
    size_t len = strlen(want);
    for (int pieces = 0; pieces < 2; pieces++) {
        struct weir_bytes out = { .max = len }; /* fits to the byte */
        uint32_t at = slice.first;
        while (at < end) {
            uint32_t next = weir_encode(encoder, &slice, at, &out, pieces ? out.len + 1 : SIZE_MAX);
            ck_assert_msg(next > at, "stuck at %u: %.*s", at, (int)out.len, out.data);
            at = next;
        }
        ck_assert_msg(weir_str_eq((struct weir_str){ out.data, out.len }, weir_str_of(want)),
                      "%.*s\nis not\n%s", (int)out.len, out.data ? out.data : "", want);
        weir_bytes_free(&out);
    }
    encoder_free(encoder);
}

static void expect(const struct batch *batch, const char *const *options, const char *want)
{
    expect_slice(made_batch_slice(batch), options, want);
}

static void set_all(struct batch *batch, uint32_t i)
{
    static struct weir_trace trace = { .trace_id = { 0x4b, 0xf9, [15] = 0x36 },
                                       .span_id = { [7] = 0xb7 },
                                       .trace_flags = 1 };
    struct weir_record *record = &batch->pub.records[i];
    record->event_time = MOMENT;
    record->severity = 13;
    record->trace = &trace;
}

START_TEST(plain_lines_are_messages)
{
    struct batch *batch =
        make_batch("one\ntwo \"2\"\r\n\n\\\t\x01 \xc3\xa9\xff\nlast", WEIR_RUN_STRIP_CR);
    expect(batch, NULL,
           "{\"message\":\"one\"}\n{\"message\":\"two \\\"2\\\"\"}\n{\"message\":\"\"}\n"
           "{\"message\":\"\\\\\\t\\u0001 \xc3\xa9\xef\xbf\xbd\"}\n{\"message\":\"last\"}\n");
    made_batch_free(batch);
}
END_TEST

/* The way of plain lines and that of records print the same, wherever the text needs escapes. */
START_TEST(lines_are_printed_as_records_are)
{
    static const char letters[] = "abcdefgh \"\\\t\r\x01\xc3\xa9\xff";
    unsigned short seed[3] = { 1, 2, 3 };
    struct weir_encoder *encoder = json_codec(NULL);
    for (int round = 0; round < 300; round++) {
        char text[4000];
        size_t len = 1000 + (size_t)nrand48(seed) % 2900;
        const unsigned range = nrand48(seed) % 2 ? 9 : sizeof(letters) - 1;
        for (size_t i = 0; i < len; i++)
            text[i] = nrand48(seed) % 50 ? letters[(size_t)nrand48(seed) % range] : '\n';
        text[len] = '\0';
        struct batch *batch = make_batch(text, nrand48(seed) % 2 ? WEIR_RUN_STRIP_CR : 0);
        struct weir_slice slice = made_batch_slice(batch);
        struct weir_bytes lines = { .max = 1 << 16 }, records = { .max = 1 << 16 };
        const uint32_t end = slice.first + slice.count;
        for (uint32_t at = slice.first; at < end;) /* as outputs do: some, and then some more */
            at = weir_encode(encoder, &slice, at, &lines, lines.len + 500);
        ck_assert_int_eq(weir_batch_open_records(&batch->pub), 0);
        ck_assert_uint_eq(weir_encode(encoder, &slice, slice.first, &records, SIZE_MAX), end);
        ck_assert_uint_eq(lines.len, records.len);
        ck_assert_mem_eq(lines.data, records.data, lines.len);
        weir_bytes_free(&lines);
        weir_bytes_free(&records);
        made_batch_free(batch);
    }
    encoder_free(encoder);
}
END_TEST

START_TEST(a_cut_line_says_so)
{
    struct batch *batch = make_batch("one\ntwo\nthree\n", 0);
    made_batch_split(batch, 2, 0);
    ((struct weir_run *)batch->pub.runs)[0].flags = WEIR_RUN_TRUNCATED;
    const char *want =
        "{\"message\":\"one\"}\n{\"message\":\"two\",\"weir.truncated\":true}\n{\"message\":\"three\"}\n";
    expect(batch, NULL, want);
    ck_assert_int_eq(weir_batch_open_records(&batch->pub), 0);
    expect(batch, NULL, want);
    made_batch_free(batch);
}
END_TEST

START_TEST(text_that_came_as_json_is_copied)
{
    static const char line[] = "{ \"a\" : 1,\"b\":{\"c\":[1, 2]},\"d\":\"\\u0041\\n\" }\n";
    struct batch *batch = make_batch(line, 0);
    made_batch_parse_json(batch);
    expect(batch, NULL, line);
    made_batch_add(batch, 0, "env", WEIR_VALUE_STRING, "prod");
    made_batch_add(batch, 0, "n", WEIR_VALUE_INT, "-7");
    expect(batch, NULL,
           "{ \"a\" : 1,\"b\":{\"c\":[1, 2]},\"d\":\"\\u0041\\n\" ,\"env\":\"prod\",\"n\":-7}\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(a_changed_field_is_printed_with_the_others)
{
    struct batch *batch = make_batch(
        "{ \"a\" : 1,\"b\":{\"c\":[1, 2]},\"d\":\"\\u0041\\n\",\"e\\n\":null,\"f\":1.50,\"g\":true }\n",
        0);
    made_batch_parse_json(batch);
    made_batch_add(batch, 0, "a", WEIR_VALUE_STRING, "\x01\x02");
    expect(batch, NULL,
           "{\"a\":\"\\u0001\\u0002\",\"b\":{\"c\":[1, 2]},\"d\":\"\\u0041\\n\",\"e\\n\":null,"
           "\"f\":1.50,\"g\":true}\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(a_record_without_fields_is_an_object)
{
    struct batch *batch = make_batch("{}\n{ }\n", 0);
    made_batch_parse_json(batch);
    expect(batch, NULL, "{}\n{}\n");
    set_all(batch, 0);
    made_batch_add(batch, 1, "a", WEIR_VALUE_JSON, "[]");
    expect(batch, OPTIONS("time_key", "", "trace_id_key", "", "span_id_key", ""),
           "{\"severity\":\"WARN\"}\n{\"a\":[]}\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(what_is_set_stands_beside_the_fields)
{
    struct batch *batch = make_batch("{\"a\":1}\n{\"a\":2}\n", 0);
    made_batch_parse_json(batch);
    set_all(batch, 1);
    expect(batch, NULL,
           "{\"a\":1}\n{\"a\":2,\"time\":\"2026-03-01T00:00:00.500Z\",\"severity\":\"WARN\","
           "\"trace_id\":\"4bf90000000000000000000000000036\",\"span_id\":\"00000000000000b7\"}\n");
    expect(
        batch,
        OPTIONS("time_key", "@timestamp", "time_format", "unix_ms", "severity_key", "sev\"",
                "severity_format", "number", "trace_id_key", "", "span_id_key", "s",
                "trace_flags_key", "f"),
        "{\"a\":1}\n{\"a\":2,\"@timestamp\":1772323200500,\"sev\\\"\":13,\"s\":\"00000000000000b7\","
        "\"f\":\"01\"}\n");
    batch->pub.records[1].trace->trace_id[0] = 0; /* the trace of set_all() is static */
    batch->pub.records[1].trace->trace_id[1] = 0;
    batch->pub.records[1].trace->trace_id[15] = 0;
    expect(batch, OPTIONS("time_key", "", "trace_flags_key", "f"),
           "{\"a\":1}\n{\"a\":2,\"severity\":\"WARN\",\"span_id\":\"00000000000000b7\"}\n");
    batch->pub.records[1].trace->span_id[7] = 0;
    expect(batch, OPTIONS("time_key", "", "severity_key", "", "trace_flags_key", "f"),
           "{\"a\":1}\n{\"a\":2}\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(a_field_of_that_name_wins)
{
    struct batch *batch = make_batch(
        "{\"time\":1,\"severity\":2,\"trace_id\":3,\"span_id\":4}\n{\"\\u0074ime\":1}\n", 0);
    made_batch_parse_json(batch);
    set_all(batch, 0);
    set_all(batch, 1);
    expect(batch, OPTIONS("trace_id_key", "", "span_id_key", ""),
           "{\"time\":1,\"severity\":2,\"trace_id\":3,\"span_id\":4}\n"
           "{\"\\u0074ime\":1,\"severity\":\"WARN\"}\n");
    expect(batch,
           OPTIONS("time_key", "", "severity_key", "", "span_id_key", "", "trace_id_key", "",
                   "record_id_key", "time"),
           "{\"time\":1,\"severity\":2,\"trace_id\":3,\"span_id\":4}\n{\"\\u0074ime\":1}\n");
    made_batch_free(batch);
    batch = make_batch("x\n", 0);
    expect(batch, OPTIONS("record_id_key", "message"), "{\"message\":\"x\"}\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(times_have_their_format)
{
    static const struct {
        const char *format;
        int64_t ns;
        const char *want;
    } cases[] = {
        { "rfc3339", -1, "\"1969-12-31T23:59:59.999999999Z\"" },
        { "unix", MOMENT, "1772323200.500" },
        { "unix", INT64_C(1772323200000001000), "1772323200.000001" },
        { "unix", INT64_C(1772323200000000000), "1772323200" },
        { "unix", -500000000, "-0.500" },
        { "unix", -1, "-0.000000001" },
        { "unix", INT64_MAX, "9223372036.854775807" },
        { "unix_ms", MOMENT, "1772323200500" },
        { "unix_ms", -1, "-1" },
        { "unix_ms", -1000000, "-1" },
        { "unix_us", MOMENT + 999, "1772323200500000" },
        { "unix_ns", MOMENT + 999, "1772323200500000999" },
        { "unix_ns", INT64_MIN + 1, "-9223372036854775807" },
        { "unix_ns", 0, "0" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct batch *batch = make_batch("{}\n", 0);
        char want[100];
        made_batch_parse_json(batch);
        batch->pub.records[0].event_time = cases[i].ns;
        snprintf(want, sizeof(want), "{\"time\":%s}\n", cases[i].want);
        expect(batch, OPTIONS("time_format", cases[i].format), want);
        made_batch_free(batch);
    }
}
END_TEST

START_TEST(ids_and_clocks_are_printed_when_asked_for)
{
    struct batch *batch = make_batch("a\nb\n", 0);
    expect(batch, OPTIONS("clock_key", "c", "observed_time_key", "o", "time_format", "unix_ns"),
           "{\"message\":\"a\",\"o\":1772323200123456789,\"c\":\"000000000000004d\"}\n"
           "{\"message\":\"b\",\"o\":1772323200123456789,\"c\":\"000000000000004e\"}\n");
    uint8_t id[2][16];
    char want[200], *at = want;
    for (uint32_t i = 0; i < 2; i++) {
        weir_batch_record_id(&batch->pub, i, id[i]);
        at += sprintf(at, "{\"message\":\"%c\",\"id\":\"", 'a' + (char)i);
        for (int byte = 0; byte < 16; byte++)
            at += sprintf(at, "%02x", id[i][byte]);
        at += sprintf(at, "\"}\n");
    }
    expect(batch, OPTIONS("record_id_key", "id"), want);
    made_batch_free(batch);
}
END_TEST

START_TEST(the_source_is_printed_when_asked_for)
{
    struct batch *batch =
        make_batch("{\"a\":1}\n{\"log.file.path\":0}\n{\"log.file.offset\":0}\n", 0);
    made_batch_describe(batch, "\"log.file.path\":\"/x\",\"host.n\\u0061me\":\"h\"",
                        "log.file.offset");
    made_batch_parse_json(batch);
    expect(batch, OPTIONS("source", "true"),
           "{\"a\":1,\"log.file.path\":\"/x\",\"host.n\\u0061me\":\"h\",\"log.file.offset\":1000}\n"
           "{\"log.file.path\":0,\"host.n\\u0061me\":\"h\",\"log.file.offset\":1008}\n"
           "{\"log.file.offset\":0,\"log.file.path\":\"/x\",\"host.n\\u0061me\":\"h\"}\n");
    expect(batch, NULL, "{\"a\":1}\n{\"log.file.path\":0}\n{\"log.file.offset\":0}\n");
    /* a builtin of that name wins, too */
    expect(
        batch, OPTIONS("source", "true", "clock_key", "host.name"),
        "{\"a\":1,\"host.name\":\"000000000000004d\",\"log.file.path\":\"/x\",\"log.file.offset\":1000}\n"
        "{\"log.file.path\":0,\"host.name\":\"000000000000004e\",\"log.file.offset\":1008}\n"
        "{\"log.file.offset\":0,\"host.name\":\"000000000000004f\",\"log.file.path\":\"/x\"}\n");
    made_batch_describe(batch, "", NULL);
    expect(batch, OPTIONS("source", "true"),
           "{\"a\":1}\n{\"log.file.path\":0}\n{\"log.file.offset\":0}\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(each_run_has_its_own_source)
{
    struct batch *batch = make_batch("one\ntwo\n", 0);
    made_batch_split(batch, 1, 0);
    made_batch_describe(batch, "", "offset");
    expect(batch, OPTIONS("source", "true"),
           "{\"message\":\"one\",\"offset\":1000}\n{\"message\":\"two\",\"offset\":1004}\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(a_record_is_one_line)
{
    const struct weir_str texts[] = { WEIR_STR("{\n\"a\":\n[1,\n2]\n}"), WEIR_STR("two\nlines") };
    struct batch *batch = make_batch_records(texts, 2, WEIR_RUN_NEWLINES);
    expect_slice((struct weir_slice){ .batch = &batch->pub, .first = 1, .count = 1 }, NULL,
                 "{\"message\":\"two\\nlines\"}\n");
    made_batch_parse_json(batch);
    made_batch_add(batch, 1, "j", WEIR_VALUE_JSON, "{\n}");
    expect(batch, NULL, "{ \"a\": [1, 2] }\n{\"message\":\"two\\nlines\",\"j\":{ }}\n");
    made_batch_add(batch, 0, "b", WEIR_VALUE_JSON, "[\n]");
    expect_slice((struct weir_slice){ .batch = &batch->pub, .count = 1 }, NULL,
                 "{ \"a\": [1, 2] ,\"b\":[ ]}\n");
    made_batch_free(batch);
}
END_TEST

START_TEST(only_the_slice_is_encoded)
{
    struct batch *batch = make_batch("a\nb\nc\nd\ne\n", 0);
    const uint64_t mask = 0x1b;
    weir_batch_drop(&batch->pub, 1);
    expect_slice((struct weir_slice){ .batch = &batch->pub, .mask = &mask, .first = 1, .count = 4 },
                 NULL, "{\"message\":\"d\"}\n{\"message\":\"e\"}\n");
    expect_slice((struct weir_slice){ .batch = &batch->pub, .mask = &mask, .first = 1, .count = 2 },
                 NULL, "");
    made_batch_free(batch);
}
END_TEST

START_TEST(a_record_that_does_not_fit_is_not_begun)
{
    struct batch *batch = make_batch("{\"a\":\"x\"}\n{\"a\":\"\\u0001\",\"b\":2}\n{\"a\":3}\n", 0);
    made_batch_parse_json(batch);
    made_batch_add(batch, 1, "a", WEIR_VALUE_STRING,
                   "a text \x01\x02\x03\x04\x05 of control bytes");
    struct weir_encoder *encoder = json_codec(NULL);
    struct weir_slice slice = made_batch_slice(batch);
    const size_t first = strlen("{\"a\":\"x\"}\n");
    const size_t second =
        strlen("{\"a\":\"a text \\u0001\\u0002\\u0003\\u0004\\u0005 of control bytes\",\"b\":2}\n");
    for (size_t max = 0; max < first + second; max++) {
        struct weir_bytes out = { .max = max };
        ck_assert_uint_eq(weir_encode(encoder, &slice, 0, &out, SIZE_MAX), max >= first);
        ck_assert_uint_eq(out.len, max >= first ? first : 0);
        weir_bytes_free(&out);
    }
    encoder_free(encoder);
    made_batch_free(batch);
}
END_TEST

/* Texts of every length around the sizes at which copying changes, with one byte of each kind at each place. */
START_TEST(texts_of_every_length_are_escaped_where_needed)
{
    static const char odd[] = { 'x', '"', '\\', '\n', 0x1f, 0x7f, ' ', '!' };
    struct weir_encoder *encoder = json_codec(NULL);
    for (size_t len = 0; len < 80; len++)
        for (size_t at = 0; at < (len ? len : 1); at++)
            for (size_t kind = 0; kind < sizeof(odd); kind++) {
                char text[80];
                memset(text, 'a', sizeof(text));
                text[at] = odd[kind];
                const struct weir_str one = { text, len };
                struct batch *batch = make_batch_records(&one, 1, WEIR_RUN_NEWLINES);
                struct weir_slice slice = made_batch_slice(batch);
                struct weir_bytes out = { .max = 1000 };
                ck_assert_uint_eq(weir_encode(encoder, &slice, 0, &out, 1), 1);
                json_t *object = json_loadb(out.data, out.len, 0, NULL);
                const json_t *message = json_object_get(object, "message");
                ck_assert_msg(message && json_string_length(message) == len &&
                                  memcmp(json_string_value(message), text, len) == 0,
                              "%.*s", (int)out.len, out.data);
                json_decref(object);
                weir_bytes_free(&out);
                made_batch_free(batch);
            }
    encoder_free(encoder);
}
END_TEST

START_TEST(two_keys_of_one_name_are_a_mistake)
{
    struct weir_error err = { 0 };
    void *state = option_state_new(&weir_plugin_codec_json);
    option_state_set(&weir_plugin_codec_json, state, "clock_key", "time");
    ck_assert_int_lt(weir_plugin_codec_json.check(state, &err), 0);
    ck_assert_str_eq(err.text, "two keys are called \"time\": which is meant?");
    free(state);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("json");
    tcase_add_test(tc, plain_lines_are_messages);
    tcase_add_test(tc, lines_are_printed_as_records_are);
    tcase_add_test(tc, a_cut_line_says_so);
    tcase_add_test(tc, text_that_came_as_json_is_copied);
    tcase_add_test(tc, a_changed_field_is_printed_with_the_others);
    tcase_add_test(tc, a_record_without_fields_is_an_object);
    tcase_add_test(tc, what_is_set_stands_beside_the_fields);
    tcase_add_test(tc, a_field_of_that_name_wins);
    tcase_add_test(tc, times_have_their_format);
    tcase_add_test(tc, ids_and_clocks_are_printed_when_asked_for);
    tcase_add_test(tc, the_source_is_printed_when_asked_for);
    tcase_add_test(tc, each_run_has_its_own_source);
    tcase_add_test(tc, a_record_is_one_line);
    tcase_add_test(tc, only_the_slice_is_encoded);
    tcase_add_test(tc, a_record_that_does_not_fit_is_not_begun);
    tcase_add_test(tc, texts_of_every_length_are_escaped_where_needed);
    tcase_add_test(tc, two_keys_of_one_name_are_a_mistake);
    tcase_set_timeout(tc, 60);
    Suite *suite = suite_create("codecs/json");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
