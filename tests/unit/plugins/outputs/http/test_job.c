/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and the queue that they are filled from: which records go into which body, and how they are settled. A
 * settlement is caught here, so that each record can be held against having one outcome exactly. */
#include "plugins/outputs/http/job.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/check_main.h"
#include "support/make_batch.h"

enum { RECORDS = 100 };

struct weir_delivery {
    unsigned settled[RECORDS], outcome[RECORDS];
    const struct weir_batch *batch;
    struct http_held *held;
};

/* In place of the host's. A delivery that is over takes its batch along. */
void weir_settle(struct weir_delivery *delivery, uint32_t first, uint32_t count,
                 enum weir_outcome outcome, struct weir_str why)
{
    (void)why;
    for (uint32_t i = first; i < first + count; i++) {
        delivery->settled[i] += !weir_batch_is_dropped(delivery->batch, i);
        delivery->outcome[i] = outcome;
    }
    if (!delivery->held->delivery)
        delivery->held->slice = (struct weir_slice){ 0 };
}

/* A service that writes lines as they are, in brackets. */
static int begin(void *self, struct weir_bytes *body)
{
    (void)self;
    return weir_bytes_add(body, "<", 1);
}

static uint32_t encode(void *self, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *body, size_t want)
{
    (void)self;
    while (at < slice->first + slice->count && body->len < want) {
        struct weir_str span = weir_batch_span(slice->batch, at);
        if (weir_bytes_add(body, span.ptr, span.len) < 0)
            break;
        at = weir_slice_next(slice, at + 1);
    }
    return at;
}

static int end(void *self, struct weir_bytes *body)
{
    (void)self;
    return weir_bytes_add(body, ">", 1);
}

static const struct weir_http_service service = { .begin = begin, .encode = encode, .end = end };
static const struct http_maker maker = { .service = &service };

struct world {
    struct batch *batch;
    struct weir_delivery delivery;
    struct http_held held;
    struct http_queue queue;
    struct http_job job;
};

/* `count` lines "0000\n", "0001\n", ... from `first` on. */
static struct world *world_of(uint32_t first, uint32_t count)
{
    struct world *world = calloc(1, sizeof(*world));
    char text[RECORDS * 5 + 1];
    for (uint32_t i = 0; i < count; i++)
        snprintf(&text[(size_t)i * 5], 6, "%04u\n", first + i);
    world->batch = make_batch(text, 0);
    world->delivery.batch = &world->batch->pub;
    world->delivery.held = &world->held;
    return world;
}

static struct world *world_new(uint32_t count)
{
    return world_of(0, count);
}

static void drop(struct world *world, uint32_t i)
{
    if (!world->batch->dropped)
        world->batch->pub.dropped = world->batch->dropped = batch_bitmap(world->batch);
    world->batch->dropped[i / 64] |= (uint64_t)1 << (i % 64);
    world->batch->dropped_count++;
}

/* Its lines, into the queue of `to`. */
static void world_queue_in(struct world *world, struct world *to)
{
    world->held.delivery = &world->delivery;
    world->held.slice = made_batch_slice(world->batch);
    world->held.unsettled = http_slice_count(&world->held.slice, 0, world->held.slice.count);
    ck_assert_int_eq(http_queue_add(&to->queue, &world->held), 0);
}

static void world_queue(struct world *world)
{
    world_queue_in(world, world);
}

static void world_free(struct world *world)
{
    http_job_deinit(&world->job);
    http_queue_deinit(&world->queue);
    made_batch_free(world->batch);
    free(world);
}

static void fill(struct world *world, size_t max_bytes, uint32_t max_records)
{
    uint32_t rejected;
    ck_assert_int_eq(http_job_fill(&world->job, &maker, &world->queue, UINT64_MAX, max_bytes,
                                   max_records, &rejected),
                     0);
    ck_assert_uint_eq(rejected, 0);
}

static void expect_body(const struct http_job *job, const char *text)
{
    ck_assert_msg(
        weir_str_eq((struct weir_str){ job->body.data, job->body.len }, weir_str_of(text)), "%.*s",
        (int)job->body.len, job->body.data);
}

