/* SPDX-License-Identifier: Apache-2.0 */
#include "base/units.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* CFG-11 among them: what overflows or is negative is a matter of range, not of form. */
START_TEST(sizes_are_read)
{
    static const struct {
        const char *text;
        enum units_answer answer;
        uint64_t bytes;
    } cases[] = {
        { "0", UNITS_OK, 0 },
        { "4096", UNITS_OK, 4096 },
        { "1B", UNITS_OK, 1 },
        { "64KiB", UNITS_OK, 65536 },
        { "64kib", UNITS_OK, 65536 },
        { "64 KiB", UNITS_OK, 65536 },
        { "10MB", UNITS_OK, 10000000 },
        { "3kB", UNITS_OK, 3000 },
        { "3KB", UNITS_OK, 3000 },
        { "2GiB", UNITS_OK, 2147483648u },
        { "1TB", UNITS_OK, 1000000000000u },
        { "15EiB", UNITS_OK, 15ull << 60 },
        { "18446744073709551615", UNITS_OK, UINT64_MAX },
        { "18446744073709551616", UNITS_RANGE, 0 },
        { "16EiB", UNITS_RANGE, 0 },
        { "99999999TiB", UNITS_RANGE, 0 },
        { "99999999999999999999999MiB", UNITS_RANGE, 0 },
        { "-1", UNITS_RANGE, 0 },
        { "-1MiB", UNITS_RANGE, 0 },
        { "64k", UNITS_UNIT, 0 },
        { "64 ", UNITS_UNIT, 0 },
        { "64  KiB", UNITS_UNIT, 0 },
        { "1.5GiB", UNITS_UNIT, 0 },
        { "0x10", UNITS_UNIT, 0 },
        { "1_000", UNITS_UNIT, 0 },
        { "1e3", UNITS_UNIT, 0 },
        { "", UNITS_BAD, 0 },
        { "MiB", UNITS_BAD, 0 },
        { " 1MiB", UNITS_BAD, 0 },
        { "+1", UNITS_BAD, 0 },
        { "-", UNITS_BAD, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t bytes = 77;
        ck_assert_msg(units_parse_size(weir_str_of(cases[i].text), &bytes) == cases[i].answer, "%s",
                      cases[i].text);
        ck_assert_uint_eq(bytes, cases[i].answer == UNITS_OK ? cases[i].bytes : 77);
    }
}
END_TEST

START_TEST(durations_are_read)
{
    static const struct {
        const char *text;
        enum units_answer answer;
        weir_ms ms;
    } cases[] = {
        { "0", UNITS_OK, 0 },
        { "0s", UNITS_OK, 0 },
        { "500ms", UNITS_OK, 500 },
        { "30s", UNITS_OK, 30000 },
        { "5m", UNITS_OK, 300000 },
        { "1h30m", UNITS_OK, 5400000 },
        { "1d2h3m4s5ms", UNITS_OK, 93784005 },
        { "90m", UNITS_OK, 5400000 },
        { "9223372036854775807ms", UNITS_OK, INT64_MAX },
        { "9223372036854775808ms", UNITS_RANGE, 0 },
        { "9223372036854775807s", UNITS_RANGE, 0 },
        { "106751991167d8h", UNITS_RANGE, 0 },
        { "99999999999999999999999ms", UNITS_RANGE, 0 },
        { "-1s", UNITS_RANGE, 0 },
        { "5", UNITS_UNIT, 0 },
        { "1h30", UNITS_UNIT, 0 },
        { "5M", UNITS_UNIT, 0 },
        { "5min", UNITS_UNIT, 0 },
        { "30m1h", UNITS_UNIT, 0 },
        { "1s1s", UNITS_UNIT, 0 },
        { "5 s", UNITS_UNIT, 0 },
        { "1.5s", UNITS_UNIT, 0 },
        { "10us", UNITS_UNIT, 0 },
        { "", UNITS_BAD, 0 },
        { "s", UNITS_BAD, 0 },
        { "forever", UNITS_BAD, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        weir_ms ms = 77;
        ck_assert_msg(units_parse_duration(weir_str_of(cases[i].text), &ms) == cases[i].answer,
                      "%s", cases[i].text);
        ck_assert_int_eq(ms, cases[i].answer == UNITS_OK ? cases[i].ms : 77);
    }
}
END_TEST

START_TEST(integers_are_read)
{
    static const struct {
        const char *text;
        enum units_answer answer;
        int64_t value;
    } cases[] = {
        { "0", UNITS_OK, 0 },
        { "-0", UNITS_OK, 0 },
        { "1000", UNITS_OK, 1000 },
        { "-5", UNITS_OK, -5 },
        { "9223372036854775807", UNITS_OK, INT64_MAX },
        { "-9223372036854775808", UNITS_OK, INT64_MIN },
        { "9223372036854775808", UNITS_RANGE, 0 },
        { "-9223372036854775809", UNITS_RANGE, 0 },
        { "99999999999999999999999", UNITS_RANGE, 0 },
        { "08", UNITS_BAD, 0 },
        { "-08", UNITS_BAD, 0 },
        { "0x1F", UNITS_BAD, 0 },
        { "1_000", UNITS_BAD, 0 },
        { "1e3", UNITS_BAD, 0 },
        { "1.0", UNITS_BAD, 0 },
        { "+1", UNITS_BAD, 0 },
        { "", UNITS_BAD, 0 },
        { "-", UNITS_BAD, 0 },
        { "--1", UNITS_BAD, 0 },
        { "1 ", UNITS_BAD, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t value = 77;
        ck_assert_msg(units_parse_int(weir_str_of(cases[i].text), &value) == cases[i].answer, "%s",
                      cases[i].text);
        ck_assert_int_eq(value, cases[i].answer == UNITS_OK ? cases[i].value : 77);
    }
}
END_TEST

START_TEST(numbers_and_bools_are_read)
{
    static const struct {
        const char *text;
        enum units_answer answer;
        double value;
    } cases[] = {
        { "0", UNITS_OK, 0 },
        { "0.5", UNITS_OK, 0.5 },
        { "-3", UNITS_OK, -3 },
        { "1e6", UNITS_OK, 1e6 },
        { "1e308", UNITS_OK, 1e308 },
        { "1e309", UNITS_RANGE, 0 },
        { "-1e999", UNITS_RANGE, 0 },
        { "nan", UNITS_BAD, 0 },
        { "inf", UNITS_BAD, 0 },
        { ".5", UNITS_BAD, 0 },
        { "5.", UNITS_BAD, 0 },
        { "0x1p3", UNITS_BAD, 0 },
        { "1,5", UNITS_BAD, 0 },
        { "", UNITS_BAD, 0 },
        { "1 ", UNITS_BAD, 0 },
        { "00000000000000000000000000000000000000000000000000000000000000000001", UNITS_BAD, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        double value = 77;
        ck_assert_msg(units_parse_number(weir_str_of(cases[i].text), &value) == cases[i].answer,
                      "%s", cases[i].text);
        ck_assert_double_eq(value, cases[i].answer == UNITS_OK ? cases[i].value : 77);
    }
    static const char *const no_bools[] = { "yes", "no", "on", "off", "True", "TRUE", "1", "" };
    bool value = false;
    ck_assert_int_eq(units_parse_bool(WEIR_STR("true"), &value), UNITS_OK);
    ck_assert(value);
    for (size_t i = 0; i < COUNT_OF(no_bools); i++)
        ck_assert_int_eq(units_parse_bool(weir_str_of(no_bools[i]), &value), UNITS_BAD);
    ck_assert(value);
    ck_assert_int_eq(units_parse_bool(WEIR_STR("false"), &value), UNITS_OK);
    ck_assert(!value);
}
END_TEST

START_TEST(what_is_printed_reads_the_same)
{
    static const struct {
        uint64_t bytes;
        const char *want;
    } sizes[] = { { 0, "0" },
                  { 1, "1" },
                  { 1023, "1023" },
                  { 1024, "1KiB" },
                  { 16777216, "16MiB" },
                  { 10000000, "10MB" },
                  { 1025, "1025" },
                  { UINT64_MAX, "18446744073709551615" },
                  { 1ull << 60, "1EiB" } };
    static const struct {
        weir_ms ms;
        const char *want;
    } durations[] = { { 0, "0s" },
                      { 500, "500ms" },
                      { 1500, "1s500ms" },
                      { 5400000, "1h30m" },
                      { 93784005, "1d2h3m4s5ms" },
                      { INT64_MAX, "106751991167d7h12m55s807ms" } };
    char text[UNITS_TEXT_MAX];
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        uint64_t bytes;
        units_print_size(sizes[i].bytes, text);
        ck_assert_str_eq(text, sizes[i].want);
        ck_assert_int_eq(units_parse_size(weir_str_of(text), &bytes), UNITS_OK);
        ck_assert_uint_eq(bytes, sizes[i].bytes);
    }
    for (size_t i = 0; i < COUNT_OF(durations); i++) {
        weir_ms ms;
        units_print_duration(durations[i].ms, text);
        ck_assert_str_eq(text, durations[i].want);
        ck_assert_int_eq(units_parse_duration(weir_str_of(text), &ms), UNITS_OK);
        ck_assert_int_eq(ms, durations[i].ms);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("units");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, sizes_are_read);
    tcase_add_test(tc, durations_are_read);
    tcase_add_test(tc, integers_are_read);
    tcase_add_test(tc, numbers_and_bools_are_read);
    tcase_add_test(tc, what_is_printed_reads_the_same);
    Suite *suite = suite_create("base/units");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
