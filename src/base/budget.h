/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_BUDGET_H
#define WEIR_BASE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number of bytes that may be in use at a time. What is kept for reuse is not in use, but is kept only
 * where it fits beside what is. Every function: @thread any. */
struct budget {
    _Atomic size_t used, spare;
    size_t max;
};

static inline size_t budget_used(const struct budget *budget)
{
    return atomic_load(&budget->used);
}

static inline bool budget_has_room(size_t used, size_t bytes, size_t limit)
{
    return used == 0 || (used <= limit && bytes <= limit - used);
}

/* Whether `bytes` fit below `limit` (which is at most budget->max), or nothing is in use: one piece larger
 * than everything passes alone. */
static inline bool budget_fits(const struct budget *budget, size_t bytes, size_t limit)
{
    return budget_has_room(budget_used(budget), bytes, limit);
}

/* Takes `bytes` if they fit. */
static inline bool budget_take(struct budget *budget, size_t bytes, size_t limit)
{
    size_t used = atomic_load(&budget->used);
    do {
        if (!budget_has_room(used, bytes, limit))
            return false;
    } while (!atomic_compare_exchange_weak(&budget->used, &used, used + bytes));
    return true;
}

/* Takes `bytes` whether they fit or not: for what has been admitted and must go on. */
static inline void budget_force(struct budget *budget, size_t bytes)
{
    atomic_fetch_add(&budget->used, bytes);
}

static inline void budget_give(struct budget *budget, size_t bytes)
{
    atomic_fetch_sub(&budget->used, bytes);
}

/* Counts `bytes` as kept for reuse, if they fit beside what is in use; false: free them. */
static inline bool budget_keep(struct budget *budget, size_t bytes)
{
    size_t spare = atomic_fetch_add(&budget->spare, bytes) + bytes;
    size_t used = atomic_load(&budget->used);
    if (used <= budget->max && spare <= budget->max - used)
        return true;
    atomic_fetch_sub(&budget->spare, bytes);
    return false;
}

/* They are in use again, or freed. */
static inline void budget_unkeep(struct budget *budget, size_t bytes)
{
    atomic_fetch_sub(&budget->spare, bytes);
}

/* Whether what is kept no longer fits beside what is in use. */
static inline bool budget_is_over(const struct budget *budget)
{
    size_t used = atomic_load(&budget->used);
    return used > budget->max || atomic_load(&budget->spare) > budget->max - used;
}

#endif
