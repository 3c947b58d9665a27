/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks from an input's hands to a batch in the log, without a thread: runs and the positions that are
 * told by them, what does not fit, copies made to measure, and every byte of the budget given back. */
#include <check.h>
#include <event2/event.h>
#include <stdlib.h>

#include "buffer/positions.h"
#include "pipeline/block.h"
#include "pipeline/input.h"
#include "support/check_main.h"
#include "support/fake_filter.h"
#include "support/fake_lines.h"
#include "support/fake_moods.h"
#include "support/pipeline_frame.h"

enum { STREAMS = 3, MIB = 1 << 20, RUNS_MAX = 64, ENDS_MAX = 16384, ENDS_MAX_FILTERED = 4096 };

struct bench {
    struct frame frame;
    struct fake_lines lines;
    struct fake_filter filter;
    struct fake_moods moods;
    struct config_plugin input, filter_config, output;
    struct config_pipeline config;
    struct pipeline *pipeline;
    struct weir_host *host; /* the input's */
    struct weir_stream *streams[STREAMS];
};

static struct bench *bench_new(bool filtered)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    ck_assert_ptr_nonnull(bench);
    frame_init(&bench->frame);
    bench->input = (struct config_plugin){ .plugin = &fake_lines_plugin,
                                           .id = (char *)"in",
                                           .state = &bench->lines };
    bench->filter_config = (struct config_plugin){ .plugin = &fake_filter_plugin,
                                                   .id = (char *)"filter",
                                                   .state = &bench->filter };
    bench->output = (struct config_plugin){ .plugin = &fake_moods_plugin,
                                            .id = (char *)"out",
                                            .state = &bench->moods };
    bench->config = (struct config_pipeline){ .name = (char *)"test",
                                              .inputs = &bench->input,
                                              .input_count = 1,
                                              .filters = &bench->filter_config,
                                              .filter_count = filtered,
                                              .outputs = &bench->output,
                                              .output_count = 1,
                                              .buffer = { .memory = 16 * MIB } };
    bench->pipeline = frame_pipeline(&bench->frame, &bench->config);
    bench->host = &bench->pipeline->inputs[0]->host;
    for (uint8_t i = 0; i < STREAMS; i++) {
        const struct weir_stream_state state = { .id = { i + 1 } };
        bench->streams[i] = weir_stream_open(bench->host, &state, NULL);
        ck_assert_ptr_nonnull(bench->streams[i]);
    }
    return bench;
}

static size_t used(const struct bench *bench)
{
    return budget_used(&bench->pipeline->budget);
}

static void bench_free(struct bench *bench)
{
    ck_assert_uint_eq(used(bench), 0);
    block_pool_trim(&bench->pipeline->blocks);
    chunk_pool_trim(bench->pipeline->chunks);
    ck_assert_uint_eq(atomic_load(&bench->pipeline->budget.spare), 0);
    for (int i = 0; i < STREAMS; i++)
        if (bench->streams[i])
            weir_stream_close(bench->streams[i]);
    pipeline_free(bench->pipeline);
    frame_deinit(&bench->frame);
    free(bench);
}

static struct weir_block *block_of(struct bench *bench, size_t bytes)
{
    struct weir_block *block = weir_block_new(bench->host, bytes);
    ck_assert_ptr_nonnull(block);
    return block;
}

/* Hands the block over and takes its batch out of the log. */
static struct batch *emitted(struct bench *bench, struct weir_block *block)
{
    weir_emit(bench->host, block);
    struct batch *batch = log_read(bench->pipeline->log, 0);
    ck_assert_ptr_nonnull(batch);
    return batch;
}

/* The output has answered, and the input looks. */
static void answered(struct bench *bench, struct batch *batch)
{
    ck_assert(log_settled(bench->pipeline->log, 0, batch));
    input_return(batch);
    event_base_loop(loop_base(bench->pipeline->inputs[0]->worker.loop), EVLOOP_NONBLOCK);
}

static struct weir_lines add_lines(struct weir_block *block, struct weir_stream *stream,
                                   uint64_t position, const char *text, size_t len, unsigned flags)
{
    size_t room;
    char *at = weir_block_room(block, &room);
    ck_assert_uint_ge(room, len);
    memcpy(at, text, len);
    return weir_block_lines(block, stream, position, len, flags, NULL);
}

