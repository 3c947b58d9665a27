/* SPDX-License-Identifier: Apache-2.0 */
#include <weir/codec.h>

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "support/check_main.h"

static struct weir_str content(const struct weir_bytes *bytes)
{
    return (struct weir_str){ bytes->data, bytes->len };
}

START_TEST(bytes_grow_up_to_their_maximum_and_no_further)
{
    struct weir_bytes bytes = { .max = 10000 };
    char chunk[100];
    memset(chunk, 'x', sizeof(chunk));
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(weir_bytes_add(&bytes, chunk, sizeof(chunk)), 0);
    ck_assert_int_eq(weir_bytes_add(&bytes, chunk, 1), -ENOSPC);
    ck_assert_ptr_null(weir_bytes_room(&bytes, 1));
    ck_assert_ptr_null(weir_bytes_room(&bytes, SIZE_MAX));
    ck_assert_int_eq(weir_bytes_add(&bytes, chunk, 0), 0);
    ck_assert_uint_eq(bytes.len, 10000);
    ck_assert_uint_le(bytes.cap, 10000);
    weir_bytes_free(&bytes);
    ck_assert_uint_eq(bytes.len + bytes.cap, 0);
}
END_TEST

START_TEST(a_lower_maximum_counts_for_what_there_is_room_for_already)
{
    struct weir_bytes bytes = { .max = 10000 };
    char chunk[1000] = { 0 };
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(weir_bytes_add(&bytes, chunk, sizeof(chunk)), 0);
    bytes.len = 0;
    bytes.max = 1500;
    ck_assert_int_eq(weir_bytes_add(&bytes, chunk, sizeof(chunk)), 0);
    ck_assert_int_eq(weir_bytes_add(&bytes, chunk, sizeof(chunk)), -ENOSPC);
    ck_assert_uint_eq(bytes.len, 1000);
    weir_bytes_free(&bytes);
}
END_TEST

START_TEST(a_json_string_fits_to_the_byte)
{
    struct weir_bytes bytes = { .max = 8 };
    ck_assert_int_eq(weir_bytes_add_json(&bytes, WEIR_STR("abcdef")), 0);
    ck_assert(weir_str_eq(content(&bytes), WEIR_STR("\"abcdef\"")));
    bytes.len = 0;
    ck_assert_int_eq(weir_bytes_add_json(&bytes, WEIR_STR("\"\\\n")), 0);
    ck_assert(weir_str_eq(content(&bytes), WEIR_STR("\"\\\"\\\\\\n\"")));
    bytes.len = 0;
    ck_assert_int_eq(weir_bytes_add_json(&bytes, WEIR_STR("abcdefg")), -ENOSPC);
    ck_assert_int_eq(weir_bytes_add_json(&bytes, WEIR_STR("\x01\x02")), -ENOSPC);
    ck_assert_uint_eq(bytes.len, 0);
    weir_bytes_free(&bytes);
}
END_TEST

START_TEST(long_text_is_measured_and_not_overdrawn)
{
    enum { LEN = 100000 };
    char *text = malloc(LEN);
    memset(text, 'x', LEN);
    text[LEN / 2] = '\n';
    struct weir_bytes bytes = { .max = LEN + 3 };
    ck_assert_int_eq(weir_bytes_add_json(&bytes, (struct weir_str){ text, LEN }), 0);
    ck_assert_uint_eq(bytes.len, LEN + 3);
    weir_bytes_free(&bytes);
    free(text);
}
END_TEST

START_TEST(text_is_decoded_where_it_is_escaped)
{
    struct weir_bytes bytes = { .max = 3 };
    struct weir_field field = { .value = "\\u0041\\n", .value_len = 8, .type = WEIR_VALUE_STRING };
    ck_assert_int_eq(weir_bytes_add_text(&bytes, &field), -ENOSPC);
    field.flags = WEIR_VALUE_ESCAPED; /* longer than max before, not after */
    ck_assert_int_eq(weir_bytes_add_text(&bytes, &field), 0);
    ck_assert(weir_str_eq(content(&bytes), WEIR_STR("A\n")));
    weir_bytes_free(&bytes);
}
END_TEST

static void check_time(int64_t ns, const char *want)
{
    struct weir_bytes bytes = { .max = 100 };
    ck_assert_int_eq(weir_bytes_add_time(&bytes, ns), 0);
    ck_assert_msg(weir_str_eq(content(&bytes), weir_str_of(want)), "%.*s is not %s", (int)bytes.len,
                  bytes.data, want);
    weir_bytes_free(&bytes);
}

START_TEST(times_have_the_digits_they_need)
{
    static const struct {
        int64_t ns;
        const char *want;
    } cases[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { 1, "1970-01-01T00:00:00.000000001Z" },
        { -1, "1969-12-31T23:59:59.999999999Z" },
        { 1500000000, "1970-01-01T00:00:01.500Z" },
        { 1000001000, "1970-01-01T00:00:01.000001Z" },
        { 951782400000000000, "2000-02-29T00:00:00Z" },
        { 4107542400000000000, "2100-03-01T00:00:00Z" },
        { 1772323200123456789, "2026-03-01T00:00:00.123456789Z" },
        { INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
        { INT64_MIN, "1677-09-21T00:12:43.145224192Z" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_time(cases[i].ns, cases[i].want);
}
END_TEST

START_TEST(every_day_is_that_of_the_c_library)
{
    for (int64_t day = -106000; day < 106000; day++) {
        time_t seconds = (time_t)(day * 86400 + (day & 0xffff));
        struct tm tm;
        char want[40];
        gmtime_r(&seconds, &tm);
        strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
        check_time((int64_t)seconds * 1000000000, want);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("bytes");
    tcase_add_test(tc, bytes_grow_up_to_their_maximum_and_no_further);
    tcase_add_test(tc, a_lower_maximum_counts_for_what_there_is_room_for_already);
    tcase_add_test(tc, a_json_string_fits_to_the_byte);
    tcase_add_test(tc, long_text_is_measured_and_not_overdrawn);
    tcase_add_test(tc, text_is_decoded_where_it_is_escaped);
    tcase_add_test(tc, times_have_the_digits_they_need);
    tcase_add_test(tc, every_day_is_that_of_the_c_library);
    tcase_set_timeout(tc, 30);
    Suite *suite = suite_create("record/bytes");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
