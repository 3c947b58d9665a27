/* SPDX-License-Identifier: Apache-2.0 */
/* A frozen batch, thawed: see frozen.c for its bytes.
 *
 *     | struct batch | payload, as frozen | padding |     one allocation; runs, records, fields: the arena
 *
 * Lines, ends, masks, offsets and traces are used where they stand, so that plain lines cost a copy and a
 * look at each end. Of opened records only the pointers are made, each checked to stay inside.
 *
 * What is checked is what memory safety rests on, whoever made the bytes. */
#include "buffer/frozen.h"

#include <errno.h>
#include <stdlib.h>

#include "base/compress.h"
#include "buffer/frozen_reader.h"
#include "buffer/store.h"
#include "buffer/stream.h"

/* Memory for thawed batches comes in steps, so that what one had is of use to the next. */
#define ROUND_BYTES ((size_t)64 * 1024)

/* ---- streams and runs ----------------------------------------------------------------------------------- */

/* A stream that knows its id and what is said of it. */
struct thawed_stream {
    struct weir_stream stream;
    struct stream_text text;
};

static int read_stream(struct frozen_reader *reader, uint32_t number, struct thawed_stream *ret)
{
    struct frozen_stream in;
    memcpy(&in, frozen_part(reader, reader->parts.streams + number * sizeof(in)), sizeof(in));
    memset(ret, 0, sizeof(*ret));
    ret->text.json = frozen_extra(reader, in.json, in.json_len);
    ret->text.json_len = in.json_len;
    if (!ret->text.json)
        return -EBADMSG;
    if (in.position_name_len) {
        const uint32_t len = in.position_name_len;
        const char *name =
            len < UINT32_MAX ? frozen_extra(reader, in.position_name, len + 1) : NULL;
        if (!name || memchr(name, '\0', (size_t)len + 1) != name + len)
            return -EBADMSG;
        ret->text.position_name = name;
    }
    atomic_store_explicit(&ret->stream.text, &ret->text, memory_order_relaxed);
    return 0;
}

static int read_streams(struct frozen_reader *reader, struct thawed_stream **ret)
{
    const uint32_t count = reader->head.streams;
    struct thawed_stream *streams = frozen_alloc(reader, count, sizeof(*streams));
    int r = streams ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = read_stream(reader, i, &streams[i]);
    *ret = streams;
    return r;
}

/* Streams get their ids from the ranges; all of one stream agree. */
static int read_run(const struct frame_range *range, struct thawed_stream *streams, bool *is_named,
                    struct weir_run *ret)
{
    struct weir_stream *stream = &streams[range->text].stream;
    if (!is_named[range->text])
        memcpy(stream->head.id, range->stream, sizeof(range->stream));
    else if (memcmp(stream->head.id, range->stream, sizeof(range->stream)) != 0)
        return -EBADMSG;
    is_named[range->text] = true;
    *ret = (struct weir_run){ .stream = stream,
                              .from = range->from,
                              .to = range->to,
                              .check = range->check,
                              .observed = range->observed,
                              .clock = range->clock,
                              .first = range->first,
                              .count = range->count,
                              .flags = range->flags };
    return 0;
}

static int read_runs(struct frozen_reader *reader)
{
    struct weir_batch *pub = &reader->thawed->batch.pub;
    const uint32_t count = reader->frame->ranges;
    struct thawed_stream *streams;
    if (reader->head.streams > count)
        return -EBADMSG;
    int r = read_streams(reader, &streams);
    struct weir_run *runs = frozen_alloc(reader, count, sizeof(*runs));
    bool *is_named = frozen_alloc(reader, reader->head.streams, sizeof(*is_named));
    if (r == 0 && (!runs || !is_named))
        r = -ENOMEM;
    if (r < 0)
        return r;
    memset(is_named, 0, reader->head.streams);
    uint32_t first = 0;
    for (uint32_t i = 0; i < count && r == 0; i++) {
        struct frame_range range;
        frame_range_read(reader->ranges + (size_t)i * FRAME_RANGE_BYTES, &range);
        if (range.text >= reader->head.streams || range.first != first ||
            range.count > reader->head.records - first)
            return -EBADMSG;
        r = read_run(&range, streams, is_named, &runs[pub->run_count]);
        pub->run_count += range.count > 0;
        first += range.count;
    }
    pub->runs = runs;
    return r == 0 && first != reader->head.records ? -EBADMSG : r;
}

/* ---- lines ------------------------------------------------------------------------------------------------ */

/* Each line has its terminator at least, and they are all of the data. */
static bool ends_hold(const uint32_t *ends, uint32_t count, uint32_t data_bytes)
{
    uint32_t wrong = 0, before = 0;
    for (uint32_t i = 0; i < count; i++) {
        wrong |= ends[i] <= before;
        before = ends[i];
    }
    return !wrong && before == data_bytes;
}

static int read_lines(struct frozen_reader *reader)
{
    struct batch *batch = &reader->thawed->batch;
    const struct frozen_head *head = &reader->head;
    const uint32_t *ends = (const uint32_t *)(const void *)frozen_part(reader, reader->parts.ends);
    if (!ends_hold(ends, head->records, head->data_bytes))
        return -EBADMSG;
    batch->pub.count = head->records;
    batch->pub.ends = ends;
    batch->pub.data = frozen_part(reader, reader->parts.data);
    batch->bytes = head->data_bytes;
    if (head->flags & FROZEN_OFFSETS)
        batch->pub.offsets =
            (const uint64_t *)(const void *)frozen_part(reader, reader->parts.offsets);
    if (head->flags & FROZEN_TICKS)
        batch->pub.ticks = (const uint32_t *)(const void *)frozen_part(reader, reader->parts.ticks);
    batch->note = (struct weir_str){ frozen_extra(reader, 0, head->note_bytes), head->note_bytes };
    return batch->note.ptr ? 0 : -EBADMSG;
}