static bool add_record(struct weir_block *block, struct weir_stream *stream, uint64_t from,
                       uint64_t to, const char *text, size_t len, unsigned flags)
{
    size_t room;
    char *at = weir_block_room(block, &room);
    ck_assert_uint_gt(room, len);
    memcpy(at, text, len);
    return weir_block_record(block, stream, from, to, to ^ 1, len, flags);
}

/* ---- runs ---------------------------------------------------------------------------------------------- */

struct add {
    char how; /* 'l': lines, 'r': one record; 0: no more */
    unsigned stream;
    uint64_t from, to; /* to: of a record */
    const char *text;
    unsigned flags;
};

static const struct {
    const char *name;
    struct add adds[5];
    unsigned runs;
    uint64_t positions[6]; /* of the records, in order */
} runs[] = {
    { "lines that follow each other",
      { { 'l', 0, 100, 0, "a\nbc\n", 0 }, { 'l', 0, 105, 0, "d\n", 0 } },
      1,
      { 100, 102, 105 } },
    { "a gap between positions",
      { { 'l', 0, 100, 0, "a\n", 0 }, { 'l', 0, 103, 0, "b\n", 0 } },
      2,
      { 100, 103 } },
    { "another stream between",
      { { 'l', 0, 0, 0, "a\n", 0 }, { 'l', 1, 0, 0, "b\n", 0 }, { 'l', 0, 2, 0, "c\n", 0 } },
      3,
      { 0, 0, 2 } },
    { "other rules for carriage returns",
      { { 'l', 0, 0, 0, "a\n", 0 }, { 'l', 0, 2, 0, "b\n", WEIR_RUN_STRIP_CR } },
      2,
      { 0, 2 } },
    { "records that are lines join",
      { { 'l', 0, 0, 0, "a\n", 0 }, { 'r', 0, 2, 4, "b", 0 }, { 'l', 0, 4, 0, "c\nd\n", 0 } },
      1,
      { 0, 2, 4, 6 } },
    { "a truncated record ends its run",
      { { 'l', 0, 0, 0, "a\n", 0 },
        { 'r', 0, 2, 1000, "cut", WEIR_RUN_TRUNCATED },
        { 'l', 0, 1000, 0, "b\n", 0 } },
      2,
      { 0, 2, 1000 } },
    { "so does one that looks whole",
      { { 'r', 0, 0, 4, "cut", WEIR_RUN_TRUNCATED }, { 'l', 0, 4, 0, "b\n", 0 } },
      2,
      { 0, 4 } },
    { "a partial record ends its run",
      { { 'r', 0, 0, 2, "ab", WEIR_RUN_PARTIAL }, { 'l', 0, 2, 0, "b\n", 0 } },
      2,
      { 0, 2 } },
    { "a record that covers more than its text",
      { { 'r', 0, 0, 10, "ab", 0 }, { 'r', 0, 10, 13, "cd", 0 }, { 'r', 0, 13, 16, "ef", 0 } },
      2,
      { 0, 10, 13 } },
    { "empty records",
      { { 'r', 0, 0, 1, "", 0 }, { 'r', 0, 1, 2, "", 0 }, { 'l', 0, 2, 0, "\n\n", 0 } },
      1,
      { 0, 1, 2, 3 } },
    { "no line at all leaves no run",
      { { 'l', 0, 0, 0, "without end", 0 }, { 'l', 1, 7, 0, "a\n", 0 } },
      1,
      { 7 } },
};

/* The texts of all adds that took something, each record ended by a newline. */
static void expected_data(const struct add *add, char ret[256])
{
    for (*ret = '\0'; add->how; add++) {
        if (add->how == 'r' || strchr(add->text, '\n'))
            strcat(ret, add->text);
        if (add->how == 'r')
            strcat(ret, "\n");
    }
}

