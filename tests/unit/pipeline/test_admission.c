/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets memory: nobody waits for ever, nobody passes the line, and no more is held than buffer.memory,
 * whatever filters add. */
#include <check.h>
#include <unistd.h>

#include "pipeline/input.h"
#include "support/check_main.h"
#include "support/fake_filter.h"
#include "support/fake_lines.h"
#include "support/fake_moods.h"
#include "support/pipeline_frame.h"

enum { BLOCKS_MAX = 16, LARGE_BYTES = 900 * 1024 };

/* ---- an input that has blocks in hand -------------------------------------------------------------------- */

struct hands {
    size_t bytes;            /* of the blocks it asks for */
    unsigned want;           /* blocks, then it ends */
    bool gives_up;           /* when refused, it wants nothing more until `again` */
    bool later;              /* resume leaves asking to work */
    bool one_line_each;      /* into the blocks, before they are handed over */
    bool line_first;         /* a block with one line goes before all others */
    const atomic_bool *hold; /* nothing is handed over while this is set; may be NULL */
    const atomic_uint *begin_after;

    struct weir_host *host;
    struct weir_stream *stream;
    struct weir_block *blocks[BLOCKS_MAX];
    unsigned count;
    uint64_t position;
    bool end_said;
    atomic_uint taken, refused, has_all;
    atomic_bool ended;
};

static int hands_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct hands *self = state;
    (void)err;
    self->host = host;
    return 0;
}

static int hands_start(void *state)
{
    struct hands *self = state;
    struct weir_stream_state stored = { 0 };
    weir_stream_id(self->host, "hands", 5, stored.id);
    self->stream = weir_stream_open(self->host, &stored, self);
    weir_input_again(self->host);
    return 0;
}

static void hands_emit(struct hands *self, bool line)
{
    while (self->count > 0) {
        struct weir_block *block = self->blocks[--self->count];
        size_t room;
        if (line) {
            memcpy(weir_block_room(block, &room), "0000000000000000000000000000001\n",
                   FAKE_LINE_BYTES);
            (void)weir_block_lines(block, self->stream, self->position, FAKE_LINE_BYTES, 0, NULL);
            self->position += FAKE_LINE_BYTES;
        }
        weir_emit(self->host, block);
    }
}

static void hands_work(void *state)
{
    struct hands *self = state;
    if (self->begin_after && !atomic_load(self->begin_after)) {
        weir_input_again(self->host);
        return;
    }
    while (self->taken < self->want && self->count < BLOCKS_MAX) {
        struct weir_block *block = weir_block_new(self->host, self->bytes);
        if (!block) {
            atomic_fetch_add(&self->refused, 1);
            break;
        }
        self->blocks[self->count++] = block;
        if (self->line_first) {
            self->line_first = false;
            hands_emit(self, true);
            continue;
        }
        atomic_fetch_add(&self->taken, 1);
        if (!self->hold)
            hands_emit(self, self->one_line_each);
    }
    atomic_store(&self->has_all, self->taken == self->want);
    if (self->hold && atomic_load(self->hold)) {
        weir_input_again(self->host); /* looks again */
        usleep(500);
        return;
    }
    hands_emit(self, self->one_line_each);
    if (self->taken == self->want) {
        atomic_store(&self->ended, true);
        weir_input_end(self->host);
    }
}

static void hands_resume(void *state)
{
    struct hands *self = state;
    if (self->later)
        weir_input_again(self->host);
    else
        hands_work(self);
}

static void hands_close(void *state)
{
    struct hands *self = state;
    hands_emit(self, self->one_line_each);
    if (self->stream)
        weir_stream_close(self->stream);
}

static const struct weir_plugin hands_plugin = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_INPUT,
    .name = "hands",
    .state_size = sizeof(struct hands),
    .open = hands_open,
    .close = hands_close,
    .input = { .start = hands_start, .work = hands_work, .resume = hands_resume },
};

/* ---- a pipeline around two inputs ------------------------------------------------------------------------ */

struct bench {
    struct frame frame;
    struct config_plugin inputs[2], filter, output;
    struct config_pipeline config;
    struct fake_filter filter_state;
    struct fake_moods moods;
    struct pipeline *pipeline;
};

static void bench_init(struct bench *bench, const struct weir_plugin *const plugins[2],
                       void *const states[2])
{
    static char *const ids[] = { (char *)"one", (char *)"two" };
    *bench = (struct bench){ .output = { .plugin = &fake_moods_plugin, .id = (char *)"out" } };
    frame_init(&bench->frame);
    bench->output.state = &bench->moods;
    bench->filter = (struct config_plugin){ .plugin = &fake_filter_plugin,
                                            .id = (char *)"filter",
                                            .state = &bench->filter_state };
    for (int i = 0; i < 2; i++)
        bench->inputs[i] =
            (struct config_plugin){ .plugin = plugins[i], .id = ids[i], .state = states[i] };
    bench->config = (struct config_pipeline){ .name = (char *)"test",
                                              .inputs = bench->inputs,
                                              .input_count = states[1] ? 2 : 1,
                                              .filters = &bench->filter,
                                              .outputs = &bench->output,
                                              .output_count = 1,
                                              .buffer = { .memory = 1 << 20 } };
}

