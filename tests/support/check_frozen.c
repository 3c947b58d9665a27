/* SPDX-License-Identifier: Apache-2.0 */
#include "support/check_frozen.h"

#include <assert.h>
#include <stdlib.h>

#include "base/compress.h"
#include "record/encoder.h"
#include "support/option_state.h"

extern const struct weir_plugin weir_plugin_codec_json, weir_plugin_codec_logfmt,
    weir_plugin_codec_text;

static const struct {
    const struct weir_plugin *codec;
    const char *options[6][2];
} codecs[CHECK_CODECS] = {
    { &weir_plugin_codec_json, { { NULL } } },
    { &weir_plugin_codec_json,
      { { "source", "true" },
        { "record_id_key", "id" },
        { "observed_time_key", "observed" },
        { "clock_key", "clock" },
        { "trace_flags_key", "trace_flags" } } },
    { &weir_plugin_codec_text, { { NULL } } },
    { &weir_plugin_codec_logfmt, { { "record_id_key", "id" } } },
};

/* In views where the codec has them, so that these are compared too. */
static uint32_t encode_some(struct weir_encoder *encoder, const struct weir_slice *slice,
                            uint32_t at, struct weir_bytes *out)
{
    struct weir_str view;
    uint32_t next = weir_encode_view(encoder, slice, at, &view);
    if (next > at) {
        int r = weir_bytes_add(out, view.ptr, view.len);
        assert(r == 0);
        return next;
    }
    return weir_encode(encoder, slice, at, out, out->len + 1);
}

struct weir_bytes check_encode(unsigned codec, const struct batch *batch, const uint64_t *mask)
{
    const struct weir_plugin *plugin = codecs[codec].codec;
    void *state = option_state_new(plugin);
    for (size_t i = 0; codecs[codec].options[i][0]; i++)
        option_state_set(plugin, state, codecs[codec].options[i][0], codecs[codec].options[i][1]);
    struct weir_encoder *encoder = encoder_new(plugin, state);
    const struct weir_slice slice = { .batch = &batch->pub,
                                      .mask = mask,
                                      .count = batch->pub.count };
    struct weir_bytes out = { .max = (size_t)1 << 30 };
    assert(encoder);
    for (uint32_t at = weir_slice_next(&slice, 0); at < slice.count;
         at = weir_slice_next(&slice, at))
        at = encode_some(encoder, &slice, at, &out);
    encoder_free(encoder);
    return out;
}

/* Those of `mask` (NULL: all) that are frozen. */
static uint64_t *kept_of(const struct batch *batch, const uint64_t *without, const uint64_t *mask)
{
    const struct weir_batch *pub = &batch->pub;
    uint64_t *kept = calloc(bitmap_words(pub->count) + 1, sizeof(*kept));
    assert(kept);
    for (uint32_t i = 0; i < pub->count; i++) {
        bool keep =
            !weir_batch_is_dropped(pub, i) && (!without || !(without[i / 64] >> i % 64 & 1));
        bool routed = batch->unrouted_count == 0;
        for (unsigned bit = 0; bit < 64 && !routed; bit++)
            routed = (batch->routed >> bit & 1) && (!batch->masks || !batch->masks[bit] ||
                                                    (batch->masks[bit][i / 64] >> i % 64 & 1));
        if (keep && routed && (!mask || (mask[i / 64] >> i % 64 & 1)))
            kept[i / 64] |= (uint64_t)1 << i % 64;
    }
    return kept;
}

static void check_records(const struct weir_batch *a, const uint64_t *kept,
                          const struct weir_batch *b)
{
    uint32_t j = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        uint8_t id_a[16], id_b[16];
        if (!(kept[i / 64] >> i % 64 & 1))
            continue;
        assert(j < b->count);
        const struct weir_run *from = weir_batch_run(a, i), *to = weir_batch_run(b, j);
        assert(from->from == to->from && from->to == to->to && from->check == to->check &&
               from->observed == to->observed && from->clock == to->clock);
        assert(weir_str_eq(weir_stream_json(from->stream), weir_stream_json(to->stream)));
        assert(weir_batch_position(a, i) == weir_batch_position(b, j));
        assert(weir_batch_clock(a, i) == weir_batch_clock(b, j));
        weir_batch_record_id(a, i, id_a);
        weir_batch_record_id(b, j, id_b);
        assert(memcmp(id_a, id_b, 16) == 0);
        assert(weir_str_eq(weir_batch_line(a, i), weir_batch_line(b, j)));
        assert(!a->records == !b->records && !weir_batch_is_dropped(b, j));
        assert(!b->records || (b->records[j].line == j &&
                               b->records[j].object_fields == a->records[i].object_fields));
        j++;
    }
    assert(j == b->count);
}

