/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_FROZEN_LAYOUT_H
#define WEIR_BUFFER_FROZEN_LAYOUT_H

#include <assert.h>
#include <stdint.h>

#include "buffer/frame.h"
#include "record/batch.h"

/* The parts of a frozen batch, for those that write and read them: see frozen.c for the drawing. What
 * stands here is the bytes themselves, so the host must have their order. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "frozen batches are little-endian");

#define FROZEN_VERSION 1

enum frozen_flags {
    FROZEN_OPENED = 1,
    FROZEN_OFFSETS = 2,
    FROZEN_TICKS = 4,
};

struct frozen_head {
    uint8_t version, flags;
    uint16_t zero;
    uint32_t records, streams, masks, note_bytes;
    uint32_t values_bytes, traces; /* of the values that records have */
    uint32_t data_bytes, extra_bytes, extra_values;
    uint32_t names, shapes, whats;
    uint32_t zero_too;
};
static_assert(sizeof(struct frozen_head) == 56, "as it stands on disk");

struct frozen_stream {
    uint32_t json, json_len;
    uint32_t position_name, position_name_len; /* without the NUL that follows it; length 0: none */
};
static_assert(sizeof(struct frozen_stream) == 16, "as it stands on disk");

enum frozen_record_flags {
    FROZEN_TRACE = 1,        /* the next of the traces is its */
    FROZEN_WIDE = 2,         /* its values are frozen_wide, else frozen_narrow */
    FROZEN_OBJECT_EXTRA = 4, /* its object is the next of the extra values */
};

struct frozen_record {
    int64_t event_time;
    uint32_t shape;
    uint8_t severity, flags;
    uint16_t zero;
};
static_assert(sizeof(struct frozen_record) == 16, "as it stands on disk");

/* A value that stands in the record's line: where, and how long it is. Of others only the length counts. */
struct frozen_narrow {
    uint16_t at, len;
};
struct frozen_wide {
    uint32_t at, len;
};
static_assert(sizeof(struct frozen_narrow) == 4 && sizeof(struct frozen_wide) == 8,
              "as they stand on disk");

/* What a field is apart from its value: a number of 32 bits. */
#define FROZEN_TYPE_MASK UINT32_C(7)
#define FROZEN_PLACE_SHIFT 3
#define FROZEN_PLACE_MASK UINT32_C(3)
enum frozen_place {
    FROZEN_IN_LINE,
    FROZEN_NEXT_EXTRA, /* the next of the extra values */
    FROZEN_SAME_EXTRA, /* the last one of them that was this name's */
};
#define FROZEN_FLAGS_SHIFT 5
#define FROZEN_FLAGS_MASK UINT32_C(15)
#define FROZEN_NAME_SHIFT 9
#define FROZEN_NAMES_MAX (UINT32_C(1) << 23)

struct frozen_shape {
    uint32_t at, count; /* of its whats: the number of the object's fields, then each field's */
};

struct frozen_text {
    uint32_t at, len; /* in the extra bytes */
};

static_assert(sizeof(struct weir_trace) == 25, "as it stands on disk");

/* Where the parts begin: offsets in the payload, in the order in which they stand there. */
struct frozen_parts {
    uint64_t streams, mask_bits, masks, offsets, ticks, ends;
    uint64_t records, values, traces, data, extra, names, shapes, whats, end;
};

static inline uint64_t frozen_align(uint64_t at)
{
    return (at + 7) & ~UINT64_C(7);
}

/* What a head says about them. With the counts of 32 bits that it holds, nothing overflows. */
static inline struct frozen_parts frozen_parts(const struct frozen_head *head)
{
    const uint64_t count = head->records, words = bitmap_words(head->records);
    const bool opened = head->flags & FROZEN_OPENED;
    struct frozen_parts at = { .streams = sizeof(*head) };
    at.mask_bits = at.streams + (uint64_t)head->streams * sizeof(struct frozen_stream);
    at.masks = frozen_align(at.mask_bits + (uint64_t)head->masks * sizeof(uint32_t));
    at.offsets = at.masks + head->masks * words * sizeof(uint64_t);
    at.ticks = at.offsets + (head->flags & FROZEN_OFFSETS ? count * sizeof(uint64_t) : 0);
    at.ends = frozen_align(at.ticks + (head->flags & FROZEN_TICKS ? count * sizeof(uint32_t) : 0));
    at.records = frozen_align(at.ends + count * sizeof(uint32_t));
    at.values = at.records + (opened ? count * sizeof(struct frozen_record) : 0);
    at.traces = at.values + head->values_bytes;
    at.data = frozen_align(at.traces + (uint64_t)head->traces * sizeof(struct weir_trace));
    at.extra = at.data + head->data_bytes;
    at.names = frozen_align(at.extra + head->extra_bytes);
    at.shapes = at.names + (uint64_t)head->names * sizeof(struct frozen_text);
    at.whats = at.shapes + (uint64_t)head->shapes * sizeof(struct frozen_shape);
    at.end = at.whats + (uint64_t)head->whats * sizeof(uint32_t);
    return at;
}

#endif
