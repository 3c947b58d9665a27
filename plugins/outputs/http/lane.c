/* SPDX-License-Identifier: Apache-2.0 */
/* Records that go to different targets (another url, another header) cannot share a request. Each target has a lane: a
 * queue of its own, from which its requests are filled. A delivery is spread over the lanes record by record; records that
 * follow each other to the same lane stay together as one piece.
 *
 *     delivery   a a b a c c ...          lane "/a"   [0..1] [3]
 *                                         lane "/b"   [2]
 *                                         lane "/c"   [4..5]
 *
 * Order is kept by stream and lane: what came from one source and goes to one target arrives as it came. Between targets there
 * is no order, or one that is slow would hold up the others.
 *
 * How many targets there are is up to the records, so it has a bound, as has the number of pieces (alternating records are a
 * piece each). When either is reached, what is left of a delivery waits with those behind it, until a lane is empty or
 * pieces were taken; meanwhile requests do not wait to be filled. Nothing else is given up for that: a record has its target,
 * however many there are.
 *
 * Where all records have the same target, the usual case, there is one lane, and deliveries go there run by run. */
#include "lane.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static struct http_lane *lane_new(struct http_lanes *lanes)
{
    struct http_lane *lane = calloc(1, sizeof(*lane));
    if (!lane)
        return NULL;
    lane->queue.unordered = lanes->unordered;
    lanes->all[lanes->count++] = lane;
    return lane;
}

static void lane_free(struct http_lane *lane)
{
    http_queue_deinit(&lane->queue);
    free(lane->target);
    free(lane);
}

int http_lanes_init(struct http_lanes *lanes)
{
    if (lanes->targets.count) /* lanes come and go */
        return 0;
    return lane_new(lanes) ? 0 : -ENOMEM;
}

void http_lanes_deinit(struct http_lanes *lanes)
{
    for (unsigned i = 0; i < lanes->count; i++)
        lane_free(lanes->all[i]);
    http_targets_deinit(&lanes->targets);
    *lanes = (struct http_lanes){ 0 };
}

int http_lanes_add(struct http_lanes *lanes, struct http_held *held)
{
    struct http_held **at = &lanes->first;
    if (!lanes->targets.count)
        return http_queue_add(&lanes->all[0]->queue, held);
    held->sequence = lanes->next_sequence++;
    held->spread = weir_slice_next(&held->slice, held->slice.first);
    held->next = NULL;
    while (*at)
        at = &(*at)->next;
    *at = held;
    return 0;
}

/* ---- spreading ---------------------------------------------------------------------------------------------- */

/* A lane that nothing is in makes room for another. */
static void free_one(struct http_lanes *lanes)
{
    for (unsigned i = 0; i < lanes->count; i++) {
        struct http_lane *lane = lanes->all[i];
        if (lane->jobs || lane->queue.waiting)
            continue;
        if (lanes->last == lane)
            lanes->last = NULL;
        lane_free(lane);
        lanes->all[i] = lanes->all[--lanes->count];
        return;
    }
}

static bool has_target(const struct http_lane *lane, const struct weir_bytes *text)
{
    return lane->target_len == text->len && memcmp(lane->target, text->data, text->len) == 0;
}

static struct http_lane *find_lane(struct http_lanes *lanes)
{
    const struct weir_bytes *text = &lanes->targets.text;
    if (lanes->last && has_target(lanes->last, text))
        return lanes->last;
    for (unsigned i = 0; i < lanes->count; i++)
        if (has_target(lanes->all[i], text))
            return lanes->last = lanes->all[i];
    return NULL;
}

/* The lane of the target that was made last: 0, -EAGAIN when there is no room for one more, or -ENOMEM. */
static int lane_of(struct http_lanes *lanes, weir_ms last_begun, struct http_lane **ret)
{
    const struct weir_bytes *text = &lanes->targets.text;
    struct http_lane *lane = find_lane(lanes);
    if (!lane) {
        if (lanes->count == HTTP_LANES_MAX)
            free_one(lanes);
        if (lanes->count == HTTP_LANES_MAX)
            return -EAGAIN;
        char *target = malloc(text->len);
        lane = target ? lane_new(lanes) : NULL;
        if (!lane) {
            free(target);
            return -ENOMEM;
        }
        memcpy(target, text->data, text->len);
        lane->target = target;
        lane->target_len = text->len;
        lane->last_begun = last_begun;
        lanes->last = lane;
    }
    *ret = lane;
    return 0;
}

