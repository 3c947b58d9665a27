/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes are those of the specification's examples, or were worked out by hand; test_avro_library.py compares with a library. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugins/codecs/avro/avro.h"
#include "record/encoder.h"
#include "support/check_main.h"
#include "support/make_batch.h"
#include "support/option_state.h"

extern const struct weir_plugin weir_plugin_codec_avro;

static struct weir_error err;

/* A codec with options given as "name", "value" pairs, ended by NULL; "fields" has "schema=record". */
static struct weir_encoder *avro_codec(const char *const *options)
{
    static struct weir_pair renames[4];
    static char texts[4][128];
    struct codec_avro *state = option_state_new(&weir_plugin_codec_avro);
    state->renames = (struct weir_pairs){ renames, 0 };
    for (; options && *options; options += 2) {
        if (strcmp(options[0], "fields") != 0) {
            option_state_set(&weir_plugin_codec_avro, state, options[0], options[1]);
            continue;
        }
        const size_t n = state->renames.count++;
        snprintf(texts[n], sizeof(texts[n]), "%s", options[1]);
        char *equals = strchr(texts[n], '=');
        *equals = '\0';
        renames[n] = (struct weir_pair){ texts[n], equals + 1, false };
    }
    ck_assert_int_eq(weir_plugin_codec_avro.check(state, &err), 0);
    struct weir_encoder *encoder = encoder_new(&weir_plugin_codec_avro, state);
    ck_assert_ptr_nonnull(encoder);
    return encoder;
}
#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static int use(struct weir_encoder *encoder, const char *schema, struct weir_str prefix)
{
    const struct weir_schema given = { weir_str_of(schema), prefix };
    err = (struct weir_error){ 0 };
    return weir_encoder_set_schema(encoder, &given, &err);
}

static void hex(const struct weir_bytes *out, char *ret)
{
    for (size_t i = 0; i < out->len; i++)
        sprintf(ret + 2 * i, "%02x", (unsigned char)out->data[i]);
    ret[2 * out->len] = '\0';
}

/* What the first record becomes: hexadecimal digits, or '!' and the reason for which it is refused. */
static void encode(struct weir_encoder *encoder, const struct batch *batch, char *ret)
{
    struct weir_slice slice = made_batch_slice(batch);
    struct weir_bytes out = { .max = 4096 };
    if (weir_encode(encoder, &slice, 0, &out, 1) == 1) {
        ck_assert_uint_eq(out.refused.len, 0);
        hex(&out, ret);
    } else {
        ck_assert_uint_eq(out.len, 0);
        ck_assert(!out.starved);
        sprintf(ret, "!%.*s", (int)out.refused.len, out.refused.ptr);
    }
    weir_bytes_free(&out);
}

static void expect_batch(const struct batch *batch, const char *schema, const char *const *options,
                         const char *want)
{
    char got[9000];
    struct weir_encoder *encoder = avro_codec(options);
    ck_assert_msg(use(encoder, schema, WEIR_STR_NONE) == 0, "%s: %s", schema, err.text);
    encode(encoder, batch, got);
    ck_assert_msg(strcmp(got, want) == 0, "%s\n%s\nis not\n%s", schema, got, want);
    encoder_free(encoder);
}

static void expect(const char *line, const char *schema, const char *const *options,
                   const char *want)
{
    char text[4096];
    snprintf(text, sizeof(text), "%s\n", line);
    struct batch *batch = make_batch(text, 0);
    made_batch_parse_json(batch);
    expect_batch(batch, schema, options, want);
    made_batch_free(batch);
}

/* A schema with one field, "f". */
static const char *of(const char *type)
{
    static char schema[2048];
    snprintf(schema, sizeof(schema),
             "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":%s}]}",
             type);
    return schema;
}

/* ---- bytes ----------------------------------------------------------------------------------------------- */

static const char log_schema[] =
    "{\"type\":\"record\",\"name\":\"Log\",\"namespace\":\"weir\",\"fields\":[{\"name\":\"ts\",\"type\":{"
    "\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},{\"name\":\"severity\",\"type\":\"int\"},{"
    "\"name\":\"body\",\"type\":\"string\"},{\"name\":\"trace_id\",\"type\":[\"null\",{\"type\":\"fixed\","
    "\"name\":\"TraceId\",\"size\":16}],\"default\":null},{\"name\":\"attrs\",\"type\":{\"type\":\"map\","
    "\"values\":\"string\"},\"default\":{}}]}";

