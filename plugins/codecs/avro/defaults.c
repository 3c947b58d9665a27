/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults are encoded once, when the schema is set, by the same code that encodes records: a default is JSON, as a value of a
 * record may be. It differs in two things: bytes are written as text of characters below U+0100, and a union's default is
 * meant for the first branch that takes it, which is what the encoder does anyway.
 *
 * The default of a record can lack fields that have defaults of their own: those are made first. A default that needs itself is
 * none. */
#include "avro.h"

#include <errno.h>

#include "json_walk.h"

enum avro_answer avro_encode_absent(struct codec_avro *self, struct avro_pen *pen,
                                    const struct avro_field *field)
{
    const struct avro_type *type = &self->program.types[field->type];
    uint32_t branch = 0;
    if (field->state == AVRO_DEFAULT_READY)
        return avro_write_raw(pen, field->preset);
    if (!avro_type_takes_null(&self->program, type, &branch))
        return avro_misfit(self, AVRO_MISSING, field->type, NULL);
    return type->kind == AVRO_NULL ? AVRO_FITS : avro_write_long(pen, branch);
}

static enum avro_answer make_ready(struct codec_avro *self, struct avro_field *field)
{
    struct weir_bytes bytes = { .max = AVRO_SCHEMA_BYTES_MAX };
    struct avro_pen pen = avro_pen_begin(&bytes);
    const struct weir_field value = json_walk_value(field->preset);
    if (!avro_pen_grow(&pen, AVRO_LONG_MAX))
        return AVRO_FULL;
    field->state = AVRO_DEFAULT_BUSY;
    enum avro_answer answer = avro_encode(self, &pen, field->type, &value);
    if (answer == AVRO_FITS) {
        field->preset =
            avro_pool_copy(&self->program, (struct weir_str){ bytes.data, avro_pen_tell(&pen) });
        field->state = AVRO_DEFAULT_READY;
        answer = field->preset.ptr ? AVRO_FITS : AVRO_FULL;
    }
    weir_bytes_free(&bytes);
    return answer;
}

enum avro_answer avro_default_ready(struct codec_avro *self, struct avro_field *field)
{
    switch ((enum avro_default)field->state) {
    case AVRO_DEFAULT_OPEN: return make_ready(self, field);
    case AVRO_DEFAULT_BUSY: return avro_misfit(self, AVRO_MISSING, field->type, NULL);
    case AVRO_DEFAULT_NONE:
    case AVRO_DEFAULT_READY: break;
    }
    return AVRO_FITS;
}

int avro_defaults_encode(struct codec_avro *self, struct weir_error *err)
{
    enum avro_answer answer = AVRO_FITS;
    uint32_t i = 0;
    const int unknown = self->unknown;
    const bool convert = self->convert;
    self->in_default = true;
    self->unknown = AVRO_REJECT;
    self->convert = false;
    for (; i < self->program.field_count; i++) {
        answer = avro_default_ready(self, &self->program.fields[i]);
        if (answer != AVRO_FITS)
            break;
    }
    self->in_default = false;
    self->unknown = unknown;
    self->convert = convert;
    if (answer == AVRO_FITS)
        return 0;
    if (answer == AVRO_FULL)
        return weir_error_set(err, -ENOMEM, "out of memory for the schema's defaults");
    avro_misfit_in(self, self->program.fields[i].name);
    const struct weir_str why = avro_misfit_text(self);
    return weir_error_set(err, -EINVAL,
                          "the schema is not one that can be written by: a default %.*s",
                          (int)why.len, why.ptr);
}
