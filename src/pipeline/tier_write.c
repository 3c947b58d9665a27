/* SPDX-License-Identifier: Apache-2.0 */
/* How one batch is written: frozen, less what is shed, appended, and room made for it where the policy has it
 * so. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer/frozen.h"
#include "config/config.h"
#include "pipeline/pipeline.h"
#include "pipeline/tier.h"

/* Frames larger than that are rare: the memory that they were made in is not kept. */
#define KEEP_BYTES ((size_t)1 << 20)
/* The highest severities that shed.debug, .info and .warn refuse: weir/severity.h. */
#define SHED_DEBUG 8
#define SHED_INFO 12
#define SHED_WARN 16

/* ---- shedding ------------------------------------------------------------------------------------------ */

/* Records of this severity and below are refused now; 0: none are. */
static unsigned shed_level(const struct tier *tier)
{
    const struct config_buffer *config = tier->config;
    const uint64_t percent = 100 * store_bytes(tier->store) / config->disk;
    if (config->shed_warn && percent >= (uint64_t)config->shed_warn)
        return SHED_WARN;
    if (config->shed_info && percent >= (uint64_t)config->shed_info)
        return SHED_INFO;
    if (config->shed_debug && percent >= (uint64_t)config->shed_debug)
        return SHED_DEBUG;
    return 0;
}

/* Whether some output takes record `i`. */
static bool is_routed(const struct batch *batch, uint32_t i)
{
    for (uint64_t left = batch->masks ? batch->routed : 0; left; left &= left - 1) {
        const uint64_t *mask = batch->masks[__builtin_ctzll(left)];
        if (!mask || mask[i / 64] >> (i % 64) & 1)
            return true;
    }
    return !batch->masks;
}

/* Marks live records with a severity of at most `level`; whether there is one. A record without a severity
 * stays: nothing is known about it. */
static bool mark_shed(const struct batch *batch, unsigned level, uint64_t *bits)
{
    const struct weir_batch *pub = &batch->pub;
    bool any = false;
    for (uint32_t i = 0; i < pub->count; i++) {
        const unsigned severity = pub->records[i].severity;
        if (severity == 0 || severity > level || weir_batch_is_dropped(pub, i) ||
            !is_routed(batch, i))
            continue;
        bits[i / 64] |= (uint64_t)1 << (i % 64);
        any = true;
    }
    return any;
}

static void shed(struct tier *tier, struct batch *batch)
{
    struct pipeline *pipeline = tier->pipeline;
    const unsigned level = shed_level(tier);
    if (!level || !batch->pub.records || batch->counted)
        return;
    if (!batch->dropped)
        batch->dropped = batch_bitmap(batch);
    if (!batch->dropped) /* memory is short: they stay */
        return;
    uint64_t *bits = calloc(bitmap_words(batch->pub.count), sizeof(*bits));
    uint32_t before[LOG_READERS_MAX];
    for (unsigned i = 0; i < pipeline->output_count; i++)
        before[i] = batch->routed >> i & 1 ? batch_records_for(batch, i) : 0;
    if (bits && mark_shed(batch, level, bits) && log_shed(pipeline->log, batch, bits))
        for (unsigned i = 0; i < pipeline->output_count; i++) {
            const uint32_t left = before[i] ? batch_records_for(batch, i) : 0;
            struct ledger_answers answers = { .records = before[i] - left };
            answers.dropped[LEDGER_SHED] = answers.records;
            ledger_answer(&pipeline->ledger, i, &answers);
        }
    free(bits);
}

/* ---- room ------------------------------------------------------------------------------------------------- */

static void count_lost(struct tier *tier, const struct store_lost *lost)
{
    struct ledger *ledger = &tier->pipeline->ledger;
    struct ledger_fates fates = { .records = lost->records };
    fates.dropped[LEDGER_DROP_OLDEST] = lost->records;
    ledger_settle(ledger, &fates);
    for (unsigned i = 0; i < tier->pipeline->output_count; i++)
        ledger_give_up(ledger, i, lost->of_reader[i], LEDGER_DROP_OLDEST);
}

