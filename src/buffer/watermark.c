/* SPDX-License-Identifier: Apache-2.0 */
/* A list in the order of emission: adding is O(1), and each state is walked over once when it leaves.
 * A heap or a tree of ranges would also take runs that were not added in order, but a stream's positions
 * only grow (a truncation begins a new stream). */
#include "buffer/watermark.h"

#include <assert.h>

void watermark_add(struct watermark *watermark, struct run_state *state)
{
    assert(!watermark->last || watermark->last->to <= state->to);
    state->next = NULL;
    state->done = false;
    if (watermark->last)
        watermark->last->next = state;
    else
        watermark->first = state;
    watermark->last = state;
}

struct run_state *watermark_advance(struct watermark *watermark)
{
    struct run_state *first = watermark->first, *last = NULL;
    for (struct run_state *state = first; state && state->done; state = state->next)
        last = state;
    if (!last)
        return NULL;
    watermark->first = last->next;
    if (!watermark->first)
        watermark->last = NULL;
    last->next = NULL;
    return first;
}
