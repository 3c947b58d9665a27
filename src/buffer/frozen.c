/* SPDX-License-Identifier: Apache-2.0 */
/* A batch, frozen: its parts one after another, each from a multiple of 8 on with zeros between.
 *
 *      0  u8 version (1) | u8 flags | u16 0
 *      4  u32 records | u32 streams | u32 masks | u32 bytes of the note
 *     20  u32 bytes of values | u32 traces
 *     28  u32 bytes of data | u32 bytes of extra | u32 where in extra the values begin
 *     40  u32 names | u32 shapes | u32 whats | u32 0
 *
 *     streams   {u32 text, u32 its length, u32 position name, u32 its length}, both in extra: what codecs ask
 *               of a stream; ranges name one by its number
 *     masks     u32 reader's bit, for each; then their bitmaps, u64 for each 64 records. A reader that takes
 *               all records has none
 *     offsets   u64 a record, with flag 2: its position, from its range's
 *     ticks     u32 a record, with flag 4: its logical clock, from its range's
 *     ends      u32 a record: where its line ends in data
 *     records   with flag 1, the batch was opened:
 *                  0  i64 event time
 *                  8  u32 shape | u8 severity | u8 1: has a trace, 2: wide, 4: the object is in extra | u16 0
 *     values    of the records: the object's, if the shape has one, and each field's: {u16, u16}, if wide
 *               {u32, u32}: where in the line, and its length
 *     traces    25 bytes: trace id, span id, flags
 *     data      the lines of the records, with their terminators
 *     extra     the note, the streams' texts, values that do not stand in the lines, names
 *     names     {u32 name, u32 its length}, in extra
 *     shapes    {u32 the first of its whats, u32 how many}
 *     whats     u32: how many fields are the object's (0: there is none), then for each field its type (3
 *               bits), where its value is (2 bits: the line, extra and the next there, extra and the same
 *               as the last that was this name's), flags (4 bits), and the number of its name
 *
 * Data is a copy of what was read, in one piece where nothing was left out, and what a codec needs is found by
 * offsets, so that neither way costs much more than copying. Positions and clocks are written down only when
 * records were left out: else they derive from the lines, as ever. That a line was cut, or had no
 * terminator, is said of the last line of a range; when that is left out, so is the remark.
 *
 * Rejected: the bytes that a codec makes, since outputs have different ones; fields without offsets, to be
 * parsed again (parsers change between versions, and cost more than reading offsets does); offsets of 32 bits
 * for every field (they made frames of JSON twice as long as the JSON). */
#include "buffer/frozen.h"

#include <errno.h>

#include "base/clock.h"
#include "base/compress.h"
#include "buffer/frozen_writer.h"
#include "buffer/stream.h"

static_assert((int)FRAME_PLAIN == COMPRESSION_NONE && (int)FRAME_LZ4 == COMPRESSION_LZ4 &&
                  (int)FRAME_ZSTD == COMPRESSION_ZSTD,
              "frames name the way to compress as it names itself");
static_assert(FRAME_PAYLOAD_MAX <= COMPRESS_BYTES_MAX, "every payload can be compressed");

/* Zeros that separate two parts, and that are written before the second. */
#define GAP 8

/* Why there was no room for `more` bytes. */
static int refusal(const struct weir_bytes *bytes, size_t more)
{
    return bytes->len > bytes->max || more > bytes->max - bytes->len ? -EMSGSIZE : -ENOMEM;
}

int frozen_add_extra(struct frozen_writer *writer, const void *data, size_t len, uint32_t *ret_at)
{
    struct weir_bytes *raw = writer->raw;
    if (len > FRAME_PAYLOAD_MAX - writer->head.extra_bytes)
        return -EMSGSIZE;
    if (len && !weir_bytes_room(raw, len))
        return refusal(raw, len);
    if (len)
        memcpy(raw->data + raw->len, data, len);
    raw->len += len;
    *ret_at = writer->head.extra_bytes;
    writer->head.extra_bytes += (uint32_t)len;
    return 0;
}

/* ---- what there is ------------------------------------------------------------------------------------ */

/* Whether `mask` says more than that all records are taken. */
static bool mask_is_needed(const struct frozen_keep *keep, const uint64_t *mask)
{
    const size_t words = bitmap_words(keep->batch->pub.count);
    for (size_t word = 0; mask && word < words; word++)
        if (frozen_keep_word(keep, word) & ~mask[word])
            return true;
    return false;
}

static uint32_t count_masks(const struct frozen_writer *writer, uint64_t readers)
{
    uint32_t count = 0;
    for (uint64_t left = writer->batch->masks ? readers : 0; left; left &= left - 1)
        count += mask_is_needed(&writer->keep, writer->batch->masks[__builtin_ctzll(left)]);
    return count;
}

