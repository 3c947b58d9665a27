/* SPDX-License-Identifier: Apache-2.0 */
/* Valid JSON needs no checking: strings end at a quote that no backslash comes before, and containers where their brackets
 * balance. The host's own reader checks, and wants padding behind what it reads; this one wants neither, which members of
 * members could not give it without a copy. It never reads past the end, whatever the text. */
#include "json_walk.h"

#include <string.h>

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* Behind the closing quote of the string whose first byte is at `at`; *ret_escaped: it holds a backslash. */
static const char *skip_string(const char *at, const char *end, bool *ret_escaped)
{
    *ret_escaped = false;
    while (at < end && *at != '"') {
        if (*at == '\\') {
            *ret_escaped = true;
            at++;
        }
        at++;
    }
    return at < end ? at + 1 : end;
}

static const char *skip_nested(const char *at, const char *end)
{
    unsigned depth = 0;
    bool escaped;
    while (at < end) {
        const char c = *at++;
        if (c == '"')
            at = skip_string(at, end, &escaped);
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            break;
    }
    return at;
}

static const char *skip_bare(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ' && *at != '\t' &&
           *at != '\n' && *at != '\r')
        at++;
    return at;
}

static struct weir_str between(const char *from, const char *to)
{
    return (struct weir_str){ from, from < to ? (size_t)(to - from) : 0 };
}

static void set_value(struct weir_field *field, struct weir_str text, enum weir_value type)
{
    field->value = text.ptr;
    field->value_len = (uint32_t)text.len;
    field->type = (uint8_t)type;
}

/* The value at `at`; returns where it ends. */
static const char *read_value(const char *at, const char *end, struct weir_field *ret)
{
    const char *from = at;
    bool escaped;
    if (at == end) {
        set_value(ret, between(at, at), WEIR_VALUE_NULL);
    } else if (*at == '"') {
        at = skip_string(at + 1, end, &escaped);
        set_value(ret, between(from + 1, at - 1), WEIR_VALUE_STRING);
        ret->flags |= escaped ? WEIR_VALUE_ESCAPED : WEIR_VALUE_CLEAN;
    } else if (*at == '{' || *at == '[') {
        at = skip_nested(at, end);
        set_value(ret, between(from, at), WEIR_VALUE_JSON);
    } else {
        at = skip_bare(at, end);
        const struct weir_str text = between(from, at);
        enum weir_value type = weir_value_of(text);
        if (type == WEIR_VALUE_STRING) /* a number of more digits than the host looks at */
            type = WEIR_VALUE_FLOAT;
        set_value(ret, text, type);
    }
    return at;
}

void json_walk_begin(struct json_walk *walk, struct weir_str json)
{
    const char *end = json.ptr + json.len;
    *walk = (struct json_walk){ json.ptr, end, json.len && json.ptr[0] == '{' };
    walk->at += json.len != 0;
}

bool json_walk_next(struct json_walk *walk, struct weir_field *ret)
{
    const char *at = skip_space(walk->at, walk->end);
    bool escaped;
    if (at < walk->end && *at == ',')
        at = skip_space(at + 1, walk->end);
    if (at == walk->end || *at == '}' || *at == ']')
        return false;
    *ret = (struct weir_field){ 0 };
    if (walk->object) {
        const char *from = ++at;
        at = skip_string(at, walk->end, &escaped);
        const struct weir_str name = between(from, at - 1);
        ret->name = name.ptr;
        ret->name_len = name.len <= UINT16_MAX ? (uint16_t)name.len : UINT16_MAX;
        ret->flags = escaped ? WEIR_NAME_ESCAPED : WEIR_NAME_CLEAN;
        at = skip_space(at, walk->end);
        at = skip_space(at + (at < walk->end), walk->end); /* the colon */
    }
    walk->at = read_value(at, walk->end, ret);
    return true;
}

size_t json_walk_count(struct weir_str json)
{
    struct json_walk walk;
    struct weir_field field;
    size_t count = 0;
    json_walk_begin(&walk, json);
    while (json_walk_next(&walk, &field))
        count++;
    return count;
}

struct weir_field json_walk_value(struct weir_str json)
{
    struct weir_field field = { 0 };
    const char *end = json.ptr + json.len;
    read_value(skip_space(json.ptr, end), end, &field);
    return field;
}
