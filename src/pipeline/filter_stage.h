/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_FILTER_STAGE_H
#define WEIR_PIPELINE_FILTER_STAGE_H

#include "buffer/ring.h"
#include "pipeline/host.h"
#include "pipeline/worker.h"

struct condition;

/* Where a pipeline's records are edited, dropped and routed: see filter_stage.c. */
struct filter {
    struct weir_host host;
    struct metric *records, *filtered;
};

struct filter_stage {
    struct pipeline *pipeline;
    struct worker worker;
    struct ring ring;
    struct batch *pending; /* out of the ring, linked by next; the stage's thread only */
    bool direct;           /* its work is done on the thread that brings the batch */
    /* Batches that went through and are not yet back; and whether the next waits for memory of theirs. */
    _Atomic unsigned beyond;
    atomic_bool waiting;
    struct filter *filters;
    unsigned count;
    struct metric *unrouted, *skew;
    uint64_t always; /* a bit for each output without a condition */
};

/* The stage of a pipeline whose config, log and ledger are set. 0, or a negative errno with *err set. */
int filter_stage_init(struct filter_stage *stage, struct pipeline *pipeline,
                      struct weir_error *err);
/* Takes out what no filter has seen, linked by `next`. Safe on a zeroed stage. @thread main, when nothing
 * else runs. */
struct batch *filter_stage_abandon(struct filter_stage *stage);
void filter_stage_deinit(struct filter_stage *stage); /* it is empty; safe on a zeroed one */
int filter_stage_start(struct filter_stage *stage);

/* Takes a batch over. @thread any input's. */
void filter_stage_put(struct filter_stage *stage, struct batch *batch);
/* A batch is back, its memory given back; admission_wake() follows. @thread any input's. */
void filter_stage_back(struct filter_stage *stage);

#endif