START_TEST(bodies_are_cut_at_bytes_and_records)
{
    struct world *world = world_new(10);
    world_queue(world);
    fill(world, WEIR_HTTP_END_BYTES + 12, 100); /* "<", two lines, and not quite a third */
    expect_body(&world->job, "<0000\n0001\n>");
    ck_assert_uint_eq(world->job.items, 2);
    http_job_settle(&world->job, WEIR_DELIVERED, WEIR_STR_NONE);
    http_job_reset(&world->job);
    fill(world, 1000, 3);
    expect_body(&world->job, "<0002\n0003\n0004\n>");
    http_job_settle(&world->job, WEIR_DELIVERED, WEIR_STR_NONE);
    http_job_reset(&world->job);
    fill(world, 1000, 100);
    expect_body(&world->job, "<0005\n0006\n0007\n0008\n0009\n>");
    ck_assert_uint_eq(world->queue.waiting, 0);
    ck_assert_ptr_eq(world->held.delivery, &world->delivery);
    http_job_settle(&world->job, WEIR_DELIVERED, WEIR_STR_NONE);
    ck_assert_ptr_null(world->held.delivery);
    for (uint32_t i = 0; i < 10; i++)
        ck_assert_uint_eq(world->delivery.settled[i], 1);
    world_free(world);
}
END_TEST

START_TEST(one_record_may_be_larger_than_a_body)
{
    struct world *world = world_new(3);
    world_queue(world);
    for (int i = 0; i < 3; i++) {
        fill(world, WEIR_HTTP_END_BYTES + 2, 100);
        ck_assert_uint_eq(world->job.items, 1);
        http_job_settle(&world->job, WEIR_DELIVERED, WEIR_STR_NONE);
        http_job_reset(&world->job);
    }
    ck_assert_ptr_null(world->held.delivery);
    world_free(world);
}
END_TEST

/* Finds record `bad` as a service would that refuses each body with it. Returns the refusals. */
static unsigned bisect(struct world *world, uint32_t bad)
{
    char line[8];
    unsigned refused = 0;
    snprintf(line, sizeof(line), "%04u\n", bad);
    while (!http_job_is_done(&world->job)) {
        struct http_job *job = &world->job;
        bool wrong = memmem(job->body.data, job->body.len, line, 5) != NULL;
        refused += wrong;
        if (!wrong)
            http_job_settle(job, WEIR_DELIVERED, WEIR_STR_NONE);
        else if (!http_job_split(job))
            http_job_settle(job, WEIR_REJECTED, WEIR_STR("bad"));
        if (!http_job_is_done(job))
            ck_assert_int_eq(http_job_encode(job, &maker), 0);
    }
    return refused;
}

START_TEST(htp_08_a_bad_record_is_found_by_halves)
{
    const uint32_t bad = (uint32_t)_i;
    struct world *world = world_new(RECORDS);
    for (uint32_t i = 0; i < RECORDS; i += 7)
        if (i != bad)
            drop(world, i);
    world_queue(world);
    fill(world, 1000, 1000);
    ck_assert_uint_eq(world->job.items, RECORDS - world->batch->dropped_count);
    ck_assert_uint_le(bisect(world, bad), 8); /* 1 + log2(86) */
    for (uint32_t i = 0; i < RECORDS; i++) {
        bool dropped = weir_batch_is_dropped(&world->batch->pub, i);
        ck_assert_uint_eq(world->delivery.settled[i], !dropped);
        if (!dropped)
            ck_assert_uint_eq(world->delivery.outcome[i],
                              i == bad ? WEIR_REJECTED : WEIR_DELIVERED);
    }
    ck_assert_ptr_null(world->held.delivery);
    world_free(world);
}
END_TEST

