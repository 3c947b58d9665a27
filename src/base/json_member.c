/* SPDX-License-Identifier: Apache-2.0 */
/* One member of JSON text that is known to be valid: what lies deeper than a record's top level is
 * opened only when a path asks for it, and then only so far. Since nothing needs to be checked, it is
 * enough to tell strings and brackets apart. */
#include <weir/json.h>

#include "base/json_escape.h"
#include "base/json_number.h"

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return at;
}

/* From an opening quote to behind the closing one; *ret_escaped tells whether there is an escape. */
static const char *skip_string(const char *at, bool *ret_escaped)
{
    *ret_escaped = false;
    for (at++; *at != '"'; at++) {
        if (*at == '\\') {
            *ret_escaped = true;
            at++;
        }
    }
    return at + 1;
}

static const char *skip_container(const char *at)
{
    size_t depth = 0;
    bool escaped;
    for (;;) {
        switch (*at) {
        case '"': at = skip_string(at, &escaped); continue;
        case '{':
        case '[': depth++; break;
        case '}':
        case ']': depth--; break;
        }
        at++;
        if (depth == 0)
            return at;
    }
}

/* Numbers and words: up to what may follow one. */
static const char *skip_word(const char *at)
{
    while (*at != ',' && *at != '}' && *at != ']' && *at > ' ')
        at++;
    return at;
}

static uint8_t number_type(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == '.' || (text[i] | 0x20) == 'e')
            return WEIR_VALUE_FLOAT;
    bool negative = *text == '-';
    return json_int_fits(text + negative, len - negative, negative) ? WEIR_VALUE_INT
                                                                    : WEIR_VALUE_FLOAT;
}

/* Sets the value part of `field` to the value at `at`; returns where it ends. */
static const char *read_value(const char *at, struct weir_field *field)
{
    bool escaped = false;
    const char *end;
    field->value = at;
    field->flags = WEIR_VALUE_CLEAN;
    switch (*at) {
    case '"':
        end = skip_string(at, &escaped);
        field->value = at + 1;
        field->value_len = (uint32_t)(end - at - 2);
        field->type = WEIR_VALUE_STRING;
        field->flags = escaped ? WEIR_VALUE_ESCAPED : WEIR_VALUE_CLEAN;
        return end;
    case '{':
    case '[':
        end = skip_container(at);
        field->type = WEIR_VALUE_JSON;
        field->flags = 0;
        break;
    case 't':
    case 'f':
        end = skip_word(at);
        field->type = WEIR_VALUE_BOOL;
        break;
    case 'n':
        end = skip_word(at);
        field->type = WEIR_VALUE_NULL;
        break;
    default:
        end = skip_word(at);
        field->type = number_type(at, (size_t)(end - at));
        break;
    }
    field->value_len = (uint32_t)(end - at);
    return end;
}

bool weir_json_member(struct weir_str json, struct weir_str name, struct weir_field *ret)
{
    bool found = false, escaped;
    if (json.len == 0 || json.ptr[0] != '{')
        return false;
    const char *at = skip_space(json.ptr + 1);
    while (*at != '}') {
        const char *name_end = skip_string(at, &escaped);
        struct weir_str own = { at + 1, (size_t)(name_end - at - 2) };
        struct weir_field field = { .name = own.ptr, .name_len = (uint16_t)own.len };
        at = skip_space(skip_space(name_end) + 1); /* the colon */
        at = skip_space(read_value(at, &field));
        if (escaped ? json_unescaped_eq(own, name) : weir_str_eq(own, name)) {
            field.flags |= escaped ? WEIR_NAME_ESCAPED : WEIR_NAME_CLEAN;
            *ret = field;
            found = true;
        }
        at = *at == ',' ? skip_space(at + 1) : at;
    }
    return found;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool weir_json_element(struct weir_str json, size_t *at, struct weir_str *ret_element)
{
    const size_t end = json.len - 1; /* of the closing bracket */
    size_t i = *at ? *at : 1, start;
    unsigned depth = 0;
    while (i < end && (is_space(json.ptr[i]) || json.ptr[i] == ','))
        i++;
    for (start = i; i < end && (depth || json.ptr[i] != ','); i++) {
        const char c = json.ptr[i];
        if (c == '"')
            for (i++; i < end && json.ptr[i] != '"'; i++)
                i += json.ptr[i] == '\\';
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
    }
    if (i > end)
        i = end;
    *at = i;
    while (i > start && is_space(json.ptr[i - 1]))
        i--;
    *ret_element = (struct weir_str){ json.ptr + start, i - start };
    return i > start;
}
