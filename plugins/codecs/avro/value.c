/* SPDX-License-Identifier: Apache-2.0 */
/* A value of a record as a type of the schema wants it.
 *
 *     null null    boolean bool    int, long INT    float, double INT, FLOAT    record, map {...}    array [...]
 *     string, enum, bytes, fixed STRING
 *
 * and no other way, unless `convert` says that numbers and truth values may come as text and go as text: what a reader finds
 * must be what the log said. A union is tried branch by branch. Where a text can only be meant as one thing it may be
 * written so: a time as RFC 3339 where a timestamp is wanted, an id in hexadecimal digits where a fixed of half their number
 * is. */
#include "avro.h"

static struct weir_str raw_text(const struct weir_field *value)
{
    return (struct weir_str){ value->value, value->value_len };
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

bool avro_pen_grow(struct avro_pen *pen, size_t more)
{
    struct weir_bytes *out = pen->out;
    out->len = out->data ? avro_pen_tell(pen) : 0;
    char *room = weir_bytes_room(out, more);
    if (!room)
        return false;
    pen->at = room;
    pen->end = out->data + (out->cap < out->max ? out->cap : out->max);
    return true;
}

enum avro_answer avro_write_long(struct avro_pen *pen, int64_t value)
{
    if (!avro_pen_room(pen, AVRO_LONG_MAX))
        return AVRO_FULL;
    pen->at = avro_put_long(pen->at, value);
    return AVRO_FITS;
}

enum avro_answer avro_write_raw(struct avro_pen *pen, struct weir_str bytes)
{
    if (!avro_pen_room(pen, bytes.len))
        return AVRO_FULL;
    if (bytes.len)
        memcpy(pen->at, bytes.ptr, bytes.len);
    pen->at += bytes.len;
    return AVRO_FITS;
}

enum avro_answer avro_write_bytes(struct avro_pen *pen, struct weir_str bytes)
{
    if (!avro_pen_room(pen, AVRO_LONG_MAX + bytes.len))
        return AVRO_FULL;
    pen->at = avro_put_long(pen->at, (int64_t)bytes.len);
    if (bytes.len)
        memcpy(pen->at, bytes.ptr, bytes.len);
    pen->at += bytes.len;
    return AVRO_FITS;
}

/* ---- text ------------------------------------------------------------------------------------------------------ */

enum avro_answer avro_unescape(struct codec_avro *self, const char *text, size_t len,
                               struct weir_str *ret)
{
    const struct weir_field field = { .value = text,
                                      .value_len = (uint32_t)len,
                                      .type = WEIR_VALUE_STRING,
                                      .flags = WEIR_VALUE_ESCAPED };
    self->scratch.len = 0;
    self->scratch.starved = false;
    if (weir_bytes_add_text(&self->scratch, &field) < 0) {
        self->starved |= self->scratch.starved;
        return AVRO_FULL;
    }
    *ret = (struct weir_str){ self->scratch.data, self->scratch.len };
    return AVRO_FITS;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `text` as bytes, where it is two digits for each of `count`, and, where it is a UUID, dashes. */
static bool from_hex(struct weir_str text, bool uuid, size_t count, uint8_t *ret)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (uuid && (i == 4 || i == 6 || i == 8 || i == 10) && text.ptr[at++] != '-')
            return false;
        const int high = hex_digit(text.ptr[at]), low = hex_digit(text.ptr[at + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return true;
}

#define UUID_LEN 36
#define HEX_BYTES_MAX 64

static bool is_uuid(struct weir_str text)
{
    uint8_t bytes[16];
    return text.len == UUID_LEN && from_hex(text, true, sizeof(bytes), bytes);
}

static enum avro_answer encode_fixed(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                     const struct weir_field *value, struct weir_str text)
{
    const struct avro_type *row = &self->program.types[type];
    uint8_t bytes[HEX_BYTES_MAX];
    if (text.len == row->count)
        return avro_write_raw(pen, text);
    const bool uuid = row->logical == AVRO_UUID && text.len == UUID_LEN;
    if (row->count && row->count <= HEX_BYTES_MAX && (uuid || text.len == 2 * (size_t)row->count) &&
        from_hex(text, uuid, row->count, bytes))
        return avro_write_raw(pen, (struct weir_str){ (const char *)bytes, row->count });
    return avro_misfit(self, AVRO_WRONG_SIZE, type, value);
}

static enum avro_answer encode_symbol(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                      const struct weir_field *value, struct weir_str text)
{
    const struct avro_type *row = &self->program.types[type];
    for (uint32_t i = 0; i < row->count; i++)
        if (weir_str_eq(self->program.symbols[row->first + i], text))
            return avro_write_long(pen, i);
    return avro_misfit(self, AVRO_NO_SYMBOL, type, value);
}

static enum avro_answer encode_string(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                      const struct weir_field *value, struct weir_str text)
{
    if (!(value->flags & (WEIR_VALUE_CLEAN | WEIR_VALUE_ESCAPED)) && !weir_utf8_is_valid(text))
        return avro_misfit(self, AVRO_NOT_UTF8, type, value);
    if (self->program.types[type].logical == AVRO_UUID && !is_uuid(text))
        return avro_misfit(self, AVRO_NOT_UUID, type, value);
    return avro_write_bytes(pen, text);
}

/* A default's text stands for bytes, each a character below U+0100. False when it holds others, or memory is short. */
static bool latin1(struct codec_avro *self, struct weir_str *text)
{
    struct weir_bytes bytes = { .max = AVRO_SCHEMA_BYTES_MAX };
    const char *from = text->ptr, *const end = from + text->len;
    char *at = weir_bytes_room(&bytes, text->len + 1);
    bool good = at != NULL;
    while (good && from < end) {
        const unsigned char c = (unsigned char)*from++;
        good = c < 0x80 || (c == 0xc2 || c == 0xc3);
        if (good)
            *at++ = (char)(c < 0x80 ? c : (unsigned)c << 6 | ((unsigned char)*from++ & 0x3f));
    }
    self->scratch.len = 0;
    good = good && weir_bytes_add(&self->scratch, bytes.data, (size_t)(at - bytes.data)) == 0;
    *text = (struct weir_str){ self->scratch.data, self->scratch.len };
    weir_bytes_free(&bytes);
    return good;
}

enum avro_answer avro_encode_text(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                  const struct weir_field *value)
{
    const enum avro_kind kind = (enum avro_kind)self->program.types[type].kind;
    struct weir_str text;
    enum avro_answer answer =
        avro_plain(self, value->value, value->value_len, value->flags & WEIR_VALUE_ESCAPED, &text);
    if (answer != AVRO_FITS)
        return answer;
    if (self->in_default && (kind == AVRO_BYTES || kind == AVRO_FIXED)) {
        if (!latin1(self, &text) ||
            (kind == AVRO_FIXED && text.len != self->program.types[type].count))
            return avro_misfit(self, AVRO_WRONG_SIZE, type, value);
    }
    if (kind == AVRO_STRING)
        return encode_string(self, pen, type, value, text);
    if (kind == AVRO_BYTES)
        return avro_write_bytes(pen, text);
    if (kind == AVRO_FIXED)
        return encode_fixed(self, pen, type, value, text);
    if (kind == AVRO_ENUM)
        return encode_symbol(self, pen, type, value, text);
    return avro_misfit(self, AVRO_WRONG_TYPE, type, value);
}

/* ---- times ------------------------------------------------------------------------------------------------------ */

int64_t avro_time_of(const struct codec_avro *self, const struct avro_type *type, int64_t ns)
{
    static const int64_t units[] = { [AVRO_UNIT_S] = 1000000000,
                                     [AVRO_UNIT_MS] = 1000000,
                                     [AVRO_UNIT_US] = 1000,
                                     [AVRO_UNIT_NS] = 1 };
    int64_t unit = units[self->time_unit];
    switch ((enum avro_logical)type->logical) {
    case AVRO_MILLIS: unit = 1000000; break;
    case AVRO_MICROS: unit = 1000; break;
    case AVRO_NANOS: unit = 1; break;
    case AVRO_PLAIN:
    case AVRO_UUID: break;
    }
    return ns / unit - (ns % unit < 0);
}

static bool is_timestamp(const struct avro_type *type)
{
    return type->logical == AVRO_MILLIS || type->logical == AVRO_MICROS ||
           type->logical == AVRO_NANOS;
}

static enum avro_answer encode_timestamp(struct codec_avro *self, struct avro_pen *pen,
                                         uint32_t type, const struct weir_field *value)
{
    int64_t ns;
    if (!weir_time_parse(self->time_format, raw_text(value), 0, &ns))
        return avro_misfit(self, AVRO_NOT_TIME, type, value);
    return avro_write_long(pen, avro_time_of(self, &self->program.types[type], ns));
}

/* ---- scalars ---------------------------------------------------------------------------------------------------- */

static enum avro_answer encode_boolean(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                       const struct weir_field *value)
{
    const bool text = value->type == WEIR_VALUE_STRING && self->convert;
    if (value->type != WEIR_VALUE_BOOL &&
        !(text && weir_value_of(raw_text(value)) == WEIR_VALUE_BOOL))
        return avro_misfit(self, AVRO_WRONG_TYPE, type, value);
    if (!avro_pen_room(pen, 1))
        return AVRO_FULL;
    *pen->at++ = value->value[0] == 't';
    return AVRO_FITS;
}

/* Digits that fit int64_t, with a sign or without. */
static int64_t parse_int(struct weir_str text)
{
    const bool negative = text.len && text.ptr[0] == '-';
    uint64_t number = 0;
    for (size_t i = negative; i < text.len; i++)
        number = number * 10 + (uint64_t)(text.ptr[i] - '0');
    return (int64_t)(negative ? -number : number);
}

static enum avro_answer encode_integer(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                       const struct weir_field *value)
{
    const struct avro_type *row = &self->program.types[type];
    if (value->type != WEIR_VALUE_INT) {
        if (value->type == WEIR_VALUE_STRING && is_timestamp(row))
            return encode_timestamp(self, pen, type, value);
        if (!(value->type == WEIR_VALUE_STRING && self->convert &&
              weir_value_of(raw_text(value)) == WEIR_VALUE_INT))
            return avro_misfit(self, AVRO_WRONG_TYPE, type, value);
    }
    const int64_t number = parse_int(raw_text(value));
    if (row->kind == AVRO_INT && number != (int32_t)number)
        return avro_misfit(self, AVRO_OUT_OF_RANGE, type, value);
    return avro_write_long(pen, number);
}

/* Text is what these types take; with `convert`, also what is written without quotes. */
static enum avro_answer encode_textual(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                       const struct weir_field *value)
{
    const bool bare = value->type == WEIR_VALUE_INT || value->type == WEIR_VALUE_FLOAT ||
                      value->type == WEIR_VALUE_BOOL;
    if (value->type == WEIR_VALUE_STRING || (bare && self->convert))
        return avro_encode_text(self, pen, type, value);
    return avro_misfit(self, AVRO_WRONG_TYPE, type, value);
}

/* ---- unions ------------------------------------------------------------------------------------------------------ */

/* What the last try says is the reason only where there was no other. */
static enum avro_answer no_branch(struct codec_avro *self, uint32_t type, unsigned tried,
                                  const struct avro_misfit *last, const struct weir_field *value)
{
    if (tried == 1) {
        self->misfit = *last;
        return AVRO_MISFIT;
    }
    return avro_misfit(self, AVRO_WRONG_TYPE, type, value);
}

static enum avro_answer encode_branch(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                      const void *value)
{
    return avro_encode(self, pen, type, value);
}

enum avro_answer avro_encode_union(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                   const void *value, bool is_null, avro_branch_f *encode)
{
    const struct avro_type *row = &self->program.types[type];
    const uint64_t left_out = self->left_out;
    struct avro_misfit last;
    unsigned tried = 0;
    if (!avro_pen_room(pen, AVRO_LONG_MAX))
        return AVRO_FULL;
    const size_t before = avro_pen_tell(pen);
    for (uint32_t i = 0; i < row->count; i++) {
        const uint32_t branch = self->program.branches[row->first + i];
        if ((self->program.types[branch].kind == AVRO_NULL) != is_null)
            continue;
        pen->at = avro_put_long(pen->at, i);
        if (is_null)
            return AVRO_FITS;
        enum avro_answer answer = encode(self, pen, branch, value);
        if (answer != AVRO_MISFIT)
            return answer;
        last = self->misfit;
        tried++;
        self->left_out = left_out;
        avro_pen_seek(pen, before);
    }
    const struct weir_field none = { .type = is_null ? WEIR_VALUE_NULL : WEIR_VALUE_STRING };
    return no_branch(self, type, tried, &last, encode == encode_branch ? value : &none);
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

enum avro_answer avro_encode(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                             const struct weir_field *value)
{
    switch ((enum avro_kind)self->program.types[type].kind) {
    case AVRO_NULL:
        return value->type == WEIR_VALUE_NULL ? AVRO_FITS
                                              : avro_misfit(self, AVRO_WRONG_TYPE, type, value);
    case AVRO_BOOLEAN: return encode_boolean(self, pen, type, value);
    case AVRO_INT:
    case AVRO_LONG: return encode_integer(self, pen, type, value);
    case AVRO_FLOAT:
    case AVRO_DOUBLE: return avro_encode_number(self, pen, type, value);
    case AVRO_STRING:
        if (value->type == WEIR_VALUE_STRING && value->flags & WEIR_VALUE_CLEAN &&
            self->program.types[type].logical == AVRO_PLAIN)
            return avro_write_bytes(pen, raw_text(value)); /* the usual case, without detours */
        return encode_textual(self, pen, type, value);
    case AVRO_BYTES:
    case AVRO_FIXED:
    case AVRO_ENUM: return encode_textual(self, pen, type, value);
    case AVRO_ARRAY:
    case AVRO_MAP:
    case AVRO_RECORD: return avro_encode_nested(self, pen, type, value);
    case AVRO_UNION:
        return avro_encode_union(self, pen, type, value, value->type == WEIR_VALUE_NULL,
                                 encode_branch);
    }
    return AVRO_MISFIT;
}
