/* SPDX-License-Identifier: Apache-2.0 */
/* A job is a set of records and what it takes until the last of them has been answered. Mostly that is one
 * request. When it is not, the same records make further ones, one after the other:
 *
 *     items     0 ........................ 9999      10,000 records of several deliveries
 *     windows   [5000, 10000)                        what is to be sent: a stack, the last one first,
 *               [2500, 5000)                         here after a 400 and another
 *               [0, 2500)          <- this one now
 *     open      1111 0000 0010 ...                   not settled: the service has taken some of a window
 *
 * A body is made once and sent as often as it takes, the same bytes under the same key. It is made
 * again only when it is to hold other records: a half, or the items that the service sent back. The batch behind
 * a piece stays as long as a record of the piece is not settled, so nothing must be kept for that; a piece of which all
 * are settled is only counted over, for its delivery may have ended and its batch be gone.
 *
 * All the while the job holds its buckets: what comes later of these streams waits, and order is kept. */
#include "job.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECES_KEPT 256

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- walking over the items of a window --------------------------------------------------------------- */

struct walk {
    const struct http_job *job;
    uint32_t item, end; /* the item behind the one it stands at; the window's end */
    uint32_t piece;     /* the one it is in, */
    uint32_t left;      /* and items of that which come later */
    uint32_t record, from;
};

/* Records `from` .. the piece's end, the next that the slice has; there is one. */
static uint32_t next_record(const struct http_piece *piece, uint32_t from)
{
    const struct weir_slice part = { .batch = piece->held->slice.batch,
                                     .mask = piece->held->slice.mask,
                                     .first = piece->first,
                                     .count = piece->count };
    uint32_t record = weir_slice_next(&part, from);
    assert(record < piece->first + piece->count);
    return record;
}

static void walk_enter(struct walk *walk, uint32_t piece)
{
    assert(piece < walk->job->piece_count);
    walk->piece = piece;
    walk->left = walk->job->pieces[piece].items;
    walk->from = walk->job->pieces[piece].at.first;
}

/* Over one item, where it then stands; or, false, over several of a piece of which all are settled, up to `end`. */
static bool walk_step(struct walk *walk, uint32_t end)
{
    if (!walk->left)
        walk_enter(walk, walk->piece + 1);
    const struct http_job_piece *piece = &walk->job->pieces[walk->piece];
    if (!piece->unsettled) {
        uint32_t count = end - walk->item < walk->left ? end - walk->item : walk->left;
        walk->item += count;
        walk->left -= count;
        return false;
    }
    walk->record = next_record(&piece->at, walk->from);
    walk->from = walk->record + 1;
    walk->item++;
    walk->left--;
    return true;
}

static bool is_open(const struct http_job *job, uint32_t item)
{
    return !job->open || (job->open[item / 64] >> (item % 64) & 1);
}

static struct walk walk_begin(const struct http_job *job, struct http_window window)
{
    struct walk walk = { .job = job, .end = window.hi };
    walk_enter(&walk, 0);
    while (walk.item < window.lo)
        walk_step(&walk, window.lo);
    return walk;
}

/* To the next open item; false after the last. */
static bool walk_next(struct walk *walk)
{
    while (walk->item < walk->end)
        if (walk_step(walk, walk->end) && is_open(walk->job, walk->item - 1))
            return true;
    return false;
}

static struct http_held *walk_held(const struct walk *walk)
{
    return walk->job->pieces[walk->piece].at.held;
}

static struct http_window last_window(const struct http_job *job)
{
    assert(job->window_count > 0);
    return job->windows[job->window_count - 1];
}

/* ---- settling -------------------------------------------------------------------------------------------- */

/* Settles records of a piece, `records` in number. */
static void settle_range(struct http_job *job, struct http_held *held, uint32_t first,
                         uint32_t count, uint32_t records, enum weir_outcome outcome,
                         struct weir_str why)
{
    struct weir_delivery *delivery = held->delivery;
    assert(records <= held->unsettled && records <= job->unsettled);
    held->unsettled -= records;
    job->unsettled -= records;
    if (held->unsettled == 0)
        held->delivery = NULL; /* the next call ends it */
    weir_settle(delivery, first, count, outcome, why);
}

static bool is_whole(const struct http_job *job)
{
    struct http_window window = last_window(job);
    return !job->open && window.lo == 0 && window.hi == job->items;
}

