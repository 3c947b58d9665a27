/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_DELIVERY_H
#define WEIR_PIPELINE_DELIVERY_H

#include <stdatomic.h>
#include <weir/host.h>

#include "record/batch.h"

struct output;
struct rejections;

/* One batch on its way to one output. Made once and used again; `batch` is NULL while it is not. */
struct weir_delivery {
    struct output *output;
    struct batch *batch;
    struct batch *owned; /* the same when it was made of a frame: nobody else knows it; else NULL */
    struct weir_slice slice;    /* what is to be sent now */
    uint32_t records;           /* in the slice */
    _Atomic uint32_t unsettled; /* of them */
    unsigned tries;
    int64_t begun;  /* nanoseconds since 1970 UTC */
    uint64_t order; /* among the output's deliveries: that of the log */
    struct weir_delivery *next;
    /* From malloc, NULL until needed; set under the output's lock. */
    uint64_t *mask;  /* behind slice.mask when it is a part of the batch that is sent again */
    uint64_t *retry; /* settled as WEIR_RETRY in this try, */
    bool retry_all;  /* in the place of that: all of the slice was, at once */
    struct rejections
        *rejections; /* settled as WEIR_REJECTED or WEIR_DROPPED, in any try, and why */
};

/* Begins with all of the batch that the output takes. */
void delivery_begin(struct weir_delivery *delivery, struct batch *batch, const uint64_t *mask);
/* How many records of this try are to be tried again; when all are settled. */
uint32_t delivery_retries(const struct weir_delivery *delivery);
/* Narrows the slice to them: false when there are none. */
bool delivery_again(struct weir_delivery *delivery);
void delivery_end(struct weir_delivery *delivery);

#endif
