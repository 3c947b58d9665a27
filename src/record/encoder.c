/* SPDX-License-Identifier: Apache-2.0 */
/* An encoder is a codec plugin with its state: what stands behind an option of type WEIR_CODEC. Outputs
 * see nothing of the codec but bytes; this is also where its promises are checked. */
#include "record/encoder.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct weir_encoder {
    const struct weir_plugin *codec;
    void *state;
};

struct weir_encoder *encoder_new(const struct weir_plugin *codec, void *state)
{
    assert(codec->kind == WEIR_CODEC_PLUGIN && codec->codec.encode);
    struct weir_encoder *encoder = malloc(sizeof(*encoder));
    struct weir_error err = { 0 };
    if (encoder) {
        *encoder = (struct weir_encoder){ codec, state };
        if (!codec->open || codec->open(state, NULL, &err) == 0)
            return encoder;
        encoder_free(encoder);
    } else {
        free(state);
    }
    return NULL;
}

void encoder_free(struct weir_encoder *encoder)
{
    if (!encoder)
        return;
    if (encoder->codec->close)
        encoder->codec->close(encoder->state);
    free(encoder->state);
    free(encoder);
}

int weir_codec_check_keys(char *const keys[], size_t count, struct weir_error *err)
{
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < a; b++)
            if (keys[a] && keys[a][0] && keys[b] && strcmp(keys[a], keys[b]) == 0)
                return weir_error_set(err, -EINVAL, "two keys are called \"%s\": which is meant?",
                                      keys[a]);
    return 0;
}

const char *weir_encoder_name(const struct weir_encoder *encoder)
{
    return encoder->codec->name;
}

unsigned weir_encoder_flags(const struct weir_encoder *encoder)
{
    return encoder->codec->codec.flags;
}

void weir_encoder_explain(const struct weir_encoder *encoder, struct weir_bytes *out)
{
    if (encoder->codec->explain)
        encoder->codec->explain(encoder->state, out);
}

int weir_encoder_set_schema(struct weir_encoder *encoder, const struct weir_schema *schema,
                            struct weir_error *err)
{
    assert(encoder->codec->codec.flags & WEIR_CODEC_SCHEMA);
    return encoder->codec->codec.set_schema(encoder->state, schema, err);
}

uint64_t weir_encoder_left_out(const struct weir_encoder *encoder)
{
    return encoder->codec->codec.left_out ? encoder->codec->codec.left_out(encoder->state) : 0;
}

uint32_t weir_encode(struct weir_encoder *encoder, const struct weir_slice *slice, uint32_t at,
                     struct weir_bytes *out, size_t want)
{
    const size_t before = out->len;
    out->refused = WEIR_STR_NONE;
    uint32_t next = encoder->codec->codec.encode(encoder->state, slice, at, out, want);
    assert(next >= at && next <= slice->first + slice->count);
    assert(out->len >= before && (next > at || out->len == before));
    if (next > at) /* it is refused when it is the next call's first */
        out->refused = WEIR_STR_NONE;
    return next;
}

uint32_t weir_encode_view(struct weir_encoder *encoder, const struct weir_slice *slice, uint32_t at,
                          struct weir_str *ret_bytes)
{
    if (!encoder->codec->codec.view)
        return at;
    return encoder->codec->codec.view(encoder->state, slice, at, ret_bytes);
}
