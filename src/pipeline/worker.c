/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/worker.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/thread.h"

#define JOIN_LOOK_NS 200000

static void worker_woken(void *arg)
{
    struct worker *worker = arg;
    atomic_fetch_add_explicit(&worker->beats, 1, memory_order_relaxed);
    if (atomic_load(&worker->stop))
        loop_stop(worker->loop);
    else if (worker->on_wake)
        worker->on_wake(worker->arg);
}

int worker_init(struct worker *worker, loop_call_f *on_wake, void *arg)
{
    *worker = (struct worker){ .on_wake = on_wake, .arg = arg };
    worker->loop = loop_new();
    if (!worker->loop)
        return errno ? -errno : -ENOMEM;
    loop_on_wake(worker->loop, worker_woken, worker);
    return 0;
}

void worker_deinit(struct worker *worker)
{
    worker->loop = loop_free(worker->loop);
}

static void worker_run(void *arg)
{
    struct worker *worker = arg;
    atomic_store(&worker->self, pthread_self());
    loop_run(worker->loop);
}

int worker_start(struct worker *worker, const char *name)
{
    snprintf(worker->name, sizeof(worker->name), "%s", name);
    atomic_store(&worker->beats, 1); /* to be started is a sign of life */
    int r = thread_start(&worker->thread, worker->name, worker_run, worker);
    worker->started = r == 0;
    return r;
}

void worker_wake(struct worker *worker)
{
    loop_wake(worker->loop);
}

bool worker_is_self(const struct worker *worker)
{
    return atomic_load(&worker->self) == pthread_self();
}

void worker_stop(struct worker *worker)
{
    atomic_store(&worker->stop, true);
    if (worker->loop)
        loop_wake(worker->loop);
}

bool worker_join(struct worker *worker, int64_t deadline)
{
    if (!worker->started)
        return true;
    /* A thread that was told to stop does so within microseconds, or hangs. */
    while (pthread_tryjoin_np(worker->thread, NULL) != 0) {
        const struct timespec pause = { .tv_nsec = JOIN_LOOK_NS };
        if (clock_monotonic() >= deadline)
            return false;
        nanosleep(&pause, NULL);
    }
    worker->started = false;
    return true;
}
