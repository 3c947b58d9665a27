/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a record's fields one at a time. Names are few, so they are looked for one after another,
 * by length first. Whatever touches a member of the record's JSON text makes that text stale, and
 * codecs print the fields instead. */
#include <assert.h>
#include <errno.h>

#include "record/batch.h"
#include "record/fields.h"

int weir_record_find(const struct weir_record *record, struct weir_str name)
{
    for (uint32_t i = 0; i < record->count; i++)
        if (field_is_named(&record->fields[i], name))
            return (int)i;
    return -1;
}

static int record_grow(struct weir_batch *batch, struct weir_record *record)
{
    uint32_t count = record->count;
    struct weir_field *fields = weir_batch_fields(batch, 2 * count + 1);
    if (!fields)
        return -ENOMEM;
    if (count)
        memcpy(fields, record->fields, count * sizeof(*fields));
    weir_record_keep_fields(batch, record, fields, 2 * count + 1);
    record->count = count;
    return 0;
}

int weir_record_set(struct weir_batch *batch, struct weir_record *record,
                    const struct weir_field *field)
{
    assert(!(field->flags & WEIR_NAME_ESCAPED));
    int at = weir_record_find(record, (struct weir_str){ field->name, field->name_len });
    if (at >= 0) {
        if ((uint32_t)at < record->object_fields)
            record->object_fields = 0;
        record->fields[at] = *field;
        return 0;
    }
    if (record->count == record->room) {
        int r = record_grow(batch, record);
        if (r < 0)
            return r;
    }
    record->fields[record->count++] = *field;
    return 0;
}

int weir_record_remove(struct weir_batch *batch, struct weir_record *record, uint32_t index)
{
    (void)batch;
    assert(index < record->count);
    if (index < record->object_fields)
        record->object_fields = 0;
    memmove(&record->fields[index], &record->fields[index + 1],
            (record->count - index - 1) * sizeof(record->fields[0]));
    record->count--;
    return 0;
}

struct weir_str weir_field_text(struct weir_batch *batch, const struct weir_field *field)
{
    struct weir_str text = { field->value, field->value_len };
    if (!(field->flags & WEIR_VALUE_ESCAPED))
        return text;
    char *plain = weir_batch_alloc(batch, text.len); /* decoding never grows */
    if (!plain)
        return text;
    return (struct weir_str){ plain, json_unescape(text.ptr, text.len, plain) };
}
