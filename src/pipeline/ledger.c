/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/ledger.h"

#include <assert.h>

const char *const ledger_drop_names[LEDGER_DROPS] = {
    [LEDGER_REJECTED] = "rejected",       [LEDGER_DEAD_LETTER_FULL] = "dead_letter_full",
    [LEDGER_CORRUPT] = "corrupt",         [LEDGER_DROP_OLDEST] = "drop_oldest",
    [LEDGER_DROP_NEWEST] = "drop_newest", [LEDGER_SHED] = "shed",
};

void ledger_init(struct ledger *ledger, unsigned filter_count, unsigned output_count)
{
    assert(filter_count <= LEDGER_FILTERS_MAX && output_count <= LEDGER_OUTPUTS_MAX);
    *ledger = (struct ledger){ .filter_count = filter_count, .output_count = output_count };
    pthread_mutex_init(&ledger->lock, NULL);
}

void ledger_deinit(struct ledger *ledger)
{
    pthread_mutex_destroy(&ledger->lock);
}

static void ledger_came(struct ledger *ledger, uint64_t *from, uint64_t records)
{
    pthread_mutex_lock(&ledger->lock);
    *from += records;
    ledger->counts.held += records;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_read(struct ledger *ledger, uint64_t records)
{
    ledger_came(ledger, &ledger->counts.read, records);
}

void ledger_recovered(struct ledger *ledger, uint64_t records)
{
    ledger_came(ledger, &ledger->counts.recovered, records);
}

void ledger_replayed(struct ledger *ledger, uint64_t records)
{
    ledger_came(ledger, &ledger->counts.replayed, records);
}

/* Moves what has gone of the dead letters to the dropped ones, as far as it is counted there. */
static void move_gone(uint64_t *gone, uint64_t *dead_lettered, uint64_t *dropped)
{
    const uint64_t moved = *gone < *dead_lettered ? *gone : *dead_lettered;
    *gone -= moved;
    *dead_lettered -= moved;
    dropped[LEDGER_DEAD_LETTER_FULL] += moved;
}

void ledger_fates_before(const struct batch *batch, unsigned filter_count, struct ledger_fates *ret)
{
    *ret = (struct ledger_fates){ .records = batch->pub.count - batch_live(batch) };
    for (unsigned i = 0; batch->filtered && i < filter_count - 1; i++)
        ret->filtered[i] = batch->filtered[i];
    ret->filtered[filter_count - 1] = batch->unrouted_count;
    ret->dropped[LEDGER_SHED] = batch->shed_count;
}

/* What outputs said about the rest. */
static void fates_after(const struct batch *batch, struct ledger_fates *ret)
{
    const uint32_t live = batch_live(batch);
    ret->records += live;
    if (batch->given_up) {
        ret->dropped[batch->given_up - 1] += live;
        return;
    }
    uint64_t dropped = 0;
    for (size_t i = 0; i < bitmap_words(batch->pub.count); i++) {
        const uint64_t rejected = batch->rejected ? batch->rejected[i] : 0;
        const uint64_t parked = batch->parked ? batch->parked[i] : 0;
        dropped += (unsigned)__builtin_popcountll(rejected);
        ret->dead_lettered += (unsigned)__builtin_popcountll(parked & ~rejected);
    }
    ret->dropped[LEDGER_REJECTED] = dropped;
    ret->delivered = live - dropped - ret->dead_lettered;
}

void ledger_fates_of(const struct batch *batch, unsigned filter_count, struct ledger_fates *ret)
{
    *ret = (struct ledger_fates){ 0 };
    if (!batch->counted)
        ledger_fates_before(batch, filter_count, ret);
    if (!batch->on_disk)
        fates_after(batch, ret);
}

void ledger_settle(struct ledger *ledger, const struct ledger_fates *fates)
{
    pthread_mutex_lock(&ledger->lock);
    struct ledger_fates *sums = &ledger->counts.fates;
    sums->delivered += fates->delivered;
    sums->dead_lettered += fates->dead_lettered;
    for (unsigned i = 0; i < ledger->filter_count; i++)
        sums->filtered[i] += fates->filtered[i];
    for (unsigned i = 0; i < LEDGER_DROPS; i++)
        sums->dropped[i] += fates->dropped[i];
    move_gone(&ledger->gone, &sums->dead_lettered, sums->dropped);
    ledger->counts.held -= fates->records;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_route(struct ledger *ledger, unsigned output, uint64_t records)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->counts.outputs[output].routed += records;
    ledger->counts.outputs[output].held += records;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_answer(struct ledger *ledger, unsigned output, const struct ledger_answers *answers)
{
    pthread_mutex_lock(&ledger->lock);
    struct ledger_answers *sums = &ledger->counts.outputs[output].answers;
    sums->delivered += answers->delivered;
    sums->dead_lettered += answers->dead_lettered;
    for (unsigned i = 0; i < LEDGER_DROPS; i++)
        sums->dropped[i] += answers->dropped[i];
    move_gone(&ledger->output_gone[output], &sums->dead_lettered, sums->dropped);
    ledger->counts.outputs[output].held -= answers->records;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_give_up(struct ledger *ledger, unsigned output, uint64_t records, enum ledger_drop why)
{
    pthread_mutex_lock(&ledger->lock);
    struct ledger_output *own = &ledger->counts.outputs[output];
    if (own->held < records) {
        own->routed += records - own->held;
        own->held = records;
    }
    own->held -= records;
    own->answers.dropped[why] += records;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_dead_letters_gone(struct ledger *ledger, unsigned output, uint64_t records)
{
    pthread_mutex_lock(&ledger->lock);
    struct ledger_fates *sums = &ledger->counts.fates;
    struct ledger_answers *own = &ledger->counts.outputs[output].answers;
    ledger->gone += records;
    ledger->output_gone[output] += records;
    move_gone(&ledger->gone, &sums->dead_lettered, sums->dropped);
    move_gone(&ledger->output_gone[output], &own->dead_lettered, own->dropped);
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_snapshot(struct ledger *ledger, struct ledger_counts *ret)
{
    pthread_mutex_lock(&ledger->lock);
    *ret = ledger->counts;
    pthread_mutex_unlock(&ledger->lock);
}

uint64_t ledger_held(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    uint64_t held = ledger->counts.held;
    pthread_mutex_unlock(&ledger->lock);
    return held;
}

int64_t ledger_residue(const struct ledger_counts *counts, unsigned filter_count)
{
    const struct ledger_fates *sums = &counts->fates;
    uint64_t answered = sums->delivered + sums->dead_lettered;
    for (unsigned i = 0; i < filter_count; i++)
        answered += sums->filtered[i];
    for (unsigned i = 0; i < LEDGER_DROPS; i++)
        answered += sums->dropped[i];
    return (int64_t)(counts->read + counts->recovered + counts->replayed - answered - counts->held);
}

int64_t ledger_output_residue(const struct ledger_output *output)
{
    uint64_t answered = output->answers.delivered + output->answers.dead_lettered;
    for (unsigned i = 0; i < LEDGER_DROPS; i++)
        answered += output->answers.dropped[i];
    return (int64_t)(output->routed - answered - output->held);
}
