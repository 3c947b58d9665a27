/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_BUDGET_H
#define WEIR_BASE_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number of bytes that may be in use at a time. Every function: @thread any. */
struct budget {
    _Atomic size_t used;
    size_t max;
};

static inline size_t budget_used(const struct budget *budget)
{
    return atomic_load(&budget->used);
}

/* Takes `bytes` if they fit below `limit` (which is at most budget->max), or if nothing is in use: one
 * piece larger than everything passes alone, so that it can delay others but never wait for ever. */
static inline bool budget_take(struct budget *budget, size_t bytes, size_t limit)
{
    size_t used = atomic_load(&budget->used);
    do {
        if (used != 0 && (used > limit || bytes > limit - used))
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

#endif
