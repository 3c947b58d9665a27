/* SPDX-License-Identifier: Apache-2.0 */
/* Assembling, starting and stopping. The order matters in one direction: batches flow from inputs to
 * outputs and back, so the log and the stage are there before the first input, inputs stop first, and
 * memory is given back when no thread runs any more. */
#include "pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "base/message.h"
#include "buffer/frozen.h"
#include "pipeline/block.h"
#include "pipeline/dead_letters.h"
#include "pipeline/input.h"
#include "pipeline/output.h"
#include "pipeline/replay.h"
#include "pipeline/tier.h"

/* Chunks kept for the next batches, at most. */
#define SPARE_CHUNK_BYTES ((size_t)4 << 20)
#define FILTER_GROWTH_MIN ((size_t)2 << 20)
#define FILTER_GROWTH_MAX ((size_t)6 << 20)
/* Of buffer.memory with a disk tier, what batches read back from it may take. */
#define THAW_PART 4
/* Whatever outputs ask for: two blocks, so that one can be filled while another is written. */
#define WINDOW_MIN ((size_t)3 * WEIR_BLOCK_BYTES)

/* The widest of the outputs' windows; all of the buffer when one of them wants that. */
static size_t pipeline_window(const struct config_pipeline *config, size_t buffer_bytes)
{
    size_t window = WINDOW_MIN;
    for (size_t i = 0; i < config->output_count; i++) {
        size_t own = config->outputs[i].plugin->output.window;
        if (own == 0)
            return buffer_bytes;
        if (own > window)
            window = own;
    }
    return window < buffer_bytes ? window : buffer_bytes;
}

/* What inputs leave of the buffer to filters, so that a full buffer is one that has been filtered: a quarter
 * of it, which is what they add to a few batches; in a small buffer, where that would not do for one, half,
 * and batches go through one at a time. */
static size_t pipeline_growth(const struct config_pipeline *config, size_t memory)
{
    const size_t half = memory / 2, quarter = memory / 4;
    const size_t least = half < FILTER_GROWTH_MIN ? half : FILTER_GROWTH_MIN;
    if (config->filter_count == 0)
        return 0;
    if (quarter > FILTER_GROWTH_MAX)
        return FILTER_GROWTH_MAX;
    return quarter > least ? quarter : least;
}

static int pipeline_open(struct pipeline *pipeline, struct weir_error *err)
{
    const struct config_pipeline *config = pipeline->config;
    int r = filter_stage_init(&pipeline->stage, pipeline, err);
    for (size_t i = 0; r == 0 && i < config->output_count; i++)
        r = output_new(pipeline, (unsigned)i, &config->outputs[i], &pipeline->outputs[i], err);
    if (r == 0) /* it knows positions that inputs ask for */
        r = tier_new(pipeline, &pipeline->tier, err);
    for (size_t i = 0; r == 0 && i < config->input_count; i++)
        r = input_new(pipeline, &config->inputs[i], &pipeline->inputs[i], err);
    return r;
}

int pipeline_new(const struct pipeline_env *env, const struct config_pipeline *config,
                 struct pipeline **ret, struct weir_error *err)
{
    struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
    if (!pipeline)
        return weir_error_set(err, -ENOMEM, "out of memory");
    if (config->output_count > LOG_READERS_MAX || config->filter_count >= LEDGER_FILTERS_MAX) {
        free(pipeline);
        return weir_error_set(err, -EINVAL,
                              "pipeline %s has more than %d outputs or %d filters: split it",
                              config->name, LOG_READERS_MAX, LEDGER_FILTERS_MAX - 1);
    }
    pipeline->env = env;
    pipeline->config = config;
    pipeline->name = config->name;
    if (config->buffer.disk)
        pipeline->thaw_budget.max = config->buffer.memory / THAW_PART;
    pipeline->budget.max = config->buffer.memory - pipeline->thaw_budget.max;
    pipeline->window = pipeline_window(config, pipeline->budget.max);
    pipeline->growth = pipeline_growth(config, pipeline->budget.max);
    admission_init(&pipeline->admission);
    block_pool_init(&pipeline->blocks, &pipeline->budget);
    block_pool_init(&pipeline->thaw_blocks, &pipeline->thaw_budget);
    pipeline->input_count = config->input_count;
    pipeline->output_count = config->output_count;
    pipeline->chunks = chunk_pool_new(SPARE_CHUNK_BYTES, &pipeline->budget);
    pipeline->thaw_chunks = chunk_pool_new(SPARE_CHUNK_BYTES, &pipeline->thaw_budget);
    pipeline->log = log_new();
    pipeline->inputs = calloc(config->input_count, sizeof(pipeline->inputs[0]));
    pipeline->outputs = calloc(config->output_count, sizeof(pipeline->outputs[0]));
    ledger_init(&pipeline->ledger, (unsigned)config->filter_count + 1,
                (unsigned)config->output_count);
    pipeline->dead_letters = dead_letters_new(pipeline);
    pipeline->replay = replay_new(pipeline);
    int r = -ENOMEM;
    if (pipeline->chunks && pipeline->thaw_chunks && pipeline->log && pipeline->inputs &&
        pipeline->outputs && pipeline->dead_letters && pipeline->replay)
        r = pipeline_open(pipeline, err);
    else
        weir_error_set(err, r, "out of memory");
    if (r < 0) {
        pipeline_free(pipeline);
        return r;
    }
    *ret = pipeline;
    return 0;
}