START_TEST(htp_05_records_that_are_sent_back_go_again_alone)
{
    struct world *world = world_new(10);
    struct weir_http_verdicts verdicts = { .count = 10 };
    world_queue(world);
    fill(world, 1000, 100);
    weir_http_record(&verdicts, 3, WEIR_HTTP_RETRY, WEIR_STR("busy"));
    weir_http_record(&verdicts, 7, WEIR_HTTP_RETRY, WEIR_STR("busy"));
    weir_http_record(&verdicts, 9, WEIR_HTTP_REJECT, WEIR_STR("bad"));
    http_job_settle_each(&world->job, &verdicts, WEIR_REJECTED);
    http_verdicts_deinit(&verdicts);
    ck_assert_int_eq(http_job_encode(&world->job, &maker), 0);
    expect_body(&world->job, "<0003\n0007\n>");
    ck_assert_uint_eq(world->job.records, 2);
    ck_assert(http_job_split(&world->job));
    ck_assert_int_eq(http_job_encode(&world->job, &maker), 0);
    expect_body(&world->job, "<0003\n>");
    ck_assert(!http_job_split(&world->job));
    ck_assert_uint_eq(http_job_settle(&world->job, WEIR_DELIVERED, WEIR_STR_NONE), 1);
    http_job_give_back(&world->job, WEIR_STR("stopped"));
    ck_assert(http_job_is_done(&world->job));
    for (uint32_t i = 0; i < 10; i++)
        ck_assert_uint_eq(world->delivery.settled[i], 1);
    ck_assert_uint_eq(world->delivery.outcome[7], WEIR_RETRY);
    ck_assert_uint_eq(world->delivery.outcome[9], WEIR_REJECTED);
    world_free(world);
}
END_TEST

enum { DELIVERIES = 3, LINES = 10 };

/* A job of three deliveries, each of lines without the first and the last. */
static void fill_three(struct world *worlds[DELIVERIES])
{
    for (uint32_t d = 0; d < DELIVERIES; d++) {
        worlds[d] = world_of(d * LINES, LINES);
        drop(worlds[d], 0);
        drop(worlds[d], LINES - 1);
        world_queue_in(worlds[d], worlds[0]);
    }
    fill(worlds[0], 1000, 100);
    ck_assert_uint_eq(worlds[0]->job.items, DELIVERIES * (LINES - 2));
    ck_assert_uint_eq(worlds[0]->queue.waiting, 0);
}

static void end_three(struct world *worlds[DELIVERIES])
{
    for (uint32_t d = 0; d < DELIVERIES; d++) {
        ck_assert_ptr_null(worlds[d]->held.delivery);
        for (uint32_t i = 1; i < LINES - 1; i++)
            ck_assert_uint_eq(worlds[d]->delivery.settled[i], 1);
        world_free(worlds[d]);
    }
}

START_TEST(htp_08_deliveries_may_be_over_before_the_job)
{
    const uint32_t bad = (uint32_t)_i;
    struct world *worlds[DELIVERIES];
    fill_three(worlds);
    bisect(worlds[0], bad);
    for (uint32_t i = 0; i < DELIVERIES * LINES; i++)
        if (i % LINES > 0 && i % LINES < LINES - 1)
            ck_assert_uint_eq(worlds[i / LINES]->delivery.outcome[i % LINES],
                              i == bad ? WEIR_REJECTED : WEIR_DELIVERED);
    end_three(worlds);
}
END_TEST

START_TEST(htp_05_what_is_sent_back_may_be_of_the_last_delivery)
{
    struct world *worlds[DELIVERIES];
    struct weir_http_verdicts verdicts = { .count = DELIVERIES * (LINES - 2) };
    fill_three(worlds);
    struct http_job *job = &worlds[0]->job;
    weir_http_record(&verdicts, verdicts.count - 2, WEIR_HTTP_RETRY, WEIR_STR("busy"));
    weir_http_record(&verdicts, verdicts.count - 1, WEIR_HTTP_RETRY, WEIR_STR("busy"));
    http_job_settle_each(job, &verdicts, WEIR_REJECTED);
    http_verdicts_deinit(&verdicts);
    ck_assert_ptr_null(worlds[1]->held.delivery);
    ck_assert_int_eq(http_job_encode(job, &maker), 0);
    expect_body(job, "<0027\n0028\n>");
    ck_assert(http_job_split(job));
    ck_assert_uint_eq(http_job_settle(job, WEIR_DELIVERED, WEIR_STR_NONE), 1);
    http_job_give_back(job, WEIR_STR_NONE);
    end_three(worlds);
}
END_TEST

