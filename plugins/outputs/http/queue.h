/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_QUEUE_H
#define OUTPUTS_HTTP_QUEUE_H

#include <weir/http.h>

/* What waits to be sent, by stream. See queue.c. */

#define QUEUE_BUCKETS 64

/* A delivery that is under way. */
struct http_held {
    struct weir_delivery *delivery; /* NULL: the slot is free */
    struct weir_slice slice;
    uint32_t unsettled; /* records */
    uint64_t sequence;  /* deliveries are numbered as they come */
    /* For lane.c: records before this one are spread over the lanes; and the next that is not spread whole. */
    uint32_t spread;
    struct http_held *next;
};

/* Records of one delivery that stand together and go the same way. */
struct http_piece {
    struct http_held *held;
    uint32_t first, count;
};

struct http_bucket {
    struct http_piece *pieces; /* from `head` on */
    size_t head, count, room;
    uint64_t bytes;   /* of the batches' data that its pieces span */
    uint64_t records; /* in them, those that a slice leaves out included */
};

struct http_queue {
    struct http_bucket buckets[QUEUE_BUCKETS];
    uint64_t waiting; /* a bit for each bucket that has pieces */
    size_t pieces;
    uint64_t next_sequence;
    bool unordered; /* streams do not matter: there is one bucket, and nobody holds it */
};

/* The records that a slice has among [first, first + count). */
uint32_t http_slice_count(const struct weir_slice *slice, uint32_t first, uint32_t count);

/* Spreads the records of a delivery, which is in `held`, over the buckets of their streams: 0, or -ENOMEM, and
 * then nothing of it is in the queue. */
WEIR_MUST_USE int http_queue_add(struct http_queue *queue, struct http_held *held);

/* Adds records of one stream, behind all others of it: 0 or -ENOMEM. */
WEIR_MUST_USE int http_queue_push(struct http_queue *queue, const struct weir_stream *stream,
                                  const struct http_piece *piece);

/* Of the buckets in `among`, which must not all be empty, the one whose first piece is the oldest. */
unsigned http_queue_oldest(const struct http_queue *queue, uint64_t among);
/* What waits in these buckets: in bytes of the batches' data, and in records, give or take some. */
struct http_waiting {
    uint64_t bytes, records;
};
struct http_waiting http_queue_waiting(const struct http_queue *queue, uint64_t among);

/* The first piece of a bucket that has one, and taking its first `count` records away. */
static inline const struct http_piece *http_queue_first(const struct http_queue *queue,
                                                        unsigned bucket)
{
    return &queue->buckets[bucket].pieces[queue->buckets[bucket].head];
}
void http_queue_take(struct http_queue *queue, unsigned bucket, uint32_t count);

void http_queue_deinit(struct http_queue *queue);

#endif
