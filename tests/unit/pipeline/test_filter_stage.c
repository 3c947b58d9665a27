/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions, drops and routes: which filter sees which records, which output gets them, and what is
 * counted where. Lines are the numbers 0 to 999 in batches of a hundred. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "pipeline/output.h"
#include "record/condition.h"
#include "support/check_main.h"
#include "support/fake_filter.h"
#include "support/fake_lines.h"
#include "support/fake_moods.h"
#include "support/pipeline_frame.h"

enum { LINES = 1000, PER_BLOCK = 100, FILTERS_MAX = 3, OUTPUTS_MAX = 3 };

/* ---- what filters do --------------------------------------------------------------------------------------- */

/* The number of each record that the filter is to look at, until -1. */
static int64_t next_seen(const struct weir_batch *batch, uint32_t *i)
{
    while (*i < batch->count && weir_batch_is_dropped(batch, *i))
        ++*i;
    return *i < batch->count ? fake_line_number(batch, *i) : -1;
}

static void drop_all(void *seen, struct weir_batch *batch)
{
    for (uint32_t i = 0; next_seen(batch, &i) >= 0; i++) {
        ++*(unsigned *)seen;
        weir_batch_drop(batch, i);
    }
}

static void drop_even(void *seen, struct weir_batch *batch)
{
    int64_t number;
    for (uint32_t i = 0; (number = next_seen(batch, &i)) >= 0; i++) {
        ++*(unsigned *)seen;
        if (number % 2 == 0)
            weir_batch_drop(batch, i);
    }
}

static void drop_twice(void *seen, struct weir_batch *batch)
{
    int64_t number;
    for (uint32_t i = 0; (number = next_seen(batch, &i)) >= 0; i++) {
        ++*(unsigned *)seen;
        if (number % 10)
            continue;
        weir_batch_drop(batch, i);
        weir_batch_drop(batch, i);
    }
}

static void keep_all(void *seen, struct weir_batch *batch)
{
    for (uint32_t i = 0; next_seen(batch, &i) >= 0; i++)
        ++*(unsigned *)seen;
}

/* As a parser does: opens the batch empty, and gives what it sees the one field `k`. */
static void parse(void *seen, struct weir_batch *batch)
{
    static const struct weir_field field = {
        .name = "k", .name_len = 1, .value = "1", .value_len = 1, .type = WEIR_VALUE_INT
    };
    int r = weir_batch_open_empty(batch);
    for (uint32_t i = 0; r == 0 && next_seen(batch, &i) >= 0; i++) {
        ++*(unsigned *)seen;
        r = weir_record_set(batch, &batch->records[i], &field);
    }
    ck_assert_int_eq(r, 0);
}

/* ---- rows -------------------------------------------------------------------------------------------------- */

#define ENDS_IN_5 "message =~ \"5$\""
#define ENDS_IN_0_OR_5 "message =~ \"[05]$\""
#define NEVER "message == \"no line\""
#define ANY "exists(message)"

