/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries over lanes: each record is in the lane of its target, once; and what waits when there is no room. */
#include "plugins/outputs/http/lane.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/check_main.h"
#include "support/make_batch.h"

struct weir_delivery {
    uint32_t rejected, retried;
    struct weir_str why;
};

/* In place of the host's. */
void weir_settle(struct weir_delivery *delivery, uint32_t first, uint32_t count,
                 enum weir_outcome outcome, struct weir_str why)
{
    (void)first;
    *(outcome == WEIR_REJECTED ? &delivery->rejected : &delivery->retried) += count;
    delivery->why = why;
}

struct world {
    struct http_lanes lanes;
    struct batch *batch;
    struct weir_delivery delivery;
    struct http_held held;
};

/* Lanes by line. */
static void world_init(struct world *world)
{
    char url[] = "http://h/${message}", *urls[] = { url };
    struct weir_http options = { .url = { urls, 1 } };
    struct weir_error err = { 0 };
    *world = (struct world){ .lanes.rejected = WEIR_REJECTED };
    ck_assert_int_eq(http_targets_init(&world->lanes.targets, &options, NULL, WEIR_STR_NONE, &err),
                     0);
    ck_assert_int_eq(http_lanes_init(&world->lanes), 0);
}

static void world_add(struct world *world, const char *text)
{
    world->batch = make_batch(text, 0);
    world->held =
        (struct http_held){ .delivery = &world->delivery, .slice = made_batch_slice(world->batch) };
    world->held.unsettled = http_slice_count(&world->held.slice, 0, world->held.slice.count);
    ck_assert_int_eq(http_lanes_add(&world->lanes, &world->held), 0);
}

static void world_deinit(struct world *world)
{
    http_lanes_deinit(&world->lanes);
    made_batch_free(world->batch);
}

/* Takes the first piece of a lane's only bucket. */
static struct http_piece take(struct http_lane *lane)
{
    unsigned bucket = (unsigned)__builtin_ctzll(lane->queue.waiting);
    struct http_piece piece = *http_queue_first(&lane->queue, bucket);
    http_queue_take(&lane->queue, bucket, piece.count);
    return piece;
}

START_TEST(records_are_in_the_lane_of_their_target)
{
    struct world world;
    world_init(&world);
    world_add(&world, "a\na\nb\na\nc\nc\n");
    ck_assert(http_lanes_are_full(&world.lanes));
    ck_assert(http_lanes_spread(&world.lanes, 0, 17));
    ck_assert(!http_lanes_are_full(&world.lanes) && http_lanes_hold_any(&world.lanes));
    ck_assert_uint_eq(world.lanes.count, 3);
    struct http_lane *lane = world.lanes.all[0];
    ck_assert_str_eq(lane->target, "http://h/a");
    ck_assert_int_eq(lane->last_begun, 17);
    ck_assert_uint_eq(lane->queue.pieces, 2);
    struct http_piece piece = take(lane);
    ck_assert(piece.first == 0 && piece.count == 2);
    piece = take(lane);
    ck_assert(piece.first == 3 && piece.count == 1);
    ck_assert_uint_eq(lane->queue.waiting, 0);
    piece = take(world.lanes.all[2]);
    ck_assert(piece.first == 4 && piece.count == 2);
    http_lanes_give_back(&world.lanes, WEIR_STR("stopped"));
    ck_assert_uint_eq(world.delivery.retried, 1);
    ck_assert(!http_lanes_hold_any(&world.lanes));
    world_deinit(&world);
}
END_TEST

START_TEST(a_record_without_a_target_is_rejected_alone)
{
    struct world world;
    world_init(&world);
    world_add(&world, "..\na\n..\nb\n..\n");
    ck_assert(http_lanes_spread(&world.lanes, 0, 0));
    ck_assert_uint_eq(world.delivery.rejected, 3);
    ck_assert_ptr_nonnull(memmem(world.delivery.why.ptr, world.delivery.why.len, "component", 9));
    ck_assert_uint_eq(world.held.unsettled, 2);
    ck_assert_uint_eq(world.lanes.count, 2);
    http_lanes_give_back(&world.lanes, WEIR_STR("stopped"));
    ck_assert_uint_eq(world.delivery.retried, 2);
    ck_assert_ptr_null(world.held.delivery);
    world_deinit(&world);
}
END_TEST

