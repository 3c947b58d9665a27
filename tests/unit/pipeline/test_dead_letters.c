/* SPDX-License-Identifier: Apache-2.0 */
/* Parking: what is in the store afterwards, when the disk does not want it, and when there is too much. */
#include "pipeline/dead_letters.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "buffer/frozen.h"
#include "buffer/store.h"
#include "pipeline/output.h"
#include "pipeline/rejections.h"
#include "support/check_main.h"
#include "support/disk_sim.h"
#include "support/fake_lines.h"
#include "support/fake_moods.h"
#include "support/make_batch.h"
#include "support/pipeline_frame.h"

enum { LINES = 5000, OUTPUTS_MAX = 2 };

/* A pipeline of numbered lines and outputs that reject some. */
struct world {
    struct frame frame;
    struct fake_lines input;
    struct fake_moods moods[OUTPUTS_MAX];
    struct config_plugin inputs[1], outputs[OUTPUTS_MAX];
    struct config_pipeline config;
    struct pipeline *pipeline;
};

static void world_init(struct world *world, unsigned outputs, uint64_t max)
{
    static const char *const ids[OUTPUTS_MAX] = { "one", "two" };
    frame_init(&world->frame);
    world->input = (struct fake_lines){ .lines = LINES, .per_block = 700 };
    world->inputs[0] = (struct config_plugin){ .plugin = &fake_lines_plugin,
                                               .id = (char *)"lines",
                                               .state = &world->input };
    for (unsigned i = 0; i < outputs; i++) {
        world->moods[i] = (struct fake_moods){ .seed = i + 1 };
        world->outputs[i] = (struct config_plugin){ .plugin = &fake_moods_plugin,
                                                    .id = (char *)ids[i],
                                                    .state = &world->moods[i] };
    }
    world->config =
        (struct config_pipeline){ .name = (char *)"test",
                                  .inputs = world->inputs,
                                  .input_count = 1,
                                  .outputs = world->outputs,
                                  .output_count = outputs,
                                  .buffer = { .memory = 2 << 20, .dead_letter_bytes = max } };
}

static void world_run(struct world *world)
{
    world->pipeline = frame_pipeline(&world->frame, &world->config);
    frame_run(&world->frame, world->pipeline);
}

static void world_deinit(struct world *world)
{
    pipeline_free(world->pipeline);
    frame_deinit(&world->frame);
}

static void counts_of(struct world *world, struct ledger_counts *ret)
{
    ledger_snapshot(&world->pipeline->ledger, ret);
    ck_assert_int_eq(ledger_residue(ret, 1), 0);
    for (size_t i = 0; i < world->config.output_count; i++)
        ck_assert_int_eq(ledger_output_residue(&ret->outputs[i]), 0);
}

/* How often each line is in the dead letters of each output; their words are looked at. */
struct seen {
    unsigned of[OUTPUTS_MAX][LINES];
    int64_t words;
    uint64_t records;
};

static void look_at_note(struct seen *seen, const struct batch *batch, uint64_t readers)
{
    json_t *note = json_loadb(batch->note.ptr, batch->note.len, 0, NULL);
    ck_assert(json_is_object(note));
    const char *output = json_string_value(json_object_get(note, "output"));
    const char *answer = json_string_value(json_object_get(note, "answer"));
    ck_assert_str_eq(output, readers == 1 ? "one" : "two");
    ck_assert_str_eq(json_string_value(json_object_get(note, "reason")), "rejected");
    ck_assert_int_eq(json_integer_value(json_object_get(note, "attempts")), 1);
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(note, "first"))) > 15, 1);
    for (uint32_t i = 0; i < batch->pub.count; i++) {
        const int64_t number = fake_line_number(&batch->pub, i);
        char want[40] = "bad number";
        if (seen->words)
            snprintf(want, sizeof(want), "bad number %d", (int)(number % seen->words));
        ck_assert_str_eq(answer, want);
        seen->of[readers == 1 ? 0 : 1][number]++;
        seen->records++;
    }
    json_decref(note);
}

static void look(struct store *store, struct chunk_pool *chunks, struct seen *seen)
{
    struct store_walk *walk = store_walk_new(store, 0);
    struct store_frame frame;
    int r;
    while ((r = store_walk_next(walk, &frame)) == 1) {
        struct batch *batch = NULL;
        ck_assert(!frame.damaged);
        ck_assert_int_eq(frozen_thaw(&frame.head, frame.ranges, frame.payload, frame.reader_bits,
                                     chunks, &batch),
                         0);
        look_at_note(seen, batch, frame.head.readers);
        frozen_free(batch);
    }
    ck_assert_int_eq(r, 0);
    store_walk_free(walk);
}

static void look_into(struct world *world, struct seen *seen)
{
    look(dead_letters_store(world->pipeline->dead_letters), world->pipeline->chunks, seen);
}