static void settle_whole(struct http_job *job, enum weir_outcome outcome, struct weir_str why)
{
    for (uint32_t i = 0; i < job->piece_count; i++) {
        struct http_job_piece *piece = &job->pieces[i];
        piece->unsettled = 0;
        settle_range(job, piece->at.held, piece->at.first, piece->at.count, piece->items, outcome,
                     why);
    }
}

/* From here on items are settled one at a time. Without the memory for the bits nothing could be sent
 * in part: some bytes, as the host's own bits are. */
static void open_items(struct http_job *job)
{
    if (job->open)
        return;
    size_t words = ((size_t)job->items + 63) / 64;
    job->open = malloc(words * sizeof(job->open[0]));
    assert(job->open);
    memset(job->open, 0xff, words * sizeof(job->open[0]));
}

static void settle_item(struct http_job *job, const struct walk *at, enum weir_outcome outcome,
                        struct weir_str why)
{
    uint32_t item = at->item - 1;
    job->open[item / 64] &= ~((uint64_t)1 << (item % 64));
    job->pieces[at->piece].unsettled--;
    settle_range(job, walk_held(at), at->record, 1, 1, outcome, why);
}

uint32_t http_job_settle(struct http_job *job, enum weir_outcome outcome, struct weir_str why)
{
    uint32_t before = job->unsettled;
    if (is_whole(job)) {
        settle_whole(job, outcome, why);
    } else {
        open_items(job);
        for (struct walk walk = walk_begin(job, last_window(job)); walk_next(&walk);)
            settle_item(job, &walk, outcome, why);
    }
    job->window_count--;
    return before - job->unsettled;
}

void http_job_settle_each(struct http_job *job, const struct weir_http_verdicts *verdicts,
                          enum weir_outcome rejected)
{
    uint32_t index = 0, open = 0;
    size_t word = 0;
    open_items(job);
    for (struct walk walk = walk_begin(job, last_window(job)); walk_next(&walk); index++) {
        switch (http_verdict_of(verdicts, index)) {
        case WEIR_HTTP_ACK: settle_item(job, &walk, WEIR_DELIVERED, WEIR_STR_NONE); break;
        case WEIR_HTTP_DROP:
            settle_item(job, &walk, WEIR_DROPPED, weir_str_of(verdicts->reason));
            break;
        case WEIR_HTTP_REJECT:
            settle_item(job, &walk, rejected, http_rejected_word(verdicts, index, &word));
            break;
        case WEIR_HTTP_RETRY:
        case WEIR_HTTP_SPLIT:
        case WEIR_HTTP_POISON:
        case WEIR_HTTP_PAUSE: open++; break;
        }
    }
    if (!open)
        job->window_count--;
}

void http_job_give_back(struct http_job *job, struct weir_str why)
{
    while (job->window_count)
        http_job_settle(job, WEIR_RETRY, why);
    assert(job->unsettled == 0);
}

bool http_job_split(struct http_job *job)
{
    struct http_window *last = &job->windows[job->window_count - 1];
    uint32_t middle = 0, seen = 0;
    if (job->records < 2)
        return false;
    for (struct walk walk = walk_begin(job, *last); seen < job->records / 2 && walk_next(&walk);
         seen++)
        middle = walk.item;
    assert(job->window_count < JOB_WINDOWS_MAX);
    job->windows[job->window_count++] = (struct http_window){ last->lo, middle };
    last->lo = middle;
    return true;
}

/* ---- bodies ---------------------------------------------------------------------------------------------- */

/* The same records in the same bytes have the same key, whenever and by whomever they are sent: XXH3 over the
 * records' ids and the bytes that are posted, printed as UUIDs are. */
static void make_key(struct http_job *job)
{
    XXH3_state_t state;
    uint8_t ids[64][16];
    uint32_t count = 0;
    XXH3_128bits_reset(&state);
    for (struct walk walk = walk_begin(job, last_window(job)); walk_next(&walk);) {
        weir_batch_record_id(walk_held(&walk)->slice.batch, walk.record, ids[count++]);
        if (count == 64) {
            XXH3_128bits_update(&state, ids, sizeof(ids));
            count = 0;
        }
    }
    XXH3_128bits_update(&state, ids, count * sizeof(ids[0]));
    XXH3_128bits_update(&state, job->posted.ptr, job->posted.len);
    XXH128_hash_t hash = XXH3_128bits_digest(&state);
    snprintf(job->key, sizeof(job->key), "%08x-%04x-%04x-%04x-%012llx",
             (unsigned)(hash.high64 >> 32), (unsigned)(hash.high64 >> 16 & 0xffff),
             (unsigned)(hash.high64 & 0xffff), (unsigned)(hash.low64 >> 48),
             (unsigned long long)(hash.low64 & 0xffffffffffff));
}

