/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/ledger.h"

#include <assert.h>

const char *const ledger_drop_names[LEDGER_DROPS] = {
    [LEDGER_REJECTED] = "rejected",
};

void ledger_init(struct ledger *ledger, unsigned filter_count)
{
    assert(filter_count <= LEDGER_FILTERS_MAX);
    *ledger = (struct ledger){ .filter_count = filter_count };
    pthread_mutex_init(&ledger->lock, NULL);
}

void ledger_deinit(struct ledger *ledger)
{
    pthread_mutex_destroy(&ledger->lock);
}

void ledger_read(struct ledger *ledger, uint64_t records)
{
    pthread_mutex_lock(&ledger->lock);
    ledger->counts.read += records;
    ledger->counts.held += records;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_settle(struct ledger *ledger, const struct ledger_fates *fates)
{
    pthread_mutex_lock(&ledger->lock);
    struct ledger_fates *sums = &ledger->counts.fates;
    sums->delivered += fates->delivered;
    for (unsigned i = 0; i < ledger->filter_count; i++)
        sums->filtered[i] += fates->filtered[i];
    for (unsigned i = 0; i < LEDGER_DROPS; i++)
        sums->dropped[i] += fates->dropped[i];
    ledger->counts.held -= fates->records;
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
    uint64_t answered = sums->delivered;
    for (unsigned i = 0; i < filter_count; i++)
        answered += sums->filtered[i];
    for (unsigned i = 0; i < LEDGER_DROPS; i++)
        answered += sums->dropped[i];
    return (int64_t)(counts->read - answered - counts->held);
}
