/* SPDX-License-Identifier: Apache-2.0 */
/* When batches go to disk.
 *
 * Writing what can be read again is waste, so as long as outputs keep up nothing is written. A batch gets a
 * frame when
 *
 *   - memory is full and an input waits that has nowhere else to leave its data: a push input, or one whose
 *     source is about to vanish (weir_input_rescue);
 *   - its source is about to vanish, and outputs have not answered it within a moment;
 *   - memory is full, whatever the inputs, and one output has nothing to do while another lags: what holds the
 *     memory then is the other one's, and must not slow the first;
 *   - buffer.durable is on: always, since a push input's records count as taken when they are synced;
 *   - the agent stops, and it came from a push input.
 *
 *     pressed? ─▶ write the oldest without a frame ... an eighth of the memory ─▶ sync ─▶ safe ─▶ out of memory
 *                                                                                  └▶ positions move on
 *
 * Memory is given back when the frame is safe and not before: when a sync fails, what was not synced is
 * written again from there. With `fsync: never` a frame is called safe when it is written.
 *
 * When `disk` is reached: `block` leaves everything where it is, so that memory fills and inputs wait;
 * `drop_oldest` deletes the oldest segment; `drop_newest` gives up the newest batch that nobody reads yet.
 * Retained segments, which everyone has acked, make room first.
 *
 * A disk that fails (full, read-only, broken) is the same as no room: memory and backpressure, tried again every
 * second; nothing in memory is lost by it.
 *
 * Cursors are written a second after they have moved; when nothing moves nothing wakes. */
#include "pipeline/tier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "pipeline/input.h"
#include "pipeline/pipeline.h"

#define MS INT64_C(1000000)
#define COMMIT_AFTER (1000 * MS)
#define RETRY_AFTER (1000 * MS)
/* Outputs that keep up have answered by then. */
#define RESCUE_AFTER (200 * MS)
/* While `disk` is reached and records are dropped for it. */
#define DROP_AGAIN (5 * MS)
#define GROUP_BYTES_MIN ((uint64_t)1 << 20)

/* ---- what others ask ----------------------------------------------------------------------------------- */

static bool input_must_be_emptied(const struct input *input)
{
    return !input->replayable || atomic_load(&input->rescuing);
}

/* Whether memory is short for someone who may not wait for it. */
bool tier_is_pressed(const struct tier *tier)
{
    const struct pipeline *pipeline = tier->pipeline;
    const bool stage_waits = atomic_load(&pipeline->stage.waiting);
    if (!stage_waits && atomic_load(&pipeline->admission.waiting) == 0)
        return false;
    for (size_t i = 0; i < pipeline->input_count; i++) {
        const struct input *input = pipeline->inputs[i];
        if (input && input_must_be_emptied(input) && (stage_waits || atomic_load(&input->blocked)))
            return true;
    }
    return log_is_uneven(pipeline->log);
}

void tier_look(struct tier *tier)
{
    if (!tier || atomic_load(&tier->asked))
        return;
    if (!tier->write_through && !tier_is_pressed(tier))
        return;
    if (!atomic_exchange(&tier->asked, true))
        worker_wake(&tier->worker);
}

void tier_rescue(struct tier *tier)
{
    int64_t none = 0;
    if (tier &&
        atomic_compare_exchange_strong(&tier->rescue_at, &none, clock_monotonic() + RESCUE_AFTER))
        worker_wake(&tier->worker);
}

enum tier_state tier_status(struct tier *tier, char reason[TIER_REASON_MAX])
{
    pthread_mutex_lock(&tier->lock);
    memcpy(reason, tier->reason, TIER_REASON_MAX);
    enum tier_state state = (enum tier_state)atomic_load(&tier->state);
    pthread_mutex_unlock(&tier->lock);
    return state;
}

bool tier_stream_position(const struct tier *tier, const uint8_t id[16], uint64_t *position,
                          uint64_t *check)
{
    struct frame_range range;
    for (size_t i = 0; store_stream(tier->store, i, &range); i++)
        if (memcmp(range.stream, id, sizeof(range.stream)) == 0 && range.to > *position) {
            *position = range.to;
            *check = range.check;
            return true;
        }
    return false;
}

/* ---- what it says ---------------------------------------------------------------------------------------- */

