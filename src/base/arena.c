/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation in chunks.
 *
 *     arena --> chunk 64 KiB --> chunk 64 KiB --> chunk (larger, for one large piece)
 *                  ^at ... ^end
 *
 * A filter stage makes some hundred thousand small arrays a second; malloc() for each would be half of
 * its work. Here a piece is an addition and a comparison, and freeing a batch is a walk over its few
 * chunks. Chunks come from a pool that the pipeline's threads share under a mutex: two or three
 * operations a batch, never one a record, so the lock is never hot.
 *
 * The budget is charged for chunks and not for pieces, since chunks are what the process holds. It is
 * charged without asking, because a batch that was admitted must be finished; admission looks at the
 * total (see pipeline/block.c), and how far a batch can grow is bounded by its bytes.
 *
 * Rejected: one mapping per batch with room to grow (addresses could be 32-bit offsets, but every
 * small batch would cost a mapping); malloc arenas per thread (memory freed by another thread stays
 * with the thread that took it). */
#include "base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct chunk {
    struct chunk *next;
    size_t bytes; /* of the whole allocation, this header included */
};

struct chunk_pool {
    struct budget *budget;
    pthread_mutex_t lock;
    struct chunk *spare;
    size_t spare_bytes, spare_bytes_max;
};

struct chunk_pool *chunk_pool_new(size_t spare_bytes_max, struct budget *budget)
{
    struct chunk_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pool->budget = budget;
    pool->spare_bytes_max = spare_bytes_max;
    return pool;
}

static void chunks_free(struct chunk *chunk)
{
    while (chunk) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void chunk_pool_trim(struct chunk_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct chunk *spare = pool->spare;
    budget_unkeep(pool->budget, pool->spare_bytes);
    pool->spare = NULL;
    pool->spare_bytes = 0;
    pthread_mutex_unlock(&pool->lock);
    chunks_free(spare);
}

struct chunk_pool *chunk_pool_free(struct chunk_pool *pool)
{
    if (!pool)
        return NULL;
    chunks_free(pool->spare);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
    return NULL;
}

static struct chunk *chunk_take(struct chunk_pool *pool, size_t bytes)
{
    struct chunk *chunk = NULL;
    if (bytes == ARENA_CHUNK_BYTES) {
        pthread_mutex_lock(&pool->lock);
        chunk = pool->spare;
        if (chunk) {
            pool->spare = chunk->next;
            pool->spare_bytes -= chunk->bytes;
            budget_unkeep(pool->budget, chunk->bytes);
        }
        pthread_mutex_unlock(&pool->lock);
    }
    if (!chunk)
        chunk = malloc(bytes);
    if (chunk)
        chunk->bytes = bytes;
    return chunk;
}

static void chunk_give(struct chunk_pool *pool, struct chunk *chunk)
{
    if (chunk->bytes == ARENA_CHUNK_BYTES) {
        pthread_mutex_lock(&pool->lock);
        if (pool->spare_bytes + chunk->bytes <= pool->spare_bytes_max &&
            budget_keep(pool->budget, chunk->bytes)) {
            chunk->next = pool->spare;
            pool->spare = chunk;
            pool->spare_bytes += chunk->bytes;
            chunk = NULL;
        }
        pthread_mutex_unlock(&pool->lock);
    }
    free(chunk);
}

void arena_init(struct arena *arena, struct chunk_pool *pool)
{
    *arena = (struct arena){ .pool = pool };
}

void arena_reset(struct arena *arena)
{
    for (struct chunk *chunk = arena->chunks; chunk;) {
        struct chunk *next = chunk->next;
        budget_give(arena->pool->budget, chunk->bytes);
        chunk_give(arena->pool, chunk);
        chunk = next;
    }
    arena->chunks = NULL;
    arena->at = arena->end = NULL;
}

static bool arena_grow(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return false;
    size_t want = bytes + sizeof(struct chunk);
    struct chunk *chunk =
        chunk_take(arena->pool, want > ARENA_CHUNK_BYTES ? want : ARENA_CHUNK_BYTES);
    if (!chunk)
        return false;
    budget_force(arena->pool->budget, chunk->bytes);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->at = (char *)(chunk + 1);
    arena->end = (char *)chunk + chunk->bytes;
    return true;
}

void *arena_reserve(struct arena *arena, size_t bytes)
{
    if ((size_t)(arena->end - arena->at) < bytes && !arena_grow(arena, bytes))
        return NULL;
    return arena->at;
}

void arena_keep(struct arena *arena, size_t used)
{
    used = (used + 7) & ~(size_t)7;
    size_t room = (size_t)(arena->end - arena->at);
    arena->at += used < room ? used : room;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    void *piece = arena_reserve(arena, bytes);
    if (piece)
        arena_keep(arena, bytes);
    return piece;
}