void pipeline_free_batch(struct pipeline *pipeline, struct batch *batch)
{
    if (batch->input) {
        block_recycle(pipeline, batch);
        return;
    }
    if (batch->replayed) {
        budget_give(&pipeline->budget, batch->charged);
        frozen_free(batch);
        admission_wake(pipeline, NULL);
        return;
    }
    frozen_empty(batch);
    budget_give(&pipeline->thaw_budget, batch->charged);
    if (!block_pool_give(&pipeline->thaw_blocks, batch))
        free(batch);
}

void pipeline_give_back(struct pipeline *pipeline, struct batch *batch)
{
    struct ledger_fates fates;
    if (batch->input) {
        input_return(batch);
        return;
    }
    ledger_fates_of(batch, pipeline->ledger.filter_count, &fates);
    if (fates.records)
        ledger_settle(&pipeline->ledger, &fates);
    pipeline_free_batch(pipeline, batch);
    if (fates.records && ledger_held(&pipeline->ledger) == 0)
        pipeline->env->changed(pipeline->env->arg);
}

/* What has not been answered: nothing of it is done, and its inputs read it again next time. */
static void batches_abandon(struct pipeline *pipeline, struct batch *batch)
{
    for (struct batch *next; batch; batch = next) {
        next = batch->next;
        pipeline_free_batch(pipeline, batch);
    }
}

struct pipeline *pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return NULL;
    /* An output may read its batches until it is closed, on threads of its own. */
    for (size_t i = 0; pipeline->outputs && i < pipeline->output_count; i++)
        output_close(pipeline->outputs[i]);
    /* Positions first: the states that move them are in the batches' memory. */
    for (size_t i = 0; pipeline->inputs && i < pipeline->input_count; i++)
        if (pipeline->inputs[i])
            input_take_passed(pipeline->inputs[i]);
    if (pipeline->log)
        batches_abandon(pipeline, log_abandon(pipeline->log));
    batches_abandon(pipeline, filter_stage_abandon(&pipeline->stage));
    filter_stage_deinit(&pipeline->stage);
    for (size_t i = 0; pipeline->outputs && i < pipeline->output_count; i++)
        output_free(pipeline->outputs[i]);
    for (size_t i = 0; pipeline->inputs && i < pipeline->input_count; i++)
        input_free(pipeline->inputs[i]);
    free(pipeline->inputs);
    free(pipeline->outputs);
    replay_free(pipeline->replay);
    dead_letters_free(pipeline->dead_letters);
    log_free(pipeline->log);
    tier_free(pipeline->tier);
    chunk_pool_free(pipeline->chunks);
    chunk_pool_free(pipeline->thaw_chunks);
    ledger_deinit(&pipeline->ledger);
    block_pool_deinit(&pipeline->blocks);
    block_pool_deinit(&pipeline->thaw_blocks);
    admission_deinit(&pipeline->admission);
    free(pipeline);
    return NULL;
}

