/* SPDX-License-Identifier: Apache-2.0 */
/* One text through the filter with one set of options, from a table; then what takes several records. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/check_main.h"
#include "support/make_batch.h"
#include "support/make_filter.h"
#include "support/show_record.h"

extern const struct weir_plugin weir_plugin_filter_parse;

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
/* A view as a constant initialiser: texts may hold NUL. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

#define ACCESS                                                                                     \
    "format: regex\n"                                                                              \
    "pattern: '^(?<host>\\S+) (?<user>\\S+)? ?\\[(?<time>[^]]+)\\] (?<status>\\S+)$'\n"            \
    "types: {status: int}\n"                                                                       \
    "time: {field: time, format: '%d/%b/%Y:%H:%M:%S %z', keep: false}\n"

static const struct parse_case {
    const char *options;
    struct weir_str text;
    const char *record;
} cases[] = {
    /* JSON */
    { "format: json", TEXT("{\"a\":1,\"b\":\"x\",\"c\":{\"d\":[1]}}"),
      "object a=i:1 b=s:x c=j:{\"d\":[1]}" },
    { "format: json", TEXT(" \t{ \"a\" : null , \"b\":-0.5, \"c\":true } \r"),
      "object a=n:null b=f:-0.5 c=b:true" },
    { "format: json", TEXT("{}"), "" },
    { "format: json", TEXT("{\"a\\u0062\":\"\\u00e9\\\"\"}"), "object ab=s:\\xc3\\xa9\"" },
    { "format: json", TEXT("{\"a\":1,\"b\":2,\"a\":3}"), "a=i:3 b=i:2" },
    { "format: json", TEXT("{\"message\":\"m\"}"), "object message=s:m" },
    { "format: json", TEXT("{\"a\":1"), "message=s:{\"a\":1" },
    { "format: json", TEXT("[1]"), "message=s:[1]" },
    { "format: json", TEXT("7"), "message=s:7" },
    { "format: json", TEXT("x"), "message=s:x" },
    { "format: json", TEXT(""), "message=s:" },
    { "format: json", TEXT("\0"), "message=s:\\x00" },
    { "format: json", TEXT("{\"a\":\"\xff\"}"), "message=s:{\"a\":\"\\xff\"}" },
    { "format: json", TEXT("{\"a\":1}{\"b\":2}"), "message=s:{\"a\":1}{\"b\":2}" },
    { "{format: json, on_error: drop}", TEXT("x"), "dropped" },
    { "{format: json, on_error: drop}", TEXT("{\"a\":1}"), "object a=i:1" },
    { "{format: json, keep_original: true}", TEXT("{\"a\":1}"),
      "object a=i:1 log.record.original=s:{\"a\":1}" },
    { "{format: json, keep_original: true}", TEXT("{\"log.record.original\":1}"),
      "log.record.original=s:{\"log.record.original\":1}" },
    { "{format: json, keep_original: true}", TEXT("x"), "message=s:x" },
    /* Severity and time */
    { "{format: json, severity: level}", TEXT("{\"level\":\"WARN\"}"),
      "object level=s:WARN | severity 13" },
    { "{format: json, severity: level}", TEXT("{\"level\":\"\\u0077arn\"}"),
      "object level=s:warn | severity 13" },
    { "{format: json, severity: level}", TEXT("{\"level\":50}"),
      "object level=i:50 | severity 17" },
    { "{format: json, severity: level}", TEXT("{\"level\":\"??\",\"lvl\":\"warn\"}"),
      "object level=s:?? lvl=s:warn" },
    { "{format: json, severity: level}", TEXT("{\"l\":\"warn\"}"), "object l=s:warn" },
    { "{format: json, time: {field: ts, keep: false}}",
      TEXT("{\"ts\":\"2026-03-01T00:00:00.5Z\",\"a\":1}"), "a=i:1 | time 1772323200500000000" },
    { "{format: json, time: {field: ts}}", TEXT("{\"ts\":\"2026-03-01T01:00:00+01:00\",\"a\":1}"),
      "object ts=s:2026-03-01T01:00:00+01:00 a=i:1 | time 1772323200000000000" },
    { "{format: json, time: {field: ts, keep: false}}",
      TEXT("{\"ts\":\"2026-03-01T00:00:00\\u005a\"}"), " | time 1772323200000000000" },
    { "{format: json, time: {field: ts, format: unix, keep: false}}",
      TEXT("{\"ts\":1772323200.25}"), " | time 1772323200250000000" },
    { "{format: json, time: {field: ts, format: unix_ms, keep: false}}",
      TEXT("{\"ts\":1772323200250}"), " | time 1772323200250000000" },
    { "{format: json, time: {field: ts, format: '%Y-%m-%d %H:%M:%S', zone: '+02:00', keep: false}}",
      TEXT("{\"ts\":\"2026-03-01 02:00:00\"}"), " | time 1772323200000000000" },
    { "{format: json, time: {field: ts, keep: false}}", TEXT("{\"ts\":\"yesterday\",\"a\":1}"),
      "object ts=s:yesterday a=i:1" },
    { "{format: json, time: {field: ts, keep: false}}", TEXT("{\"ts\":null}"), "object ts=n:null" },
    { "{format: json, time: {field: ts, keep: false}}", TEXT("{\"a\":1}"), "object a=i:1" },
    { "{format: json, severity: level, time: {field: ts, keep: false}, keep_original: true}",
      TEXT("{\"level\":\"error\",\"ts\":\"2026-03-01T00:00:00Z\"}"),
      "level=s:error log.record.original=s:{\"level\":\"error\",\"ts\":\"2026-03-01T00:00:00Z\"} | time "
      "1772323200000000000 | severity 17" },
    { "{format: json, severity: log.level}", TEXT("{\"log\":{\"level\":\"warn\"}}"),
      "object log=j:{\"level\":\"warn\"} | severity 13" },
    { "{format: json, severity: log.level}",
      TEXT("{\"log\":{\"level\":\"info\"},\"log.level\":\"warn\"}"),
      "object log=j:{\"level\":\"info\"} log.level=s:warn | severity 13" },
    { "{format: json, severity: log.level}", TEXT("{\"log\":7}"), "object log=i:7" },
    { "{format: json, time: {field: a.ts, keep: false}}",
      TEXT("{\"a\":{\"ts\":\"2026-03-01T00:00:00\\u005a\"}}"),
      "object a=j:{\"ts\":\"2026-03-01T00:00:00\\u005a\"} | time 1772323200000000000" },
    /* Regular expressions */
    { ACCESS, TEXT("h frank [01/Mar/2026:01:00:00 +0100] 200"),
      "host=s:h user=s:frank status=i:200 | time 1772323200000000000" },
    { ACCESS, TEXT("h [01/Mar/2026:01:00:00 +0100] 007"),
      "host=s:h status=s:007 | time 1772323200000000000" },
    { ACCESS, TEXT("h [then] -"), "host=s:h time=s:then status=s:-" },
    { ACCESS, TEXT("h"), "message=s:h" },
    { "{format: regex, pattern: '(?<a>.)'}", TEXT("\xff"), "a=s:\\xff" },
    { "{format: regex, pattern: '(?<a>.)'}", TEXT("\0"), "a=s:\\x00" },
    { "{format: regex, pattern: '(?<a>.*)(?<b>)'}", TEXT(""), "a=s: b=s:" },
    { "{format: regex, pattern: '(?|(?<a>x)|(?<a>y))(z)'}", TEXT("yz"), "a=s:y" },
    { "{format: regex, pattern: '(?<n>\\S+) (?<f>\\S+) (?<b>\\S+)', types: {n: int, f: float, b: bool}}",
      TEXT("12 1e3 true"), "n=i:12 f=f:1e3 b=b:true" },
    { "{format: regex, pattern: '(?<n>\\S+) (?<f>\\S+) (?<b>\\S+)', types: {n: int, f: float, b: bool}}",
      TEXT("1.5 7 True"), "n=s:1.5 f=i:7 b=s:True" },
    { "{format: regex, pattern: '^(?<a>(x+x+)+)y$'}",
      TEXT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!y"),
      "message=s:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!y" },
    /* logfmt */
    { "format: logfmt", TEXT("level=info msg=\"a b\" n=7 cached  x="),
      "level=s:info msg=s:a b n=s:7 cached=b:true x=s:" },
    { "{format: logfmt, types: {n: int, ok: bool, f: float}}", TEXT("n=7 ok=true f=x"),
      "n=i:7 ok=b:true f=s:x" },
    { "format: logfmt", TEXT("a=\"say \\\"hi\\\"\\n\" b=\"\\u00e9\""),
      "a=s:say \"hi\"\\x0a b=s:\\xc3\\xa9" },
    { "format: logfmt", TEXT("a=\"\xc3\xa9\\t\\q\\\\\""), "a=s:\\xc3\\xa9\\x09\\q\\" },
    { "format: logfmt", TEXT("a=1 b=2 a=3"), "a=s:3 b=s:2" },
    { "format: logfmt", TEXT("a=1 a"), "a=b:true" },
    { "format: logfmt", TEXT("\xc3\xa9=1 a'b=2"), "\\xc3\\xa9=s:1 a'b=s:2" },
    { "format: logfmt", TEXT("a=b=c"), "a=s:b=c" },
    { "format: logfmt", TEXT("just some prose"), "message=s:just some prose" },
    { "format: logfmt", TEXT(""), "message=s:" },
    { "format: logfmt", TEXT("   "), "message=s:   " },
    { "format: logfmt", TEXT("=1"), "message=s:=1" },
    { "format: logfmt", TEXT("a=\"x"), "message=s:a=\"x" },
    { "format: logfmt", TEXT("a=\"x\\"), "message=s:a=\"x\\" },
    { "format: logfmt", TEXT("a=\"x\\\""), "message=s:a=\"x\\\"" },
    { "format: logfmt", TEXT("a=\"x\"y"), "message=s:a=\"x\"y" },
    { "format: logfmt", TEXT("a=x\"y\""), "message=s:a=x\"y\"" },
    { "format: logfmt", TEXT("a\"b=1"), "message=s:a\"b=1" },
    { "format: logfmt", TEXT("a=\0b"), "a=s: b=b:true" },
    { "format: logfmt", TEXT("a=\"\\\0\""), "a=s:\\\\x00" },
    { "{format: logfmt, severity: level, time: {field: ts, keep: false}}",
      TEXT("ts=2026-03-01T00:00:00Z level=warn"),
      "level=s:warn | time 1772323200000000000 | severity 13" },
    /* Access logs */
    { "format: apache_common",
      TEXT(
          "203.0.113.9 - frank [10/Oct/2000:13:55:36 -0700] \"GET /a.gif?x=1&y HTTP/1.0\" 200 2326"),
      "client.address=s:203.0.113.9 user.name=s:frank http.request.method=s:GET url.path=s:/a.gif "
      "url.query=s:x=1&y network.protocol.version=s:1.0 http.response.status_code=i:200 "
      "http.response.body.size=i:2326 | time 971211336000000000" },
    { "format: apache_combined",
      TEXT("::1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 304 - \"-\" \"a \\\"b\\\"\""),
      "client.address=s:::1 http.request.method=s:GET url.path=s:/ network.protocol.version=s:1.1 "
      "http.response.status_code=i:304 user_agent.original=s:a \\\"b\\\" | time 971211336000000000" },
    { "format: nginx",
      TEXT("10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] \"\\x16\\x03\" 400 157 \"https://a/\" \"-\""),
      "client.address=s:10.0.0.1 request=s:\\x16\\x03 http.response.status_code=i:400 "
      "http.response.body.size=i:157 http.request.header.referer=s:https://a/ | time 971186136000000000" },
    { "format: nginx", TEXT("10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] \"-\" 400 0 \"-\" \"-\""),
      "client.address=s:10.0.0.1 http.response.status_code=i:400 http.response.body.size=i:0 | time "
      "971186136000000000" },
    { "format: nginx", TEXT("10.0.0.1 - - [yesterday] \"-\" 400 0 \"-\" \"-\""),
      "client.address=s:10.0.0.1 time=s:yesterday http.response.status_code=i:400 http.response.body.size=i:0" },
    { "format: nginx", TEXT("10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] \"-\" 400 0"),
      "message=s:10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] \"-\" 400 0" },
};

