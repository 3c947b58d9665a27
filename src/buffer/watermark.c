/* SPDX-License-Identifier: Apache-2.0 */
/* A list in the order of emission: adding is O(1), and each state is walked over once when it leaves.
 * A heap or a tree of ranges would also take runs that were not added in order, but a stream's positions
 * only grow (a truncation begins a new stream). */
#include "buffer/watermark.h"

#include <assert.h>
#include <stdlib.h>

/* More are under way only when single lines wait for a slow output. */
#define SPARE_MAX 1024

struct run_state *run_state_take(struct run_states *states)
{
    struct run_state *state = states->first;
    if (!state)
        return malloc(sizeof(*state));
    states->first = state->next;
    states->count--;
    return state;
}

void run_states_give(struct run_states *states, struct run_state *first)
{
    for (struct run_state *next; first; first = next) {
        next = first->next;
        if (states->count == SPARE_MAX) {
            free(first);
            continue;
        }
        first->next = states->first;
        states->first = first;
        states->count++;
    }
}

void run_states_trim(struct run_states *states)
{
    while (states->first)
        free(run_state_take(states));
}

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
