/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_STREAM_H
#define WEIR_BUFFER_STREAM_H

#include <weir/host.h>

#include "buffer/positions.h"
#include "buffer/watermark.h"
#include "record/stream_id.h"

struct input;

/* What codecs print of a stream. */
struct stream_text {
    struct stream_text *older;
    const char *position_name; /* NULL: none */
    const char *json;
    size_t json_len;
};

/* One source of ordered positions, from the day its input opens it until its last batch has come back.
 * The input's thread only, but for what codecs ask (stream.c). */
struct weir_stream {
    struct stream_head head; /* first: records know this part */
    struct input *input;
    void *owner;
    struct positions_key key;
    struct weir_stream_state state; /* what is committed, and the input's note */
    struct watermark watermark;
    bool closed, forgotten; /* by its input */
    bool moved;             /* the watermark moved; not yet told to input and store */
    struct weir_stream *next_moved;
    struct weir_stream *next, *prev;   /* all of the input's */
    struct weir_stream *next_in_chain; /* see pipeline/stream_table.h */

    /* What codecs print of it. An output may be reading an older text while a newer one is set, so old
     * ones are kept until no batch is under way. */
    _Atomic(struct stream_text *) text;
};

/* True while batches of it are under way. */
static inline bool stream_is_busy(const struct weir_stream *stream)
{
    return stream->watermark.first != NULL;
}

/* Sets what weir_stream_json() and weir_stream_position_name() answer. 0 or -ENOMEM. */
int stream_describe(struct weir_stream *stream, const struct weir_attribute *attributes,
                    size_t count, const char *position_name);
/* Frees texts that no one can be reading any more: all but the newest, when the stream is not busy; with
 * `all`, every one. */
void stream_texts_free(struct weir_stream *stream, bool all);

#endif
