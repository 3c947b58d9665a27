/* SPDX-License-Identifier: Apache-2.0 */
/* A model of what the store promises, against a disk that crashes at random moments.
 *
 * The model keeps, for each key, the states it had (a position, or "not there") from the last one that is known
 * to be kept. After any crash, also one during recovery, and under failing calls:
 *   - a key has one of these states: one that was put, whole, and not older than the last one synced; one that
 *     was removed, and that synced, stays gone;
 *   - the clock's ceiling is not below one that was synced, nor above the highest raised;
 *   - the instance id, once synced, stays;
 *   - nothing is called damaged.
 * After a mere kill, with no call failing, nothing that was flushed is lost either.
 *
 * Then the disk is made to lie, and the model must notice: a test that passes on a disk that syncs nothing
 * would show nothing. */
#include "buffer/positions_store.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "support/check_main.h"
#include "support/disk_sim.h"
#include "support/sanitized.h"

#define KEYS_MAX 200
#define GONE 0 /* as a position: not there */

struct past {
    uint64_t change;   /* after how many changes of this run; 0: before it */
    uint64_t position; /* or GONE */
};

struct history {
    struct past *states;
    uint32_t count, floor; /* states before `floor` cannot come back */
};

struct model {
    uint64_t random;
    struct disk *disk;
    struct positions_store store;
    bool open, confirmed; /* a flush and a sync of this run were good */
    bool clean;           /* no call failed since the store was opened */
    uint64_t flushed;     /* changes in the file, as of the last good flush */
    uint32_t key_count;
    struct history keys[KEYS_MAX];
    uint64_t clock, clock_synced, clock_flushed;
    uint8_t instance[16];
    bool has_instance;
    uint64_t position; /* of the latest put: all are different */
    uint64_t crashes;
    char violation[160]; /* "" while the promise holds */
};

static uint64_t below(struct model *model, uint64_t bound)
{
    return sim_random(&model->random) % bound;
}

#define VIOLATED(model, ...)                                                                       \
    do {                                                                                           \
        if (!(model)->violation[0])                                                                \
            snprintf((model)->violation, sizeof((model)->violation), __VA_ARGS__);                 \
    } while (0)

static struct positions_key key_of(uint32_t i)
{
    struct positions_key key = { .owner = i % 2 };
    memcpy(key.id, &i, sizeof(i));
    return key;
}

static struct weir_stream_state state_of(uint32_t i, uint64_t position)
{
    struct weir_stream_state state = { .position = position,
                                       .check = position * 31 + i,
                                       .updated = (int64_t)(position ^ i),
                                       .note_len = (uint16_t)(position % (WEIR_NOTE_MAX + 1)) };
    memcpy(state.id, &i, sizeof(i));
    memset(state.note, (int)(position & 0xff), state.note_len);
    return state;
}

static struct past *latest(struct history *history)
{
    return &history->states[history->count - 1];
}

static void add_state(struct model *model, uint32_t i, uint64_t position)
{
    struct history *history = &model->keys[i];
    history->states[history->count++] =
        (struct past){ positions_store_changes(&model->store), position };
}

/* The latest state of a key as of `changes` of this run, but none before its floor. */
static uint32_t state_as_of(const struct history *history, uint64_t changes)
{
    uint32_t at = history->floor;
    while (at + 1 < history->count && history->states[at + 1].change <= changes)
        at++;
    return at;
}

/* What is known to be kept cannot be older than as of `changes` of this run. */
static void raise_floors(struct model *model, uint64_t changes)
{
    for (uint32_t i = 0; i < model->key_count; i++)
        model->keys[i].floor = state_as_of(&model->keys[i], changes);
}

/* ---- steps ------------------------------------------------------------------------------------------- */

static void put(struct model *model)
{
    uint32_t i = (uint32_t)below(model, model->key_count);
    struct positions_key key = key_of(i);
    struct weir_stream_state state = state_of(i, ++model->position);
    bool first;
    if (positions_store_put(&model->store, &key, &state, &first) == 0)
        add_state(model, i, model->position);
}

static void remove_one(struct model *model)
{
    uint32_t i = (uint32_t)below(model, model->key_count);
    struct positions_key key = key_of(i);
    bool first;
    positions_store_remove(&model->store, &key, &first);
    if (latest(&model->keys[i])->position != GONE)
        add_state(model, i, GONE);
}

static void raise_clock(struct model *model)
{
    bool first;
    model->clock += below(model, 3);
    positions_store_clock(&model->store, model->clock, false, &first);
}

static bool flush(struct model *model)
{
    uint64_t blocks, changes = positions_store_changes(&model->store);
    if (positions_store_flush(&model->store, &blocks) < 0)
        return false;
    if (model->store.file.is_new)
        return true; /* in positions.new, which a start does not look at */
    model->flushed = changes;
    model->clock_flushed = model->clock;
    return true;
}

