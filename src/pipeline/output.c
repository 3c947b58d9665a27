/* SPDX-License-Identifier: Apache-2.0 */
/* An output's thread: reads the log at its own cursor, keeps deliveries under way, and takes their answers.
 *
 *     log ─▶ delivery ─▶ plugin ─▶ settled ─┬▶ all answered: the batch goes back to its input
 *                ▲                          └▶ some to be tried again: waits, oldest first
 *                └──────── after a pause ────┘
 *
 * A plugin never retries, sleeps or backs off: it answers WEIR_RETRY, and everything else is here, the same
 * for each sink. What is tried again goes one at a time, oldest first, and nothing newer is begun until it
 * has been answered: so a sink that fails and comes back sees each stream in order, and one that is down sees one
 * delivery at a time. (With several under way when the first fails, those that were begun before may still
 * arrive: an output that must not have that says `parallel` 1.) Tries do not end: what a sink does not take
 * today it may take tomorrow, and its source waits.
 *
 * One kind of plugin tries again by itself: one with several requests under way of which each concerns other
 * streams, so that one that fails should hold up no other. It tells of that by weir_retried().
 *
 * What the sink will never take is parked in the dead letters before its delivery counts as settled
 * (dead_letters.c). While they cannot be written nothing new is begun.
 *
 * "pump" is the one place where things move. It runs when the log has something new, when an answer comes
 * from another thread, and when a pause is over; answers that the plugin gives inside of `deliver` are
 * found by the pump that called it. */
#include "pipeline/output.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "pipeline/dead_letters.h"
#include "pipeline/input.h"
#include "pipeline/pipeline.h"
#include "pipeline/rejections.h"
#include "pipeline/retry.h"
#include "pipeline/tier.h"

/* When the dead letters could not be written. */
#define PARK_AGAIN_MS 1000

/* Begun in one go, before the loop looks at its other events. */
#define PUMP_DELIVERIES 32
/* The disk tier could not be read, or memory is short. */
#define READ_AGAIN_MS 1000
/* Trouble that was shorter is over before anyone has read of it. */
#define TROUBLE_TOLD_NS INT64_C(1000000000)

static struct output *output_of(struct weir_host *host)
{
    assert(host->kind == WEIR_OUTPUT);
    return (struct output *)(void *)host;
}

/* ---- what others ask and tell ------------------------------------------------------------------------ */

void output_set_reason(struct output *output, struct weir_str why)
{
    size_t len = why.len < OUTPUT_REASON_MAX ? why.len : utf8_cut(why.ptr, OUTPUT_REASON_MAX - 1);
    if (len)
        memcpy(output->reason, why.ptr, len);
    output->reason[len] = '\0';
}

/* Under the lock. */
static void output_in_trouble(struct output *output, enum output_state state)
{
    output->state = state;
    if (!output->troubled_since)
        output->troubled_since = clock_monotonic();
}

static void output_retrying(struct output *output)
{
    pthread_mutex_lock(&output->lock);
    if (!output->paused_until)
        output_in_trouble(output, OUTPUT_RETRYING);
    pthread_mutex_unlock(&output->lock);
}

/* Something was delivered, and nothing is to be tried again; a pause shows in the status until it is over.
 * Who has read that there was trouble is told that it is over. */
static void output_all_is_well(struct output *output)
{
    int64_t trouble = 0;
    pthread_mutex_lock(&output->lock);
    if (!output->paused_until) {
        output->state = OUTPUT_OK;
        output->reason[0] = '\0';
        if (output->troubled_since)
            trouble = clock_monotonic() - output->troubled_since;
        output->troubled_since = 0;
    }
    pthread_mutex_unlock(&output->lock);
    if (trouble >= TROUBLE_TOLD_NS)
        weir_info(&output->host, "delivers again", weir_kv_int("after_ms", trouble / 1000000));
}

