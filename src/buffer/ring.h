/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_RING_H
#define WEIR_BUFFER_RING_H

#include <pthread.h>

#include "record/batch.h"

/* Batches on their way from one thread to another, in order: from inputs to the filter stage, and from
 * outputs back to their input.
 *
 * It has no bound of its own: a batch exists only because its block was admitted against the pipeline's
 * budget (pipeline/block.c), so what can ever stand here is bounded in bytes where memory is taken, and
 * putting never fails and never waits. That is what makes a full pipeline backpressure on its inputs and
 * on nothing else. One lock a batch of 256 KiB is not worth being clever about. */
struct ring {
    pthread_mutex_t lock;
    struct batch *first, **last;
};

void ring_init(struct ring *ring);
void ring_deinit(struct ring *ring); /* it must be empty */

/* Adds a batch at the end. True when the ring was empty: its reader may be asleep and must be woken.
 * @thread any. */
WEIR_MUST_USE bool ring_put(struct ring *ring, struct batch *batch);
/* Takes everything, linked by `next`; NULL when there is nothing. @thread the reader's. */
struct batch *ring_take_all(struct ring *ring);

#endif