START_TEST(test_runs)
{
    struct bench *bench = bench_new(false);
    struct weir_block *block = block_of(bench, WEIR_BLOCK_BYTES);
    for (const struct add *add = runs[_i].adds; add->how; add++) {
        struct weir_stream *stream = bench->streams[add->stream];
        const size_t len = strlen(add->text);
        if (add->how == 'r')
            ck_assert(add_record(block, stream, add->from, add->to, add->text, len, add->flags));
        else
            (void)add_lines(block, stream, add->from, add->text, len, add->flags);
    }
    struct batch *batch = emitted(bench, block);
    const struct weir_batch *pub = &batch->pub;
    ck_assert_msg(pub->run_count == runs[_i].runs, "%s: %u runs", runs[_i].name, pub->run_count);
    uint32_t record = 0;
    for (uint32_t i = 0; i < pub->run_count; i++) {
        ck_assert_uint_eq(pub->runs[i].first, record);
        ck_assert_uint_gt(pub->runs[i].count, 0);
        ck_assert_uint_lt(pub->runs[i].from, pub->runs[i].to);
        record += pub->runs[i].count;
    }
    ck_assert_uint_eq(record, pub->count);
    for (uint32_t i = 0; i < pub->count; i++)
        ck_assert_msg(weir_batch_position(pub, i) == runs[_i].positions[i], "%s: record %u",
                      runs[_i].name, i);
    char expected[256];
    expected_data(runs[_i].adds, expected);
    ck_assert_uint_eq(batch->bytes, strlen(expected));
    ck_assert_mem_eq(pub->data, expected, batch->bytes);
    answered(bench, batch);
    bench_free(bench);
}
END_TEST

static uint64_t check_of(const char *data, size_t len)
{
    return len ? (uint64_t)(unsigned char)data[0] << 8 | len : 0;
}

START_TEST(test_a_run_has_the_check_of_its_end)
{
    struct bench *bench = bench_new(false);
    struct weir_block *block = block_of(bench, WEIR_BLOCK_BYTES);
    size_t room;
    memcpy(weir_block_room(block, &room), "abc\nrest", 8);
    struct weir_lines taken = weir_block_lines(block, bench->streams[0], 0, 8, 0, check_of);
    ck_assert_uint_eq(taken.bytes, 4);
    ck_assert_uint_eq(taken.count, 1);
    memcpy(weir_block_room(block, &room), "de\n", 3);
    taken = weir_block_lines(block, bench->streams[0], 4, 3, 0, check_of);
    ck_assert(add_record(block, bench->streams[1], 50, 60, "with\nnewline", 12, 0));
    struct batch *batch = emitted(bench, block);
    ck_assert_uint_eq(batch->pub.run_count, 2);
    ck_assert_uint_eq(batch->pub.runs[0].to, 7);
    ck_assert_uint_eq(batch->pub.runs[0].check, ('d' << 8 | 3));
    ck_assert_uint_eq(batch->pub.runs[0].flags, 0);
    ck_assert_uint_eq(batch->pub.runs[1].check, 61);
    ck_assert_uint_eq(batch->pub.runs[1].flags, WEIR_RUN_NEWLINES);
    answered(bench, batch);
    bench_free(bench);
}
END_TEST

START_TEST(test_a_block_has_room_for_so_many_runs)
{
    struct bench *bench = bench_new(false);
    struct weir_block *block = block_of(bench, WEIR_BLOCK_BYTES);
    for (uint64_t i = 0; i < RUNS_MAX; i++)
        ck_assert_uint_eq(add_lines(block, bench->streams[i % 2], i, "\n", 1, 0).count, 1);
    ck_assert_uint_eq(add_lines(block, bench->streams[0], 100, "a\n", 2, 0).count, 0);
    ck_assert(!add_record(block, bench->streams[0], 100, 102, "a", 1, 0));
    /* What goes on with the last run fits. */
    ck_assert_uint_eq(add_lines(block, bench->streams[1], RUNS_MAX, "b\n", 2, 0).count, 1);
    struct batch *batch = emitted(bench, block);
    ck_assert_uint_eq(batch->pub.run_count, RUNS_MAX);
    ck_assert_uint_eq(batch->pub.count, RUNS_MAX + 1);
    answered(bench, batch);
    ck_assert_uint_eq(weir_stream_committed(bench->streams[1]), RUNS_MAX + 2);
    bench_free(bench);
}
END_TEST

