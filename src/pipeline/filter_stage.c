/* SPDX-License-Identifier: Apache-2.0 */
/* One thread a pipeline takes its batches through the filters, in the order in which they came, decides
 * which outputs get which records, and appends them to the log.
 *
 * A filter works on a whole batch. Its `when:` costs the filter nothing: while it runs, records that the
 * condition leaves out look dropped, and afterwards only what it dropped of the others counts.
 *
 * Filters make a batch grow, by what it can grow to is known before (two numbers of it). The stage waits
 * with a batch while the buffer has no room for that and others are on their way whose memory will come
 * back: they were admitted as plain lines, and twenty of them opened at once would be ten times as much.
 *
 * A batch of which nothing is left goes straight back to its input: dropped is done, and the position
 * moves on. Without filters there is no thread here: routing alone is not worth one (but conditions are
 * not for several threads at once, so that two inputs with conditional outputs do need it). */
#include "pipeline/filter_stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/input.h"
#include "pipeline/pipeline.h"
#include "pipeline/tier.h"
#include "record/condition.h"

static void dropped_set(struct batch *batch, uint64_t *dropped)
{
    batch->dropped_count = dropped ? bitmap_count(dropped, batch->pub.count) : 0;
    batch->dropped = batch->dropped_count ? dropped : NULL;
    batch->pub.dropped = batch->dropped;
}

/* The records for which `when` holds, as a bitmap; NULL when memory is short. */
static uint64_t *matching(const struct condition *when, struct batch *batch)
{
    uint64_t *match = batch_bitmap(batch);
    return match && condition_match(when, batch, match) == 0 ? match : NULL;
}

static void apply_where(struct filter *filter, struct batch *batch)
{
    const size_t words = bitmap_words(batch->pub.count);
    uint64_t *match = matching(filter->host.config->when, batch);
    uint64_t *hidden = batch_bitmap(batch);
    if (!match || !hidden) {
        weir_error(&filter->host, "out of memory: records pass without this filter",
                   weir_kv_int("records", batch->pub.count));
        return;
    }
    if (bitmap_count(match, batch->pub.count) == 0)
        return;
    uint64_t *before = batch->dropped;
    const uint32_t tail = batch->pub.count % 64;
    for (size_t i = 0; i < words; i++)
        hidden[i] = ~match[i]; /* a dropped record never matches */
    if (tail)
        hidden[words - 1] &= ((uint64_t)1 << tail) - 1;
    dropped_set(batch, hidden);
    filter->host.config->plugin->filter.apply(filter->host.config->state, &batch->pub);
    if (!batch->dropped) /* everything matched, and nothing was dropped */
        memset(hidden, 0, words * sizeof(*hidden));
    else if (batch->dropped != hidden)
        memcpy(hidden, batch->dropped, words * sizeof(*hidden));
    for (size_t i = 0; i < words; i++)
        hidden[i] = (hidden[i] & match[i]) | (before ? before[i] : 0);
    dropped_set(batch, hidden);
}

static void stage_filter(struct filter_stage *stage, struct batch *batch)
{
    for (unsigned i = 0; i < stage->count && batch->dropped_count < batch->pub.count; i++) {
        struct filter *filter = &stage->filters[i];
        uint32_t before = batch->dropped_count;
        metric_add(filter->records, batch->pub.count - before);
        if (filter->host.config->when)
            apply_where(filter, batch);
        else
            filter->host.config->plugin->filter.apply(filter->host.config->state, &batch->pub);
        batch->filtered[i] = batch->dropped_count - before;
        metric_add(filter->filtered, batch->filtered[i]);
    }
}

/* How far the clock of the first record that has an event time is from ours. */
static void stage_measure_skew(struct filter_stage *stage, const struct batch *batch)
{
    const struct weir_batch *pub = &batch->pub;
    if (!pub->records)
        return;
    for (uint32_t i = 0; i < pub->count; i++)
        if (!weir_batch_is_dropped(pub, i)) {
            int64_t event = pub->records[i].event_time, skew;
            /* A text may tell of any year that 64 bits can hold. */
            if (event != WEIR_TIME_UNSET &&
                !__builtin_sub_overflow(weir_batch_run(pub, i)->observed, event, &skew))
                metric_set(stage->skew, skew);
            return;
        }
}

static uint64_t all_outputs(size_t count)
{
    return ((uint64_t)2 << (count - 1)) - 1;
}