static uint64_t count_data(const struct frozen_writer *writer)
{
    const struct weir_batch *pub = &writer->batch->pub;
    struct frozen_stretch stretch = { 0 };
    uint64_t bytes = 0;
    while (frozen_keep_next(&writer->keep, stretch.end, &stretch)) {
        if (writer->straight) {
            bytes +=
                pub->ends[stretch.end - 1] - (stretch.first ? pub->ends[stretch.first - 1] : 0);
            continue;
        }
        for (uint32_t i = stretch.first; i < stretch.end; i++)
            bytes += frozen_span(pub, i).len;
    }
    return bytes;
}

/* Whether a run before this one, mostly the one just before, has the same stream. */
static bool is_same_stream_as(const struct weir_batch *pub, uint32_t run, uint32_t *ret_earlier)
{
    for (uint32_t i = run; i-- > 0;)
        if (pub->runs[i].stream == pub->runs[run].stream) {
            *ret_earlier = i;
            return true;
        }
    return false;
}

/* Everything of the head but names, shapes and extra bytes. */
static int writer_measure(struct frozen_writer *writer, uint64_t readers)
{
    const struct weir_batch *pub = &writer->batch->pub;
    struct frozen_head *head = &writer->head;
    uint32_t earlier;
    int r = 0;
    *head = (struct frozen_head){ .version = FROZEN_VERSION };
    head->records = frozen_keep_count(&writer->keep, 0, pub->count);
    writer->straight = true;
    if (pub->records) {
        head->flags |= FROZEN_OPENED;
        r = frozen_records_count(writer);
    }
    const bool derived = writer->straight && head->records == pub->count;
    if (!derived || pub->offsets)
        head->flags |= FROZEN_OFFSETS;
    if (!derived || pub->ticks)
        head->flags |= FROZEN_TICKS;
    for (uint32_t i = 0; i < pub->run_count; i++)
        head->streams += !is_same_stream_as(pub, i, &earlier);
    head->masks = count_masks(writer, readers);
    const uint64_t data = count_data(writer), note = writer->batch->note.len;
    if (data > FRAME_PAYLOAD_MAX || note > FRAME_PAYLOAD_MAX)
        return -EMSGSIZE;
    head->data_bytes = (uint32_t)data;
    head->note_bytes = (uint32_t)note;
    return r;
}

/* ---- its parts ------------------------------------------------------------------------------------------ */

/* Room for all that is known, with the gaps between. */
static int writer_reserve(struct frozen_writer *writer)
{
    const struct frozen_parts *parts = &writer->parts;
    const uint64_t begins[] = { parts->masks,   parts->offsets, parts->ticks,  parts->ends,
                                parts->records, parts->values,  parts->traces, parts->data };
    if (parts->extra > FRAME_PAYLOAD_MAX)
        return -EMSGSIZE;
    if (!weir_bytes_room(writer->raw, parts->extra))
        return refusal(writer->raw, parts->extra);
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        memset(frozen_at(writer, begins[i] - GAP), 0, GAP);
    writer->raw->len += parts->extra;
    return 0;
}

static int put_stream(struct frozen_writer *writer, uint32_t number,
                      const struct weir_stream *stream)
{
    const struct weir_str json = weir_stream_json(stream);
    const char *name = weir_stream_position_name(stream);
    const size_t name_len = name ? strlen(name) : 0;
    struct frozen_stream out = { .json_len = (uint32_t)json.len,
                                 .position_name_len = (uint32_t)name_len };
    int r = frozen_add_extra(writer, json.ptr, json.len, &out.json);
    if (r == 0 && name_len)
        r = frozen_add_extra(writer, name, name_len + 1, &out.position_name);
    memcpy(frozen_at(writer, writer->parts.streams + number * sizeof(out)), &out, sizeof(out));
    return r;
}

static uint8_t *range_at(const struct weir_bytes *out, uint32_t i)
{
    return (uint8_t *)out->data + FRAME_HEAD_BYTES + (size_t)i * FRAME_RANGE_BYTES;
}

/* The ranges stand in front of everything, in `out`; what their streams say in the payload. */
static int put_runs(struct frozen_writer *writer, const struct weir_bytes *out)
{
    const struct weir_batch *pub = &writer->batch->pub;
    uint32_t first = 0, streams = 0;
    int r = 0;
    for (uint32_t i = 0; i < pub->run_count && r == 0; i++) {
        const struct weir_run *run = &pub->runs[i];
        struct frame_range range = { .from = run->from,
                                     .to = run->to,
                                     .check = run->check,
                                     .observed = run->observed,
                                     .clock = run->clock,
                                     .first = first,
                                     .flags = run->flags };
        uint32_t earlier;
        range.count = frozen_keep_count(&writer->keep, run->first, run->count);
        if (!frozen_keeps(&writer->keep, run->first + run->count - 1))
            range.flags &= ~(uint32_t)(WEIR_RUN_TRUNCATED | WEIR_RUN_PARTIAL);
        stream_id_copy(run->stream, range.stream);
        if (is_same_stream_as(pub, i, &earlier)) {
            struct frame_range same;
            frame_range_read(range_at(out, earlier), &same);
            range.text = same.text;
        } else {
            range.text = streams++;
            r = put_stream(writer, range.text, run->stream);
        }
        frame_range_write(range_at(out, i), &range);
        first += range.count;
    }
    return r;
}

