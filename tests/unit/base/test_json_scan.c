/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_scan.h"

#include "base/json_index.h"
#include "base/simd.h"
#include "json_oracle.h"

#include <check.h>
#include <stdlib.h>

#include "support/check_main.h"

enum { FIELDS = 32 };

/* A text as a scanner may meet it: exactly as long as it is, and padding that lies. */
static char *padded(const char *text, size_t len, char padding)
{
    char *data = malloc(len + WEIR_BATCH_PADDING);
    memcpy(data, text, len);
    memset(data + len, padding, WEIR_BATCH_PADDING);
    return data;
}

/* Scans with every version, holds the answers against each other, returns that of the last. */
static int scan_all(const char *data, size_t len, struct weir_field *fields, uint32_t room,
                    struct weir_json *ret)
{
    const struct simd *simd;
    int first = 0;
    for (size_t v = 0; (simd = simd_list(v)); v++) {
        struct weir_field own[FIELDS * 2];
        struct weir_json json = { .offset = 0 };
        memset(own, 0, sizeof(own));
        ck_assert_uint_le(room, FIELDS * 2);
        int n = json_scan_object(simd, data, len, own, room, &json);
        if (v == 0) {
            first = n;
            *ret = json;
            memcpy(fields, own, room * sizeof(*fields));
            continue;
        }
        ck_assert_msg(n == first, "%s answers %d to %.*s", simd->name, n, (int)len, data);
        if (n == WEIR_JSON_BAD) {
            ck_assert_uint_eq(json.offset, ret->offset);
            ck_assert_str_eq(json.reason, ret->reason);
        }
        if (n < 0)
            continue;
        ck_assert_int_eq(json.repeats, ret->repeats);
        ck_assert_mem_eq(own, fields, (size_t)n * sizeof(*own));
    }
    return first;
}

START_TEST(members_come_out_as_views)
{
    static const char text[] =
        " {\"s\":\"plain\", \"e\":\"a\\n\\u00e9\",\"n\\/m\":-12 ,\"f\":1.5e3,\"z\":null,\"t\":true,\"u\":false,"
        "\"o\":{\"a\":[1,{}]},\"r\" : [ ] ,\"\":\"\",\"utf\":\"\xc3\xa9\"}\t";
    static const struct {
        const char *name, *value;
        uint8_t type, flags;
    } want[] = {
        { "s", "plain", WEIR_VALUE_STRING, WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN },
        { "e", "a\\n\\u00e9", WEIR_VALUE_STRING, WEIR_NAME_CLEAN | WEIR_VALUE_ESCAPED },
        { "n\\/m", "-12", WEIR_VALUE_INT, WEIR_NAME_ESCAPED | WEIR_VALUE_CLEAN },
        { "f", "1.5e3", WEIR_VALUE_FLOAT, WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN },
        { "z", "null", WEIR_VALUE_NULL, WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN },
        { "t", "true", WEIR_VALUE_BOOL, WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN },
        { "u", "false", WEIR_VALUE_BOOL, WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN },
        { "o", "{\"a\":[1,{}]}", WEIR_VALUE_JSON, WEIR_NAME_CLEAN },
        { "r", "[ ]", WEIR_VALUE_JSON, WEIR_NAME_CLEAN },
        { "", "", WEIR_VALUE_STRING, WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN },
        { "utf", "\xc3\xa9", WEIR_VALUE_STRING, WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN },
    };
    enum { COUNT = sizeof(want) / sizeof(want[0]) };
    char *data = padded(text, sizeof(text) - 1, '"');
    struct weir_field fields[FIELDS];
    struct weir_json json;
    ck_assert_int_eq(scan_all(data, sizeof(text) - 1, fields, FIELDS, &json), COUNT);
    ck_assert_ptr_eq(json.object.ptr, data + 1);
    ck_assert_uint_eq(json.object.len, sizeof(text) - 3);
    ck_assert(!json.repeats);
    for (int i = 0; i < COUNT; i++) {
        ck_assert(weir_str_eq((struct weir_str){ fields[i].name, fields[i].name_len },
                              weir_str_of(want[i].name)));
        ck_assert_msg(weir_str_eq((struct weir_str){ fields[i].value, fields[i].value_len },
                                  weir_str_of(want[i].value)),
                      "%s", want[i].name);
        ck_assert_int_eq(fields[i].type, want[i].type);
        ck_assert_int_eq(fields[i].flags, want[i].flags);
    }
    for (uint32_t room = 0; room < COUNT; room++)
        ck_assert_int_eq(scan_all(data, sizeof(text) - 1, fields, room, &json), WEIR_JSON_MORE);
    ck_assert_int_eq(scan_all(data, sizeof(text) - 1, fields, COUNT, &json), COUNT);
    free(data);
}
END_TEST

