/* SPDX-License-Identifier: Apache-2.0 */
#include "support/store_frame.h"

#include <stdlib.h>

#include "base/little_endian.h"
#include "support/disk_sim.h"

#define HEAD (FRAME_HEAD_BYTES + FRAME_RANGE_BYTES)

struct store_options store_frame_options(struct disk *sim, const char *const *readers,
                                         unsigned reader_count, uint64_t size_max)
{
    sim_set_file(sim, "data/x", "", 0);
    return (struct store_options){ .disk = sim,
                                   .data_dir = "data",
                                   .name = "p",
                                   .kind = STORE_BUFFER,
                                   .readers = readers,
                                   .reader_count = reader_count,
                                   .size_max = size_max };
}

static void fill(uint8_t *payload, size_t bytes, uint64_t tag)
{
    uint64_t random = tag;
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t word = i ? sim_random(&random) : tag;
        memcpy(payload + i, &word, bytes - i < 8 ? bytes - i : 8);
    }
}

static struct frame_range range_of(uint64_t tag)
{
    struct frame_range range = { .from = tag * 10, .to = tag * 10 + 10, .count = 1 };
    put64(range.stream, tag % 7);
    return range;
}

int store_frame_append(struct store *store, uint64_t tag, uint32_t records, size_t bytes,
                       uint64_t readers, uint64_t *ret_sequence)
{
    uint8_t *frame = malloc(HEAD + bytes + FRAME_ALIGN);
    struct frame_range range = range_of(tag);
    struct frame_head head = { .head_bytes = HEAD,
                               .stored_bytes = (uint32_t)bytes,
                               .raw_bytes = (uint32_t)bytes,
                               .records = records,
                               .ranges = 1,
                               .readers = readers,
                               .observed = (int64_t)tag,
                               .written = (int64_t)tag + 1 };
    if (!frame)
        abort();
    frame_range_write(frame + FRAME_HEAD_BYTES, &range);
    fill(frame + HEAD, bytes, tag);
    int r = store_append(store, frame, HEAD + bytes, &head);
    if (r == 0 && ret_sequence)
        *ret_sequence = head.sequence;
    free(frame);
    return r;
}

uint64_t store_frame_tag(const struct store_frame *frame)
{
    uint64_t bytes = frame->head.stored_bytes;
    if (frame->damaged || bytes < 8 || frame->head.ranges != 1)
        return 0;
    uint64_t tag = get64(frame->payload);
    struct frame_range got, want = range_of(tag);
    frame_range_read(frame->ranges, &got);
    uint8_t *again = malloc(bytes);
    if (!again)
        abort();
    fill(again, bytes, tag);
    bool same = memcmp(again, frame->payload, bytes) == 0 && got.from == want.from &&
                got.to == want.to && memcmp(got.stream, want.stream, 16) == 0 &&
                frame->head.observed == (int64_t)tag;
    free(again);
    return same ? tag : 0;
}
