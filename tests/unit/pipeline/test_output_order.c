/* SPDX-License-Identifier: Apache-2.0 */
/* In which order an output sees the lines of one stream while deliveries fail, whole or in part, at once or
 * late, and while it asks for a pause: what output.c promises, looked at from the plugin's side. */
#include <assert.h>
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "pipeline/output.h"
#include "support/check_main.h"
#include "support/fake_lines.h"
#include "support/pipeline_frame.h"

enum { LINES = 1500, PER_BLOCK = 50, PARALLEL = 4 };

enum line_state { UNSEEN, UNDER_WAY, TO_TRY_AGAIN, DONE };

struct sink {
    bool late; /* answers come from another thread, in any order */
    enum weir_outcome (*answer)(int64_t line, unsigned tries);
    unsigned parallel;

    pthread_mutex_t lock;
    pthread_cond_t some;
    pthread_t thread;
    bool stop;
    struct weir_delivery *queue[PARALLEL];
    unsigned queued, seed;

    enum line_state state[LINES];
    unsigned tries[LINES];
    unsigned under_way;  /* deliveries */
    unsigned trying;     /* of them, those that are tried again */
    unsigned waiting;    /* lines to be tried again */
    unsigned answering;  /* answers that are being given, and not all known yet */
    unsigned allowed;    /* newer deliveries: that which may have been begun meanwhile */
    int64_t oldest_open; /* no line before it is not DONE */
    const char *wrong;   /* the first promise that was broken */
};

static void expect(struct sink *sink, bool holds, const char *what)
{
    if (!holds && !sink->wrong)
        sink->wrong = what;
}

/* The lines of a delivery, in order, as many as that. */
static unsigned lines_of(const struct weir_delivery *delivery, int64_t lines[PER_BLOCK],
                         uint32_t indices[PER_BLOCK])
{
    const struct weir_slice *slice = weir_delivery_slice(delivery);
    const uint32_t end = slice->first + slice->count;
    unsigned count = 0;
    for (uint32_t i = weir_slice_next(slice, slice->first); i < end;
         i = weir_slice_next(slice, i + 1)) {
        assert(count < PER_BLOCK);
        indices[count] = i;
        lines[count++] = fake_line_number(slice->batch, i);
    }
    return count;
}

static void note_arrival(struct sink *sink, const int64_t *lines, unsigned count)
{
    const bool again = sink->state[lines[0]] == TO_TRY_AGAIN;
    expect(sink, ++sink->under_way <= sink->parallel, "no more under way than asked for");
    if (!again && (sink->waiting || sink->trying) && !sink->answering) {
        expect(sink, sink->allowed > 0, "nothing newer while something is tried again");
        sink->allowed -= sink->allowed > 0;
    }
    for (int64_t line = sink->oldest_open; again && line < lines[0]; line++)
        expect(sink, sink->state[line] != TO_TRY_AGAIN, "the oldest is tried first");
    if (sink->parallel == 1)
        expect(sink, sink->oldest_open >= lines[0] / PER_BLOCK * PER_BLOCK,
               "one at a time: the batch before is done");
    sink->trying += again;
    expect(sink, sink->trying <= 1, "one is tried again at a time");
    for (unsigned i = 0; i < count; i++) {
        expect(sink, sink->state[lines[i]] == (again ? TO_TRY_AGAIN : UNSEEN),
               "each line is sent once, and again when it was asked for");
        expect(sink, i == 0 || lines[i] > lines[i - 1], "in order within a delivery");
        sink->waiting -= again;
        sink->state[lines[i]] = UNDER_WAY;
        sink->tries[lines[i]]++;
    }
}

static void settle(struct sink *sink, struct weir_delivery *delivery)
{
    int64_t lines[PER_BLOCK];
    uint32_t indices[PER_BLOCK];
    enum weir_outcome outcomes[PER_BLOCK];
    bool again = false;
    pthread_mutex_lock(&sink->lock);
    const unsigned count = lines_of(delivery, lines, indices);
    sink->under_way--;
    sink->answering += sink->late;
    sink->trying -= sink->tries[lines[0]] > 1;
    for (unsigned i = 0; i < count; i++) {
        outcomes[i] = sink->answer(lines[i], sink->tries[lines[i]]);
        sink->state[lines[i]] = outcomes[i] == WEIR_RETRY ? TO_TRY_AGAIN : DONE;
        sink->waiting += outcomes[i] == WEIR_RETRY;
        again |= outcomes[i] == WEIR_RETRY;
    }
    while (sink->oldest_open < LINES && sink->state[sink->oldest_open] == DONE)
        sink->oldest_open++;
    pthread_mutex_unlock(&sink->lock);
    for (unsigned i = 0; i < count; i++)
        weir_settle(delivery, indices[i], 1, outcomes[i], WEIR_STR("as told"));
    if (!sink->late)
        return;
    /* The output looks for answers before it begins a delivery: one may have slipped through. */
    pthread_mutex_lock(&sink->lock);
    sink->answering--;
    sink->allowed += again;
    pthread_mutex_unlock(&sink->lock);
}

