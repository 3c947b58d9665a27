/* SPDX-License-Identifier: Apache-2.0 */
/* A job with a thread of its own, one at a time a pipeline:
 *
 *     store ──walk──▶ frame ──may hold some──▶ thaw ──choose──▶ room in buffer.memory ──▶ end of the log
 *
 * Records go to the end of the log like new ones: outputs deliver, retry and count them as any other, and with
 * a disk tier what does not fit into memory goes there. Nothing is taken from where they came: a replay may be
 * asked for again, and until the sinks have answered the records are on disk in their old place. (A crash in
 * between loses the wish, not the records.)
 *
 * The job never has more than one batch in its hands, and waits for room in the pipeline's memory before it
 * makes one, with a look every few milliseconds: it has no place in the inputs' line, and new records go first.
 * It ends where the store ended when it began, so that it does not chase what it has put there itself.
 *
 * What a frame holds beside the chosen records is marked as dropped in the thawed batch, and is in no account:
 * what became of it was counted when it first came. */
#include "pipeline/replay.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/thread.h"
#include "buffer/frozen.h"
#include "buffer/store.h"
#include "pipeline/dead_letters.h"
#include "pipeline/pipeline.h"
#include "pipeline/replay_choice.h"
#include "pipeline/tier.h"

#define LOOK_NS 5000000

/* A thawed batch takes its text and an index of it; this many times the text is a guess that errs upwards. */
#define THAWED_TIMES 3

struct replay {
    struct pipeline *pipeline;
    pthread_t thread;
    bool joinable; /* main's: there is a thread to wait for */
    atomic_bool cancelled;

    /* Of the job; set before its thread starts. */
    struct replay_request request; /* texts and ids are copies */
    char *output, *reason, *target;
    uint8_t (*ids)[16];
    struct store *store;
    int output_bit, target_bit; /* -1: none */

    pthread_mutex_t lock;
    struct replay_progress progress;
};

const char *replay_state_name(enum replay_state state)
{
    switch (state) {
    case REPLAY_NONE: return "none";
    case REPLAY_RUNNING: return "running";
    case REPLAY_DONE: return "done";
    case REPLAY_CANCELLED: return "cancelled";
    case REPLAY_FAILED: return "failed";
    }
    return "";
}

/* ---- what the job has to say ----------------------------------------------------------------------- */

static void replay_say(struct replay *replay, const struct replay_progress *more)
{
    struct replay_progress *now = &replay->progress;
    pthread_mutex_lock(&replay->lock);
    now->records += more->records;
    now->replayed += more->replayed;
    now->unwanted += more->unwanted;
    now->damaged += more->damaged;
    now->sequence = more->sequence;
    pthread_mutex_unlock(&replay->lock);
}

static void replay_set_waiting(struct replay *replay, bool waiting)
{
    pthread_mutex_lock(&replay->lock);
    replay->progress.waiting = waiting;
    pthread_mutex_unlock(&replay->lock);
}

static void replay_end(struct replay *replay, enum replay_state state, const char *error)
{
    pthread_mutex_lock(&replay->lock);
    struct replay_progress *now = &replay->progress;
    now->state = state;
    now->waiting = false;
    snprintf(now->error, sizeof(now->error), "%s", error);
    const struct replay_progress last = *now;
    pthread_mutex_unlock(&replay->lock);
    const struct pipeline_env *env = replay->pipeline->env;
    msg_say(env->messenger, state == REPLAY_FAILED ? WEIR_WARN : WEIR_INFO, "a replay has ended",
            weir_kv_str("pipeline", replay->pipeline->name),
            weir_kv_str("state", replay_state_name(state)),
            weir_kv_int("replayed", (int64_t)last.replayed),
            weir_kv_int("damaged", (int64_t)last.damaged), weir_kv_str("error", error));
    env->changed(env->arg);
}

void replay_progress(struct replay *replay, struct replay_progress *ret)
{
    pthread_mutex_lock(&replay->lock);
    *ret = replay->progress;
    pthread_mutex_unlock(&replay->lock);
}

