/* SPDX-License-Identifier: Apache-2.0 */
/* A frozen batch, thawed: see frozen.c for its bytes.
 *
 *     | struct batch | payload, as frozen | padding |     one allocation; runs, records, fields: the arena
 *
 * Lines, ends, masks, offsets and traces are used where they stand, so that plain lines cost a copy and a
 * look at each end. Of opened records only the pointers are made, each checked to stay inside.
 *
 * What is checked is what memory safety rests on, whoever made the bytes. Text that codecs and paths
 * rely on to be well formed, escapes and nested JSON, is looked at too, and where it is not it is taken for
 * plain text: that is how a mistake of a filter ends, and the record with it is not lost. */
#include "buffer/frozen.h"

#include <errno.h>
#include <stdlib.h>
#include <weir/json.h>

#include "base/compress.h"
#include "buffer/frozen_layout.h"
#include "buffer/store.h"
#include "buffer/stream.h"

/* What a value of JSON is put between to be checked as a member: it nests as deep as it did. */
#define JSON_BEFORE "{\"\":"
#define JSON_AFTER "}"

struct thawed {
    struct batch batch; /* first: it is freed as what it is */
    _Alignas(16) char payload[];
};

struct reader {
    struct thawed *thawed;
    const struct frame_head *frame;
    const uint8_t *ranges, *reader_bits;
    struct frozen_head head;
    struct frozen_parts parts;
    struct weir_bytes json; /* a value that is being checked */
};

/* ---- pieces --------------------------------------------------------------------------------------------- */

static const char *part(const struct reader *reader, uint64_t offset)
{
    return reader->thawed->payload + offset;
}

/* Never NULL for none. */
static void *reader_alloc(struct reader *reader, size_t count, size_t size)
{
    return arena_alloc(&reader->thawed->batch.arena, count ? count * size : 1);
}

/* `len` of the extra bytes from `at` on, or NULL. */
static const char *extra_text(const struct reader *reader, uint32_t at, uint32_t len)
{
    if (at > reader->head.extra_bytes || len > reader->head.extra_bytes - at)
        return NULL;
    return part(reader, reader->parts.extra + at);
}