static void bench_deinit(struct bench *bench)
{
    ck_assert_uint_eq(budget_used(&bench->pipeline->budget), 0);
    ck_assert_uint_eq(atomic_load(&bench->pipeline->admission.waiting), 0);
    pipeline_free(bench->pipeline);
    frame_deinit(&bench->frame);
}

static bool is_set(void *arg)
{
    return atomic_load((const atomic_uint *)arg) > 0;
}

static bool has_ended(void *arg)
{
    return atomic_load(&((struct hands *)arg)->ended);
}

/* ---- waking ------------------------------------------------------------------------------------------------ */

/* One input takes all the memory, the other is refused; then the first hands over blocks of which nothing,
 * or nearly nothing, is left. No batch has to come back for the second to go on. */
static const struct {
    const char *name;
    bool one_line_each, later;
} handed_over[] = {
    { "empty", false, false },
    { "one line", true, false },
    { "empty; the other asks in its work", false, true },
};

START_TEST(test_memory_that_is_not_needed_wakes_who_waits)
{
    struct bench bench;
    atomic_bool hold = true;
    struct hands first = { .bytes = WEIR_BLOCK_BYTES,
                           .want = 3,
                           .one_line_each = handed_over[_i].one_line_each,
                           .line_first = true,
                           .hold = &hold };
    struct hands second = { .bytes = WEIR_BLOCK_BYTES,
                            .want = 1,
                            .later = handed_over[_i].later,
                            .begin_after = &first.has_all };
    bench_init(&bench, (const struct weir_plugin *const[]){ &hands_plugin, &hands_plugin },
               (void *const[]){ &first, &second });
    bench.moods.late = bench.moods.hold = true;
    bench.pipeline = frame_pipeline(&bench.frame, &bench.config);
    frame_start(bench.pipeline);
    ck_assert(frame_wait(is_set, &second.refused));
    ck_assert_uint_eq(second.taken, 0);
    atomic_store(&hold, false);
    ck_assert(frame_wait(has_ended, &second));
    fake_moods_let_go(&bench.moods);
    frame_wait_until_done(&bench.frame, bench.pipeline);
    frame_join(bench.pipeline);
    ck_assert(input_backpressure(bench.pipeline->inputs[1]) > 0);
    bench_deinit(&bench);
}
END_TEST

/* All memory is in the hands of an input that waits for more to read, and nothing is under way: others are
 * not to stand still. */
START_TEST(test_blocks_in_hand_stop_nobody)
{
    struct bench bench;
    atomic_bool hold = true;
    struct hands first = { .bytes = WEIR_BLOCK_BYTES, .want = 3, .hold = &hold };
    struct hands second = { .bytes = _i ? LARGE_BYTES : WEIR_BLOCK_BYTES,
                            .want = 5,
                            .one_line_each = true,
                            .begin_after = &first.has_all };
    bench_init(&bench, (const struct weir_plugin *const[]){ &hands_plugin, &hands_plugin },
               (void *const[]){ &first, &second });
    bench.pipeline = frame_pipeline(&bench.frame, &bench.config);
    frame_start(bench.pipeline);
    ck_assert(frame_wait(has_ended, &second));
    atomic_store(&hold, false);
    frame_wait_until_done(&bench.frame, bench.pipeline);
    frame_join(bench.pipeline);
    bench_deinit(&bench);
}
END_TEST

/* ---- the line ---------------------------------------------------------------------------------------------- */

/* Next to an input that takes whatever it can get, one that wants little, or much at once, gets it soon. */
static const struct {
    const char *name;
    size_t bytes;
    bool later;
} next_to_a_flood[] = {
    { "a block now and then", WEIR_BLOCK_BYTES, false },
    { "asking in its work", WEIR_BLOCK_BYTES, true },
    { "a block that needs nearly all memory", LARGE_BYTES, false },
    { "a block larger than all memory", 2 << 20, false },
};

