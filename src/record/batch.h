/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_BATCH_H
#define WEIR_RECORD_BATCH_H

#include <stdatomic.h>
#include <weir/batch.h>

#include "base/arena.h"

struct input;
struct run_state;

/* The whole of a batch. Plugins see `pub`; the parts below belong to those that carry it:
 *
 *   block.c, input.c     make it, own its memory, take it back and free it     (input's thread)
 *   filter_stage.c       opens, edits, drops, routes                          (filter stage's thread)
 *   log.c, output.c      read it; count down what is not settled              (outputs' threads)
 *
 * It moves between them through queues, which order the memory; only what is _Atomic is touched by two
 * threads at a time. */
struct batch {
    struct weir_batch pub;
    struct arena arena;
    uint64_t *dropped;      /* behind pub.dropped; in the arena */
    uint32_t dropped_count; /* bits set */

    /* Routing: which outputs take something of it. */
    uint64_t routed;  /* a bit an output */
    uint64_t **masks; /* an output's records; NULL, or a NULL entry: all that are not dropped */
    uint32_t unrouted_count; /* records that no output takes */

    /* The way back: see input.c. */
    struct input *input;
    struct run_state *states; /* one for each of pub.runs */
    struct batch *next_return;
    _Atomic unsigned state; /* enum batch_state */
    _Atomic unsigned refs;  /* outputs that have not settled all of theirs */
    _Atomic uint32_t rejected_count;
    size_t charged; /* bytes taken from the pipeline's budget for the block, the arena apart */
    bool compact;   /* made to measure by malloc; else a full-size block of the input's */
};

/* Records that live: neither dropped nor left out by every output. */
static inline uint32_t batch_live(const struct batch *batch)
{
    return batch->pub.count - batch->dropped_count - batch->unrouted_count;
}

static inline struct batch *batch_of(struct weir_batch *pub)
{
    return (struct batch *)pub;
}

/* A bitmap with a bit for each record, zeroed, in the batch's arena. NULL when memory is short. */
uint64_t *batch_bitmap(struct batch *batch);
uint32_t bitmap_count(const uint64_t *bits, uint32_t count);
static inline size_t bitmap_words(uint32_t count)
{
    return ((size_t)count + 63) / 64;
}

#endif