START_TEST(a_log_record_with_its_schema_s_id)
{
    static struct weir_trace trace = {
        .trace_id = { 0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e,
                      0x0e, 0x47, 0x36 },
    };
    static const char prefix[] = { 0, 0, 0, 0, 42 };
    char got[256];
    struct batch *batch = make_batch("{\"message\":\"hello\",\"k\":\"v\"}\n", 0);
    made_batch_parse_json(batch);
    batch->pub.records[0].event_time = 1795414728000000000;
    batch->pub.records[0].severity = 9;
    batch->pub.records[0].trace = &trace;
    struct weir_encoder *encoder =
        avro_codec(OPTIONS("fields", "body=message", "time_key", "ts", "rest", "attrs"));
    ck_assert_int_eq(use(encoder, log_schema, (struct weir_str){ prefix, sizeof(prefix) }), 0);
    encode(encoder, batch, got);
    ck_assert_str_eq(got,
                     "000000002a8088b291f2bab006120a68656c6c6f024bf92f3577b34da6a3ce929d0e0e4736"
                     "02026b027600");
    encoder_free(encoder);
    made_batch_free(batch);
}
END_TEST

static const struct {
    const char *type, *line, *want;
} values[] = {
    { "\"null\"", "{\"f\":null}", "" },
    { "\"null\"", "{}", "" },
    { "\"boolean\"", "{\"f\":true}", "01" },
    { "\"boolean\"", "{\"f\":false}", "00" },
    { "\"int\"", "{\"f\":0}", "00" },
    { "\"int\"", "{\"f\":-1}", "01" },
    { "\"int\"", "{\"f\":64}", "8001" },
    { "\"int\"", "{\"f\":2147483647}", "feffffff0f" },
    { "\"int\"", "{\"f\":-2147483648}", "ffffffff0f" },
    { "\"long\"", "{\"f\":9223372036854775807}", "feffffffffffffffff01" },
    { "\"long\"", "{\"f\":-9223372036854775808}", "ffffffffffffffffff01" },
    { "\"float\"", "{\"f\":1}", "0000803f" },
    { "\"float\"", "{\"f\":-0.15}", "9a9919be" },
    { "\"double\"", "{\"f\":1.5}", "000000000000f83f" },
    { "\"double\"", "{\"f\":-0.1}", "9a9999999999b9bf" },
    { "\"double\"", "{\"f\":-0}", "0000000000000080" },
    { "\"double\"", "{\"f\":1e300}", "9c7500883ce4377e" },
    { "\"double\"", "{\"f\":123456789012345678901234567890}", "3e376cff90eef845" },
    { "\"string\"", "{\"f\":\"\"}", "00" },
    { "\"string\"", "{\"f\":\"foo\"}", "06666f6f" },
    { "\"string\"", "{\"f\":\"a\\nb\\u00e9\"}", "0a610a62c3a9" },
    { "\"bytes\"", "{\"f\":\"caf\xc3\xa9\"}", "0a636166c3a9" },
    { "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "{\"f\":\"ab\"}", "6162" },
    { "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "{\"f\":\"aBcD\"}", "abcd" },
    { "{\"type\":\"fixed\",\"name\":\"F\",\"size\":0}", "{\"f\":\"\"}", "" },
    { "{\"type\":\"fixed\",\"name\":\"F\",\"size\":16,\"logicalType\":\"uuid\"}",
      "{\"f\":\"00112233-4455-6677-8899-aabbccddeeff\"}", "00112233445566778899aabbccddeeff" },
    { "{\"type\":\"string\",\"logicalType\":\"uuid\"}",
      "{\"f\":\"00112233-4455-6677-8899-aabbccddeeff\"}",
      "4830303131323233332d343435352d363637372d383839392d616162626363646465656666" },
    { "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a\",\"b\",\"c\"]}", "{\"f\":\"c\"}", "04" },
    { "{\"type\":\"array\",\"items\":\"long\"}", "{\"f\":[3, 27]}", "04063600" },
    { "{\"type\":\"array\",\"items\":\"long\"}", "{\"f\":[]}", "00" },
    { "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"string\"}}",
      "{\"f\":[[\"a\"],[ ]]}",
      "040202610000"
      "00" },
    { "{\"type\":\"map\",\"values\":\"int\"}", "{\"f\":{\"a\":1, \"\\u00e9\":2}}",
      "0402610204c3a90400" },
    { "{\"type\":\"map\",\"values\":\"int\"}", "{\"f\":{ }}", "00" },
    { "[\"null\",\"string\"]", "{\"f\":null}", "00" },
    { "[\"null\",\"string\"]", "{}", "00" },
    { "[\"null\",\"string\"]", "{\"f\":\"a\"}", "020261" },
    { "[\"string\",\"null\"]", "{}", "02" },
    { "[\"int\",\"long\",\"string\",\"boolean\"]", "{\"f\":5000000000}", "0280c8afa025" },
    { "[\"int\",\"long\",\"string\",\"boolean\"]", "{\"f\":true}", "0601" },
    { "[\"long\",\"double\"]", "{\"f\":0.5}", "02000000000000e03f" },
    { "[{\"type\":\"map\",\"values\":\"long\"},{\"type\":\"map\",\"values\":\"string\"}]", "",
      NULL },
    { "{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"},{\"name\":\"y\",\"type\":"
      "\"string\",\"default\":\"d\"}]}",
      "{\"f\":{\"x\":1}}", "020264" },
    { "{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"},{\"name\":\"y\",\"type\":"
      "\"string\",\"aliases\":[\"why\"]}]}",
      "{\"f\":{\"wh\\u0079\":\"z\",\"x\":-1}}", "01027a" },
    { "{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"v\",\"type\":\"int\"},{\"name\":\"next\",\"type\":"
      "[\"null\",\"N\"]}]}",
      "{\"f\":{\"v\":1,\"next\":{\"v\":2,\"next\":{\"next\":null,\"v\":3}}}}", "020204020600" },
    { "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}",
      "{\"f\":\"1970-01-01T00:00:01.5Z\"}", "b817" },
    { "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}", "{\"f\":7}", "0e" },
    { "{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}",
      "{\"f\":\"1969-12-31T23:59:59.999999999Z\"}", "01" },
    { "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}",
      "{\"f\":\"1969-12-31T23:59:59.9995Z\"}", "01" },
    { "{\"type\":\"int\",\"logicalType\":\"date\"}", "{\"f\":1}", "02" },
    { "{\"type\":\"long\",\"logicalType\":\"of-somebody\"}", "{\"f\":1}", "02" },
    { "{\"type\":{\"type\":\"string\"}}", "{\"f\":\"a\"}", "0261" },
};

START_TEST(values_of_every_type)
{
    if (values[_i].want)
        expect(values[_i].line, of(values[_i].type), NULL, values[_i].want);
}
END_TEST

static const struct {
    const char *type, *line, *want;
} misfits[] = {
    { "\"int\"", "{}", "f: it is missing, and has no default: expected int" },
    { "\"int\"", "{\"f\":null}", "f: expected int, found null" },
    { "\"int\"", "{\"f\":\"1\"}", "f: expected int, found text" },
    { "\"int\"", "{\"f\":1.0}",
      "f: expected int, found a number with a fraction or exponent, or of many digits" },
    { "\"int\"", "{\"f\":2147483648}", "f: expected int, found a number out of its range" },
    { "\"long\"", "{\"f\":9223372036854775808}",
      "f: expected long, found a number with a fraction or exponent, or of many digits" },
    { "\"float\"", "{\"f\":1e39}", "f: expected float, found a number out of its range" },
    { "\"double\"", "{\"f\":1e309}", "f: expected double, found a number out of its range" },
    { "\"double\"", "{\"f\":\"1\"}", "f: expected double, found text" },
    { "\"boolean\"", "{\"f\":1}", "f: expected boolean, found an integer" },
    { "\"string\"", "{\"f\":1}", "f: expected string, found an integer" },
    { "\"string\"", "{\"f\":[1]}", "f: expected string, found an array" },
    { "\"bytes\"", "{\"f\":{}}", "f: expected bytes, found an object" },
    { "\"null\"", "{\"f\":true}", "f: expected null, found true or false" },
    { "{\"type\":\"fixed\",\"name\":\"a.F\",\"size\":2}", "{\"f\":\"abc\"}",
      "f: expected fixed a.F, found text of another size" },
    { "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "{\"f\":\"abcx\"}",
      "f: expected fixed F, found text of another size" },
    { "{\"type\":\"enum\",\"name\":\"E\",\"namespace\":\"x.y\",\"symbols\":[\"a\"]}",
      "{\"f\":\"A\"}", "f: expected enum x.y.E, found text that is none of its symbols" },
    { "{\"type\":\"string\",\"logicalType\":\"uuid\"}", "{\"f\":\"0011\"}",
      "f: expected string (uuid), found text that is no UUID" },
    { "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", "{\"f\":\"yesterday\"}",
      "f: expected long (timestamp-millis), found text that is no time as RFC 3339 has it" },
    { "{\"type\":\"array\",\"items\":\"long\"}", "{\"f\":[1,{},2]}",
      "f[1]: expected long, found an object" },
    { "{\"type\":\"array\",\"items\":\"long\"}", "{\"f\":{}}",
      "f: expected array, found an object" },
    { "{\"type\":\"map\",\"values\":{\"type\":\"array\",\"items\":\"int\"}}",
      "{\"f\":{\"a b\":[1,2,3000000000]}}",
      "f.a?b[2]: expected int, found a number out of its range" },
    { "[\"null\",\"int\"]", "{\"f\":3000000000}",
      "f: expected int, found a number out of its range" },
    { "[\"null\",\"int\",\"string\"]", "{\"f\":true}",
      "f: expected null, int or string, found true or false" },
    { "[\"int\",\"string\"]", "{\"f\":null}", "f: expected int or string, found null" },
    { "{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"x\",\"type\":[\"null\",{\"type\":\"array\",\"items\":"
      "\"boolean\"}]}]}",
      "{\"f\":{\"x\":[true,null]}}", "f.x[1]: expected boolean, found null" },
    { "{\"type\":\"record\",\"name\":\"N\",\"fields\":[]}", "{\"f\":{\"new\":1}}",
      "f.new: the schema has no such field" },
    { "{\"type\":\"record\",\"name\":\"N\",\"fields\":[]}", "{\"f\":[]}",
      "f: expected record N, found an array" },
    { "\"int\"", "{\"f\":1,\"g.h\":2}", "g.h: the schema has no such field" },
};

START_TEST(records_that_do_not_fit)
{
    char want[512];
    snprintf(want, sizeof(want), "!does not fit the schema: %s", misfits[_i].want);
    expect(misfits[_i].line, of(misfits[_i].type), NULL, want);
}
END_TEST

/* ---- defaults --------------------------------------------------------------------------------------------- */

static const struct {
    const char *field, *want; /* NULL: the schema is refused */
} defaults[] = {
    { "\"type\":\"int\",\"default\":-2", "03" },
    { "\"type\":\"double\",\"default\":1", "000000000000f03f" },
    { "\"type\":\"string\",\"default\":\"a\\u00e9\\\"\"", "0861c3a922" },
    { "\"type\":\"bytes\",\"default\":\"\\u00ff\\u0000A\"",
      NULL }, /* NUL is refused by the reader of JSON */
    { "\"type\":\"bytes\",\"default\":\"\\u00ff\\u0001A\"", "06ff0141" },
    { "\"type\":\"bytes\",\"default\":\"\\u0100\"", NULL },
    { "\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},\"default\":\"\\u00ff\"", "ff" },
    { "\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},\"default\":\"ff\"", NULL },
    { "\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a\",\"b\"]},\"default\":\"b\"",
      "02" },
    { "\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a\",\"b\"]},\"default\":\"c\"",
      NULL },
    { "\"type\":[\"null\",\"int\"],\"default\":null", "00" },
    { "\"type\":[\"int\",\"null\"],\"default\":1", "0002" },
    { "\"type\":{\"type\":\"array\",\"items\":\"int\"},\"default\":[1]", "020200" },
    { "\"type\":{\"type\":\"map\",\"values\":\"string\"},\"default\":{\"a\":\"b\"}",
      "020261026200" },
    { "\"type\":{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"x\",\"type\":\"int\",\"default\":5}]},"
      "\"default\":{}",
      "0a" },
    { "\"type\":{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"}]},\"default\":{}",
      NULL },
    { "\"type\":{\"type\":\"record\",\"name\":\"N\",\"fields\":[{\"name\":\"x\",\"type\":\"N\",\"default\":{}}]},"
      "\"default\":{}",
      NULL },
    { "\"type\":\"int\",\"default\":\"1\"", NULL },
    { "\"type\":\"int\",\"default\":null", NULL },
    { "\"type\":\"int\",\"default\":3000000000", NULL },
};

