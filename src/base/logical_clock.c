/* SPDX-License-Identifier: Apache-2.0 */
/* One number and its ceiling under a mutex: taken once a run of records, never once a record. */
#include "base/logical_clock.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct logical_clock {
    pthread_mutex_t lock;
    uint64_t next;    /* the smallest value that may be handed out */
    uint64_t ceiling; /* as last raised */
    logical_clock_raise_f *raise;
    void *arg;
};

struct logical_clock *logical_clock_new(uint64_t ceiling, logical_clock_raise_f *raise, void *arg)
{
    struct logical_clock *clock = calloc(1, sizeof(*clock));
    if (!clock)
        return NULL;
    pthread_mutex_init(&clock->lock, NULL);
    clock->next = ceiling ? ceiling : 1;
    clock->ceiling = ceiling;
    clock->raise = raise;
    clock->arg = arg;
    return clock;
}

struct logical_clock *logical_clock_free(struct logical_clock *clock)
{
    if (!clock)
        return NULL;
    pthread_mutex_destroy(&clock->lock);
    free(clock);
    return NULL;
}

uint64_t logical_clock_take(struct logical_clock *clock, int64_t wall, uint64_t count)
{
    assert(count > 0);
    uint64_t ceiling = 0;
    pthread_mutex_lock(&clock->lock);
    uint64_t first = clock->next;
    if (wall > 0 && (uint64_t)wall > first)
        first = (uint64_t)wall;
    clock->next = first + count;
    if (clock->next + LOGICAL_CLOCK_AHEAD_NS / 2 > clock->ceiling)
        ceiling = clock->ceiling = clock->next + LOGICAL_CLOCK_AHEAD_NS;
    if (ceiling && clock->raise) /* inside the lock: ceilings must not overtake each other */
        clock->raise(clock->arg, ceiling);
    pthread_mutex_unlock(&clock->lock);
    return first;
}

uint64_t logical_clock_last(struct logical_clock *clock)
{
    pthread_mutex_lock(&clock->lock);
    uint64_t last = clock->next - 1;
    pthread_mutex_unlock(&clock->lock);
    return last;
}
