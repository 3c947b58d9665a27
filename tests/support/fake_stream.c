/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_stream.h"

#include <assert.h>
#include <stdlib.h>

#include "record/stream_id.h"

struct weir_stream {
    struct stream_head head;
    const char *attributes, *position_name;
};

struct weir_stream *fake_stream_new(const char *attributes, const char *position_name)
{
    struct weir_stream *stream = malloc(sizeof(*stream));
    assert(stream);
    *stream = (struct weir_stream){ .attributes = attributes, .position_name = position_name };
    memset(stream->head.id, 0x5a, sizeof(stream->head.id));
    return stream;
}

void fake_stream_free(struct weir_stream *stream)
{
    free(stream);
}

struct weir_str weir_stream_json(const struct weir_stream *stream)
{
    return weir_str_of(stream->attributes);
}

const char *weir_stream_position_name(const struct weir_stream *stream)
{
    return stream->position_name;
}
