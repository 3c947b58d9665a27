/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka is given pointers, not copies, so that what they point to must stay until the last report:
 *
 *     batch, as it was read  | line 1 \n | line 2 \n | line 3 \n |      codec text: messages point here
 *     chunk, encoded         | {...} \n | {...} \n | {...} \n |         else here
 *                               ^value^
 *
 * A chunk is some 256 KiB of neighbouring records, encoded whole before the first of them is produced: the
 * buffer moves as it grows. It is free again when librdkafka has reported the last of its messages. What is
 * under way is bounded by the memory behind the chunks; a buffer that one large record has blown up is given
 * back at once.
 *
 * A codec of lines ends each record with a newline, which is not sent.
 *
 * A message's opaque pointer is no pointer: | chunk 32 | record 32 |. */
#include "chunks.h"

#include <assert.h>
#include <string.h>

void kafka_chunks_init(struct kafka_chunks *chunks, size_t message_max, size_t bytes_max)
{
    chunks->bytes_max = bytes_max;
    for (size_t i = 0; i < KAFKA_CHUNKS; i++)
        chunks->items[i].bytes.max = KAFKA_CHUNK_BYTES + message_max + 1;
}

void kafka_chunks_deinit(struct kafka_chunks *chunks)
{
    for (size_t i = 0; i < KAFKA_CHUNKS; i++)
        weir_bytes_free(&chunks->items[i].bytes);
}

/* A free chunk, rather one that has memory; NULL when there is none. */
static struct kafka_chunk *find_free(struct kafka_chunks *chunks)
{
    struct kafka_chunk *found = NULL;
    for (size_t i = 0; i < KAFKA_CHUNKS; i++) {
        struct kafka_chunk *chunk = &chunks->items[i];
        if (!chunk->taken && (!found || (chunk->bytes.cap && !found->bytes.cap)))
            found = chunk;
    }
    return found;
}

static void release(struct kafka_chunks *chunks, struct kafka_chunk *chunk)
{
    chunks->bytes -= chunk->bytes.cap;
    chunk->bytes.len = 0;
    if (chunk->bytes.cap > 3 * KAFKA_CHUNK_BYTES)
        weir_bytes_free(&chunk->bytes);
    chunk->taken = false;
}

/* Records that stand in the batch as they go out, a line each. Returns the index after the last. */
static uint32_t take_view(struct kafka_current *current, uint32_t at, uint32_t end,
                          struct weir_str view)
{
    const char *from = view.ptr, *const stop = view.ptr + view.len;
    while (at < end && current->count < KAFKA_CHUNK_RECORDS) {
        const char *newline = memchr(from, '\n', (size_t)(stop - from));
        assert(newline); /* a view has one a record */
        current->pieces[current->count++] =
            (struct kafka_piece){ { from, (size_t)(newline - from) }, at++ };
        from = newline + 1;
    }
    return at;
}

/* Encodes records until the chunk is large enough. Where each of them is, is known when all are there, since
 * the buffer moves. Returns the index after the last. */
static uint32_t encode(struct kafka_current *current, struct weir_encoder *codec,
                       const struct weir_slice *slice, uint32_t at)
{
    const uint32_t end = slice->first + slice->count;
    struct weir_bytes *bytes = &current->chunk->bytes;
    while (bytes->len < KAFKA_CHUNK_BYTES && current->count < KAFKA_CHUNK_RECORDS) {
        const size_t before = bytes->len;
        const uint32_t record = weir_slice_next(slice, at);
        if (record == end) {
            at = end;
            break;
        }
        at = weir_encode(codec, slice, record, bytes, before + 1);
        if (at == record)
            break;
        current->pieces[current->count++] =
            (struct kafka_piece){ { NULL, bytes->len - before }, record };
    }
    const char *from = bytes->data;
    const size_t end_bytes = weir_encoder_flags(codec) & WEIR_CODEC_BINARY ? 0 : strlen("\n");
    for (uint32_t i = 0; i < current->count; i++) {
        struct weir_str *value = &current->pieces[i].value;
        value->ptr = from;
        from += value->len;
        value->len -= end_bytes;
    }
    return at;
}

bool kafka_chunk_begin(struct kafka_chunks *chunks, struct weir_encoder *codec,
                       struct weir_delivery *delivery, const struct weir_slice *slice, uint32_t *at,
                       struct kafka_current *current, struct weir_str *ret_rejected)
{
    struct kafka_chunk *chunk = chunks->bytes < chunks->bytes_max ? find_free(chunks) : NULL;
    struct weir_str view;
    assert(!current->chunk);
    *ret_rejected = WEIR_STR_NONE;
    if (!chunk)
        return false;
    current->chunk = chunk;
    current->count = current->next = 0;
    chunk->bytes.starved = false;
    const uint32_t viewed = weir_encode_view(codec, slice, *at, &view);
    const uint32_t to =
        viewed > *at ? take_view(current, *at, viewed, view) : encode(current, codec, slice, *at);
    *at = to;
    if (current->count == 0 && to < slice->first + slice->count) {
        if (!chunk->bytes.starved)
            *ret_rejected = weir_refusal(&chunk->bytes, KAFKA_TOO_LARGE);
        current->chunk = NULL;
        return false;
    }
    chunk->delivery = delivery;
    chunk->slice = *slice;
    chunk->unreported = 0;
    chunk->open = chunk->taken = true;
    chunks->bytes += chunk->bytes.cap;
    return true;
}

void kafka_chunk_close(struct kafka_chunks *chunks, struct kafka_current *current)
{
    struct kafka_chunk *chunk = current->chunk;
    current->chunk = NULL;
    chunk->open = false;
    if (!chunk->unreported)
        release(chunks, chunk);
}

void kafka_chunk_reported(struct kafka_chunks *chunks, struct kafka_chunk *chunk)
{
    assert(chunk->taken && chunk->unreported > 0);
    if (--chunk->unreported == 0 && !chunk->open)
        release(chunks, chunk);
}

void *kafka_opaque(const struct kafka_chunks *chunks, const struct kafka_chunk *chunk,
                   uint32_t record)
{
    static_assert(sizeof(uintptr_t) == 8, "chunk and record fit into a pointer");
    return (void *)((uintptr_t)(chunk - chunks->items) << 32 | record);
}

struct kafka_chunk *kafka_opaque_chunk(struct kafka_chunks *chunks, const void *opaque)
{
    const uintptr_t index = (uintptr_t)opaque >> 32;
    assert(index < KAFKA_CHUNKS);
    return &chunks->items[index];
}

uint32_t kafka_opaque_record(const void *opaque)
{
    return (uint32_t)(uintptr_t)opaque;
}
