/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: `level == "error" and status >= 500`, `message =~ "time.?out"`, `exists(trace_id)`.
 *
 * What they mean, for a person who writes one:
 *
 *   - A path names a field, or a member inside a field's JSON (`http.status`). `severity`, `trace_id` and
 *     `span_id` name the record's own where it has no field of that name.
 *   - `!=` is `not ==` and `!~` is `not =~`, so both hold for a record that has no such field. No other
 *     comparison with a field that is not there holds.
 *   - Beside a number, a field is compared as a number, also when it is a text that looks like one
 *     (a regular expression yields texts); when it is not a number, the comparison does not hold.
 *   - Beside a text, a field is compared by its text, byte by byte; numbers by how they are written.
 *   - `severity` beside a text that names one ("warn") is compared by rank: severity >= "warn". That goes
 *     for a field of that name, too, when its text names one.
 *   - true, false and null are equal to themselves only.
 *
 * A plain line is a record whose one field is `message` (and `weir.truncated`, where it was cut), and is
 * looked at without making records of the batch. Values are compared where they stand; only a text with JSON escapes is decoded, and only when it
 * is searched or ordered. */
#include "record/condition.h"

#include <errno.h>
#include <stdlib.h>
#include <weir/hex.h>
#include <weir/severity.h>

#include "base/json_escape.h"
#include "record/condition_node.h"

struct condition {
    struct condition_node *root;
};

/* The record that is looked at. */
struct subject {
    struct weir_batch *batch;
    uint32_t index;
    bool failed; /* memory was short */
};

/* A value of it. `hex` is where a builtin id is printed. */
struct value {
    struct weir_field field;
    char hex[32];
};