void tier_say(struct tier *tier, enum tier_state state, const char *reason)
{
    struct messenger *messenger = tier->pipeline->env->messenger;
    pthread_mutex_lock(&tier->lock);
    const enum tier_state before = (enum tier_state)atomic_load(&tier->state);
    const bool news = state != before || strcmp(tier->reason, reason) != 0;
    snprintf(tier->reason, sizeof(tier->reason), "%s", reason);
    atomic_store(&tier->state, state);
    pthread_mutex_unlock(&tier->lock);
    if (!news)
        return;
    if (state == TIER_FAILING)
        msg_error(
            messenger,
            "the disk tier cannot be written; records stay in memory, and it is tried again every second",
            weir_kv_str("pipeline", tier->pipeline->name), weir_kv_str("error", reason));
    else if (state == TIER_FULL && before != TIER_FULL)
        msg_warn(messenger, "the disk tier is full", weir_kv_str("pipeline", tier->pipeline->name),
                 weir_kv_str("what_happens", reason));
    else if (state == TIER_OK)
        msg_info(messenger, "the disk tier takes records again",
                 weir_kv_str("pipeline", tier->pipeline->name));
}

/* ---- what the log tells ------------------------------------------------------------------------------------ */

static void on_answered(void *arg, const struct log_answer *answer)
{
    struct tier *tier = arg;
    struct ledger_fates fates = { .records = answer->records };
    fates.dropped[LEDGER_REJECTED] = answer->rejected;
    fates.dropped[LEDGER_CORRUPT] = answer->damaged;
    fates.dead_lettered = answer->dead_lettered;
    fates.delivered = answer->records - answer->rejected - answer->damaged - answer->dead_lettered;
    ledger_settle(&tier->pipeline->ledger, &fates);
    if (ledger_held(&tier->pipeline->ledger) == 0)
        tier->pipeline->env->changed(tier->pipeline->env->arg);
}

static struct batch *take_spare(void *arg)
{
    struct tier *tier = arg;
    return block_pool_take(&tier->pipeline->thaw_blocks);
}

static void on_acked(void *arg)
{
    struct tier *tier = arg;
    if (!atomic_exchange(&tier->moved, true))
        worker_wake(&tier->worker);
}

int tier_drop_reader(struct tier *tier, const char *output)
{
    int r = tier ? store_drop_reader(tier->store, output) : -ENOENT;
    if (r == 0)
        on_acked(tier); /* to be written down, and room to be made, as when a reader has moved */
    return r;
}

static void on_damaged(void *arg, unsigned index, const struct store_frame *frame)
{
    struct tier *tier = arg;
    const uint64_t records = frame->end - frame->head.sequence;
    ledger_give_up(&tier->pipeline->ledger, index, records, LEDGER_CORRUPT);
    metric_add(tier->damaged, 1);
    msg_error(tier->pipeline->env->messenger,
              "a frame of the disk tier is damaged: its records are lost to this output",
              weir_kv_str("pipeline", tier->pipeline->name),
              weir_kv_str("output", tier->pipeline->config->outputs[index].id),
              weir_kv_int("records", (int64_t)records),
              weir_kv_int("segment", (int64_t)frame->segment),
              weir_kv_int("offset", (int64_t)frame->offset));
}

static void on_unknown(void *arg, unsigned index, const struct store_frame *frame, int why)
{
    struct tier *tier = arg;
    msg_error(tier->pipeline->env->messenger,
              why == -ENOTSUP
                  ? "a frame of the disk tier has a compression that was not built in: the "
                    "output waits for an agent that has it"
                  : "a frame of the disk tier was written by a later version: the output "
                    "waits for an agent that knows it",
              weir_kv_str("pipeline", tier->pipeline->name),
              weir_kv_str("output", tier->pipeline->config->outputs[index].id),
              weir_kv_int("records", (int64_t)(frame->end - frame->head.sequence)),
              weir_kv_int("segment", (int64_t)frame->segment),
              weir_kv_int("offset", (int64_t)frame->offset));
}

static void on_thawed(void *arg, unsigned index, const struct batch *batch)
{
    struct tier *tier = arg;
    if (batch->frame < tier->start) /* what came in this run is in the account */
        ledger_route(&tier->pipeline->ledger, index, batch_records_for(batch, index));
}

static void on_kept(void *arg, struct batch *batch)
{
    struct tier *tier = arg;
    struct ledger_fates fates;
    if (batch->counted)
        return;
    batch->counted = true;
    ledger_fates_before(batch, tier->pipeline->ledger.filter_count, &fates);
    ledger_settle(&tier->pipeline->ledger, &fates);
}