START_TEST(defaults_are_written)
{
    char schema[1024];
    snprintf(schema, sizeof(schema),
             "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",%s}]}",
             defaults[_i].field);
    if (defaults[_i].want) {
        expect("{}", schema, NULL, defaults[_i].want);
        return;
    }
    struct weir_encoder *encoder = avro_codec(OPTIONS("convert", "true"));
    ck_assert_int_lt(use(encoder, schema, WEIR_STR_NONE), 0);
    ck_assert_msg(strstr(err.text, "the schema is not"), "%s", err.text);
    encoder_free(encoder);
}
END_TEST

/* ---- schemas that are none ------------------------------------------------------------------------------------ */

static const struct {
    const char *schema, *why;
} bad_schemas[] = {
    { "", "is not JSON" },
    { "{\"type\":\"record\",\"type\":\"record\"}", "is not JSON" },
    { "\"string\"", "is not JSON" },
    { "[\"null\"]", "the outermost type must be one" },
    { "{\"type\":\"string\"}", "the outermost type must be one" },
    { "{\"type\":\"record\",\"fields\":[]}", "has a type without a name" },
    { "{\"type\":\"record\",\"name\":\"1\",\"fields\":[]}", "has a type without a name" },
    { "{\"type\":\"record\",\"name\":\"R\"}", "without \"fields\"" },
    { "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{}]}", "a field without a name" },
    { "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\"}]}",
      "field \"a\" has no type" },
    { "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"in\"}]}",
      "field \"a\" has the type \"in\", which is not defined before it" },
    { "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"a\",\"type\":"
      "\"int\"}]}",
      "is called \"a\", as another one" },
    { "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"fixed\",\"name\":\"R\","
      "\"size\":1}}]}",
      "defines \"R\" a second time" },
    { "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"record\",\"name\":\"N\","
      "\"fields\":[{\"name\":\"b\",\"type\":[\"int\",[\"null\"]]}]}}]}",
      "field \"a.b\" is a union in a union" },
};

