/* SPDX-License-Identifier: Apache-2.0 */
/* What a pipeline says about itself, read from the outside while it runs: counters are atomic, a ledger is
 * one moment, an output's reason is under its lock. */
#include "agent/pipeline_status.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "pipeline/dead_letters.h"
#include "pipeline/input.h"
#include "pipeline/output.h"
#include "pipeline/pipeline.h"
#include "pipeline/tier.h"

/* Data waits and nothing was answered for so long: not ready. An output that has said since then that its sink
 * takes nothing is believed sooner, but not at once: a short pause that a busy sink asked for is its way of life. */
#define PROGRESS_NS 60000000000
#define PAUSED_NS 3000000000

static int fill_dropped(const uint64_t dropped[LEDGER_DROPS], struct status_count **ret,
                        size_t *ret_count)
{
    int r = status_array(ret, ret_count, LEDGER_DROPS);
    for (unsigned i = 0; r == 0 && i < LEDGER_DROPS; i++)
        (*ret)[i] = (struct status_count){ ledger_drop_names[i], dropped[i] };
    return r;
}

static int fill_ledger(const struct pipeline *pipeline, const struct ledger_counts *counts,
                       struct status_ledger *ret)
{
    const unsigned filters = pipeline->ledger.filter_count;
    ret->read = counts->read;
    ret->recovered = counts->recovered;
    ret->replayed = counts->replayed;
    ret->held = counts->held;
    ret->delivered = counts->fates.delivered;
    ret->dead_lettered = counts->fates.dead_lettered;
    ret->residue = ledger_residue(counts, filters);
    int r = status_array(&ret->filtered, &ret->filtered_count, filters);
    if (r == 0)
        r = fill_dropped(counts->fates.dropped, &ret->dropped, &ret->dropped_count);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < filters; i++) {
        bool route = i == filters - 1;
        ret->filtered[i].name = route ? "route" : pipeline->config->filters[i].id;
        ret->filtered[i].records = counts->fates.filtered[i];
    }
    return 0;
}

static int fill_account(const struct ledger_output *output, struct status_account *ret)
{
    ret->routed = output->routed;
    ret->delivered = output->answers.delivered;
    ret->dead_lettered = output->answers.dead_lettered;
    ret->held = output->held;
    ret->residue = ledger_output_residue(output);
    return fill_dropped(output->answers.dropped, &ret->dropped, &ret->dropped_count);
}

static int fill_input(struct input *input, struct status_input *ret)
{
    ret->id = input->host.config->id;
    ret->type = input->host.config->plugin->name;
    ret->records = (uint64_t)metric_get(input->records);
    ret->bytes = (uint64_t)metric_get(input->bytes);
    ret->lag_bytes = (uint64_t)metric_get(input->lag);
    ret->waiting_sources = (uint64_t)metric_get(input->waiting);
    ret->backpressure_seconds = (double)input_backpressure(input) / 1e9;
    switch ((enum input_end)atomic_load(&input->end)) {
    case INPUT_RUNNING:
        ret->state = atomic_load(&input->blocked) ? STATUS_INPUT_BLOCKED : STATUS_INPUT_READING;
        break;
    case INPUT_ENDED: ret->state = STATUS_INPUT_ENDED; break;
    case INPUT_FAILED: ret->state = STATUS_INPUT_FAILED; break;
    }
    if (ret->state == STATUS_INPUT_BLOCKED)
        snprintf(ret->reason, sizeof(ret->reason), "waits for memory: the pipeline is full");
    else if (ret->state == STATUS_INPUT_FAILED)
        snprintf(ret->reason, sizeof(ret->reason), "failed; see the agent's messages");
    else if (ret->waiting_sources)
        snprintf(ret->reason, sizeof(ret->reason), "%" PRIu64 " sources wait for memory",
                 ret->waiting_sources);
    const unsigned lost = atomic_load(&input->lost_count);
    int r = status_array(&ret->lost, &ret->lost_count, lost);
    for (unsigned i = 0; r == 0 && i < lost; i++)
        ret->lost[i] =
            (struct status_lost){ input->lost[i].reason, atomic_load(&input->lost[i].records),
                                  atomic_load(&input->lost[i].bytes) };
    return r;
}