int pipeline_start(struct pipeline *pipeline, struct weir_error *err)
{
    int r = tier_start(pipeline->tier);
    for (size_t i = 0; r == 0 && i < pipeline->output_count; i++)
        r = output_start(pipeline->outputs[i]);
    if (r == 0)
        r = filter_stage_start(&pipeline->stage);
    for (size_t i = 0; r == 0 && i < pipeline->input_count; i++)
        r = input_start(pipeline->inputs[i]);
    if (r < 0)
        weir_error_set(err, r, "pipeline %s: cannot start a thread: %s", pipeline->name,
                       strerror(-r));
    return r;
}

void pipeline_stop_inputs(struct pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->input_count; i++)
        input_stop(pipeline->inputs[i]);
    replay_cancel(pipeline->replay);
}

bool pipeline_inputs_stopped(const struct pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->input_count; i++)
        if (pipeline->inputs[i]->worker.started && !atomic_load(&pipeline->inputs[i]->stopped))
            return false;
    return !replay_is_running(pipeline->replay);
}

bool pipeline_ended(const struct pipeline *pipeline)
{
    if (replay_is_running(pipeline->replay))
        return false;
    for (size_t i = 0; i < pipeline->input_count; i++)
        if (atomic_load(&pipeline->inputs[i]->end) == INPUT_RUNNING)
            return false;
    return true;
}

bool pipeline_is_empty(struct pipeline *pipeline)
{
    return ledger_held(&pipeline->ledger) == 0;
}

void pipeline_drain(struct pipeline *pipeline, weir_ms deadline)
{
    for (size_t i = 0; !pipeline->draining && i < pipeline->output_count; i++)
        output_drain(pipeline->outputs[i], deadline);
    pipeline->draining = true;
}

/* Which thread it is helps whoever has to find the file system or the service that holds it. */
static void say_hangs(const struct pipeline *pipeline, const struct worker *worker)
{
    msg_warn(pipeline->env->messenger, "a thread does not come round: it is busy, or it hangs",
             weir_kv_str("pipeline", pipeline->name), weir_kv_str("thread", worker->name));
}

static bool join(const struct pipeline *pipeline, struct worker *worker, int64_t deadline)
{
    bool joined = worker_join(worker, deadline);
    if (!joined)
        say_hangs(pipeline, worker);
    return joined;
}

bool pipeline_join(struct pipeline *pipeline, int64_t deadline)
{
    replay_cancel(pipeline->replay);
    bool joined = replay_join(pipeline->replay, deadline);
    for (size_t i = 0; i < pipeline->input_count; i++)
        worker_stop(&pipeline->inputs[i]->worker);
    for (size_t i = 0; i < pipeline->input_count; i++)
        joined &= join(pipeline, &pipeline->inputs[i]->worker, deadline);
    worker_stop(&pipeline->stage.worker);
    joined &= join(pipeline, &pipeline->stage.worker, deadline);
    for (size_t i = 0; i < pipeline->output_count; i++)
        worker_stop(&pipeline->outputs[i]->worker);
    for (size_t i = 0; i < pipeline->output_count; i++)
        joined &= join(pipeline, &pipeline->outputs[i]->worker, deadline);
    if (!pipeline->tier)
        return joined;
    worker_stop(&pipeline->tier->worker);
    joined &= join(pipeline, &pipeline->tier->worker, deadline);
    if (joined)
        tier_flush(pipeline->tier);
    return joined;
}

void pipeline_reopen(struct pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->output_count; i++)
        output_reopen(pipeline->outputs[i]);
}

/* True when the worker has come round since it was last woken for this; wakes it for the next time. */
static bool beat(const struct pipeline *pipeline, struct worker *worker)
{
    if (!worker->started)
        return true;
    bool alive = atomic_exchange(&worker->beats, 0) > 0;
    if (!alive)
        say_hangs(pipeline, worker);
    worker_wake(worker);
    return alive;
}

bool pipeline_beat(struct pipeline *pipeline)
{
    bool alive = beat(pipeline, &pipeline->stage.worker);
    for (size_t i = 0; i < pipeline->input_count; i++)
        alive &= beat(pipeline, &pipeline->inputs[i]->worker);
    for (size_t i = 0; i < pipeline->output_count; i++)
        alive &= beat(pipeline, &pipeline->outputs[i]->worker);
    return alive;
}
