/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_REJECTS_H
#define WEIR_BUFFER_REJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of frames that some output has not answered yet: which records another has refused already, so that in the
 * end each record counts once, by its worst fate. Empty unless a sink refuses. Ordered by the frames'
 * numbers; memory from malloc. Not for two threads at a time. */
struct reject {
    uint64_t frame;
    uint64_t *bits; /* those dropped, behind them those parked */
    uint32_t count; /* records of the frame */
    bool damaged;   /* it cannot be read: none of its records is delivered */
};

struct rejects {
    struct reject *items;
    size_t first, count, room; /* items[first], count of them */
};

/* Adds to what is known of a frame: bits of records that a sink will never take, dropped, or parked in the
 * dead letters; either may be NULL. 0 or -ENOMEM: then its records count as the others say. */
int rejects_add(struct rejects *rejects, uint64_t frame, uint32_t count, const uint64_t *rejected,
                const uint64_t *parked);
/* The same for a frame that cannot be read. */
int rejects_add_damaged(struct rejects *rejects, uint64_t frame, uint32_t count);

/* What is known of a frame in the end: each record counts once. */
struct rejects_sum {
    uint32_t rejected, parked, damaged;
};
/* Takes a frame out. */
struct rejects_sum rejects_take(struct rejects *rejects, uint64_t frame);
/* Forgets frames below `frame`. */
void rejects_forget(struct rejects *rejects, uint64_t frame);
void rejects_free(struct rejects *rejects);

#endif
