/* SPDX-License-Identifier: Apache-2.0 */
/* Jansson as the second opinion on JSON, for unit tests and fuzz targets.
 *
 * Where it and weir differ by design it has no opinion: numbers beyond its range (weir keeps them as
 * text), escapes for half a surrogate pair (RFC 8259 allows them, jansson does not), names with a NUL byte,
 * and nesting deeper than weir's limit. */
#ifndef TESTS_JSON_ORACLE_H
#define TESTS_JSON_ORACLE_H

#include "base/json_escape.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <weir/json.h>

enum oracle_answer { ORACLE_VALID, ORACLE_INVALID, ORACLE_NO_OPINION };

static inline size_t oracle_depth(const char *text, size_t len)
{
    size_t depth = 0, deepest = 0;
    for (size_t i = 0; i < len; i++) { /* an upper bound: brackets in strings count too */
        depth += text[i] == '{' || text[i] == '[';
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

static inline json_t *oracle_load(const char *text, size_t len, json_error_t *error)
{
    return json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
}

static inline enum oracle_answer oracle_judge(const char *text, size_t len)
{
    json_error_t error;
    json_t *value = oracle_load(text, len, &error);
    if (oracle_depth(text, len) > WEIR_JSON_DEPTH_MAX) {
        json_decref(value);
        return ORACLE_NO_OPINION;
    }
    if (value) {
        json_decref(value);
        return ORACLE_VALID;
    }
    if (json_error_code(&error) == json_error_numeric_overflow || strstr(error.text, "surrogate") ||
        strstr(error.text, "invalid Unicode") || strstr(error.text, "NUL byte in object key"))
        return ORACLE_NO_OPINION;
    return ORACLE_INVALID;
}

/* One field of weir's against the value that jansson has under that name; of several the last. */
static inline void oracle_compare_field(const json_t *value, const struct weir_field *field)
{
    char *text = malloc(field->value_len + 1);
    memcpy(text, field->value, field->value_len);
    text[field->value_len] = 0;
    switch ((enum weir_value)field->type) {
    case WEIR_VALUE_NULL: assert(json_is_null(value)); break;
    case WEIR_VALUE_BOOL: assert(json_is_boolean(value)); break;
    case WEIR_VALUE_INT:
        assert(json_is_integer(value) && json_integer_value(value) == strtoll(text, NULL, 10));
        break;
    case WEIR_VALUE_FLOAT:
        assert(json_is_real(value) && json_real_value(value) == strtod(text, NULL));
        break;
    case WEIR_VALUE_STRING: {
        size_t len = field->value_len;
        if (field->flags & WEIR_VALUE_ESCAPED)
            len = json_unescape(text, len, text);
        assert(!(field->flags & WEIR_VALUE_CLEAN) || !memchr(text, '\\', len));
        assert(json_is_string(value) && json_string_length(value) == len &&
               memcmp(json_string_value(value), text, len) == 0);
        break;
    }
    case WEIR_VALUE_JSON: {
        json_t *nested = oracle_load(field->value, field->value_len, NULL);
        assert(nested && json_equal(nested, value));
        json_decref(nested);
        break;
    }
    }
    free(text);
}

/* The fields that weir found in a valid object against jansson's: those whose name has no NUL byte, which
 * its interface cannot ask for. */
static inline void oracle_compare(const char *text, size_t len, struct weir_field *fields,
                                  uint32_t count)
{
    json_t *object = oracle_load(text, len, NULL);
    if (!object)
        return; /* no opinion */
    count = weir_json_drop_repeated(fields, count);
    for (uint32_t i = 0; i < count; i++) {
        char *name = malloc((size_t)fields[i].name_len + 1);
        memcpy(name, fields[i].name, fields[i].name_len);
        size_t name_len = fields[i].name_len;
        if (fields[i].flags & WEIR_NAME_ESCAPED)
            name_len = json_unescape(name, name_len, name);
        name[name_len] = 0;
        const json_t *value = json_object_get(object, name);
        if (strlen(name) == name_len) {
            assert(value);
            oracle_compare_field(value, &fields[i]);
        }
        free(name);
    }
    assert(count >= json_object_size(object)); /* names with NUL may be one for jansson */
    json_decref(object);
}

#endif
