/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines that end early: a plugin that does not open, an input that does not start, a stop while
 * batches are everywhere. Whatever happens, what was opened is closed once, and no position passes a
 * record that was not answered. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "buffer/positions.h"
#include "pipeline/input.h"
#include "pipeline/output.h"
#include "support/check_main.h"
#include "support/fake_filter.h"
#include "support/fake_lines.h"
#include "support/fake_moods.h"
#include "support/pipeline_frame.h"

enum { LINES = 4000, PER_BLOCK = 100 };

/* Two of each kind. */
struct bench {
    struct frame frame;
    struct fake_lines lines[2];
    struct fake_filter filters[2];
    struct fake_moods moods[2];
    struct config_plugin inputs[2], filter_configs[2], outputs[2];
    struct config_pipeline config;
    struct pipeline *pipeline;
    _Atomic uint32_t answered[2][2 * LINES]; /* by output */
};

static bool is_answered(void *arg, int64_t line)
{
    struct bench *bench = arg;
    for (size_t i = 0; i < bench->config.output_count; i++)
        if (!atomic_load(&bench->answered[i][line]))
            return false;
    return true;
}

static struct bench *bench_new(void)
{
    static const char *const ids[] = { "one", "two" };
    struct bench *bench = calloc(1, sizeof(*bench));
    ck_assert_ptr_nonnull(bench);
    frame_init(&bench->frame);
    for (int i = 0; i < 2; i++) {
        bench->lines[i] = (struct fake_lines){ .lines = LINES,
                                               .per_block = PER_BLOCK,
                                               .first = (int64_t)i * LINES,
                                               .source = ids[i],
                                               .is_answered = is_answered,
                                               .arg = bench };
        bench->moods[i] = (struct fake_moods){ .answered = bench->answered[i] };
        char *id = (char *)ids[i];
        bench->inputs[i] = (struct config_plugin){ .plugin = &fake_lines_plugin,
                                                   .id = id,
                                                   .state = &bench->lines[i] };
        bench->filter_configs[i] = (struct config_plugin){ .plugin = &fake_filter_plugin,
                                                           .id = id,
                                                           .state = &bench->filters[i] };
        bench->outputs[i] = (struct config_plugin){ .plugin = &fake_moods_plugin,
                                                    .id = id,
                                                    .state = &bench->moods[i] };
    }
    bench->config = (struct config_pipeline){ .name = (char *)"test",
                                              .inputs = bench->inputs,
                                              .input_count = 2,
                                              .filters = bench->filter_configs,
                                              .filter_count = 2,
                                              .outputs = bench->outputs,
                                              .output_count = 2,
                                              .buffer = { .memory = 4 << 20 } };
    return bench;
}

/* Frees the pipeline, and sees to it that what is stored was answered. */
static void bench_end(struct bench *bench)
{
    uint64_t owners[2];
    for (int i = 0; i < 2; i++)
        owners[i] = positions_owner("input", "test", bench->inputs[i].id);
    bench->pipeline = pipeline_free(bench->pipeline);
    frame_reopen_positions(&bench->frame);
    for (size_t i = 0; i < bench->config.input_count; i++) {
        struct weir_stream_state *stored;
        size_t count;
        ck_assert_int_eq(positions_list(bench->frame.env.positions, owners[i], &stored, &count), 0);
        for (size_t k = 0; k < count; k++)
            for (int64_t line = 0; line < (int64_t)stored[k].position / FAKE_LINE_BYTES; line++)
                ck_assert_msg(is_answered(bench, bench->lines[i].first + line),
                              "input %zu: line %lld is stored and was not answered", i,
                              (long long)line);
        free(stored);
        ck_assert(!bench->lines[i].failed);
    }
    frame_deinit(&bench->frame);
    free(bench);
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t error;                      /* offset of an open_error in struct bench */
    unsigned filters, outputs, inputs; /* how many were opened */
} opens[] = {
    { "first filter", offsetof(struct bench, filters[0].open_error), 1, 0, 0 },
    { "second filter", offsetof(struct bench, filters[1].open_error), 2, 0, 0 },
    { "first output", offsetof(struct bench, moods[0].open_error), 2, 1, 0 },
    { "second output", offsetof(struct bench, moods[1].open_error), 2, 2, 0 },
    { "first input", offsetof(struct bench, lines[0].open_error), 2, 2, 1 },
    { "second input", offsetof(struct bench, lines[1].open_error), 2, 2, 2 },
};

START_TEST(test_what_was_opened_is_closed_once)
{
    struct bench *bench = bench_new();
    struct weir_error err = { 0 };
    struct pipeline *pipeline = NULL;
    *(int *)(void *)((char *)bench + opens[_i].error) = -EACCES;
    ck_assert_int_eq(pipeline_new(&bench->frame.env, &bench->config, &pipeline, &err), -EACCES);
    ck_assert_ptr_null(pipeline);
    ck_assert_ptr_nonnull(strstr(err.text, "told to fail"));
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(bench->filters[i].opened, i < opens[_i].filters);
        ck_assert_uint_eq(bench->filters[i].closed, i < opens[_i].filters);
        ck_assert_uint_eq(bench->moods[i].opened, i < opens[_i].outputs);
        ck_assert_uint_eq(bench->moods[i].closed, i < opens[_i].outputs);
        ck_assert_uint_eq(bench->lines[i].opened, i < opens[_i].inputs);
        ck_assert_uint_eq(bench->lines[i].closed, i < opens[_i].inputs);
        ck_assert_uint_eq(bench->lines[i].started, 0);
    }
    bench_end(bench);
}
END_TEST