static void on_safe(void *arg, struct batch *batch)
{
    (void)arg;
    if (batch->input)
        input_pass(batch);
}

static void on_unneeded(void *arg, struct batch *batch)
{
    struct tier *tier = arg;
    pipeline_give_back(tier->pipeline, batch);
}

/* ---- a round ----------------------------------------------------------------------------------------------- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a && (!b || a < b) ? a : b;
}

static bool rescue_is_due(struct tier *tier)
{
    const int64_t at = atomic_load(&tier->rescue_at);
    if (!at || at > clock_monotonic())
        return false;
    if (log_has_unwritten(tier->pipeline->log, true))
        return true;
    atomic_store(&tier->rescue_at, 0);
    return log_has_unwritten(tier->pipeline->log, true); /* one may have come meanwhile */
}

static bool wants_to_write(struct tier *tier)
{
    if (rescue_is_due(tier))
        return true;
    return (tier->write_through || tier_is_pressed(tier)) &&
           log_has_unwritten(tier->pipeline->log, false);
}

/* Batches that are safe leave memory while somebody waits for it, or half of it is in use. */
static void evict(struct tier *tier)
{
    struct pipeline *pipeline = tier->pipeline;
    const size_t half = pipeline->budget.max / 2;
    size_t used = budget_used(&pipeline->budget);
    const bool pressed = tier_is_pressed(tier);
    while (pressed || used > half) {
        struct batch *batch = log_evict(pipeline->log);
        if (!batch)
            return;
        used -= batch->charged < used ? batch->charged : used;
        pipeline_give_back(pipeline, batch);
    }
}

static void sync_if_due(struct tier *tier, int64_t now)
{
    if (!tier->unsynced)
        return;
    const weir_ms every = tier->config->fsync_every;
    if (!tier->sync_at)
        tier->sync_at = now + (every > 0 ? every * MS : 0);
    if (tier->sync_at > now && !tier_is_pressed(tier))
        return;
    if (tier_sync(tier) < 0)
        tier->retry_at = now + RETRY_AFTER;
}

static void write_what_is_due(struct tier *tier)
{
    const uint64_t eighth = tier->config->memory / 8;
    const uint64_t group = eighth > GROUP_BYTES_MIN ? eighth : GROUP_BYTES_MIN;
    int r = 0;
    while (r == 0 && !atomic_load(&tier->worker.stop) && wants_to_write(tier)) {
        r = tier_write_one(tier);
        if (tier->unsynced >= group) {
            sync_if_due(tier, clock_monotonic());
            evict(tier);
        }
        if (tier->retry_at)
            return;
    }
    if (r < 0) {
        const bool dropping =
            atomic_load(&tier->state) == TIER_FULL && tier->config->when_full != WHEN_FULL_BLOCK;
        tier->retry_at = clock_monotonic() + (dropping ? DROP_AGAIN : RETRY_AFTER);
    }
}

static void commit_if_due(struct tier *tier, int64_t now)
{
    if (!tier->commit_at && atomic_load(&tier->moved))
        tier->commit_at = now + COMMIT_AFTER;
    if (!tier->trim_at && tier->commit_at)
        tier->trim_at = tier->commit_at;
    if (tier->commit_at && tier->commit_at <= now) {
        tier->commit_at = 0;
        atomic_store(&tier->moved, false);
        if (store_commit(tier->store) < 0) {
            metric_add(tier->errors, 1);
            tier->commit_at = now + COMMIT_AFTER;
        }
    }
    if (tier->trim_at && tier->trim_at <= now) {
        const int64_t wall = clock_wall(), next = store_trim(tier->store, wall);
        tier->trim_at = next ? now + (next > wall ? next - wall : 0) + COMMIT_AFTER : 0;
    }
}