/* A sync by itself must keep what was flushed before, and no more may be claimed. */
static void sync_only(struct model *model)
{
    if (positions_store_sync(&model->store) == 0 && model->confirmed)
        raise_floors(model, positions_store_synced(&model->store));
}

static void flush_and_sync(struct model *model)
{
    bool flushed = flush(model);
    uint64_t clock = model->clock;
    int r = positions_store_sync(&model->store);
    if (r < 0 && below(model, 2)) /* as if that could mend it */
        sync_only(model);
    if (r < 0 || !flushed)
        return;
    raise_floors(model, positions_store_synced(&model->store));
    struct positions_head head = positions_store_head(&model->store);
    memcpy(model->instance, head.instance, sizeof(head.instance));
    model->has_instance = true;
    model->confirmed = true;
    model->clock_synced = clock;
}

static void fail_a_call(struct model *model)
{
    static const int errors[] = { ENOSPC, EIO, EDQUOT, EROFS };
    static const unsigned calls[] = { SIM_SYNC, SIM_SYNC,     SIM_WRITE,    SIM_RESERVE,
                                      SIM_OPEN, SIM_SYNC_DIR, SIM_CALLS_ALL };
    unsigned call = calls[below(model, sizeof(calls) / sizeof(calls[0]))];
    uint64_t after = below(model, 6);
    int error = errors[below(model, 4)];
    sim_fail(model->disk, call, after, error, below(model, 4) == 0);
    model->clean = false;
}

static void mend(struct model *model)
{
    sim_fail(model->disk, 0, 0, 0, false);
}

/* ---- crashes ----------------------------------------------------------------------------------------- */

static bool open_store(struct model *model)
{
    const struct positions_store_options options = { .disk = model->disk, .dir = "data" };
    struct positions_found found;
    bool moved;
    struct weir_error err = { 0 };
    int r = positions_store_open(&model->store, &options, &found, &moved, &err);
    if (r < 0)
        positions_store_close(&model->store);
    if (r < 0 && !sim_has_failed(model->disk))
        VIOLATED(model, "open: %.100s", err.text);
    else if (r == 0 && found.lost)
        VIOLATED(model, "%u slots lost", found.lost);
    model->open = r == 0;
    model->confirmed = false;
    return model->open;
}

/* The state of key `i` as recovered must be one of its history from `floor` on; what came after it is gone. */
static void check_key(struct model *model, uint32_t i, uint32_t floor)
{
    struct history *history = &model->keys[i];
    struct positions_key key = key_of(i);
    struct weir_stream_state got, want;
    uint64_t position = GONE;
    memset(&got, 0, sizeof(got));
    if (positions_store_get(&model->store, &key, &got)) {
        position = got.position;
        want = state_of(i, position);
        if (memcmp(&got, &want, sizeof(want)) != 0)
            VIOLATED(model, "key %u is mixed at position %llu", i, (unsigned long long)position);
    }
    uint32_t at = history->count;
    while (at > floor && history->states[at - 1].position != position)
        at--;
    if (at == floor)
        VIOLATED(model, "key %u came back at %llu, which it did not have since %llu was kept", i,
                 (unsigned long long)position, (unsigned long long)history->states[floor].position);
    else
        history->count = at;
    for (uint32_t s = history->floor; s < history->count; s++)
        history->states[s].change = 0;
}

/* `killed`: nothing but that happened, so what was flushed is there. */
static void check_recovered(struct model *model, bool killed)
{
    struct positions_head head = positions_store_head(&model->store);
    for (uint32_t i = 0; i < model->key_count; i++) {
        struct history *history = &model->keys[i];
        check_key(model, i, killed ? state_as_of(history, model->flushed) : history->floor);
    }
    uint64_t clock = killed ? model->clock_flushed : model->clock_synced;
    if (head.clock < clock || head.clock > model->clock)
        VIOLATED(model, "the clock came back as %llu, not in %llu..%llu",
                 (unsigned long long)head.clock, (unsigned long long)clock,
                 (unsigned long long)model->clock);
    model->clock = head.clock;
    if (model->has_instance && memcmp(head.instance, model->instance, 16) != 0)
        VIOLATED(model, "the instance id changed");
    model->flushed = 0;
    model->clean = true;
    model->clock_flushed = model->clock_synced;
}

/* Recovery may fail, or be cut off in its middle, some times over. */
static void crash(struct model *model)
{
    bool kill_first = below(model, 2), again;
    do {
        if (model->open)
            positions_store_close(&model->store);
        model->open = false;
        if (kill_first)
            sim_kill(model->disk);
        else
            sim_cut(model->disk);
        kill_first = false;
        mend(model);
        model->crashes++;
        if (below(model, 6) == 0)
            fail_a_call(model);
        again = !open_store(model) || below(model, 4) == 0;
        if (model->open && below(model, 2))
            (void)flush(model);
        mend(model);
    } while (!model->violation[0] && again);
    if (!model->violation[0])
        check_recovered(model, false);
}

