/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include "base/budget.h"

/* Memory that is taken piece by piece and given back in one move: what a batch's records and fields
 * are made of. See arena.c. */
struct chunk;

/* Spare chunks, shared by the arenas of one pipeline, so that a busy pipeline does not go to the
 * allocator for each batch. At most `spare_bytes_max`, and no more than fit into the budget beside what is
 * in use; others are freed. */
struct chunk_pool;

/* Arenas of the pool charge `budget` for every chunk, without asking: see budget_force(). */
struct chunk_pool *chunk_pool_new(size_t spare_bytes_max, struct budget *budget);
struct chunk_pool *chunk_pool_free(struct chunk_pool *pool); /* NULL is fine; returns NULL */
/* Frees the spare chunks: for a pipeline that has become quiet. @thread any. */
void chunk_pool_trim(struct chunk_pool *pool);

#define ARENA_CHUNK_BYTES ((size_t)64 * 1024)

struct arena {
    struct chunk_pool *pool;
    struct chunk *chunks;
    char *at, *end;
};

void arena_init(struct arena *arena, struct chunk_pool *pool);
/* Gives everything back. The arena can be used again. */
void arena_reset(struct arena *arena);

/* `bytes` bytes, aligned to 8, until arena_reset(). NULL when memory is short. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* Room for at least `bytes` bytes whose use is not known yet: the caller writes from the start, then
 * keeps the first `used` of them with arena_keep(), before any other call. NULL when memory is short. */
void *arena_reserve(struct arena *arena, size_t bytes);
void arena_keep(struct arena *arena, size_t used);

#endif
