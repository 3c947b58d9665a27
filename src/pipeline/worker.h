/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_WORKER_H
#define WEIR_PIPELINE_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/loop.h"

/* A thread with an event loop: one for each input, each output and each filter stage. Its loop exists
 * from worker_init() on, so that a plugin can make timers and watches in `open`, before the thread runs;
 * main owns it until worker_start() and again after worker_join(). */
struct worker {
    struct loop *loop;
    pthread_t thread;
    char name[16];           /* the thread's */
    bool started;            /* main's */
    _Atomic(pthread_t) self; /* the thread's own; 0 before it runs */
    atomic_bool stop;
    atomic_uint beats; /* rounds of on_wake: a sign of life */
    loop_call_f *on_wake;
    void *arg;
};

/* `on_wake(arg)` runs on the worker's thread after worker_wake(). 0 or -errno. */
int worker_init(struct worker *worker, loop_call_f *on_wake, void *arg);
/* The thread must have ended or never run. Safe on a zeroed worker. */
void worker_deinit(struct worker *worker);

/* Runs the loop on a thread of its own; `name` is cut to 15 bytes. 0 or -errno. */
int worker_start(struct worker *worker, const char *name);
void worker_wake(struct worker *worker);          /* @thread any */
bool worker_is_self(const struct worker *worker); /* @thread any */

/* Asks the loop to end when it comes round. @thread main. */
void worker_stop(struct worker *worker);
/* Waits for the thread until `deadline` (clock_monotonic()). False when it is still busy then. */
bool worker_join(struct worker *worker, int64_t deadline);

#endif