static size_t pieces_in(const struct http_lanes *lanes)
{
    size_t pieces = 0;
    for (unsigned i = 0; i < lanes->count; i++)
        pieces += lanes->all[i]->queue.pieces;
    return pieces;
}

/* Record `i` of the delivery can be sent nowhere. The delivery may have ended when this returns. */
static void reject(const struct http_lanes *lanes, struct http_held *held, uint32_t i,
                   const char *why)
{
    struct weir_delivery *delivery = held->delivery;
    if (--held->unsettled == 0)
        held->delivery = NULL;
    weir_settle(delivery, i, 1, lanes->rejected, weir_str_of(why));
}

/* Spreads the record where the delivery stands, and moves it on: 0, -EAGAIN or -ENOMEM. */
static int spread_one(struct http_lanes *lanes, struct http_held *held, weir_ms last_begun)
{
    const struct weir_batch *batch = held->slice.batch;
    const uint32_t i = held->spread;
    struct http_lane *lane;
    const char *why;
    int r = http_targets_make(&lanes->targets, batch, i, &why);
    if (r == -EINVAL) {
        held->spread = weir_slice_next(&held->slice, i + 1);
        reject(lanes, held, i, why);
        return 0;
    }
    if (r == 0)
        r = lane_of(lanes, last_begun, &lane);
    const struct http_piece one = { held, i, 1 };
    if (r == 0)
        r = http_queue_push(&lane->queue, weir_batch_run(batch, i)->stream, &one);
    if (r == 0)
        held->spread = weir_slice_next(&held->slice, i + 1);
    return r;
}

bool http_lanes_spread(struct http_lanes *lanes, size_t under_way, weir_ms last_begun)
{
    size_t pieces = lanes->first ? pieces_in(lanes) + under_way : 0;
    while (lanes->first) {
        struct http_held *held = lanes->first;
        const uint32_t end = held->slice.first + held->slice.count;
        int r = 0;
        /* A record is a piece at most. */
        while (r == 0 && held->spread < end && pieces++ < HTTP_PIECES_MAX)
            r = spread_one(lanes, held, last_begun);
        if (held->spread == end) {
            lanes->first = held->next;
            pieces = pieces_in(lanes) + under_way;
            continue;
        }
        if (r == -ENOMEM)
            return false;
        if (r == -EAGAIN || pieces_in(lanes) + under_way >= HTTP_PIECES_MAX)
            return true;
        pieces = pieces_in(lanes) + under_way; /* they were fewer than records */
    }
    return true;
}

bool http_lanes_hold_any(const struct http_lanes *lanes)
{
    for (unsigned i = 0; i < lanes->count; i++)
        if (lanes->all[i]->queue.waiting)
            return true;
    return lanes->first != NULL;
}

/* ---- giving back --------------------------------------------------------------------------------------------- */

static void give_back(struct http_held *held, uint32_t first, uint32_t count, struct weir_str why)
{
    struct weir_delivery *delivery = held->delivery;
    held->unsettled -= http_slice_count(&held->slice, first, count);
    if (!held->unsettled)
        held->delivery = NULL;
    weir_settle(delivery, first, count, WEIR_RETRY, why);
}

void http_lanes_give_back(struct http_lanes *lanes, struct weir_str why)
{
    for (unsigned i = 0; i < lanes->count; i++) {
        struct http_queue *queue = &lanes->all[i]->queue;
        while (queue->waiting) {
            unsigned bucket = (unsigned)__builtin_ctzll(queue->waiting);
            struct http_piece piece = *http_queue_first(queue, bucket);
            http_queue_take(queue, bucket, piece.count);
            give_back(piece.held, piece.first, piece.count, why);
        }
    }
    while (lanes->first) {
        struct http_held *held = lanes->first;
        lanes->first = held->next;
        give_back(held, held->spread, held->slice.first + held->slice.count - held->spread, why);
    }
}
