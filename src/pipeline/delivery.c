/* SPDX-License-Identifier: Apache-2.0 */
/* Settling: an output gives each record of a delivery its outcome, once, in pieces of any size and from
 * any thread. In the usual case that is one call for all of it and one atomic subtraction. The words about what was
 * rejected exist only when there is such a record, and a bitmap of what is to be tried again when that is a part: a sink
 * that takes nothing, for want of memory maybe, costs none. */
#include "pipeline/delivery.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "pipeline/output.h"
#include "pipeline/rejections.h"

static uint32_t slice_count(const struct weir_slice *slice, uint32_t first, uint32_t count)
{
    const struct weir_batch *batch = slice->batch;
    if (!slice->mask && !batch->dropped)
        return count;
    uint32_t found = 0;
    for (uint32_t i = first; i < first + count; i++)
        found += weir_slice_has(slice, i);
    return found;
}

void delivery_begin(struct weir_delivery *delivery, struct batch *batch, const uint64_t *mask)
{
    delivery->batch = batch;
    delivery->owned = batch->thawed ? batch : NULL;
    delivery->tries = 1;
    delivery->begun = clock_wall();
    delivery->slice =
        (struct weir_slice){ .batch = &batch->pub, .mask = mask, .count = batch->pub.count };
    delivery->records = slice_count(&delivery->slice, 0, batch->pub.count);
    atomic_store(&delivery->unsettled, delivery->records);
}

uint32_t delivery_retries(const struct weir_delivery *delivery)
{
    if (delivery->retry_all)
        return delivery->records;
    return delivery->retry ? bitmap_count(delivery->retry, delivery->slice.count) : 0;
}

bool delivery_again(struct weir_delivery *delivery)
{
    if (!delivery->retry && !delivery->retry_all)
        return false;
    if (delivery->retry) {
        free(delivery->mask);
        delivery->mask = delivery->retry;
        delivery->retry = NULL;
        delivery->slice.mask = delivery->mask;
    }
    delivery->retry_all = false;
    delivery->records = slice_count(&delivery->slice, 0, delivery->slice.count);
    delivery->tries++;
    atomic_store(&delivery->unsettled, delivery->records);
    return true;
}

void delivery_end(struct weir_delivery *delivery)
{
    free(delivery->mask);
    free(delivery->retry);
    delivery->mask = delivery->retry = NULL;
    delivery->retry_all = false;
    delivery->rejections = rejections_free(delivery->rejections);
    delivery->batch = delivery->owned = NULL;
}

const struct weir_slice *weir_delivery_slice(const struct weir_delivery *delivery)
{
    return &delivery->slice;
}

static void bits_set(uint64_t **bits, const struct weir_slice *slice, uint32_t first,
                     uint32_t count)
{
    if (!*bits)
        *bits = calloc(bitmap_words(slice->batch->count), sizeof((*bits)[0]));
    assert(*bits); /* some bytes a batch: without them an answer would be lost */
    for (uint32_t i = first; i < first + count; i++)
        if (weir_slice_has(slice, i))
            (*bits)[i / 64] |= (uint64_t)1 << (i % 64);
}

void weir_settle(struct weir_delivery *delivery, uint32_t first, uint32_t count,
                 enum weir_outcome outcome, struct weir_str why)
{
    struct output *output = delivery->output;
    uint32_t records = slice_count(&delivery->slice, first, count);
    if (records == 0)
        return;
    if (outcome != WEIR_DELIVERED) {
        pthread_mutex_lock(&output->lock);
        if (outcome == WEIR_RETRY && records == delivery->records)
            delivery->retry_all = true;
        else if (outcome == WEIR_RETRY)
            bits_set(&delivery->retry, &delivery->slice, first, count);
        else
            rejections_add(&delivery->rejections, &delivery->slice, first, count,
                           outcome == WEIR_DROPPED ? REJECTION_DROPPED : REJECTION_NEW, why,
                           delivery->tries);
        output_set_reason(output, why);
        pthread_mutex_unlock(&output->lock);
    }
    uint32_t before = atomic_fetch_sub(&delivery->unsettled, records);
    assert(before >= records); /* a record was settled twice */
    if (before == records)
        output_delivery_settled(output, delivery);
}

void weir_settle_all(struct weir_delivery *delivery, enum weir_outcome outcome, struct weir_str why)
{
    weir_settle(delivery, delivery->slice.first, delivery->slice.count, outcome, why);
}
