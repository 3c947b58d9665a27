/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/filters/trace/trace_ids.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define T "4bf92f3577b34da6a3ce929d0e0e4736"
#define S "00f067aa0ba902b7"

/* What is found, as "TRACE-SPAN-FLAGS"; NULL: nothing. */
static const struct id_case {
    const char *text, *found;
} parents[] = {
    { "00-" T "-" S "-01", T "-" S "-01" },
    { "00-" T "-" S "-00", T "-" S "-00" },
    { "00-" T "-" S "-03", T "-" S "-03" },
    { "00-" T "-" S "-ff", T "-" S "-03" }, /* what is not known is not handed on */
    { "cc-" T "-" S "-01", T "-" S "-01" },
    { "cc-" T "-" S "-01-what-the-future", T "-" S "-01" },
    { "cc-" T "-" S "-01.what", NULL },
    { "01-" T "-" S "-01-", T "-" S "-01" },
    { "ff-" T "-" S "-01", NULL },
    { "FF-" T "-" S "-01", NULL },
    { "0g-" T "-" S "-01", NULL },
    { "00-00000000000000000000000000000000-" S "-01", NULL },
    { "00-" T "-0000000000000000-01", NULL },
    { "00-4BF92F3577B34DA6A3CE929D0E0E4736-" S "-01", NULL },
    { "00-" T "-00F067AA0BA902B7-01", NULL },
    { "00-" T "-" S "-0G", NULL },
    { "00-" T "-" S "-0g", NULL },
    { "00-" T "-" S "-01-x", NULL },
    { "00-" T "-" S "-01-", NULL },
    { "00-" T "-" S "-1", NULL },
    { "00-" T "-" S "-", NULL },
    { "00_" T "-" S "-01", NULL },
    { "00-" T "_" S "-01", NULL },
    { "00-" T "-" S "_01", NULL },
    { " 00-" T "-" S "-01", NULL },
    { "", NULL },
    { "0", NULL },
};

static const struct id_case texts[] = {
    /* A traceparent, anywhere */
    { "00-" T "-" S "-01", T "-" S "-01" },
    { "GET / traceparent=00-" T "-" S "-01.", T "-" S "-01" },
    { "\"traceparent\":\"00-" T "-" S "-00\"", T "-" S "-00" },
    { "x 01-" T "-" S "-01-more y", T "-" S "-01" },
    { "x 00-" T "-" S "-01-more y", NULL },
    { "x 00-" T "-" S "-0123", NULL },
    { "x00-" T "-" S "-01", NULL },
    { "00-" T "-" S "-0", NULL },
    { "00-" T, NULL },
    { "0-" T "-" S "-01", NULL },
    { "deadbeefdeadbeefdeadbeefdeadbeef 00-" T "-" S "-01", T "-" S "-01" },
    /* A trace id behind a word for it */
    { "trace_id=" T, T "-0000000000000000-00" },
    { "trace_id=" T " span_id=" S " trace_flags=01 hi", T "-" S "-01" },
    { "trace_id=" T " span_id=" S " trace_flags=01x", T "-" S "-00" },
    { "trace_id=" T " trace_flags=", T "-0000000000000000-00" },
    { "traceId: " T ", spanId: " S, T "-" S "-00" },
    { "{\"traceId\":\"" T "\",\"spanId\":\"" S "\"}", T "-" S "-00" },
    { "{\\\"trace.id\\\": \\\"" T "\\\"}", T "-0000000000000000-00" },
    { "TRACE-ID='" T "'", T "-0000000000000000-00" },
    { "[traceid:" T "]", T "-0000000000000000-00" },
    { "span_id=" S " trace_id=" T, T "-" S "-00" },
    { "id=" S " trace_id=" T, T "-0000000000000000-00" },
    { "id=" S " trace_id=" T " span_id=" S, T "-" S "-00" },
    { "trace_id=" T " span_id=0000000000000000", T "-0000000000000000-00" },
    { "trace_id=00000000000000000000000000000000", NULL },
    { "trace_id=" T "0", NULL },
    { "trace_id=" T "g", NULL },
    { "trace_id=g" T, NULL },
    { "trace_id " T, NULL },
    { "trace_id=4BF92F3577B34DA6A3CE929D0E0E4736", NULL },
    { "race_id=" T, NULL },
    { "=" T, NULL },
    { "id=" T, NULL },
    { "md5=" T " trace_id=" T, T "-0000000000000000-00" },
    { "md5 " T, NULL },
    { T, NULL },
    { "", NULL },
    { "a", NULL },
    { "nothing to see in a line that is longer than thirty-two bytes", NULL },
};