static const struct {
    const char *type, *why;
} bad_types[] = {
    { "1", "has a type that is none" },
    { "{}", "has a type that is none" },
    { "[]", "is a union without branches" },
    { "[\"int\",\"null\",\"int\"]", "two branches of the type \"int\"" },
    { "{\"type\":\"array\"}", "an array without \"items\"" },
    { "{\"type\":\"map\"}", "a map without \"values\"" },
    { "{\"type\":\"fixed\",\"name\":\"F\"}", "a size that is none" },
    { "{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "a size that is none" },
    { "{\"type\":\"enum\",\"name\":\"E\"}", "an enum without symbols" },
    { "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a\",\"a\"]}", "the symbol \"a\" twice" },
    { "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a b\"]}", "a symbol that is no name" },
    { "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":4}", "is a decimal" },
};

START_TEST(schemas_that_are_refused)
{
    struct weir_encoder *encoder = avro_codec(NULL);
    const size_t whole = sizeof(bad_schemas) / sizeof(bad_schemas[0]);
    const bool type = (size_t)_i >= whole;
    const char *why = type ? bad_types[(size_t)_i - whole].why : bad_schemas[_i].why;
    ck_assert_int_lt(use(encoder,
                         type ? of(bad_types[(size_t)_i - whole].type) : bad_schemas[_i].schema,
                         WEIR_STR_NONE),
                     0);
    ck_assert_msg(strstr(err.text, why), "\"%s\" is not in: %s", why, err.text);
    ck_assert(!type || strstr(err.text, "field \"f\""));
    encoder_free(encoder);
}
END_TEST

START_TEST(a_schema_that_is_nested_without_end_is_refused)
{
    char type[4096] = "";
    for (int i = 0; i < 100; i++)
        strcat(type, "{\"type\":\"array\",\"items\":");
    strcat(type, "\"int\"");
    for (int i = 0; i < 100; i++)
        strcat(type, "}");
    char schema[8192];
    snprintf(schema, sizeof(schema),
             "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":%s}]}",
             type);
    struct weir_encoder *encoder = avro_codec(NULL);
    ck_assert_int_lt(use(encoder, schema, WEIR_STR_NONE), 0);
    ck_assert_msg(strstr(err.text, "nested too deep"), "%s", err.text);
    encoder_free(encoder);
}
END_TEST

