/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of the memory that comes back, and what is not.
 *
 * Full-size blocks are used again, the last one first: its memory is the warmest. They are mappings of their
 * own, so that freeing one gives it to the kernel, and taking another costs a fault a page. What is kept
 * must fit into the budget beside what is in use, so that the process holds no more than buffer.memory;
 * when the inputs have been quiet for a while it is freed.
 *
 * Copies made to measure and arenas are small enough to come from the allocator's heaps, which keep what is
 * freed. When a full buffer has drained, the heaps are told to give that back: else it would stay beside
 * the blocks that come next, and the process would hold up to twice its limit. */
#include "pipeline/block_pool.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/clock.h"
#include "record/batch.h"

#define SPARE_MAX 8
/* Less is not worth giving back, nor more often. */
#define PEAK_MIN ((size_t)8 << 20)
#define SHRINK_NS 200000000

void block_pool_init(struct block_pool *pool, struct budget *budget)
{
    *pool = (struct block_pool){ .budget = budget };
    pthread_mutex_init(&pool->lock, NULL);
}

void block_pool_deinit(struct block_pool *pool)
{
    block_pool_trim(pool);
    pthread_mutex_destroy(&pool->lock);
}

struct batch *block_pool_take(struct block_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct batch *batch = pool->spare;
    if (batch) {
        pool->spare = batch->next;
        pool->count--;
        atomic_fetch_sub(&pool->bytes, batch->charged);
        budget_unkeep(pool->budget, batch->charged);
    }
    pthread_mutex_unlock(&pool->lock);
    return batch;
}

bool block_pool_give(struct block_pool *pool, struct batch *batch)
{
    pthread_mutex_lock(&pool->lock);
    bool keep = pool->count < SPARE_MAX && budget_keep(pool->budget, batch->charged);
    if (keep) {
        batch->next = pool->spare;
        pool->spare = batch;
        pool->count++;
        atomic_fetch_add(&pool->bytes, batch->charged);
    }
    pthread_mutex_unlock(&pool->lock);
    return keep;
}

size_t block_pool_bytes(const struct block_pool *pool)
{
    return atomic_load(&pool->bytes);
}

void block_pool_trim(struct block_pool *pool)
{
    struct batch *batch;
    while ((batch = block_pool_take(pool)))
        free(batch);
}

void block_pool_shrink(struct block_pool *pool, size_t before)
{
    const size_t peak = atomic_load(&pool->peak);
    if (before > peak) {
        atomic_store(&pool->peak, before);
        return;
    }
    if (peak < PEAK_MIN || before > peak / 4 * 3)
        return;
    const int64_t now = clock_monotonic();
    if (now - atomic_load(&pool->trimmed) < SHRINK_NS)
        return;
    atomic_store(&pool->trimmed, now);
    atomic_store(&pool->peak, before);
    malloc_trim(0);
}
