/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_stream.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "buffer/stream.h"

struct fake_stream {
    struct weir_stream stream;
    struct stream_text text;
};

struct weir_stream *fake_stream_new(const char *attributes, const char *position_name)
{
    struct fake_stream *fake = calloc(1, sizeof(*fake));
    assert(fake);
    fake->text = (struct stream_text){ .position_name = position_name,
                                       .json = attributes,
                                       .json_len = strlen(attributes) };
    atomic_store(&fake->stream.text, &fake->text);
    memset(fake->stream.head.id, 0x5a, sizeof(fake->stream.head.id));
    return &fake->stream;
}

void fake_stream_free(struct weir_stream *stream)
{
    free(stream);
}