enum output_state output_status(struct output *output, char reason[OUTPUT_REASON_MAX])
{
    pthread_mutex_lock(&output->lock);
    enum output_state state = output->state;
    memcpy(reason, output->reason, OUTPUT_REASON_MAX);
    pthread_mutex_unlock(&output->lock);
    return state;
}

void output_delivery_settled(struct output *output, struct weir_delivery *delivery)
{
    delivery->next = NULL;
    pthread_mutex_lock(&output->lock);
    *output->settled_last = delivery;
    output->settled_last = &delivery->next;
    pthread_mutex_unlock(&output->lock);
    if (!worker_is_self(&output->worker) || !output->pumping)
        worker_wake(&output->worker);
}

void weir_pause(struct weir_host *host, weir_ms at_least, struct weir_str why)
{
    struct output *output = output_of(host);
    pthread_mutex_lock(&output->lock);
    int64_t until = clock_monotonic() + at_least * 1000000;
    if (until > output->paused_until)
        output->paused_until = until;
    output_in_trouble(output, OUTPUT_PAUSED);
    output_set_reason(output, why);
    atomic_store(&output->paused_at, clock_monotonic());
    pthread_mutex_unlock(&output->lock);
    worker_wake(&output->worker);
}

void weir_retried(struct weir_host *host, struct weir_str why)
{
    struct output *output = output_of(host);
    metric_add(output->retries, 1);
    pthread_mutex_lock(&output->lock);
    if (output->state != OUTPUT_PAUSED) {
        output_in_trouble(output, OUTPUT_RETRYING);
        output_set_reason(output, why);
    }
    pthread_mutex_unlock(&output->lock);
    weir_warn(host, "a request failed and will be tried again", weir_kv_text("why", why));
}

void weir_output_bytes(struct weir_host *host, uint64_t bytes)
{
    metric_add(output_of(host)->bytes, (int64_t)bytes);
}

/* ---- answers --------------------------------------------------------------------------------------------- */

static void output_observe(struct output *output, const struct weir_batch *batch)
{
    const int64_t now = clock_wall();
    for (uint32_t i = 0; i < batch->run_count; i++)
        histogram_observe(output->latency, now - batch->runs[i].observed, batch->runs[i].count);
}

/* In the list of what is tried again, by the log's order. */
static void output_keep_for_later(struct output *output, struct weir_delivery *delivery)
{
    struct weir_delivery **at = &output->again;
    while (*at && (*at)->order < delivery->order)
        at = &(*at)->next;
    delivery->next = *at;
    *at = delivery;
}

/* What fails while a pause is on was under way together with what began it: that is one failure. */
static void output_back_off(struct output *output)
{
    char reason[OUTPUT_REASON_MAX];
    if (output->failures && clock_monotonic() < output->again_at) {
        output_retrying(output);
        return;
    }
    output->random = output->random * 6364136223846793005u + 1442695040888963407u;
    weir_ms delay = retry_delay(++output->failures, output->random >> 33);
    output->again_at = clock_monotonic() + delay * 1000000;
    output_status(output, reason);
    output_retrying(output);
    weir_warn(&output->host, "delivery failed and will be tried again", weir_kv_str("why", reason),
              weir_kv_int("after_ms", delay), weir_kv_int("failures", output->failures));
}

/* What the sink said of the first of them. */
static struct weir_str words_of(const struct rejections *rejections, enum rejection_state state)
{
    const struct rejection *one = rejections_first_in(rejections, state);
    return (struct weir_str){ one->answer, one->answer_len };
}