/* Which outputs take what. Sets routed, masks, unrouted_count. */
static void stage_route(struct filter_stage *stage, struct batch *batch)
{
    struct pipeline *pipeline = stage->pipeline;
    const size_t words = bitmap_words(batch->pub.count);
    uint32_t live = batch->pub.count - batch->dropped_count;
    batch->routed = live ? stage->always : 0;
    if (!live || stage->always == all_outputs(pipeline->output_count))
        return;
    uint64_t *any = batch_bitmap(batch);
    batch->masks = weir_batch_alloc(&batch->pub, pipeline->output_count * sizeof(batch->masks[0]));
    for (size_t i = 0; i < pipeline->output_count; i++) {
        const struct config_plugin *output = &pipeline->config->outputs[i];
        if (batch->masks)
            batch->masks[i] = NULL;
        if (!output->when)
            continue;
        uint64_t *match = batch->masks && any ? matching(output->when, batch) : NULL;
        if (!match) { /* memory is short: rather too much than lost */
            batch->routed |= (uint64_t)1 << i;
            continue;
        }
        batch->masks[i] = match;
        if (bitmap_count(match, batch->pub.count))
            batch->routed |= (uint64_t)1 << i;
        for (size_t word = 0; word < words; word++)
            any[word] |= match[word];
    }
    bool all_seen = batch->masks && any && !stage->always;
    for (size_t i = 0; all_seen && i < pipeline->output_count; i++)
        all_seen = batch->masks[i] != NULL;
    batch->unrouted_count = all_seen ? live - bitmap_count(any, batch->pub.count) : 0;
    metric_add(stage->unrouted, batch->unrouted_count);
}

/* The outputs' accounts have it before they can. */
static void stage_append(struct filter_stage *stage, struct batch *batch)
{
    for (uint64_t left = batch->routed; left; left &= left - 1) {
        unsigned output = (unsigned)__builtin_ctzll(left);
        ledger_route(&stage->pipeline->ledger, output, batch_records_for(batch, output));
    }
    const bool vanishing = batch->vanishing;
    log_append(stage->pipeline->log, batch); /* and it may be gone */
    if (vanishing)
        tier_rescue(stage->pipeline->tier);
    tier_look(stage->pipeline->tier);
}

static void stage_take(struct filter_stage *stage, struct batch *batch)
{
    if (stage->count) {
        batch->filtered = weir_batch_alloc(&batch->pub, stage->count * sizeof(batch->filtered[0]));
        if (batch->filtered) {
            memset(batch->filtered, 0, stage->count * sizeof(batch->filtered[0]));
            stage_filter(stage, batch);
            stage_measure_skew(stage, batch);
        } else {
            msg_error(stage->pipeline->env->messenger, "out of memory: records pass unfiltered",
                      weir_kv_str("pipeline", stage->pipeline->name));
        }
    }
    stage_route(stage, batch);
    atomic_fetch_add(&stage->beyond, 1);
    if (batch->routed)
        stage_append(stage, batch);
    else
        input_return(batch);
}

/* How much larger filters make the batch, at most, when they do what filters do: each record with a few
 * fields, each member of its JSON a field. Rare excess is no harm: it is charged like all memory. */
static size_t stage_growth(const struct filter_stage *stage, const struct batch *batch)
{
    const size_t per_record = sizeof(struct weir_record) + 8 * sizeof(struct weir_field);
    const size_t bitmaps = stage->count + stage->pipeline->output_count + 1;
    size_t growth = ARENA_CHUNK_BYTES + bitmaps * batch->pub.count / 8;
    if (stage->count)
        growth += batch->pub.count * per_record + 4 * (size_t)batch->bytes;
    return growth;
}

static bool stage_has_room(const struct filter_stage *stage, const struct batch *batch)
{
    const struct budget *budget = &stage->pipeline->budget;
    const size_t growth = stage_growth(stage, batch), used = budget_used(budget);
    if (used + growth + block_pool_bytes(&stage->pipeline->blocks) > budget->max)
        block_pool_trim(&stage->pipeline->blocks); /* spare chunks are what the growth is made of */
    return used + growth <= budget->max || atomic_load(&stage->beyond) == 0;
}

