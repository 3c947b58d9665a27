/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "support/check_main.h"
#include "support/make_batch.h"
#include "support/make_filter.h"
#include "support/show_record.h"

extern const struct weir_plugin weir_plugin_filter_context;

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define HOST " host.name=s:web-1 host.id=s:0123456789abcdef0123456789abcdef"

static const struct context_case {
    const char *options, *line, *record;
} cases[] = {
    { "{}", "{\"a\":1}", "object a=i:1" HOST },
    { "{}", "x", "message=s:x" HOST },
    { "{fields: {env: prod}}", "{}",
      "host.name=s:web-1 host.id=s:0123456789abcdef0123456789abcdef env=s:prod" },
    /* Written without quotes a value is what it looks like. */
    { "{host: false, fields: {s: prod, i: 7, q: '7', f: 0.5, t: true, n: null, e: '', z: 007}}",
      "{\"a\":1}", "object a=i:1 s=s:prod i=i:7 q=s:7 f=f:0.5 t=b:true n=n:null e=s: z=s:007" },
    { "{host: false, fields: {'a \"b\"': \"caf\u00e9 \\\\ \\n\"}}", "{\"x\":1}",
      "object x=i:1 a \"b\"=s:caf\\xc3\\xa9 \\ \\x0a" },
    /* What the record says stays, or not. */
    { "{host: false, fields: {env: prod, b: 2}}", "{\"env\":\"dev\",\"a\":1}",
      "object env=s:dev a=i:1 b=i:2" },
    { "{host: false, override: true, fields: {env: prod, b: 2}}", "{\"env\":\"dev\",\"a\":1}",
      "env=s:prod a=i:1 b=i:2" },
    { "{host: false, fields: {env: prod}}", "{\"\\u0065nv\":\"dev\"}", "object env=s:dev" },
    { "{host: false, override: true, fields: {env: prod}}", "{\"\\u0065nv\":\"dev\"}",
      "env=s:prod" },
    { "{fields: {env: prod}}", "{\"host.name\":\"h\"}",
      "object host.name=s:h host.id=s:0123456789abcdef0123456789abcdef env=s:prod" },
    { "{host: false, fields: {message: m}}", "x", "message=s:x" },
    /* The configuration knows better than the host. */
    { "{fields: {host.name: db-1}}", "{\"a\":1}",
      "object a=i:1 host.id=s:0123456789abcdef0123456789abcdef "
      "host.name=s:db-1" },
    { "{host: false, os: true}", "{\"a\":1}",
      "object a=i:1 host.arch=s:amd64 os.type=s:linux os.name=s:debian os.description=s:Debian GNU/Linux \"12\"" },
    { "{host: false, agent: true}", "{\"a\":1}",
      "object a=i:1 agent.type=s:weir agent.version=s:0.1.0 agent.id=s:2f1e6f3c-93b4-4d8e-8f0a-0d6d3b6f5a11" },
};

static void check_record(struct batch *batch, uint32_t i, const char *want)
{
    char *got = show_record(&batch->pub, i);
    ck_assert_str_eq(got, want);
    free(got);
}

START_TEST(a_record_gets_its_context)
{
    const struct context_case *c = &cases[_i];
    struct made_filter filter = make_filter(&weir_plugin_filter_context, c->options);
    struct batch *batch = make_batch(c->line, 0);
    if (c->line[0] == '{')
        made_batch_parse_json(batch);
    made_filter_apply(&filter, &batch->pub);
    check_record(batch, 0, c->record);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(a_second_filter_finds_the_first_ones_fields)
{
    struct made_filter first =
        make_filter(&weir_plugin_filter_context, "{fields: {a: 1}, os: true, agent: true}");
    struct made_filter second =
        make_filter(&weir_plugin_filter_context, "{host: false, fields: {a: 2, b: 3}}");
    struct batch *batch = make_batch("x\ny\n", 0);
    made_filter_apply(&first, &batch->pub);
    made_filter_apply(&second, &batch->pub);
    for (uint32_t i = 0; i < 2; i++) {
        const struct weir_record *record = &batch->pub.records[i];
        ck_assert_uint_eq(record->count, 1 + 2 + 4 + 3 + 2);
        ck_assert_str_eq(record->fields[weir_record_find(record, WEIR_STR("a"))].value, "1");
        ck_assert_str_eq(record->fields[record->count - 1].value, "3");
        free(show_record(&batch->pub, i));
    }
    made_batch_free(batch);
    made_filter_free(&second);
    made_filter_free(&first);
}
END_TEST

START_TEST(records_left_out_get_none)
{
    struct made_filter filter = make_filter(&weir_plugin_filter_context, "{}");
    struct batch *batch = make_batch("x\ny\n", 0);
    weir_batch_drop(&batch->pub, 0);
    made_filter_apply(&filter, &batch->pub);
    batch->dropped[0] = 0;
    check_record(batch, 0, "message=s:x");
    check_record(batch, 1, "message=s:y" HOST);
    made_batch_free(batch);
    made_filter_free(&filter);
}
END_TEST

START_TEST(adding_nothing_is_a_mistake)
{
    char *mistakes = make_filter_mistakes(&weir_plugin_filter_context, "{host: false}");
    ck_assert_ptr_nonnull(strstr(mistakes, "nothing is added"));
    free(mistakes);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("context");
    tcase_add_loop_test(tc, a_record_gets_its_context, 0, COUNT_OF(cases));
    tcase_add_test(tc, a_second_filter_finds_the_first_ones_fields);
    tcase_add_test(tc, records_left_out_get_none);
    tcase_add_test(tc, adding_nothing_is_a_mistake);
    Suite *suite = suite_create("filters/context");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