/* The outcome of what was rejected: marks the batch, and counts. */
static void output_take_rejections(struct output *output, const struct weir_delivery *delivery,
                                   struct ledger_answers *answers)
{
    struct log *log = output->host.pipeline->log;
    const struct rejections *rejections = delivery->rejections;
    uint64_t *bits = calloc(bitmap_words(rejections->records), sizeof(bits[0]));
    assert(bits); /* some bytes a batch: without them an answer would be lost */
    answers->dead_lettered = rejections_bits_in(rejections, REJECTION_PARKED, bits);
    if (answers->dead_lettered)
        log_park(log, delivery->batch, bits);
    answers->dropped[LEDGER_REJECTED] = rejections_bits_in(rejections, REJECTION_DROPPED, bits);
    if (answers->dropped[LEDGER_REJECTED])
        log_reject(log, delivery->batch, bits);
    free(bits);
    metric_add(output->rejected, rejections_count(rejections));
    if (answers->dead_lettered)
        weir_warn(&output->host,
                  "the sink will never take some records: they are in the dead letters",
                  weir_kv_int("records", (int64_t)answers->dead_lettered),
                  weir_kv_text("why", words_of(rejections, REJECTION_PARKED)));
    if (answers->dropped[LEDGER_REJECTED])
        weir_warn(&output->host, "records dropped: the sink will never take them",
                  weir_kv_int("records", (int64_t)answers->dropped[LEDGER_REJECTED]),
                  weir_kv_text("why", words_of(rejections, REJECTION_DROPPED)));
}

/* False when what was rejected cannot be parked: the output holds, and tries again after a pause. */
static bool output_park(struct output *output, struct weir_delivery *delivery)
{
    struct dead_letters *letters = output->host.pipeline->dead_letters;
    struct dead_letters_status status;
    if (!rejections_first_in(delivery->rejections, REJECTION_NEW))
        return true;
    if (!dead_letters_wanted(letters)) {
        rejections_settle(delivery->rejections, REJECTION_DROPPED);
        return true;
    }
    int r = dead_letters_park(letters, output->index, delivery->batch, delivery->rejections,
                              delivery->begun);
    if (r == 0)
        return true;
    char why[2 * OUTPUT_REASON_MAX];
    dead_letters_status(letters, &status);
    snprintf(why, sizeof(why), "cannot write the dead letters: %s",
             status.reason[0] ? status.reason : strerror(-r));
    weir_error(
        &output->host,
        "cannot write the dead letters: the output holds until it can, and tries every second",
        weir_kv_str("error", status.reason[0] ? status.reason : strerror(-r)));
    weir_pause(&output->host, PARK_AGAIN_MS, weir_str_of(why));
    return false;
}

/* The delivery is over: all of it is delivered, parked or dropped. */
static void output_settle(struct output *output, struct weir_delivery *delivery)
{
    struct batch *batch = delivery->batch;
    struct ledger_answers answers = { .records = batch_records_for(batch, output->index) };
    if (delivery->rejections)
        output_take_rejections(output, delivery, &answers);
    answers.delivered = answers.records - answers.dead_lettered - answers.dropped[LEDGER_REJECTED];
    metric_add(output->records, (int64_t)answers.delivered);
    ledger_answer(&output->host.pipeline->ledger, output->index, &answers);
    output_observe(output, &batch->pub);
    if (!output->again && !output->unparked)
        output_all_is_well(output);
    delivery_end(delivery);
    if (log_settled(output->host.pipeline->log, output->index, batch))
        pipeline_give_back(output->host.pipeline, batch);
}

/* Parks what could not be parked before. */
static bool output_park_again(struct output *output)
{
    while (output->unparked) {
        struct weir_delivery *delivery = output->unparked;
        if (!output_park(output, delivery))
            return false;
        output->unparked = delivery->next;
        output_settle(output, delivery);
    }
    return true;
}

/* Everything in this try has been answered. */
static void output_take_answer(struct output *output, struct weir_delivery *delivery)
{
    uint32_t retry = delivery_retries(delivery);
    output->under_way--;
    if (delivery->tries > 1)
        output->trying_again = false;
    if (retry < delivery->records) {
        output->failures = 0;
        atomic_store(&output->progress, clock_monotonic());
    }
    if (delivery_again(delivery)) {
        metric_add(output->retries, 1);
        output_keep_for_later(output, delivery);
        output_back_off(output);
        return;
    }
    if (delivery->rejections && !output_park(output, delivery)) {
        delivery->next = output->unparked;
        output->unparked = delivery;
        return;
    }
    output_settle(output, delivery);
}