static void fill_filter(const struct filter *filter, struct status_filter *ret)
{
    ret->id = filter->host.config->id;
    ret->type = filter->host.config->plugin->name;
    ret->records = (uint64_t)metric_get(filter->records);
    ret->filtered = (uint64_t)metric_get(filter->filtered);
}

static void fill_output(struct output *output, struct status_output *ret)
{
    struct log_backlog backlog;
    log_backlog(output->host.pipeline->log, output->index, &backlog);
    ret->id = output->host.config->id;
    ret->type = output->host.config->plugin->name;
    ret->records = (uint64_t)metric_get(output->records);
    ret->bytes = (uint64_t)metric_get(output->bytes);
    ret->rejected = (uint64_t)metric_get(output->rejected);
    ret->retries = (uint64_t)metric_get(output->retries);
    ret->pending_records = backlog.records;
    if (backlog.oldest_observed) {
        double age = (double)(clock_wall() - backlog.oldest_observed) / 1e9;
        ret->lag_seconds = age > 0 ? age : 0;
    }
    static_assert(OUTPUT_REASON_MAX == STATUS_REASON_MAX, "copied whole");
    switch (output_status(output, ret->reason)) {
    case OUTPUT_OK: ret->state = STATUS_OUTPUT_OK; break;
    case OUTPUT_RETRYING: ret->state = STATUS_OUTPUT_RETRYING; break;
    case OUTPUT_PAUSED: ret->state = STATUS_OUTPUT_PAUSED; break;
    }
}

static void fill_dead_letters(const struct pipeline *pipeline, struct status_dead_letters *ret)
{
    struct dead_letters_status letters;
    dead_letters_status(pipeline->dead_letters, &letters);
    ret->records = letters.records;
    ret->bytes = letters.bytes;
    ret->bytes_max = letters.bytes_max;
    static_assert(DEAD_LETTERS_REASON_MAX == STATUS_REASON_MAX, "copied whole");
    memcpy(ret->reason, letters.reason, sizeof(ret->reason));
}

static void fill_disk(struct pipeline *pipeline, struct status_pipeline *ret)
{
    if (!pipeline->tier)
        return;
    static_assert(TIER_REASON_MAX == STATUS_REASON_MAX, "copied whole");
    ret->buffer_disk_bytes = pipeline->config->buffer.disk;
    ret->buffer_disk_used_bytes = store_bytes(pipeline->tier->store);
    switch (tier_status(pipeline->tier, ret->disk_reason)) {
    case TIER_OK: ret->disk_state = STATUS_DISK_OK; break;
    case TIER_FULL: ret->disk_state = STATUS_DISK_FULL; break;
    case TIER_FAILING: ret->disk_state = STATUS_DISK_FAILING; break;
    }
}

int pipeline_status_fill(struct pipeline *pipeline, struct status_pipeline *ret)
{
    ret->name = pipeline->name;
    ret->buffer_memory_bytes = pipeline->config->buffer.memory;
    ret->buffer_memory_used_bytes =
        budget_used(&pipeline->budget) + budget_used(&pipeline->thaw_budget);
    fill_disk(pipeline, ret);
    struct ledger_counts counts;
    ledger_snapshot(&pipeline->ledger, &counts);
    fill_dead_letters(pipeline, &ret->dead_letters);
    int r = fill_ledger(pipeline, &counts, &ret->ledger);
    if (r == 0)
        r = status_array(&ret->inputs, &ret->input_count, pipeline->input_count);
    if (r == 0)
        r = status_array(&ret->filters, &ret->filter_count, pipeline->stage.count);
    if (r == 0)
        r = status_array(&ret->outputs, &ret->output_count, pipeline->output_count);
    for (size_t i = 0; r == 0 && i < pipeline->input_count; i++)
        r = fill_input(pipeline->inputs[i], &ret->inputs[i]);
    for (size_t i = 0; r == 0 && i < pipeline->stage.count; i++)
        fill_filter(&pipeline->stage.filters[i], &ret->filters[i]);
    for (size_t i = 0; r == 0 && i < pipeline->output_count; i++) {
        fill_output(pipeline->outputs[i], &ret->outputs[i]);
        r = fill_account(&counts.outputs[i], &ret->outputs[i].ledger);
    }
    return r;
}