/* ---- the index ------------------------------------------------------------------------------------------ */

START_TEST(test_a_block_has_room_for_so_many_lines)
{
    const bool filtered = _i;
    const uint32_t max = filtered ? ENDS_MAX_FILTERED : ENDS_MAX;
    struct bench *bench = bench_new(filtered);
    struct weir_block *block = block_of(bench, WEIR_BLOCK_BYTES);
    char text[2 * ENDS_MAX];
    memset(text, '\n', sizeof(text));
    struct weir_lines taken = add_lines(block, bench->streams[0], 0, text, sizeof(text), 0);
    ck_assert_uint_eq(taken.count, max);
    ck_assert_uint_eq(taken.bytes, max);
    ck_assert_uint_eq(add_lines(block, bench->streams[0], max, text, 10, 0).count, 0);
    ck_assert(!add_record(block, bench->streams[0], max, max + 1, "", 0, 0));
    ck_assert(!add_record(block, bench->streams[1], 0, 1, "", 0, 0));
    weir_emit(bench->host, block);
    struct batch *batch = filtered ? filter_stage_abandon(&bench->pipeline->stage)
                                   : log_read(bench->pipeline->log, 0);
    ck_assert_ptr_nonnull(batch);
    ck_assert_uint_eq(batch->pub.count, max);
    ck_assert_uint_eq(batch->pub.run_count, 1);
    ck_assert_uint_eq(weir_batch_position(&batch->pub, max - 1), max - 1);
    if (filtered)
        block_recycle(bench->pipeline, batch);
    else
        answered(bench, batch);
    bench_free(bench);
}
END_TEST

/* ---- sizes ---------------------------------------------------------------------------------------------- */

/* One record of `len` bytes in a block of `block` bytes. */
static const struct {
    size_t block, len;
    bool copied;
} sizes[] = {
    { WEIR_BLOCK_BYTES, 0, true },
    { WEIR_BLOCK_BYTES, 100, true },
    { WEIR_BLOCK_BYTES, WEIR_BLOCK_BYTES / 4, true },
    { WEIR_BLOCK_BYTES, WEIR_BLOCK_BYTES / 2, false },
    { WEIR_BLOCK_BYTES, WEIR_BLOCK_BYTES - 1, false },
    { 1, WEIR_BLOCK_BYTES - 1, false },
    { WEIR_BLOCK_BYTES + 1, WEIR_BLOCK_BYTES, false },
    { MIB + 1, MIB, false },
    { MIB + 1, 100, true },
    { 20 * MIB, 20 * MIB - 1, false }, /* more than the buffer: it passes alone */
};

START_TEST(test_what_a_batch_is_charged)
{
    struct bench *bench = bench_new(false);
    struct weir_block *block = block_of(bench, sizes[_i].block);
    const size_t len = sizes[_i].len, charged = used(bench);
    size_t room;
    char *at = weir_block_room(block, &room), *text = malloc(len + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_ge(room, sizes[_i].block);
    ck_assert_uint_ge(charged, room);
    for (size_t i = 0; i < len; i++) /* anything but a newline */
        text[i] = (char)('a' + i % 26);
    memcpy(at, text, len);
    ck_assert(weir_block_record(block, bench->streams[0], 5, 5 + len + 1, 77, len, 0));
    struct batch *batch = emitted(bench, block);
    ck_assert_uint_eq(used(bench), batch->charged);
    if (sizes[_i].copied) {
        ck_assert(batch->compact);
        ck_assert_uint_lt(batch->charged, len + 1024);
        for (size_t i = 0; i < WEIR_BATCH_PADDING; i++) /* readable, all of it */
            ck_assert_int_eq(batch->pub.data[len + 1 + i], 0);
    } else {
        ck_assert_uint_eq(batch->charged, charged);
    }
    const struct weir_str line = weir_batch_line(&batch->pub, 0);
    ck_assert(weir_str_eq(line, (struct weir_str){ text, len }));
    ck_assert_uint_eq(batch->bytes, len + 1);
    ck_assert_uint_eq(batch->pub.runs[0].from, 5);
    ck_assert_uint_eq(batch->pub.runs[0].to, len + 6);
    ck_assert_uint_eq(batch->pub.runs[0].check, 77);
    ck_assert_ptr_eq(batch->pub.runs[0].stream, bench->streams[0]);
    answered(bench, batch);
    ck_assert_uint_eq(weir_stream_committed(bench->streams[0]), len + 6);
    free(text);
    bench_free(bench);
}
END_TEST

START_TEST(test_an_empty_block_is_given_back)
{
    struct bench *bench = bench_new(false);
    static const size_t bytes[] = { 1, WEIR_BLOCK_BYTES, MIB };
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < 3; i++) {
            struct weir_block *block = block_of(bench, bytes[i]);
            ck_assert(weir_block_is_empty(block));
            ck_assert_uint_gt(used(bench), bytes[i]);
            weir_emit(bench->host, block);
            ck_assert_uint_eq(used(bench), 0);
        }
    ck_assert_ptr_null(log_read(bench->pipeline->log, 0));
    bench_free(bench);
}
END_TEST

