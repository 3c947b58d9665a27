/* SPDX-License-Identifier: Apache-2.0 */
/* Replays of dead letters, by pipelines made by hand: what is put back, where it goes, and what it may take. */
#include "pipeline/replay.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "pipeline/dead_letters.h"
#include "support/check_main.h"
#include "support/fake_lines.h"
#include "support/fake_moods.h"
#include "support/pipeline_frame.h"

enum { LINES = 4000, REJECT_OF = 4, REJECTED = LINES / REJECT_OF };

#define REPLAY_ALL_LETTERS                                                                         \
    ((struct replay_request){                                                                      \
        .source = REPLAY_DEAD_LETTERS, .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX })

static const char *const ids[] = { "one", "two" };

/* Output `one` rejects some lines, `two` none. */
struct world {
    struct frame frame;
    struct fake_lines input;
    struct fake_moods moods[2];
    _Atomic uint32_t answered[2][LINES];
    struct config_plugin inputs[1], outputs[2];
    struct config_pipeline config;
    struct pipeline *pipeline;
};

static struct world world;

static void setup(void)
{
    memset(&world, 0, sizeof(world));
    frame_init(&world.frame);
    world.input = (struct fake_lines){ .lines = LINES, .per_block = 700 };
    world.inputs[0] = (struct config_plugin){ .plugin = &fake_lines_plugin,
                                              .id = (char *)"lines",
                                              .state = &world.input };
    for (unsigned i = 0; i < 2; i++) {
        world.moods[i] = (struct fake_moods){ .seed = i + 1, .answered = world.answered[i] };
        world.outputs[i] = (struct config_plugin){ .plugin = &fake_moods_plugin,
                                                   .id = (char *)ids[i],
                                                   .state = &world.moods[i] };
    }
    world.moods[0].reject_of = REJECT_OF;
    world.moods[0].words = 2 * REJECT_OF;
    world.config =
        (struct config_pipeline){ .name = (char *)"test",
                                  .inputs = world.inputs,
                                  .input_count = 1,
                                  .outputs = world.outputs,
                                  .output_count = 2,
                                  .buffer = { .memory = 1 << 20, .dead_letter_bytes = 100 << 20 } };
    world.pipeline = frame_pipeline(&world.frame, &world.config);
    frame_start(world.pipeline);
    frame_wait_until_done(&world.frame, world.pipeline);
    world.moods[0].reject_of = 0; /* nothing is under way */
}

static void teardown(void)
{
    frame_join(world.pipeline);
    pipeline_free(world.pipeline);
    frame_deinit(&world.frame);
}

static bool has_ended(void *arg)
{
    (void)arg;
    return !replay_is_running(world.pipeline->replay);
}

static void start(const struct replay_request *request)
{
    struct weir_error err = { 0 };
    int r = replay_start(world.pipeline->replay, request, &err);
    ck_assert_msg(r == 0, "%s", err.text);
}

static struct replay_progress finish(void)
{
    struct replay_progress now;
    ck_assert(frame_wait(has_ended, NULL));
    replay_progress(world.pipeline->replay, &now);
    frame_wait_until_done(&world.frame, world.pipeline);
    return now;
}

static void check_ledger(uint64_t replayed, uint64_t to_one, uint64_t to_two)
{
    struct ledger_counts counts;
    ledger_snapshot(&world.pipeline->ledger, &counts);
    ck_assert_int_eq(ledger_residue(&counts, 1), 0);
    ck_assert_uint_eq(counts.held, 0);
    ck_assert_uint_eq(counts.read, LINES);
    ck_assert_uint_eq(counts.replayed, replayed);
    ck_assert_uint_eq(counts.fates.dead_lettered, REJECTED);
    ck_assert_uint_eq(counts.fates.delivered, LINES - REJECTED + replayed);
    ck_assert_uint_eq(counts.outputs[0].routed, LINES + to_one);
    ck_assert_uint_eq(counts.outputs[1].routed, LINES + to_two);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(ledger_output_residue(&counts.outputs[i]), 0);
    ck_assert_uint_eq(budget_used(&world.pipeline->budget), 0);
}

