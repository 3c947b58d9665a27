/* SPDX-License-Identifier: Apache-2.0 */
/* OpenTelemetry's values, in either form (opentelemetry/proto/common/v1/common.proto):
 *
 *     KeyValue     { 1: key   2: AnyValue }
 *     AnyValue     { one of 1: string  2: bool  3: int64  4: double  5: ArrayValue  6: KeyValueList }
 *     ArrayValue   { 1: AnyValue ... }         KeyValueList { 1: KeyValue ... }
 *
 * Raw JSON is opened all the way down. It is copied first, since a reader of JSON may load past its end, and is read level by
 * level where it lies: an object by its members, an array by its elements. A value without any member is null. An
 * integer that fits no int64 is a double. */
#include "value.h"

#include <errno.h>
#include <stdlib.h>
#include <weir/json.h>

#define NUMBER_BYTES_MAX 512
#define MEMBERS_FIRST 16

/* Text that may be any bytes: as a JSON string, which is valid, and back. */
static int mend(struct otlp_writer *writer, struct weir_str text, struct weir_str *ret)
{
    struct weir_bytes quoted = { .max = OTLP_TEXT_BYTES_MAX };
    int r = weir_bytes_add_json(&quoted, text);
    const struct weir_field inside = { .value = quoted.data + 1,
                                       .value_len = r == 0 ? (uint32_t)quoted.len - 2 : 0,
                                       .type = WEIR_VALUE_STRING,
                                       .flags = WEIR_VALUE_ESCAPED };
    writer->text.len = 0;
    if (r == 0)
        r = weir_bytes_add_text(&writer->text, &inside);
    *ret = (struct weir_str){ writer->text.data, writer->text.len };
    weir_bytes_free(&quoted);
    return r;
}

int otlp_text(struct otlp_writer *writer, enum otlp_field field, struct weir_str text)
{
    int r = writer->form->mends || weir_utf8_is_valid(text) ? 0 : mend(writer, text, &text);
    return r == 0 ? writer->form->text(writer->out, field, text) : r;
}

/* The text of a name or of a string value. */
static int field_text(struct otlp_writer *writer, enum otlp_field field, const char *text,
                      size_t len, bool escaped)
{
    const struct weir_field whole = { .value = text,
                                      .value_len = (uint32_t)len,
                                      .type = WEIR_VALUE_STRING,
                                      .flags = WEIR_VALUE_ESCAPED };
    if (!escaped)
        return otlp_text(writer, field, (struct weir_str){ text, len });
    writer->text.len = 0;
    int r = weir_bytes_add_text(&writer->text, &whole); /* out of valid JSON */
    const struct weir_str plain = { writer->text.data, writer->text.len };
    return r == 0 ? writer->form->text(writer->out, field, plain) : r;
}

static int number(struct otlp_writer *writer, const struct weir_field *value)
{
    char text[NUMBER_BYTES_MAX];
    size_t len = value->value_len < sizeof(text) ? value->value_len : sizeof(text) - 1;
    memcpy(text, value->value, len);
    text[len] = '\0';
    if (value->type == WEIR_VALUE_INT)
        return writer->form->number(writer->out, OTLP_INT_VALUE, (uint64_t)strtoll(text, NULL, 10));
    return writer->form->real(writer->out, OTLP_DOUBLE_VALUE, strtod(text, NULL),
                              (struct weir_str){ value->value, value->value_len });
}

/* The type of a JSON text and, of a string, what is between its quotes. */
static struct weir_field json_field(struct weir_str text)
{
    struct weir_field field = { .value = text.ptr, .value_len = (uint32_t)text.len };
    if (text.ptr[0] == '"') {
        field.value++;
        field.value_len -= 2;
        field.type = WEIR_VALUE_STRING;
        field.flags = WEIR_VALUE_ESCAPED;
    } else if (text.ptr[0] == '{' || text.ptr[0] == '[') {
        field.type = WEIR_VALUE_JSON;
    } else {
        field.type = (uint8_t)weir_value_of(text);
    }
    return field;
}

static int any_value(struct otlp_writer *writer, enum otlp_field field,
                     const struct weir_field *value);
static int key_value(struct otlp_writer *writer, enum otlp_field field,
                     const struct weir_field *attribute);

static int members(struct otlp_writer *writer, struct weir_str object)
{
    struct weir_json json;
    struct weir_field *fields = NULL;
    int count = WEIR_JSON_MORE, r = 0;
    for (uint32_t room = MEMBERS_FIRST; count == WEIR_JSON_MORE; room *= 2) {
        struct weir_field *grown = reallocarray(fields, room, sizeof(*fields));
        if (!grown) {
            free(fields);
            writer->out->starved = true;
            return -ENOMEM;
        }
        fields = grown;
        count = weir_json_object(object.ptr, object.len, fields, room, &json);
    }
    if (count > 0 && json.repeats)
        count = (int)weir_json_drop_repeated(fields, (uint32_t)count);
    for (int i = 0; r == 0 && i < count; i++)
        r = key_value(writer, OTLP_LIST_VALUES, &fields[i]);
    free(fields);
    return r;
}

