/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "support/check_main.h"
#include "support/make_batch.h"
#include "support/make_filter.h"
#include "support/show_record.h"

extern const struct weir_plugin weir_plugin_filter_trace;

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define T "4bf92f3577b34da6a3ce929d0e0e4736"
#define S "00f067aa0ba902b7"
#define NO_SPAN "0000000000000000"

static const struct trace_case {
    const char *options, *line;
    const char *trace; /* "TRACE-SPAN-FLAGS"; NULL: none */
    int invalid;
} cases[] = {
    { "{}", "{\"a\":1,\"traceparent\":\"00-" T "-" S "-01\"}", T "-" S "-01", 0 },
    { "{}", "{\"trace_id\":\"" T "\",\"span_id\":\"" S "\",\"trace_flags\":\"01\"}", T "-" S "-01",
      0 },
    { "{}", "{\"trace_id\":\"" T "\",\"span_id\":\"" S "\",\"trace_flags\":1}", T "-" S "-01", 0 },
    { "{}", "{\"traceId\":\"" T "\",\"spanId\":\"" S "\"}", T "-" S "-00", 0 },
    { "{}", "{\"trace.id\":\"" T "\",\"span.id\":\"" S "\"}", T "-" S "-00", 0 },
    { "{}", "{\"trace\":{\"id\":\"" T "\"},\"span\":{\"id\":\"" S "\"}}", T "-" S "-00", 0 },
    { "{}", "{\"trace\":{\"x\":\"" T "\"},\"span\":7}", NULL, 0 },
    { "{}", "{\"trace_id\":\"" T "\"}", T "-" NO_SPAN "-00", 0 },
    { "{}", "{\"span_id\":\"" S "\"}", NULL, 0 },
    { "{}", "{\"trace_id\":\"\\u0034bf92f3577b34da6a3ce929d0e0e4736\"}", T "-" NO_SPAN "-00", 0 },
    /* The first of them counts; what breaks the rules is passed over. */
    { "{}",
      "{\"trace_id\":\"11111111111111111111111111111111\",\"traceparent\":\"00-" T "-" S "-01\"}",
      T "-" S "-01", 0 },
    { "{}", "{\"trace_id\":\"" T "\",\"traceparent\":\"00-" T "-" S "-0\"}", T "-" NO_SPAN "-00",
      1 },
    { "{}", "{\"trace_id\":\"4BF92F3577B34DA6A3CE929D0E0E4736\"}", NULL, 1 },
    { "{}", "{\"trace_id\":\"00000000000000000000000000000000\",\"span_id\":\"" S "\"}", NULL, 1 },
    { "{}", "{\"trace_id\":\"\",\"span_id\":\"\"}", NULL, 0 },
    { "{}", "{\"trace_id\":null}", NULL, 0 },
    { "{}", "{\"trace_id\":7}", NULL, 1 },
    { "{}", "{\"trace_id\":{\"a\":1}}", NULL, 1 },
    { "{}", "{\"trace_id\":\"" T "\",\"span_id\":\"x\",\"trace_flags\":100}", T "-" NO_SPAN "-00",
      2 },
    { "{}", "{\"trace_id\":\"" T "\",\"trace_flags\":-1}", T "-" NO_SPAN "-00", 1 },
    { "{}", "{\"message\":\"trace_id=" T "\"}", NULL, 0 },
    { "{}", "{\"traceidx\":\"" T "\"}", NULL, 0 },
    /* Names of one's own */
    { "fields: [X-B3-TraceId, X-B3-SpanId]",
      "{\"X-B3-TraceId\":\"463ac35c9f6413ad\",\"X-B3-SpanId\":\"" S "\"}",
      NO_SPAN "463ac35c9f6413ad-" S "-00", 0 },
    { "fields: [ctx.trace, ctx.span]",
      "{\"ctx\":{\"span\":\"" S "\",\"trace\":\"00-" T "-" S "-01\"}}", T "-" S "-01", 0 },
    { "fields: [a.b.c]", "{\"a\":{\"b\":{\"c\":\"" T "\"}}}", T "-" NO_SPAN "-00", 0 },
    { "fields: [tid]", "{\"trace_id\":\"" T "\"}", NULL, 0 },
    /* Text */
    { "text: true", "{\"message\":\"trace_id=" T "\"}", T "-" NO_SPAN "-00", 0 },
    { "text: true", "{\"message\":\"trace_id=\\\"" T "\\\"\"}", T "-" NO_SPAN "-00", 0 },
    { "text: true", "{\"trace_id\":\"x\",\"message\":\"trace_id=" T "\"}", T "-" NO_SPAN "-00", 1 },
    { "text: true", "{\"msg\":\"trace_id=" T "\"}", NULL, 0 },
    { "{text: true, fields: []}", "{\"trace_id\":\"" S "\",\"message\":\"trace_id=" T "\"}",
      T "-" NO_SPAN "-00", 0 },
};

