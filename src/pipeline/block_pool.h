/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_BLOCK_POOL_H
#define WEIR_PIPELINE_BLOCK_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;
struct budget;

/* Full-size blocks that a pipeline's inputs use again, as the batches that they were. See block_pool.c.
 * Every function: @thread any. */
struct block_pool {
    struct budget *budget;
    pthread_mutex_t lock;
    struct batch *spare;
    unsigned count;
    _Atomic size_t bytes;
    _Atomic size_t peak; /* bytes of the budget that were in use since memory was last given back */
    _Atomic int64_t trimmed; /* clock_monotonic() of that */
};

void block_pool_init(struct block_pool *pool, struct budget *budget);
void block_pool_deinit(struct block_pool *pool);

struct batch *block_pool_take(struct block_pool *pool); /* NULL: there is none */
/* False: it wants no more of them. What the block was charged has been given back to the budget. */
bool block_pool_give(struct block_pool *pool, struct batch *batch);
/* How many bytes they are; and frees them. */
size_t block_pool_bytes(const struct block_pool *pool);
void block_pool_trim(struct block_pool *pool);

/* Memory was given back, before which `before` bytes of the budget were in use: when most of a full buffer
 * has come back, makes the allocator give it to the kernel. */
void block_pool_shrink(struct block_pool *pool, size_t before);

#endif
