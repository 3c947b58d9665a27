/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_FROZEN_WRITER_H
#define WEIR_BUFFER_FROZEN_WRITER_H

#include <weir/codec.h>

#include "buffer/frozen_layout.h"
#include "buffer/frozen_names.h"

/* Which records of a batch are frozen. */
struct frozen_keep {
    const struct batch *batch;
    const uint64_t *without; /* NULL: all that live */
};

/* The bits of records [64 * word, 64 * word + 64). */
uint64_t frozen_keep_word(const struct frozen_keep *keep, size_t word);
/* How many of [first, first + count) are kept. */
uint32_t frozen_keep_count(const struct frozen_keep *keep, uint32_t first, uint32_t count);
static inline bool frozen_keeps(const struct frozen_keep *keep, uint32_t i)
{
    return frozen_keep_word(keep, i / 64) >> (i % 64) & 1;
}

/* The next kept records without a gap, from `at` on: false when there is none. */
struct frozen_stretch {
    uint32_t first, end;
};
bool frozen_keep_next(const struct frozen_keep *keep, uint32_t at, struct frozen_stretch *ret);

/* A batch on its way to bytes: the payload grows at raw->data + base, `extra` being its last part, until the
 * names follow. */
struct frozen_writer {
    const struct batch *batch;
    struct frozen_keep keep;
    struct weir_bytes *raw;
    size_t base;
    struct frozen_head head;
    struct frozen_parts parts;
    struct frozen_names names;
    struct frozen_names shapes; /* as bytes, from malloc */
    uint32_t *whats;            /* of the record at hand; from malloc */
    uint32_t whats_room;
    bool straight; /* each record has the line of its own index */
};

/* Where the part that begins at `offset` stands, until something is added. */
static inline char *frozen_at(const struct frozen_writer *writer, uint64_t offset)
{
    return writer->raw->data + writer->base + offset;
}

/* Adds to the extra bytes; *ret_at is where, counted from their start. 0, -ENOMEM or -EMSGSIZE. */
WEIR_MUST_USE int frozen_add_extra(struct frozen_writer *writer, const void *data, size_t len,
                                   uint32_t *ret_at);

/* The span of record `i`, whichever line is its own. */
static inline struct weir_str frozen_span(const struct weir_batch *pub, uint32_t i)
{
    return weir_batch_span(pub, pub->records ? pub->records[i].line : i);
}

/* Of an opened batch: counts bytes of values and traces into the head, and writes records, values and
 * traces to where the parts say. 0, -ENOMEM or -EMSGSIZE. */
WEIR_MUST_USE int frozen_records_count(struct frozen_writer *writer);
WEIR_MUST_USE int frozen_records_write(struct frozen_writer *writer);
void frozen_records_end(struct frozen_writer *writer);

#endif