/* ---- one frame -------------------------------------------------------------------------------------- */

static uint64_t bit_of(int output)
{
    return output < 0 ? 0 : (uint64_t)1 << output;
}

/* Whom the chosen records go to: leaves in `chosen` those that go to somebody, and sets routed and masks.
 * Returns how many are left. */
static uint32_t route(const struct replay *replay, struct batch *batch, uint64_t *chosen)
{
    const size_t words = bitmap_words(batch->pub.count);
    if (replay->target_bit >= 0) {
        batch->routed = bit_of(replay->target_bit);
        batch->masks = NULL;
        return bitmap_count(chosen, batch->pub.count);
    }
    if (replay->output_bit >= 0)
        batch->routed &= bit_of(replay->output_bit);
    uint64_t *any = batch_bitmap(batch);
    if (!any)
        return 0;
    for (uint64_t left = batch->routed; left; left &= left - 1) {
        const unsigned output = (unsigned)__builtin_ctzll(left);
        uint64_t *mask = batch->masks ? batch->masks[output] : NULL;
        uint64_t seen = 0;
        for (size_t i = 0; i < words; i++) {
            const uint64_t takes = mask ? mask[i] & chosen[i] : chosen[i];
            if (mask)
                mask[i] = takes;
            any[i] |= takes;
            seen |= takes;
        }
        if (!seen)
            batch->routed &= ~bit_of((int)output);
    }
    for (size_t i = 0; i < words; i++)
        chosen[i] &= any[i];
    return bitmap_count(chosen, batch->pub.count);
}

/* Drops all but the chosen ones. False when memory is short. */
static bool keep_only(struct batch *batch, const uint64_t *chosen, uint32_t count)
{
    uint64_t *dropped = batch_bitmap(batch);
    if (!dropped)
        return false;
    for (uint32_t i = 0; i < batch->pub.count; i++)
        if (!(chosen[i / 64] >> (i % 64) & 1))
            dropped[i / 64] |= (uint64_t)1 << (i % 64);
    batch->dropped_count = batch->pub.count - count;
    batch->dropped = batch->dropped_count ? dropped : NULL;
    batch->pub.dropped = batch->dropped;
    return true;
}

/* The batch is the log's from here. */
static void append(struct replay *replay, struct batch *batch, uint32_t count)
{
    struct pipeline *pipeline = replay->pipeline;
    batch->replayed = batch->counted = true; /* what was not chosen is in no account */
    ledger_replayed(&pipeline->ledger, count);
    for (uint64_t left = batch->routed; left; left &= left - 1) {
        const unsigned output = (unsigned)__builtin_ctzll(left);
        ledger_route(&pipeline->ledger, output, batch_records_for(batch, output));
    }
    log_append(pipeline->log, batch);
    tier_look(pipeline->tier);
}

/* Chooses and appends, or frees the batch. 0 or -ENOMEM. */
static int take_batch(struct replay *replay, struct batch *batch, const struct store_frame *frame,
                      struct replay_progress *more)
{
    struct budget *budget = &replay->pipeline->budget;
    uint64_t *chosen = batch_bitmap(batch);
    uint32_t wanted = 0, count = 0;
    if (chosen) {
        wanted = replay_choose(&replay->request, batch, frame->head.sequence, replay->output_bit,
                               chosen);
        count = wanted ? route(replay, batch, chosen) : 0;
    }
    const bool kept = chosen && (count == 0 || keep_only(batch, chosen, count));
    if (kept && count > 0) {
        budget_force(budget, batch->charged);
        append(replay, batch, count);
    } else {
        frozen_free(batch);
    }
    if (!kept)
        return -ENOMEM;
    more->replayed = count;
    more->unwanted = wanted - count;
    return 0;
}

