/* SPDX-License-Identifier: Apache-2.0 */
/* A whole pipeline with plugins that misbehave in every way they are allowed to: outputs that settle in
 * pieces, late, from another thread, out of order, that ask to try again and that reject; an input that
 * checks, at each commit, that no position has passed a record without an answer from every output. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/logical_clock.h"
#include "buffer/positions.h"
#include "pipeline/input.h"
#include "pipeline/output.h"
#include "pipeline/pipeline.h"

enum { LINE_BYTES = 32, LINES_MAX = 200000, OUTPUTS_MAX = 3 };

/* What every output has answered for every line, seen by the input's commits. */
static _Atomic uint8_t answered[OUTPUTS_MAX][LINES_MAX];
static _Atomic uint32_t deliveries_of[OUTPUTS_MAX][LINES_MAX];

/* ---- an input of numbered lines ----------------------------------------------------------------------- */

struct in_lines {
    int64_t lines;     /* to emit in all */
    int64_t per_block; /* at most */
    int64_t outputs;   /* who must have answered */
    struct weir_host *host;
    struct weir_stream *stream;
    int64_t next;
    _Atomic int64_t committed;
    bool failed;
};

static int in_lines_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct in_lines *self = state;
    (void)err;
    self->host = host;
    return 0;
}

static void in_lines_work(void *state)
{
    struct in_lines *self = state;
    if (self->next == self->lines) {
        weir_input_end(self->host);
        return;
    }
    struct weir_block *block = weir_block_new(self->host, WEIR_BLOCK_BYTES);
    if (!block)
        return; /* until resume */
    size_t room;
    char *at = weir_block_room(block, &room);
    int64_t count = self->per_block;
    if (count > self->lines - self->next)
        count = self->lines - self->next;
    for (int64_t i = 0; i < count; i++) {
        char line[LINE_BYTES + 1];
        snprintf(line, sizeof(line), "%031lld\n", (long long)(self->next + i));
        memcpy(at + i * LINE_BYTES, line, LINE_BYTES);
    }
    struct weir_lines taken =
        weir_block_lines(block, self->stream, (uint64_t)(self->next * LINE_BYTES),
                         (size_t)(count * LINE_BYTES), 0, NULL);
    self->next += taken.count;
    weir_emit(self->host, block);
    weir_input_again(self->host);
}

static int in_lines_start(void *state)
{
    struct in_lines *self = state;
    struct weir_stream_state stored = { 0 };
    weir_stream_id(self->host, "test", 4, stored.id);
    self->stream = weir_stream_open(self->host, &stored, self);
    weir_input_again(self->host);
    return self->stream ? 0 : -1;
}

static void in_lines_committed(void *state, struct weir_stream *stream, uint64_t position)
{
    struct in_lines *self = state;
    (void)stream;
    int64_t line = (int64_t)position / LINE_BYTES, before = atomic_load(&self->committed);
    self->failed |= line <= before;
    for (int64_t i = before; i < line; i++)
        for (int64_t output = 0; output < self->outputs; output++)
            self->failed |= !atomic_load(&answered[output][i]);
    atomic_store(&self->committed, line);
}

static void in_lines_close(void *state)
{
    struct in_lines *self = state;
    if (self->stream)
        weir_stream_close(self->stream);
}

static const struct weir_plugin in_lines = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_INPUT,
    .name = "lines",
    .state_size = sizeof(struct in_lines),
    .open = in_lines_open,
    .close = in_lines_close,
    .input = { .flags = WEIR_REPLAYABLE,
               .start = in_lines_start,
               .work = in_lines_work,
               .resume = in_lines_work,
               .committed = in_lines_committed },
};

/* ---- an output with moods ------------------------------------------------------------------------------- */

struct out_moods {
    int64_t index;
    bool late;         /* settled by another thread, in pieces, any delivery first */
    int64_t retry_of;  /* one record in so many is to be tried again; 0: none */
    int64_t reject_of; /* of line numbers, the multiples are rejected; 0: none */
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct weir_delivery *queue[8];
    unsigned queued;
    bool stop;
    unsigned seed;
};

static unsigned dice(struct out_moods *self)
{
    self->seed = self->seed * 1103515245 + 12345;
    return self->seed >> 16;
}