static void put_masks(struct frozen_writer *writer, uint64_t readers)
{
    const struct batch *batch = writer->batch;
    const size_t bytes = bitmap_words(writer->head.records) * sizeof(uint64_t);
    char *bit_at = frozen_at(writer, writer->parts.mask_bits);
    char *mask_at = frozen_at(writer, writer->parts.masks);
    for (uint64_t left = batch->masks ? readers : 0; left; left &= left - 1) {
        const uint32_t bit = (uint32_t)__builtin_ctzll(left);
        if (!mask_is_needed(&writer->keep, batch->masks[bit]))
            continue;
        memcpy(bit_at, &bit, sizeof(bit));
        bit_at += sizeof(bit);
        frozen_renumber(batch, writer->keep.without, batch->masks[bit],
                        (uint64_t *)(void *)mask_at);
        mask_at += bytes;
    }
}

/* Offsets and ticks, those that are asked for, of the records of one stretch. */
static void put_places(struct frozen_writer *writer, struct frozen_stretch stretch, uint32_t at)
{
    const struct weir_batch *pub = &writer->batch->pub;
    const struct weir_run *run = weir_batch_run(pub, stretch.first);
    for (uint32_t i = stretch.first; i < stretch.end; i++, at++) {
        while (i - run->first >= run->count)
            run++;
        const uint64_t offset = weir_batch_position(pub, i) - run->from;
        const uint32_t tick = pub->ticks ? pub->ticks[i] : i - run->first;
        if (writer->head.flags & FROZEN_OFFSETS)
            memcpy(frozen_at(writer, writer->parts.offsets + at * sizeof(offset)), &offset,
                   sizeof(offset));
        if (writer->head.flags & FROZEN_TICKS)
            memcpy(frozen_at(writer, writer->parts.ticks + at * sizeof(tick)), &tick, sizeof(tick));
    }
}

/* Copies the lines from `first` to before `end` to `data`; returns how many bytes. */
static uint32_t put_lines(const struct weir_batch *pub, uint32_t first, uint32_t end, char *data,
                          uint32_t data_at, char *ends)
{
    const uint32_t from = first ? pub->ends[first - 1] : 0, bytes = pub->ends[end - 1] - from;
    memcpy(data + data_at, pub->data + from, bytes);
    if (from == data_at) { /* nothing was left out so far */
        memcpy(ends, pub->ends + first, (size_t)(end - first) * sizeof(uint32_t));
        return bytes;
    }
    for (uint32_t i = first; i < end; i++) {
        const uint32_t moved = pub->ends[i] - from + data_at;
        memcpy(ends + (size_t)(i - first) * sizeof(moved), &moved, sizeof(moved));
    }
    return bytes;
}

static void put_data(struct frozen_writer *writer)
{
    const struct weir_batch *pub = &writer->batch->pub;
    char *data = frozen_at(writer, writer->parts.data);
    char *ends = frozen_at(writer, writer->parts.ends);
    struct frozen_stretch stretch = { 0 };
    uint32_t at = 0, data_at = 0;
    while (frozen_keep_next(&writer->keep, stretch.end, &stretch)) {
        if (writer->head.flags & (FROZEN_OFFSETS | FROZEN_TICKS))
            put_places(writer, stretch, at);
        for (uint32_t i = stretch.first; i < stretch.end;) {
            const uint32_t end = writer->straight ? stretch.end : i + 1;
            const uint32_t line = writer->straight ? i : pub->records[i].line;
            data_at +=
                put_lines(pub, line, line + (end - i), data, data_at, ends + at * sizeof(uint32_t));
            at += end - i;
            i = end;
        }
    }
}