int http_job_pack(struct http_job *job, const struct http_maker *maker)
{
    int r = 0;
    const struct weir_str body = { job->body.data, job->body.len };
    job->posted = body;
    job->compression = HTTP_PLAIN;
    job->packed.max = 2 * JOB_RECORD_BYTES_MAX;
    job->packed.len = 0;
    if (maker->service->packs && maker->service->packs(maker->self)) {
        r = maker->service->pack(maker->self, body, &job->packed);
    } else if (maker->compression != HTTP_PLAIN) {
        r = http_compress(maker->compressor, maker->compression, body, &job->packed);
        job->compression = maker->compression;
    } else {
        return 0;
    }
    job->posted = (struct weir_str){ job->packed.data, job->packed.len };
    return r;
}

static int body_begin(struct http_job *job, const struct http_maker *maker, size_t max)
{
    job->body.len = 0;
    job->body.starved = false;
    job->body.max = max - WEIR_HTTP_END_BYTES;
    job->records = 0;
    return maker->service->begin ? maker->service->begin(maker->self, &job->body) : 0;
}

static int body_end(struct http_job *job, const struct http_maker *maker)
{
    int r = 0;
    job->body.max += WEIR_HTTP_END_BYTES;
    if (maker->service->end)
        r = maker->service->end(maker->self, &job->body);
    if (r == 0)
        r = http_job_pack(job, maker);
    if (r == 0)
        make_key(job);
    return r;
}

int http_job_encode(struct http_job *job, const struct http_maker *maker)
{
    int r = body_begin(job, maker, JOB_RECORD_BYTES_MAX + WEIR_HTTP_END_BYTES);
    struct walk walk = walk_begin(job, last_window(job));
    while (r == 0 && walk_next(&walk)) {
        const struct weir_slice *all = &walk_held(&walk)->slice;
        const struct weir_slice one = {
            .batch = all->batch, .mask = all->mask, .first = walk.record, .count = 1
        };
        if (maker->service->encode(maker->self, &one, walk.record, &job->body, job->body.len + 1) ==
            walk.record)
            r = -ENOMEM; /* it fitted before */
        job->records++;
    }
    return r == 0 ? body_end(job, maker) : r;
}