static void output_take_answers(struct output *output)
{
    for (;;) {
        pthread_mutex_lock(&output->lock);
        struct weir_delivery *delivery = output->settled;
        output->settled = NULL;
        output->settled_last = &output->settled;
        pthread_mutex_unlock(&output->lock);
        if (!delivery)
            return;
        for (struct weir_delivery *next; delivery; delivery = next) {
            next = delivery->next;
            output_take_answer(output, delivery);
        }
    }
}

/* ---- the pump ---------------------------------------------------------------------------------------------- */

/* When the plugin's pause ends; 0: there is none. One that is over is over for the status too. */
static int64_t output_paused_until(struct output *output)
{
    pthread_mutex_lock(&output->lock);
    if (output->paused_until && output->paused_until <= clock_monotonic()) {
        output->paused_until = 0;
        if (output->state == OUTPUT_PAUSED && !output->unparked)
            output->state = output->again ? OUTPUT_RETRYING : OUTPUT_OK;
        if (output->state == OUTPUT_OK)
            output->reason[0] = '\0';
    }
    int64_t until = output->paused_until;
    pthread_mutex_unlock(&output->lock);
    return until;
}

/* How long, in nanoseconds, nothing may be begun; 0: something may. */
static int64_t output_must_wait(struct output *output)
{
    int64_t until = output_paused_until(output);
    if (output->again && output->again_at > until)
        until = output->again_at;
    int64_t wait = until ? until - clock_monotonic() : 0;
    return wait > 0 ? wait : 0;
}

static struct weir_delivery *output_next(struct output *output)
{
    if (output->trying_again)
        return NULL;
    if (output->again) {
        struct weir_delivery *delivery = output->again;
        output->again = delivery->next;
        output->trying_again = true;
        return delivery;
    }
    if (output->under_way == output->parallel)
        return NULL;
    struct pipeline *pipeline = output->host.pipeline;
    struct batch *batch = log_read(pipeline->log, output->index);
    if (!batch) {
        output->read_again = log_read_error(pipeline->log, output->index) < 0;
        tier_look(pipeline->tier);
        return NULL;
    }
    struct weir_delivery *delivery = output->deliveries;
    while (delivery->batch)
        delivery++;
    delivery_begin(delivery, batch, batch->masks ? batch->masks[output->index] : NULL);
    delivery->order = output->next_order++;
    return delivery;
}

static void output_pump(void *arg)
{
    struct output *output = arg;
    const struct config_plugin *config = output->host.config;
    output->pumping = true;
    for (unsigned begun = 0;; begun++) {
        output_take_answers(output);
        if (begun == PUMP_DELIVERIES) { /* others on this loop want their turn */
            worker_wake(&output->worker);
            break;
        }
        int64_t wait = output_must_wait(output);
        if (wait) {
            loop_timer_set(output->timer, wait / 1000000 + 1);
            break;
        }
        if (!output_park_again(output))
            continue; /* and wait */
        struct weir_delivery *delivery = output_next(output);
        if (!delivery) {
            if (output->read_again)
                loop_timer_set(output->timer, READ_AGAIN_MS);
            break;
        }
        output->under_way++;
        config->plugin->output.deliver(config->state, delivery);
    }
    output->pumping = false;
}

static void output_woken(void *arg)
{
    struct output *output = arg;
    const struct config_plugin *config = output->host.config;
    int64_t drain = atomic_exchange(&output->drain_ms, -1);
    if (drain >= 0 && config->plugin->output.drain)
        config->plugin->output.drain(config->state, drain);
    if (atomic_exchange(&output->reopen_asked, false) && config->plugin->output.reopen)
        config->plugin->output.reopen(config->state);
    output_pump(output);
}

static void output_log_wake(void *arg)
{
    struct output *output = arg;
    worker_wake(&output->worker);
}

/* ---- making one ------------------------------------------------------------------------------------------------ */

