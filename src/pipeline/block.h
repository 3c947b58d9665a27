/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_BLOCK_H
#define WEIR_PIPELINE_BLOCK_H

#include "pipeline/input.h"

/* Gives a batch's memory back: its arena, its block and what they were charged. @thread the input's. */
void block_recycle(struct input *input, struct batch *batch);

/* The batch that a filled block becomes: itself, or, when it is mostly empty, a copy made to measure; the
 * block is then ready for use again. NULL when memory is short: then the block is as it was. */
struct batch *block_seal(struct input *input, struct weir_block *block);

/* Frees what is kept for reuse. */
void block_trim(struct input *input);

/* A run state; NULL when memory is short. */
struct run_state *run_state_take(struct input *input);
/* Takes back a list of them. */
void run_states_give(struct input *input, struct run_state *first);

/* Whether weir_block_new() would find memory now. */
bool block_admits(const struct input *input);

#endif
