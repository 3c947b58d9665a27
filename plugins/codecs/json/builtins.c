/* SPDX-License-Identifier: Apache-2.0 */
/* What stands beside the fields: times, severity, ids.
 *
 * The text of each key is made once. Whether the record has a field of one of these names is looked at
 * only when there is something to print, in one pass over the fields that knows most names by a bit; a
 * record that has nothing but its fields costs a few tests. */
#include <endian.h>
#include <errno.h>

#include "json.h"
#include "put.h"

#define TAIL_BYTES_MAX ((size_t)1 << 20)
#define SECOND_NS 1000000000

static uint64_t bit(unsigned index)
{
    return (uint64_t)1 << index;
}

/* What every record has; the other builtins come from filters. */
#define ALWAYS_SET (bit(BUILTIN_RECORD_ID) | bit(BUILTIN_OBSERVED_TIME) | bit(BUILTIN_CLOCK))

/* ---- keys --------------------------------------------------------------------------------------- */

static int add_key(struct weir_bytes *text, struct key *key)
{
    int r = weir_bytes_add(text, ",", 1);
    if (r == 0)
        r = weir_bytes_add_json(text, key->name);
    return r == 0 ? weir_bytes_add(text, ":", 1) : r;
}

int codec_json_set_keys(struct codec_json *self)
{
    size_t ends[BUILTIN_COUNT], from = 0;
    self->tail.max = TAIL_BYTES_MAX;
    self->keys_text.max = TAIL_BYTES_MAX;
    for (unsigned i = 0; i < BUILTIN_COUNT; i++) {
        struct key *key = &self->builtins[i];
        key->name = weir_str_of(self->keys[i]);
        if (key->name.len) {
            if (add_key(&self->keys_text, key) < 0)
                return -ENOMEM;
            self->asked |= bit(i);
            self->filter |= name_bit(key->name.ptr, key->name.len);
        }
        ends[i] = self->keys_text.len;
    }
    self->only_fields = !self->with_source && !(self->asked & ALWAYS_SET);
    for (unsigned i = 0; i < BUILTIN_COUNT; from = ends[i++]) /* it moves no more */
        self->builtins[i].text = (struct weir_str){ self->keys_text.data + from, ends[i] - from };
    return 0;
}

/* ---- which ones ----------------------------------------------------------------------------------- */

/* Whether an id of 8 or 16 bytes is one: all zero is none. */
static bool is_set(const uint8_t *id, size_t len)
{
    return load8((const char *)id) || load8((const char *)id + len - 8);
}

/* The builtins that are asked for, and set. */
static uint64_t builtins_set(const struct codec_json *self, const struct weir_record *record)
{
    const struct weir_trace *trace = record->trace;
    uint64_t unset = 0;
    if (record->event_time == WEIR_TIME_UNSET)
        unset |= bit(BUILTIN_TIME);
    if (record->severity < 1 || record->severity > WEIR_SEVERITY_MAX)
        unset |= bit(BUILTIN_SEVERITY);
    if (!trace || !is_set(trace->trace_id, sizeof(trace->trace_id)))
        unset |= bit(BUILTIN_TRACE_ID) | bit(BUILTIN_TRACE_FLAGS);
    if (!trace || !is_set(trace->span_id, sizeof(trace->span_id)))
        unset |= bit(BUILTIN_SPAN_ID);
    return self->asked & ~unset;
}

static bool is_named(const struct weir_field *field, struct weir_str name)
{
    if (field->flags & WEIR_NAME_ESCAPED) {
        struct weir_field copy = *field;
        const struct weir_record alone = { .fields = &copy, .count = 1 };
        return weir_record_find(&alone, name) == 0;
    }
    return weir_str_eq((struct weir_str){ field->name, field->name_len }, name);
}

/* The names, as bits, that `field` has taken. */
static uint64_t names_of(const struct codec_json *self, const struct weir_field *field)
{
    uint64_t taken = 0;
    for (unsigned i = 0; i < BUILTIN_COUNT; i++)
        if (self->builtins[i].name.len && is_named(field, self->builtins[i].name))
            taken |= bit(i);
    for (unsigned i = 0; i < self->source.count; i++)
        if (is_named(field, self->source.members[i].name))
            taken |= bit(BUILTIN_COUNT + i);
    return taken;
}

static uint64_t names_covered(const struct codec_json *self, const struct weir_record *record)
{
    uint64_t taken = 0;
    for (uint32_t i = 0; i < record->count; i++) {
        const struct weir_field *field = &record->fields[i];
        if ((name_bit(field->name, field->name_len) & self->filter) ||
            (field->flags & WEIR_NAME_ESCAPED))
            taken |= names_of(self, field);
    }
    return taken;
}

/* ---- their text ----------------------------------------------------------------------------------- */

/* The most that the values of all builtins take: two times of up to 32 bytes, a severity, and at most 32
 * digits and two quotes for each of the others. */
#define VALUES_BYTES_MAX (2 * 32 + 8 + 5 * 34)

char *codec_json_put_decimal(char *at, uint64_t value, unsigned width)
{
    char digits[20], *first = digits + sizeof(digits);
    do {
        *--first = (char)('0' + value % 10);
        value /= 10;
    } while (value || (size_t)(digits + sizeof(digits) - first) < width);
    return put(at, first, (size_t)(digits + sizeof(digits) - first));
}

