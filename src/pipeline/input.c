/* SPDX-License-Identifier: Apache-2.0 */
/* An input's thread: out with batches, back with answers.
 *
 *     plugin: weir_block_new ─▶ read ─▶ weir_block_lines ─▶ weir_emit
 *                                                             │ one run_state a run joins its stream's
 *     positions ◀─ watermark ◀─ runs done ◀─ returns ◀─ ... ◀─┘ watermark, in order
 *
 * Everything that must be in step with the source happens here and on this thread: which runs have left,
 * which have come back, how far the stream is done, and what is stored. An answered batch is a pointer in
 * the ring of returns; the thread takes them all at once, counts their fates into the ledger, marks their
 * runs, gives their memory back, and then moves each watermark once, however many batches it was.
 *
 * Plugin callbacks run in between, so a plugin needs no locks. */
#include "pipeline/input.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/logical_clock.h"
#include "pipeline/block.h"
#include "pipeline/pipeline.h"
#include "pipeline/streams.h"
#include "pipeline/tier.h"

/* Quiet for so long: spare memory is given back. */
#define TRIM_MS 2000

static struct input *input_of(struct weir_host *host)
{
    assert(host->kind == WEIR_INPUT);
    return (struct input *)(void *)host;
}

static void input_changed(struct input *input)
{
    input->host.env->changed(input->host.env->arg);
}

void weir_input_fail(struct weir_host *host, struct weir_str why)
{
    struct input *input = input_of(host);
    int running = INPUT_RUNNING;
    if (!atomic_compare_exchange_strong(&input->end, &running, INPUT_FAILED))
        return;
    weir_error(host, "the input has failed and reads nothing more", weir_kv_text("error", why));
    admission_leave(input);
    input_changed(input);
}

/* ---- out --------------------------------------------------------------------------------------------- */

/* A state for each run, at the end of its stream's list. */
static bool runs_register(struct input *input, struct batch *batch)
{
    for (uint32_t i = 0; i < batch->pub.run_count; i++) {
        batch->states[i] = run_state_take(&input->states);
        if (!batch->states[i]) {
            while (i-- > 0) {
                batch->states[i]->next = NULL;
                run_states_give(&input->states, batch->states[i]);
            }
            return false;
        }
    }
    for (uint32_t i = 0; i < batch->pub.run_count; i++) {
        struct weir_run *run = (struct weir_run *)&batch->pub.runs[i];
        run->clock = logical_clock_take(input->host.env->clock, run->observed, run->count);
        struct run_state *state = batch->states[i];
        state->stream = run->stream;
        state->to = run->to;
        state->check = run->check;
        watermark_add(&run->stream->watermark, state);
    }
    return true;
}

void weir_emit(struct weir_host *host, struct weir_block *block)
{
    struct input *input = input_of(host);
    struct pipeline *pipeline = host->pipeline;
    if (weir_block_is_empty(block)) {
        block_recycle(pipeline, (struct batch *)(void *)block);
        admission_emitted(input, false);
        admission_wake(pipeline, NULL);
        return;
    }
    admission_emitted(input, true);
    struct batch *batch = block_seal(input, block);
    if (batch->compact) /* the block, or most of what it was charged, has been given back */
        admission_wake(pipeline, NULL);
    while (!runs_register(input, batch)) {
        /* What was read must not be lost, and a state is 40 bytes: wait for them. */
        struct timespec pause = { .tv_nsec = 10000000 };
        nanosleep(&pause, NULL);
    }
    batch->vanishing = atomic_load(&input->rescuing);
    input->under_way++;
    metric_add(input->records, batch->pub.count);
    metric_add(input->bytes, (int64_t)batch->bytes);
    ledger_read(&pipeline->ledger, batch->pub.count);
    filter_stage_put(&pipeline->stage, batch);
}

/* ---- and back ------------------------------------------------------------------------------------------ */

void input_return(struct batch *batch)
{
    struct input *input = batch->input;
    if (ring_put(&input->returns, batch))
        worker_wake(&input->worker);
}

void input_pass(struct batch *batch)
{
    struct input *input = batch->input;
    pthread_mutex_lock(&input->safe_lock);
    const bool first = !input->safe;
    batch->next_safe = input->safe;
    input->safe = batch;
    pthread_mutex_unlock(&input->safe_lock);
    if (first)
        worker_wake(&input->worker);
}

static void batch_runs_done(struct batch *batch)
{
    for (uint32_t i = 0; i < batch->pub.run_count && !batch->passed; i++) {
        batch->states[i]->done = true;
        stream_moved(batch->states[i]->stream);
    }
    batch->passed = true;
}

