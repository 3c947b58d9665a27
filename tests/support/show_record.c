/* SPDX-License-Identifier: Apache-2.0 */
#include "support/show_record.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/json.h>

static void show_text(FILE *out, struct weir_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        fprintf(out, byte < 0x20 || byte > 0x7e ? "\\x%02x" : "%c", byte);
    }
}

static void show_hex(FILE *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%02x", bytes[i]);
}

static struct weir_str name_of(struct weir_batch *batch, const struct weir_field *field)
{
    bool escaped = field->flags & WEIR_NAME_ESCAPED;
    const struct weir_field name = { .value = field->name,
                                     .value_len = field->name_len,
                                     .type = WEIR_VALUE_STRING,
                                     .flags = escaped ? WEIR_VALUE_ESCAPED : 0 };
    return weir_field_text(batch, &name);
}

static void check_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        assert((unsigned char)text[i] >= 0x20 && text[i] != '"' && text[i] != '\\');
}

/* Text that stands in quotes in JSON must be valid there. */
static void check_escaped(const char *text, size_t len)
{
    char *json = calloc(len + sizeof("{\"x\":\"\"}") + WEIR_BATCH_PADDING, 1);
    assert(json);
    memcpy(json, "{\"x\":\"", 6);
    memcpy(json + 6, text, len);
    memcpy(json + 6 + len, "\"}", 2);
    struct weir_field field;
    struct weir_json answer;
    int count = weir_json_object(json, len + 8, &field, 1, &answer);
    assert(count == 1 && field.value_len == len);
    free(json);
}

static void check_field(struct weir_batch *batch, const struct weir_record *record, uint32_t index)
{
    const struct weir_field *field = &record->fields[index];
    if (field->flags & WEIR_NAME_CLEAN)
        check_clean(field->name, field->name_len);
    if ((field->flags & WEIR_VALUE_CLEAN) && field->type == WEIR_VALUE_STRING)
        check_clean(field->value, field->value_len);
    if (field->flags & WEIR_NAME_ESCAPED)
        check_escaped(field->name, field->name_len);
    if (field->flags & WEIR_VALUE_ESCAPED)
        check_escaped(field->value, field->value_len);
    if (field->type <= WEIR_VALUE_FLOAT)
        assert(weir_value_of((struct weir_str){ field->value, field->value_len }) == field->type);
    assert(weir_record_find(record, name_of(batch, field)) == (int)index);
}

/* The first `object_fields` fields are the members of `object`. */
static void check_object(const struct weir_record *record)
{
    if (record->object_fields == 0)
        return;
    char *json = calloc(record->object_len + WEIR_BATCH_PADDING, 1);
    struct weir_field *fields = calloc(WEIR_JSON_MEMBERS_MAX, sizeof(*fields));
    assert(json && fields && record->object_fields <= record->count);
    memcpy(json, record->object, record->object_len);
    struct weir_json answer;
    int count = weir_json_object(json, record->object_len, fields, WEIR_JSON_MEMBERS_MAX, &answer);
    assert(count == (int)record->object_fields && !answer.repeats);
    for (int i = 0; i < count; i++) {
        const struct weir_field *field = &record->fields[i];
        assert(field->type == fields[i].type && field->name_len == fields[i].name_len &&
               memcmp(field->name, fields[i].name, field->name_len) == 0 &&
               field->value_len == fields[i].value_len &&
               memcmp(field->value, fields[i].value, field->value_len) == 0);
    }
    free(json);
    free(fields);
}

static void show_fields(FILE *out, struct weir_batch *batch, const struct weir_record *record)
{
    static const char letters[] = {
        [WEIR_VALUE_NULL] = 'n',  [WEIR_VALUE_BOOL] = 'b',   [WEIR_VALUE_INT] = 'i',
        [WEIR_VALUE_FLOAT] = 'f', [WEIR_VALUE_STRING] = 's', [WEIR_VALUE_JSON] = 'j'
    };
    for (uint32_t i = 0; i < record->count; i++) {
        const struct weir_field *field = &record->fields[i];
        check_field(batch, record, i);
        fputs(i ? " " : "", out);
        show_text(out, name_of(batch, field));
        assert(field->type < sizeof(letters));
        fprintf(out, "=%c:", letters[field->type]);
        show_text(out, weir_field_text(batch, field));
    }
}

static void show_rest(FILE *out, const struct weir_record *record)
{
    if (record->event_time != WEIR_TIME_UNSET)
        fprintf(out, " | time %" PRId64, record->event_time);
    if (record->severity)
        fprintf(out, " | severity %u", record->severity);
    if (!record->trace)
        return;
    fputs(" | trace ", out);
    show_hex(out, record->trace->trace_id, sizeof(record->trace->trace_id));
    fputc('-', out);
    show_hex(out, record->trace->span_id, sizeof(record->trace->span_id));
    fprintf(out, "-%02x", record->trace->trace_flags);
}

char *show_record(struct weir_batch *batch, uint32_t i)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert(out);
    if (weir_batch_is_dropped(batch, i)) {
        fputs("dropped", out);
    } else if (!batch->records) {
        fputs("line ", out);
        show_text(out, weir_batch_line(batch, i));
    } else {
        const struct weir_record *record = &batch->records[i];
        check_object(record);
        fputs(record->object_fields ? "object " : "", out);
        show_fields(out, batch, record);
        show_rest(out, record);
    }
    fclose(out);
    return text;
}