/* Four bytes as eight hexadecimal digits: each half byte gets a byte, then those above 9 become letters. */
static char *put_hex4(char *at, const uint8_t bytes[4])
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
    uint64_t text = be32toh(word);
    text = (text << 16 | text) & UINT64_C(0x0000ffff0000ffff);
    text = (text << 8 | text) & UINT64_C(0x00ff00ff00ff00ff);
    text = (text << 4 | text) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    const uint64_t letters = ((text + ones * 6) >> 4) & ones;
    text = htobe64(text + ones * '0' + letters * ('a' - '0' - 10));
    memcpy(at, &text, sizeof(text));
    return at + sizeof(text);
}

/* An id of 8 or 16 bytes. */
static char *put_id(char *at, const uint8_t *bytes, size_t len)
{
    *at++ = '"';
    for (size_t i = 0; i < len; i += 4)
        at = put_hex4(at, bytes + i);
    *at++ = '"';
    return at;
}

static char *put_flags(char *at, uint8_t flags)
{
    static const char digits[] = "0123456789abcdef";
    const char text[4] = { '"', digits[flags >> 4], digits[flags & 15], '"' };
    return put(at, text, sizeof(text));
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* Seconds, with 3, 6 or 9 digits of a fraction if there is one. */
static char *put_seconds(char *at, int64_t ns)
{
    uint64_t fraction = magnitude(ns) % SECOND_NS;
    unsigned width = 9;
    if (ns < 0)
        *at++ = '-';
    at = codec_json_put_decimal(at, magnitude(ns) / SECOND_NS, 1);
    if (fraction == 0)
        return at;
    for (; fraction % 1000 == 0; fraction /= 1000)
        width -= 3;
    *at++ = '.';
    return codec_json_put_decimal(at, fraction, width);
}

/* Whole units of so many ns, rounded down. */
static char *put_units(char *at, int64_t ns, int64_t unit)
{
    const int64_t value = ns / unit - (ns % unit < 0);
    if (value < 0)
        *at++ = '-';
    return codec_json_put_decimal(at, magnitude(value), 1);
}

/* As RFC 3339: by the host, which has reserved the room by now. */
static char *put_rfc3339(struct weir_bytes *tail, char *at, int64_t ns)
{
    *at++ = '"';
    tail->len = (size_t)(at - tail->data);
    if (weir_bytes_add_time(tail, ns) == 0)
        at = tail->data + tail->len;
    *at++ = '"';
    return at;
}

static char *put_time(struct codec_json *self, char *at, int64_t ns)
{
    switch ((enum time_format)self->time_format) {
    case TIME_RFC3339: return put_rfc3339(&self->tail, at, ns);
    case TIME_UNIX: return put_seconds(at, ns);
    case TIME_UNIX_MS: return put_units(at, ns, 1000000);
    case TIME_UNIX_US: return put_units(at, ns, 1000);
    case TIME_UNIX_NS: return put_units(at, ns, 1);
    }
    return at;
}

static char *put_severity(const struct codec_json *self, char *at, unsigned severity)
{
    const struct weir_str name = weir_severity_name(severity);
    if (self->severity_format == SEVERITY_NUMBER)
        return codec_json_put_decimal(at, severity, 1);
    *at++ = '"';
    at = put(at, name.ptr, name.len);
    *at++ = '"';
    return at;
}

static char *put_clock(char *at, uint64_t clock)
{
    uint8_t bytes[8];
    clock = htobe64(clock);
    memcpy(bytes, &clock, sizeof(bytes));
    return put_id(at, bytes, sizeof(bytes));
}

static char *put_value(struct codec_json *self, char *at, enum builtin builtin,
                       const struct weir_batch *batch, const struct weir_run *run, uint32_t i,
                       const struct weir_record *record)
{
    uint8_t id[16];
    switch (builtin) {
    case BUILTIN_TIME: return put_time(self, at, record->event_time);
    case BUILTIN_SEVERITY: return put_severity(self, at, record->severity);
    case BUILTIN_TRACE_ID: return put_id(at, record->trace->trace_id, 16);
    case BUILTIN_SPAN_ID: return put_id(at, record->trace->span_id, 8);
    case BUILTIN_TRACE_FLAGS: return put_flags(at, record->trace->trace_flags);
    case BUILTIN_RECORD_ID: weir_batch_record_id(batch, i, id); return put_id(at, id, 16);
    case BUILTIN_OBSERVED_TIME: return put_time(self, at, run->observed);
    case BUILTIN_CLOCK: return put_clock(at, weir_batch_clock(batch, i));
    case BUILTIN_COUNT: break;
    }
    return at;
}

int codec_json_tail(struct codec_json *self, const struct weir_batch *batch,
                    const struct weir_run *run, uint32_t i, const struct weir_record *record)
{
    self->tail.len = 0;
    uint64_t print = builtins_set(self, record);
    if (!print && !self->with_source)
        return 0;
    const uint64_t covered = names_covered(self, record);
    print &= ~covered;
    char *at = weir_bytes_room(&self->tail, self->keys_text.len + VALUES_BYTES_MAX);
    if (!at)
        return -ENOMEM;
    for (uint64_t left = print; left; left &= left - 1) {
        const enum builtin builtin = (enum builtin)__builtin_ctzll(left);
        const struct weir_str key = self->builtins[builtin].text;
        at = put(at, key.ptr, key.len);
        at = put_value(self, at, builtin, batch, run, i, record);
    }
    self->tail.len = (size_t)(at - self->tail.data);
    if (!self->with_source)
        return 0;
    return codec_json_source_add(self, covered, print, weir_batch_position(batch, i));
}
