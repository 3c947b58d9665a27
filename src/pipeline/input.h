/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_INPUT_H
#define WEIR_PIPELINE_INPUT_H

#include "buffer/ring.h"
#include "buffer/stream.h"
#include "pipeline/host.h"
#include "pipeline/stream_table.h"
#include "pipeline/worker.h"

/* An input and its thread: it gets admission for what the plugin reads, hands the batches to the filter
 * stage, and takes them back when they are answered. See input.c. */
#define INPUT_LOST_MAX 8

/* What was lost before it could be read, for one reason. */
struct input_lost {
    const char *reason; /* a constant */
    _Atomic uint64_t records, bytes;
    struct metric *records_metric, *bytes_metric;
};

enum input_end { INPUT_RUNNING, INPUT_ENDED, INPUT_FAILED };

struct input {
    struct weir_host host; /* first: plugins know their input by it */
    struct worker worker;
    struct loop_timer *again, *trim;
    bool replayable, begun;
    atomic_bool started; /* the plugin's start has returned */

    /* Batches, answered; and those whose frames are safe, linked by next_safe, under the lock. */
    struct ring returns;
    pthread_mutex_t safe_lock;
    struct batch *safe;
    uint64_t under_way; /* batches */

    struct run_states states; /* for reuse */

    struct weir_stream *streams;
    struct stream_table stream_table;
    struct weir_stream_state *stored; /* from earlier runs, while the plugin starts */
    size_t stored_count;
    struct weir_stream *moved; /* those of which runs have been answered */

    /* Backpressure. `blocked`, in line for memory, is set and cleared by the input's thread and read by
     * any. */
    atomic_bool blocked;
    atomic_bool
        rescuing; /* its source is about to vanish: it does not wait while the disk tier has room */
    struct input *next_waiting;    /* in the line; under its lock */
    size_t wanted;                 /* bytes it was refused last; 0: none */
    unsigned in_hand;              /* blocks that the plugin has */
    _Atomic int64_t blocked_since; /* clock_monotonic(); 0: not blocked */
    _Atomic int64_t blocked_ns;    /* before that */

    /* The agent's wishes, and what became of them. */
    atomic_bool stop_asked, stopped;
    _Atomic int end; /* enum input_end */

    struct input_lost lost[INPUT_LOST_MAX];
    atomic_uint lost_count;
    struct metric *records, *bytes, *backpressure, *lag, *waiting;
};

int input_new(struct pipeline *pipeline, const struct config_plugin *config, struct input **ret,
              struct weir_error *err);
struct input *input_free(struct input *input); /* closes the plugin; NULL is fine; returns NULL */
int input_start(struct input *input);
/* Asks the plugin to stop reading; env->changed() follows. @thread main. */
void input_stop(struct input *input);

/* Gives an answered batch back to the input it came from. @thread any. */
void input_return(struct batch *batch);
/* A frame of the batch is safe: the input's positions may move past it, though it has not been answered. Once,
 * before input_return(). @thread any. */
void input_pass(struct batch *batch);
/* Moves positions past batches from input_pass(). @thread the input's, or main when that has ended. */
void input_take_passed(struct input *input);

/* It has begun, or ceased, to wait for memory. For admission.c. @thread the input's. */
void input_blocked(struct input *input, bool blocked);

/* Time spent waiting for memory, until now, in nanoseconds. @thread any. */
int64_t input_backpressure(const struct input *input);

#endif
