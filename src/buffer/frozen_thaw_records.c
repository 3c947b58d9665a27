/* SPDX-License-Identifier: Apache-2.0 */
/* Opened records, thawed. Their fields are made from shapes and values: see frozen_records.c. Each offset is
 * checked to stay inside its line, or the extra bytes. Escapes and nested JSON are looked at, too, since from here
 * on they are taken on trust; where they are not well formed they are taken for plain text, which is how a
 * filter's mistake ends, and the record with it is not lost. */
#include <errno.h>
#include <stdlib.h>
#include <weir/json.h>

#include "buffer/frozen_reader.h"

/* What a value of JSON is put between to be checked as a member: it nests as deep as it did. */
#define JSON_BEFORE "{\"\":"
#define JSON_AFTER "}"

/* ---- text ---------------------------------------------------------------------------------------------- */

static bool is_hex(char byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

/* Whether every escape in the text is whole. */
static bool escapes_hold(const char *text, size_t len)
{
    const char *const end = text + len;
    while (text < end && (text = memchr(text, '\\', (size_t)(end - text)))) {
        const size_t left = (size_t)(end - text);
        if (left < 2 || (text[1] == 'u' && left < 6))
            return false;
        for (int i = 2; text[1] == 'u' && i < 6; i++)
            if (!is_hex(text[i]))
                return false;
        text += text[1] == 'u' ? 6 : 2;
    }
    return true;
}

/* Whether the value of a JSON field is what paths can be looked up in: 1, or 0, or -ENOMEM. */
static int json_holds(struct frozen_reader *reader, const char *text, uint32_t len)
{
    const size_t before = strlen(JSON_BEFORE), all = before + len + strlen(JSON_AFTER);
    struct weir_field field;
    struct weir_json json;
    if (len == 0 || text[0] != '{')
        return 1; /* nobody looks into it */
    reader->json.max = SIZE_MAX;
    reader->json.len = 0;
    char *at = weir_bytes_room(&reader->json, all + WEIR_BATCH_PADDING);
    if (!at)
        return -ENOMEM;
    memcpy(at, JSON_BEFORE, before);
    memcpy(at + before, text, len);
    memcpy(at + before + len, JSON_AFTER, strlen(JSON_AFTER));
    memset(at + all, 0, WEIR_BATCH_PADDING);
    return weir_json_object(at, all, &field, 1, &json) == 1 && field.value_len == len;
}

/* ---- records ------------------------------------------------------------------------------------------------ */

/* Takes back what the flags of a field say and its text does not. */
static int field_distrust(struct frozen_reader *reader, struct weir_field *field)
{
    if ((field->flags & WEIR_VALUE_ESCAPED) && !escapes_hold(field->value, field->value_len))
        field->flags &= (uint8_t)~WEIR_VALUE_ESCAPED;
    if ((field->flags & WEIR_NAME_ESCAPED) && !escapes_hold(field->name, field->name_len))
        field->flags &= (uint8_t)~WEIR_NAME_ESCAPED;
    if (field->type != WEIR_VALUE_JSON)
        return 0;
    int r = json_holds(reader, field->value, field->value_len);
    if (r == 0)
        field->type = WEIR_VALUE_STRING;
    return r < 0 ? r : 0;
}

/* Where the next ones come from. */
struct places {
    struct weir_field *fields;
    const char *value, *trace;
    uint32_t extra, traces_left;
    struct weir_str *last; /* of each name, the last of the extra values; no pointer: none */
};

static inline struct frozen_wide next_value(struct places *places, bool wide)
{
    struct frozen_wide value;
    struct frozen_narrow narrow;
    if (wide) {
        memcpy(&value, places->value, sizeof(value));
        places->value += sizeof(value);
        return value;
    }
    memcpy(&narrow, places->value, sizeof(narrow));
    places->value += sizeof(narrow);
    return (struct frozen_wide){ narrow.at, narrow.len };
}

/* The next `len` of the extra values, or NULL. */
static const char *next_extra(const struct frozen_reader *reader, struct places *places,
                              uint32_t len)
{
    const char *text = frozen_extra(reader, places->extra, len);
    if (text)
        places->extra += len;
    return text;
}

static const char *line_text(struct weir_str span, struct frozen_wide value)
{
    return value.at <= span.len && value.len <= span.len - value.at ? span.ptr + value.at : NULL;
}

static struct weir_str value_elsewhere(const struct frozen_reader *reader, struct places *places,
                                       enum frozen_place place, uint32_t number, uint32_t len)
{
    if (place == FROZEN_NEXT_EXTRA)
        places->last[number] = (struct weir_str){ next_extra(reader, places, len), len };
    return places->last[number];
}

static inline int read_field(struct frozen_reader *reader, struct places *places, uint32_t what,
                             bool wide, struct weir_str span, struct weir_field *ret)
{
    const uint32_t number = what >> FROZEN_NAME_SHIFT;
    const enum frozen_place place =
        (enum frozen_place)(what >> FROZEN_PLACE_SHIFT & FROZEN_PLACE_MASK);
    const struct frozen_wide value = next_value(places, wide);
    struct weir_str text = { line_text(span, value), value.len };
    struct frozen_text name;
    memcpy(&name, frozen_part(reader, reader->parts.names + number * sizeof(name)), sizeof(name));
    if (place != FROZEN_IN_LINE)
        text = value_elsewhere(reader, places, place, number, value.len);
    if (!text.ptr)
        return -EBADMSG;
    *ret = (struct weir_field){ .name = frozen_part(reader, reader->parts.extra + name.at),
                                .name_len = (uint16_t)name.len,
                                .value = text.ptr,
                                .value_len = (uint32_t)text.len,
                                .type = what & FROZEN_TYPE_MASK,
                                .flags = what >> FROZEN_FLAGS_SHIFT & FROZEN_FLAGS_MASK };
    if (ret->type == WEIR_VALUE_JSON || (ret->flags & (WEIR_VALUE_ESCAPED | WEIR_NAME_ESCAPED)))
        return field_distrust(reader, ret);
    return 0;
}

static int read_object(const struct frozen_reader *reader, struct places *places, unsigned flags,
                       struct weir_str span, struct weir_record *ret)
{
    const struct frozen_wide value = next_value(places, flags & FROZEN_WIDE);
    ret->object = flags & FROZEN_OBJECT_EXTRA ? next_extra(reader, places, value.len)
                                              : line_text(span, value);
    ret->object_len = value.len;
    if (!ret->object || value.len < 2 || ret->object[0] != '{' || ret->object[value.len - 1] != '}')
        return -EBADMSG;
    return 0;
}

static struct frozen_shape shape_of(const struct frozen_reader *reader, uint32_t number)
{
    struct frozen_shape shape;
    memcpy(&shape, frozen_part(reader, reader->parts.shapes + number * sizeof(shape)),
           sizeof(shape));
    return shape;
}

static uint32_t what_at(const struct frozen_reader *reader, uint32_t at)
{
    uint32_t what;
    memcpy(&what, frozen_part(reader, reader->parts.whats + at * sizeof(what)), sizeof(what));
    return what;
}

static int read_record(struct frozen_reader *reader, uint32_t i, const struct frozen_record *in,
                       struct places *places, struct weir_record *ret)
{
    const struct weir_str span = weir_batch_span(&reader->thawed->batch.pub, i);
    const struct frozen_shape shape = shape_of(reader, in->shape);
    *ret = (struct weir_record){ .fields = places->fields,
                                 .count = shape.count - 1,
                                 .room = shape.count - 1,
                                 .object_fields = what_at(reader, shape.at),
                                 .event_time = in->event_time,
                                 .line = i,
                                 .severity = in->severity };
    int r = ret->object_fields ? read_object(reader, places, in->flags, span, ret) : 0;
    for (uint32_t field = 0; field < ret->count && r == 0; field++)
        r = read_field(reader, places, what_at(reader, shape.at + 1 + field),
                       in->flags & FROZEN_WIDE, span, places->fields++);
    if (r < 0 || !(in->flags & FROZEN_TRACE))
        return r;
    if (places->traces_left == 0)
        return -EBADMSG;
    places->traces_left--;
    ret->trace = (struct weir_trace *)(void *)places->trace;
    places->trace += sizeof(struct weir_trace);
    return 0;
}

static int check_names(const struct frozen_reader *reader)
{
    for (uint32_t i = 0; i < reader->head.names; i++) {
        struct frozen_text name;
        memcpy(&name, frozen_part(reader, reader->parts.names + i * sizeof(name)), sizeof(name));
        if (name.len > UINT16_MAX || !frozen_extra(reader, name.at, name.len))
            return -EBADMSG;
    }
    return 0;
}

/* Shapes share nothing, so that looking at all of them takes no longer than they are. */
static int check_shapes(const struct frozen_reader *reader)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < reader->head.shapes; i++) {
        const struct frozen_shape shape = shape_of(reader, i);
        if (shape.at != at || shape.count == 0 || shape.count > reader->head.whats - at ||
            what_at(reader, at) > shape.count - 1)
            return -EBADMSG;
        for (uint32_t field = 1; field < shape.count; field++) {
            const uint32_t what = what_at(reader, at + field);
            if ((what & FROZEN_TYPE_MASK) > WEIR_VALUE_JSON ||
                (what >> FROZEN_PLACE_SHIFT & FROZEN_PLACE_MASK) > FROZEN_SAME_EXTRA ||
                what >> FROZEN_NAME_SHIFT >= reader->head.names)
                return -EBADMSG;
        }
        at += shape.count;
    }
    return at == reader->head.whats ? 0 : -EBADMSG;
}