static const struct row {
    const char *name;
    struct {
        void (*apply)(void *seen, struct weir_batch *batch);
        const char *when;
        unsigned seen, filtered;
    } filters[FILTERS_MAX];
    struct {
        bool is_there;
        const char *when;
        unsigned taken;
    } outputs[OUTPUTS_MAX];
    unsigned unrouted;
    unsigned inputs; /* 0: 1 */
} rows[] = {
    { "nothing to do", .outputs = { { true, NULL, 1000 } } },
    { "a route", .outputs = { { true, ENDS_IN_5, 100 } }, .unrouted = 900 },
    { "a route beside all", .outputs = { { true, ENDS_IN_5, 100 }, { true, NULL, 1000 } } },
    { "routes that overlap", .outputs = { { true, ENDS_IN_5, 100 }, { true, ENDS_IN_0_OR_5, 200 } },
      .unrouted = 800 },
    { "a route that nothing takes", .outputs = { { true, NEVER, 0 } }, .unrouted = 1000 },
    { "a route that everything takes", .outputs = { { true, ANY, 1000 }, { true, NEVER, 0 } } },
    { "routes of two inputs", .outputs = { { true, ENDS_IN_5, 200 }, { true, NULL, 2000 } },
      .inputs = 2 },
    { "drops", .filters = { { drop_even, NULL, 1000, 500 } }, .outputs = { { true, NULL, 500 } } },
    { "dropped twice is dropped once", .filters = { { drop_twice, NULL, 1000, 100 } },
      .outputs = { { true, NULL, 900 } } },
    { "a condition", .filters = { { drop_all, ENDS_IN_5, 100, 100 } },
      .outputs = { { true, NULL, 900 } } },
    { "a condition of which all is kept", .filters = { { keep_all, ENDS_IN_5, 100, 0 } },
      .outputs = { { true, NULL, 1000 } } },
    { "a condition that always holds", .filters = { { drop_even, ANY, 1000, 500 } },
      .outputs = { { true, NULL, 500 } } },
    { "a condition that always holds, and nothing dropped",
      .filters = { { keep_all, ANY, 1000, 0 } }, .outputs = { { true, NULL, 1000 } } },
    { "a condition that never holds", .filters = { { drop_all, NEVER, 0, 0 } },
      .outputs = { { true, NULL, 1000 } } },
    { "a condition after drops",
      .filters = { { drop_even, NULL, 1000, 500 }, { drop_all, ENDS_IN_0_OR_5, 100, 100 } },
      .outputs = { { true, NULL, 400 } } },
    { "drops after a condition",
      .filters = { { drop_all, ENDS_IN_0_OR_5, 200, 200 }, { drop_even, NULL, 800, 400 } },
      .outputs = { { true, NULL, 400 } } },
    { "conditions one after the other",
      .filters = { { drop_even, ENDS_IN_0_OR_5, 200, 100 },
                   { keep_all, ENDS_IN_0_OR_5, 100, 0 },
                   { drop_all, ENDS_IN_5, 100, 100 } },
      .outputs = { { true, NULL, 800 } } },
    { "nothing is left for the second",
      .filters = { { drop_all, NULL, 1000, 1000 }, { drop_all, NULL, 0, 0 } },
      .outputs = { { true, NULL, 0 }, { true, ENDS_IN_5, 0 } } },
    { "what a route asks for was dropped", .filters = { { drop_all, ENDS_IN_5, 100, 100 } },
      .outputs = { { true, ENDS_IN_5, 0 } }, .unrouted = 900 },
    { "dropped and routed", .filters = { { drop_even, NULL, 1000, 500 } },
      .outputs = { { true, ENDS_IN_0_OR_5, 100 }, { true, NULL, 500 } } },
    { "a parser with a condition leaves other lines their message",
      .filters = { { parse, ENDS_IN_5, 100, 0 } },
      .outputs = { { true, "k == 1 and not exists(message)", 100 },
                   { true, "exists(message) and not exists(k)", 900 } } },
    { "a parser after drops",
      .filters = { { drop_even, NULL, 1000, 500 },
                   { parse, NULL, 500, 0 },
                   { drop_all, "k == 1", 500, 500 } },
      .outputs = { { true, NULL, 0 } } },
    { "a parser whose condition never holds", .filters = { { parse, NEVER, 0, 0 } },
      .outputs = { { true, ENDS_IN_5, 100 } }, .unrouted = 900 },
};

/* ---- running them ------------------------------------------------------------------------------------------ */

struct run {
    struct fake_lines lines[2];
    struct fake_filter filters[FILTERS_MAX];
    struct fake_moods outputs[OUTPUTS_MAX];
    unsigned seen[FILTERS_MAX];
    _Atomic uint32_t answered[OUTPUTS_MAX][2 * LINES];
    struct config_plugin inputs[2], filter_configs[FILTERS_MAX], output_configs[OUTPUTS_MAX];
    struct config_pipeline config;
};

static void *compile(const char *when)
{
    struct weir_error err = { 0 };
    size_t offset;
    struct condition *condition = when ? condition_new(when, &err, &offset) : NULL;
    ck_assert_msg(!when || condition, "%s: %s", when, err.text);
    return condition;
}