static void *settle_late(void *arg)
{
    struct sink *sink = arg;
    for (;;) {
        pthread_mutex_lock(&sink->lock);
        while (!sink->queued && !sink->stop)
            pthread_cond_wait(&sink->some, &sink->lock);
        if (!sink->queued) {
            pthread_mutex_unlock(&sink->lock);
            return NULL;
        }
        sink->seed = sink->seed * 1103515245 + 12345;
        unsigned pick = (sink->seed >> 16) % sink->queued;
        struct weir_delivery *delivery = sink->queue[pick];
        sink->queue[pick] = sink->queue[--sink->queued];
        pthread_mutex_unlock(&sink->lock);
        settle(sink, delivery);
    }
}

static int sink_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct sink *sink = state;
    (void)host;
    pthread_mutex_init(&sink->lock, NULL);
    pthread_cond_init(&sink->some, NULL);
    if (sink->late && pthread_create(&sink->thread, NULL, settle_late, sink) != 0)
        return weir_error_set(err, -1, "no thread");
    return 0;
}

static void sink_close(void *state)
{
    struct sink *sink = state;
    pthread_mutex_lock(&sink->lock);
    sink->stop = true;
    pthread_cond_signal(&sink->some);
    pthread_mutex_unlock(&sink->lock);
    if (sink->late)
        pthread_join(sink->thread, NULL);
}

static void sink_deliver(void *state, struct weir_delivery *delivery)
{
    struct sink *sink = state;
    int64_t lines[PER_BLOCK];
    uint32_t indices[PER_BLOCK];
    pthread_mutex_lock(&sink->lock);
    note_arrival(sink, lines, lines_of(delivery, lines, indices));
    if (sink->late) {
        sink->queue[sink->queued++] = delivery;
        pthread_cond_signal(&sink->some);
    }
    pthread_mutex_unlock(&sink->lock);
    if (!sink->late)
        settle(sink, delivery);
}

#define SINK(count)                                                                                \
    {                                                                                              \
        .abi = WEIR_PLUGIN_ABI, .kind = WEIR_OUTPUT, .name = "sink",                               \
        .state_size = sizeof(struct sink), .open = sink_open, .close = sink_close,                 \
        .output = { .deliver = sink_deliver, .parallel = (count) },                                \
    }
static const struct weir_plugin sink_plugin = SINK(1), sink_parallel_plugin = SINK(PARALLEL);

/* ---- how it answers -------------------------------------------------------------------------------------- */

static enum weir_outcome always(int64_t line, unsigned tries)
{
    (void)line;
    (void)tries;
    return WEIR_DELIVERED;
}

/* Every tenth batch, whole, twice. */
static enum weir_outcome whole_batches_fail(int64_t line, unsigned tries)
{
    return line / PER_BLOCK % 10 == 0 && tries <= 2 ? WEIR_RETRY : WEIR_DELIVERED;
}

static enum weir_outcome single_lines_fail(int64_t line, unsigned tries)
{
    return line % 331 == 0 && tries == 1 ? WEIR_RETRY : WEIR_DELIVERED;
}

/* Down for a while: what is under way fails, all of it. */
static enum weir_outcome goes_down(int64_t line, unsigned tries)
{
    return line >= 500 && line < 700 && tries == 1 ? WEIR_RETRY : WEIR_DELIVERED;
}

static enum weir_outcome mixed(int64_t line, unsigned tries)
{
    if (line % 397 == 0)
        return tries < 3 ? WEIR_RETRY : WEIR_REJECTED;
    if (line % 83 == 0)
        return WEIR_DROPPED;
    return line % 89 == 0 ? WEIR_REJECTED : WEIR_DELIVERED;
}

static const struct {
    const char *name;
    enum weir_outcome (*answer)(int64_t line, unsigned tries);
} answers[] = {
    { "always", always },
    { "whole batches fail", whole_batches_fail },
    { "single lines fail", single_lines_fail },
    { "it goes down", goes_down },
    { "mixed", mixed },
};
enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