/* The texts of names are the last of the extra bytes, then their table begins. */
static int put_names(struct frozen_writer *writer)
{
    const struct frozen_names *names = &writer->names;
    uint32_t at = writer->head.extra_bytes, unused;
    int r = 0;
    for (uint32_t i = 0; i < names->count && r == 0; i++)
        r = frozen_add_extra(writer, names->all[i].text, names->all[i].len, &unused);
    if (r < 0)
        return r;
    writer->head.names = names->count;
    writer->head.shapes = writer->shapes.count;
    writer->parts = frozen_parts(&writer->head);
    if (writer->parts.end > FRAME_PAYLOAD_MAX)
        return -EMSGSIZE;
    const size_t more = writer->parts.end - (writer->raw->len - writer->base);
    if (!weir_bytes_room(writer->raw, more + GAP))
        return refusal(writer->raw, more + GAP);
    memset(writer->raw->data + writer->raw->len, 0, GAP);
    writer->raw->len += more;
    for (uint32_t i = 0; i < names->count; i++) {
        const struct frozen_text text = { at, names->all[i].len };
        memcpy(frozen_at(writer, writer->parts.names + i * sizeof(text)), &text, sizeof(text));
        at += text.len;
    }
    return 0;
}

/* Shapes, and the head, which is complete now. */
static void put_shapes(struct frozen_writer *writer)
{
    const struct frozen_names *shapes = &writer->shapes;
    uint32_t at = 0;
    for (uint32_t i = 0; i < shapes->count; i++) {
        const uint32_t bytes = shapes->all[i].len;
        const struct frozen_shape shape = { at, bytes / (uint32_t)sizeof(uint32_t) };
        memcpy(frozen_at(writer, writer->parts.shapes + i * sizeof(shape)), &shape, sizeof(shape));
        memcpy(frozen_at(writer, writer->parts.whats + at * sizeof(uint32_t)), shapes->all[i].text,
               bytes);
        at += shape.count;
    }
    memcpy(frozen_at(writer, 0), &writer->head, sizeof(writer->head));
}

static int write_payload(struct frozen_writer *writer, const struct weir_bytes *out,
                         uint64_t readers)
{
    const struct batch *batch = writer->batch;
    uint32_t unused;
    int r = writer_reserve(writer);
    if (r == 0)
        r = frozen_add_extra(writer, batch->note.ptr, batch->note.len, &unused);
    if (r == 0)
        r = put_runs(writer, out);
    if (r < 0)
        return r;
    put_masks(writer, readers);
    put_data(writer);
    writer->head.extra_values = writer->head.extra_bytes;
    if (batch->pub.records)
        r = frozen_records_write(writer);
    if (r == 0)
        r = put_names(writer);
    if (r == 0)
        put_shapes(writer);
    return r;
}

/* ---- all of it ------------------------------------------------------------------------------------------ */

/* Compressing is worth it where it saves one part of so many: reading it back costs, too. */
#define WORTH_PARTS 32

/* Makes scratch smaller into `out`; where that saves little, as it is. */
static int pack(const struct weir_bytes *scratch, enum frame_codec codec, struct weir_bytes *out,
                struct frame_head *head)
{
    const size_t room = scratch->len;
    char *at = weir_bytes_room(out, room + FRAME_ALIGN);
    if (!at)
        return refusal(out, room + FRAME_ALIGN);
    size_t stored = compress_block((enum compression)codec, scratch->data, room, at,
                                   room - room / WORTH_PARTS - 1);
    head->codec = (uint8_t)codec;
    if (stored == 0) {
        memcpy(at, scratch->data, room);
        stored = room;
        head->codec = FRAME_PLAIN;
    }
    out->len += stored;
    return 0;
}

int frozen_make(const struct batch *batch, const uint64_t *without, uint64_t readers,
                enum frame_codec codec, struct weir_bytes *scratch, struct weir_bytes *out,
                struct frame_head *ret_head)
{
    const size_t front = FRAME_HEAD_BYTES + (size_t)batch->pub.run_count * FRAME_RANGE_BYTES;
    const bool packed = codec != FRAME_PLAIN && compression_is_built((enum compression)codec);
    struct frozen_writer writer = {
        .batch = batch,
        .keep = { batch, without },
        .raw = packed ? scratch : out,
        .base = packed ? 0 : front,
    };
    assert((readers & ~batch->routed) == 0);
    out->len = scratch->len = 0;
    if (batch->pub.run_count > FRAME_RANGES_MAX)
        return -EMSGSIZE;
    if (!weir_bytes_room(out, front))
        return refusal(out, front);
    out->len = front;
    int r = writer_measure(&writer, readers);
    if (r < 0)
        return r;
    writer.parts = frozen_parts(&writer.head);
    r = write_payload(&writer, out, readers);
    frozen_records_end(&writer);
    if (r < 0)
        return r;
    *ret_head = (struct frame_head){ .head_bytes = (uint32_t)front,
                                     .raw_bytes = (uint32_t)writer.parts.end,
                                     .codec = FRAME_PLAIN,
                                     .records = writer.head.records,
                                     .ranges = batch->pub.run_count,
                                     .readers = readers,
                                     .observed = batch->observed,
                                     .written = clock_wall() };
    if (packed)
        r = pack(scratch, codec, out, ret_head);
    ret_head->stored_bytes = (uint32_t)(out->len - front);
    return r;
}
