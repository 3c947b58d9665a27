/* SPDX-License-Identifier: Apache-2.0 */
/* Records, maps and arrays inside of a record: values that are JSON, opened as far as the schema goes.
 *
 *     array, map    a block: how many items, the items (of a map each with its key before it); then 0
 *     record        the fields in the schema's order, whatever order the members are in: they are gathered first
 *
 * Members gathered for a record stand on a stack that records further in share; it grows once and is kept. */
#include "avro.h"

#include <stdlib.h>

#include "json_walk.h"

#define STACK_MAX 65536
#define DEPTH_MAX 64 /* as deep as the host's own JSON goes */

static struct weir_str json_of(const struct weir_field *value)
{
    return (struct weir_str){ value->value, value->value_len };
}

static enum avro_answer name_of(struct codec_avro *self, const struct weir_field *member,
                                struct weir_str *ret)
{
    return avro_plain(self, member->name, member->name_len, member->flags & WEIR_NAME_ESCAPED, ret);
}

/* ---- arrays and maps ------------------------------------------------------------------------------------------ */

static enum avro_answer encode_items(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                     struct weir_str json)
{
    const uint32_t items = self->program.types[type].first;
    struct json_walk walk;
    struct weir_field item;
    struct weir_str key = WEIR_STR_NONE;
    size_t index = 0;
    json_walk_begin(&walk, json);
    for (; json_walk_next(&walk, &item); index++) {
        enum avro_answer answer = AVRO_FITS;
        if (walk.object)
            answer = name_of(self, &item, &key);
        if (answer == AVRO_FITS && walk.object)
            answer = avro_write_bytes(pen, key);
        if (answer == AVRO_FITS)
            answer = avro_encode(self, pen, items, &item);
        if (answer == AVRO_MISFIT && walk.object)
            avro_misfit_in(self, (struct weir_str){ item.name, item.name_len });
        else if (answer == AVRO_MISFIT)
            avro_misfit_at(self, index);
        if (answer != AVRO_FITS)
            return answer;
    }
    return AVRO_FITS;
}

enum avro_answer avro_encode_block(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                   const struct weir_field *value)
{
    const char opens = self->program.types[type].kind == AVRO_MAP ? '{' : '[';
    if (value->type != WEIR_VALUE_JSON || !value->value_len || value->value[0] != opens)
        return avro_misfit(self, AVRO_WRONG_TYPE, type, value);
    const size_t count = json_walk_count(json_of(value));
    if (!count)
        return AVRO_FITS;
    enum avro_answer answer = avro_write_long(pen, (int64_t)count);
    return answer == AVRO_FITS ? encode_items(self, pen, type, json_of(value)) : answer;
}

/* ---- records --------------------------------------------------------------------------------------------------- */

static bool stack_push(struct codec_avro *self, uint32_t count)
{
    const uint32_t want = self->stack_used + count;
    if (want > self->stack_room) {
        struct weir_field *grown =
            want <= STACK_MAX ? reallocarray(self->stack, want * 2, sizeof(*grown)) : NULL;
        if (!grown)
            return false;
        self->stack = grown;
        self->stack_room = want * 2;
    }
    for (uint32_t i = self->stack_used; i < want; i++)
        self->stack[i].value = NULL;
    self->stack_used = want;
    return true;
}

/* Puts each member where its field is. */
static enum avro_answer gather(struct codec_avro *self, uint32_t type, struct weir_str json,
                               uint32_t base)
{
    struct json_walk walk;
    struct weir_field member;
    struct weir_str text;
    json_walk_begin(&walk, json);
    while (json_walk_next(&walk, &member)) {
        enum avro_answer answer = name_of(self, &member, &text);
        if (answer != AVRO_FITS)
            return answer;
        const struct avro_name *name = avro_program_find(&self->program, type, text.ptr, text.len);
        if (name && (name->own || !self->stack[base + name->field].value)) {
            self->stack[base + name->field] = member;
        } else if (self->unknown == AVRO_REJECT) {
            avro_misfit(self, AVRO_UNKNOWN, type, &member);
            avro_misfit_in(self, (struct weir_str){ member.name, member.name_len });
            return AVRO_MISFIT;
        } else {
            self->left_out++;
        }
    }
    return AVRO_FITS;
}

static enum avro_answer encode_fields(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                      uint32_t base)
{
    const struct avro_type *row = &self->program.types[type];
    for (uint32_t i = 0; i < row->count; i++) {
        struct avro_field *field = &self->program.fields[row->first + i];
        const struct weir_field value = self->stack[base + i]; /* the stack may move */
        enum avro_answer answer = value.value ? avro_encode(self, pen, field->type, &value)
                                              : avro_default_ready(self, field);
        if (answer == AVRO_FITS && !value.value)
            answer = avro_encode_absent(self, pen, field);
        if (answer == AVRO_MISFIT)
            avro_misfit_in(self, field->name);
        if (answer != AVRO_FITS)
            return answer;
    }
    return AVRO_FITS;
}

static enum avro_answer encode_record(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                      const struct weir_field *value)
{
    const uint32_t base = self->stack_used;
    if (value->type != WEIR_VALUE_JSON || !value->value_len || value->value[0] != '{')
        return avro_misfit(self, AVRO_WRONG_TYPE, type, value);
    if (!stack_push(self, self->program.types[type].count)) {
        self->starved = true;
        return AVRO_FULL;
    }
    enum avro_answer answer = gather(self, type, json_of(value), base);
    if (answer == AVRO_FITS)
        answer = encode_fields(self, pen, type, base);
    self->stack_used = base;
    return answer;
}

enum avro_answer avro_encode_nested(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                    const struct weir_field *value)
{
    enum avro_answer answer;
    if (self->depth == DEPTH_MAX)
        return avro_misfit(self, AVRO_TOO_DEEP, type, value);
    self->depth++;
    if (self->program.types[type].kind == AVRO_RECORD)
        answer = encode_record(self, pen, type, value);
    else
        answer = avro_encode_block(self, pen, type, value);
    self->depth--;
    if (answer != AVRO_FITS || self->program.types[type].kind == AVRO_RECORD)
        return answer;
    return avro_write_long(pen, 0);
}
