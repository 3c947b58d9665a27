/* SPDX-License-Identifier: Apache-2.0 */
/* Opened records, frozen. What records of one source have in common is their shape: the names, types and flags
 * of their fields, in order. It is written once, and a record then is its shape's number and, for each field,
 * two numbers that say where in its line the value stands: 16 bits each, unless the record is long.
 *
 * What points elsewhere is copied to the extra bytes, in the order of the records, so that its length is
 * enough. A value that is the same as the last one of that name is not put again: what a filter adds to every
 * record is there once. */
#include "buffer/frozen_writer.h"

#include <errno.h>
#include <stdlib.h>

/* ---- how much there is ---------------------------------------------------------------------------------- */

/* Whether 16 bits are enough for every place and length. */
static bool is_narrow(const struct weir_record *record, struct weir_str span)
{
    uint64_t bytes = record->object_fields ? record->object_len : 0;
    for (uint32_t i = 0; i < record->count; i++)
        bytes += record->fields[i].value_len;
    return span.len <= UINT16_MAX && bytes <= UINT16_MAX;
}

int frozen_records_count(struct frozen_writer *writer)
{
    const struct weir_batch *pub = &writer->batch->pub;
    uint64_t bytes = 0, traces = 0;
    struct frozen_stretch stretch = { 0 };
    writer->straight = true;
    while (frozen_keep_next(&writer->keep, stretch.end, &stretch))
        for (uint32_t i = stretch.first; i < stretch.end; i++) {
            const struct weir_record *record = &pub->records[i];
            const bool narrow = is_narrow(record, frozen_span(pub, i));
            bytes += ((uint64_t)record->count + (record->object_fields != 0)) *
                     (narrow ? sizeof(struct frozen_narrow) : sizeof(struct frozen_wide));
            traces += record->trace != NULL;
            writer->straight &= record->line == i;
        }
    if (bytes > FRAME_PAYLOAD_MAX)
        return -EMSGSIZE;
    writer->head.values_bytes = (uint32_t)bytes;
    writer->head.traces = (uint32_t)traces;
    return 0;
}

/* ---- one record ------------------------------------------------------------------------------------------- */

/* Where the next ones go. */
struct places {
    uint64_t record, value, trace;
    bool wide; /* the record at hand */
};

static inline void put_value(struct frozen_writer *writer, struct places *places, uint32_t at,
                             uint32_t len)
{
    if (places->wide) {
        const struct frozen_wide value = { at, len };
        memcpy(frozen_at(writer, places->value), &value, sizeof(value));
        places->value += sizeof(value);
        return;
    }
    const struct frozen_narrow value = { (uint16_t)at, (uint16_t)len };
    memcpy(frozen_at(writer, places->value), &value, sizeof(value));
    places->value += sizeof(value);
}

static inline bool is_within(struct weir_str span, const char *text, size_t len)
{
    const uintptr_t offset = (uintptr_t)text - (uintptr_t)span.ptr;
    return offset <= span.len && len <= span.len - offset;
}

static int put_extra(struct frozen_writer *writer, struct places *places, const char *text,
                     uint32_t len)
{
    uint32_t unused;
    put_value(writer, places, 0, len);
    return frozen_add_extra(writer, text, len, &unused);
}

/* A value that is not in the line; tells where it is. */
static int put_elsewhere(struct frozen_writer *writer, struct places *places,
                         struct frozen_name *name, const struct weir_field *field,
                         enum frozen_place *ret)
{
    const uint32_t len = field->value_len;
    *ret = FROZEN_NEXT_EXTRA;
    if (name->value_len == len &&
        (name->value == field->value || frozen_same(name->value, field->value, len))) {
        *ret = FROZEN_SAME_EXTRA;
        put_value(writer, places, 0, 0);
        return 0;
    }
    name->value = field->value;
    name->value_len = len;
    return put_extra(writer, places, field->value, len);
}

