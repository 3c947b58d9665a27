/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_WATERMARK_H
#define WEIR_BUFFER_WATERMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weir_stream;

/* The largest contiguous acked position of a stream.
 *
 *     emitted:   [0,100) [100,250) [250,300) [300,420)        one run_state each, in this order
 *     answered:   done      -         done      done
 *     watermark:      100                                     250 waits behind [100,250)
 *
 * Batches are answered in any order; an input may only forget what lies before the first that is not.
 * So each stream keeps its runs in the order they left, and the watermark moves when the first of them
 * is done. The input's thread only. */

struct run_state {
    struct run_state *next; /* of its stream, or in a list of spare ones */
    struct weir_stream *stream;
    uint64_t to, check;
    bool done;
};

/* States for reuse, up to a bound. */
struct run_states {
    struct run_state *first;
    unsigned count;
};

/* NULL when memory is short. */
struct run_state *run_state_take(struct run_states *states);
/* Takes back a list of them. */
void run_states_give(struct run_states *states, struct run_state *first);
void run_states_trim(struct run_states *states); /* frees them */

struct watermark {
    struct run_state *first, *last;
};

void watermark_add(struct watermark *watermark, struct run_state *state);

/* Takes the states off the front that are done; returns them as a list, in order, the last of which holds
 * the new watermark; NULL when it has not moved. */
struct run_state *watermark_advance(struct watermark *watermark);

#endif
