/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the schema and whatever the records: a schema is compiled or refused with a reason, a record encoded or refused with
 * a reason, and what was encoded can be decoded by the schema, to its last byte.
 *
 * The input: a byte of choices, a schema, a NUL, records, one a line. */
#include <assert.h>
#include <stdlib.h>

#include "plugins/codecs/avro/avro.h"
#include "record/encoder.h"
#include "support/make_batch.h"
#include "support/option_state.h"

enum { DROP = 1, REST = 2, CONVERT = 4 };

extern const struct weir_plugin weir_plugin_codec_avro;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reader {
    const struct avro_program *program;
    const uint8_t *at, *end;
};

static int64_t read_long(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        assert(reader->at < reader->end && shift < 64);
        const uint8_t byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return (int64_t)(value >> 1 ^ -(value & 1));
}

static void skip(struct reader *reader, int64_t len)
{
    assert(len >= 0 && len <= reader->end - reader->at);
    reader->at += len;
}

static void read_type(struct reader *reader, uint32_t type);

static void read_blocks(struct reader *reader, const struct avro_type *type)
{
    int64_t count;
    while ((count = read_long(reader)) != 0) {
        assert(count > 0);
        for (; count > 0; count--) {
            if (type->kind == AVRO_MAP)
                skip(reader, read_long(reader));
            read_type(reader, type->first);
        }
    }
}

static void read_type(struct reader *reader, uint32_t index)
{
    const struct avro_program *program = reader->program;
    const struct avro_type *type = &program->types[index];
    int64_t number;
    switch ((enum avro_kind)type->kind) {
    case AVRO_NULL: break;
    case AVRO_BOOLEAN:
        assert(reader->at < reader->end && *reader->at <= 1);
        reader->at++;
        break;
    case AVRO_INT:
        number = read_long(reader);
        assert(number == (int32_t)number);
        break;
    case AVRO_LONG: read_long(reader); break;
    case AVRO_FLOAT: skip(reader, 4); break;
    case AVRO_DOUBLE: skip(reader, 8); break;
    case AVRO_BYTES: skip(reader, read_long(reader)); break;
    case AVRO_STRING: {
        const int64_t len = read_long(reader);
        const struct weir_str text = { (const char *)reader->at, (size_t)len };
        skip(reader, len);
        assert(weir_utf8_is_valid(text));
        break;
    }
    case AVRO_FIXED: skip(reader, type->count); break;
    case AVRO_ENUM:
        number = read_long(reader);
        assert(number >= 0 && number < type->count);
        break;
    case AVRO_ARRAY:
    case AVRO_MAP: read_blocks(reader, type); break;
    case AVRO_UNION:
        number = read_long(reader);
        assert(number >= 0 && number < type->count);
        read_type(reader, program->branches[type->first + number]);
        break;
    case AVRO_RECORD:
        for (uint32_t i = 0; i < type->count; i++)
            read_type(reader, program->fields[type->first + i].type);
        break;
    }
}

static void encode(struct weir_encoder *encoder, const struct avro_program *program,
                   const struct batch *batch)
{
    struct weir_slice slice = made_batch_slice(batch);
    struct weir_bytes out = { .max = (size_t)1 << 22 };
    for (uint32_t at = 0; at < slice.count; at++) {
        out.len = 0;
        if (weir_encode(encoder, &slice, at, &out, 1) == at) {
            assert(out.len == 0);
            continue;
        }
        assert(out.len > 0 && out.data[0] == 7);
        struct reader reader = { program, (const uint8_t *)out.data + 1,
                                 (const uint8_t *)out.data + out.len };
        read_type(&reader, 0);
        assert(reader.at == reader.end);
    }
    weir_bytes_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char rest[] = "rest";
    const uint8_t *end = size ? memchr(data + 1, '\0', size - 1) : NULL;
    struct weir_error err = { 0 };
    if (!end)
        return 0;
    struct codec_avro *state = option_state_new(&weir_plugin_codec_avro);
    state->unknown = data[0] & DROP ? AVRO_DROP : AVRO_REJECT;
    state->rest = data[0] & REST ? rest : NULL;
    state->convert = data[0] & CONVERT;
    struct weir_encoder *encoder = encoder_new(&weir_plugin_codec_avro, state);
    const struct weir_schema schema = { { (const char *)data + 1, (size_t)(end - data - 1) },
                                        WEIR_STR("\x07") };
    if (weir_encoder_set_schema(encoder, &schema, &err) < 0) {
        assert(err.text[0]);
    } else if (end + 1 < data + size) {
        struct batch *batch = make_batch_of(
            (struct weir_str){ (const char *)end + 1, (size_t)(data + size - end - 1) }, 0);
        made_batch_parse_json(batch);
        encode(encoder, &state->program, batch);
        made_batch_free(batch);
    }
    encoder_free(encoder);
    return 0;
}
