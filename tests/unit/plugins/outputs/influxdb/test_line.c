/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/influxdb/line.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void expect(struct weir_bytes *out, const char *text)
{
    ck_assert_msg(weir_str_eq((struct weir_str){ out->data, out->len }, weir_str_of(text)), "%.*s",
                  (int)out->len, out->data);
    weir_bytes_free(out);
}

START_TEST(names)
{
    static const char *const rows[][2] = {
        { "host", "host" },
        { "a b,c=d", "a\\ b\\,c\\=d" },
        { "a\\", "a_" },
        { "two\nlines\x7f", "two_lines_" },
        { "\xc3\xa9", "\xc3\xa9" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct weir_bytes out = { .max = 100 };
        ck_assert_int_eq(influxdb_add_name(&out, weir_str_of(rows[i][0])), 0);
        expect(&out, rows[i][1]);
    }
}
END_TEST

static const struct {
    const char *name, *value;
    enum weir_value type;
    unsigned flags;
    bool floats;
    const char *text;
} fields[] = {
    { "n", "-7", WEIR_VALUE_INT, 0, false, "n=-7i" },
    { "n", "-7", WEIR_VALUE_INT, 0, true, "n=-7" },
    { "f", "1.5e3", WEIR_VALUE_FLOAT, 0, false, "f=1.5e3" },
    { "b", "true", WEIR_VALUE_BOOL, 0, false, "b=true" },
    { "z", "null", WEIR_VALUE_NULL, 0, false, "" },
    { "s", "say \"hi\"\n\\", WEIR_VALUE_STRING, 0, false, "s=\"say \\\"hi\\\"\\n\\\\\"" },
    { "s", "a\\nb\\u00e9", WEIR_VALUE_STRING, WEIR_VALUE_ESCAPED, false, "s=\"a\\nb\xc3\xa9\"" },
    { "o", "{\"a\":1}", WEIR_VALUE_JSON, 0, false, "o=\"{\\\"a\\\":1}\"" },
    { "a b", "", WEIR_VALUE_STRING, 0, false, "a\\ b=\"\"" },
};

START_TEST(values)
{
    struct weir_bytes out = { .max = 1000 }, room = { .max = 1000 };
    const struct weir_field field = { .name = fields[_i].name,
                                      .name_len = (uint16_t)strlen(fields[_i].name),
                                      .value = fields[_i].value,
                                      .value_len = (uint32_t)strlen(fields[_i].value),
                                      .type = (uint8_t)fields[_i].type,
                                      .flags = (uint8_t)fields[_i].flags };
    bool added = false;
    ck_assert_int_eq(influxdb_add_field(&out, &field, fields[_i].floats, &room, &added), 0);
    ck_assert(added == (fields[_i].text[0] != '\0'));
    ck_assert_int_eq(influxdb_add_field(&out, &field, fields[_i].floats, &room, &added), 0);
    size_t len = strlen(fields[_i].text);
    if (len) {
        ck_assert_uint_eq(out.len, 2 * len + 1);
        ck_assert_mem_eq(out.data, fields[_i].text, len);
        ck_assert_int_eq(out.data[len], ',');
        ck_assert_mem_eq(out.data + len + 1, fields[_i].text, len);
    }
    weir_bytes_free(&out);
    weir_bytes_free(&room);
}
END_TEST

START_TEST(times_are_spread_over_what_is_open)
{
    static const struct {
        int64_t time;
        uint64_t position;
        int64_t expected;
    } rows[] = {
        { 1000000000, 7, 1000000007 },       { 1002000000, 1999999, 1002999999 },
        { 1002003000, 1999999, 1002003999 }, { 1002003004, 1999999, 1002003004 },
        { -2000000, 5, -1999995 },           { 0, 0, 0 },
        { INT64_MAX, 5, INT64_MAX },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_int_eq(influxdb_spread(rows[i].time, rows[i].position), rows[i].expected);
}
END_TEST

START_TEST(without_room_it_says_so)
{
    struct weir_bytes out = { .max = 3 };
    ck_assert_int_lt(influxdb_add_name(&out, WEIR_STR("host")), 0);
    ck_assert_int_lt(influxdb_add_string(&out, WEIR_STR("host")), 0);
    ck_assert_uint_eq(out.len, 0);
    weir_bytes_free(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("line");
    TCase *tcase = tcase_create("line");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, names);
    tcase_add_loop_test(tcase, values, 0, COUNT_OF(fields));
    tcase_add_test(tcase, times_are_spread_over_what_is_open);
    tcase_add_test(tcase, without_room_it_says_so);
    return check_main(suite);
}