/* ---- which data goes where ------------------------------------------------------------------------------------- */

#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":" type "}"
#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"

START_TEST(fields_are_found_by_their_names)
{
    expect("{\"b\":2,\"a\":1}", RECORD(FIELD("a", "\"int\"") "," FIELD("b", "\"int\"")), NULL,
           "0204");
    expect("{\"\\u0061\":1}", RECORD(FIELD("a", "\"int\"")), NULL, "02");
    expect("{\"host.name\":1,\"x-y\":2}",
           RECORD(FIELD("host_name", "\"int\"") "," FIELD("x_y", "\"int\"")), NULL, "0204");
    expect("{\"old\":1}", RECORD("{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"old\"]}"), NULL,
           "02");
    expect("{\"old\":1,\"a\":2}", RECORD("{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"old\"]}"),
           OPTIONS("unknown", "drop"), "04"); /* the own name is stronger, */
    expect(
        "{\"a\":2,\"old\":1}", RECORD("{\"name\":\"a\",\"type\":\"int\",\"aliases\":[\"old\"]}"),
        NULL,
        "!does not fit the schema: old: the schema has no such field"); /* and the other is one too much */
    expect("{\"x y\":1}", RECORD(FIELD("a", "\"int\"")), OPTIONS("fields", "a=x y"), "02");
    expect("{\"a\":1}", RECORD(FIELD("a", "\"int\"")), OPTIONS("fields", "a=b"),
           "!does not fit the schema: a: the schema has no such field");
}
END_TEST