void input_take_passed(struct input *input)
{
    pthread_mutex_lock(&input->safe_lock);
    struct batch *batch = input->safe;
    input->safe = NULL;
    pthread_mutex_unlock(&input->safe_lock);
    for (; batch; batch = batch->next_safe)
        batch_runs_done(batch);
    streams_commit(input);
}

static void batch_count_fates(const struct input *input, const struct batch *batch)
{
    struct ledger *ledger = &input->host.pipeline->ledger;
    struct ledger_fates fates;
    ledger_fates_of(batch, ledger->filter_count, &fates);
    ledger_settle(ledger, &fates);
}

static void batch_back(struct input *input, struct batch *batch)
{
    batch_count_fates(input, batch);
    batch_runs_done(batch);
    block_recycle(input->host.pipeline, batch);
    filter_stage_back(&input->host.pipeline->stage);
    admission_returned(input);
    input->under_way--;
}

static void input_take_returns(struct input *input)
{
    struct batch *batch = ring_take_all(&input->returns);
    input_take_passed(
        input); /* every batch of the list that was passed is in there, or was before */
    if (!batch)
        return;
    for (struct batch *next; batch; batch = next) {
        next = batch->next;
        batch_back(input, batch);
    }
    streams_commit(input);
    if (input->under_way == 0) {
        loop_timer_set(input->trim, TRIM_MS);
        input_changed(input);
    }
    admission_wake(input->host.pipeline, input);
}

/* ---- backpressure --------------------------------------------------------------------------------------- */

void input_blocked(struct input *input, bool blocked)
{
    const int64_t now = clock_monotonic();
    if (!blocked)
        atomic_fetch_add(&input->blocked_ns, now - atomic_load(&input->blocked_since));
    atomic_store(&input->blocked_since, blocked ? now : 0);
    atomic_store(&input->blocked, blocked);
}

int64_t input_backpressure(const struct input *input)
{
    int64_t since = atomic_load(&input->blocked_since);
    return atomic_load(&input->blocked_ns) + (since ? clock_monotonic() - since : 0);
}

static bool input_is_reading(const struct input *input)
{
    return !atomic_load(&input->stopped) && atomic_load(&input->end) == INPUT_RUNNING;
}

static void input_resume(struct input *input)
{
    if (!atomic_load(&input->blocked) || !admission_is_open(input))
        return;
    input->wanted = 0;
    if (input_is_reading(input) && input->host.config->plugin->input.resume)
        input->host.config->plugin->input.resume(input->host.config->state);
    /* Unless it asked for a block and was refused, or will ask in its work, it wants nothing more. */
    if (!input->wanted && !loop_timer_is_set(input->again))
        admission_leave(input);
}

static void input_trim(void *arg)
{
    struct input *input = arg;
    input_resume(input);
    if (input->under_way > 0)
        return;
    run_states_trim(&input->states);
    block_pool_trim(&input->host.pipeline->blocks);
    chunk_pool_trim(input->host.pipeline->chunks);
}

/* ---- the thread ------------------------------------------------------------------------------------------- */

static void input_do_stop(struct input *input)
{
    if (atomic_load(&input->end) == INPUT_RUNNING && input->host.config->plugin->input.stop)
        input->host.config->plugin->input.stop(input->host.config->state);
    loop_timer_cancel(input->again);
    atomic_store(&input->stopped, true);
    admission_leave(input);
    input_changed(input);
}

static void input_woken(void *arg)
{
    struct input *input = arg;
    input_take_returns(input);
    if (atomic_load(&input->stop_asked) && !atomic_load(&input->stopped))
        input_do_stop(input);
    input_resume(input);
}

/* The first thing on the thread: the plugin's start. */
static void input_begin(struct input *input)
{
    input->begun = true;
    int r = input->host.config->plugin->input.start(input->host.config->state);
    if (r < 0)
        weir_input_fail(&input->host, weir_str_of(strerror(-r)));
    atomic_store(&input->started, true);
}

static void input_work(void *arg)
{
    struct input *input = arg;
    if (!input->begun) {
        input_begin(input);
        return;
    }
    if (input_is_reading(input))
        input->host.config->plugin->input.work(input->host.config->state);
    if (!input->wanted)
        admission_leave(input);
}

void weir_input_again(struct weir_host *host)
{
    struct input *input = input_of(host);
    if (input_is_reading(input))
        loop_timer_set(input->again, 0);
}

void weir_input_end(struct weir_host *host)
{
    struct input *input = input_of(host);
    int running = INPUT_RUNNING;
    admission_leave(input);
    if (atomic_compare_exchange_strong(&input->end, &running, INPUT_ENDED))
        input_changed(input);
}