/* So many are counted as the service says, and the request is over. */
START_TEST(htp_07_some_are_rejected_and_nobody_knows_which)
{
    struct world *world = world_new(10);
    struct weir_http_verdicts verdicts = { .count = 10 };
    world_queue(world);
    fill(world, 1000, 100);
    weir_http_some_rejected(&verdicts, 3, WEIR_STR("bad ones"));
    http_job_settle_each(&world->job, &verdicts, WEIR_REJECTED);
    http_verdicts_deinit(&verdicts);
    ck_assert(http_job_is_done(&world->job));
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert_uint_eq(world->delivery.settled[i], 1);
        ck_assert_uint_eq(world->delivery.outcome[i], i < 7 ? WEIR_DELIVERED : WEIR_DROPPED);
    }
    world_free(world);
}
END_TEST

START_TEST(htp_22_the_key_follows_from_records_and_bytes)
{
    struct world *world = world_new(10), *same = world_new(10);
    world_queue(world);
    world_queue(same);
    fill(world, 1000, 100);
    fill(same, 1000, 100);
    ck_assert_str_eq(world->job.key, same->job.key);
    ck_assert_uint_eq(strlen(world->job.key), JOB_KEY_LEN);
    ck_assert(http_job_split(&same->job));
    ck_assert_int_eq(http_job_encode(&same->job, &maker), 0);
    ck_assert_str_ne(world->job.key, same->job.key);
    http_job_give_back(&world->job, WEIR_STR_NONE);
    http_job_give_back(&same->job, WEIR_STR_NONE);
    world_free(world);
    world_free(same);
}
END_TEST

START_TEST(streams_have_buckets_and_the_oldest_is_first)
{
    struct world *world = world_new(10);
    struct http_held more = { .delivery = &world->delivery,
                              .slice = made_batch_slice(world->batch),
                              .unsettled = 10 };
    world_queue(world);
    unsigned bucket = http_queue_oldest(&world->queue, UINT64_MAX);
    ck_assert_uint_eq(world->queue.waiting, (uint64_t)1 << bucket);
    ck_assert_int_eq(http_queue_add(&world->queue, &more), 0);
    ck_assert_uint_eq(http_queue_waiting(&world->queue, UINT64_MAX).bytes, 100);
    ck_assert_uint_eq(http_queue_waiting(&world->queue, UINT64_MAX).records, 20);
    ck_assert_uint_eq(http_queue_waiting(&world->queue, ~world->queue.waiting).records, 0);
    http_queue_take(&world->queue, bucket, 4);
    ck_assert_uint_eq(http_queue_first(&world->queue, bucket)->first, 4);
    http_queue_take(&world->queue, bucket, 6);
    ck_assert_ptr_eq(http_queue_first(&world->queue, bucket)->held, &more);
    http_queue_take(&world->queue, bucket, 10);
    ck_assert_uint_eq(world->queue.waiting, 0);
    world_free(world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("job");
    TCase *tcase = tcase_create("job");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, bodies_are_cut_at_bytes_and_records);
    tcase_add_test(tcase, one_record_may_be_larger_than_a_body);
    tcase_add_loop_test(tcase, htp_08_a_bad_record_is_found_by_halves, 0, RECORDS);
    tcase_add_test(tcase, htp_05_records_that_are_sent_back_go_again_alone);
    tcase_add_loop_test(tcase, htp_08_deliveries_may_be_over_before_the_job, 0, DELIVERIES * LINES);
    tcase_add_test(tcase, htp_05_what_is_sent_back_may_be_of_the_last_delivery);
    tcase_add_test(tcase, htp_07_some_are_rejected_and_nobody_knows_which);
    tcase_add_test(tcase, htp_22_the_key_follows_from_records_and_bytes);
    tcase_add_test(tcase, streams_have_buckets_and_the_oldest_is_first);
    return check_main(suite);
}