static void check_record(struct batch *batch, uint32_t i, const char *want)
{
    char *got = show_record(&batch->pub, i);
    ck_assert_str_eq(got, want);
    free(got);
}

START_TEST(a_text_becomes_fields)
{
    const struct parse_case *c = &cases[_i];
    struct made_filter filter = make_filter(&weir_plugin_filter_parse, c->options);
    /* Its neighbours neither help nor harm, and what the filter remembers does not either. */
    const struct weir_str texts[] = { c->text, c->text, TEXT("{\"z\":1,\"level\":\"x\",\"ts\":0}"),
                                      c->text };
    struct batch *batch = make_batch_records(texts, COUNT_OF(texts), 0);
    made_filter_apply(&filter, &batch->pub);
    check_record(batch, 0, c->record);
    check_record(batch, 1, c->record);
    check_record(batch, 3, c->record);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

/* The same texts where the batch was opened before: what is parsed then takes the message's place. */
START_TEST(an_opened_record_is_parsed_alike)
{
    const struct parse_case *c = &cases[_i];
    struct made_filter filter = make_filter(&weir_plugin_filter_parse, c->options);
    const struct weir_str texts[] = { c->text };
    struct batch *batch = make_batch_records(texts, 1, 0);
    ck_assert_int_eq(weir_batch_open_records(&batch->pub), 0);
    made_filter_apply(&filter, &batch->pub);
    check_record(batch, 0, c->record);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

static const struct merge_case {
    const char *options, *line, *record;
} merge_cases[] = {
    { "{format: json, field: log}", "{\"a\":1,\"log\":\"{\\\"b\\\":2}\",\"c\":3}",
      "object b=i:2 a=i:1 c=i:3" },
    { "{format: json, field: log}", "{\"a\":1,\"log\":{\"b\":2},\"c\":3}",
      "object b=i:2 a=i:1 c=i:3" },
    { "{format: json, field: log}", "{\"a\":1,\"log\":\"{\\\"a\\\":2}\"}", "object a=i:2" },
    { "{format: json, field: log}", "{\"\\u0061\":1,\"\\u0062\":5,\"log\":\"{\\\"a\\\":2}\"}",
      "object a=i:2 b=i:5" },
    { "{format: json, field: log}", "{\"a\":1,\"log\":\"{\\\"log\\\":2}\"}",
      "object log=i:2 a=i:1" },
    { "{format: json, field: log}", "{\"log\":\"x\",\"a\":1}", "object log=s:x a=i:1" },
    { "{format: json, field: log}", "{\"log\":null,\"a\":1}", "object log=n:null a=i:1" },
    { "{format: json, field: log}", "{\"log\":\"\",\"a\":1}", "object log=s: a=i:1" },
    { "{format: json, field: log}", "{\"a\":1}", "object a=i:1" },
    { "{format: json, field: log, on_error: drop}", "{\"a\":1}", "object a=i:1" },
    { "{format: json, field: log, on_error: drop}", "{\"log\":\"x\"}", "dropped" },
    { "{format: json, field: log, keep_original: true}",
      "{\"a\":1,\"log\":\"{\\\"b\\\":\\\"\\\\u00e9\\\"}\"}",
      "object b=s:\\xc3\\xa9 log.record.original=s:{\"b\":\"\\u00e9\"} a=i:1" },
    { "{format: logfmt, field: log}", "{\"a\":1,\"log\":\"b=2 c=\\\"x \\\\\\\" y\\\"\"}",
      "b=s:2 c=s:x \" y a=i:1" },
    { "{format: regex, pattern: '(?<b>\\w+)', field: log}",
      "{\"a\":1,\"log\":\"\\u0062c\",\"d\":2,\"e\":3,\"f\":4,"
      "\"g\":5,\"h\":6,\"i\":7}",
      "b=s:bc a=i:1 d=i:2 e=i:3 f=i:4 g=i:5 h=i:6 i=i:7" },
    { "{format: regex, pattern: '(?<b>\\d)', field: log}", "{\"log\":17}", "b=s:1" },
    { "{format: json, field: log, severity: level, time: {field: ts, keep: false}}",
      "{\"level\":\"error\",\"ts\":5,\"log\":\"{\\\"level\\\":\\\"warn\\\",\\\"x\\\":1}\"}",
      "object level=s:warn x=i:1 ts=i:5 | severity 13" },
};

START_TEST(a_field_of_a_record_is_parsed)
{
    const struct merge_case *c = &merge_cases[_i];
    struct made_filter filter = make_filter(&weir_plugin_filter_parse, c->options);
    struct batch *batch = make_batch(c->line, 0);
    made_batch_parse_json(batch);
    made_filter_apply(&filter, &batch->pub);
    check_record(batch, 0, c->record);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(plain_lines_have_no_other_field)
{
    struct made_filter filter =
        make_filter(&weir_plugin_filter_parse, "{format: json, field: log}");
    struct batch *batch = make_batch("{\"log\":1}\n", 0);
    made_filter_apply(&filter, &batch->pub);
    check_record(batch, 0, "line {\"log\":1}");
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(records_left_out_keep_their_message)
{
    struct made_filter filter = make_filter(&weir_plugin_filter_parse, "format: json");
    struct batch *batch = make_batch("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", 0);
    weir_batch_drop(&batch->pub, 1); /* as the host does for `when:` */
    made_filter_apply(&filter, &batch->pub);
    batch->dropped[0] = 0;
    check_record(batch, 0, "object a=i:1");
    check_record(batch, 1, "message=s:{\"a\":2}");
    check_record(batch, 2, "object a=i:3");
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(a_cut_line_is_marked)
{
    struct made_filter filter = make_filter(&weir_plugin_filter_parse, "format: logfmt");
    struct batch *batch = make_batch("a=1\na=2\nx\na=3\n", WEIR_RUN_TRUNCATED);
    made_batch_split(batch, 2, WEIR_RUN_TRUNCATED);
    made_filter_apply(&filter, &batch->pub);
    check_record(batch, 0, "a=s:1");
    check_record(batch, 1, "a=s:2 weir.truncated=b:true");
    check_record(batch, 2, "message=s:x");
    check_record(batch, 3, "a=s:3 weir.truncated=b:true");
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(a_carriage_return_is_no_part_of_the_text)
{
    struct made_filter filter =
        make_filter(&weir_plugin_filter_parse, "{format: regex, pattern: '^(?<a>.*)$'}");
    struct batch *batch = make_batch("x\r\ny\n", WEIR_RUN_STRIP_CR);
    made_filter_apply(&filter, &batch->pub);
    check_record(batch, 0, "a=s:x");
    check_record(batch, 1, "a=s:y");
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(what_fails_is_counted_and_told_once_a_batch)
{
    struct made_filter filter = make_filter(
        &weir_plugin_filter_parse,
        "{format: regex, pattern: '^t=(?<t>\\S+) ((x+x+)+y)?$', time: {field: t, keep: false}}");
    struct batch *batch = make_batch("t=2026-03-01T00:00:00Z \nt=1 \nbad\nbad\n"
                                     "t=1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!y\n",
                                     0);
    made_filter_apply(&filter, &batch->pub);
    ck_assert_int_eq(fake_host_counter(filter.host, "parse_errors_total"), 3);
    ck_assert_int_eq(fake_host_counter(filter.host, "parse_gave_up_total"), 1);
    ck_assert_int_eq(fake_host_counter(filter.host, "parse_time_errors_total"), 1);
    ck_assert_uint_eq(fake_host_messages(filter.host, WEIR_WARN), 1);
    ck_assert_uint_eq(fake_host_messages(filter.host, WEIR_ERROR), 0);
    ck_assert_ptr_nonnull(strstr(fake_host_last_message(filter.host), "pass unparsed"));
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

/* An object of that many members, each "NNNN":0, and of each name as many as asked for. */
static char *wide_object(unsigned members, unsigned repeats)
{
    char *text = malloc((size_t)members * repeats * 10 + 3), *out = text;
    ck_assert_ptr_nonnull(text);
    *out++ = '{';
    for (unsigned i = 0; i < members * repeats; i++)
        out += sprintf(out, "\"%04u\":0,", i % members);
    memcpy(out - 1, "}", 2);
    return text;
}

START_TEST(an_object_may_be_wide)
{
    struct made_filter filter = make_filter(&weir_plugin_filter_parse, "format: json");
    static const unsigned widths[] = { 1, 7, 8, 9, 100, 4096, 2 };
    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        char *text = wide_object(widths[i], 1);
        struct batch *batch = make_batch(text, 0);
        made_filter_apply(&filter, &batch->pub);
        ck_assert_uint_eq(batch->pub.records[0].count, widths[i]);
        ck_assert_uint_eq(batch->pub.records[0].object_fields, widths[i]);
        made_batch_free(batch);
        free(text);
    }
    char *repeated = wide_object(1000, 4), *too_wide = wide_object(4097, 1);
    struct batch *batch = make_batch(repeated, 0);
    made_filter_apply(&filter, &batch->pub);
    ck_assert_uint_eq(batch->pub.records[0].count, 1000);
    ck_assert_uint_eq(batch->pub.records[0].object_fields, 0);
    made_batch_free(batch);
    batch = make_batch(too_wide, 0);
    made_filter_apply(&filter, &batch->pub);
    ck_assert_uint_eq(batch->pub.records[0].count, 1);
    made_batch_free(batch);
    free(repeated);
    free(too_wide);
    made_filter_free(&filter);
}
END_TEST

START_TEST(logfmt_takes_so_many_pairs_and_no_more)
{
    struct made_filter filter = make_filter(&weir_plugin_filter_parse, "format: logfmt");
    char text[257 * 8] = "", *out = text;
    for (unsigned i = 0; i < 256; i++)
        out += sprintf(out, "%u=x ", i);
    strcpy(out, "7=y");
    struct batch *batch = make_batch(text, 0);
    made_filter_apply(&filter, &batch->pub);
    ck_assert_uint_eq(batch->pub.records[0].count, 256);
    made_batch_free(batch);
    strcpy(out, "z=y");
    batch = make_batch(text, 0);
    made_filter_apply(&filter, &batch->pub);
    ck_assert_uint_eq(batch->pub.records[0].count, 1);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

static const struct mistake_case {
    const char *options, *mistake; /* NULL: none */
} mistake_cases[] = {
    { "{format: json}", NULL },
    { "{format: nginx}", NULL },
    { "{}", "format" },
    { "{format: xml}", "\"format\"" },
    { "{format: regex}", "needs a `pattern`" },
    { "{format: json, pattern: 'x'}", "\"pattern\"" },
    { "{format: nginx, pattern: 'x'}", "\"pattern\"" },
    { "{format: regex, pattern: '(?<a>'}",
      "option \"pattern\" of parse: not a regular expression: " },
    { "{format: regex, pattern: '(a)'}", "has no named group" },
    { "{format: regex, pattern: '(?J)(?<a>x)|(?<a>y)'}", "two groups are named \"a\"" },
    { "{format: regex, pattern: '(?<a>x)', types: {b: int}}", "\"b\" is not the name of a group" },
    { "{format: regex, pattern: '(?<a>x)', types: {a: number}}", "\"number\" is no type" },
    { "{format: regex, pattern: '(?<a>x)', types: {a: string}}", NULL },
    { "{format: json, types: {a: int}}", "option \"types\"" },
    { "{format: nginx, types: {a: int}}", "option \"types\"" },
    { "{format: nginx, time: {field: a, keep: false}}", "option \"time\"" },
    { "{format: json, time: {}}", "field" },
    { "{format: json, time: {field: a, format: '%Q', keep: false}}", "option \"time.format\"" },
    { "{format: json, time: {field: a, zone: Mars}}", "option \"time.zone\"" },
    { "{format: json, on_error: dead_letter}", "\"on_error\"" },
};

START_TEST(wrong_options_are_refused_by_name)
{
    char *mistakes = make_filter_mistakes(&weir_plugin_filter_parse, mistake_cases[_i].options);
    if (mistake_cases[_i].mistake)
        ck_assert_msg(strstr(mistakes, mistake_cases[_i].mistake) != NULL, "%s", mistakes);
    else
        ck_assert_str_eq(mistakes, "");
    free(mistakes);
}
END_TEST

START_TEST(explain_tells_what_may_be_lost)
{
    struct weir_bytes out = { .max = 1000 };
    struct made_filter filter = make_filter(&weir_plugin_filter_parse, "format: json");
    filter.plugin->explain(filter.state, &out);
    ck_assert_uint_eq(out.len, 0);
    made_filter_free(&filter);
    filter = make_filter(&weir_plugin_filter_parse, "{format: json, on_error: drop}");
    filter.plugin->explain(filter.state, &out);
    ck_assert(out.len > 0 && out.data[out.len - 1] == '\n');
    made_filter_free(&filter);
    weir_bytes_free(&out);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("parse");
    tcase_add_loop_test(tc, a_text_becomes_fields, 0, COUNT_OF(cases));
    tcase_add_loop_test(tc, an_opened_record_is_parsed_alike, 0, COUNT_OF(cases));
    tcase_add_loop_test(tc, a_field_of_a_record_is_parsed, 0, COUNT_OF(merge_cases));
    tcase_add_test(tc, plain_lines_have_no_other_field);
    tcase_add_test(tc, records_left_out_keep_their_message);
    tcase_add_test(tc, a_cut_line_is_marked);
    tcase_add_test(tc, a_carriage_return_is_no_part_of_the_text);
    tcase_add_test(tc, what_fails_is_counted_and_told_once_a_batch);
    tcase_add_test(tc, an_object_may_be_wide);
    tcase_add_test(tc, logfmt_takes_so_many_pairs_and_no_more);
    tcase_add_loop_test(tc, wrong_options_are_refused_by_name, 0, COUNT_OF(mistake_cases));
    tcase_add_test(tc, explain_tells_what_may_be_lost);
    Suite *suite = suite_create("filters/parse");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
