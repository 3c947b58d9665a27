/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_FRAME_H
#define WEIR_BUFFER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One batch as it stands in a segment: a head, the ranges of the streams that it covers, a payload.
 *
 *      0  u32 magic ^ the segment's salt
 *      4  u32 crc32c of the head from byte 8 on, ranges included
 *      8  u32 bytes of the head: FRAME_HEAD_BYTES + ranges * FRAME_RANGE_BYTES
 *     12  u32 bytes of the payload as stored
 *     16  u32 bytes of the payload before compression
 *     20  u32 crc32c of the payload as stored
 *     24  u32 crc32c of the payload of the frame before it in this file; 0 in the first
 *     28  u8 version (1) | u8 codec | u16 flags
 *     32  u64 sequence of its first record
 *     40  u32 records | u32 ranges
 *     48  u64 readers: a bit for each that takes something of it; see segment.h
 *     56  i64 observed: when the first of it was read, nanoseconds since 1970 UTC
 *     64  i64 written: when the frame was made, nanoseconds since 1970 UTC
 *     72  ranges, then the payload, then zeros up to a multiple of 8
 *
 * A range, which is a run of the batch (weir/batch.h) without the pointer:
 *      0  u8[16] stream id
 *     16  u64 from | u64 to | u64 check
 *     40  i64 observed | u64 clock
 *     56  u32 first record | u32 records (0: all of them were filtered; the range is covered all the same)
 *     64  u32 flags | u32 number of the stream's text in the payload
 *
 * All numbers are little-endian. The head is checked apart from the payload: a damaged payload costs one
 * frame, whose records are known by number, and the next one is found without a search. */
#define FRAME_HEAD_BYTES 72
#define FRAME_RANGE_BYTES 72
#define FRAME_RANGES_MAX 4096
#define FRAME_PAYLOAD_MAX ((uint32_t)512 << 20)
#define FRAME_ALIGN 8

enum frame_codec {
    FRAME_PLAIN,
    FRAME_LZ4,
    FRAME_ZSTD,
    FRAME_UNKNOWN = 255, /* of a later version: what the frame holds is kept, and not looked at */
};

enum frame_flags {
    FRAME_REPLAYED = 1, /* put there by a replay */
};

struct frame_head {
    uint32_t head_bytes, stored_bytes, raw_bytes;
    uint32_t payload_crc, previous_crc;
    uint8_t codec;  /* enum frame_codec */
    uint16_t flags; /* enum frame_flags */
    uint64_t sequence;
    uint32_t records, ranges;
    uint64_t readers;
    int64_t observed, written;
};

struct frame_range {
    uint8_t stream[16];
    uint64_t from, to, check;
    int64_t observed;
    uint64_t clock;
    uint32_t first, count;
    uint32_t flags; /* enum weir_run_flags */
    uint32_t text;
};

/* Whether a frame of the segment with that salt may begin at these 8 bytes. */
bool frame_begins(const uint8_t *in, uint32_t salt);
/* The checksum of a payload. */
uint32_t frame_payload_crc(const uint8_t *payload, const struct frame_head *head);

/* Bytes from the start of a frame to the start of the next. */
static inline uint64_t frame_bytes(const struct frame_head *head)
{
    return ((uint64_t)head->head_bytes + head->stored_bytes + FRAME_ALIGN - 1) &
           ~(uint64_t)(FRAME_ALIGN - 1);
}

/* Writes one range; `out` has room for FRAME_RANGE_BYTES. */
void frame_range_write(uint8_t *out, const struct frame_range *range);
void frame_range_read(const uint8_t *in, struct frame_range *ret);

/* Writes the head's fixed part in front of the ranges, which stand at out + FRAME_HEAD_BYTES already, and
 * with them its checksum. */
void frame_head_write(uint8_t *out, const struct frame_head *head, uint32_t salt);

enum frame_verdict {
    FRAME_GOOD,
    FRAME_SHORT, /* `len` ends before the head does; head_bytes of *ret is how much it wants, when known */
    FRAME_DAMAGED, /* no head begins here, or its checksum or a length says no */
    /* It is intact, and of a version that this code does not know. Every version has the lengths, the sequence, the
     * number of records, the readers and the times where they are; ranges and raw_bytes are 0, the codec is unknown. */
    FRAME_NEWER,
};
/* Reads a head of `len` bytes at `in`; checks it whole when all of it is there. */
enum frame_verdict frame_head_read(const uint8_t *in, size_t len, uint32_t salt,
                                   struct frame_head *ret);

#endif
