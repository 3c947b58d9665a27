/* SPDX-License-Identifier: Apache-2.0 */
#include <weir/codec.h>
#include <weir/time.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/civil.h"
#include "support/check_main.h"

#define CLF "%d/%b/%Y:%H:%M:%S %z"
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3" /* needs no zone data on the host */
#define SYSLOG "%b %e %H:%M:%S"

/* The text read and printed again as RFC 3339; "-" when it is refused. */
static void read_time(const char *format_text, const char *zone, const char *text,
                      const char *now_text, char ret[CIVIL_RFC3339_MAX + 1])
{
    struct weir_error err = { 0 };
    struct weir_time_format *rfc3339 = weir_time_format_new("rfc3339", NULL, &err);
    struct weir_time_format *format = weir_time_format_new(format_text, zone, &err);
    ck_assert_msg(format && rfc3339, "%s: %s", format_text, err.text);
    int64_t now = 0, ns = 0;
    if (now_text)
        ck_assert(weir_time_parse(rfc3339, weir_str_of(now_text), 0, &now));
    strcpy(ret, "-");
    if (weir_time_parse(format, weir_str_of(text), now, &ns))
        ret[civil_put_rfc3339(ns, ret)] = '\0';
    weir_time_format_free(format);
    weir_time_format_free(rfc3339);
}

static void check_read(const char *format, const char *zone, const char *text, const char *now,
                       const char *want)
{
    char got[CIVIL_RFC3339_MAX + 1];
    read_time(format, zone, text, now, got);
    ck_assert_msg(strcmp(got, want) == 0, "\"%s\" by \"%s\" in %s: %s, not %s", text, format,
                  zone ? zone : "UTC", got, want);
}

