/* SPDX-License-Identifier: Apache-2.0 */
/* Which records the next request holds.
 *
 * When is a request made? When there is enough for a full body; when the last one was begun `linger` ago; when
 * nothing more can come (all 64 batches are here, the lanes are full, the agent stops). So the first record of a quiet hour
 * goes at once, and under load bodies are full. In a small buffer there is never enough for a full body, and what is there
 * keeps more from being read: so what is worth a request goes as soon as nothing has come for some milliseconds.
 *
 * While requests are under way one job may be made ahead: its records wait for the same streams, and its body
 * is ready when they are free. With one busy stream that is what keeps the connection busy. It is made when
 * libcurl has nothing to do, so that the server reads one body while the next is made.
 *
 * Jobs that are under way or wait hold the buckets of their lane that they came from: a job begins when none before it, of the
 * same lane, holds one of its own. */
#include "plan.h"

#include <stdlib.h>

/* An eighth of a full body is worth a request, when nothing has come for so long. */
#define WORTH_PART 8
#define QUIET_MS 10

static struct http_job *spare_job(struct http_output *output)
{
    struct http_job *job = output->spare;
    if (job)
        output->spare = job->next;
    else
        job = calloc(1, sizeof(*job));
    if (job)
        job->next = NULL;
    return job;
}

void http_plan_end(struct http_output *output, struct http_job *job)
{
    struct http_job **at = &output->jobs;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    job->lane->jobs--;
    http_job_reset(job);
    job->next = output->spare;
    output->spare = job;
}

static uint64_t held_buckets(const struct http_output *output, const struct http_lane *lane)
{
    uint64_t held = 0;
    for (const struct http_job *job = output->jobs; job; job = job->next)
        if (job->lane == lane)
            held |= job->buckets;
    return held;
}

struct http_job *http_plan_next(const struct http_output *output, weir_ms now, weir_ms *ret_next)
{
    for (unsigned i = 0; i < output->lanes.count; i++)
        output->lanes.all[i]->scratch = 0; /* buckets that jobs before have */
    for (struct http_job *job = output->jobs; job; job = job->next) {
        if (job->state == JOB_WAITING && !(job->buckets & job->lane->scratch)) {
            if (job->not_before <= now)
                return job;
            if (job->not_before < *ret_next)
                *ret_next = job->not_before;
        }
        job->lane->scratch |= job->buckets;
    }
    return NULL;
}

/* Makes a job of what waits in the buckets `among` of a lane; NULL when there was nothing to be taken after all, or memory
 * is short. */
static struct http_job *make_job(struct http_output *output, struct http_lane *lane, uint64_t among)
{
    struct http_job *job = spare_job(output), **last = &output->jobs;
    uint64_t before = http_queue_waiting(&lane->queue, among).bytes;
    uint32_t rejected = 0;
    if (!job)
        return NULL;
    int r = http_job_fill(job, &output->maker, &lane->queue, among, output->max_bytes,
                          (uint32_t)output->options->batch.max_records, &rejected);
    while (*last)
        last = &(*last)->next;
    *last = job;
    job->state = JOB_WAITING;
    job->lane = lane;
    lane->jobs++;
    if (!job->items) {
        http_plan_end(output, job);
        return NULL;
    }
    if (r < 0)
        job->records = 0; /* it has no body yet */
    uint64_t taken = before - http_queue_waiting(&lane->queue, among).bytes;
    if (r == 0 && taken)
        output->growth += ((double)job->body.len / (double)taken - output->growth) / 8;
    return job;
}

/* Whether there is enough for the `part`th part of a body. */
static bool is_enough(const struct http_output *output, const struct http_lane *lane,
                      uint64_t among, unsigned part)
{
    struct http_waiting waiting = http_queue_waiting(&lane->queue, among);
    return part * (double)waiting.bytes * output->growth >= (double)output->max_bytes ||
           part * waiting.records >= (uint64_t)output->options->batch.max_records;
}

static bool is_full(const struct http_output *output, const struct http_lane *lane, uint64_t among)
{
    return is_enough(output, lane, among, 1);
}

static bool holds_all_it_can(const struct http_output *output)
{
    uint64_t bytes = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < WEIR_HTTP_DELIVERIES; i++)
        if (output->held[i].delivery) {
            const struct weir_batch *batch = output->held[i].slice.batch;
            bytes += batch->ends[batch->count - 1];
            count++;
        }
    return count == WEIR_HTTP_DELIVERIES || bytes >= WEIR_HTTP_WINDOW_BYTES / 2 ||
           http_lanes_are_full(&output->lanes);
}

/* A new job of the lane, if there is reason to make one now; *ret_next is when there will be. */
static struct http_job *new_job_in(struct http_output *output, struct http_lane *lane, weir_ms now,
                                   weir_ms *ret_next)
{
    uint64_t among = lane->queue.waiting & ~held_buckets(output, lane);
    weir_ms due = lane->last_begun + output->options->batch.linger;
    if (!among)
        return NULL;
    if (is_enough(output, lane, among, WORTH_PART) && output->last_came + QUIET_MS < due)
        due = output->last_came + QUIET_MS;
    if (!output->draining && now < due && !is_full(output, lane, among) &&
        !holds_all_it_can(output)) {
        if (due < *ret_next)
            *ret_next = due;
        return NULL;
    }
    return make_job(output, lane, among);
}

/* Lanes take turns. */
struct http_job *http_plan_new(struct http_output *output, weir_ms now, weir_ms *ret_next)
{
    struct http_lanes *lanes = &output->lanes;
    struct http_job *job = NULL;
    for (unsigned i = 0; !job && i < lanes->count; i++) {
        unsigned turn = (lanes->turn + i) % lanes->count;
        job = new_job_in(output, lanes->all[turn], now, ret_next);
        if (job)
            lanes->turn = turn + 1;
    }
    return job;
}

static bool make_ahead_in(struct http_output *output, struct http_lane *lane)
{
    uint64_t free_buckets = lane->queue.waiting & ~held_buckets(output, lane);
    if (free_buckets && is_full(output, lane, free_buckets))
        return make_job(output, lane, free_buckets);
    return is_full(output, lane, lane->queue.waiting) &&
           make_job(output, lane, lane->queue.waiting);
}

void http_plan_ahead(struct http_output *output)
{
    bool made = !output->jobs;
    for (const struct http_job *job = output->jobs; job; job = job->next)
        made |= job->state == JOB_WAITING;
    for (unsigned i = 0; !made && i < output->lanes.count; i++)
        made = make_ahead_in(output, output->lanes.all[i]);
}
