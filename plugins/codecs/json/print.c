/* SPDX-License-Identifier: Apache-2.0 */
/* A record into text.
 *
 * How long a record becomes is known before it is printed, but for what escaping adds, so room is asked
 * for once and then written to by pointer. Where a text does need escapes the host adds it, and room for
 * what is left is asked for again. Sizes are exact, so that a record that fits is never refused.
 *
 * Valid JSON may hold newlines between its tokens. A record is one line, so they become spaces; in what
 * an input has split at newlines there are none, and nobody looks. */
#include "json.h"
#include "put.h"

struct printer {
    struct weir_bytes *out;
    char *at;   /* where the next byte goes, inside of out->data but behind out->len */
    size_t end; /* what out->len will be, unless escaping adds to it */
    const struct weir_batch *batch;
    bool plain_data;
};

/* The bytes that fields take, a comma before each, when nothing needs an escape. */
static size_t fields_size(const struct weir_field *fields, uint32_t count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        const size_t quotes = fields[i].type == WEIR_VALUE_STRING ? 2 : 0;
        size += (size_t)fields[i].name_len + fields[i].value_len + quotes + strlen(",\"\":");
    }
    return size;
}

/* By the host, which knows how. */
static bool put_escaped(struct printer *printer, const char *text, size_t len)
{
    struct weir_bytes *out = printer->out;
    out->len = (size_t)(printer->at - out->data);
    const size_t before = out->len;
    if (weir_bytes_add_json(out, (struct weir_str){ text, len }) < 0)
        return false;
    printer->end += (out->len - before) - (len + 2);
    printer->at = weir_bytes_room(out, printer->end - out->len);
    return printer->at != NULL;
}

/* Text in quotes; `ready` when it can be copied. */
static inline bool put_string(struct printer *printer, const char *text, size_t len, bool ready)
{
    if (ready)
        put(printer->at + 1, text, len);
    else if (len > PUT_SHORT_MAX || !put_plain(printer->at + 1, text, len))
        return put_escaped(printer, text, len);
    printer->at[0] = printer->at[len + 1] = '"';
    printer->at += len + 2;
    return true;
}

/* JSON text, on one line. */
static void put_json(struct printer *printer, const char *text, size_t len)
{
    const struct weir_batch *batch = printer->batch;
    char *at = printer->at;
    printer->at = put(at, text, len);
    const uintptr_t offset = (uintptr_t)text - (uintptr_t)batch->data;
    if (printer->plain_data && offset < batch->ends[batch->count - 1])
        return;
    while ((at = memchr(at, '\n', (size_t)(printer->at - at))))
        *at = ' ';
}

static bool put_field(struct printer *printer, const struct weir_field *field)
{
    if (!put_string(printer, field->name, field->name_len,
                    field->flags & (WEIR_NAME_CLEAN | WEIR_NAME_ESCAPED)))
        return false;
    *printer->at++ = ':';
    switch ((enum weir_value)field->type) {
    case WEIR_VALUE_STRING:
        return put_string(printer, field->value, field->value_len,
                          field->flags & (WEIR_VALUE_CLEAN | WEIR_VALUE_ESCAPED));
    case WEIR_VALUE_JSON: put_json(printer, field->value, field->value_len); break;
    case WEIR_VALUE_NULL:
    case WEIR_VALUE_BOOL:
    case WEIR_VALUE_INT:
    case WEIR_VALUE_FLOAT: printer->at = put(printer->at, field->value, field->value_len); break;
    }
    return true;
}

/* From the opening brace to the last field. */
static bool put_fields(struct printer *printer, const struct weir_record *record)
{
    uint32_t i = record->object_fields;
    if (i)
        put_json(printer, record->object, record->object_len - 1);
    else
        *printer->at++ = '{';
    for (; i < record->count; i++) {
        if (i)
            *printer->at++ = ',';
        if (!put_field(printer, &record->fields[i]))
            return false;
    }
    return true;
}

bool codec_json_print(struct weir_bytes *out, const struct weir_batch *batch, bool plain_data,
                      const struct weir_record *record, struct weir_str tail)
{
    const uint32_t from = record->object_fields;
    const size_t before = out->len;
    size_t need = fields_size(record->fields + from, record->count - from) + tail.len;
    if (record->count == 0 && tail.len) { /* a comma too much */
        tail.ptr++;
        tail.len--;
    }
    if (from)
        need += record->object_len - 1;
    else
        need += need == 0; /* the opening brace takes the place of the first comma */
    need += strlen("}\n");
    struct printer printer = { .out = out,
                               .at = weir_bytes_room(out, need),
                               .end = before + need,
                               .batch = batch,
                               .plain_data = plain_data };
    if (!printer.at || !put_fields(&printer, record)) {
        out->len = before;
        return false;
    }
    char *at = put(printer.at, tail.ptr, tail.len);
    at[0] = '}';
    at[1] = '\n';
    out->len = (size_t)(at + 2 - out->data);
    return true;
}
