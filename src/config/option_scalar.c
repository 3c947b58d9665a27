/* SPDX-License-Identifier: Apache-2.0 */
/* Options that are one value: how each type is read, bounded and stored. What a value is follows from the
 * option's type alone; what was expected is said in the same words everywhere. */
#include <stdarg.h>
#include <stdio.h>

#include "base/units.h"
#include "base/utf8.h"
#include "config/option_value.h"
#include "config/suggest.h"

bool option_say(const struct option_at *at, struct config_place place, const char *format, ...)
{
    char text[768];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    diagnostics_add(at->reader->diag, DIAGNOSTIC_ERROR, place.file, place.line, place.column,
                    "option \"%s\" of %s %s", at->name, at->what, text);
    return false;
}

void option_found(const struct option_at *at, const struct node *node,
                  char ret_text[OPTION_FOUND_MAX])
{
    const size_t shown_max = 64;
    ret_text[0] = '\0';
    if (node->kind != NODE_SCALAR) {
        snprintf(ret_text, OPTION_FOUND_MAX, ", not %s", node_describe(node));
    } else if (!at->row->secret && !node->secret) {
        size_t len = node->text.len;
        bool cut = len > shown_max;
        if (cut)
            len = utf8_cut(node->text.ptr, shown_max);
        snprintf(ret_text, OPTION_FOUND_MAX, ", not \"%.*s%s\"", (int)len, node->text.ptr,
                 cut ? "..." : "");
    }
}

union value {
    int64_t integer;
    double number;
    bool truth;
    weir_ms duration;
    uint64_t size;
    int choice;
};

static enum units_answer parse_choice(const struct weir_option *row, struct weir_str text, int *ret)
{
    for (int i = 0; row->choices[i]; i++)
        if (weir_str_eq(text, weir_str_of(row->choices[i]))) {
            *ret = i;
            return UNITS_OK;
        }
    return UNITS_BAD;
}

static enum units_answer parse(const struct weir_option *row, struct weir_str text,
                               union value *ret)
{
    switch (row->type) {
    case WEIR_INT: return units_parse_int(text, &ret->integer);
    case WEIR_NUMBER: return units_parse_number(text, &ret->number);
    case WEIR_BOOL: return units_parse_bool(text, &ret->truth);
    case WEIR_DURATION: return units_parse_duration(text, &ret->duration);
    case WEIR_SIZE: return units_parse_size(text, &ret->size);
    case WEIR_ENUM: return parse_choice(row, text, &ret->choice);
    case WEIR_TEXT:
    case WEIR_TEXT_LIST:
    case WEIR_PAIRS:
    case WEIR_GROUP:
    case WEIR_TEMPLATE:
    case WEIR_CODEC: break;
    }
    return UNITS_BAD;
}

static bool is_below(enum weir_type type, const union value *a, const union value *b)
{
    switch (type) {
    case WEIR_INT: return a->integer < b->integer;
    case WEIR_NUMBER: return a->number < b->number;
    case WEIR_DURATION: return a->duration < b->duration;
    case WEIR_SIZE: return a->size < b->size;
    default: return false;
    }
}

static void store(enum weir_type type, const union value *value, void *field)
{
    switch (type) {
    case WEIR_INT: *(int64_t *)field = value->integer; break;
    case WEIR_NUMBER: *(double *)field = value->number; break;
    case WEIR_BOOL: *(bool *)field = value->truth; break;
    case WEIR_DURATION: *(weir_ms *)field = value->duration; break;
    case WEIR_SIZE: *(uint64_t *)field = value->size; break;
    case WEIR_ENUM: *(int *)field = value->choice; break;
    default: break;
    }
}

static const char *expected(enum weir_type type)
{
    switch (type) {
    case WEIR_INT: return "a whole number";
    case WEIR_NUMBER: return "a number";
    case WEIR_BOOL: return "true or false";
    case WEIR_DURATION: return "a duration with units, such as 500ms, 5m or 1h30m";
    case WEIR_SIZE: return "a size, such as 64KiB or 10MB";
    default: return "a text";
    }
}

static bool say_choices(const struct option_at *at, const struct node *node)
{
    char words[400] = "", found[OPTION_FOUND_MAX], advice[SUGGESTION_TEXT_MAX];
    struct suggestion near = { .word = node->kind == NODE_SCALAR ? node->text.ptr : "" };
    size_t len = 0;
    for (const char *const *choice = at->row->choices; *choice && len < sizeof(words); choice++) {
        len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s", len ? ", " : "", *choice);
        suggestion_offer(&near, *choice);
    }
    option_found(at, node, found);
    suggestion_print(&near, advice);
    return option_say(at, node->place, "must be one of %s%s%s", words, found, advice);
}

static bool say_range(const struct option_at *at, const struct node *node)
{
    const struct weir_option *row = at->row;
    char found[OPTION_FOUND_MAX];
    option_found(at, node, found);
    if (row->min && row->max)
        return option_say(at, node->place, "must be between %s and %s%s", row->min, row->max,
                          found);
    if (row->min || row->max)
        return option_say(at, node->place, "must be at %s %s%s", row->min ? "least" : "most",
                          row->min ? row->min : row->max, found);
    return option_say(at, node->place, "is out of range: it must be %s%s", expected(row->type),
                      found);
}

static bool is_in_bounds(const struct weir_option *row, const union value *value)
{
    union value bound;
    if (row->min && parse(row, weir_str_of(row->min), &bound) == UNITS_OK &&
        is_below(row->type, value, &bound))
        return false;
    return !(row->max && parse(row, weir_str_of(row->max), &bound) == UNITS_OK &&
             is_below(row->type, &bound, value));
}

static bool set_text(const struct option_at *at, const struct node *node, void *field)
{
    *(char **)field = memory_text(at->reader->memory, node->text);
    return true;
}

bool option_set_scalar(const struct option_at *at, const struct node *node, void *field)
{
    const struct weir_option *row = at->row;
    char found[OPTION_FOUND_MAX];
    union value value = { 0 };
    enum units_answer answer = UNITS_BAD;
    if (node->kind == NODE_SCALAR) {
        if (row->type == WEIR_TEXT)
            return set_text(at, node, field);
        answer = parse(row, node->text, &value);
    }
    switch (answer) {
    case UNITS_OK:
        if (!is_in_bounds(row, &value))
            return say_range(at, node);
        store(row->type, &value, field);
        return true;
    case UNITS_RANGE: return say_range(at, node);
    case UNITS_BAD:
    case UNITS_UNIT: break;
    }
    if (row->type == WEIR_ENUM)
        return say_choices(at, node);
    option_found(at, node, found);
    return option_say(at, node->place, "must be %s%s", expected(row->type), found);
}