static void run_set_up(struct run *run, const struct row *row)
{
    static char *const ids[] = { (char *)"one", (char *)"two", (char *)"three" };
    struct config_pipeline *config = &run->config;
    *config = (struct config_pipeline){ .name = (char *)"test",
                                        .inputs = run->inputs,
                                        .filters = run->filter_configs,
                                        .outputs = run->output_configs,
                                        .input_count = row->inputs ? row->inputs : 1,
                                        .buffer = { .memory = 4 << 20 } };
    for (size_t i = 0; i < config->input_count; i++) {
        run->lines[i] = (struct fake_lines){
            .lines = LINES, .per_block = PER_BLOCK, .first = (int64_t)i * LINES, .source = ids[i]
        };
        run->inputs[i] = (struct config_plugin){ .plugin = &fake_lines_plugin,
                                                 .id = ids[i],
                                                 .state = &run->lines[i] };
    }
    for (size_t i = 0; i < FILTERS_MAX && row->filters[i].apply; i++) {
        run->filters[i] =
            (struct fake_filter){ .apply = row->filters[i].apply, .arg = &run->seen[i] };
        run->filter_configs[i] = (struct config_plugin){ .plugin = &fake_filter_plugin,
                                                         .id = ids[i],
                                                         .state = &run->filters[i],
                                                         .when = compile(row->filters[i].when) };
        config->filter_count++;
    }
    for (size_t i = 0; i < OUTPUTS_MAX && row->outputs[i].is_there; i++) {
        run->outputs[i] = (struct fake_moods){ .answered = run->answered[i] };
        run->output_configs[i] = (struct config_plugin){ .plugin = &fake_moods_plugin,
                                                         .id = ids[i],
                                                         .state = &run->outputs[i],
                                                         .when = compile(row->outputs[i].when) };
        config->output_count++;
    }
}

static void run_end(struct run *run)
{
    for (size_t i = 0; i < run->config.filter_count; i++)
        condition_free(run->filter_configs[i].when);
    for (size_t i = 0; i < run->config.output_count; i++)
        condition_free(run->output_configs[i].when);
    free(run);
}

static void check_outputs(struct pipeline *pipeline, const struct run *run, const struct row *row)
{
    for (size_t k = 0; k < run->config.output_count; k++) {
        unsigned taken = 0;
        for (size_t line = 0; line < 2 * LINES; line++) {
            ck_assert_uint_le(run->answered[k][line], 1);
            taken += run->answered[k][line];
        }
        ck_assert_msg(taken == row->outputs[k].taken, "%s: output %zu took %u", row->name, k,
                      taken);
        ck_assert_int_eq(metric_get(pipeline->outputs[k]->records), taken);
        struct log_backlog backlog;
        log_backlog(pipeline->log, (unsigned)k, &backlog);
        ck_assert_uint_eq(backlog.records, 0);
    }
}

static void check_ledger(struct pipeline *pipeline, const struct run *run, const struct row *row)
{
    const unsigned filters = (unsigned)run->config.filter_count;
    struct ledger_counts counts;
    uint64_t left = run->config.input_count * LINES;
    ledger_snapshot(&pipeline->ledger, &counts);
    ck_assert_int_eq(ledger_residue(&counts, filters + 1), 0);
    ck_assert_uint_eq(counts.held, 0);
    ck_assert_uint_eq(counts.read, left);
    for (unsigned i = 0; i < filters; i++) {
        ck_assert_msg(run->seen[i] == row->filters[i].seen, "%s: filter %u saw %u", row->name, i,
                      run->seen[i]);
        ck_assert_msg(counts.fates.filtered[i] == row->filters[i].filtered, "%s: filter %u",
                      row->name, i);
        left -= row->filters[i].filtered;
    }
    ck_assert_msg(counts.fates.filtered[filters] == row->unrouted, "%s: unrouted %llu", row->name,
                  (unsigned long long)counts.fates.filtered[filters]);
    ck_assert_uint_eq(counts.fates.delivered, left - row->unrouted);
}

START_TEST(test_row)
{
    const struct row *row = &rows[_i];
    struct frame frame;
    struct run *run = calloc(1, sizeof(*run));
    ck_assert_ptr_nonnull(run);
    frame_init(&frame);
    run_set_up(run, row);
    struct pipeline *pipeline = frame_pipeline(&frame, &run->config);
    frame_run(&frame, pipeline);
    check_outputs(pipeline, run, row);
    check_ledger(pipeline, run, row);
    for (size_t i = 0; i < run->config.filter_count; i++)
        if (row->filters[i].seen == 0) /* it is not called for nothing */
            ck_assert_uint_eq(run->filters[i].applied, 0);
    for (size_t i = 0; i < run->config.input_count; i++)
        ck_assert_int_eq(run->lines[i].committed, LINES);
    ck_assert_uint_eq(budget_used(&pipeline->budget), 0);
    pipeline_free(pipeline);
    frame_deinit(&frame);
    run_end(run);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("filter stage");
    tcase_add_loop_test(tcase, test_row, 0, (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_set_timeout(tcase, 30);
    Suite *suite = suite_create("pipeline/filter_stage");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