static void tier_round(void *arg)
{
    struct tier *tier = arg;
    int64_t now = clock_monotonic();
    atomic_store(&tier->asked, false);
    /* A full tier has room again when segments have gone, which is when cursors were written. */
    commit_if_due(tier, now);
    if (tier->retry_at && tier->retry_at <= now) {
        tier->retry_at = 0;
        if (!tier->unsynced && !wants_to_write(tier)) /* nobody asks for it any more */
            tier_say(tier, TIER_OK, "");
    }
    if (!tier->retry_at)
        write_what_is_due(tier);
    now = clock_monotonic();
    if (!tier->retry_at)
        sync_if_due(tier, now);
    evict(tier);
    /* Who had answered a batch before it got its frame is past that frame now. */
    if (!tier->commit_at && store_is_dirty(tier->store))
        tier->commit_at = now + COMMIT_AFTER;
    metric_set(tier->disk_bytes, (int64_t)store_bytes(tier->store));
    if (budget_used(&tier->pipeline->thaw_budget) ==
        0) { /* nobody reads frames, or just now nobody does */
        block_pool_trim(&tier->pipeline->thaw_blocks);
        chunk_pool_trim(tier->pipeline->thaw_chunks);
    }
    int64_t next = sooner(tier->commit_at, tier->trim_at);
    if (tier->retry_at) /* what is due waits for that */
        next = sooner(next, tier->retry_at);
    else
        next = sooner(next, sooner(tier->sync_at, atomic_load(&tier->rescue_at)));
    if (next)
        loop_timer_set(tier->timer, next > now ? (next - now) / MS + 1 : 0);
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

/* Whether something in memory may have come from where it cannot be read again. */
static bool must_be_flushed(const struct tier *tier)
{
    const struct pipeline *pipeline = tier->pipeline;
    for (size_t i = 0; i < pipeline->input_count; i++)
        if (pipeline->inputs[i] && input_must_be_emptied(pipeline->inputs[i]))
            return true;
    return log_has_unwritten(pipeline->log, true);
}

void tier_flush(struct tier *tier)
{
    int r = 0;
    if (!tier)
        return;
    for (int tries = 0; tries < 2; tries++) { /* a second one into another segment */
        while (r == 0 && must_be_flushed(tier))
            r = tier_write_one(tier);
        if (tier->unsynced == 0 || tier_sync(tier) == 0)
            break;
        r = 0;
    }
    if (must_be_flushed(tier) && log_has_unwritten(tier->pipeline->log, false))
        msg_error(
            tier->pipeline->env->messenger,
            "records in memory could not be written to the disk tier before the stop: those that "
            "cannot be read again are lost",
            weir_kv_str("pipeline", tier->pipeline->name), weir_kv_str("why", tier->reason));
    if (store_commit(tier->store) < 0)
        metric_add(tier->errors, 1);
}

/* ---- making one ---------------------------------------------------------------------------------------------- */

static void tier_metrics(struct tier *tier)
{
    struct metrics *metrics = tier->pipeline->env->metrics;
    const struct metric_label labels[] = { { "pipeline", tier->pipeline->name } };
    tier->disk_bytes =
        metrics_series(metrics, "weir_buffer_disk_bytes", "Bytes of the disk tier's segments.",
                       METRIC_GAUGE, 1, labels, 1);
    tier->spilled =
        metrics_series(metrics, "weir_buffer_spilled_records_total",
                       "Records written to the disk tier.", METRIC_COUNTER, 1, labels, 1);
    tier->spilled_bytes =
        metrics_series(metrics, "weir_buffer_spilled_bytes_total",
                       "Bytes written to the disk tier, compressed.", METRIC_COUNTER, 1, labels, 1);
    tier->syncs = metrics_series(metrics, "weir_buffer_syncs_total", "Good syncs of the disk tier.",
                                 METRIC_COUNTER, 1, labels, 1);
    tier->errors = metrics_series(metrics, "weir_buffer_disk_errors_total",
                                  "Failed writes, syncs and deletions of the disk tier.",
                                  METRIC_COUNTER, 1, labels, 1);
    tier->damaged = metrics_series(metrics, "weir_buffer_damaged_frames_total",
                                   "Damaged frames met by readers of the disk tier.",
                                   METRIC_COUNTER, 1, labels, 1);
}

/* What opening the directory found, for a person. */
static void tell_found(const struct tier *tier, const struct store_found *found)
{
    struct messenger *messenger = tier->pipeline->env->messenger;
    const struct weir_kv pipeline = weir_kv_str("pipeline", tier->pipeline->name);
    if (found->records)
        msg_info(messenger, "the disk tier holds records of an earlier run", pipeline,
                 weir_kv_int("records", (int64_t)found->records),
                 weir_kv_int("bytes", (int64_t)found->bytes));
    if (found->torn_bytes)
        msg_warn(messenger,
                 "the last frame of the disk tier was cut off; the rest of it was put aside",
                 pipeline, weir_kv_int("bytes", (int64_t)found->torn_bytes));
    if (found->damaged_records)
        msg_error(messenger, "the disk tier is damaged: records are lost", pipeline,
                  weir_kv_int("records", (int64_t)found->damaged_records));
    if (found->quarantined)
        msg_warn(messenger, "files of the disk tier were put into its quarantine", pipeline,
                 weir_kv_int("files", (int64_t)found->quarantined));
    if (found->cursors_lost)
        msg_error(messenger,
                  "the cursors of the disk tier are lost: all that is there is sent again",
                  pipeline);
    if (found->orphans)
        msg_warn(
            messenger,
            "the disk tier holds records for outputs that the configuration does not have: see weir buffer ls",
            pipeline, weir_kv_int("outputs", found->orphans));
    if (found->volatile_fs)
        msg_warn(
            messenger,
            "the disk tier is on a file system that does not survive a restart of the host, or is not local",
            pipeline);
}

static int open_store(struct tier *tier, struct weir_error *err)
{
    const struct pipeline *pipeline = tier->pipeline;
    const struct config_buffer *config = tier->config;
    const char *names[LOG_READERS_MAX];
    for (size_t i = 0; i < pipeline->output_count; i++)
        names[i] = pipeline->config->outputs[i].id;
    const struct store_options options = {
        .disk = disk_real(),
        .data_dir = pipeline->env->data_dir,
        .name = pipeline->name,
        .kind = STORE_BUFFER,
        .readers = names,
        .reader_count = (unsigned)pipeline->output_count,
        .size_max = config->disk,
        .retention = config->retention * MS,
        .retention_bytes = config->retention_bytes,
        .never_sync = config->fsync_every == CONFIG_FSYNC_NEVER,
    };
    struct store_found found = { 0 };
    int r = store_open(&options, &tier->store, &found, err);
    if (r < 0)
        return r;
    tier->start = store_end(tier->store);
    tell_found(tier, &found);
    /* What is known to be gone is held until readers have been told of it, and dropped then. */
    ledger_recovered(&tier->pipeline->ledger, found.records + found.damaged_records);
    return 0;
}

static void join_log(struct tier *tier)
{
    struct pipeline *pipeline = tier->pipeline;
    const struct log_disk disk = {
        .store = tier->store,
        .chunks = pipeline->thaw_chunks,
        .budget = &pipeline->thaw_budget,
        .in_flight_max = pipeline->thaw_budget.max / pipeline->output_count,
        .answered = on_answered,
        .spare = take_spare,
        .acked = on_acked,
        .damaged = on_damaged,
        .unknown = on_unknown,
        .thawed = on_thawed,
        .unneeded = on_unneeded,
        .kept = on_kept,
        .safe = on_safe,
        .arg = tier,
    };
    log_set_disk(pipeline->log, &disk);
}

int tier_new(struct pipeline *pipeline, struct tier **ret, struct weir_error *err)
{
    *ret = NULL;
    if (pipeline->config->buffer.disk == 0)
        return 0;
    struct tier *tier = calloc(1, sizeof(*tier));
    if (!tier)
        return weir_error_set(err, -ENOMEM, "out of memory");
    tier->pipeline = pipeline;
    tier->config = &pipeline->config->buffer;
    tier->scratch.max = tier->frame.max = FRAME_PAYLOAD_MAX;
    pthread_mutex_init(&tier->lock, NULL);
    for (size_t i = 0; tier->config->durable && i < pipeline->config->input_count; i++)
        tier->write_through |= !(pipeline->config->inputs[i].plugin->input.flags & WEIR_REPLAYABLE);
    tier_metrics(tier);
    int r = worker_init(&tier->worker, tier_round, tier);
    if (r == 0)
        tier->timer = loop_timer_new(tier->worker.loop, tier_round, tier);
    if (r == 0 && !tier->timer)
        r = -ENOMEM;
    if (r < 0)
        weir_error_set(err, r, "pipeline %s: cannot make an event loop for the disk tier: %s",
                       pipeline->name, strerror(-r));
    else
        r = open_store(tier, err);
    if (r < 0) {
        tier_free(tier);
        return r;
    }
    join_log(tier);
    *ret = tier;
    return 0;
}

struct tier *tier_free(struct tier *tier)
{
    if (!tier)
        return NULL;
    store_close(tier->store);
    loop_timer_free(tier->timer);
    worker_deinit(&tier->worker);
    weir_bytes_free(&tier->scratch);
    weir_bytes_free(&tier->frame);
    pthread_mutex_destroy(&tier->lock);
    free(tier);
    return NULL;
}

int tier_start(struct tier *tier)
{
    if (!tier)
        return 0;
    store_forget_streams(tier->store);
    return worker_start(&tier->worker, "tier");
}
