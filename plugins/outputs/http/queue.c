/* SPDX-License-Identifier: Apache-2.0 */
/* Records that wait, in 64 buckets: a stream's records are all in one bucket, in the order of the log. A
 * request takes from one or several buckets, each from its front, and holds these until it has been answered; so
 * requests that are under way at the same time hold disjoint streams, whatever they are made of, and
 * each stream arrives in order.
 *
 *     bucket 0   [d1 0..9]  [d3 40..60]            d1, d2, d3: deliveries; each piece a range of records
 *     bucket 1   [d1 10..12] [d2 0..300]
 *     ...
 *
 * A set of buckets is one 64-bit number. Two streams that share a bucket wait for each other now and then,
 * and nothing worse: with more buckets than requests under way that costs little.
 *
 * Which streams go together is decided when a request is made and not before: the oldest bucket first, and the
 * next only when that one does not fill the request. So one busy stream fills requests of its own,
 * and a thousand quiet ones share one, without a setting.
 *
 * Rejected: a fixed lane for each of N requests (with little to send, N small requests instead of one); a table of
 * streams (entries to be made, found and forgotten, for an order that buckets keep as well). */
#include "queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define ROOM_KEPT 16

uint32_t http_slice_count(const struct weir_slice *slice, uint32_t first, uint32_t count)
{
    if (!slice->mask && !slice->batch->dropped)
        return count;
    uint32_t found = 0;
    for (uint32_t i = first; i < first + count; i++)
        found += weir_slice_has(slice, i);
    return found;
}

/* The bytes of the lines that these records came from. */
static uint64_t span_bytes(const struct weir_batch *batch, uint32_t first, uint32_t count)
{
    uint32_t last = first + count - 1;
    if (!count)
        return 0;
    if (batch->records) {
        first = batch->records[first].line;
        last = batch->records[last].line;
    }
    return batch->ends[last] - (first ? batch->ends[first - 1] : 0);
}

static uint64_t piece_bytes(const struct http_piece *piece)
{
    return span_bytes(piece->held->slice.batch, piece->first, piece->count);
}

/* Records that were made of one line count it each: the sum is a good guess and not an exact one. */
static void count_off(struct http_bucket *bucket, uint64_t bytes, uint32_t records)
{
    bucket->bytes -= bytes < bucket->bytes ? bytes : bucket->bytes;
    bucket->records -= records;
}

static unsigned bucket_of(const struct http_queue *queue, const struct weir_stream *stream)
{
    if (queue->unordered)
        return 0;
    return (unsigned)(((uintptr_t)stream >> 4) * 0x9e3779b97f4a7c15u >> 58);
}

static struct http_piece *last_piece(struct http_bucket *bucket)
{
    return bucket->count ? &bucket->pieces[bucket->head + bucket->count - 1] : NULL;
}

int http_queue_push(struct http_queue *queue, const struct weir_stream *stream,
                    const struct http_piece *piece)
{
    const unsigned index = bucket_of(queue, stream);
    struct http_bucket *bucket = &queue->buckets[index];
    struct http_piece *last = last_piece(bucket);
    if (last && last->held == piece->held && last->first + last->count == piece->first) {
        last->count += piece->count;
    } else {
        if (bucket->head + bucket->count == bucket->room && bucket->head > bucket->room / 2) {
            memmove(bucket->pieces, &bucket->pieces[bucket->head],
                    bucket->count * sizeof(*bucket->pieces));
            bucket->head = 0;
        }
        if (bucket->head + bucket->count == bucket->room) {
            size_t room = bucket->room ? 2 * bucket->room : 16;
            struct http_piece *grown = reallocarray(bucket->pieces, room, sizeof(*grown));
            if (!grown)
                return -ENOMEM;
            bucket->pieces = grown;
            bucket->room = room;
        }
        bucket->pieces[bucket->head + bucket->count++] = *piece;
        queue->pieces++;
    }
    bucket->bytes += piece_bytes(piece);
    bucket->records += piece->count;
    queue->waiting |= (uint64_t)1 << index;
    return 0;
}

/* Takes back what was pushed of a delivery that did not get in whole: it is the newest everywhere. */
static void take_back(struct http_queue *queue, const struct http_held *held)
{
    for (unsigned i = 0; i < QUEUE_BUCKETS; i++) {
        struct http_bucket *bucket = &queue->buckets[i];
        struct http_piece *last;
        while ((last = last_piece(bucket)) && last->held == held) {
            count_off(bucket, piece_bytes(last), last->count);
            bucket->count--;
            queue->pieces--;
        }
        if (!bucket->count)
            queue->waiting &= ~((uint64_t)1 << i);
    }
}

int http_queue_add(struct http_queue *queue, struct http_held *held)
{
    const struct weir_slice *slice = &held->slice;
    held->sequence = queue->next_sequence++;
    for (uint32_t r = 0; r < slice->batch->run_count; r++) {
        const struct weir_run *run = &slice->batch->runs[r];
        struct http_piece piece = { held, run->first, run->count };
        if (http_slice_count(slice, piece.first, piece.count) == 0)
            continue;
        if (http_queue_push(queue, run->stream, &piece) < 0) {
            take_back(queue, held);
            return -ENOMEM;
        }
    }
    return 0;
}

unsigned http_queue_oldest(const struct http_queue *queue, uint64_t among)
{
    unsigned oldest = QUEUE_BUCKETS;
    uint64_t sequence = UINT64_MAX;
    for (among &= queue->waiting; among; among &= among - 1) {
        unsigned i = (unsigned)__builtin_ctzll(among);
        if (http_queue_first(queue, i)->held->sequence < sequence) {
            sequence = http_queue_first(queue, i)->held->sequence;
            oldest = i;
        }
    }
    assert(oldest < QUEUE_BUCKETS);
    return oldest;
}

struct http_waiting http_queue_waiting(const struct http_queue *queue, uint64_t among)
{
    struct http_waiting waiting = { 0 };
    for (among &= queue->waiting; among; among &= among - 1) {
        waiting.bytes += queue->buckets[__builtin_ctzll(among)].bytes;
        waiting.records += queue->buckets[__builtin_ctzll(among)].records;
    }
    return waiting;
}

void http_queue_take(struct http_queue *queue, unsigned index, uint32_t count)
{
    struct http_bucket *bucket = &queue->buckets[index];
    struct http_piece *piece = &bucket->pieces[bucket->head];
    assert(bucket->count > 0 && count <= piece->count);
    count_off(bucket, span_bytes(piece->held->slice.batch, piece->first, count), count);
    piece->first += count;
    piece->count -= count;
    if (piece->count)
        return;
    bucket->head++;
    queue->pieces--;
    if (--bucket->count == 0) {
        bucket->head = 0;
        bucket->bytes = 0;
        queue->waiting &= ~((uint64_t)1 << index);
        if (bucket->room > ROOM_KEPT) {
            free(bucket->pieces);
            bucket->pieces = NULL;
            bucket->room = 0;
        }
    }
}

void http_queue_deinit(struct http_queue *queue)
{
    for (unsigned i = 0; i < QUEUE_BUCKETS; i++)
        free(queue->buckets[i].pieces);
    *queue = (struct http_queue){ 0 };
}