START_TEST(test_order)
{
    struct frame frame;
    frame_init(&frame);
    struct fake_lines lines = { .lines = LINES, .per_block = PER_BLOCK };
    struct sink *sink = calloc(1, sizeof(*sink));
    ck_assert_ptr_nonnull(sink);
    sink->answer = answers[_i / 4].answer;
    sink->late = _i % 2;
    sink->parallel = _i / 2 % 2 ? PARALLEL : 1;
    struct config_plugin input = { .plugin = &fake_lines_plugin,
                                   .id = (char *)"in",
                                   .state = &lines };
    struct config_plugin output = { .plugin =
                                        sink->parallel > 1 ? &sink_parallel_plugin : &sink_plugin,
                                    .id = (char *)"out",
                                    .state = sink };
    struct config_pipeline config = { .name = (char *)"test",
                                      .inputs = &input,
                                      .input_count = 1,
                                      .outputs = &output,
                                      .output_count = 1,
                                      .buffer = { .memory = 2 << 20 } };
    struct pipeline *pipeline = frame_pipeline(&frame, &config);
    frame_run(&frame, pipeline);
    ck_assert_msg(!sink->wrong, "%s, %u at a time, %s: not so: %s", answers[_i / 4].name,
                  sink->parallel, sink->late ? "late" : "at once", sink->wrong);
    ck_assert_int_eq(sink->oldest_open, LINES);
    ck_assert_int_eq(lines.committed, LINES);
    char reason[OUTPUT_REASON_MAX];
    ck_assert_int_eq(output_status(pipeline->outputs[0], reason), OUTPUT_OK);
    ck_assert_str_eq(reason, "");
    pipeline_free(pipeline);
    frame_deinit(&frame);
    free(sink);
}
END_TEST

/* ---- pauses ------------------------------------------------------------------------------------------------ */

enum { PAUSE_MS = 150 };

struct pausing {
    enum weir_outcome outcome; /* of the first delivery, which asks for a pause */
    struct weir_host *host;
    int64_t asked, next; /* clock_monotonic(): of the pause, and of the delivery after it */
    unsigned deliveries;
};

static int pausing_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct pausing *self = state;
    (void)err;
    self->host = host;
    return 0;
}

static void pausing_deliver(void *state, struct weir_delivery *delivery)
{
    struct pausing *self = state;
    self->deliveries++;
    if (self->deliveries == 1) {
        self->asked = clock_monotonic();
        weir_pause(self->host, PAUSE_MS, WEIR_STR("the table is missing"));
        weir_settle_all(delivery, self->outcome, WEIR_STR("the table is missing"));
        return;
    }
    if (self->deliveries == 2)
        self->next = clock_monotonic();
    weir_settle_all(delivery, WEIR_DELIVERED, WEIR_STR_NONE);
}

static const struct weir_plugin pausing_plugin = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "pausing",
    .state_size = sizeof(struct pausing),
    .open = pausing_open,
    .output = { .deliver = pausing_deliver },
};

static enum output_state state_of(void *output)
{
    char reason[OUTPUT_REASON_MAX];
    enum output_state state = output_status(output, reason);
    ck_assert_str_eq(reason, state == OUTPUT_OK ? "" : "the table is missing");
    return state;
}

static bool is_paused(void *output)
{
    return state_of(output) == OUTPUT_PAUSED;
}

static bool is_ok(void *output)
{
    return state_of(output) == OUTPUT_OK;
}

static const struct {
    const char *name;
    enum weir_outcome outcome;
    int64_t lines;
} pauses[] = {
    { "before another try", WEIR_RETRY, 3 },
    { "before what comes next", WEIR_DELIVERED, 3 * PER_BLOCK },
    { "and nothing comes after it", WEIR_DELIVERED, 3 },
    { "of a sink that rejects", WEIR_REJECTED, 3 * PER_BLOCK },
};

START_TEST(test_a_pause_holds_everything)
{
    struct frame frame;
    frame_init(&frame);
    struct fake_lines lines = { .lines = pauses[_i].lines, .per_block = PER_BLOCK };
    struct pausing pausing = { .outcome = pauses[_i].outcome };
    struct config_plugin input = { .plugin = &fake_lines_plugin,
                                   .id = (char *)"in",
                                   .state = &lines };
    struct config_plugin output = { .plugin = &pausing_plugin,
                                    .id = (char *)"out",
                                    .state = &pausing };
    struct config_pipeline config = { .name = (char *)"test",
                                      .inputs = &input,
                                      .input_count = 1,
                                      .outputs = &output,
                                      .output_count = 1,
                                      .buffer = { .memory = 2 << 20 } };
    struct pipeline *pipeline = frame_pipeline(&frame, &config);
    frame_start(pipeline);
    ck_assert(frame_wait(is_paused, pipeline->outputs[0]));
    frame_wait_until_done(&frame, pipeline);
    ck_assert(frame_wait(is_ok, pipeline->outputs[0]));
    ck_assert_int_ge(clock_monotonic() - pausing.asked, PAUSE_MS * INT64_C(1000000));
    frame_join(pipeline);
    if (pausing.next)
        ck_assert_int_ge(pausing.next - pausing.asked, PAUSE_MS * INT64_C(1000000));
    ck_assert_int_eq(lines.committed, lines.lines);
    pipeline_free(pipeline);
    frame_deinit(&frame);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("order");
    tcase_add_loop_test(tcase, test_order, 0, 4 * ANSWERS);
    tcase_add_loop_test(tcase, test_a_pause_holds_everything, 0,
                        (int)(sizeof(pauses) / sizeof(pauses[0])));
    tcase_set_timeout(tcase, 60);
    Suite *suite = suite_create("pipeline/output_order");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