static bool is_hex(char byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

/* Whether every escape in the text is whole. */
static bool escapes_hold(const char *text, size_t len)
{
    const char *const end = text + len;
    while (text < end && (text = memchr(text, '\\', (size_t)(end - text)))) {
        const size_t left = (size_t)(end - text);
        if (left < 2 || (text[1] == 'u' && left < 6))
            return false;
        for (int i = 2; text[1] == 'u' && i < 6; i++)
            if (!is_hex(text[i]))
                return false;
        text += text[1] == 'u' ? 6 : 2;
    }
    return true;
}

/* Whether the value of a JSON field is what paths can be looked up in: 1, or 0, or -ENOMEM. */
static int json_holds(struct reader *reader, const char *text, uint32_t len)
{
    const size_t before = strlen(JSON_BEFORE), all = before + len + strlen(JSON_AFTER);
    struct weir_field field;
    struct weir_json json;
    if (len == 0 || text[0] != '{')
        return 1; /* nobody looks into it */
    reader->json.max = SIZE_MAX;
    reader->json.len = 0;
    char *at = weir_bytes_room(&reader->json, all + WEIR_BATCH_PADDING);
    if (!at)
        return -ENOMEM;
    memcpy(at, JSON_BEFORE, before);
    memcpy(at + before, text, len);
    memcpy(at + before + len, JSON_AFTER, strlen(JSON_AFTER));
    memset(at + all, 0, WEIR_BATCH_PADDING);
    return weir_json_object(at, all, &field, 1, &json) == 1 && field.value_len == len;
}

/* ---- streams and runs ----------------------------------------------------------------------------------- */

/* A stream that knows its id and what is said of it. */
struct thawed_stream {
    struct weir_stream stream;
    struct stream_text text;
};

static int read_stream(struct reader *reader, uint32_t number, struct thawed_stream *ret)
{
    struct frozen_stream in;
    memcpy(&in, part(reader, reader->parts.streams + number * sizeof(in)), sizeof(in));
    memset(ret, 0, sizeof(*ret));
    ret->text.json = extra_text(reader, in.json, in.json_len);
    ret->text.json_len = in.json_len;
    if (!ret->text.json)
        return -EBADMSG;
    if (in.position_name_len) {
        const uint32_t len = in.position_name_len;
        const char *name = len < UINT32_MAX ? extra_text(reader, in.position_name, len + 1) : NULL;
        if (!name || memchr(name, '\0', (size_t)len + 1) != name + len)
            return -EBADMSG;
        ret->text.position_name = name;
    }
    atomic_store_explicit(&ret->stream.text, &ret->text, memory_order_relaxed);
    return 0;
}

static int read_streams(struct reader *reader, struct thawed_stream **ret)
{
    const uint32_t count = reader->head.streams;
    struct thawed_stream *streams = reader_alloc(reader, count, sizeof(*streams));
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

static int read_runs(struct reader *reader)
{
    struct weir_batch *pub = &reader->thawed->batch.pub;
    const uint32_t count = reader->frame->ranges;
    struct thawed_stream *streams;
    if (reader->head.streams > count)
        return -EBADMSG;
    int r = read_streams(reader, &streams);
    struct weir_run *runs = reader_alloc(reader, count, sizeof(*runs));
    bool *is_named = reader_alloc(reader, reader->head.streams, sizeof(*is_named));
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

static int read_lines(struct reader *reader)
{
    struct batch *batch = &reader->thawed->batch;
    const struct frozen_head *head = &reader->head;
    const uint32_t *ends = (const uint32_t *)(const void *)part(reader, reader->parts.ends);
    if (!ends_hold(ends, head->records, head->data_bytes))
        return -EBADMSG;
    batch->pub.count = head->records;
    batch->pub.ends = ends;
    batch->pub.data = part(reader, reader->parts.data);
    batch->bytes = head->data_bytes;
    if (head->flags & FROZEN_OFFSETS)
        batch->pub.offsets = (const uint64_t *)(const void *)part(reader, reader->parts.offsets);
    if (head->flags & FROZEN_TICKS)
        batch->pub.ticks = (const uint32_t *)(const void *)part(reader, reader->parts.ticks);
    batch->note = (struct weir_str){ extra_text(reader, 0, head->note_bytes), head->note_bytes };
    return batch->note.ptr ? 0 : -EBADMSG;
}

/* Which outputs of today take which records. */
static int read_masks(struct reader *reader)
{
    struct batch *batch = &reader->thawed->batch;
    const size_t words = bitmap_words(reader->head.records);
    const uint32_t tail = reader->head.records % 64;
    if (reader->head.masks == 0)
        return 0;
    if (reader->head.masks > STORE_READERS_MAX || words == 0)
        return -EBADMSG;
    batch->masks = reader_alloc(reader, STORE_READERS_MAX, sizeof(batch->masks[0]));
    if (!batch->masks)
        return -ENOMEM;
    memset(batch->masks, 0, STORE_READERS_MAX * sizeof(batch->masks[0]));
    for (uint32_t i = 0; i < reader->head.masks; i++) {
        uint32_t bit;
        memcpy(&bit, part(reader, reader->parts.mask_bits + i * sizeof(bit)), sizeof(bit));
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

/* ---- records ------------------------------------------------------------------------------------------------ */

/* Takes back what the flags of a field say and its text does not. */
static int field_distrust(struct reader *reader, struct weir_field *field)
{
    if ((field->flags & WEIR_VALUE_ESCAPED) && !escapes_hold(field->value, field->value_len))
        field->flags &= (uint8_t)~WEIR_VALUE_ESCAPED;
    if ((field->flags & WEIR_NAME_ESCAPED) && !escapes_hold(field->name, field->name_len))
        field->flags &= (uint8_t)~WEIR_NAME_ESCAPED;
    if (field->type != WEIR_VALUE_JSON)
        return 0;
    int r = json_holds(reader, field->value, field->value_len);
    if (r == 0)
        field->type = WEIR_VALUE_STRING;
    return r < 0 ? r : 0;
}

static inline int read_field(struct reader *reader, const char *in, struct weir_str span,
                             struct weir_field *ret)
{
    struct frozen_field field;
    struct frozen_text name;
    memcpy(&field, in, sizeof(field));
    const uint32_t number = field.what >> FROZEN_NAME_SHIFT, type = field.what & FROZEN_TYPE_MASK;
    if (number >= reader->head.names || type > WEIR_VALUE_JSON)
        return -EBADMSG;
    memcpy(&name, part(reader, reader->parts.names + number * sizeof(name)), sizeof(name));
    ret->name = part(reader, reader->parts.extra + name.at);
    ret->name_len = (uint16_t)name.len;
    ret->type = (uint8_t)type;
    ret->flags = field.what >> FROZEN_FLAGS_SHIFT & FROZEN_FLAGS_MASK;
    ret->value_len = field.value_len;
    if (field.what & FROZEN_EXTRA)
        ret->value = extra_text(reader, field.value, field.value_len);
    else if (field.value <= span.len && field.value_len <= span.len - field.value)
        ret->value = span.ptr + field.value;
    else
        return -EBADMSG;
    if (!ret->value)
        return -EBADMSG;
    if (type == WEIR_VALUE_JSON || (ret->flags & (WEIR_VALUE_ESCAPED | WEIR_NAME_ESCAPED)))
        return field_distrust(reader, ret);
    return 0;
}

static int read_object(const struct reader *reader, const struct frozen_record *in,
                       struct weir_str span, struct weir_record *ret)
{
    if (in->object_fields == 0)
        return 0;
    if (in->object_fields > in->fields || in->object_len < 2)
        return -EBADMSG;
    if (in->flags & FROZEN_OBJECT_EXTRA)
        ret->object = extra_text(reader, in->object, in->object_len);
    else if (in->object <= span.len && in->object_len <= span.len - in->object)
        ret->object = span.ptr + in->object;
    if (!ret->object || ret->object[0] != '{' || ret->object[in->object_len - 1] != '}')
        return -EBADMSG;
    ret->object_len = in->object_len;
    ret->object_fields = in->object_fields;
    return 0;
}

/* Where the next ones come from. */
struct places {
    struct weir_field *fields;
    const char *field, *trace;
    uint32_t fields_left, traces_left;
};

static int read_record(struct reader *reader, uint32_t i, struct places *places,
                       struct weir_record *ret)
{
    const struct weir_str span = weir_batch_span(&reader->thawed->batch.pub, i);
    struct frozen_record in;
    memcpy(&in, part(reader, reader->parts.records + i * sizeof(in)), sizeof(in));
    *ret = (struct weir_record){ .fields = places->fields,
                                 .count = in.fields,
                                 .room = in.fields,
                                 .event_time = in.event_time,
                                 .line = i,
                                 .severity = in.severity };
    if (in.fields > places->fields_left)
        return -EBADMSG;
    places->fields_left -= in.fields;
    int r = read_object(reader, &in, span, ret);
    for (uint32_t field = 0; field < in.fields && r == 0; field++) {
        r = read_field(reader, places->field, span, places->fields++);
        places->field += sizeof(struct frozen_field);
    }
    if (r < 0 || !(in.flags & FROZEN_TRACE))
        return r;
    if (places->traces_left == 0)
        return -EBADMSG;
    places->traces_left--;
    ret->trace = (struct weir_trace *)(void *)places->trace;
    places->trace += sizeof(struct weir_trace);
    return 0;
}

static int check_names(const struct reader *reader)
{
    for (uint32_t i = 0; i < reader->head.names; i++) {
        struct frozen_text name;
        memcpy(&name, part(reader, reader->parts.names + i * sizeof(name)), sizeof(name));
        if (name.len > UINT16_MAX || !extra_text(reader, name.at, name.len))
            return -EBADMSG;
    }
    return 0;
}

static int read_records(struct reader *reader)
{
    const struct frozen_head *head = &reader->head;
    struct places places = { .field = part(reader, reader->parts.fields),
                             .trace = part(reader, reader->parts.traces),
                             .fields_left = head->fields,
                             .traces_left = head->traces };
    if (!(head->flags & FROZEN_OPENED))
        return head->fields || head->traces || head->names ? -EBADMSG : 0;
    int r = check_names(reader);
    if (r < 0)
        return r;
    struct weir_record *records = reader_alloc(reader, head->records, sizeof(*records));
    places.fields = reader_alloc(reader, head->fields, sizeof(*places.fields));
    if (!records || !places.fields)
        return -ENOMEM;
    for (uint32_t i = 0; i < head->records && r == 0; i++)
        r = read_record(reader, i, &places, &records[i]);
    reader->thawed->batch.pub.records = records;
    return r == 0 && (places.fields_left || places.traces_left) ? -EBADMSG : r;
}

/* ---- all of it ---------------------------------------------------------------------------------------------- */

static int read_head(struct reader *reader)
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

static int read_batch(struct reader *reader)
{
    int r = read_head(reader);
    if (r == 0)
        r = read_lines(reader);
    if (r == 0)
        r = read_masks(reader);
    if (r == 0)
        r = read_runs(reader);
    if (r == 0)
        r = read_records(reader);
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

int frozen_thaw(const struct frame_head *head, const uint8_t *ranges, const uint8_t *payload,
                const uint8_t *reader_bits, struct chunk_pool *chunks, struct batch **ret)
{
    int r = check_frame(head);
    if (r < 0)
        return r;
    const size_t bytes = sizeof(struct thawed) + head->raw_bytes + WEIR_BATCH_PADDING;
    struct thawed *thawed = malloc(bytes);
    if (!thawed)
        return -ENOMEM;
    thawed->batch = (struct batch){ .routed = head->readers,
                                    .sequence = head->sequence,
                                    .observed = head->observed,
                                    .charged = bytes,
                                    .compact = true };
    arena_init(&thawed->batch.arena, chunks);
    struct reader reader = {
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

void frozen_free(struct batch *batch)
{
    if (!batch)
        return;
    arena_reset(&batch->arena);
    free(batch->rejected);
    free(batch);
}