START_TEST(what_the_schema_does_not_have)
{
    static const char strings[] =
        RECORD(FIELD("a", "\"int\"") "," FIELD("m", "{\"type\":\"map\",\"values\":\"string\"}"));
    static const char mixed[] = RECORD(FIELD("a", "\"int\"") "," FIELD(
        "m", "[\"null\",{\"type\":\"map\",\"values\":[\"null\",\"long\",\"string\"]}]"));
    expect("{\"a\":1,\"x\":2,\"y\":3}", RECORD(FIELD("a", "\"int\"")), OPTIONS("unknown", "drop"),
           "02");
    expect("{\"a\":1}", strings, OPTIONS("rest", "m"), "0200");
    expect("{\"a\":1,\"x\":\"y\"}", strings, OPTIONS("rest", "m"),
           "02"
           "02"
           "0278"
           "0279"
           "00");
    expect("{\"a\":1,\"x\":[7],\"y\":null}", strings, OPTIONS("rest", "m"),
           "02"
           "04"
           "0278"
           "065b375d"
           "0279"
           "086e756c6c"
           "00");
    expect("{\"a\":1,\"m\":{\"p\":\"q\"},\"x\":true}", strings, OPTIONS("rest", "m"),
           "02"
           "02"
           "0270"
           "0271"
           "02"
           "0278"
           "0874727565"
           "00");
    expect("{\"a\":1,\"m\":{\"p\":1}}", strings, OPTIONS("rest", "m"),
           "!does not fit the schema: m.p: expected string, found an integer");
    expect("{\"a\":1,\"x\":7,\"y\":null,\"z\":1.5}", mixed, OPTIONS("rest", "m"),
           "02"
           "02"
           "06"
           "0278"
           "020e"
           "0279"
           "00"
           "027a"
           "0406312e35"
           "00");
    expect("{\"a\":1}", mixed, OPTIONS("rest", "m"), "020200");
    expect("{\"a\":1,\"m\":null}", mixed, OPTIONS("rest", "m"), "0200");
}
END_TEST

START_TEST(what_is_left_out_is_counted)
{
    struct batch *batch = make_batch("{\"a\":1,\"x\":2,\"f\":{\"y\":1}}\n", 0);
    char got[256];
    made_batch_parse_json(batch);
    struct weir_encoder *encoder = avro_codec(OPTIONS("unknown", "drop"));
    ck_assert_int_eq(
        use(encoder,
            RECORD(FIELD(
                "f", "[\"int\",{\"type\":\"record\",\"name\":\"A\",\"fields\":[" FIELD(
                         "z", "\"int\"") "]},{\"type\":\"record\",\"name\":\"B\",\"fields\":[]}]")),
            WEIR_STR_NONE),
        0);
    encode(encoder, batch, got);
    ck_assert_str_eq(got, "04");
    ck_assert_uint_eq(weir_encoder_left_out(encoder),
                      3); /* a branch that did not fit does not count */
    encoder_free(encoder);
    made_batch_free(batch);
}
END_TEST

START_TEST(options_that_the_schema_has_no_place_for)
{
    static const char schema[] = RECORD(FIELD("a", "\"int\""));
    struct weir_encoder *encoder = avro_codec(OPTIONS("rest", "m"));
    ck_assert_int_lt(use(encoder, schema, WEIR_STR_NONE), 0);
    ck_assert_ptr_nonnull(strstr(err.text, "\"rest\" names \"m\", which the schema does not have"));
    encoder_free(encoder);
    encoder = avro_codec(OPTIONS("rest", "a"));
    ck_assert_int_lt(use(encoder, schema, WEIR_STR_NONE), 0);
    ck_assert_ptr_nonnull(strstr(err.text, "which is no map"));
    encoder_free(encoder);
    encoder = avro_codec(OPTIONS("fields", "b=a"));
    ck_assert_int_lt(use(encoder, schema, WEIR_STR_NONE), 0);
    ck_assert_ptr_nonnull(strstr(err.text, "\"fields\" names \"b\""));
    encoder_free(encoder);
}
END_TEST

START_TEST(text_is_converted_where_that_was_asked_for)
{
    const char *const *convert = OPTIONS("convert", "true");
    expect("{\"f\":\"-1\"}", of("\"int\""), convert, "01");
    expect("{\"f\":\"3000000000\"}", of("\"int\""), convert,
           "!does not fit the schema: f: expected int, found a number out of its range");
    expect("{\"f\":\"1.5\"}", of("\"double\""), convert, "000000000000f83f");
    expect("{\"f\":\"true\"}", of("\"boolean\""), convert, "01");
    expect("{\"f\":\"yes\"}", of("\"boolean\""), convert,
           "!does not fit the schema: f: expected boolean, found text");
    expect("{\"f\":1.50}", of("\"string\""), convert, "08312e3530");
    expect("{\"f\":null}", of("\"string\""), convert,
           "!does not fit the schema: f: expected string, found null");
}
END_TEST

START_TEST(text_must_be_utf8)
{
    struct batch *batch = make_batch("\xff\xfe\n", 0);
    expect_batch(
        batch, RECORD(FIELD("message", "\"string\"")), NULL,
        "!does not fit the schema: message: expected string, found text that is not UTF-8");
    expect_batch(batch, RECORD(FIELD("message", "\"bytes\"")), NULL, "04fffe");
    made_batch_free(batch);
}
END_TEST

