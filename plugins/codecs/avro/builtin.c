/* SPDX-License-Identifier: Apache-2.0 */
/* Times, severity and ids: what a field that asks for one by its name gets, as its type wants it.
 *
 *     time, observed_time          long: in the unit of its logical type, or of `time_unit`; string: RFC 3339
 *     severity                     int, long: OpenTelemetry's number; string, enum: its name
 *     trace_id, span_id,           fixed of its size, bytes: as it is; string: in hexadecimal digits, a record id with logical
 *       record_id, clock             type uuid as a UUID; clock also as long
 *     trace_flags                  int, long; string: two hexadecimal digits
 */
#include "avro.h"

#include <endian.h>
#include <weir/hex.h>

/* A builtin's value in the forms that there are of it. */
struct value {
    enum avro_builtin builtin;
    int64_t number;    /* a time in ns, a severity, flags, a clock */
    uint8_t bytes[16]; /* an id, a clock */
    size_t len;        /* of it; 0: it is none */
};

/* A UUID's 16 bytes, as RFC 9562 writes them. */
static char *put_uuid(char *at, const uint8_t *bytes)
{
    static const uint8_t groups[] = { 4, 2, 2, 2, 6 };
    for (size_t i = 0; i < sizeof(groups); bytes += groups[i++]) {
        if (i)
            *at++ = '-';
        at = weir_hex(at, bytes, groups[i]);
    }
    return at;
}

static enum avro_answer write_time_text(struct codec_avro *self, struct avro_pen *pen, int64_t ns)
{
    self->scratch.len = 0;
    if (weir_bytes_add_time(&self->scratch, ns) < 0) {
        self->starved = true;
        return AVRO_FULL;
    }
    return avro_write_bytes(pen, (struct weir_str){ self->scratch.data, self->scratch.len });
}

/* As text, into `room` of 40 bytes. */
static struct weir_str text_of(const struct value *value, bool uuid, char *room)
{
    const uint8_t flags = (uint8_t)value->number;
    char *end;
    if (value->len == 16 && uuid)
        end = put_uuid(room, value->bytes);
    else if (value->len)
        end = weir_hex(room, value->bytes, value->len);
    else if (value->builtin == AVRO_TRACE_FLAGS)
        end = weir_hex(room, &flags, 1);
    else
        return weir_severity_name((unsigned)value->number);
    return (struct weir_str){ room, (size_t)(end - room) };
}

static bool is_time(const struct value *value)
{
    return value->builtin == AVRO_TIME || value->builtin == AVRO_OBSERVED_TIME;
}

static enum avro_answer encode_long(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                    const struct value *value, const struct weir_field *found)
{
    const struct avro_type *row = &self->program.types[type];
    if (is_time(value) && row->kind == AVRO_LONG)
        return avro_write_long(pen, avro_time_of(self, row, value->number));
    if (is_time(value) || (value->len && value->builtin != AVRO_CLOCK) ||
        (value->builtin == AVRO_CLOCK && row->kind == AVRO_INT))
        return avro_misfit(self, AVRO_WRONG_TYPE, type, found);
    return avro_write_long(pen, value->number);
}

static enum avro_answer encode(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                               const void *given)
{
    const struct value *value = given;
    const struct avro_type *row = &self->program.types[type];
    char room[40];
    const struct weir_str raw = { (const char *)value->bytes, value->len };
    struct weir_field found = { .type = value->len || row->kind == AVRO_LONG ? WEIR_VALUE_STRING
                                                                             : WEIR_VALUE_INT };
    switch ((enum avro_kind)row->kind) {
    case AVRO_INT:
    case AVRO_LONG: return encode_long(self, pen, type, value, &found);
    case AVRO_STRING:
        if (is_time(value))
            return write_time_text(self, pen, value->number);
        return avro_write_bytes(pen, text_of(value, row->logical == AVRO_UUID, room));
    case AVRO_ENUM: {
        const struct weir_str text = text_of(value, false, room);
        found = (struct weir_field){ .value = text.ptr,
                                     .value_len = (uint32_t)text.len,
                                     .type = WEIR_VALUE_STRING };
        return is_time(value) ? avro_misfit(self, AVRO_WRONG_TYPE, type, &found)
                              : avro_encode_text(self, pen, type, &found);
    }
    case AVRO_BYTES:
        if (value->len)
            return avro_write_bytes(pen, raw);
        break;
    case AVRO_FIXED:
        if (value->len && value->len == row->count)
            return avro_write_raw(pen, raw);
        break;
    case AVRO_UNION: return avro_encode_union(self, pen, type, given, false, encode);
    case AVRO_NULL:
    case AVRO_BOOLEAN:
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
    case AVRO_ARRAY:
    case AVRO_MAP:
    case AVRO_RECORD: break;
    }
    return avro_misfit(self, AVRO_WRONG_TYPE, type, &found);
}

static bool set_bytes(struct value *value, const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    memcpy(value->bytes, bytes, len);
    value->len = len;
    return any != 0;
}

/* Whether the record has it. */
static bool get(struct value *value, const struct weir_batch *batch, const struct weir_run *run,
                uint32_t i, const struct weir_record *record)
{
    const struct weir_trace *trace = record->trace;
    uint8_t id[16];
    switch (value->builtin) {
    case AVRO_TIME:
        value->number = record->event_time;
        return record->event_time != WEIR_TIME_UNSET;
    case AVRO_SEVERITY:
        value->number = record->severity;
        return record->severity >= 1 && record->severity <= WEIR_SEVERITY_MAX;
    case AVRO_TRACE_ID: return trace && set_bytes(value, trace->trace_id, 16);
    case AVRO_SPAN_ID: return trace && set_bytes(value, trace->span_id, 8);
    case AVRO_TRACE_FLAGS:
        value->number = trace ? trace->trace_flags : 0;
        return trace && set_bytes(&(struct value){ 0 }, trace->trace_id, 16);
    case AVRO_RECORD_ID:
        weir_batch_record_id(batch, i, id);
        set_bytes(value, id, 16);
        return true;
    case AVRO_OBSERVED_TIME: value->number = run->observed; return true;
    case AVRO_CLOCK: {
        const uint64_t clock = weir_batch_clock(batch, i), big_endian = htobe64(clock);
        value->number = (int64_t)clock;
        set_bytes(value, (const uint8_t *)&big_endian, 8);
        return true;
    }
    case AVRO_BUILTIN_COUNT: break;
    }
    return false;
}

enum avro_answer avro_encode_builtin(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                     enum avro_builtin builtin, const struct weir_batch *batch,
                                     const struct weir_run *run, uint32_t i,
                                     const struct weir_record *record, bool *ret_set)
{
    struct value value = { .builtin = builtin };
    *ret_set = get(&value, batch, run, i, record);
    return *ret_set ? encode(self, pen, type, &value) : AVRO_FITS;
}

enum avro_answer avro_encode_observed(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                      const struct weir_run *run)
{
    const struct value value = { .builtin = AVRO_OBSERVED_TIME, .number = run->observed };
    return encode(self, pen, type, &value);
}