static int elements(struct otlp_writer *writer, struct weir_str array)
{
    struct weir_str element;
    size_t at = 0;
    int r = 0;
    while (r == 0 && weir_json_element(array, &at, &element)) {
        const struct weir_field value = json_field(element);
        r = any_value(writer, OTLP_ARRAY_VALUES, &value);
    }
    return r;
}

/* An ArrayValue or a KeyValueList. */
static int nested(struct otlp_writer *writer, struct weir_str json)
{
    const struct otlp_form *form = writer->form;
    const bool array = json.ptr[0] == '[';
    size_t at;
    int r = form->begin(writer->out, array ? OTLP_ARRAY_VALUE : OTLP_LIST_VALUE, &at);
    if (r == 0)
        r = form->list(writer->out, array ? OTLP_ARRAY_VALUES : OTLP_LIST_VALUES);
    if (r == 0)
        r = array ? elements(writer, json) : members(writer, json);
    if (r == 0)
        r = form->list_end(writer->out);
    return r == 0 ? form->end(writer->out, at) : r;
}

static int any_value(struct otlp_writer *writer, enum otlp_field field,
                     const struct weir_field *value)
{
    const struct weir_str text = { value->value, value->value_len };
    size_t at;
    int r = writer->form->begin(writer->out, field, &at);
    if (r < 0)
        return r;
    switch ((enum weir_value)value->type) {
    case WEIR_VALUE_NULL: break;
    case WEIR_VALUE_BOOL:
        r = writer->form->number(writer->out, OTLP_BOOL_VALUE, text.ptr[0] == 't');
        break;
    case WEIR_VALUE_INT:
    case WEIR_VALUE_FLOAT: r = number(writer, value); break;
    case WEIR_VALUE_STRING:
        r = field_text(writer, OTLP_STRING_VALUE, text.ptr, text.len,
                       value->flags & WEIR_VALUE_ESCAPED);
        break;
    case WEIR_VALUE_JSON: r = nested(writer, text); break;
    }
    return r == 0 ? writer->form->end(writer->out, at) : r;
}

static int key_value(struct otlp_writer *writer, enum otlp_field field,
                     const struct weir_field *attribute)
{
    size_t at;
    int r = writer->form->begin(writer->out, field, &at);
    if (r == 0)
        r = field_text(writer, OTLP_KEY, attribute->name, attribute->name_len,
                       attribute->flags & WEIR_NAME_ESCAPED);
    if (r == 0)
        r = any_value(writer, OTLP_VALUE, attribute);
    return r == 0 ? writer->form->end(writer->out, at) : r;
}

/* A copy of raw JSON with what must follow it. */
static int padded(struct otlp_writer *writer, const struct weir_field *value,
                  struct weir_field *ret)
{
    static const char padding[WEIR_BATCH_PADDING];
    *ret = *value;
    if (value->type != WEIR_VALUE_JSON)
        return 0;
    writer->json.len = 0;
    int r = weir_bytes_add(&writer->json, value->value, value->value_len);
    if (r == 0)
        r = weir_bytes_add(&writer->json, padding, sizeof(padding));
    ret->value = writer->json.data;
    return r;
}

int otlp_value(struct otlp_writer *writer, enum otlp_field field, const struct weir_field *value)
{
    struct weir_field copy;
    int r = padded(writer, value, &copy);
    return r == 0 ? any_value(writer, field, &copy) : r;
}

int otlp_attribute(struct otlp_writer *writer, enum otlp_field field,
                   const struct weir_field *attribute)
{
    struct weir_field copy;
    int r = padded(writer, attribute, &copy);
    return r == 0 ? key_value(writer, field, &copy) : r;
}

int otlp_text_attribute(struct otlp_writer *writer, enum otlp_field field, struct weir_str name,
                        struct weir_str text)
{
    const struct weir_field attribute = { .name = name.ptr,
                                          .name_len = (uint16_t)name.len,
                                          .value = text.ptr,
                                          .value_len = (uint32_t)text.len,
                                          .type = WEIR_VALUE_STRING };
    return key_value(writer, field, &attribute);
}

void otlp_writer_deinit(struct otlp_writer *writer)
{
    weir_bytes_free(&writer->text);
    weir_bytes_free(&writer->json);
}
