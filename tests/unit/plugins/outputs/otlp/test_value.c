/* SPDX-License-Identifier: Apache-2.0 */
/* Values of every type in both forms, to the byte. */
#include "plugins/outputs/otlp/value.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

#include "support/check_main.h"

#define BYTES(text)                                                                                \
    {                                                                                              \
        "" text, sizeof(text) - 1                                                                  \
    }

/* A value, and what stands for it: what is in the braces of its AnyValue, and the AnyValue in protobuf, with lengths of five
 * bytes where it is a message in turn. */
static const struct {
    const char *value;
    enum weir_value type;
    unsigned flags;
    const char *json;
    struct weir_str protobuf;
} rows[] = {
    { "null", WEIR_VALUE_NULL, 0, "", BYTES("") },
    { "true", WEIR_VALUE_BOOL, 0, "\"boolValue\":true", BYTES("\x10\x01") },
    { "false", WEIR_VALUE_BOOL, 0, "\"boolValue\":false", BYTES("\x10\x00") },
    { "-1", WEIR_VALUE_INT, 0, "\"intValue\":\"-1\"",
      BYTES("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
    { "9223372036854775807", WEIR_VALUE_INT, 0, "\"intValue\":\"9223372036854775807\"",
      BYTES("\x18\xff\xff\xff\xff\xff\xff\xff\xff\x7f") },
    { "0.5", WEIR_VALUE_FLOAT, 0, "\"doubleValue\":0.5",
      BYTES("\x21\x00\x00\x00\x00\x00\x00\xe0\x3f") },
    { "1e999", WEIR_VALUE_FLOAT, 0, "\"doubleValue\":\"Infinity\"",
      BYTES("\x21\x00\x00\x00\x00\x00\x00\xf0\x7f") },
    { "-1e999", WEIR_VALUE_FLOAT, 0, "\"doubleValue\":\"-Infinity\"",
      BYTES("\x21\x00\x00\x00\x00\x00\x00\xf0\xff") },
    { "", WEIR_VALUE_STRING, 0, "\"stringValue\":\"\"", BYTES("\x0a\x00") },
    { "a\"b\n", WEIR_VALUE_STRING, 0, "\"stringValue\":\"a\\\"b\\n\"",
      BYTES("\x0a\x04"
            "a\"b\n") },
    { "a\\u00e9\\n", WEIR_VALUE_STRING, WEIR_VALUE_ESCAPED, "\"stringValue\":\"a\xc3\xa9\\n\"",
      BYTES("\x0a\x04"
            "a\xc3\xa9\n") },
    { "a\xff", WEIR_VALUE_STRING, 0, "\"stringValue\":\"a\xef\xbf\xbd\"",
      BYTES("\x0a\x04"
            "a\xef\xbf\xbd") },
    { "\\ud800", WEIR_VALUE_STRING, WEIR_VALUE_ESCAPED, "\"stringValue\":\"\xef\xbf\xbd\"",
      BYTES("\x0a\x03\xef\xbf\xbd") },
    { "[]", WEIR_VALUE_JSON, 0, "\"arrayValue\":{\"values\":[]}",
      BYTES("\x2a\x80\x80\x80\x80\x00") },
    { "[1,null]", WEIR_VALUE_JSON, 0, "\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},{}]}",
      BYTES("\x2a\x8e\x80\x80\x80\x00"
            "\x0a\x82\x80\x80\x80\x00\x18\x01"
            "\x0a\x80\x80\x80\x80\x00") },
    { "{}", WEIR_VALUE_JSON, 0, "\"kvlistValue\":{\"values\":[]}",
      BYTES("\x32\x80\x80\x80\x80\x00") },
    { "{\"a\":{\"b\":\"c\"},\"a\":true}", WEIR_VALUE_JSON, 0,
      "\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{\"boolValue\":true}}]}",
      BYTES("\x32\x91\x80\x80\x80\x00"
            "\x0a\x8b\x80\x80\x80\x00\x0a\x01"
            "a"
            "\x12\x82\x80\x80\x80\x00\x10\x01") },
};

static struct weir_field field_of(int row)
{
    return (struct weir_field){ .name = "k",
                                .name_len = 1,
                                .value = rows[row].value,
                                .value_len = (uint32_t)strlen(rows[row].value),
                                .type = (uint8_t)rows[row].type,
                                .flags = (uint8_t)rows[row].flags };
}

static struct otlp_writer writer_of(const struct otlp_form *form, struct weir_bytes *out)
{
    return (struct otlp_writer){
        .form = form, .out = out, .text = { .max = 1000 }, .json = { .max = 1000 }
    };
}

START_TEST(values_in_json)
{
    char expected[400];
    struct weir_bytes out = { .max = 1000 };
    struct otlp_writer writer = writer_of(&otlp_json, &out);
    const struct weir_field field = field_of(_i);
    snprintf(expected, sizeof(expected), "\"body\":{%s}", rows[_i].json);
    ck_assert_int_eq(otlp_value(&writer, OTLP_BODY, &field), 0);
    ck_assert_int_eq(weir_bytes_add(&out, "", 1), 0);
    ck_assert_str_eq(out.data, expected);
    out.len = 0;
    snprintf(expected, sizeof(expected), "{\"key\":\"k\",\"value\":{%s}}", rows[_i].json);
    ck_assert_int_eq(otlp_attribute(&writer, OTLP_ATTRIBUTES, &field), 0);
    ck_assert_int_eq(weir_bytes_add(&out, "", 1), 0);
    ck_assert_str_eq(out.data, expected);
    otlp_writer_deinit(&writer);
    weir_bytes_free(&out);
}
END_TEST

START_TEST(values_in_protobuf)
{
    struct weir_bytes out = { .max = 1000 };
    struct otlp_writer writer = writer_of(&otlp_protobuf, &out);
    const struct weir_field field = field_of(_i);
    const struct weir_str expected = rows[_i].protobuf;
    ck_assert_int_eq(otlp_value(&writer, OTLP_BODY, &field), 0);
    ck_assert_uint_eq(out.len, 6 + expected.len);
    ck_assert_int_eq(out.data[0], 5 << 3 | 2);
    ck_assert_int_eq(out.data[1] & 0x7f, (int)expected.len);
    if (expected.len)
        ck_assert_mem_eq(out.data + 6, expected.ptr, expected.len);
    otlp_writer_deinit(&writer);
    weir_bytes_free(&out);
}
END_TEST

/* Whatever room there is: it is said when it does not do. */
START_TEST(too_little_room)
{
    const struct otlp_form *const forms[] = { &otlp_protobuf, &otlp_json };
    const struct weir_field field = field_of(_i);
    for (int form = 0; form < 2; form++) {
        int r = -1;
        for (size_t max = 0; r < 0; max++) {
            struct weir_bytes out = { .max = max };
            struct otlp_writer writer = writer_of(forms[form], &out);
            r = otlp_attribute(&writer, OTLP_ATTRIBUTES, &field);
            ck_assert(r == 0 || r == -ENOSPC);
            ck_assert_uint_le(out.len, max);
            ck_assert_uint_lt(max, 1000);
            otlp_writer_deinit(&writer);
            weir_bytes_free(&out);
        }
    }
}
END_TEST

START_TEST(json_of_a_request)
{
    static const uint8_t id[] = { 0x4b, 0xf9, 0x2f, 0x35 };
    const struct otlp_form *form = &otlp_json;
    struct weir_bytes out = { .max = 1000 };
    struct otlp_writer writer = writer_of(form, &out);
    size_t at;
    ck_assert_int_eq(form->begin(&out, OTLP_REQUEST, &at), 0);
    ck_assert_int_eq(form->list(&out, OTLP_LOG_RECORDS), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(form->begin(&out, OTLP_LOG_RECORDS, &at), 0);
        ck_assert_int_eq(form->number(&out, OTLP_TIME, 1795414728000000000), 0);
        ck_assert_int_eq(form->number(&out, OTLP_SEVERITY_NUMBER, 9), 0);
        ck_assert_int_eq(form->number(&out, OTLP_FLAGS, 1), 0);
        ck_assert_int_eq(form->id(&out, OTLP_TRACE_ID, id, sizeof(id)), 0);
        ck_assert_int_eq(otlp_text(&writer, OTLP_SEVERITY_TEXT, WEIR_STR("INFO")), 0);
        ck_assert_int_eq(form->end(&out, at), 0);
    }
    ck_assert_int_eq(form->list_end(&out), 0);
    ck_assert_int_eq(form->end(&out, at), 0);
#define RECORD                                                                                     \
    "{\"timeUnixNano\":\"1795414728000000000\",\"severityNumber\":9,\"flags\":1,"                  \
    "\"traceId\":\"4bf92f35\",\"severityText\":\"INFO\"}"
    ck_assert(weir_str_eq((struct weir_str){ out.data, out.len },
                          WEIR_STR("{\"logRecords\":[" RECORD "," RECORD "]}")));
    otlp_writer_deinit(&writer);
    weir_bytes_free(&out);
}
END_TEST

int main(void)
{
    const int count = sizeof(rows) / sizeof(rows[0]);
    Suite *suite = suite_create("value");
    TCase *tcase = tcase_create("value");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, values_in_json, 0, count);
    tcase_add_loop_test(tcase, values_in_protobuf, 0, count);
    tcase_add_loop_test(tcase, too_little_room, 0, count);
    tcase_add_test(tcase, json_of_a_request);
    return check_main(suite);
}