static struct input_lost *input_lost_for(struct input *input, const char *reason)
{
    struct weir_host *host = &input->host;
    const unsigned count = atomic_load(&input->lost_count);
    for (unsigned i = 0; i < count; i++)
        if (strcmp(input->lost[i].reason, reason) == 0)
            return &input->lost[i];
    if (count == INPUT_LOST_MAX)
        return &input->lost[INPUT_LOST_MAX - 1];
    const struct metric_label labels[] = { host->labels[0], host->labels[1], { "reason", reason } };
    struct input_lost *lost = &input->lost[count];
    lost->reason = reason;
    lost->records_metric = metrics_series(host->env->metrics, "weir_input_lost_records_total",
                                          "Records known to be lost before they could be read.",
                                          METRIC_COUNTER, 1, labels, 3);
    lost->bytes_metric =
        metrics_series(host->env->metrics, "weir_input_lost_bytes_total",
                       "Bytes lost before they could be read.", METRIC_COUNTER, 1, labels, 3);
    atomic_store(&input->lost_count, count + 1);
    return lost;
}

void weir_input_lost(struct weir_host *host, const char *reason, uint64_t records, uint64_t bytes)
{
    struct input_lost *lost = input_lost_for(input_of(host), reason);
    atomic_fetch_add(&lost->records, records);
    atomic_fetch_add(&lost->bytes, bytes);
    metric_add(lost->records_metric, (int64_t)records);
    metric_add(lost->bytes_metric, (int64_t)bytes);
}

void weir_input_rescue(struct weir_host *host, bool on)
{
    struct input *input = input_of(host);
    atomic_store(&input->rescuing, on);
    if (on && atomic_load(&input->blocked))
        tier_look(host->pipeline->tier);
}

void weir_input_lag(struct weir_host *host, uint64_t bytes)
{
    metric_set(input_of(host)->lag, (int64_t)bytes);
}

static void input_metrics(struct input *input)
{
    struct weir_host *host = &input->host;
    input->records =
        host_metric(host, "weir_input_records_total", "Records read.", METRIC_COUNTER, 1);
    input->bytes = host_metric(host, "weir_input_bytes_total", "Bytes of the records read.",
                               METRIC_COUNTER, 1);
    input->backpressure = host_metric(host, "weir_backpressure_seconds_total",
                                      "Time that the input waited because the pipeline was full.",
                                      METRIC_COUNTER, 1e9);
    input->lag = host_metric(host, "weir_input_lag_bytes", "Bytes known to wait in the source.",
                             METRIC_GAUGE, 1);
    input->waiting = host_metric(host, "weir_input_waiting_sources",
                                 "Files and other sources that wait for memory.", METRIC_GAUGE, 1);
}

int input_new(struct pipeline *pipeline, const struct config_plugin *config, struct input **ret,
              struct weir_error *err)
{
    struct input *input = calloc(1, sizeof(*input));
    if (!input)
        return weir_error_set(err, -ENOMEM, "out of memory");
    *ret = input; /* the pipeline frees it whatever happens below */
    host_init(&input->host, WEIR_INPUT, pipeline, config);
    ring_init(&input->returns);
    pthread_mutex_init(&input->safe_lock, NULL);
    input->replayable = config->plugin->input.flags & WEIR_REPLAYABLE;
    int r = worker_init(&input->worker, input_woken, input);
    if (r < 0)
        return weir_error_set(err, r, "%s: cannot make an event loop: %s", input->host.who,
                              strerror(-r));
    input->host.loop = input->worker.loop;
    input->again = loop_timer_new(input->worker.loop, input_work, input);
    input->trim = loop_timer_new(input->worker.loop, input_trim, input);
    if (!input->again || !input->trim)
        return weir_error_set(err, -ENOMEM, "out of memory");
    input_metrics(input);
    return host_open(&input->host, err);
}

struct input *input_free(struct input *input)
{
    if (!input)
        return NULL;
    host_close(&input->host);
    for (struct batch *batch = ring_take_all(&input->returns), *next; batch; batch = next) {
        next = batch->next;
        batch_back(input, batch);
    }
    streams_commit(input);
    streams_free(input);
    streams_stored_free(input);
    run_states_trim(&input->states);
    if (input->worker.loop) {
        loop_timer_free(input->again);
        loop_timer_free(input->trim);
    }
    worker_deinit(&input->worker);
    ring_deinit(&input->returns);
    pthread_mutex_destroy(&input->safe_lock);
    free(input);
    return NULL;
}

int input_start(struct input *input)
{
    char name[16];
    loop_timer_set(input->again, 0);
    snprintf(name, sizeof(name), "in:%s", input->host.config->id);
    return worker_start(&input->worker, name);
}

void input_stop(struct input *input)
{
    atomic_store(&input->stop_asked, true);
    worker_wake(&input->worker);
}
