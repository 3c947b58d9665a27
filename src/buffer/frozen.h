/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_FROZEN_H
#define WEIR_BUFFER_FROZEN_H

#include <weir/codec.h>

#include "buffer/frame.h"
#include "record/batch.h"

/* A batch as bytes that need nothing else: what a frame's payload is, before compression. See frozen.c for
 * the layout, byte by byte.
 *
 * Freezing keeps the records that live (neither dropped by a filter nor routed nowhere), less those of
 * `without`, renumbered from 0 in their order; which outputs take which; their fields, times, severities and
 * traces; their positions, clocks and ids; what codecs can ask of their streams. A thawed batch gives every
 * codec the same bytes, record by record, as the one that was frozen. The same batch always freezes to the
 * same bytes, and so does what was thawed from them, but for ranges without records, which only the frame
 * has.
 *
 * Nothing here has a thread: a batch is read as outputs read it. @thread any. */

/* Writes [FRAME_HEAD_BYTES free][ranges][payload][FRAME_ALIGN free] of the batch to `out` (emptied first;
 * out->len does not count the last FRAME_ALIGN) and fills the members of *ret_head but those that
 * store_append() fills in. `codec` compresses the payload where that makes it clearly smaller (and was built
 * in; else it is FRAME_PLAIN); `scratch` is room for that, kept between calls. `readers`: what head.readers is to be, a
 * subset of batch->routed; masks of others are not kept. Every run has its range, also when none of its records
 * is kept. 0; -ENOMEM; -EMSGSIZE when it is larger than FRAME_PAYLOAD_MAX, or than what out->max or
 * scratch->max (both in need of room for all of it) allow. */
WEIR_MUST_USE int frozen_make(const struct batch *batch, const uint64_t *without, uint64_t readers,
                              enum frame_codec codec, struct weir_bytes *scratch,
                              struct weir_bytes *out, struct frame_head *ret_head);

/* How many records frozen_make() would keep. */
uint32_t frozen_count(const struct batch *batch, const uint64_t *without);

/* Bits of records of the batch as bits of the frozen ones; `ret` has bitmap_words(frozen_count()) words. */
void frozen_renumber(const struct batch *batch, const uint64_t *without, const uint64_t *bits,
                     uint64_t *ret);

/* Makes a batch of a frame. `ranges` and `payload` as stored (they are copied: the batch stands alone), already
 * checked by their checksum; still, any bytes may be given: what does not hold together is -EBADMSG, an
 * unknown version -EPROTO, and a codec that was not built in -ENOTSUP. `reader_bits`: see struct store_frame;
 * head->readers is in today's bits already, and becomes batch->routed.
 *
 * Its memory comes from malloc and from `chunks` (which charges its own budget); it has no input, `charged` says
 * how many bytes the caller must account for. pub.runs[].stream are streams that only know their id and
 * text; ranges without records are left out of pub.runs. */
WEIR_MUST_USE int frozen_thaw(const struct frame_head *head, const uint8_t *ranges,
                              const uint8_t *payload, const uint8_t *reader_bits,
                              struct chunk_pool *chunks, struct batch **ret);
/* The same, in the memory of an emptied batch, which is gone in any case; NULL: there is none. */
WEIR_MUST_USE int frozen_thaw_into(struct batch *spare, const struct frame_head *head,
                                   const uint8_t *ranges, const uint8_t *payload,
                                   const uint8_t *reader_bits, struct chunk_pool *chunks,
                                   struct batch **ret);
/* Frees a thawed batch. NULL is fine. */
void frozen_free(struct batch *batch);
/* Frees all but the memory of its own, `charged` bytes: for frozen_thaw_into(), or free(). */
void frozen_empty(struct batch *batch);

#endif