START_TEST(test_a_pipeline_that_never_started)
{
    struct bench *bench = bench_new();
    bench->pipeline = frame_pipeline(&bench->frame, &bench->config);
    bench_end(bench);
}
END_TEST

START_TEST(test_an_input_that_does_not_start_leaves_the_other)
{
    struct bench *bench = bench_new();
    bench->lines[0].start_error = -EIO;
    bench->pipeline = frame_pipeline(&bench->frame, &bench->config);
    frame_run(&bench->frame, bench->pipeline);
    ck_assert_int_eq(bench->pipeline->inputs[0]->end, INPUT_FAILED);
    ck_assert_int_eq(bench->pipeline->inputs[1]->end, INPUT_ENDED);
    struct ledger_counts counts;
    ledger_snapshot(&bench->pipeline->ledger, &counts);
    ck_assert_uint_eq(counts.fates.delivered, LINES);
    ck_assert_int_eq(bench->lines[1].committed, LINES);
    bench_end(bench);
}
END_TEST

/* The last commit of a stream is where its input lets go of it. */
START_TEST(test_a_stream_is_closed_in_its_commit)
{
    struct bench *bench = bench_new();
    for (int i = 0; i < 2; i++) {
        bench->lines[i].closes = true;
        bench->lines[i].forgets = _i;
        bench->moods[i].late = true;
        bench->outputs[i].plugin = &fake_moods_parallel_plugin;
    }
    bench->pipeline = frame_pipeline(&bench->frame, &bench->config);
    frame_run(&bench->frame, bench->pipeline);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(bench->lines[i].committed, LINES);
        ck_assert_ptr_null(bench->pipeline->inputs[i]->streams);
    }
    bench_end(bench);
}
END_TEST

/* ---- stopping ------------------------------------------------------------------------------------------ */

static void check_ledger(struct pipeline *pipeline)
{
    struct ledger_counts counts;
    ledger_snapshot(&pipeline->ledger, &counts);
    ck_assert_int_eq(ledger_residue(&counts, pipeline->ledger.filter_count), 0);
}

static bool all_emitted(void *arg)
{
    struct bench *bench = arg;
    return bench->lines[0].emitted == LINES && bench->lines[1].emitted == LINES;
}

static void until_the_stage_stops(void *arg, struct weir_batch *batch)
{
    const struct bench *bench = arg;
    (void)batch;
    while (!atomic_load(&bench->pipeline->stage.worker.stop))
        usleep(1000);
}

/* All of the second input's batches still stand before the filters. */
START_TEST(test_what_no_filter_has_seen_is_not_committed)
{
    struct bench *bench = bench_new();
    bench->filters[0].apply = until_the_stage_stops;
    bench->filters[0].arg = bench;
    bench->lines[1].begin_after = &bench->filters[0].applied;
    bench->pipeline = frame_pipeline(&bench->frame, &bench->config);
    frame_start(bench->pipeline);
    ck_assert(frame_wait(all_emitted, bench));
    frame_join(bench->pipeline);
    check_ledger(bench->pipeline);
    ck_assert_uint_ge(ledger_held(&bench->pipeline->ledger), LINES);
    bench_end(bench);
}
END_TEST

static bool both_deliver(void *arg)
{
    struct bench *bench = arg;
    return bench->moods[0].deliveries > 0 && bench->moods[1].deliveries > 0;
}

/* An output whose own thread still reads its delivery while the pipeline ends. */
START_TEST(test_a_batch_outlives_the_output_that_reads_it)
{
    struct bench *bench = bench_new();
    bench->moods[0].late = bench->moods[0].hold = true;
    bench->outputs[0].plugin = &fake_moods_parallel_plugin;
    bench->config.filter_count = _i ? 2 : 0;
    bench->pipeline = frame_pipeline(&bench->frame, &bench->config);
    frame_start(bench->pipeline);
    ck_assert(frame_wait(both_deliver, bench));
    frame_join(bench->pipeline);
    check_ledger(bench->pipeline);
    ck_assert_uint_gt(ledger_held(&bench->pipeline->ledger), 0);
    bench_end(bench);
}
END_TEST

/* Nothing waits for anything: whatever moment it is, stopping is safe. */
START_TEST(test_a_stop_at_any_moment)
{
    struct bench *bench = bench_new();
    bench->moods[_i % 2].late = true;
    bench->moods[_i % 2].retry_of = 50;
    bench->config.filter_count = (size_t)_i % 3;
    bench->pipeline = frame_pipeline(&bench->frame, &bench->config);
    frame_start(bench->pipeline);
    usleep((useconds_t)_i * 700);
    if (_i % 4 == 0)
        pipeline_stop_inputs(bench->pipeline);
    frame_join(bench->pipeline);
    check_ledger(bench->pipeline);
    bench_end(bench);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("stop");
    tcase_add_loop_test(tcase, test_what_was_opened_is_closed_once, 0,
                        (int)(sizeof(opens) / sizeof(opens[0])));
    tcase_add_test(tcase, test_a_pipeline_that_never_started);
    tcase_add_test(tcase, test_an_input_that_does_not_start_leaves_the_other);
    tcase_add_loop_test(tcase, test_a_stream_is_closed_in_its_commit, 0, 2);
    tcase_add_test(tcase, test_what_no_filter_has_seen_is_not_committed);
    tcase_add_loop_test(tcase, test_a_batch_outlives_the_output_that_reads_it, 0, 2);
    tcase_add_loop_test(tcase, test_a_stop_at_any_moment, 0, 24);
    tcase_set_timeout(tcase, 30);
    Suite *suite = suite_create("pipeline/stop");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