struct condition *condition_new(const char *text, struct weir_error *err, size_t *ret_offset)
{
    struct condition *condition = calloc(1, sizeof(*condition));
    *ret_offset = 0;
    if (!condition) {
        weir_error_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    condition->root = condition_parse(text, err, ret_offset);
    if (condition->root)
        return condition;
    free(condition);
    return NULL;
}

void condition_free(struct condition *condition)
{
    if (!condition)
        return;
    condition_node_free(condition->root);
    free(condition);
}

/* ---- values -------------------------------------------------------------------------------------------- */

static void value_text(struct value *value, const char *text, size_t len)
{
    value->field =
        (struct weir_field){ .value = text, .value_len = (uint32_t)len, .type = WEIR_VALUE_STRING };
}

/* An id in hexadecimal; false when it is not set. */
static bool value_id(struct value *value, const uint8_t *id, size_t len)
{
    bool any = false;
    for (size_t i = 0; i < len; i++)
        any |= id[i] != 0;
    weir_hex(value->hex, id, len);
    value_text(value, value->hex, 2 * len);
    return any;
}

static bool builtin_value(const struct condition_node *node, const struct weir_record *record,
                          struct value *ret)
{
    switch (node->builtin) {
    case BUILTIN_SEVERITY: {
        struct weir_str name = weir_severity_name(record->severity);
        value_text(ret, name.ptr, name.len);
        return name.len > 0;
    }
    case BUILTIN_TRACE_ID: return record->trace && value_id(ret, record->trace->trace_id, 16);
    case BUILTIN_SPAN_ID: return record->trace && value_id(ret, record->trace->span_id, 8);
    case BUILTIN_NONE: break;
    }
    return false;
}

/* The value that the node looks at; false when there is none. */
static bool value_find(const struct condition_node *node, const struct subject *subject,
                       struct value *ret)
{
    const struct weir_batch *batch = subject->batch;
    if (!batch->records && node->is_message) {
        struct weir_str line = weir_batch_line(batch, subject->index);
        value_text(ret, line.ptr, line.len);
        return true;
    }
    struct weir_line_record room;
    const struct weir_record *record = weir_batch_record(batch, subject->index, &room);
    return weir_record_lookup(record, node->path, &ret->field) || builtin_value(node, record, ret);
}

/* A field's text with escapes undone. */
static struct weir_str plain_text(struct subject *subject, const struct weir_field *field)
{
    struct weir_str text = { field->value, field->value_len };
    if (!(field->flags & WEIR_VALUE_ESCAPED))
        return text;
    char *plain = weir_batch_alloc(subject->batch, text.len);
    if (!plain) {
        subject->failed = true;
        return WEIR_STR_NONE;
    }
    return (struct weir_str){ plain, json_unescape(text.ptr, text.len, plain) };
}

/* ---- comparing --------------------------------------------------------------------------------------------- */

static int order_of_numbers(const struct condition_number *a, const struct condition_node *b)
{
    if (a->is_int && b->is_int)
        return (a->integer > b->integer) - (a->integer < b->integer);
    return (a->number > b->number) - (a->number < b->number);
}

static int order_of_texts(struct weir_str a, struct weir_str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool order_holds(enum condition_op op, int order)
{
    switch (op) {
    case CONDITION_LT: return order < 0;
    case CONDITION_LE: return order <= 0;
    case CONDITION_GT: return order > 0;
    case CONDITION_GE: return order >= 0;
    default: return order == 0;
    }
}

/* What `severity` ranks beside a text that names a severity; 0: compare by text. */
static unsigned severity_rank(const struct condition_node *node, const struct weir_field *value)
{
    if (node->builtin != BUILTIN_SEVERITY || !node->severity || value->type != WEIR_VALUE_STRING)
        return 0;
    return weir_severity_parse((struct weir_str){ value->value, value->value_len });
}

/* Whether `value op literal`, `op` being one of the comparisons but != (which is `not ==`). */
static bool compare(const struct condition_node *node, enum condition_op op,
                    struct subject *subject, const struct weir_field *value)
{
    struct condition_number number;
    const struct weir_str raw = { value->value, value->value_len };
    switch (node->literal) {
    case LITERAL_NULL: return value->type == WEIR_VALUE_NULL;
    case LITERAL_BOOL: return value->type == WEIR_VALUE_BOOL && (raw.ptr[0] == 't') == node->truth;
    case LITERAL_NUMBER:
        return (value->type == WEIR_VALUE_INT || value->type == WEIR_VALUE_FLOAT ||
                value->type == WEIR_VALUE_STRING) &&
               condition_number_read(raw, &number) &&
               order_holds(op, order_of_numbers(&number, node));
    case LITERAL_TEXT: break;
    }
    const unsigned rank = severity_rank(node, value);
    if (rank)
        return order_holds(op, (rank > node->severity) - (rank < node->severity));
    if (op == CONDITION_EQ && (value->flags & WEIR_VALUE_ESCAPED))
        return json_unescaped_eq(raw, node->text);
    return order_holds(op, order_of_texts(plain_text(subject, value), node->text));
}

static bool test_holds(const struct condition_node *node, struct subject *subject)
{
    struct value value;
    const bool found = value_find(node, subject, &value);
    switch (node->op) {
    case CONDITION_EXISTS: return found;
    case CONDITION_NE: return !found || !compare(node, CONDITION_EQ, subject, &value.field);
    case CONDITION_MATCHES:
        return found &&
               weir_regex_match(node->regex, plain_text(subject, &value.field)) == WEIR_REGEX_YES;
    case CONDITION_MATCHES_NOT:
        return !found ||
               weir_regex_match(node->regex, plain_text(subject, &value.field)) != WEIR_REGEX_YES;
    default: return found && compare(node, node->op, subject, &value.field);
    }
}

static bool node_holds(const struct condition_node *node, struct subject *subject)
{
    switch (node->op) {
    case CONDITION_OR: return node_holds(node->left, subject) || node_holds(node->right, subject);
    case CONDITION_AND: return node_holds(node->left, subject) && node_holds(node->right, subject);
    case CONDITION_NOT: return !node_holds(node->left, subject);
    default: return test_holds(node, subject);
    }
}

int condition_match(const struct condition *condition, struct batch *batch, uint64_t *ret_match)
{
    struct subject subject = { .batch = &batch->pub };
    for (uint32_t i = 0; i < batch->pub.count; i++) {
        if (weir_batch_is_dropped(&batch->pub, i))
            continue;
        subject.index = i;
        ret_match[i / 64] |= (uint64_t)node_holds(condition->root, &subject) << (i % 64);
    }
    return subject.failed ? -ENOMEM : 0;
}