/* A full buffer says no; what is kept for reuse fits into it, and is what the next blocks are made of. */
START_TEST(test_a_full_buffer)
{
    struct bench *bench = bench_new(false);
    struct weir_block *blocks[64];
    struct budget *budget = &bench->pipeline->budget;
    for (int round = 0; round < 2; round++) {
        unsigned count = 0;
        while ((blocks[count] = weir_block_new(bench->host, WEIR_BLOCK_BYTES)))
            ck_assert_uint_lt(++count, 64);
        ck_assert_uint_gt(count, 16 * MIB / WEIR_BLOCK_BYTES / 2);
        ck_assert_uint_le(used(bench) + atomic_load(&budget->spare), budget->max);
        ck_assert(atomic_load(&bench->pipeline->inputs[0]->blocked));
        while (count > 0) {
            weir_emit(bench->host, blocks[--count]);
            ck_assert_uint_le(used(bench) + atomic_load(&budget->spare), budget->max);
        }
        ck_assert_uint_eq(used(bench), 0);
        ck_assert_uint_gt(atomic_load(&budget->spare), 0);
    }
    bench_free(bench);
}
END_TEST

/* Blocks that are half full fill the buffer with what they hold, and not with their other half. */
START_TEST(test_a_buffer_full_of_half_full_blocks)
{
    struct bench *bench = bench_new(false);
    const size_t len = WEIR_BLOCK_BYTES / 2;
    uint64_t position = 0;
    unsigned count = 0;
    struct weir_block *block;
    struct batch *batches[256];
    while ((block = weir_block_new(bench->host, WEIR_BLOCK_BYTES))) {
        size_t room;
        memset(weir_block_room(block, &room), 'x', len);
        ck_assert(weir_block_record(block, bench->streams[0], position, position + len, 0, len, 0));
        position += len;
        ck_assert_uint_lt(count, 256);
        batches[count++] = emitted(bench, block);
        ck_assert_uint_le(used(bench), bench->pipeline->budget.max);
    }
    ck_assert_uint_gt(count * len, 10 * MIB);
    while (count > 0)
        answered(bench, batches[--count]);
    ck_assert_uint_eq(weir_stream_committed(bench->streams[0]), position);
    bench_free(bench);
}
END_TEST

/* ---- the way back --------------------------------------------------------------------------------------- */

static struct batch *one_line(struct bench *bench, unsigned stream, uint64_t position)
{
    struct weir_block *block = block_of(bench, WEIR_BLOCK_BYTES);
    ck_assert_uint_eq(add_lines(block, bench->streams[stream], position, "line\n", 5, 0).count, 1);
    return emitted(bench, block);
}