static void check_found(bool found, const struct weir_trace *trace, const char *want)
{
    char got[64] = "", *out = got;
    ck_assert_int_eq(found, want != NULL);
    if (!want)
        return;
    for (size_t i = 0; i < 16; i++)
        out += sprintf(out, "%02x", trace->trace_id[i]);
    *out++ = '-';
    for (size_t i = 0; i < 8; i++)
        out += sprintf(out, "%02x", trace->span_id[i]);
    sprintf(out, "-%02x", trace->trace_flags);
    ck_assert_str_eq(got, want);
}

/* A copy exactly as long as the text: a sanitizer sees each byte read beyond. */
static char *copy_of(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, len);
    return copy;
}

START_TEST(a_traceparent_is_read_by_its_rules)
{
    const size_t len = strlen(parents[_i].text);
    char *copy = copy_of(parents[_i].text, len);
    struct weir_trace trace;
    bool found = traceparent_read((struct weir_str){ copy, len }, &trace);
    check_found(found, &trace, parents[_i].found);
    free(copy);
}
END_TEST

START_TEST(ids_are_found_in_text)
{
    const size_t len = strlen(texts[_i].text);
    char *copy = copy_of(texts[_i].text, len);
    struct weir_trace trace;
    bool found = trace_find_in_text((struct weir_str){ copy, len }, &trace);
    check_found(found, &trace, texts[_i].found);
    free(copy);
}
END_TEST

START_TEST(a_place_in_the_line_makes_no_difference)
{
    char text[200];
    for (int before = 0; before < 70; before++)
        for (int after = 0; after < 40; after++) {
            int len =
                sprintf(text, "%.*s trace_id=" T " %.*s", before,
                        "la la la la la la la la la la la la la la la la la la la la la la la la ",
                        after, "do re mi fa so la ti do re mi fa so la ti ");
            struct weir_trace trace;
            bool found = trace_find_in_text((struct weir_str){ text, (size_t)len }, &trace);
            check_found(found, &trace, T "-0000000000000000-00");
        }
}
END_TEST

START_TEST(ids_have_their_lengths)
{
    uint8_t id[16], flags;
    ck_assert(trace_id_read(WEIR_STR(T), id));
    ck_assert(trace_id_read(WEIR_STR(S), id)); /* the lower half */
    ck_assert(memcmp(id, "\0\0\0\0\0\0\0\0\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 16) == 0);
    ck_assert(!trace_id_read(WEIR_STR(""), id));
    ck_assert(!trace_id_read(WEIR_STR("4bf92f3577b34da6a3ce929d0e0e473"), id));
    ck_assert(!trace_id_read(WEIR_STR("4bf92f35-77b3-4da6-a3ce-929d0e0e"), id));
    ck_assert(!span_id_read(WEIR_STR("00f067aa0ba902b"), id));
    ck_assert(!span_id_read(WEIR_STR("0000000000000000"), id));
    ck_assert(span_id_read(WEIR_STR(S), id));
    ck_assert(trace_flags_read(WEIR_STR("01"), &flags) && flags == 1);
    ck_assert(!trace_flags_read(WEIR_STR("1"), &flags));
    ck_assert(!trace_flags_read(WEIR_STR("0A"), &flags));
    ck_assert(!trace_flags_read(WEIR_STR(""), &flags));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("ids");
    tcase_add_loop_test(tc, a_traceparent_is_read_by_its_rules, 0, COUNT_OF(parents));
    tcase_add_loop_test(tc, ids_are_found_in_text, 0, COUNT_OF(texts));
    tcase_add_test(tc, a_place_in_the_line_makes_no_difference);
    tcase_add_test(tc, ids_have_their_lengths);
    Suite *suite = suite_create("filters/trace_ids");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
