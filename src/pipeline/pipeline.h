/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_PIPELINE_H
#define WEIR_PIPELINE_PIPELINE_H

#include "base/arena.h"
#include "buffer/log.h"
#include "pipeline/admission.h"
#include "pipeline/block_pool.h"
#include "pipeline/filter_stage.h"
#include "pipeline/host.h"
#include "pipeline/ledger.h"

struct dead_letters;
struct input;
struct output;
struct replay;

/* One pipeline, assembled: inputs, the filter stage, the log, outputs, and the memory that they share.
 *
 *     input ─┐                                    ┌─▶ output
 *     input ─┴▶ ring ─▶ filter stage ─▶ log ──────┴─▶ output        batches, as pointers
 *       ▲                                               │
 *       └───────────────── returns ◀────────────────────┘          the same batches, answered
 *
 * Each box but the log is a thread of its own (without filters the stage's work is done on the input's).
 * A batch is owned by one of them at a time, but for the log, where outputs share it, reading only. */
struct pipeline {
    const struct pipeline_env *env;
    const struct config_pipeline *config;
    const char *name;
    struct budget budget; /* buffer.memory: every block and arena under way */
    /* With a disk tier, a part of it that is for batches read back from there. */
    struct budget thaw_budget;
    struct chunk_pool *thaw_chunks;
    struct block_pool thaw_blocks;
    size_t window; /* replayable inputs read no further ahead than that */
    size_t growth; /* of the budget, what inputs leave to filters */
    struct admission admission;
    struct block_pool blocks;
    struct chunk_pool *chunks;
    struct log *log;
    struct tier *tier; /* NULL: no disk tier */
    struct ledger ledger;
    struct dead_letters *dead_letters;
    struct replay *replay;
    struct filter_stage stage;
    struct input **inputs;
    struct output **outputs;
    size_t input_count, output_count;
    bool draining;
};

/* Builds it from its configuration and opens the plugins: nothing runs yet. 0, or a negative errno with
 * *err set. @thread main, as for all functions here. */
int pipeline_new(const struct pipeline_env *env, const struct config_pipeline *config,
                 struct pipeline **ret, struct weir_error *err);
/* Closes the plugins and frees everything, answered or not. Its threads must have ended. NULL is fine. */
struct pipeline *pipeline_free(struct pipeline *pipeline);

int pipeline_start(struct pipeline *pipeline, struct weir_error *err);

/* Tells the inputs to stop reading; a replay is cancelled. */
void pipeline_stop_inputs(struct pipeline *pipeline);
/* True when every input has stopped, and no replay brings anything more. */
bool pipeline_inputs_stopped(const struct pipeline *pipeline);
/* True when no input will ever emit again: each has ended or failed (`run --once`), and no replay runs. */
bool pipeline_ended(const struct pipeline *pipeline);
/* True when everything that was read has been answered. */
bool pipeline_is_empty(struct pipeline *pipeline);
/* Tells the outputs when the stop's deadline is; the first call counts. */
void pipeline_drain(struct pipeline *pipeline, weir_ms deadline);
/* Ends the threads; what is not answered stays so. False when one of them is still busy at `deadline`
 * (clock_monotonic()): then nothing of the pipeline may be freed. */
bool pipeline_join(struct pipeline *pipeline, int64_t deadline);

void pipeline_reopen(struct pipeline *pipeline); /* USR1 */

/* A batch has left the log: back to its input with it, or, when it has none, its fates are counted and it is
 * freed. @thread any. */
void pipeline_give_back(struct pipeline *pipeline, struct batch *batch);
/* Frees a batch, answered or not, and gives its memory back to the budget. @thread any. */
void pipeline_free_batch(struct pipeline *pipeline, struct batch *batch);

/* Signs of life: wakes each thread, and true when each has come round since the last call. One that has not
 * is named in a message. */
bool pipeline_beat(struct pipeline *pipeline);

#endif