START_TEST(test_a_position_is_that_of_the_contiguous_answers)
{
    struct bench *bench = bench_new(false);
    struct batch *first = one_line(bench, 0, 0), *second = one_line(bench, 0, 5),
                 *other = one_line(bench, 1, 0), *third = one_line(bench, 0, 10);
    ck_assert(!weir_stream_is_idle(bench->streams[0]));
    answered(bench, second);
    ck_assert_uint_eq(weir_stream_committed(bench->streams[0]), 0);
    answered(bench, other);
    ck_assert_uint_eq(weir_stream_committed(bench->streams[1]), 5);
    answered(bench, first);
    ck_assert_uint_eq(weir_stream_committed(bench->streams[0]), 10);
    answered(bench, third);
    ck_assert_uint_eq(weir_stream_committed(bench->streams[0]), 15);
    ck_assert(weir_stream_is_idle(bench->streams[0]));
    bench_free(bench);
}
END_TEST

/* A stream that its input closed is there until its last batch is back. */
START_TEST(test_a_closed_stream_waits_for_its_batches)
{
    struct bench *bench = bench_new(false);
    struct batch *first = one_line(bench, 0, 0), *second = one_line(bench, 0, 5);
    if (_i)
        weir_stream_forget(bench->streams[0]);
    else
        weir_stream_close(bench->streams[0]);
    bench->streams[0] = NULL;
    answered(bench, second);
    uint8_t id[16];
    weir_batch_record_id(&first->pub, 0, id); /* asks the stream */
    answered(bench, first);
    bench_free(bench);
}
END_TEST

/* A stream that was forgotten, and is opened again before its last batch is back, keeps its position. */
START_TEST(test_a_forgotten_stream_that_is_opened_again)
{
    struct bench *bench = bench_new(false);
    const struct weir_stream_state again = { .id = { 1 }, .position = 5 };
    struct positions_key key = { .owner = bench->host->owner, .id = { 1 } };
    struct weir_stream_state stored;
    struct batch *batch = one_line(bench, 0, 0);
    ck_assert_ptr_null(weir_stream_open(bench->host, &again, NULL)); /* it is open */
    weir_stream_forget(bench->streams[0]);
    bench->streams[0] = _i ? weir_stream_open(bench->host, &again, NULL) : NULL;
    ck_assert(positions_get(bench->frame.env.positions, &key, &stored));
    answered(bench, batch);
    ck_assert_int_eq(positions_get(bench->frame.env.positions, &key, &stored), _i);
    bench_free(bench);
}
END_TEST

/* Many streams: each id is found, and found once. */
START_TEST(test_many_streams)
{
    enum { MANY = 3000 };
    struct bench *bench = bench_new(false);
    struct weir_stream **streams = calloc(MANY, sizeof(streams[0]));
    ck_assert_ptr_nonnull(streams);
    struct weir_stream_state state = { 0 };
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            weir_stream_id(bench->host, &i, sizeof(i), state.id);
            streams[i] = weir_stream_open(bench->host, &state, NULL);
            ck_assert_ptr_nonnull(streams[i]);
            ck_assert_ptr_null(weir_stream_open(bench->host, &state, NULL));
        }
        for (int i = 0; i < MANY; i += 1 + round)
            weir_stream_close(streams[i]); /* the second time, every other is left to the end */
    }
    free(streams);
    bench_free(bench);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
    TCase *tcase = tcase_create("block");
    tcase_add_loop_test(tcase, test_runs, 0, ROWS(runs));
    tcase_add_test(tcase, test_a_run_has_the_check_of_its_end);
    tcase_add_test(tcase, test_a_block_has_room_for_so_many_runs);
    tcase_add_loop_test(tcase, test_a_block_has_room_for_so_many_lines, 0, 2);
    tcase_add_loop_test(tcase, test_what_a_batch_is_charged, 0, ROWS(sizes));
    tcase_add_test(tcase, test_an_empty_block_is_given_back);
    tcase_add_test(tcase, test_a_full_buffer);
    tcase_add_test(tcase, test_a_buffer_full_of_half_full_blocks);
    tcase_add_test(tcase, test_a_position_is_that_of_the_contiguous_answers);
    tcase_add_loop_test(tcase, test_a_forgotten_stream_that_is_opened_again, 0, 2);
    tcase_add_test(tcase, test_many_streams);
    tcase_add_loop_test(tcase, test_a_closed_stream_waits_for_its_batches, 0, 2);
    Suite *suite = suite_create("pipeline/block");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
