/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_BATCH_H
#define WEIR_RECORD_BATCH_H

#include <weir/batch.h>

#include "base/arena.h"

struct input;
struct run_state; /* buffer/watermark.h */

/* The whole of a batch. Plugins see `pub`; the parts below belong to those that carry it:
 *
 *   block.c, input.c     make it, own its memory, take it back and free it     (input's thread)
 *   filter_stage.c       opens, edits, drops, routes                          (filter stage's thread)
 *   log.c, output.c      read it; count down who has not answered             (outputs' threads)
 *
 * It moves between them through queues, which order the memory; only what is said to be under a lock
 * is touched by two threads at a time. */
struct batch {
    struct weir_batch pub;
    struct arena arena;
    uint64_t *dropped;             /* behind pub.dropped; in the arena */
    uint32_t dropped_count;        /* bits set */
    struct batch *next, *previous; /* in the queue that it stands in, or in the log */

    /* Written by the filter stage. */
    uint32_t *filtered; /* how many records each filter took; in the arena; NULL: none */
    uint64_t routed;    /* a bit an output: takes something of it */
    uint64_t **masks;   /* an output's records; NULL, or a NULL entry: all that are not dropped */
    uint32_t unrouted_count; /* records that no output takes */

    /* While outputs have it: under the log's lock. */
    uint64_t sequence;
    uint64_t unsettled; /* of `routed`, those that have not settled all of theirs */
    uint64_t reading;   /* of those, the ones that have begun with it */
    /* Records that a sink will never take, dropped, or parked in the dead letters; from malloc; NULL:
     * none. batch_unmark() frees them. */
    uint64_t *rejected, *parked;
    /* Of these records in the disk tier: their numbers, when a frame of them is there, and for whom it is. */
    uint64_t frame, frame_end, frame_readers;
    bool on_disk;        /* there is a frame */
    bool safe;           /* which a crash does not take away */
    bool writing;        /* the tier is making one: the batch must stay */
    bool thawed;         /* the batch was made of a frame */
    bool replayed;       /* the same, by a replay: its memory is charged to the inputs' budget */
    bool counted;        /* what filters took is counted already, and the frame counts the rest */
    uint8_t given_up;    /* why nobody is to have it, as 1 + enum ledger_drop; 0: it was not */
    uint32_t shed_count; /* records dropped because the disk tier was filling */
    struct batch *next_safe; /* on its way to its input, to move positions on */
    bool passed;             /* they have moved past it; the input's thread */

    /* The way back: see input.c. */
    struct input *input;
    struct run_state **states; /* one for each of pub.runs */
    int64_t observed;          /* when the first of its bytes was read; wall clock */
    uint64_t bytes;            /* of data */
    size_t charged; /* bytes taken from the pipeline's budget for the block, arena apart */
    bool vanishing; /* its source is about to vanish: it cannot be read again */
    bool compact;   /* made to measure; else a full-size block of the input's */

    /* What is kept with the batch on disk, beside its records; "" but in dead letters. */
    struct weir_str note;
};

/* Records that live: neither dropped nor left out by every output. */
static inline uint32_t batch_live(const struct batch *batch)
{
    return batch->pub.count - batch->dropped_count - batch->unrouted_count;
}

/* How many records output `index` takes. */
uint32_t batch_records_for(const struct batch *batch, unsigned index);
void batch_unmark(struct batch *batch);

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