static bool directory_is_there(const struct world *world)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/dead_letters", world->frame.dir);
    return access(path, F_OK) == 0;
}

START_TEST(test_what_two_outputs_reject_is_parked_once_for_each)
{
    static struct world world;
    static struct seen seen;
    struct ledger_counts counts;
    seen = (struct seen){ .words = 5 };
    world_init(&world, 2, 100 << 20);
    world.moods[0].reject_of = 3;
    world.moods[1].reject_of = 7;
    world.moods[1].late = true;
    world.moods[0].words = world.moods[1].words = 5;
    world_run(&world);
    counts_of(&world, &counts);
    look_into(&world, &seen);
    uint64_t either = 0, one = 0, two = 0;
    for (int i = 0; i < LINES; i++) {
        ck_assert_uint_eq(seen.of[0][i], i % 3 == 0);
        ck_assert_uint_eq(seen.of[1][i], i % 7 == 0);
        either += i % 3 == 0 || i % 7 == 0;
        one += i % 3 == 0;
        two += i % 7 == 0;
    }
    ck_assert_uint_eq(counts.fates.dead_lettered, either);
    ck_assert_uint_eq(counts.fates.delivered, LINES - either);
    ck_assert_uint_eq(counts.outputs[0].answers.dead_lettered, one);
    ck_assert_uint_eq(counts.outputs[1].answers.dead_lettered, two);
    ck_assert_int_eq(world.input.committed, LINES);
    struct dead_letters_status status;
    dead_letters_status(world.pipeline->dead_letters, &status);
    ck_assert_uint_eq(status.records, one + two);
    ck_assert(!status.failing);
    world_deinit(&world);
}
END_TEST

START_TEST(test_nothing_is_made_on_disk_without_need)
{
    for (int wanted = 0; wanted < 2; wanted++) {
        static struct world world;
        struct ledger_counts counts;
        world_init(&world, 1, wanted ? 100 << 20 : 0);
        world.moods[0].reject_of = wanted ? 0 : 10;
        world_run(&world);
        counts_of(&world, &counts);
        ck_assert_uint_eq(counts.fates.dropped[LEDGER_REJECTED], wanted ? 0 : LINES / 10);
        ck_assert_uint_eq(counts.fates.dead_lettered, 0);
        ck_assert_ptr_null(dead_letters_store(world.pipeline->dead_letters));
        ck_assert(!directory_is_there(&world));
        world_deinit(&world);
    }
}
END_TEST

static bool output_holds(void *arg)
{
    struct world *world = arg;
    char reason[OUTPUT_REASON_MAX];
    return output_status(world->pipeline->outputs[0], reason) == OUTPUT_PAUSED &&
           strstr(reason, "dead letters") != NULL;
}

START_TEST(test_an_output_holds_while_nothing_can_be_parked)
{
    static struct world world;
    static struct seen seen;
    struct ledger_counts counts;
    seen = (struct seen){ .words = 0 };
    world_init(&world, 2, 100 << 20);
    messenger_free(world.frame.env.messenger); /* the error is expected */
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    world.frame.env.messenger = messenger_new(null, WEIR_ERROR, MESSAGE_TEXT);
    world.frame.env.disk = sim_new(1);
    disk_close(world.frame.env.disk,
               disk_open_dir(world.frame.env.disk, DISK_CWD, world.frame.dir, true));
    sim_fail(world.frame.env.disk, SIM_WRITE, 0, ENOSPC, true);
    world.moods[0].reject_of = 9;
    world.pipeline = frame_pipeline(&world.frame, &world.config);
    frame_start(world.pipeline);
    ck_assert(frame_wait(output_holds, &world));
    struct dead_letters_status status;
    dead_letters_status(world.pipeline->dead_letters, &status);
    ck_assert(status.failing);
    ck_assert_ptr_nonnull(strstr(status.reason, "No space left"));
    counts_of(&world, &counts);
    ck_assert_uint_gt(counts.held, 0);
    sim_fail(world.frame.env.disk, 0, 0, 0, false);
    frame_wait_until_done(&world.frame, world.pipeline);
    frame_join(world.pipeline);
    counts_of(&world, &counts);
    look_into(&world, &seen);
    for (int i = 0; i < LINES; i++)
        ck_assert_uint_eq(seen.of[0][i], i % 9 == 0);
    ck_assert_uint_eq(counts.fates.dead_lettered, (LINES + 8) / 9);
    dead_letters_status(world.pipeline->dead_letters, &status);
    ck_assert(!status.failing);
    pipeline_free(world.pipeline);
    sim_free(world.frame.env.disk);
    frame_deinit(&world.frame);
    close(null);
}
END_TEST

