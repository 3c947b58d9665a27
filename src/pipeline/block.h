/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_BLOCK_H
#define WEIR_PIPELINE_BLOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <weir/host.h>

struct batch;
struct input;
struct pipeline;

/* Full-size blocks that a pipeline's inputs use again. */
struct block_pool {
    pthread_mutex_t lock;
    struct weir_block *spare;
    _Atomic unsigned count;
    /* When most of what was in use has come back, the allocator is told to give it to the kernel. */
    _Atomic size_t peak;     /* bytes that were in use since the last time */
    _Atomic int64_t trimmed; /* clock_monotonic() of that */
};

void block_pool_init(struct block_pool *pool);
void block_pool_deinit(struct block_pool *pool); /* it has been trimmed */

/* Gives a batch's memory back: its arena, its block and what they were charged. Does not wake those who
 * wait for it: see admission_wake(). @thread any. */
void block_recycle(struct pipeline *pipeline, struct batch *batch);

/* The batch that a filled block becomes: itself, or, when it is mostly empty, a copy made to measure (the
 * block has then been given back). @thread the input's. */
struct batch *block_seal(struct input *input, struct weir_block *block);

/* Blocks that are kept for reuse: how many bytes; and frees them. @thread any. */
size_t block_spare_bytes(const struct pipeline *pipeline);
void block_trim(struct pipeline *pipeline);

#endif