static void check_same(const struct batch *a, const uint64_t *without, uint64_t readers,
                       const struct batch *b)
{
    uint64_t *kept = kept_of(a, without, NULL);
    check_records(&a->pub, kept, &b->pub);
    free(kept);
    assert(b->routed == readers && b->observed == a->observed);
    assert(weir_str_eq(a->note, b->note));
    for (unsigned bit = 0; bit < 64; bit++) {
        if (!(readers >> bit & 1))
            continue;
        uint64_t *mask = kept_of(a, without, a->masks ? a->masks[bit] : NULL);
        for (unsigned codec = 0; codec < CHECK_CODECS; codec++) {
            struct weir_bytes want = check_encode(codec, a, mask);
            struct weir_bytes got = check_encode(codec, b, b->masks ? b->masks[bit] : NULL);
            assert(got.len == want.len);
            assert(got.len == 0 || memcmp(got.data, want.data, got.len) == 0);
            weir_bytes_free(&want);
            weir_bytes_free(&got);
        }
        free(mask);
    }
}

static bool has_empty_range(const struct weir_bytes *frame, const struct frame_head *head)
{
    for (uint32_t i = 0; i < head->ranges; i++) {
        struct frame_range range;
        frame_range_read((const uint8_t *)frame->data + FRAME_HEAD_BYTES +
                             (size_t)i * FRAME_RANGE_BYTES,
                         &range);
        if (range.count == 0)
            return true;
    }
    return false;
}

static void check_refrozen(const struct batch *thawed, const struct weir_bytes *frame,
                           const struct frame_head *head)
{
    struct weir_bytes again = { .max = frame->max }, scratch = { .max = frame->max };
    struct frame_head head_again;
    int r = frozen_make(thawed, NULL, head->readers, (enum frame_codec)head->codec, &scratch,
                        &again, &head_again);
    assert(r == 0 && again.len == frame->len && head_again.codec == head->codec);
    assert(memcmp(again.data + FRAME_HEAD_BYTES, frame->data + FRAME_HEAD_BYTES,
                  frame->len - FRAME_HEAD_BYTES) == 0);
    weir_bytes_free(&again);
    weir_bytes_free(&scratch);
}

void check_frozen(const struct batch *batch, const uint64_t *without, uint64_t readers)
{
    struct weir_bytes frame = { .max = (size_t)1 << 30 }, scratch = { .max = (size_t)1 << 30 };
    struct budget budget = { .max = SIZE_MAX };
    struct chunk_pool *chunks = chunk_pool_new(0, &budget);
    assert(chunks);
    for (enum frame_codec codec = FRAME_PLAIN; codec <= FRAME_ZSTD; codec++) {
        struct frame_head head;
        struct batch *thawed;
        int r = frozen_make(batch, without, readers, codec, &scratch, &frame, &head);
        assert(r == 0 && frame.len == head.head_bytes + head.stored_bytes &&
               frame.cap >= frame.len + FRAME_ALIGN);
        assert(head.records == frozen_count(batch, without) && head.readers == readers);
        assert(head.codec == codec || head.codec == FRAME_PLAIN);
        assert(head.codec == FRAME_PLAIN ? head.stored_bytes == head.raw_bytes
                                         : head.stored_bytes < head.raw_bytes);
        const uint8_t *bytes = (const uint8_t *)frame.data;
        r = frozen_thaw(&head, bytes + FRAME_HEAD_BYTES, bytes + head.head_bytes, NULL, chunks,
                        &thawed);
        assert(r == 0 && thawed->charged >= head.raw_bytes);
        check_same(batch, without, readers, thawed);
        if (!has_empty_range(&frame, &head))
            check_refrozen(thawed, &frame, &head);
        frozen_free(thawed);
        assert(budget_used(&budget) == 0);
    }
    chunk_pool_free(chunks);
    weir_bytes_free(&frame);
    weir_bytes_free(&scratch);
}
