/* SPDX-License-Identifier: Apache-2.0 */
/* Where a run came from: its stream's attributes, which the host keeps as JSON members, and the record's
 * position. They are taken apart once a run, for their names only: unless a field has one of them, the
 * text is added in one piece. */
#include <errno.h>
#include <weir/json.h>

#include "json.h"
#include "put.h"

#define SOURCE_BYTES_MAX ((size_t)1 << 20)

static struct weir_str source_position_name(const struct source *source)
{
    return (struct weir_str){ source->names.data, source->position_name_len };
}

/* By what they say: streams of frames come and go, so an address says nothing. */
static bool is_known(const struct source *source, struct weir_str json,
                     struct weir_str position_name)
{
    return source->text.len && weir_str_eq(source_position_name(source), position_name) &&
           weir_str_eq((struct weir_str){ source->text.data + 1, source->members_len }, json);
}

/* The text with braces around it, and padding. */
static int source_wrap(struct source *source, struct weir_str json, struct weir_str position_name)
{
    source->text.max = source->names.max = SOURCE_BYTES_MAX;
    source->text.len = source->names.len = 0;
    char *at = weir_bytes_room(&source->text, json.len + 2 + WEIR_BATCH_PADDING);
    /* A name takes no more room decoded, and must not move while others are added. */
    if (!at || !weir_bytes_room(&source->names, position_name.len + json.len) ||
        weir_bytes_add(&source->names, position_name.ptr, position_name.len) < 0)
        return -ENOMEM;
    source->position_name_len = position_name.len;
    *at++ = '{';
    if (json.len)
        memcpy(at, json.ptr, json.len);
    at += json.len;
    memset(at, 0, 1 + WEIR_BATCH_PADDING);
    *at = '}';
    source->text.len = json.len + 2;
    source->members_len = json.len;
    return 0;
}

/* The name as plain text. */
static struct weir_str source_name(struct source *source, const struct weir_field *field)
{
    const struct weir_field text = {
        .value = field->name,
        .value_len = field->name_len,
        .type = WEIR_VALUE_STRING,
        .flags = field->flags & WEIR_NAME_ESCAPED ? WEIR_VALUE_ESCAPED : 0,
    };
    const size_t from = source->names.len;
    if (weir_bytes_add_text(&source->names, &text) < 0)
        return (struct weir_str){ field->name, field->name_len };
    return (struct weir_str){ source->names.data + from, source->names.len - from };
}

static void source_add_name(struct codec_json *self, struct weir_str name, struct weir_str text)
{
    struct source *source = &self->source;
    uint64_t same = 0;
    for (unsigned i = 0; i < BUILTIN_COUNT; i++)
        if (self->builtins[i].name.len && weir_str_eq(self->builtins[i].name, name))
            same |= (uint64_t)1 << i;
    source->members[source->count].name = name;
    source->members[source->count].text = text;
    source->members[source->count].same = same;
    source->count++;
    self->filter |= name_bit(name.ptr, name.len);
}

int codec_json_source_read(struct codec_json *self, const struct weir_run *run)
{
    struct source *source = &self->source;
    struct weir_field fields[SOURCE_MAX];
    struct weir_json json;
    struct weir_str text = weir_stream_json(run->stream);
    const struct weir_str position_name = weir_str_of(weir_stream_position_name(run->stream));
    if (is_known(source, text, position_name))
        return 0;
    source->count = 0;
    if (source_wrap(source, text, position_name) < 0) {
        source->text.len = 0;
        return -ENOMEM;
    }
    int count =
        weir_json_object(source->text.data, source->text.len, fields, SOURCE_MAX - 1, &json);
    for (int i = 0; i < count; i++) {
        const struct weir_field *field = &fields[i];
        const char *from = field->name - 1;
        const char *end = field->value + field->value_len + (field->type == WEIR_VALUE_STRING);
        source_add_name(self, source_name(source, field),
                        (struct weir_str){ from, (size_t)(end - from) });
    }
    if (count < 0)
        source->members_len = 0; /* not what was promised, or far too much: left out */
    if (position_name.len)
        source_add_name(self, source_position_name(source), WEIR_STR_NONE);
    return 0;
}

static int add_member(struct weir_bytes *out, struct weir_str text)
{
    int r = text.len ? weir_bytes_add(out, ",", 1) : 0;
    return r == 0 ? weir_bytes_add(out, text.ptr, text.len) : r;
}

static int add_position(struct weir_bytes *out, struct weir_str name, uint64_t position)
{
    char *at = weir_bytes_room(out, name.len + strlen(",\"\":") + 20);
    if (!at)
        return -ENOMEM;
    *at++ = ',';
    *at++ = '"';
    at = put(at, name.ptr, name.len);
    *at++ = '"';
    *at++ = ':';
    out->len = (size_t)(codec_json_put_decimal(at, position, 1) - out->data);
    return 0;
}

int codec_json_source_add(struct codec_json *self, uint64_t covered, uint64_t printed,
                          uint64_t position)
{
    const struct source *source = &self->source;
    bool all = true;
    int r = 0;
    for (uint32_t i = 0; i < source->count; i++) {
        if (source->members[i].same & printed)
            covered |= (uint64_t)1 << (BUILTIN_COUNT + i);
        all = all && !(covered >> (BUILTIN_COUNT + i) & 1);
    }
    if (all)
        r = add_member(&self->tail,
                       (struct weir_str){ source->text.data + 1, source->members_len });
    for (uint32_t i = 0; i < source->count && r == 0; i++) {
        if (covered >> (BUILTIN_COUNT + i) & 1)
            continue;
        const bool is_position = source->members[i].text.len == 0;
        if (is_position)
            r = add_position(&self->tail, source->members[i].name, position);
        else if (!all)
            r = add_member(&self->tail, source->members[i].text);
    }
    return r;
}
