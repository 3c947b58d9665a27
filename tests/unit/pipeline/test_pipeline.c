/* SPDX-License-Identifier: Apache-2.0 */
/* A whole pipeline with plugins that misbehave in every way they are allowed to: outputs that settle in
 * pieces, late, from another thread, out of order, that ask to try again and that reject; an input that
 * checks, at each commit, that no position has passed a record without an answer from every output. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipeline/output.h"
#include "support/check_main.h"
#include "support/fake_lines.h"
#include "support/fake_moods.h"
#include "support/pipeline_frame.h"

enum { LINES_MAX = 200000, OUTPUTS_MAX = 3 };

static const struct row {
    const char *name;
    int64_t lines, per_block;
    size_t memory;
    unsigned outputs;
    struct fake_moods moods[OUTPUTS_MAX];
    bool parallel[OUTPUTS_MAX];
} rows[] = {
    { "one output at once", 200000, 4000, 1 << 20, 1, { { .hold = false } }, { false } },
    { "single lines", 5000, 1, 1 << 20, 1, { { .hold = false } }, { false } },
    { "late answers in any order", 100000, 1000, 2 << 20, 1, { { .late = true } }, { true } },
    { "tries and rejections",
      3000,
      100,
      1 << 20,
      1,
      { { .late = true, .retry_of = 300, .reject_of = 97 } },
      { false } },
    { "three outputs of different moods",
      6000,
      500,
      2 << 20,
      3,
      { { .hold = false },
        { .late = true, .reject_of = 50 },
        { .late = true, .retry_of = 900, .reject_of = 75 } },
      { false, true, true } },
    { "a buffer of one block",
      50000,
      8000,
      64 << 10,
      2,
      { { .hold = false }, { .late = true } },
      { false, true } },
};

/* What every output has answered for every line, seen by the input's commits. */
struct answers {
    unsigned outputs;
    _Atomic uint32_t *counts[OUTPUTS_MAX]; /* by line */
};

static bool every_output_answered(void *arg, int64_t line)
{
    const struct answers *answers = arg;
    for (unsigned i = 0; i < answers->outputs; i++)
        if (!atomic_load(&answers->counts[i][line]))
            return false;
    return true;
}

static void check_counts(const struct row *row, struct pipeline *pipeline,
                         const struct answers *answers)
{
    struct ledger_counts counts;
    ledger_snapshot(&pipeline->ledger, &counts);
    ck_assert_int_eq(ledger_residue(&counts, 1), 0);
    ck_assert_uint_eq(counts.held, 0);
    ck_assert_uint_eq(counts.read, (uint64_t)row->lines);
    uint64_t rejected = 0;
    for (int64_t i = 0; i < row->lines; i++) {
        bool bad = false;
        for (unsigned output = 0; output < row->outputs; output++) {
            ck_assert_uint_eq(answers->counts[output][i], 1);
            bad |= row->moods[output].reject_of && i % row->moods[output].reject_of == 0;
        }
        rejected += bad;
    }
    ck_assert_uint_eq(counts.fates.dropped[LEDGER_REJECTED], rejected);
    ck_assert_uint_eq(counts.fates.delivered, (uint64_t)row->lines - rejected);
}

START_TEST(test_every_record_is_answered_once_and_positions_follow)
{
    const struct row *row = &rows[_i];
    struct frame frame;
    frame_init(&frame);
    struct answers answers = { .outputs = row->outputs };
    struct fake_lines input = { .lines = row->lines,
                                .per_block = row->per_block,
                                .is_answered = every_output_answered,
                                .arg = &answers };
    struct config_plugin inputs[] = {
        { .plugin = &fake_lines_plugin, .id = (char *)"lines", .state = &input }
    };
    struct fake_moods moods[OUTPUTS_MAX];
    struct config_plugin outputs[OUTPUTS_MAX];
    char ids[OUTPUTS_MAX][16];
    for (unsigned i = 0; i < row->outputs; i++) {
        answers.counts[i] = calloc(LINES_MAX, sizeof(*answers.counts[i]));
        moods[i] = row->moods[i];
        moods[i].seed = i + 1;
        moods[i].answered = answers.counts[i];
        snprintf(ids[i], sizeof(ids[i]), "out%u", i);
        outputs[i] =
            (struct config_plugin){ .plugin = row->parallel[i] ? &fake_moods_parallel_plugin
                                                               : &fake_moods_plugin,
                                    .id = ids[i],
                                    .state = &moods[i] };
    }
    struct config_pipeline config = { .name = (char *)"test",
                                      .inputs = inputs,
                                      .input_count = 1,
                                      .outputs = outputs,
                                      .output_count = row->outputs,
                                      .buffer = { .memory = row->memory } };
    struct pipeline *pipeline = frame_pipeline(&frame, &config);
    frame_run(&frame, pipeline);
    check_counts(row, pipeline, &answers);
    ck_assert(!input.failed);
    ck_assert_int_eq(input.committed, row->lines);
    ck_assert_uint_eq(budget_used(&pipeline->budget), 0);
    pipeline_free(pipeline);
    frame_deinit(&frame);
    for (unsigned i = 0; i < row->outputs; i++)
        free((void *)answers.counts[i]);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("pipeline");
    tcase_add_loop_test(tcase, test_every_record_is_answered_once_and_positions_follow, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_set_timeout(tcase, 60);
    Suite *suite = suite_create("pipeline/pipeline");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