static inline int put_field(struct frozen_writer *writer, struct places *places,
                            const struct weir_field *field, uint32_t column, struct weir_str span)
{
    enum frozen_place place = FROZEN_IN_LINE;
    int r = 0;
    const int number = frozen_names_number(&writer->names, column, field->name, field->name_len);
    if (number < 0)
        return number;
    assert(field->type <= WEIR_VALUE_JSON);
    if (field->value_len == 0) /* wherever it points */
        put_value(writer, places, 0, 0);
    else if (is_within(span, field->value, field->value_len))
        put_value(writer, places, (uint32_t)(field->value - span.ptr), field->value_len);
    else
        r = put_elsewhere(writer, places, &writer->names.all[number], field, &place);
    writer->whats[column + 1] = field->type | (uint32_t)place << FROZEN_PLACE_SHIFT |
                                (field->flags & FROZEN_FLAGS_MASK) << FROZEN_FLAGS_SHIFT |
                                (uint32_t)number << FROZEN_NAME_SHIFT;
    return r;
}

static int put_object(struct frozen_writer *writer, struct places *places,
                      const struct weir_record *record, struct weir_str span, uint8_t *flags)
{
    if (record->object_fields == 0)
        return 0;
    if (is_within(span, record->object, record->object_len)) {
        put_value(writer, places, (uint32_t)(record->object - span.ptr), record->object_len);
        return 0;
    }
    *flags |= FROZEN_OBJECT_EXTRA;
    return put_extra(writer, places, record->object, record->object_len);
}

/* The number of the shape that `whats` has come to. */
static int shape_number(struct frozen_writer *writer, uint32_t fields)
{
    struct frozen_names *shapes = &writer->shapes;
    const uint32_t before = shapes->count;
    const size_t bytes = ((size_t)fields + 1) * sizeof(uint32_t);
    int number = frozen_names_number(shapes, 0, (const char *)writer->whats, (uint32_t)bytes);
    if (number < 0 || shapes->count == before)
        return number;
    char *copy = malloc(bytes);
    if (!copy) {
        shapes->count = before;
        return -ENOMEM;
    }
    memcpy(copy, writer->whats, bytes);
    shapes->all[number].text = copy;
    writer->head.whats += fields + 1;
    return number;
}

static int whats_reserve(struct frozen_writer *writer, uint32_t fields)
{
    if (fields < writer->whats_room)
        return 0;
    const size_t room = (size_t)fields * 2 + 64;
    uint32_t *whats = realloc(writer->whats, room * sizeof(*whats));
    if (!whats)
        return -ENOMEM;
    writer->whats = whats;
    writer->whats_room = (uint32_t)room;
    return 0;
}

static int put_record(struct frozen_writer *writer, uint32_t i, struct places *places)
{
    const struct weir_batch *pub = &writer->batch->pub;
    const struct weir_record *record = &pub->records[i];
    const struct weir_str span = frozen_span(pub, i);
    struct frozen_record out = { .event_time = record->event_time, .severity = record->severity };
    places->wide = !is_narrow(record, span);
    int r = whats_reserve(writer, record->count);
    if (r < 0)
        return r;
    writer->whats[0] = record->object_fields;
    r = put_object(writer, places, record, span, &out.flags);
    for (uint32_t column = 0; column < record->count && r == 0; column++)
        r = put_field(writer, places, &record->fields[column], column, span);
    if (r == 0)
        r = shape_number(writer, record->count);
    if (r < 0)
        return r;
    out.shape = (uint32_t)r;
    out.flags |= places->wide ? FROZEN_WIDE : 0;
    if (record->trace) {
        out.flags |= FROZEN_TRACE;
        memcpy(frozen_at(writer, places->trace), record->trace, sizeof(*record->trace));
        places->trace += sizeof(*record->trace);
    }
    memcpy(frozen_at(writer, places->record), &out, sizeof(out));
    places->record += sizeof(out);
    return 0;
}

int frozen_records_write(struct frozen_writer *writer)
{
    const struct frozen_parts *parts = &writer->parts;
    struct places places = { parts->records, parts->values, parts->traces, false };
    struct frozen_stretch stretch = { 0 };
    int r = 0;
    while (r == 0 && frozen_keep_next(&writer->keep, stretch.end, &stretch))
        for (uint32_t i = stretch.first; i < stretch.end && r == 0; i++)
            r = put_record(writer, i, &places);
    return r;
}

void frozen_records_end(struct frozen_writer *writer)
{
    for (uint32_t i = 0; i < writer->shapes.count; i++)
        free((char *)writer->shapes.all[i].text);
    frozen_names_deinit(&writer->shapes);
    frozen_names_deinit(&writer->names);
    free(writer->whats);
}