START_TEST(times_are_read)
{
    static const struct {
        const char *format, *text, *want;
    } cases[] = {
        { "rfc3339", "2026-11-25T16:24:30Z", "2026-11-25T16:24:30Z" },
        { "rfc3339", "2026-11-25T16:24:30.123+01:00", "2026-11-25T15:24:30.123Z" },
        { "rfc3339", "2026-11-25 16:24:30,5-0130", "2026-11-25T17:54:30.500Z" },
        { "rfc3339", "2026-11-25t16:24:30.000000001z", "2026-11-25T16:24:30.000000001Z" },
        { "rfc3339", "2026-11-25T16:24:30.1234567891234+00:00", "2026-11-25T16:24:30.123456789Z" },
        { "rfc3339", "2026-11-25T16:24:30+05", "2026-11-25T11:24:30Z" },
        { "rfc3339", "2026-11-25T16:24:30", "2026-11-25T16:24:30Z" },
        { "rfc3339", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z" },
        { "rfc3339", "2026-02-28T24:00:00Z", "2026-03-01T00:00:00Z" },
        { "rfc3339", "2024-02-29T00:00:00-23:59", "2024-02-29T23:59:00Z" },
        { "rfc3339", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z" },
        { "rfc3339", "2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775807Z" },
        { "rfc3339", "1677-09-21T00:12:43.145224192Z", "1677-09-21T00:12:43.145224192Z" },
        { "unix", "0", "1970-01-01T00:00:00Z" },
        { "unix", "1772323200.5", "2026-03-01T00:00:00.500Z" },
        { "unix", "1.7723232005E9", "2026-03-01T00:00:00.500Z" },
        { "unix", "1772323200.123456789987654321", "2026-03-01T00:00:00.123456789Z" },
        { "unix", "-1.5", "1969-12-31T23:59:58.500Z" },
        { "unix", "0e999999999999", "1970-01-01T00:00:00Z" },
        { "unix", "1e-9999999", "1970-01-01T00:00:00Z" },
        { "unix_ms", "1772323200123", "2026-03-01T00:00:00.123Z" },
        { "unix_ms", "1772323200123.456", "2026-03-01T00:00:00.123456Z" },
        { "unix_us", "1772323200123456", "2026-03-01T00:00:00.123456Z" },
        { "unix_ns", "1772323200123456789", "2026-03-01T00:00:00.123456789Z" },
        { "unix_ns", "9223372036854775807", "2262-04-11T23:47:16.854775807Z" },
        { CLF, "01/Mar/2026:08:15:11 +0100", "2026-03-01T07:15:11Z" },
        { CLF, "1/MAR/2026:08:15:11 -0330", "2026-03-01T11:45:11Z" },
        { CLF, " 1/March/2026:08:15:60 Z", "2026-03-01T08:16:00Z" },
        { "%F %T.%f", "2026-03-01 08:15:11.25", "2026-03-01T08:15:11.250Z" },
        { "%a %b %d %H:%M:%S.%f %Y", "Sun Mar 01 08:15:11.000123 2026",
          "2026-03-01T08:15:11.000123Z" },
        { "%a, %e %b %Y %T %z", "Sunday, 1 March 2026 08:15:11 +00:00", "2026-03-01T08:15:11Z" },
        { "%m/%d/%y %I:%M %p", "3/1/26 12:30 am", "2026-03-01T00:30:00Z" },
        { "%m/%d/%y %I:%M %p", "12/31/69 12:30 PM", "1969-12-31T12:30:00Z" },
        { "%m/%d/%y %H:%M %p", "12/31/68 1:30 PM", "2068-12-31T13:30:00Z" },
        { "%Y%m%d%H%M%S", "20260301081511", "2026-03-01T08:15:11Z" },
        { "%Y-%j", "2024-366", "2024-12-31T00:00:00Z" },
        { "[%s]%%", "[1772323200]%", "2026-03-01T00:00:00Z" },
        { "%s.%f", "1772323200.000001", "2026-03-01T00:00:00.000001Z" },
        { "%s", "-1", "1969-12-31T23:59:59Z" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_read(cases[i].format, NULL, cases[i].text, NULL, cases[i].want);
}
END_TEST

START_TEST(what_is_no_time_is_refused)
{
    static const char *const cases[][2] = {
        { "rfc3339", "" },
        { "rfc3339", "2026-11-25" },
        { "rfc3339", "2026-11-25T16:24" },
        { "rfc3339", "2026-11-25T16:24:30 Z" },
        { "rfc3339", "2026-11-25T16:24:30Zx" },
        { "rfc3339", "2026-11-25T16:24:30." },
        { "rfc3339", "2026-11-25T16:24:30.Z" },
        { "rfc3339", "2026-11-25T16:24:30+1" },
        { "rfc3339", "2026-11-25T16:24:30+24:00" },
        { "rfc3339", "2026-11-25T16:24:30+01:60" },
        { "rfc3339", "2026-11-25T16:24:30+01:" },
        { "rfc3339", "2026-11-25X16:24:30Z" },
        { "rfc3339", "2026-00-25T16:24:30Z" },
        { "rfc3339", "2026-13-25T16:24:30Z" },
        { "rfc3339", "2026-11-00T16:24:30Z" },
        { "rfc3339", "2026-11-31T16:24:30Z" },
        { "rfc3339", "2026-02-29T16:24:30Z" },
        { "rfc3339", "1900-02-29T16:24:30Z" },
        { "rfc3339", "2026-11-25T24:00:01Z" },
        { "rfc3339", "2026-11-25T24:00:00.1Z" },
        { "rfc3339", "2026-11-25T25:00:00Z" },
        { "rfc3339", "2026-11-25T16:60:30Z" },
        { "rfc3339", "2026-11-25T16:24:61Z" },
        { "rfc3339", "20x6-11-25T16:24:30Z" },
        { "rfc3339", "0000-01-01T00:00:00Z" },
        { "rfc3339", "0001-01-01T00:00:00Z" },
        { "rfc3339", "9999-12-31T23:59:59Z" },
        { "rfc3339", "2262-04-11T23:47:16.854775808Z" },
        { "rfc3339", "1677-09-21T00:12:43.145224191Z" },
        { "unix", "" },
        { "unix", "-" },
        { "unix", "." },
        { "unix", "1e" },
        { "unix", "1e+" },
        { "unix", "1 " },
        { "unix", "+1" },
        { "unix", "0x10" },
        { "unix", "9223372037" },
        { "unix", "1e300" },
        { "unix", "99999999999999999999999999" },
        { "unix_ns", "9223372036854775808" },
        { "unix_ms", "9223372036855" },
        { CLF, "" },
        { CLF, "01/Mar/2026:08:15:11" },
        { CLF, "01/Mar/2026:08:15:11 " },
        { CLF, "01/Mar/2026:08:15:11 +0100 " },
        { CLF, "01/Mrz/2026:08:15:11 +0100" },
        { CLF, "32/Jan/2026:08:15:11 +0100" },
        { CLF, "01/Mar/0000:08:15:11 +0100" },
        { CLF, "01/Mar/26:08:15:11 +0100" },
        { "%m/%d/%y %I:%M %p", "3/1/26 13:30 am" },
        { "%m/%d/%y %I:%M %p", "3/1/26 0:30 am" },
        { "%m/%d/%y %I:%M %p", "3/1/26 1:30 xm" },
        { "%Y-%j", "2025-366" },
        { "%Y-%j", "2025-000" },
        { "%s", "" },
        { "%s", "9223372036854775808" },
        { "%s", "99999999999999" },
        { "%a %F", "Sam 2026-03-01" },
        { "%F %f", "2026-03-01 " },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_read(cases[i][0], NULL, cases[i][1], NULL, "-");
}
END_TEST

START_TEST(a_missing_year_is_the_closest_one)
{
    static const struct {
        const char *text, *now, *want;
    } cases[] = {
        { "Mar  1 08:15:11", "2026-03-02T00:00:00Z", "2026-03-01T08:15:11Z" },
        { "Dec 31 23:59:59", "2026-01-01T00:00:10Z", "2025-12-31T23:59:59Z" },
        { "Jan  1 00:00:01", "2025-12-31T23:59:59Z", "2026-01-01T00:00:01Z" },
        { "Aug 15 00:00:00", "2026-02-01T00:00:00Z", "2025-08-15T00:00:00Z" },
        { "Jul 15 00:00:00", "2026-02-01T00:00:00Z", "2026-07-15T00:00:00Z" },
        { "Feb 29 12:00:00", "2024-03-01T00:00:00Z", "2024-02-29T12:00:00Z" },
        { "Feb 29 12:00:00", "2025-03-01T00:00:00Z", "2024-02-29T12:00:00Z" },
        { "Feb 29 12:00:00", "2026-12-31T00:00:00Z", "2028-02-29T12:00:00Z" },
        { "Feb 29 12:00:00", "2100-02-01T00:00:00Z", "2096-02-29T12:00:00Z" },
        { "Feb 30 12:00:00", "2024-03-01T00:00:00Z", "-" },
        /* years that int64_t does not reach are no candidates */
        { "Apr 12 00:00:00", "2262-04-11T00:00:00Z", "2261-04-12T00:00:00Z" },
        { "Sep 20 00:00:00", "1677-09-22T00:00:00Z", "1678-09-20T00:00:00Z" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_read(SYSLOG, NULL, cases[i].text, cases[i].now, cases[i].want);
    check_read("%j %T", NULL, "366 00:00:00", "2025-06-01T00:00:00Z", "2024-12-31T00:00:00Z");
}
END_TEST

START_TEST(a_missing_zone_is_the_configured_one)
{
    check_read("rfc3339", "+02:00", "2026-03-01T08:00:00", NULL, "2026-03-01T06:00:00Z");
    check_read("rfc3339", "-0330", "2026-03-01T08:00:00", NULL, "2026-03-01T11:30:00Z");
    check_read("rfc3339", "+02:00", "2026-03-01T08:00:00+01:00", NULL, "2026-03-01T07:00:00Z");
    check_read("rfc3339", "UTC", "2026-03-01T08:00:00", NULL, "2026-03-01T08:00:00Z");
}
END_TEST

START_TEST(the_local_zone_knows_its_clock_changes)
{
    static const struct {
        const char *tz, *text, *want;
    } cases[] = {
        { BERLIN, "2026-01-15 12:00:00", "2026-01-15T11:00:00Z" },
        { BERLIN, "2026-07-15 12:00:00", "2026-07-15T10:00:00Z" },
        { BERLIN, "2026-03-29 01:59:59", "2026-03-29T00:59:59Z" },
        { BERLIN, "2026-03-29 02:30:00", "2026-03-29T01:30:00Z" }, /* does not exist */
        { BERLIN, "2026-03-29 03:00:00", "2026-03-29T01:00:00Z" },
        { BERLIN, "2026-10-25 01:59:59", "2026-10-24T23:59:59Z" },
        { BERLIN, "2026-10-25 02:30:00", "2026-10-25T00:30:00Z" }, /* comes twice */
        { BERLIN, "2026-10-25 03:00:00", "2026-10-25T02:00:00Z" },
        { BERLIN, "2099-07-15 12:00:00", "2099-07-15T10:00:00Z" },
        { "NST3:30NDT,M3.2.0,M11.1.0", "2026-07-15 12:00:00", "2026-07-15T14:30:00Z" },
        { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-15 12:00:00", "2026-01-15T01:00:00Z" },
        { "IST-5:30", "2026-01-15 12:00:00", "2026-01-15T06:30:00Z" },
        { "UTC0", "2026-01-15 12:00:00", "2026-01-15T12:00:00Z" },
        { BERLIN, "1900-07-15 12:00:00", "1900-07-15T11:00:00Z" }, /* before 1970: as then */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setenv("TZ", cases[i].tz, 1);
        check_read("rfc3339", "local", cases[i].text, NULL, cases[i].want);
    }
    unsetenv("TZ");
}
END_TEST

/* Each hour of some years as mktime() has it, except where the clock is put back and it may choose. */
START_TEST(the_local_zone_agrees_with_the_c_library)
{
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    tzset();
    struct weir_error err = { 0 };
    struct weir_time_format *format = weir_time_format_new("%F %T", "local", &err);
    ck_assert_ptr_nonnull(format);
    for (int64_t at = 946684800; at < 946684800 + INT64_C(86400) * 365 * 30; at += 3600) {
        time_t seconds = (time_t)at;
        struct tm tm;
        char text[40];
        int64_t ns = 0;
        localtime_r(&seconds, &tm);
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
        ck_assert(weir_time_parse(format, weir_str_of(text), 0, &ns));
        int64_t early = at - ns / 1000000000;
        ck_assert_msg(early == 0 || (early == 3600 && !tm.tm_isdst && tm.tm_hour == 1),
                      "%s is %ld s early", text, (long)early);
    }
    weir_time_format_free(format);
    unsetenv("TZ");
}
END_TEST

START_TEST(every_day_is_read_back)
{
    struct weir_error err = { 0 };
    struct weir_time_format *format = weir_time_format_new("rfc3339", NULL, &err);
    for (int64_t day = -106751; day <= 106751; day++) {
        int64_t ns = (day * 86400 + (day & 0xffff)) * 1000000000 + 123456789, got = 0;
        if (day == -106751 || day == 106751)
            ns = day < 0 ? INT64_MIN : INT64_MAX;
        char text[CIVIL_RFC3339_MAX];
        struct weir_str read = { text, civil_put_rfc3339(ns, text) };
        ck_assert(weir_time_parse(format, read, 0, &got));
        ck_assert_int_eq(got, ns);
    }
    weir_time_format_free(format);
}
END_TEST

START_TEST(a_wrong_format_says_what_is_wrong)
{
    static const struct {
        const char *format, *zone, *words;
    } cases[] = {
        { "rfc3330", NULL, "no format of times" },
        { "", NULL, "no format of times" },
        { "%Y-%m-%d %Q", NULL, "%Q is no part" },
        { "%Y-%m-%d %", NULL, "a letter is missing" },
        { "%H:%M:%S", NULL, "says no day" },
        { "%Y-%m", NULL, "says no day" },
        { "%F %d", NULL, "%d is there twice" },
        { "%F %b", NULL, "in two ways" },
        { "%F %j", NULL, "twice" },
        { "%F %I:%M", NULL, "needs %p" },
        { "%F %p", NULL, "needs %I" },
        { "rfc3339", "CET", "\"CET\" is no zone" },
        { "rfc3339", "+25:00", "no zone" },
        { "rfc3339", "+02:00 ", "no zone" },
        { "%F                                                                                     "
          "                                                                      ",
          NULL, "at most" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct weir_error err = { 0 };
        ck_assert_ptr_null(weir_time_format_new(cases[i].format, cases[i].zone, &err));
        ck_assert_int_lt(err.code, 0);
        ck_assert_msg(strstr(err.text, cases[i].words), "%s: %s", cases[i].format, err.text);
    }
    ck_assert_ptr_null(weir_time_format_free(NULL));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("time_format");
    tcase_add_test(tc, times_are_read);
    tcase_add_test(tc, what_is_no_time_is_refused);
    tcase_add_test(tc, a_missing_year_is_the_closest_one);
    tcase_add_test(tc, a_missing_zone_is_the_configured_one);
    tcase_add_test(tc, the_local_zone_knows_its_clock_changes);
    tcase_add_test(tc, the_local_zone_agrees_with_the_c_library);
    tcase_add_test(tc, every_day_is_read_back);
    tcase_add_test(tc, a_wrong_format_says_what_is_wrong);
    tcase_set_timeout(tc, 30);
    Suite *suite = suite_create("record/time_format");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
