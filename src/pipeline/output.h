/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_OUTPUT_H
#define WEIR_PIPELINE_OUTPUT_H

#include "buffer/log.h"
#include "pipeline/delivery.h"
#include "pipeline/host.h"
#include "pipeline/worker.h"

#define OUTPUT_REASON_MAX 200

enum output_state { OUTPUT_OK, OUTPUT_RETRYING, OUTPUT_PAUSED };

/* An output and its thread: a cursor into the log, deliveries under way, and what to do when they fail.
 * See output.c. */
struct output {
    struct weir_host host; /* first: plugins know their output by it */
    unsigned index;        /* its bit in batch->routed, and its reader in the log */
    struct worker worker;

    /* The output's thread only. */
    struct weir_delivery *deliveries; /* `parallel` of them */
    unsigned parallel, under_way;
    struct weir_delivery *again;    /* to be delivered again, oldest first */
    struct weir_delivery *unparked; /* answered; what was rejected of them is to be parked */
    bool trying_again;              /* one of them is under way */
    int64_t again_at;               /* clock_monotonic(), not before */
    unsigned failures;              /* tries in a row that delivered nothing */
    struct loop_timer *timer;
    bool pumping;
    bool read_again;     /* reading the log has failed, and will be tried again */
    uint64_t next_order; /* of deliveries, as their batches were read */
    uint64_t random;

    /* Under `lock`: settlements come from any thread, and the status is read from main's. */
    pthread_mutex_t lock;
    struct weir_delivery *settled, **settled_last; /* answered in full, to be looked at */
    enum output_state state;
    char reason[OUTPUT_REASON_MAX];
    int64_t paused_until;   /* clock_monotonic() */
    int64_t troubled_since; /* the same; 0: all is well */

    _Atomic int64_t progress;  /* clock_monotonic() of the last answer that was no retry */
    _Atomic int64_t paused_at; /* the same of the last weir_pause(); 0: there was none */
    _Atomic int64_t drain_ms;  /* asked for by main; -1: not */
    atomic_bool reopen_asked;

    struct metric *records, *bytes, *retries, *rejected;
    struct histogram *latency;
};

int output_new(struct pipeline *pipeline, unsigned index, const struct config_plugin *config,
               struct output **ret, struct weir_error *err);
/* Closes the plugin: from here on nobody reads a batch for it. The thread has ended or never ran. NULL is
 * fine. @thread main. */
void output_close(struct output *output);
struct output *output_free(struct output *output); /* it is closed; NULL is fine; returns NULL */
int output_start(struct output *output);

/* Lets the plugin know when the agent will stop, in milliseconds from now. @thread main. */
void output_drain(struct output *output, weir_ms deadline);
void output_reopen(struct output *output); /* @thread main */

/* The state and its reason ("" when all is well). @thread any. */
enum output_state output_status(struct output *output, char reason[OUTPUT_REASON_MAX]);

/* For delivery.c. */
void output_delivery_settled(struct output *output, struct weir_delivery *delivery);
void output_set_reason(struct output *output, struct weir_str why); /* under the lock */

#endif