START_TEST(what_is_wrong_and_where)
{
    static const char end[] = "unexpected end of the text", value[] = "expected a value",
                      name[] = "expected a name in quotes", number[] = "invalid number",
                      escape[] = "invalid escape in a string",
                      more[] = "expected nothing more after the value",
                      control[] = "control character in a string", utf8[] = "invalid UTF-8",
                      member[] = "expected ',' or '}'", element[] = "expected ',' or ']'";
    static const struct {
        const char *text;
        size_t offset;
        const char *reason;
    } cases[] = {
        { "", 0, end },
        { "  ", 2, end },
        { "{", 1, end },
        { "{}x", 2, more },
        { "{} {}", 3, more },
        { "{,}", 1, name },
        { "{\"a\"}", 4, "expected ':' after a name" },
        { "{\"a\":}", 5, value },
        { "{\"a\":1,}", 7, name },
        { "{\"a\":1 2}", 7, member },
        { "{\"a\":1\"b\"}", 6, member },
        { "{\"a\":\"b", 7, end },
        { "{\"a\":tru}", 5, value },
        { "{\"a\":truex}", 5, value },
        { "{\"a\":nul", 5, value },
        { "{\"a\":True}", 5, value },
        { "{\"a\":01}", 5, number },
        { "{\"a\":-}", 5, number },
        { "{\"a\":1.}", 5, number },
        { "{\"a\":.5}", 5, value },
        { "{\"a\":+5}", 5, value },
        { "{\"a\":1e}", 5, number },
        { "{\"a\":1e+}", 5, number },
        { "{\"a\":0x1}", 5, number },
        { "{\"a\":1.5.2}", 5, number },
        { "{\"a\":\"\\x\"}", 6, escape },
        { "{\"a\":\"\\u12g4\"}", 6, escape },
        { "{\"a\":\"\\", 7, end },
        { "{\"a\":\"\\u12", 10, end },
        { "{\"a\":\"x\ty\"}", 7, control },
        { "{\"a\nb\":1}", 3, control },
        { "{\"a\":\"\xff\"}", 6, utf8 },
        { "{\"a\":\xc3\xa9}", 5, value },
        { "{\"a\":\"\xed\xa0\x80\"}", 6, utf8 },
        { "{'a':1}", 1, name },
        { "{\"a\":[1,]}", 8, value },
        { "{\"a\":[1}", 7, element },
        { "{\"a\":{\"b\":1]", 11, member },
        { "{\"a\":[", 6, end },
        { "{\"a\":{\"b\"", 9, end },
        { "[1,2", 4, end },
        { "\"abc", 4, end },
        { "-", 0, number },
        { "\\\"a\"", 0, value },
        { "{\"a\":1\f}", 5, number },
        { "{\"a\":\x1a}", 5, value },
        { "{\"a\"\x1a"
          "1}",
          4, "expected ':' after a name" },
        { "\xef\xbb\xbf{}", 0, value }, /* a byte order mark is not JSON */
    };
    static const char paddings[] = "\"}0]e:, {\\nl\x80";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = strlen(cases[i].text);
        for (size_t p = 0; p < sizeof(paddings); p++) {
            char *data = padded(cases[i].text, len, paddings[p]);
            struct weir_field fields[FIELDS];
            struct weir_json json;
            ck_assert_msg(scan_all(data, len, fields, FIELDS, &json) == WEIR_JSON_BAD, "%s",
                          cases[i].text);
            ck_assert_msg(json.offset == (strcmp(cases[i].reason, end) ? cases[i].offset : len) &&
                              (strcmp(json.reason, cases[i].reason) == 0),
                          "%s with padding %c: %zu, %s", cases[i].text, paddings[p], json.offset,
                          json.reason);
            free(data);
        }
    }
}
END_TEST

START_TEST(texts_that_are_no_object)
{
    static const char *const texts[] = { "null",    " true ",        "false",      "0",
                                         "-0",      "12.5E-3",       "\"a\\\"b\"", "[]",
                                         "[[],{}]", "[1 , \"x\"]\n", "\"\"" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (int padding = 0; padding < 128; padding++) {
            char *data = padded(texts[i], strlen(texts[i]), (char)padding);
            struct weir_field fields[FIELDS];
            struct weir_json json;
            ck_assert_msg(scan_all(data, strlen(texts[i]), fields, FIELDS, &json) ==
                              WEIR_JSON_OTHER,
                          "%s", texts[i]);
            free(data);
        }
    }
}
END_TEST