/* Waits for room. False when the job was cancelled. */
static bool wait_for_room(struct replay *replay, size_t bytes)
{
    const struct budget *budget = &replay->pipeline->budget;
    bool waiting = false;
    while (!atomic_load(&replay->cancelled) && !budget_fits(budget, bytes, budget->max)) {
        const struct timespec pause = { .tv_nsec = LOOK_NS };
        if (!waiting) {
            waiting = true;
            replay_set_waiting(replay, true);
        }
        nanosleep(&pause, NULL);
    }
    if (waiting)
        replay_set_waiting(replay, false);
    return !atomic_load(&replay->cancelled);
}

static bool frame_is_wanted(const struct replay *replay, const struct store_frame *frame)
{
    if (!replay_may_choose(&replay->request, frame->head.sequence, frame->end,
                           frame->head.observed))
        return false;
    return replay->output_bit < 0 || (frame->head.readers & bit_of(replay->output_bit));
}

/* 0, or a negative errno that ends the job; -ECANCELED. */
static int take_frame(struct replay *replay, const struct store_frame *frame)
{
    struct replay_progress more = { .sequence = frame->end };
    const uint64_t records = frame->end - frame->head.sequence;
    struct batch *batch = NULL;
    int r = 0;
    if (frame->damaged) {
        more.damaged = records;
    } else if (frame_is_wanted(replay, frame)) {
        if (!wait_for_room(replay, THAWED_TIMES * (size_t)frame->head.raw_bytes))
            return -ECANCELED;
        r = frozen_thaw(&frame->head, frame->ranges, frame->payload, frame->reader_bits,
                        replay->pipeline->chunks, &batch);
        if (r == -EBADMSG || r == -EPROTO || r == -ENOTSUP) {
            more.damaged = records;
            r = 0;
        } else if (r == 0) {
            r = take_batch(replay, batch, frame, &more);
        }
    }
    if (r == 0) {
        more.records = records;
        replay_say(replay, &more);
    }
    return r;
}

static int walk(struct replay *replay, struct store_walk *walk)
{
    const uint64_t end = replay->progress.end;
    struct store_frame frame;
    int r = 0;
    while (r == 0 && !atomic_load(&replay->cancelled)) {
        r = store_walk_next(walk, &frame);
        if (r <= 0)
            return r;
        if (frame.head.sequence >= end)
            return 0;
        r = take_frame(replay, &frame);
    }
    return r;
}

static void replay_run(void *arg)
{
    struct replay *replay = arg;
    struct store_walk *frames = store_walk_new(replay->store, replay->request.from);
    int r = frames ? walk(replay, frames) : -ENOMEM;
    store_walk_free(frames);
    if (atomic_load(&replay->cancelled))
        replay_end(replay, REPLAY_CANCELLED, "");
    else if (r < 0)
        replay_end(replay, REPLAY_FAILED, strerror(-r));
    else
        replay_end(replay, REPLAY_DONE, "");
}

/* ---- the job ------------------------------------------------------------------------------------------- */

static void forget_request(struct replay *replay)
{
    free(replay->output);
    free(replay->reason);
    free(replay->target);
    free(replay->ids);
    replay->output = replay->reason = replay->target = NULL;
    replay->ids = NULL;
}

struct replay *replay_new(struct pipeline *pipeline)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    if (!replay)
        return NULL;
    replay->pipeline = pipeline;
    pthread_mutex_init(&replay->lock, NULL);
    return replay;
}

struct replay *replay_free(struct replay *replay)
{
    if (!replay)
        return NULL;
    assert(!replay->joinable);
    forget_request(replay);
    pthread_mutex_destroy(&replay->lock);
    free(replay);
    return NULL;
}

bool replay_is_running(struct replay *replay)
{
    struct replay_progress now;
    replay_progress(replay, &now);
    return now.state == REPLAY_RUNNING;
}

