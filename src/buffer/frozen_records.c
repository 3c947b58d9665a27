/* SPDX-License-Identifier: Apache-2.0 */
/* Opened records, frozen. A pointer becomes an offset: from the record's own span where it points into
 * that, which is nearly always and repeats from record to record, so that it compresses; else what it points to
 * is copied to the extra bytes. There a value that is the same as the last one of that name is not put again:
 * what a filter adds to every record is there once. */
#include "buffer/frozen_writer.h"

#include <errno.h>

int frozen_records_count(struct frozen_writer *writer)
{
    const struct weir_batch *pub = &writer->batch->pub;
    uint64_t fields = 0, traces = 0;
    struct frozen_stretch stretch = { 0 };
    writer->straight = true;
    while (frozen_keep_next(&writer->keep, stretch.end, &stretch))
        for (uint32_t i = stretch.first; i < stretch.end; i++) {
            const struct weir_record *record = &pub->records[i];
            fields += record->count;
            traces += record->trace != NULL;
            writer->straight &= record->line == i;
        }
    if (fields > FRAME_PAYLOAD_MAX)
        return -EMSGSIZE;
    writer->head.fields = (uint32_t)fields;
    writer->head.traces = (uint32_t)traces;
    return 0;
}

static inline bool is_within(struct weir_str span, const char *text, size_t len)
{
    const uintptr_t offset = (uintptr_t)text - (uintptr_t)span.ptr;
    return offset <= span.len && len <= span.len - offset;
}

static int add_value(struct frozen_writer *writer, struct frozen_name *name,
                     const struct weir_field *field, uint32_t *ret_at)
{
    const uint32_t len = field->value_len;
    if (name->value_len == len &&
        (name->value == field->value || frozen_same(name->value, field->value, len))) {
        *ret_at = name->value_at;
        return 0;
    }
    int r = frozen_add_extra(writer, field->value, len, ret_at);
    name->value = field->value;
    name->value_len = len;
    name->value_at = *ret_at;
    return r;
}

static inline int put_field(struct frozen_writer *writer, const struct weir_field *field,
                            uint32_t column, struct weir_str span, struct frozen_field *ret)
{
    int r = frozen_names_number(&writer->names, column, field->name, field->name_len);
    if (r < 0)
        return r;
    assert(field->type <= WEIR_VALUE_JSON);
    ret->what = (uint32_t)r << FROZEN_NAME_SHIFT |
                (field->flags & FROZEN_FLAGS_MASK) << FROZEN_FLAGS_SHIFT | field->type;
    ret->value_len = field->value_len;
    ret->value = 0; /* of an empty value, wherever it points */
    if (field->value_len == 0)
        return 0;
    if (is_within(span, field->value, field->value_len)) {
        ret->value = (uint32_t)(field->value - span.ptr);
        return 0;
    }
    ret->what |= FROZEN_EXTRA;
    return add_value(writer, &writer->names.all[r], field, &ret->value);
}

static int put_object(struct frozen_writer *writer, const struct weir_record *record,
                      struct weir_str span, struct frozen_record *out)
{
    if (record->object_fields == 0)
        return 0;
    out->object_fields = record->object_fields;
    out->object_len = record->object_len;
    if (is_within(span, record->object, record->object_len)) {
        out->object = (uint32_t)(record->object - span.ptr);
        return 0;
    }
    out->flags |= FROZEN_OBJECT_EXTRA;
    return frozen_add_extra(writer, record->object, record->object_len, &out->object);
}

/* Where the next ones go. */
struct places {
    uint64_t record, field, trace;
};

static int put_record(struct frozen_writer *writer, uint32_t i, struct places *places)
{
    const struct weir_batch *pub = &writer->batch->pub;
    const struct weir_record *record = &pub->records[i];
    const struct weir_str span = frozen_span(pub, i);
    struct frozen_record out = { .event_time = record->event_time,
                                 .fields = record->count,
                                 .severity = record->severity };
    int r = put_object(writer, record, span, &out);
    for (uint32_t column = 0; column < record->count && r == 0; column++) {
        struct frozen_field field;
        r = put_field(writer, &record->fields[column], column, span, &field);
        memcpy(frozen_at(writer, places->field), &field, sizeof(field));
        places->field += sizeof(field);
    }
    if (record->trace) {
        out.flags |= FROZEN_TRACE;
        memcpy(frozen_at(writer, places->trace), record->trace, sizeof(*record->trace));
        places->trace += sizeof(*record->trace);
    }
    memcpy(frozen_at(writer, places->record), &out, sizeof(out));
    places->record += sizeof(out);
    return r;
}

int frozen_records_write(struct frozen_writer *writer)
{
    struct places places = { writer->parts.records, writer->parts.fields, writer->parts.traces };
    struct frozen_stretch stretch = { 0 };
    int r = 0;
    while (r == 0 && frozen_keep_next(&writer->keep, stretch.end, &stretch))
        for (uint32_t i = stretch.first; i < stretch.end && r == 0; i++)
            r = put_record(writer, i, &places);
    return r;
}