static void settle_one(struct out_moods *self, struct weir_delivery *delivery, uint32_t i)
{
    const struct weir_slice *slice = weir_delivery_slice(delivery);
    struct weir_str line = weir_batch_line(slice->batch, i);
    char text[LINE_BYTES + 1] = { 0 };
    memcpy(text, line.ptr, line.len < LINE_BYTES ? line.len : LINE_BYTES);
    long long number = strtoll(text, NULL, 10);
    if (self->retry_of && dice(self) % (unsigned)self->retry_of == 0) {
        weir_settle(delivery, i, 1, WEIR_RETRY, WEIR_STR("not now"));
        return;
    }
    atomic_store(&answered[self->index][number], 1);
    atomic_fetch_add(&deliveries_of[self->index][number], 1);
    bool reject = self->reject_of && number % self->reject_of == 0;
    weir_settle(delivery, i, 1, reject ? WEIR_REJECTED : WEIR_DELIVERED,
                reject ? WEIR_STR("bad number") : WEIR_STR_NONE);
}

static void settle_delivery(struct out_moods *self, struct weir_delivery *delivery)
{
    /* The delivery is gone with its last answer, so its records are listed first. */
    const struct weir_slice *slice = weir_delivery_slice(delivery);
    uint32_t end = slice->first + slice->count, count = 0;
    uint32_t *list = malloc(slice->count * sizeof(*list));
    for (uint32_t i = weir_slice_next(slice, slice->first); i < end;
         i = weir_slice_next(slice, i + 1))
        list[count++] = i;
    for (uint32_t i = 0; i < count; i++)
        settle_one(self, delivery, list[i]);
    free(list);
}

static void *settle_late(void *arg)
{
    struct out_moods *self = arg;
    for (;;) {
        pthread_mutex_lock(&self->lock);
        while (!self->queued && !self->stop)
            pthread_cond_wait(&self->some, &self->lock);
        if (!self->queued) {
            pthread_mutex_unlock(&self->lock);
            return NULL;
        }
        unsigned pick = dice(self) % self->queued;
        struct weir_delivery *delivery = self->queue[pick];
        self->queue[pick] = self->queue[--self->queued];
        pthread_mutex_unlock(&self->lock);
        settle_delivery(self, delivery);
    }
}

static int out_moods_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_moods *self = state;
    (void)host;
    (void)err;
    self->seed = (unsigned)self->index + 1;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->some, NULL);
    self->threaded = self->late && pthread_create(&self->thread, NULL, settle_late, self) == 0;
    return 0;
}

static void out_moods_close(void *state)
{
    struct out_moods *self = state;
    pthread_mutex_lock(&self->lock);
    self->stop = true;
    pthread_cond_signal(&self->some);
    pthread_mutex_unlock(&self->lock);
    if (self->threaded)
        pthread_join(self->thread, NULL);
}

static void out_moods_deliver(void *state, struct weir_delivery *delivery)
{
    struct out_moods *self = state;
    if (!self->late) {
        settle_delivery(self, delivery);
        return;
    }
    pthread_mutex_lock(&self->lock);
    self->queue[self->queued++] = delivery;
    pthread_cond_signal(&self->some);
    pthread_mutex_unlock(&self->lock);
}

#define OUT_MOODS(count)                                                                           \
    {                                                                                              \
        .abi = WEIR_PLUGIN_ABI, .kind = WEIR_OUTPUT, .name = "moods",                              \
        .state_size = sizeof(struct out_moods), .open = out_moods_open, .close = out_moods_close,  \
        .output = { .deliver = out_moods_deliver, .parallel = (count) },                           \
    }
static const struct weir_plugin out_moods[] = { OUT_MOODS(1), OUT_MOODS(4) };

/* ---- the frame -------------------------------------------------------------------------------------------- */