static const struct {
    const char *name, *type, *want; /* '!': it does not fit */
} builtins[] = {
    { "time", "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}", "d00f" },
    { "time", "{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}", "d0b7d6b907" },
    { "time", "\"long\"", "d00f" },
    { "time", "\"string\"", "36313937302d30312d30315430303a30303a30312e3030303030315a" },
    { "time", "\"double\"", "!" },
    { "severity", "\"int\"", "1a" },
    { "severity", "[\"null\",\"long\"]", "021a" },
    { "severity", "\"string\"", "085741524e" },
    { "severity", "{\"type\":\"enum\",\"name\":\"S\",\"symbols\":[\"INFO\",\"WARN\"]}", "02" },
    { "severity", "{\"type\":\"enum\",\"name\":\"S\",\"symbols\":[\"INFO\"]}", "!" },
    { "severity", "{\"type\":\"fixed\",\"name\":\"S\",\"size\":1}", "!" },
    { "trace_id", "\"string\"",
      "403031303230333034303530363037303830393061306230633064306530663130" },
    { "trace_id", "\"bytes\"",
      "20"
      "0102030405060708090a0b0c0d0e0f10" },
    { "trace_id", "{\"type\":\"fixed\",\"name\":\"T\",\"size\":16}",
      "0102030405060708090a0b0c0d0e0f10" },
    { "trace_id", "{\"type\":\"fixed\",\"name\":\"T\",\"size\":8}", "!" },
    { "trace_id", "\"long\"", "!" },
    { "span_id", "{\"type\":\"fixed\",\"name\":\"T\",\"size\":8}", "1112131415161718" },
    { "trace_flags", "\"int\"", "02" },
    { "trace_flags", "\"string\"", "043031" },
    { "clock", "\"long\"", "9a01" },
    { "clock", "\"string\"", "2030303030303030303030303030303464" },
    { "observed_time", "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}",
      "8089aaece4faa506" },
};

START_TEST(what_is_known_beside_the_fields)
{
    static struct weir_trace trace = {
        .trace_id = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
        .span_id = { 17, 18, 19, 20, 21, 22, 23, 24 },
        .trace_flags = 1,
    };
    char schema[512], got[512];
    struct batch *batch = make_batch("{}\n", 0);
    made_batch_parse_json(batch);
    batch->pub.records[0].event_time = 1000001000;
    batch->pub.records[0].severity = 13;
    batch->pub.records[0].trace = &trace;
    snprintf(schema, sizeof(schema), RECORD("{\"name\":\"%s\",\"type\":%s}"), builtins[_i].name,
             builtins[_i].type);
    struct weir_encoder *encoder = avro_codec(NULL);
    ck_assert_msg(use(encoder, schema, WEIR_STR_NONE) == 0, "%s", err.text);
    encode(encoder, batch, got);
    if (builtins[_i].want[0] == '!')
        ck_assert_msg(got[0] == '!', "%s", got);
    else
        ck_assert_str_eq(got, builtins[_i].want);
    encoder_free(encoder);
    made_batch_free(batch);
}
END_TEST

START_TEST(the_record_s_id)
{
    struct batch *batch = make_batch("{}\n", 0);
    char plain[128], uuid[160], want[160] = "48";
    struct weir_encoder *encoder = avro_codec(NULL);
    made_batch_parse_json(batch);
    ck_assert_int_eq(use(encoder, RECORD(FIELD("record_id", "\"bytes\"")), WEIR_STR_NONE), 0);
    encode(encoder, batch, plain);
    ck_assert_uint_eq(strlen(plain), 2 + 32);
    for (int i = 0; i < 32; i++)
        sprintf(want + strlen(want), "%s%02x", i == 8 || i == 12 || i == 16 || i == 20 ? "2d" : "",
                (unsigned char)plain[2 + i]);
    ck_assert_int_eq(
        use(encoder, RECORD(FIELD("record_id", "{\"type\":\"string\",\"logicalType\":\"uuid\"}")),
            WEIR_STR_NONE),
        0);
    encode(encoder, batch, uuid);
    ck_assert_str_eq(uuid, want);
    encoder_free(encoder);
    made_batch_free(batch);
}
END_TEST

START_TEST(what_is_not_known)
{
    static const char time[] =
        RECORD(FIELD("time", "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"));
    expect("{}", time, NULL, "8089aaece4faa506"); /* when it was read */
    expect("{}", RECORD("{\"name\":\"time\",\"type\":\"long\",\"default\":0}"), NULL, "00");
    expect("{}", RECORD(FIELD("time", "[\"null\",\"long\"]")), NULL, "00");
    expect("{\"time\":5}", time, NULL, "0a"); /* a field wins */
    expect("{}", RECORD(FIELD("severity", "\"int\"")), NULL,
           "!does not fit the schema: severity: it is missing, and has no default: expected int");
    expect("{}", RECORD(FIELD("trace_id", "[\"null\",\"bytes\"]")), NULL, "00");
    expect("{}", RECORD(FIELD("time", "\"long\"")), OPTIONS("time_key", ""),
           "!does not fit the schema: time: it is missing, and has no default: expected long");
    expect("{}", RECORD(FIELD("t", "\"long\"")),
           OPTIONS("observed_time_key", "t", "time_unit", "s"), "80869c9a0d");
}
END_TEST