/* A kill with no fault: everything that was flushed is there. */
static void kill_only(struct model *model)
{
    bool clean = model->clean;
    positions_store_close(&model->store);
    sim_kill(model->disk);
    mend(model);
    model->crashes++;
    if (open_store(model) && !model->violation[0])
        check_recovered(model, clean);
}

static void check_current(struct model *model)
{
    uint32_t i = (uint32_t)below(model, model->key_count);
    struct positions_key key = key_of(i);
    struct weir_stream_state got;
    bool there = positions_store_get(&model->store, &key, &got);
    uint64_t want = latest(&model->keys[i])->position;
    if (there != (want != GONE) || (there && got.position != want))
        VIOLATED(model, "key %u is not what was put", i);
}

static void step(struct model *model)
{
    static const struct {
        unsigned weight;
        void (*run)(struct model *model);
    } steps[] = { { 400, put },           { 60, remove_one },
                  { 20, raise_clock },    { 40, check_current },
                  { 20, flush_and_sync }, { 10, sync_only },
                  { 6, fail_a_call },     { 6, mend },
                  { 4, kill_only },       { 4, crash } };
    uint64_t pick = below(model, 640);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (pick < steps[i].weight) {
            steps[i].run(model);
            return;
        }
        pick -= steps[i].weight;
    }
    (void)flush(model);
}

static void run_model(struct model *model, uint64_t seed, enum sim_lie lie, enum sim_tear tear,
                      uint32_t steps)
{
    static const uint32_t counts[] = { 3, 40, KEYS_MAX };
    *model = (struct model){ .random = seed, .disk = sim_new(seed), .clean = true };
    sim_set_lie(model->disk, lie);
    sim_set_tear(model->disk, tear);
    sim_set_short(model->disk, below(model, 2));
    model->key_count = counts[below(model, 3)];
    for (uint32_t i = 0; i < model->key_count; i++) {
        model->keys[i].states = calloc(steps + 1, sizeof(struct past));
        ck_assert_ptr_nonnull(model->keys[i].states);
        model->keys[i].count = 1; /* not there */
    }
    (void)open_store(model);
    for (uint32_t i = 0; i < steps && !model->violation[0]; i++)
        step(model);
    if (model->open)
        positions_store_close(&model->store);
    if (!model->violation[0] && sim_open_files(model->disk) != 0)
        VIOLATED(model, "%d files left open", sim_open_files(model->disk));
    for (uint32_t i = 0; i < model->key_count; i++)
        free(model->keys[i].states);
    model->disk = sim_free(model->disk);
}

/* ---- tests ------------------------------------------------------------------------------------------- */

#define SEEDS (TEST_SANITIZED ? 300 : 1500)
#define STEPS 3000
#define LONG 20 /* times, when WEIR_TEST_LONG is set */

START_TEST(ckp_01_ckp_02_crashes_keep_the_promise)
{
    static struct model model;
    uint64_t crashes = 0, seeds = SEEDS * (getenv("WEIR_TEST_LONG") ? LONG : 1);
    int64_t begin = clock_monotonic();
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        enum sim_tear tear = seed % 2 ? SIM_SECTORS : SIM_GARBAGE;
        run_model(&model, seed, SIM_HONEST, tear, STEPS);
        ck_assert_msg(!model.violation[0], "seed %llu: %s", (unsigned long long)seed,
                      model.violation);
        crashes += model.crashes;
    }
    printf("%llu steps, %llu crashes, 0 violations, %.1f s\n", (unsigned long long)seeds * STEPS,
           (unsigned long long)crashes, (double)(clock_monotonic() - begin) / 1e9);
}
END_TEST

START_TEST(the_model_notices_a_disk_that_lies)
{
    static struct model model;
    enum sim_lie lie = (enum sim_lie)_i;
    uint64_t seed = 0;
    do
        run_model(&model, ++seed, lie, SIM_SECTORS, STEPS);
    while (!model.violation[0] && seed < SEEDS);
    ck_assert_msg(model.violation[0], "lie %d was not noticed", _i);
    printf("lie %d noticed with seed %llu: %s\n", _i, (unsigned long long)seed, model.violation);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("positions_model");
    tcase_set_timeout(tc, 110 * (getenv("WEIR_TEST_LONG") ? LONG : 1));
    tcase_add_test(tc, ckp_01_ckp_02_crashes_keep_the_promise);
    tcase_add_loop_test(tc, the_model_notices_a_disk_that_lies, SIM_HONEST + 1, SIM_LIES);
    Suite *suite = suite_create("buffer/positions_model");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