static int add_piece(struct http_job *job, const struct http_piece *at, uint32_t items)
{
    if (job->piece_count == job->piece_room) {
        uint32_t room = job->piece_room ? 2 * job->piece_room : 16;
        struct http_job_piece *grown = reallocarray(job->pieces, room, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        job->pieces = grown;
        job->piece_room = room;
    }
    job->pieces[job->piece_count++] = (struct http_job_piece){ *at, items, items };
    return 0;
}

/* The index up to which the slice has `most` records from `at` on. */
static uint32_t cut_at(const struct weir_slice *slice, uint32_t at, uint32_t most)
{
    const uint32_t end = slice->first + slice->count;
    if (!slice->mask && !slice->batch->dropped)
        return end - at > most ? at + most : end;
    for (; at < end; at++)
        if (weir_slice_has(slice, at) && most-- == 0)
            return at;
    return end;
}

enum fill { FILL_MORE, FILL_FULL, FILL_NO_MEMORY };

/* Takes records `from` .. `next` from the bucket's first piece, and what the slice does not have behind them: when the last
 * record that it has is settled the batch may be gone, and nothing of it may wait then. */
static void take(struct http_queue *queue, unsigned bucket, uint32_t from, uint32_t next)
{
    const struct http_piece *piece = http_queue_first(queue, bucket);
    const struct weir_slice rest = { .batch = piece->held->slice.batch,
                                     .mask = piece->held->slice.mask,
                                     .first = piece->first,
                                     .count = piece->count };
    http_queue_take(queue, bucket, weir_slice_next(&rest, next) - from);
}

/* Record `at`, the first of the bucket, does not fit: into this body, or into any. */
static enum fill does_not_fit(struct http_job *job, const struct http_maker *maker,
                              struct http_queue *queue, unsigned bucket, uint32_t *rejected)
{
    const struct http_piece piece = *http_queue_first(queue, bucket);
    if (job->body.starved)
        return FILL_NO_MEMORY;
    if (job->body.refused.len == 0 && job->records)
        return FILL_FULL;
    if (job->body.refused.len == 0 && job->body.max < JOB_RECORD_BYTES_MAX) {
        job->body.max = JOB_RECORD_BYTES_MAX; /* alone it may be larger */
        return FILL_MORE;
    }
    take(queue, bucket, piece.first, piece.first + 1);
    job->unsettled++;
    settle_range(job, piece.held, piece.first, 1, 1, maker->rejected,
                 weir_refusal(&job->body, "the record is larger than 8 MiB"));
    ++*rejected;
    return FILL_MORE;
}

/* Adds what it can of the bucket's first piece. */
static enum fill fill_piece(struct http_job *job, const struct http_maker *maker,
                            struct http_queue *queue, unsigned bucket, size_t want,
                            uint32_t max_records, uint32_t *rejected)
{
    const struct http_piece piece = *http_queue_first(queue, bucket);
    struct weir_slice slice = { .batch = piece.held->slice.batch,
                                .mask = piece.held->slice.mask,
                                .first = piece.first,
                                .count = piece.count };
    uint32_t at = weir_slice_next(&slice, piece.first);
    assert(at < piece.first + piece.count);
    http_queue_take(queue, bucket, at - piece.first);
    slice.count = cut_at(&slice, at, max_records - job->records) - slice.first;
    job->body.refused = WEIR_STR_NONE;
    uint32_t next = maker->service->encode(maker->self, &slice, at, &job->body, want);
    if (next == at)
        return does_not_fit(job, maker, queue, bucket, rejected);
    const struct http_piece taken = { piece.held, at, next - at };
    uint32_t records = http_slice_count(&slice, at, next - at);
    if (add_piece(job, &taken, records) < 0)
        return FILL_NO_MEMORY;
    job->records += records;
    job->items += records;
    job->unsettled += records;
    take(queue, bucket, at, next);
    if (job->body.len >= want || job->records == max_records)
        return FILL_FULL;
    return FILL_MORE;
}

int http_job_fill(struct http_job *job, const struct http_maker *maker, struct http_queue *queue,
                  uint64_t among, size_t max_bytes, uint32_t max_records, uint32_t *ret_rejected)
{
    enum fill fill = FILL_MORE;
    uint32_t rejected = 0;
    int r = body_begin(job, maker, max_bytes);
    const size_t want = job->body.max;
    while (r == 0 && fill == FILL_MORE && (among & queue->waiting)) {
        unsigned bucket = http_queue_oldest(queue, among);
        if (!queue->unordered)
            job->buckets |= (uint64_t)1 << bucket;
        while (fill == FILL_MORE && queue->waiting >> bucket & 1)
            fill = fill_piece(job, maker, queue, bucket, want, max_records, &rejected);
    }
    *ret_rejected = rejected;
    if (job->items) { /* what was taken is the job's, also when memory is short: it is encoded again */
        job->windows[0] = (struct http_window){ 0, job->items };
        job->window_count = 1;
        r = r == 0 && fill != FILL_NO_MEMORY ? body_end(job, maker) : -ENOMEM;
    } else if (fill == FILL_NO_MEMORY) {
        r = -ENOMEM;
    }
    return r;
}

void http_job_reset(struct http_job *job)
{
    free(job->open);
    job->open = NULL;
    job->buckets = 0;
    job->piece_count = job->items = job->unsettled = 0;
    job->window_count = job->tries = 0;
    job->not_before = 0;
    job->state = JOB_FREE;
    if (job->piece_room > PIECES_KEPT) {
        free(job->pieces);
        job->pieces = NULL;
        job->piece_room = 0;
    }
    if (job->body.cap > (size_t)2 * 1024 * 1024)
        weir_bytes_free(&job->body);
    if (job->packed.cap > (size_t)2 * 1024 * 1024)
        weir_bytes_free(&job->packed);
}

void http_job_deinit(struct http_job *job)
{
    http_job_reset(job);
    free(job->pieces);
    free(job->url);
    weir_bytes_free(&job->body);
    weir_bytes_free(&job->packed);
}