START_TEST(test_nobody_passes_the_line)
{
    struct bench bench;
    struct fake_lines flood = { .lines = 8000 * 200, .per_block = 8000 };
    struct hands other = { .bytes = next_to_a_flood[_i].bytes,
                           .want = 10,
                           .later = next_to_a_flood[_i].later,
                           .one_line_each = true };
    bench_init(&bench, (const struct weir_plugin *const[]){ &fake_lines_plugin, &hands_plugin },
               (void *const[]){ &flood, &other });
    bench.moods.slow_us = 300;
    other.begin_after = &bench.moods.deliveries;
    bench.pipeline = frame_pipeline(&bench.frame, &bench.config);
    frame_start(bench.pipeline);
    ck_assert(frame_wait(has_ended, &other));
    /* Ten blocks, each behind the few that the flood has under way. */
    ck_assert_int_lt(flood.emitted / 8000, 150);
    frame_wait_until_done(&bench.frame, bench.pipeline);
    frame_join(bench.pipeline);
    bench_deinit(&bench);
}
END_TEST

/* ---- what filters add ---------------------------------------------------------------------------------------- */

/* As a parser would: an array of records, and fields for each. */
static void grow(void *arg, struct weir_batch *batch)
{
    (void)arg;
    int r = weir_batch_open_records(batch);
    void *more = weir_batch_alloc(batch, batch->count * 100);
    ck_assert(r == 0 && more);
    memset(more, 1, batch->count * 100);
}

static bool something_waits(void *arg)
{
    const struct pipeline *pipeline = arg;
    return atomic_load(&pipeline->stage.waiting) || atomic_load(&pipeline->inputs[0]->blocked);
}

/* While things move: what one batch grows by, and a block that is on its way between use and the pool. */
#define MOVING_BYTES (2 << 20)

static size_t held_bytes(const struct pipeline *pipeline)
{
    return budget_used(&pipeline->budget) + atomic_load(&pipeline->budget.spare);
}

static const struct {
    const char *name;
    size_t memory;
    const struct weir_plugin *input;
    int64_t per_block;
} growths[] = {
    { "push", 8 << 20, &fake_lines_push_plugin, 4000 },
    { "replayable", 8 << 20, &fake_lines_plugin, 4000 },
    { "small batches", 8 << 20, &fake_lines_push_plugin, 1 },
};

START_TEST(test_what_filters_add_has_room_in_the_buffer)
{
    struct bench bench;
    struct fake_lines lines = { .lines = growths[_i].per_block * 300,
                                .per_block = growths[_i].per_block };
    bench_init(&bench, (const struct weir_plugin *const[]){ growths[_i].input, NULL },
               (void *const[]){ &lines, NULL });
    bench.config.filter_count = 1;
    bench.config.buffer.memory = growths[_i].memory;
    bench.filter_state.apply = grow;
    bench.moods.late = bench.moods.hold = true;
    bench.pipeline = frame_pipeline(&bench.frame, &bench.config);
    frame_start(bench.pipeline);
    ck_assert(frame_wait(something_waits, bench.pipeline));
    usleep(20000);
    ck_assert_uint_le(held_bytes(bench.pipeline), growths[_i].memory);
    /* It is used, too. */
    ck_assert_uint_ge(held_bytes(bench.pipeline), growths[_i].memory / 2);
    fake_moods_let_go(&bench.moods);
    while (!pipeline_ended(bench.pipeline) || !pipeline_is_empty(bench.pipeline)) {
        ck_assert_uint_le(held_bytes(bench.pipeline), growths[_i].memory + MOVING_BYTES);
        usleep(100);
    }
    frame_join(bench.pipeline);
    bench_deinit(&bench);
}
END_TEST

/* A batch that grows beyond the whole buffer goes through alone. */
START_TEST(test_a_small_buffer_lets_batches_through_one_at_a_time)
{
    struct bench bench;
    struct fake_lines lines = { .lines = 4000 * 50, .per_block = 4000 };
    bench_init(&bench, (const struct weir_plugin *const[]){ &fake_lines_plugin, NULL },
               (void *const[]){ &lines, NULL });
    bench.config.filter_count = 1;
    bench.filter_state.apply = grow;
    bench.config.buffer.memory = 64 << 10;
    bench.pipeline = frame_pipeline(&bench.frame, &bench.config);
    frame_run(&bench.frame, bench.pipeline);
    ck_assert_int_eq(lines.committed, lines.lines);
    bench_deinit(&bench);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
    TCase *tcase = tcase_create("admission");
    tcase_add_loop_test(tcase, test_memory_that_is_not_needed_wakes_who_waits, 0,
                        ROWS(handed_over));
    tcase_add_loop_test(tcase, test_blocks_in_hand_stop_nobody, 0, 2);
    tcase_add_loop_test(tcase, test_nobody_passes_the_line, 0, ROWS(next_to_a_flood));
    tcase_add_loop_test(tcase, test_what_filters_add_has_room_in_the_buffer, 0, ROWS(growths));
    tcase_add_test(tcase, test_a_small_buffer_lets_batches_through_one_at_a_time);
    tcase_set_timeout(tcase, 40);
    Suite *suite = suite_create("pipeline/admission");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