/* A failure says more than a start that is not over: the last one found is told. */
static void check_inputs(struct pipeline *pipeline, struct status_check *check)
{
    for (size_t i = 0; i < pipeline->input_count; i++) {
        const struct input *input = pipeline->inputs[i];
        const bool failed = atomic_load(&input->end) == INPUT_FAILED;
        if (!failed && (!check->ok || atomic_load(&input->started)))
            continue;
        check->ok = false;
        snprintf(check->reason, sizeof(check->reason),
                 failed ? "input %s has failed; see the agent's messages"
                        : "input %s looks for its sources",
                 input->host.config->id);
    }
}

static void check_progress(struct pipeline *pipeline, struct status_check *check)
{
    for (size_t i = 0; i < pipeline->output_count; i++) {
        struct output *output = pipeline->outputs[i];
        struct log_backlog backlog;
        log_backlog(pipeline->log, output->index, &backlog);
        const int64_t progress = atomic_load(&output->progress);
        const int64_t patience =
            atomic_load(&output->paused_at) > progress ? PAUSED_NS : PROGRESS_NS;
        int64_t still = clock_monotonic() - progress;
        int64_t age = clock_wall() - backlog.oldest_observed;
        if (!backlog.oldest_observed || still < patience || age < patience)
            continue;
        char reason[OUTPUT_REASON_MAX], text[2 * OUTPUT_REASON_MAX];
        output_status(output, reason);
        int len =
            snprintf(text, sizeof(text), "output %s: nothing delivered for %.0f s%s%s",
                     output->host.config->id, (double)still / 1e9, reason[0] ? ": " : "", reason);
        check->ok = false;
        status_reason_set(check->reason, text,
                          (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
    }
}

static void check_dead_letters(struct pipeline *pipeline, struct status_check *check)
{
    struct dead_letters_status letters;
    dead_letters_status(pipeline->dead_letters, &letters);
    check->ok = !letters.failing;
    if (letters.failing) {
        char text[2 * DEAD_LETTERS_REASON_MAX];
        int len = snprintf(text, sizeof(text), "cannot be written: %s", letters.reason);
        status_reason_set(check->reason, text, (size_t)len);
    }
}

/* A tier that is full is doing its work; one that cannot be written is not. */
static void check_disk(struct pipeline *pipeline, struct status_check *check)
{
    char reason[TIER_REASON_MAX];
    if (!pipeline->tier || tier_status(pipeline->tier, reason) != TIER_FAILING)
        return;
    check->ok = false;
    status_reason_set(check->reason, reason, strlen(reason));
}

static void check_memory(struct pipeline *pipeline, struct status_check *check)
{
    for (size_t i = 0; i < pipeline->input_count; i++) {
        const struct input *input = pipeline->inputs[i];
        const int64_t waiting = metric_get(input->waiting);
        if (!waiting)
            continue;
        check->ok = false;
        snprintf(check->reason, sizeof(check->reason),
                 "input %s: %" PRIi64 " sources wait for memory", input->host.config->id, waiting);
    }
}

void pipeline_status_checks(struct pipeline *pipeline, struct status_check checks[PIPELINE_CHECKS])
{
    static const struct {
        const char *name;
        void (*check)(struct pipeline *pipeline, struct status_check *check);
    } rows[PIPELINE_CHECKS] = {
        { "inputs", check_inputs },
        { "progress", check_progress },
        { "dead letters", check_dead_letters },
        { "disk tier", check_disk },
        { "memory", check_memory },
    };
    for (size_t i = 0; i < PIPELINE_CHECKS; i++) {
        checks[i] =
            (struct status_check){ .name = rows[i].name, .pipeline = pipeline->name, .ok = true };
        rows[i].check(pipeline, &checks[i]);
    }
}

void pipeline_gauges_init(struct pipeline_gauges *gauges, struct pipeline *pipeline)
{
    struct metrics *metrics = pipeline->env->metrics;
    struct metric_label labels[2] = { { "pipeline", pipeline->name }, { "reason", NULL } };
    static_assert(LEDGER_DROPS <= 8, "a gauge for each");
    for (unsigned i = 0; i < LEDGER_DROPS; i++) {
        labels[1].value = ledger_drop_names[i];
        gauges->dropped[i] =
            metrics_series(metrics, "weir_dropped_records_total", "Records given up, by reason.",
                           METRIC_COUNTER, 1, labels, 2);
    }
    gauges->dead_lettered = metrics_series(
        metrics, "weir_dead_lettered_records_total",
        "Records parked in the dead letters; those that have gone from there since are in it too.",
        METRIC_COUNTER, 1, labels, 1);
    gauges->letters =
        metrics_series(metrics, "weir_dead_letters_records",
                       "Records in the dead letters now, those of earlier runs included.",
                       METRIC_GAUGE, 1, labels, 1);
    gauges->letters_bytes =
        metrics_series(metrics, "weir_dead_letters_bytes", "Bytes of the dead letters on disk.",
                       METRIC_GAUGE, 1, labels, 1);
    gauges->recovered =
        metrics_series(metrics, "weir_recovered_records_total",
                       "Records that the start found in the disk tier, not yet delivered.",
                       METRIC_COUNTER, 1, labels, 1);
    gauges->replayed = metrics_series(metrics, "weir_replayed_records_total",
                                      "Records put back into the buffer by replays.",
                                      METRIC_COUNTER, 1, labels, 1);
    gauges->held = metrics_series(metrics, "weir_held_records",
                                  "Records read and not yet answered.", METRIC_GAUGE, 1, labels, 1);
    gauges->residue =
        metrics_series(metrics, "weir_ledger_residue_records",
                       "What the accounting identity is off by: 0, or there is a bug.",
                       METRIC_GAUGE, 1, labels, 1);
    gauges->memory =
        metrics_series(metrics, "weir_buffer_memory_bytes",
                       "Bytes in use of the pipeline's buffer.memory.", METRIC_GAUGE, 1, labels, 1);
}

int64_t pipeline_gauges_update(struct pipeline_gauges *gauges, struct pipeline *pipeline)
{
    struct ledger_counts counts;
    ledger_snapshot(&pipeline->ledger, &counts);
    int64_t residue = ledger_residue(&counts, pipeline->ledger.filter_count);
    for (size_t i = 0; !residue && i < pipeline->output_count; i++)
        residue = ledger_output_residue(&counts.outputs[i]);
    for (unsigned i = 0; i < LEDGER_DROPS; i++)
        metric_set(gauges->dropped[i], (int64_t)counts.fates.dropped[i]);
    /* A counter does not go back: those that are dropped by now were parked once. */
    metric_set(gauges->dead_lettered, (int64_t)(counts.fates.dead_lettered +
                                                counts.fates.dropped[LEDGER_DEAD_LETTER_FULL]));
    struct dead_letters_status letters;
    dead_letters_status(pipeline->dead_letters, &letters);
    metric_set(gauges->letters, (int64_t)letters.records);
    metric_set(gauges->letters_bytes, (int64_t)letters.bytes);
    metric_set(gauges->recovered, (int64_t)counts.recovered);
    metric_set(gauges->replayed, (int64_t)counts.replayed);
    metric_set(gauges->held, (int64_t)counts.held);
    metric_set(gauges->residue, residue);
    metric_set(gauges->memory,
               (int64_t)(budget_used(&pipeline->budget) + budget_used(&pipeline->thaw_budget)));
    for (size_t i = 0; i < pipeline->input_count; i++)
        metric_set(pipeline->inputs[i]->backpressure, input_backpressure(pipeline->inputs[i]));
    return residue;
}