/* How many fields the records have; the bytes of their values must agree. */
static int count_fields(const struct frozen_reader *reader, size_t *ret)
{
    uint64_t fields = 0, bytes = 0;
    for (uint32_t i = 0; i < reader->head.records; i++) {
        struct frozen_record in;
        memcpy(&in, frozen_part(reader, reader->parts.records + i * sizeof(in)), sizeof(in));
        if (in.shape >= reader->head.shapes)
            return -EBADMSG;
        const struct frozen_shape shape = shape_of(reader, in.shape);
        const uint64_t values = shape.count - (what_at(reader, shape.at) == 0);
        bytes += values * (in.flags & FROZEN_WIDE ? sizeof(struct frozen_wide)
                                                  : sizeof(struct frozen_narrow));
        fields += shape.count - 1;
    }
    *ret = fields;
    return bytes == reader->head.values_bytes ? 0 : -EBADMSG;
}

static int read_records_with(struct frozen_reader *reader, struct places *places)
{
    const struct frozen_head *head = &reader->head;
    size_t fields = 0;
    int r = count_fields(reader, &fields);
    if (r < 0)
        return r;
    struct weir_record *records = frozen_alloc(reader, head->records, sizeof(*records));
    places->fields = frozen_alloc(reader, fields, sizeof(*places->fields));
    if (!records || !places->fields)
        return -ENOMEM;
    for (uint32_t i = 0; i < head->records && r == 0; i++) {
        struct frozen_record in;
        memcpy(&in, frozen_part(reader, reader->parts.records + i * sizeof(in)), sizeof(in));
        r = read_record(reader, i, &in, places, &records[i]);
    }
    reader->thawed->batch.pub.records = records;
    return r == 0 && places->traces_left ? -EBADMSG : r;
}

int frozen_read_records(struct frozen_reader *reader)
{
    const struct frozen_head *head = &reader->head;
    struct places places = { .value = frozen_part(reader, reader->parts.values),
                             .trace = frozen_part(reader, reader->parts.traces),
                             .extra = head->extra_values,
                             .traces_left = head->traces };
    if (!(head->flags & FROZEN_OPENED))
        return head->values_bytes || head->traces || head->names || head->whats ? -EBADMSG : 0;
    int r = check_names(reader);
    if (r == 0)
        r = check_shapes(reader);
    if (r < 0)
        return r;
    places.last = calloc((size_t)head->names + 1, sizeof(*places.last));
    if (!places.last)
        return -ENOMEM;
    r = read_records_with(reader, &places);
    free(places.last);
    return r;
}
