/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_BLOCK_H
#define WEIR_PIPELINE_BLOCK_H

#include <weir/host.h>

struct batch;
struct input;
struct pipeline;

/* Gives a batch's memory back: its arena, its block and what they were charged. Does not wake those who
 * wait for it: see admission_wake(). @thread any. */
void block_recycle(struct pipeline *pipeline, struct batch *batch);

/* The batch that a filled block becomes: itself, or, when it is mostly empty, a copy made to measure (the
 * block has then been given back). @thread the input's. */
struct batch *block_seal(struct input *input, struct weir_block *block);

#endif
