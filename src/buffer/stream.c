/* SPDX-License-Identifier: Apache-2.0 */
/* What codecs print about a stream's source, encoded once. */
#include "buffer/stream.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <weir/codec.h>

#define STREAM_TEXT_MAX ((size_t)64 * 1024)

static struct stream_text *text_free(struct stream_text *text)
{
    struct stream_text *older = text->older;
    free((char *)text->position_name);
    free((char *)text->json);
    free(text);
    return older;
}

struct weir_str weir_stream_json(const struct weir_stream *stream)
{
    const struct stream_text *text = atomic_load_explicit(&stream->text, memory_order_acquire);
    return text ? (struct weir_str){ text->json, text->json_len } : WEIR_STR_NONE;
}

const char *weir_stream_position_name(const struct weir_stream *stream)
{
    const struct stream_text *text = atomic_load_explicit(&stream->text, memory_order_acquire);
    return text ? text->position_name : NULL;
}

static int attributes_print(struct weir_bytes *json, const struct weir_attribute *attributes,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int r = i ? weir_bytes_add(json, ",", 1) : 0;
        if (r == 0)
            r = weir_bytes_add_json(json, attributes[i].name);
        if (r == 0)
            r = weir_bytes_add(json, ":", 1);
        if (r == 0)
            r = weir_bytes_add_json(json, attributes[i].value);
        if (r < 0)
            return r;
    }
    return 0;
}

int stream_describe(struct weir_stream *stream, const struct weir_attribute *attributes,
                    size_t count, const char *position_name)
{
    struct stream_text *text = calloc(1, sizeof(*text));
    if (!text)
        return -ENOMEM;
    struct weir_bytes json = { .max = STREAM_TEXT_MAX };
    int r = attributes_print(&json, attributes, count);
    if (r == 0 && position_name && !(text->position_name = strdup(position_name)))
        r = -ENOMEM;
    text->json = json.data;
    text->json_len = json.len;
    if (r < 0) {
        text_free(text);
        return r;
    }
    text->older = atomic_load_explicit(&stream->text, memory_order_relaxed);
    atomic_store_explicit(&stream->text, text, memory_order_release);
    stream_texts_free(stream, false);
    return 0;
}

void stream_texts_free(struct weir_stream *stream, bool all)
{
    struct stream_text *newest = atomic_load_explicit(&stream->text, memory_order_relaxed);
    if (!newest || (!all && stream_is_busy(stream)))
        return;
    while (newest->older)
        newest->older = text_free(newest->older);
    if (all) {
        text_free(newest);
        atomic_store_explicit(&stream->text, NULL, memory_order_relaxed);
    }
}
