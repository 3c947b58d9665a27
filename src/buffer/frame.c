/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a frame's head: see frame.h for the drawing.
 *
 * The magic differs from file to file by the segment's salt, so that what an older file left in blocks that the
 * file system gave out again, or a frame quoted in a record, is not taken for one of this file. Of a frame of a
 * later version the first 48 bytes, and that the checksum covers head_bytes, are what they are in this one: so
 * it can be told from damage, counted, and passed over. */
#include "buffer/frame.h"

#include <assert.h>

#include "base/crc32c.h"
#include "base/little_endian.h"

#define MAGIC UINT32_C(0x4d524657) /* "WFRM" */
#define VERSION 1
#define HEAD_BYTES_MAX (FRAME_HEAD_BYTES + FRAME_RANGES_MAX * FRAME_RANGE_BYTES)
#define SEQUENCE_MAX                                                                               \
    (UINT64_MAX / 4) /* no log counts so far; and counting on from it cannot overflow */

enum {
    AT_MAGIC = 0,
    AT_CRC = 4,
    AT_HEAD_BYTES = 8,
    AT_STORED_BYTES = 12,
    AT_RAW_BYTES = 16,
    AT_PAYLOAD_CRC = 20,
    AT_PREVIOUS_CRC = 24,
    AT_VERSION = 28,
    AT_CODEC = 29,
    AT_FLAGS = 30,
    AT_SEQUENCE = 32,
    AT_RECORDS = 40,
    AT_RANGES = 44,
    AT_READERS = 48,
    AT_OBSERVED = 56,
    AT_WRITTEN = 64,
};
static_assert(AT_WRITTEN + 8 == FRAME_HEAD_BYTES, "the ranges follow at once");
static_assert(FRAME_HEAD_BYTES % FRAME_ALIGN == 0 && FRAME_RANGE_BYTES % FRAME_ALIGN == 0,
              "the payload is aligned");

void frame_range_write(uint8_t *out, const struct frame_range *range)
{
    memcpy(out, range->stream, sizeof(range->stream));
    put64(out + 16, range->from);
    put64(out + 24, range->to);
    put64(out + 32, range->check);
    put64(out + 40, (uint64_t)range->observed);
    put64(out + 48, range->clock);
    put32(out + 56, range->first);
    put32(out + 60, range->count);
    put32(out + 64, range->flags);
    put32(out + 68, range->text);
}

void frame_range_read(const uint8_t *in, struct frame_range *ret)
{
    *ret = (struct frame_range){
        .from = get64(in + 16),
        .to = get64(in + 24),
        .check = get64(in + 32),
        .observed = (int64_t)get64(in + 40),
        .clock = get64(in + 48),
        .first = get32(in + 56),
        .count = get32(in + 60),
        .flags = get32(in + 64),
        .text = get32(in + 68),
    };
    memcpy(ret->stream, in, sizeof(ret->stream));
}

void frame_head_write(uint8_t *out, const struct frame_head *head, uint32_t salt)
{
    assert(head->head_bytes == FRAME_HEAD_BYTES + head->ranges * FRAME_RANGE_BYTES);
    put32(out + AT_MAGIC, MAGIC ^ salt);
    put32(out + AT_HEAD_BYTES, head->head_bytes);
    put32(out + AT_STORED_BYTES, head->stored_bytes);
    put32(out + AT_RAW_BYTES, head->raw_bytes);
    put32(out + AT_PAYLOAD_CRC, head->payload_crc);
    put32(out + AT_PREVIOUS_CRC, head->previous_crc);
    out[AT_VERSION] = VERSION;
    out[AT_CODEC] = head->codec;
    put16(out + AT_FLAGS, head->flags);
    put64(out + AT_SEQUENCE, head->sequence);
    put32(out + AT_RECORDS, head->records);
    put32(out + AT_RANGES, head->ranges);
    put64(out + AT_READERS, head->readers);
    put64(out + AT_OBSERVED, (uint64_t)head->observed);
    put64(out + AT_WRITTEN, (uint64_t)head->written);
    put32(out + AT_CRC, crc32c(0, out + AT_HEAD_BYTES, head->head_bytes - AT_HEAD_BYTES));
}

bool frame_begins(const uint8_t *in, uint32_t salt)
{
    return get32(in + AT_MAGIC) == (MAGIC ^ salt);
}

uint32_t frame_payload_crc(const uint8_t *payload, const struct frame_head *head)
{
    return crc32c(0, payload, head->stored_bytes);
}

static void read_fields(const uint8_t *in, struct frame_head *ret)
{
    *ret = (struct frame_head){
        .head_bytes = get32(in + AT_HEAD_BYTES),
        .stored_bytes = get32(in + AT_STORED_BYTES),
        .raw_bytes = get32(in + AT_RAW_BYTES),
        .payload_crc = get32(in + AT_PAYLOAD_CRC),
        .previous_crc = get32(in + AT_PREVIOUS_CRC),
        .codec = in[AT_CODEC],
        .flags = get16(in + AT_FLAGS),
        .sequence = get64(in + AT_SEQUENCE),
        .records = get32(in + AT_RECORDS),
        .ranges = get32(in + AT_RANGES),
        .readers = get64(in + AT_READERS),
        .observed = (int64_t)get64(in + AT_OBSERVED),
        .written = (int64_t)get64(in + AT_WRITTEN),
    };
}

/* What every version holds to. */
static bool is_plausible(const struct frame_head *head)
{
    return head->head_bytes >= FRAME_HEAD_BYTES && head->head_bytes <= HEAD_BYTES_MAX &&
           head->stored_bytes <= FRAME_PAYLOAD_MAX && head->records > 0 &&
           head->sequence <= SEQUENCE_MAX;
}

enum frame_verdict frame_head_read(const uint8_t *in, size_t len, uint32_t salt,
                                   struct frame_head *ret)
{
    if (len >= 4 && !frame_begins(in, salt))
        return FRAME_DAMAGED;
    ret->head_bytes = FRAME_HEAD_BYTES;
    if (len < FRAME_HEAD_BYTES)
        return FRAME_SHORT;
    read_fields(in, ret);
    unsigned version = in[AT_VERSION];
    bool ours = version == VERSION;
    if (!is_plausible(ret) || version < VERSION ||
        (ours && ret->head_bytes != FRAME_HEAD_BYTES + (uint64_t)ret->ranges * FRAME_RANGE_BYTES))
        return FRAME_DAMAGED;
    if (len < ret->head_bytes)
        return FRAME_SHORT;
    if (get32(in + AT_CRC) != crc32c(0, in + AT_HEAD_BYTES, ret->head_bytes - AT_HEAD_BYTES))
        return FRAME_DAMAGED;
    if (!ours) {
        ret->codec = FRAME_UNKNOWN;
        ret->raw_bytes = ret->ranges = 0;
        return FRAME_NEWER;
    }
    return ret->raw_bytes <= FRAME_PAYLOAD_MAX ? FRAME_GOOD : FRAME_DAMAGED;
}