START_TEST(test_all_go_back_to_who_rejected_them)
{
    start(&REPLAY_ALL_LETTERS);
    struct replay_progress now = finish();
    ck_assert_int_eq(now.state, REPLAY_DONE);
    ck_assert_uint_eq(now.replayed, REJECTED);
    ck_assert_uint_eq(now.records, REJECTED);
    ck_assert_uint_eq(now.damaged + now.unwanted, 0);
    ck_assert_uint_eq(now.sequence, now.end);
    for (int i = 0; i < LINES; i++) {
        ck_assert_uint_eq(world.answered[0][i], i % REJECT_OF ? 1 : 2);
        ck_assert_uint_eq(world.answered[1][i], 1);
    }
    check_ledger(REJECTED, REJECTED, 0);
}
END_TEST

START_TEST(test_some_go_to_another)
{
    struct replay_request request = REPLAY_ALL_LETTERS;
    request.target = "two";
    request.output = "one";
    request.reason = "bad number 4"; /* the other half has 0 */
    request.from = 10;
    start(&request);
    struct replay_progress now = finish();
    unsigned again = 0;
    for (int i = 0; i < LINES; i++) {
        ck_assert_uint_eq(world.answered[0][i], 1);
        ck_assert(world.answered[1][i] == 1 || i % (2 * REJECT_OF) == REJECT_OF);
        again += world.answered[1][i] == 2;
    }
    ck_assert_uint_ge(again, REJECTED / 2 - 10);
    ck_assert_uint_eq(now.replayed, again);
    check_ledger(again, 0, again);
}
END_TEST

START_TEST(test_nothing_that_does_not_fit_is_taken)
{
    const uint8_t nobody[1][16] = { { 1 } };
    struct replay_request requests[] = { REPLAY_ALL_LETTERS, REPLAY_ALL_LETTERS, REPLAY_ALL_LETTERS,
                                         REPLAY_ALL_LETTERS };
    requests[0].until = 1;
    requests[1].from = UINT64_MAX;
    requests[2].output = "two";
    requests[3].ids = nobody;
    requests[3].id_count = 1;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        start(&requests[i]);
        struct replay_progress now = finish();
        ck_assert_int_eq(now.state, REPLAY_DONE);
        ck_assert_uint_eq(now.replayed, 0);
    }
    check_ledger(0, 0, 0);
}
END_TEST

START_TEST(test_what_cannot_be_is_refused)
{
    struct weir_error err = { 0 };
    struct replay_request request = REPLAY_ALL;
    ck_assert_int_eq(replay_start(world.pipeline->replay, &request, &err),
                     -ENOENT); /* no disk tier */
    request = REPLAY_ALL_LETTERS;
    request.target = "three";
    ck_assert_int_eq(replay_start(world.pipeline->replay, &request, &err), -ENOENT);
    request.target = NULL;
    request.output = "three";
    ck_assert_int_eq(replay_start(world.pipeline->replay, &request, &err), -ENOENT);
    check_ledger(0, 0, 0);
}
END_TEST

static bool is_waiting(void *arg)
{
    struct replay_progress now;
    (void)arg;
    replay_progress(world.pipeline->replay, &now);
    return now.waiting;
}

/* The sink is gone: the job waits for room, takes no more than there is, and can be told to end. */
START_TEST(test_a_full_pipeline_is_waited_for)
{
    struct weir_error err = { 0 };
    struct replay_request request = REPLAY_ALL_LETTERS;
    budget_force(&world.pipeline->budget, (1 << 20) - 1000); /* as if it were full */
    start(&request);
    ck_assert(frame_wait(is_waiting, NULL));
    ck_assert_int_eq(replay_start(world.pipeline->replay, &request, &err), -EBUSY);
    ck_assert_uint_eq(budget_used(&world.pipeline->budget), (1 << 20) - 1000);
    replay_cancel(world.pipeline->replay);
    ck_assert(frame_wait(has_ended, NULL));
    struct replay_progress now;
    replay_progress(world.pipeline->replay, &now);
    ck_assert_int_eq(now.state, REPLAY_CANCELLED);
    ck_assert_uint_eq(now.replayed, 0);
    budget_give(&world.pipeline->budget, (1 << 20) - 1000);
    start(&request);
    ck_assert_uint_eq(finish().replayed, REJECTED);
    check_ledger(REJECTED, REJECTED, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline/replay");
    TCase *tcase = tcase_create("replay");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_all_go_back_to_who_rejected_them);
    tcase_add_test(tcase, test_some_go_to_another);
    tcase_add_test(tcase, test_nothing_that_does_not_fit_is_taken);
    tcase_add_test(tcase, test_what_cannot_be_is_refused);
    tcase_add_test(tcase, test_a_full_pipeline_is_waited_for);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
