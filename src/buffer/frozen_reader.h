/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_FROZEN_READER_H
#define WEIR_BUFFER_FROZEN_READER_H

#include <weir/codec.h>

#include "buffer/frozen_layout.h"

/* What the parts of thawing share: see frozen_thaw.c. */

struct thawed {
    struct batch batch; /* first: it is freed as what it is */
    _Alignas(16) char payload[];
};

struct frozen_reader {
    struct thawed *thawed;
    const struct frame_head *frame;
    const uint8_t *ranges, *reader_bits;
    struct frozen_head head;
    struct frozen_parts parts;
    struct weir_bytes json; /* a value that is being checked */
};

static inline const char *frozen_part(const struct frozen_reader *reader, uint64_t offset)
{
    return reader->thawed->payload + offset;
}

/* In the batch's arena; never NULL for none. */
static inline void *frozen_alloc(struct frozen_reader *reader, size_t count, size_t size)
{
    return arena_alloc(&reader->thawed->batch.arena, count ? count * size : 1);
}

/* `len` of the extra bytes from `at` on, or NULL. */
static inline const char *frozen_extra(const struct frozen_reader *reader, uint32_t at,
                                       uint32_t len)
{
    if (at > reader->head.extra_bytes || len > reader->head.extra_bytes - at)
        return NULL;
    return frozen_part(reader, reader->parts.extra + at);
}

/* Gives a batch whose lines are there its records, if it was opened. 0, -EBADMSG or -ENOMEM. */
WEIR_MUST_USE int frozen_read_records(struct frozen_reader *reader);

#endif