static void check_trace(struct batch *batch, uint32_t i, const char *trace)
{
    char *got = show_record(&batch->pub, i);
    const char *found = strstr(got, " | trace ");
    ck_assert_msg((found != NULL) == (trace != NULL), "%s", got);
    if (trace)
        ck_assert_str_eq(found + strlen(" | trace "), trace);
    free(got);
}

START_TEST(a_record_gets_the_context_that_it_carries)
{
    const struct trace_case *c = &cases[_i];
    struct made_filter filter = make_filter(&weir_plugin_filter_trace, c->options);
    struct batch *batch = make_batch(c->line, 0);
    made_batch_parse_json(batch);
    const uint32_t object_fields = batch->pub.records[0].object_fields;
    made_filter_apply(&filter, &batch->pub);
    check_trace(batch, 0, c->trace);
    ck_assert_uint_eq(batch->pub.records[0].object_fields, object_fields); /* the fields stay */
    ck_assert_int_eq(fake_host_counter(filter.host, "trace_found_total"), c->trace != NULL);
    ck_assert_int_eq(fake_host_counter(filter.host, "trace_invalid_total"), c->invalid);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

static const char lines[] = "one\ntwo 00-" T "-" S "-01\nthree\n";

START_TEST(plain_lines_are_opened_only_for_what_is_in_them)
{
    struct made_filter filter = make_filter(&weir_plugin_filter_trace, "{}");
    struct batch *batch = make_batch(lines, 0);
    made_filter_apply(&filter, &batch->pub);
    ck_assert_ptr_null(batch->pub.records);
    made_filter_free(&filter);

    filter = make_filter(&weir_plugin_filter_trace, "text: true");
    made_filter_apply(&filter, &batch->pub);
    check_trace(batch, 0, NULL);
    check_trace(batch, 1, T "-" S "-01");
    check_trace(batch, 2, NULL);
    ck_assert_int_eq(fake_host_counter(filter.host, "trace_found_total"), 1);
    made_batch_free(batch);

    batch = make_batch("one\ntwo\n", 0);
    made_filter_apply(&filter, &batch->pub);
    ck_assert_ptr_null(batch->pub.records);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(minted_ids_are_the_records_own)
{
    struct made_filter filter = make_filter(&weir_plugin_filter_trace, "{mint: true, text: true}");
    uint8_t ids[2][16];
    for (int again = 0; again < 2; again++) {
        struct batch *batch = make_batch(lines, 0);
        made_filter_apply(&filter, &batch->pub);
        check_trace(batch, 1, T "-" S "-01");
        uint8_t record_id[16];
        weir_batch_record_id(&batch->pub, 2, record_id);
        const struct weir_trace *trace = batch->pub.records[2].trace;
        ck_assert_mem_eq(trace->trace_id, record_id, sizeof(record_id));
        ck_assert_mem_eq(trace->span_id, "\0\0\0\0\0\0\0", 8);
        ck_assert_uint_eq(trace->trace_flags, 2);
        memcpy(ids[again], batch->pub.records[0].trace->trace_id, 16);
        ck_assert_mem_ne(ids[again], record_id, 16);
        made_batch_free(batch);
    }
    ck_assert_mem_eq(ids[0], ids[1], 16);
    ck_assert_int_eq(fake_host_counter(filter.host, "trace_found_total"), 2);
    ck_assert_int_eq(fake_host_counter(filter.host, "trace_minted_total"), 4);
    made_filter_free(&filter);
}
END_TEST

START_TEST(what_a_record_has_it_keeps)
{
    struct made_filter mint = make_filter(&weir_plugin_filter_trace, "mint: true");
    struct made_filter text = make_filter(&weir_plugin_filter_trace, "text: true");
    struct batch *batch = make_batch(lines, 0);
    weir_batch_drop(&batch->pub, 2);
    made_filter_apply(&text, &batch->pub);
    made_filter_apply(&mint, &batch->pub);
    check_trace(batch, 1, T "-" S "-01");
    ck_assert_ptr_nonnull(batch->pub.records[0].trace);
    ck_assert_ptr_null(batch->pub.records[2].trace); /* left out */
    made_batch_free(batch);
    made_filter_free(&text);
    made_filter_free(&mint);
}
END_TEST

START_TEST(wrong_options_are_refused_by_name)
{
    static const struct {
        const char *options, *mistake;
    } rows[] = {
        { "fields: []", "has no name of a trace id" },
        { "fields: [span_id, flags]", "has no name of a trace id" },
        { "fields: [a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a]",
          "has 33 names" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *mistakes = make_filter_mistakes(&weir_plugin_filter_trace, rows[i].options);
        ck_assert_msg(strstr(mistakes, rows[i].mistake) != NULL, "%s", mistakes);
        free(mistakes);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("trace");
    tcase_add_loop_test(tc, a_record_gets_the_context_that_it_carries, 0, COUNT_OF(cases));
    tcase_add_test(tc, plain_lines_are_opened_only_for_what_is_in_them);
    tcase_add_test(tc, minted_ids_are_the_records_own);
    tcase_add_test(tc, what_a_record_has_it_keeps);
    tcase_add_test(tc, wrong_options_are_refused_by_name);
    Suite *suite = suite_create("filters/trace");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
