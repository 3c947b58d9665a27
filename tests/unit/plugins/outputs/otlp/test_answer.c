/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/otlp/answer.h"

#include <check.h>

#include "support/check_main.h"

#define ROW(bytes, count, words)                                                                   \
    {                                                                                              \
        { bytes, sizeof(bytes) - 1 }, count, words                                                 \
    }

static const struct {
    struct weir_str body;
    uint64_t rejected;
    const char *why;
} rows[] = {
    ROW("", 0, ""),
    ROW("\x0a\x07\x08\x02\x12\x03"
        "bad",
        2, "bad"),
    ROW("\x0a\x05\x12\x03"
        "bad",
        0, "bad"),
    ROW("\x12\x01x\x0a\x03\x08\x80\x01", 128, ""),
    ROW("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 0, ""), /* -1 */
    ROW("\x0a\x07\x08\x02\x12\x09"
        "bad",
        2, ""),
    ROW("\x0a\x09\x08\x02\x12\x03"
        "bad",
        0, ""),
    ROW("{\"partialSuccess\":{}}", 0, ""),
};

static const struct {
    const char *body;
    uint64_t rejected;
    const char *why;
} json_rows[] = {
    { "", 0, "" },
    { "{}", 0, "" },
    { "{\"partialSuccess\":null}", 0, "" },
    { "{\"partialSuccess\":{}}", 0, "" },
    { "{\"partialSuccess\":{\"rejectedLogRecords\":\"2\",\"errorMessage\":\"b\\u0061d\"}}", 2,
      "bad" },
    { "{\"partialSuccess\":{\"rejectedLogRecords\":3}}", 3, "" },
    { "{\"partialSuccess\":{\"errorMessage\":\"well\"}} ", 0, "well" },
    { "{\"partialSuccess\":{\"rejectedLogRecords\":\"-1\"}}", 0, "" },
    { "{\"partialSuccess\":{\"rejectedLogRecords\":\"99999999999999999999\"}}", 0, "" },
    { "{\"partialSuccess\":{\"rejectedLogRecords\":true,\"errorMessage\":4}}", 0, "" },
    { "{\"partialSuccess\":{\"rejectedLogRecords\":\"2\"}", 0, "" },
    { "\x0a\x07\x08\x02\x12\x03 bad", 0, "" },
};

START_TEST(htp_07_what_a_receiver_says)
{
    struct weir_bytes why = { .max = 100 };
    ck_assert_uint_eq(otlp_read_protobuf(rows[_i].body, &why), rows[_i].rejected);
    ck_assert(weir_str_eq((struct weir_str){ why.data, why.len }, weir_str_of(rows[_i].why)));
    weir_bytes_free(&why);
}
END_TEST

START_TEST(htp_07_what_a_receiver_says_in_json)
{
    char padded[256] = { 0 };
    struct weir_bytes why = { .max = 100 };
    const struct weir_str body = weir_str_of(json_rows[_i].body);
    ck_assert_uint_le(body.len + WEIR_BATCH_PADDING, sizeof(padded));
    memcpy(padded, body.ptr, body.len);
    ck_assert_uint_eq(otlp_read_json((struct weir_str){ padded, body.len }, &why),
                      json_rows[_i].rejected);
    ck_assert(weir_str_eq((struct weir_str){ why.data, why.len }, weir_str_of(json_rows[_i].why)));
    weir_bytes_free(&why);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answer");
    TCase *tcase = tcase_create("answer");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, htp_07_what_a_receiver_says, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_loop_test(tcase, htp_07_what_a_receiver_says_in_json, 0,
                        sizeof(json_rows) / sizeof(json_rows[0]));
    return check_main(suite);
}
