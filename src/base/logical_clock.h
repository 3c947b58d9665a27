/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_LOGICAL_CLOCK_H
#define WEIR_BASE_LOGICAL_CLOCK_H

#include <stdint.h>

/* A hybrid logical clock: nanoseconds since 1970 UTC as the host's clock has them, but never going back
 * and never the same twice. Where the host's clock stands still or was set back, values count up by one
 * from the largest handed out, until it has caught up. (Kulkarni et al., "Logical Physical Clocks",
 * without their message rule: one agent is one process.)
 *
 * To hold across restarts it needs a ceiling kept on disk, above every value handed out. `raise` is
 * called with a new one when the old is near, some seconds before it is reached; at the next start the
 * clock goes on from there. So after a kill values may run LOGICAL_CLOCK_AHEAD_NS ahead of the host's
 * clock for so long; after a clean stop (which stores logical_clock_last() + 1) they do not. */
struct logical_clock;

#define LOGICAL_CLOCK_AHEAD_NS 4000000000

typedef void logical_clock_raise_f(void *arg, uint64_t ceiling);

/* `ceiling`: nothing below it is handed out. NULL when memory is short. */
struct logical_clock *logical_clock_new(uint64_t ceiling, logical_clock_raise_f *raise, void *arg);
struct logical_clock *
logical_clock_free(struct logical_clock *clock); /* NULL is fine; returns NULL */

/* `count` > 0 values in a row, at or above `wall` where that is possible: returns the first. @thread any. */
uint64_t logical_clock_take(struct logical_clock *clock, int64_t wall, uint64_t count);
/* The largest value handed out; at first, one below the ceiling it began with. @thread any. */
uint64_t logical_clock_last(struct logical_clock *clock);

#endif