/* Segments that everyone has acked, then, where the policy is so, the oldest that is held. */
static bool make_room(struct tier *tier)
{
    struct store_lost lost = { 0 };
    const bool held = tier->config->when_full == WHEN_FULL_DROP_OLDEST;
    if (store_make_room(tier->store, held, &lost) != 1)
        return false;
    log_forget(tier->pipeline->log, lost.end);
    if (lost.records) {
        count_lost(tier, &lost);
        tier_say(tier, TIER_FULL, "the oldest records are dropped (when_full: drop_oldest)");
    }
    return true;
}

/* Gives up the newest batch that nobody reads. */
static void drop_newest(struct tier *tier)
{
    struct pipeline *pipeline = tier->pipeline;
    uint64_t readers;
    struct batch *batch = log_drop_newest(pipeline->log, &readers);
    if (!batch)
        return;
    for (; readers; readers &= readers - 1) {
        const unsigned index = (unsigned)__builtin_ctzll(readers);
        struct ledger_answers answers = { .records = batch_records_for(batch, index) };
        answers.dropped[LEDGER_DROP_NEWEST] = answers.records;
        ledger_answer(&pipeline->ledger, index, &answers);
    }
    batch->given_up = 1 + LEDGER_DROP_NEWEST;
    pipeline_give_back(pipeline, batch);
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

static void tell_full(struct tier *tier)
{
    const bool newest = tier->config->when_full == WHEN_FULL_DROP_NEWEST;
    tier_say(tier, TIER_FULL,
             newest ? "the newest records are dropped (when_full: drop_newest)"
                    : "inputs wait until outputs have taken some (when_full: block)");
}

/* 0 with *ret_head, or a negative errno, said. */
static int append(struct tier *tier, struct batch *batch, struct frame_head *ret_head)
{
    static_assert((int)COMPRESSION_LZ4 == FRAME_LZ4 && (int)COMPRESSION_ZSTD == FRAME_ZSTD,
                  "one order");
    int r = frozen_make(batch, NULL, batch->routed, (enum frame_codec)tier->config->compression,
                        &tier->scratch, &tier->frame, ret_head);
    while (r == 0) {
        r = store_append(tier->store, (uint8_t *)tier->frame.data, tier->frame.len, ret_head);
        if (r != STORE_FULL || !make_room(tier))
            break;
        r = 0;
    }
    if (r == 0)
        return 0;
    if (r == STORE_FULL) {
        tell_full(tier);
        return -ENOSPC;
    }
    metric_add(tier->errors, 1);
    tier_say(tier, TIER_FAILING, strerror(-r));
    return r;
}

static void trim_scratch(struct weir_bytes *bytes)
{
    if (bytes->cap > KEEP_BYTES)
        weir_bytes_free(bytes);
}

int tier_write_one(struct tier *tier)
{
    struct pipeline *pipeline = tier->pipeline;
    struct frame_head head;
    struct batch *batch = log_write_begin(pipeline->log);
    if (!batch)
        return 1;
    shed(tier, batch);
    int r = batch->routed ? append(tier, batch, &head) : 0;
    if (r == 0 && batch->routed) {
        tier->unsynced += tier->frame.len;
        tier_say(tier, TIER_OK, "");
        metric_add(tier->spilled, head.records);
        metric_add(tier->spilled_bytes, (int64_t)tier->frame.len);
    }
    if (log_write_end(pipeline->log, batch, r == 0 && batch->routed ? &head : NULL))
        pipeline_give_back(pipeline, batch);
    trim_scratch(&tier->scratch);
    trim_scratch(&tier->frame);
    if (r < 0) /* what was written before it may have gone with the file */
        (void)tier_sync(tier);
    if (r == -ENOSPC && atomic_load(&tier->state) == TIER_FULL &&
        tier->config->when_full == WHEN_FULL_DROP_NEWEST && tier_is_pressed(tier))
        drop_newest(tier);
    return r;
}

int tier_sync(struct tier *tier)
{
    int r = store_sync(tier->store);
    tier->unsynced = 0;
    tier->sync_at = 0;
    if (r < 0) {
        metric_add(tier->errors, 1);
        log_rewound(tier->pipeline->log);
        tier_say(tier, TIER_FAILING, strerror(-r));
        return r;
    }
    metric_add(tier->syncs, 1);
    log_synced(tier->pipeline->log);
    return 0;
}