START_TEST(integers_that_fit_are_integers)
{
    static const struct {
        const char *text;
        int type;
    } cases[] = {
        { "0", WEIR_VALUE_INT },
        { "-0", WEIR_VALUE_INT },
        { "123456789012345678", WEIR_VALUE_INT },
        { "9223372036854775807", WEIR_VALUE_INT },
        { "9223372036854775808", WEIR_VALUE_FLOAT },
        { "-9223372036854775808", WEIR_VALUE_INT },
        { "-9223372036854775809", WEIR_VALUE_FLOAT },
        { "12345678901234567890", WEIR_VALUE_FLOAT },
        { "1.0", WEIR_VALUE_FLOAT },
        { "1e2", WEIR_VALUE_FLOAT },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"n\":%s}", cases[i].text);
        char *data = padded(text, strlen(text), '1');
        struct weir_field fields[FIELDS];
        struct weir_json json;
        ck_assert_int_eq(scan_all(data, strlen(text), fields, FIELDS, &json), 1);
        ck_assert_msg(fields[0].type == cases[i].type, "%s", text);
        free(data);
    }
}
END_TEST

START_TEST(limits_are_kept_exactly)
{
    char text[200];
    struct weir_field fields[FIELDS];
    struct weir_json json;
    for (int depth = WEIR_JSON_DEPTH_MAX - 1; depth <= WEIR_JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        char *data = padded(text, (size_t)depth * 2, ']');
        int n = scan_all(data, (size_t)depth * 2, fields, FIELDS, &json);
        ck_assert_int_eq(n, depth <= WEIR_JSON_DEPTH_MAX ? WEIR_JSON_OTHER : WEIR_JSON_BAD);
        if (n == WEIR_JSON_BAD)
            ck_assert_str_eq(json.reason, "nested too deeply");
        free(data);
    }
}
END_TEST

/* {"<name 0>":0,"<name 1>":1,...} */
static char *many_members(uint32_t count, size_t *ret_len)
{
    char *text = malloc(count * 24 + 80), *at = text;
    *at++ = '{';
    for (uint32_t i = 0; i < count; i++)
        at += sprintf(at, "%s\"member%u\":%u", i ? "," : "", i, i);
    *at++ = '}';
    *ret_len = (size_t)(at - text);
    memset(at, ' ', WEIR_BATCH_PADDING);
    return text;
}

START_TEST(more_members_than_are_indexed_ahead)
{
    static struct weir_field fields[WEIR_JSON_MEMBERS_MAX + 1];
    static const uint32_t counts[] = {
        15, 16, 17, 1000, WEIR_JSON_MEMBERS_MAX, WEIR_JSON_MEMBERS_MAX + 1
    };
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        size_t len;
        char *text = many_members(counts[i], &len);
        struct weir_json json;
        const struct simd *simd;
        for (size_t v = 0; (simd = simd_list(v)); v++) {
            int n = json_scan_object(simd, text, len, fields, WEIR_JSON_MEMBERS_MAX + 1, &json);
            if (counts[i] > WEIR_JSON_MEMBERS_MAX) {
                ck_assert_int_eq(n, WEIR_JSON_BAD);
                ck_assert_str_eq(json.reason, "too many members");
                continue;
            }
            ck_assert_int_eq(n, (int)counts[i]);
            ck_assert(!json.repeats);
            ck_assert_int_eq(atoi(fields[n - 1].value), n - 1);
        }
        free(text);
    }
}
END_TEST