struct frame {
    char dir[64];
    struct pipeline_env env;
    struct weir_identity identity;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static void frame_changed(void *arg)
{
    struct frame *frame = arg;
    pthread_mutex_lock(&frame->lock);
    pthread_cond_signal(&frame->changed);
    pthread_mutex_unlock(&frame->lock);
}

static void frame_init(struct frame *frame)
{
    struct weir_error err = { 0 };
    *frame = (struct frame){ .identity = { .host_id = "0123456789abcdef0123456789abcdef" } };
    snprintf(frame->dir, sizeof(frame->dir), "/tmp/weir-pipeline-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(frame->dir));
    pthread_mutex_init(&frame->lock, NULL);
    pthread_cond_init(&frame->changed, NULL);
    frame->env = (struct pipeline_env){ .messenger = messenger_new(2, WEIR_ERROR, MESSAGE_TEXT),
                                        .metrics = metrics_new(),
                                        .clock = logical_clock_new(0, NULL, NULL),
                                        .identity = &frame->identity,
                                        .data_dir = frame->dir,
                                        .once = true,
                                        .changed = frame_changed,
                                        .arg = frame };
    const struct positions_options positions = { .data_dir = frame->dir };
    ck_assert_msg(positions_open(&positions, &frame->env.positions, &err) == 0, "%s", err.text);
    memset((void *)answered, 0, sizeof(answered));
    memset((void *)deliveries_of, 0, sizeof(deliveries_of));
}

static void frame_deinit(struct frame *frame)
{
    char command[128];
    positions_close(frame->env.positions);
    logical_clock_free(frame->env.clock);
    metrics_free(frame->env.metrics);
    messenger_free(frame->env.messenger);
    snprintf(command, sizeof(command), "rm -rf %s", frame->dir);
    ck_assert_int_eq(system(command), 0);
}

static void frame_run(struct frame *frame, struct pipeline *pipeline)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(pipeline_start(pipeline, &err), 0);
    pthread_mutex_lock(&frame->lock);
    while (!pipeline_ended(pipeline) || !pipeline_is_empty(pipeline))
        pthread_cond_wait(&frame->changed, &frame->lock);
    pthread_mutex_unlock(&frame->lock);
    ck_assert(pipeline_join(pipeline, clock_monotonic() + 5000000000));
}

static const struct {
    const char *name;
    int64_t lines, per_block;
    size_t memory;
    unsigned outputs;
    struct out_moods moods[OUTPUTS_MAX];
    unsigned plugin[OUTPUTS_MAX]; /* of out_moods */
} rows[] = {
    { "one output at once", 200000, 4000, 1 << 20, 1, { { .index = 0 } }, { 0 } },
    { "single lines", 5000, 1, 1 << 20, 1, { { .index = 0 } }, { 0 } },
    { "late answers in any order", 100000, 1000, 2 << 20, 1, { { .late = true } }, { 1 } },
    { "tries and rejections",
      3000,
      100,
      1 << 20,
      1,
      { { .late = true, .retry_of = 300, .reject_of = 97 } },
      { 0 } },
    { "three outputs of different moods",
      6000,
      500,
      2 << 20,
      3,
      { { .index = 0 },
        { .index = 1, .late = true, .reject_of = 50 },
        { .index = 2, .late = true, .retry_of = 900, .reject_of = 75 } },
      { 0, 1, 1 } },
    { "a buffer of one block",
      50000,
      8000,
      64 << 10,
      2,
      { { .index = 0 }, { .index = 1, .late = true } },
      { 0, 1 } },
};

START_TEST(test_every_record_is_answered_once_and_positions_follow)
{
    struct frame frame;
    struct weir_error err = { 0 };
    struct pipeline *pipeline = NULL;
    frame_init(&frame);
    struct in_lines input = { .lines = rows[_i].lines,
                              .per_block = rows[_i].per_block,
                              .outputs = rows[_i].outputs };
    struct out_moods moods[OUTPUTS_MAX];
    memcpy(moods, rows[_i].moods, sizeof(moods));
    struct config_plugin inputs[] = {
        { .plugin = &in_lines, .id = (char *)"lines", .state = &input }
    };
    struct config_plugin outputs[OUTPUTS_MAX];
    char ids[OUTPUTS_MAX][16];
    for (unsigned i = 0; i < rows[_i].outputs; i++) {
        snprintf(ids[i], sizeof(ids[i]), "out%u", i);
        outputs[i] = (struct config_plugin){ .plugin = &out_moods[rows[_i].plugin[i]],
                                             .id = ids[i],
                                             .state = &moods[i] };
    }
    struct config_pipeline config = { .name = (char *)"test",
                                      .inputs = inputs,
                                      .input_count = 1,
                                      .outputs = outputs,
                                      .output_count = rows[_i].outputs,
                                      .buffer = { .memory = rows[_i].memory } };
    ck_assert_msg(pipeline_new(&frame.env, &config, &pipeline, &err) == 0, "%s", err.text);
    frame_run(&frame, pipeline);

    struct ledger_counts counts;
    ledger_snapshot(&pipeline->ledger, &counts);
    ck_assert_int_eq(ledger_residue(&counts, 1), 0);
    ck_assert_uint_eq(counts.held, 0);
    ck_assert_uint_eq(counts.read, (uint64_t)rows[_i].lines);
    uint64_t rejected = 0;
    for (int64_t i = 0; i < rows[_i].lines; i++) {
        bool bad = false;
        for (unsigned output = 0; output < rows[_i].outputs; output++) {
            ck_assert_uint_eq(deliveries_of[output][i], 1);
            bad |= moods[output].reject_of && i % moods[output].reject_of == 0;
        }
        rejected += bad;
    }
    ck_assert_uint_eq(counts.fates.dropped[LEDGER_REJECTED], rejected);
    ck_assert_uint_eq(counts.fates.delivered, (uint64_t)rows[_i].lines - rejected);
    ck_assert(!input.failed);
    ck_assert_int_eq(input.committed, rows[_i].lines);
    ck_assert_uint_eq(budget_used(&pipeline->budget), 0);
    pipeline_free(pipeline);
    frame_deinit(&frame);
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
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