/* Whether the batch may go through; else the stage is woken when memory has come back. */
static bool stage_admits(struct filter_stage *stage, const struct batch *batch)
{
    if (stage_has_room(stage, batch))
        return true;
    atomic_store(&stage->waiting, true);
    /* Memory that was given back before the mark stood there woke nobody: look again. */
    if (!stage_has_room(stage, batch)) {
        tier_look(stage->pipeline->tier);
        return false;
    }
    atomic_store(&stage->waiting, false);
    return true;
}

/* The next batch: of those that are out of the ring already, then of what has come meanwhile. */
static struct batch *stage_next(struct filter_stage *stage)
{
    if (!stage->pending)
        stage->pending = ring_take_all(&stage->ring);
    return stage->pending;
}

static void stage_woken(void *arg)
{
    struct filter_stage *stage = arg;
    struct batch *batch;
    atomic_store(&stage->waiting, false);
    while ((batch = stage_next(stage)) && !atomic_load(&stage->worker.stop) &&
           stage_admits(stage, batch)) {
        stage->pending = batch->next;
        stage_take(stage, batch);
    }
}

void filter_stage_back(struct filter_stage *stage)
{
    atomic_fetch_sub(&stage->beyond, 1);
}

void filter_stage_put(struct filter_stage *stage, struct batch *batch)
{
    if (stage->direct)
        stage_take(stage, batch);
    else if (ring_put(&stage->ring, batch))
        worker_wake(&stage->worker);
}

static int filter_open(struct filter_stage *stage, unsigned index, struct weir_error *err)
{
    struct filter *filter = &stage->filters[index];
    host_init(&filter->host, WEIR_FILTER, stage->pipeline,
              &stage->pipeline->config->filters[index]);
    filter->host.loop = stage->worker.loop;
    filter->records = host_metric(&filter->host, "weir_filter_records_total",
                                  "Records that came to the filter.", METRIC_COUNTER, 1);
    filter->filtered = host_metric(&filter->host, "weir_filtered_records_total",
                                   "Records that the filter took out.", METRIC_COUNTER, 1);
    return host_open(&filter->host, err);
}

int filter_stage_init(struct filter_stage *stage, struct pipeline *pipeline, struct weir_error *err)
{
    const struct config_pipeline *config = pipeline->config;
    *stage = (struct filter_stage){ .pipeline = pipeline, .count = (unsigned)config->filter_count };
    ring_init(&stage->ring);
    const struct metric_label labels[] = { { "pipeline", pipeline->name }, { "plugin", "route" } };
    stage->unrouted =
        metrics_series(pipeline->env->metrics, "weir_filtered_records_total",
                       "Records that the filter took out.", METRIC_COUNTER, 1, labels, 2);
    stage->skew = metrics_series(pipeline->env->metrics, "weir_event_time_skew_seconds",
                                 "Observed time less event time, of a recent record.", METRIC_GAUGE,
                                 1e9, labels, 1);
    for (size_t i = 0; i < config->output_count; i++)
        if (!config->outputs[i].when)
            stage->always |= (uint64_t)1 << i;
    bool conditions = stage->always != all_outputs(config->output_count);
    stage->direct = stage->count == 0 && (!conditions || config->input_count == 1);
    int r = worker_init(&stage->worker, stage_woken, stage);
    if (r == 0 && stage->count)
        stage->filters = calloc(stage->count, sizeof(stage->filters[0]));
    if (r == 0 && stage->count && !stage->filters)
        r = -ENOMEM;
    if (r < 0)
        return weir_error_set(err, r, "cannot set up the filters of pipeline %s: %s",
                              pipeline->name, strerror(-r));
    for (unsigned i = 0; i < stage->count && r == 0; i++)
        r = filter_open(stage, i, err);
    return r;
}

struct batch *filter_stage_abandon(struct filter_stage *stage)
{
    if (!stage->pipeline)
        return NULL;
    struct batch *batches = stage->pending, **last = &batches;
    while (*last)
        last = &(*last)->next;
    *last = ring_take_all(&stage->ring);
    stage->pending = NULL;
    return batches;
}

void filter_stage_deinit(struct filter_stage *stage)
{
    if (!stage->pipeline)
        return;
    for (unsigned i = 0; stage->filters && i < stage->count; i++)
        host_close(&stage->filters[i].host);
    free(stage->filters);
    worker_deinit(&stage->worker);
    ring_deinit(&stage->ring);
}

int filter_stage_start(struct filter_stage *stage)
{
    return stage->direct ? 0 : worker_start(&stage->worker, "filters");
}