START_TEST(a_name_that_comes_again_is_noticed_and_the_later_value_kept)
{
    static const struct {
        const char *text;
        bool repeats;
        const char *names, *values; /* after weir_json_drop_repeated() */
    } cases[] = {
        { "{\"a\":1,\"b\":2}", false, "a b", "1 2" },
        { "{\"a\":1,\"a\":2}", true, "a", "2" },
        { "{\"a\":1,\"b\":2,\"a\":3,\"c\":4,\"a\":5}", true, "a b c", "5 2 4" },
        { "{\"a\":1,\"\\u0061\":\"x\"}", true, "a", "x" },
        { "{\"\\u0061bcdefgh\":1,\"abcdefgh\":2}", true, "\\u0061bcdefgh", "2" },
        { "{\"\\u00e9\":1,\"\xc3\xa9\":2}", true, "\\u00e9", "2" },
        { "{\"\\n\":1,\"\\u000a\":2,\"n\":3}", true, "\\n n", "2 3" },
        { "{\"\":1,\"\":2}", true, "", "2" },
        { "{\"longer than eight\":1,\"longer than night\":2}", false,
          "longer than eight longer than night", "1 2" },
        { "{\"x\":{\"a\":1,\"a\":2}}", false, "x", "{\"a\":1,\"a\":2}" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *data = padded(cases[i].text, strlen(cases[i].text), 'a');
        struct weir_field fields[FIELDS];
        struct weir_json json;
        int n = scan_all(data, strlen(cases[i].text), fields, FIELDS, &json);
        ck_assert_int_gt(n, 0);
        ck_assert_msg(json.repeats == cases[i].repeats, "%s", cases[i].text);
        uint32_t left = weir_json_drop_repeated(fields, (uint32_t)n);
        ck_assert(json.repeats == (left < (uint32_t)n));
        char names[100] = "", values[100] = "";
        for (uint32_t f = 0; f < left; f++) {
            sprintf(names + strlen(names), "%s%.*s", f ? " " : "", fields[f].name_len,
                    fields[f].name);
            sprintf(values + strlen(values), "%s%.*s", f ? " " : "", (int)fields[f].value_len,
                    fields[f].value);
        }
        ck_assert_str_eq(names, cases[i].names);
        ck_assert_str_eq(values, cases[i].values);
        free(data);
    }
}
END_TEST

START_TEST(repeats_are_found_among_many)
{
    unsigned short seed[3] = { 11, 12, 13 };
    for (int round = 0; round < 300; round++) {
        char text[FIELDS * 40], *at = text;
        long count = 2 + nrand48(seed) % (FIELDS - 2), spread = round % 2 ? 1000000 : 60;
        bool repeats = false;
        long names[FIELDS];
        *at++ = '{';
        for (long i = 0; i < count; i++) {
            names[i] = nrand48(seed) % spread;
            for (long j = 0; j < i; j++)
                repeats |= names[i] == names[j];
            at += sprintf(at, "%s\"k%ld\":0", i ? "," : "", names[i]);
        }
        *at++ = '}';
        char *data = padded(text, (size_t)(at - text), 0);
        struct weir_field fields[FIELDS];
        struct weir_json json;
        ck_assert_int_eq(scan_all(data, (size_t)(at - text), fields, FIELDS, &json), count);
        ck_assert_int_eq(json.repeats, repeats);
        free(data);
    }
}
END_TEST

START_TEST(a_member_is_found_by_name)
{
    static const char text[] = "{ \"a\" : 1, \"b\\n\":\"x\\\"y\",\"c\":{\"d\":[1,2,{\"e\":\"}\"}]},"
                               "\"f\":-1.5,\"g\":null,\"h\":true,\"a\":2 , \"i\":[\"]\"] }";
    static const struct {
        const char *name, *value;
        uint8_t type;
    } cases[] = {
        { "a", "2", WEIR_VALUE_INT },
        { "b\n", "x\\\"y", WEIR_VALUE_STRING },
        { "f", "-1.5", WEIR_VALUE_FLOAT },
        { "c", "{\"d\":[1,2,{\"e\":\"}\"}]}", WEIR_VALUE_JSON },
        { "g", "null", WEIR_VALUE_NULL },
        { "h", "true", WEIR_VALUE_BOOL },
        { "d", NULL, 0 },
        { "i", "[\"]\"]", WEIR_VALUE_JSON },
        { "", NULL, 0 },
    };
    char *exact = malloc(sizeof(text) - 1);
    memcpy(exact, text, sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct weir_field field;
        bool found = weir_json_member((struct weir_str){ exact, sizeof(text) - 1 },
                                      weir_str_of(cases[i].name), &field);
        ck_assert_msg(found == (cases[i].value != NULL), "%s", cases[i].name);
        if (!found)
            continue;
        ck_assert(weir_str_eq((struct weir_str){ field.value, field.value_len },
                              weir_str_of(cases[i].value)));
        ck_assert_int_eq(field.type, cases[i].type);
    }
    free(exact);
    struct weir_field field;
    ck_assert(!weir_json_member(WEIR_STR("[1]"), WEIR_STR("a"), &field));
    ck_assert(!weir_json_member(WEIR_STR("{}"), WEIR_STR("a"), &field));
}
END_TEST

/* Texts grown from valid ones by small damages, at random: all versions must agree with each other
 * and with an independent parser. */
START_TEST(damaged_texts_are_judged_as_by_another_parser)
{
    static const char *const seeds[] = {
        "{\"ts\":\"2026-03-01T00:00:00Z\",\"level\":\"INFO\",\"n\":12.50e+1,\"o\":{\"a\":[true,null,{}]}}",
        "{\"msg\":\"path \\\"C:\\\\tmp\\\\x\\\" caf\xc3\xa9 \\u00fcber \\ud83d\\ude00\",\"k\" : -0.5 , \"l\":[ ]}",
        "[\"\\\\\\\\\\\"\", 1, {\"a\":{\"b\":{\"c\":\"\xe6\xbc\xa2\"}}}, false]",
    };
    static const char bytes[] = "\"\\{}[]:, \n\t0123456789eE+-.truefalsn/u\x01\x1f\x80\xc3\xa9\xff";
    unsigned short seed[3] = { 21, 22, 23 };
    int valid = 0, rounds = 30000;
    for (int round = 0; round < rounds; round++) {
        char text[600];
        size_t len = 0;
        for (long blanks = nrand48(seed) % 80; blanks > 0; blanks--)
            text[len++] = ' '; /* shifts what follows across the borders of blocks */
        const char *from = seeds[nrand48(seed) % 3];
        memcpy(text + len, from, strlen(from));
        len += strlen(from);
        for (long damages = nrand48(seed) % 4; damages > 0; damages--) {
            size_t at = (size_t)nrand48(seed) % len, n = (size_t)nrand48(seed) % 4;
            switch (nrand48(seed) % 3) {
            case 0: text[at] = bytes[(size_t)nrand48(seed) % (sizeof(bytes) - 1)]; break;
            case 1:
                n = n < len - at ? n : len - at - 1;
                memmove(text + at, text + at + n, len - at - n);
                len -= n;
                break;
            case 2:
                memmove(text + at + n, text + at, len - at);
                len += n;
                break;
            }
        }
        char *data = padded(text, len, bytes[(size_t)nrand48(seed) % (sizeof(bytes) - 1)]);
        struct weir_field fields[FIELDS];
        struct weir_json json;
        int n = scan_all(data, len, fields, FIELDS, &json);
        enum oracle_answer want = oracle_judge(data, len);
        if (want != ORACLE_NO_OPINION)
            ck_assert_msg((n != WEIR_JSON_BAD) == (want == ORACLE_VALID), "%.*s", (int)len, data);
        if (n >= 0)
            oracle_compare(data, len, fields, (uint32_t)n);
        valid += n != WEIR_JSON_BAD;
        free(data);
    }
    ck_assert_int_gt(valid, rounds / 5);
    ck_assert_int_lt(valid, rounds * 4 / 5);
}
END_TEST

START_TEST(elements_of_an_array)
{
    static const struct {
        const char *json, *elements; /* ended by ';' each */
    } rows[] = {
        { "[]", "" },
        { "[ ]", "" },
        { "[1]", "1;" },
        { "[ 1 , \"a,]\\\"\" , [2,[3]] , {\"b\":[4,\"}\"]} ,null ]",
          "1;\"a,]\\\"\";[2,[3]];{\"b\":[4,\"}\"]};null;" },
        { "[\"\\\\\",\"\"]", "\"\\\\\";\"\";" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct weir_str element;
        size_t at = 0, len = 0;
        char text[200] = "";
        while (weir_json_element(weir_str_of(rows[i].json), &at, &element)) {
            memcpy(text + len, element.ptr, element.len);
            len += element.len;
            text[len++] = ';';
        }
        ck_assert_str_eq(text, rows[i].elements);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("json_scan");
    tcase_add_test(tc, elements_of_an_array);
    tcase_add_test(tc, members_come_out_as_views);
    tcase_add_test(tc, what_is_wrong_and_where);
    tcase_add_test(tc, texts_that_are_no_object);
    tcase_add_test(tc, integers_that_fit_are_integers);
    tcase_add_test(tc, limits_are_kept_exactly);
    tcase_add_test(tc, more_members_than_are_indexed_ahead);
    tcase_add_test(tc, a_name_that_comes_again_is_noticed_and_the_later_value_kept);
    tcase_add_test(tc, repeats_are_found_among_many);
    tcase_add_test(tc, a_member_is_found_by_name);
    tcase_add_test(tc, damaged_texts_are_judged_as_by_another_parser);
    tcase_set_timeout(tc, 30);
    Suite *suite = suite_create("base/json_scan");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