/* The bit of the output called `name`; -1 for NULL; -ENOENT. */
static int find_output(const struct pipeline *pipeline, const char *name, int *ret,
                       struct weir_error *err)
{
    *ret = -1;
    if (!name)
        return 0;
    for (size_t i = 0; i < pipeline->output_count; i++)
        if (strcmp(pipeline->config->outputs[i].id, name) == 0) {
            *ret = (int)i;
            return 0;
        }
    return weir_error_set(err, -ENOENT, "pipeline %s has no output called \"%s\"", pipeline->name,
                          name);
}

static int copy_text(const char *text, char **ret)
{
    *ret = text ? strdup(text) : NULL;
    return text && !*ret ? -ENOMEM : 0;
}

static int copy_request(struct replay *replay, const struct replay_request *request)
{
    int r = copy_text(request->output, &replay->output);
    if (r == 0)
        r = copy_text(request->reason, &replay->reason);
    if (r == 0)
        r = copy_text(request->target, &replay->target);
    if (r == 0 && request->ids) {
        replay->ids = calloc(request->id_count + 1, sizeof(replay->ids[0]));
        if (!replay->ids)
            return -ENOMEM;
        memcpy(replay->ids, request->ids, request->id_count * sizeof(replay->ids[0]));
    }
    replay->request = *request;
    replay->request.output = replay->output;
    replay->request.reason = replay->reason;
    replay->request.target = replay->target;
    replay->request.ids = (const uint8_t(*)[16])replay->ids;
    return r;
}

static int find_store(struct replay *replay, enum replay_source source, struct weir_error *err)
{
    struct pipeline *pipeline = replay->pipeline;
    switch (source) {
    case REPLAY_BUFFER: replay->store = pipeline->tier ? pipeline->tier->store : NULL; break;
    case REPLAY_DEAD_LETTERS: replay->store = dead_letters_store(pipeline->dead_letters); break;
    }
    if (replay->store)
        return 0;
    return weir_error_set(err, -ENOENT,
                          source == REPLAY_BUFFER ? "pipeline %s has no disk tier: see buffer.disk"
                                                  : "pipeline %s has no dead letters",
                          pipeline->name);
}

int replay_start(struct replay *replay, const struct replay_request *request,
                 struct weir_error *err)
{
    assert(request->id_count <= REPLAY_IDS_MAX);
    if (replay_is_running(replay))
        return weir_error_set(err, -EBUSY, "pipeline %s has a replay running: cancel it, or wait",
                              replay->pipeline->name);
    bool joined = replay_join(replay, INT64_MAX);
    assert(joined); /* it has said that it ended */
    forget_request(replay);
    int r = find_store(replay, request->source, err);
    if (r == 0)
        r = find_output(replay->pipeline, request->output, &replay->output_bit, err);
    if (r == 0)
        r = find_output(replay->pipeline, request->target, &replay->target_bit, err);
    if (r < 0)
        return r;
    r = copy_request(replay, request);
    if (r < 0)
        return weir_error_set(err, r, "out of memory");
    const uint64_t end = store_end(replay->store);
    pthread_mutex_lock(&replay->lock);
    replay->progress = (struct replay_progress){ .state = REPLAY_RUNNING,
                                                 .sequence = request->from,
                                                 .end = request->to < end ? request->to : end };
    pthread_mutex_unlock(&replay->lock);
    atomic_store(&replay->cancelled, false);
    r = thread_start(&replay->thread, "replay", replay_run, replay);
    replay->joinable = r == 0;
    if (r < 0)
        replay_end(replay, REPLAY_FAILED, strerror(-r));
    return r < 0 ? weir_error_set(err, r, "cannot start a thread: %s", strerror(-r)) : 0;
}

void replay_cancel(struct replay *replay)
{
    atomic_store(&replay->cancelled, true);
}

bool replay_join(struct replay *replay, int64_t deadline)
{
    while (replay->joinable && pthread_tryjoin_np(replay->thread, NULL) != 0) {
        const struct timespec pause = { .tv_nsec = LOOK_NS };
        if (clock_monotonic() >= deadline)
            return false;
        nanosleep(&pause, NULL);
    }
    replay->joinable = false;
    return true;
}