/* 100 targets: the rest waits until lanes are empty, and no job of them is left. */
START_TEST(more_targets_than_lanes)
{
    struct world world;
    char text[100 * 5 + 1];
    world_init(&world);
    for (int i = 0; i < 100; i++)
        snprintf(&text[(size_t)i * 5], 6, "%04d\n", i);
    world_add(&world, text);
    ck_assert(http_lanes_spread(&world.lanes, 0, 0));
    ck_assert_uint_eq(world.lanes.count, HTTP_LANES_MAX);
    ck_assert_uint_eq(world.held.spread, HTTP_LANES_MAX);
    ck_assert(http_lanes_are_full(&world.lanes));
    for (unsigned i = 0; i < 10; i++)
        ck_assert_uint_eq(take(world.lanes.all[i]).count, 1);
    world.lanes.all[0]->jobs = 1; /* it has been taken, and is not answered */
    ck_assert(http_lanes_spread(&world.lanes, 10, 0));
    ck_assert_uint_eq(world.held.spread, HTTP_LANES_MAX + 9);
    ck_assert(http_lanes_are_full(&world.lanes));
    world.lanes.all[0]->jobs = 0;
    http_lanes_give_back(&world.lanes, WEIR_STR("stopped"));
    ck_assert_uint_eq(world.delivery.retried, 90);
    ck_assert(!http_lanes_are_full(&world.lanes));
    world_deinit(&world);
}
END_TEST

/* Two targets in turn: a piece each, up to the bound; pieces that jobs have count. */
START_TEST(pieces_have_a_bound)
{
    enum { RECORDS = HTTP_PIECES_MAX + 1000 };
    struct world world;
    char *text = malloc(2 * RECORDS + 1);
    world_init(&world);
    for (int i = 0; i < RECORDS; i++)
        memcpy(&text[(size_t)i * 2], i % 2 ? "b\n" : "a\n", 3);
    world_add(&world, text);
    ck_assert(http_lanes_spread(&world.lanes, 384, 0));
    ck_assert_uint_eq(world.held.spread, HTTP_PIECES_MAX - 384);
    ck_assert(http_lanes_spread(&world.lanes, 384, 0));
    ck_assert_uint_eq(world.held.spread, HTTP_PIECES_MAX - 384);
    for (int i = 0; i < 2000; i++)
        take(world.lanes.all[i % 2]);
    ck_assert(http_lanes_spread(&world.lanes, 0, 0));
    ck_assert(!http_lanes_are_full(&world.lanes));
    http_lanes_give_back(&world.lanes, WEIR_STR("stopped"));
    ck_assert_uint_eq(world.delivery.retried, RECORDS - 2000);
    world_deinit(&world);
    free(text);
}
END_TEST

/* Records that follow each other are one piece, however many. */
START_TEST(records_of_one_target_are_one_piece)
{
    enum { RECORDS = 2 * HTTP_PIECES_MAX + 7 };
    struct world world;
    char *text = malloc(2 * RECORDS + 1);
    world_init(&world);
    for (int i = 0; i < RECORDS; i++)
        memcpy(&text[(size_t)i * 2], "a\n", 3);
    world_add(&world, text);
    ck_assert(http_lanes_spread(&world.lanes, 0, 0));
    ck_assert(!http_lanes_are_full(&world.lanes));
    ck_assert_uint_eq(take(world.lanes.all[0]).count, RECORDS);
    world_deinit(&world);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lane");
    TCase *tcase = tcase_create("lane");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, records_are_in_the_lane_of_their_target);
    tcase_add_test(tcase, a_record_without_a_target_is_rejected_alone);
    tcase_add_test(tcase, more_targets_than_lanes);
    tcase_add_test(tcase, pieces_have_a_bound);
    tcase_add_test(tcase, records_of_one_target_are_one_piece);
    return check_main(suite);
}