static void output_metrics(struct output *output)
{
    struct weir_host *host = &output->host;
    output->records = host_metric(host, "weir_output_records_total",
                                  "Records that the sink has taken.", METRIC_COUNTER, 1);
    output->bytes = host_metric(host, "weir_output_bytes_total", "Bytes written to the sink.",
                                METRIC_COUNTER, 1);
    output->retries =
        host_metric(host, "weir_retries_total", "Deliveries tried again.", METRIC_COUNTER, 1);
    output->rejected = host_metric(host, "weir_rejected_records_total",
                                   "Records that the sink will never take.", METRIC_COUNTER, 1);
    output->latency =
        metrics_histogram(host->env->metrics, "weir_delivery_latency_seconds",
                          "From reading a record to the sink's answer.", host->labels, 2);
}

int output_new(struct pipeline *pipeline, unsigned index, const struct config_plugin *config,
               struct output **ret, struct weir_error *err)
{
    struct output *output = calloc(1, sizeof(*output));
    if (!output)
        return weir_error_set(err, -ENOMEM, "out of memory");
    *ret = output; /* the pipeline frees it whatever happens below */
    host_init(&output->host, WEIR_OUTPUT, pipeline, config);
    pthread_mutex_init(&output->lock, NULL);
    output->settled_last = &output->settled;
    output->index = index;
    output->random = output->host.owner ^ (uint64_t)clock_wall();
    atomic_store(&output->drain_ms, -1);
    output->parallel = config->plugin->output.parallel ? config->plugin->output.parallel : 1;
    output->deliveries = calloc(output->parallel, sizeof(output->deliveries[0]));
    for (unsigned i = 0; output->deliveries && i < output->parallel; i++)
        output->deliveries[i].output = output;
    int r = worker_init(&output->worker, output_woken, output);
    if (r < 0)
        return weir_error_set(err, r, "%s: cannot make an event loop: %s", output->host.who,
                              strerror(-r));
    output->host.loop = output->worker.loop;
    output->timer = loop_timer_new(output->worker.loop, output_pump, output);
    if (!output->timer || !output->deliveries)
        return weir_error_set(err, -ENOMEM, "out of memory");
    log_reader(pipeline->log, index, output_log_wake, output);
    output_metrics(output);
    return host_open(&output->host, err);
}

/* Answers that came when the thread no longer looked. What is to be tried again stays unanswered. */
static void output_take_last_answers(struct output *output)
{
    for (struct weir_delivery *delivery = output->settled, *next; delivery; delivery = next) {
        next = delivery->next;
        if (!delivery_retries(delivery))
            output_take_answer(output, delivery);
    }
    output->settled = NULL;
    output->settled_last = &output->settled;
}

void output_close(struct output *output)
{
    if (!output)
        return;
    host_close(&output->host);
    output_take_last_answers(output);
}

struct output *output_free(struct output *output)
{
    if (!output)
        return NULL;
    for (unsigned i = 0; output->deliveries && i < output->parallel; i++) {
        struct weir_delivery *delivery = &output->deliveries[i];
        struct batch *own = delivery->owned; /* others may be gone already */
        delivery_end(delivery);
        if (own)
            pipeline_free_batch(output->host.pipeline, own);
    }
    free(output->deliveries);
    loop_timer_free(output->timer);
    worker_deinit(&output->worker);
    pthread_mutex_destroy(&output->lock);
    free(output);
    return NULL;
}

int output_start(struct output *output)
{
    char name[16];
    atomic_store(&output->progress, clock_monotonic());
    snprintf(name, sizeof(name), "out:%s", output->host.config->id);
    worker_wake(&output->worker); /* the disk tier may hold something for it */
    return worker_start(&output->worker, name);
}

void output_drain(struct output *output, weir_ms deadline)
{
    atomic_store(&output->drain_ms, deadline);
    worker_wake(&output->worker);
}

void output_reopen(struct output *output)
{
    atomic_store(&output->reopen_asked, true);
    worker_wake(&output->worker);
}