/* Each call of the disk fails in turn, once: after as many tries as it takes each record is there once. */
START_TEST(test_no_failing_call_parks_twice_or_never)
{
    static const unsigned calls[] = { SIM_CALLS_ALL, SIM_WRITE, SIM_SYNC,    SIM_SYNC_DIR,
                                      SIM_RESERVE,   SIM_OPEN,  SIM_OPEN_DIR };
    static struct world world;
    world_init(&world, 1, 100 << 20);
    bool failed = true;
    for (uint64_t nth = 0; failed; nth++) {
        world.frame.env.disk = sim_new(nth + 1);
        disk_close(world.frame.env.disk,
                   disk_open_dir(world.frame.env.disk, DISK_CWD, world.frame.dir, true));
        world.pipeline = frame_pipeline(&world.frame, &world.config);
        struct batch *batch = make_batch("a 0\nb 1\nc 2\nd 3\ne 4\nf 5\n", 0);
        batch->routed = 1;
        const struct weir_slice slice = made_batch_slice(batch);
        struct rejections *rejections = NULL;
        for (uint32_t i = 0; i < 6; i += 2) /* three frames */
            rejections_add(&rejections, &slice, i, 1, REJECTION_NEW,
                           (struct weir_str){ &"abcdef"[i], 1 }, 1);
        sim_fail(world.frame.env.disk, calls[_i], nth, EIO, false);
        int tries = 0;
        while (dead_letters_park(world.pipeline->dead_letters, 0, batch, rejections, 1) < 0)
            ck_assert_int_lt(++tries, 5);
        failed = sim_has_failed(world.frame.env.disk);
        sim_fail(world.frame.env.disk, 0, 0, 0, false);
        unsigned found = 0;
        struct store_walk *walk =
            store_walk_new(dead_letters_store(world.pipeline->dead_letters), 0);
        struct store_frame frame;
        while (store_walk_next(walk, &frame) == 1) {
            ck_assert(!frame.damaged);
            ck_assert_uint_eq(frame.head.records, 1);
            found++;
        }
        ck_assert_msg(found == 3, "call %u, number %llu: %u frames", calls[_i],
                      (unsigned long long)nth, found);
        store_walk_free(walk);
        for (uint32_t i = 0; i < rejections->count; i++)
            ck_assert_int_eq(rejections->items[i].state, REJECTION_PARKED);
        rejections_free(rejections);
        made_batch_free(batch);
        pipeline_free(world.pipeline);
        sim_free(world.frame.env.disk);
    }
    frame_deinit(&world.frame);
}
END_TEST

/* A run that parks more than there is room for, and another one after it. */
START_TEST(test_the_oldest_make_room_and_are_counted)
{
    static struct world world;
    static struct seen seen;
    struct ledger_counts counts;
    struct dead_letters_status status;
    world_init(&world, 1, 1 << 20);
    world.moods[0].reject_of = 1;
    world.moods[0].words = 500; /* many small frames */
    world.config.buffer.compression = COMPRESSION_NONE;
    world_run(&world);
    counts_of(&world, &counts);
    dead_letters_status(world.pipeline->dead_letters, &status);
    ck_assert_uint_le(status.bytes, (1 << 20) + (256 << 10));
    ck_assert_uint_gt(counts.fates.dropped[LEDGER_DEAD_LETTER_FULL], 0);
    ck_assert_uint_eq(counts.fates.dead_lettered, status.records);
    ck_assert_uint_eq(counts.outputs[0].answers.dead_lettered, status.records);
    ck_assert_uint_eq(counts.fates.dead_lettered + counts.fates.dropped[LEDGER_DEAD_LETTER_FULL],
                      LINES);
    ck_assert_uint_eq(status.lost, 0);
    seen = (struct seen){ .words = 500 };
    look_into(&world, &seen);
    ck_assert_uint_eq(seen.records, status.records);
    const uint64_t left = status.records;
    pipeline_free(world.pipeline);

    frame_reopen_positions(&world.frame);
    world.input = (struct fake_lines){ .lines = LINES, .per_block = 700, .source = "other" };
    world_run(&world);
    counts_of(&world, &counts);
    dead_letters_status(world.pipeline->dead_letters, &status);
    ck_assert_uint_eq(status.lost, left);
    ck_assert_uint_eq(counts.fates.dead_lettered, status.records);
    world_deinit(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline/dead_letters");
    TCase *tcase = tcase_create("dead_letters");
    tcase_add_test(tcase, test_what_two_outputs_reject_is_parked_once_for_each);
    tcase_add_test(tcase, test_nothing_is_made_on_disk_without_need);
    tcase_add_test(tcase, test_an_output_holds_while_nothing_can_be_parked);
    tcase_add_loop_test(tcase, test_no_failing_call_parks_twice_or_never, 0, 7);
    tcase_add_test(tcase, test_the_oldest_make_room_and_are_counted);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