/* Which outputs of today take which records. */
static int read_masks(struct frozen_reader *reader)
{
    struct batch *batch = &reader->thawed->batch;
    const size_t words = bitmap_words(reader->head.records);
    const uint32_t tail = reader->head.records % 64;
    if (reader->head.masks == 0)
        return 0;
    if (reader->head.masks > STORE_READERS_MAX || words == 0)
        return -EBADMSG;
    batch->masks = frozen_alloc(reader, STORE_READERS_MAX, sizeof(batch->masks[0]));
    if (!batch->masks)
        return -ENOMEM;
    memset(batch->masks, 0, STORE_READERS_MAX * sizeof(batch->masks[0]));
    for (uint32_t i = 0; i < reader->head.masks; i++) {
        uint32_t bit;
        memcpy(&bit, frozen_part(reader, reader->parts.mask_bits + i * sizeof(bit)), sizeof(bit));
        uint64_t *mask = (uint64_t *)(void *)(reader->thawed->payload + reader->parts.masks +
                                              i * words * sizeof(*mask));
        if (bit >= STORE_READERS_MAX || (tail && mask[words - 1] >> tail))
            return -EBADMSG;
        const uint8_t now = reader->reader_bits ? reader->reader_bits[bit] : (uint8_t)bit;
        if (now < STORE_READERS_MAX)
            batch->masks[now] = mask;
    }
    return 0;
}

/* ---- all of it ---------------------------------------------------------------------------------------------- */

static int read_head(struct frozen_reader *reader)
{
    struct frozen_head *head = &reader->head;
    const uint32_t raw_bytes = reader->frame->raw_bytes;
    if (raw_bytes < sizeof(*head))
        return -EBADMSG;
    memcpy(head, reader->thawed->payload, sizeof(*head));
    if (head->version != FROZEN_VERSION)
        return -EPROTO;
    reader->parts = frozen_parts(head);
    return head->records == reader->frame->records && reader->parts.end == raw_bytes ? 0 : -EBADMSG;
}

static int read_batch(struct frozen_reader *reader)
{
    int r = read_head(reader);
    if (r == 0)
        r = read_lines(reader);
    if (r == 0)
        r = read_masks(reader);
    if (r == 0)
        r = read_runs(reader);
    if (r == 0)
        r = frozen_read_records(reader);
    weir_bytes_free(&reader->json);
    return r;
}

/* Whether what the frame says of its payload can be. */
static int check_frame(const struct frame_head *head)
{
    const enum compression how = (enum compression)head->codec;
    if (head->codec > FRAME_ZSTD)
        return -EPROTO;
    if (!compression_is_built(how))
        return -ENOTSUP;
    return head->raw_bytes <= FRAME_PAYLOAD_MAX && head->ranges <= FRAME_RANGES_MAX &&
                   head->raw_bytes <= decompress_bound(how, head->stored_bytes)
               ? 0
               : -EBADMSG;
}

/* Memory for so much payload: the spare batch's, where that is enough. Mappings of their own cost a fault a page
 * each time, which is more than thawing. */
static struct thawed *thawed_new(size_t payload, struct batch *spare, size_t *ret_bytes)
{
    const size_t want = sizeof(struct thawed) + payload + WEIR_BATCH_PADDING;
    *ret_bytes = (want + ROUND_BYTES - 1) / ROUND_BYTES * ROUND_BYTES;
    if (spare && spare->charged >= want) {
        *ret_bytes = spare->charged;
        return (struct thawed *)(void *)spare;
    }
    free(spare);
    return malloc(*ret_bytes);
}

int frozen_thaw(const struct frame_head *head, const uint8_t *ranges, const uint8_t *payload,
                const uint8_t *reader_bits, struct chunk_pool *chunks, struct batch **ret)
{
    return frozen_thaw_into(NULL, head, ranges, payload, reader_bits, chunks, ret);
}

int frozen_thaw_into(struct batch *spare, const struct frame_head *head, const uint8_t *ranges,
                     const uint8_t *payload, const uint8_t *reader_bits, struct chunk_pool *chunks,
                     struct batch **ret)
{
    size_t bytes;
    int r = check_frame(head);
    if (r < 0) {
        free(spare);
        return r;
    }
    struct thawed *thawed = thawed_new(head->raw_bytes, spare, &bytes);
    if (!thawed)
        return -ENOMEM;
    thawed->batch = (struct batch){ .routed = head->readers,
                                    .sequence = head->sequence,
                                    .observed = head->observed,
                                    .charged = bytes,
                                    .compact = true };
    arena_init(&thawed->batch.arena, chunks);
    struct frozen_reader reader = {
        .thawed = thawed, .frame = head, .ranges = ranges, .reader_bits = reader_bits
    };
    memset(thawed->payload + head->raw_bytes, 0, WEIR_BATCH_PADDING);
    r = decompress_block((enum compression)head->codec, payload, head->stored_bytes,
                         thawed->payload, head->raw_bytes);
    if (r == 0)
        r = read_batch(&reader);
    if (r < 0) {
        frozen_free(&thawed->batch);
        return r;
    }
    *ret = &thawed->batch;
    return 0;
}

void frozen_empty(struct batch *batch)
{
    arena_reset(&batch->arena);
    batch_unmark(batch);
}

void frozen_free(struct batch *batch)
{
    if (!batch)
        return;
    frozen_empty(batch);
    free(batch);
}