START_TEST(what_is_known_of_the_source)
{
    struct batch *batch = make_batch("{\"a\":1}\n{\"a\":2}\n", 0);
    static const char schema[] = RECORD(FIELD("a", "\"int\"") "," FIELD(
        "log_file_path", "\"string\"") "," FIELD("log_file_offset", "\"long\""));
    made_batch_describe(batch, "\"log.file.path\":\"/a\",\"other\":\"x\"", "log.file.offset");
    made_batch_parse_json(batch);
    expect_batch(batch, schema, NULL, "02042f61d00f");
    made_batch_free(batch);
}
END_TEST

/* ---- as a codec --------------------------------------------------------------------------------------------------- */

START_TEST(records_are_whole_or_not_there)
{
    struct batch *batch = make_batch("{\"f\":\"abc\"}\n{\"f\":1}\n{\"f\":\"defg\"}\n", 0);
    made_batch_parse_json(batch);
    struct weir_slice slice = made_batch_slice(batch);
    struct weir_encoder *encoder = avro_codec(NULL);
    struct weir_bytes out = { .max = 4096 };
    ck_assert_uint_eq(weir_encode(encoder, &slice, 0, &out, SIZE_MAX), 0); /* no schema yet */
    ck_assert_uint_gt(out.refused.len, 0);
    ck_assert_int_eq(use(encoder, of("\"string\""), WEIR_STR("\x07")), 0);
    ck_assert_uint_eq(weir_encode(encoder, &slice, 0, &out, SIZE_MAX), 1);
    ck_assert_uint_eq(out.refused.len, 0);
    ck_assert_uint_eq(out.len, 5);
    ck_assert_uint_eq(weir_encode(encoder, &slice, 1, &out, SIZE_MAX), 1);
    ck_assert_uint_gt(out.refused.len, 0);
    ck_assert_uint_eq(out.len, 5);
    for (size_t max = 0; max < 6; max++) {
        struct weir_bytes small = { .max = max };
        ck_assert_uint_eq(weir_encode(encoder, &slice, 2, &small, SIZE_MAX), 2);
        ck_assert_uint_eq(small.len + small.refused.len, 0);
        ck_assert(!small.starved);
        weir_bytes_free(&small);
    }
    weir_bytes_free(&out);
    encoder_free(encoder);
    made_batch_free(batch);
}
END_TEST

START_TEST(another_schema_takes_over_and_a_bad_one_does_not)
{
    struct batch *batch = make_batch("{\"f\":1}\n", 0);
    char got[64];
    made_batch_parse_json(batch);
    struct weir_encoder *encoder = avro_codec(NULL);
    ck_assert_int_eq(use(encoder, of("\"int\""), WEIR_STR_NONE), 0);
    encode(encoder, batch, got);
    ck_assert_str_eq(got, "02");
    ck_assert_int_lt(use(encoder, of("\"nothing\""), WEIR_STR("\x01")), 0);
    encode(encoder, batch, got);
    ck_assert_str_eq(got, "02");
    ck_assert_int_eq(use(encoder, of("[\"null\",\"int\"]"), WEIR_STR("\x01")), 0);
    encode(encoder, batch, got);
    ck_assert_str_eq(got, "010202");
    encoder_free(encoder);
    made_batch_free(batch);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))

int main(void)
{
    TCase *tc = tcase_create("avro");
    tcase_add_test(tc, a_log_record_with_its_schema_s_id);
    tcase_add_loop_test(tc, values_of_every_type, 0, COUNT(values));
    tcase_add_loop_test(tc, records_that_do_not_fit, 0, COUNT(misfits));
    tcase_add_loop_test(tc, defaults_are_written, 0, COUNT(defaults));
    tcase_add_loop_test(tc, schemas_that_are_refused, 0, COUNT(bad_schemas) + COUNT(bad_types));
    tcase_add_test(tc, a_schema_that_is_nested_without_end_is_refused);
    tcase_add_test(tc, fields_are_found_by_their_names);
    tcase_add_test(tc, what_the_schema_does_not_have);
    tcase_add_test(tc, what_is_left_out_is_counted);
    tcase_add_test(tc, options_that_the_schema_has_no_place_for);
    tcase_add_test(tc, text_is_converted_where_that_was_asked_for);
    tcase_add_test(tc, text_must_be_utf8);
    tcase_add_loop_test(tc, what_is_known_beside_the_fields, 0, COUNT(builtins));
    tcase_add_test(tc, the_record_s_id);
    tcase_add_test(tc, what_is_not_known);
    tcase_add_test(tc, what_is_known_of_the_source);
    tcase_add_test(tc, records_are_whole_or_not_there);
    tcase_add_test(tc, another_schema_takes_over_and_a_bad_one_does_not);
    Suite *suite = suite_create("codecs/avro");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
