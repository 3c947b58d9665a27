/* SPDX-License-Identifier: Apache-2.0 */
/* The log over memory and disk against a model: batches with numbered lines go in, readers take and settle them
 * in any order, and the tier's steps (write, sync, take out of memory, give up) come in between, with a disk that
 * fails now and then. Each reader must get each of its records once and in order, and each record must be
 * counted once. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "buffer/frozen.h"
#include "buffer/log_disk.h"
#include "support/check_main.h"
#include "support/disk_sim.h"
#include "support/make_batch.h"

enum { READERS = 3, HANDS = 4, RECORDS_MAX = 8, STEPS = 4000, SEEDS = 40 };

struct hand {
    struct batch *batch[HANDS];
    unsigned count;
    uint64_t next; /* the lowest number that may come */
};

struct world {
    uint64_t random;
    struct disk *disk;
    struct store *store;
    struct log *log;
    struct chunk_pool *chunks;
    struct budget budget;
    struct hand hands[READERS];
    struct weir_bytes scratch, frame;
    bool keep_up; /* reader 0 does */

    uint64_t appended; /* records, numbered */
    uint8_t *routed;   /* of each, for whom; room for all */
    uint8_t *got;      /* who has settled it */
    uint8_t *shed;     /* it was given up, or shed */
    uint64_t counted, rejected, given_up, passed, batches, back, unknown;
};

static uint64_t below(struct world *world, uint64_t bound)
{
    return sim_random(&world->random) % bound;
}

static uint64_t number_of(const struct batch *batch, uint32_t i)
{
    const struct weir_str line = weir_batch_line(&batch->pub, i);
    return strtoull(line.ptr, NULL, 10);
}

/* ---- what the log tells ---------------------------------------------------------------------------------- */

static void on_answered(void *arg, const struct log_answer *answer)
{
    struct world *world = arg;
    ck_assert_uint_eq(answer->damaged, 0);
    world->counted += answer->records;
    world->rejected += answer->rejected;
}

static struct batch *no_spare(void *arg)
{
    (void)arg;
    return NULL;
}

static void on_acked(void *arg)
{
    (void)arg;
}

static void on_damaged(void *arg, unsigned index, const struct store_frame *frame)
{
    (void)arg;
    ck_abort_msg("reader %u: a frame at %llu is damaged", index, (unsigned long long)frame->offset);
}

static void on_unknown(void *arg, unsigned index, const struct store_frame *frame, int why)
{
    struct world *world = arg;
    ck_assert_uint_eq(index, 0);
    ck_assert_int_eq(why, -EPROTO);
    ck_assert_uint_gt(frame->end, frame->head.sequence);
    world->unknown++;
}

static void on_thawed(void *arg, unsigned index, const struct batch *batch)
{
    (void)arg;
    ck_assert(batch->frame_readers >> index & 1);
}

static void on_kept(void *arg, struct batch *batch)
{
    (void)arg;
    batch->counted = true;
}

static void on_safe(void *arg, struct batch *batch)
{
    struct world *world = arg;
    ck_assert(!batch->passed);
    batch->passed = true;
    world->passed++;
}

/* As the pipeline does. */
static void give_back(struct world *world, struct batch *batch)
{
    if (!batch->on_disk && !batch->given_up) {
        world->counted += batch->pub.count - batch->dropped_count;
        if (batch->rejected)
            world->rejected += bitmap_count(batch->rejected, batch->pub.count);
    }
    if (batch->thawed) {
        budget_give(&world->budget, batch->charged);
        frozen_free(batch);
        return;
    }
    world->back++;
    batch_unmark(batch);
    made_batch_free(batch);
}

static void on_unneeded(void *arg, struct batch *batch)
{
    ck_assert(batch->safe); /* who did not settle it has its frame */
    give_back(arg, batch);
}

static void wake(void *arg)
{
    (void)arg;
}

static void world_open(struct world *world)
{
    static const char *const names[READERS] = { "a", "b", "c" };
    const struct store_options options = { .disk = world->disk,
                                           .data_dir = "data",
                                           .name = "p",
                                           .kind = STORE_BUFFER,
                                           .readers = names,
                                           .reader_count = READERS,
                                           .size_max = (uint64_t)1 << 30,
                                           .segment_bytes = STORE_SEGMENT_BYTES_MIN };
    struct store_found found;
    struct weir_error err = { 0 };
    ck_assert_msg(store_open(&options, &world->store, &found, &err) == 0, "%s", err.text);
    world->log = log_new();
    for (unsigned i = 0; i < READERS; i++)
        log_reader(world->log, i, wake, NULL);
    const struct log_disk disk = { .store = world->store,
                                   .chunks = world->chunks,
                                   .budget = &world->budget,
                                   .in_flight_max = SIZE_MAX,
                                   .spare = no_spare,
                                   .acked = on_acked,
                                   .thawed = on_thawed,
                                   .answered = on_answered,
                                   .damaged = on_damaged,
                                   .unknown = on_unknown,
                                   .unneeded = on_unneeded,
                                   .kept = on_kept,
                                   .safe = on_safe,
                                   .arg = world };
    log_set_disk(world->log, &disk);
}

/* ---- steps -------------------------------------------------------------------------------------------------- */

static void append(struct world *world)
{
    char text[RECORDS_MAX * 24] = "";
    size_t len = 0;
    const uint32_t count = 1 + (uint32_t)below(world, RECORDS_MAX);
    const uint64_t routed = 1 + below(world, (1 << READERS) - 1);
    for (uint32_t i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%llu\n",
                                (unsigned long long)world->appended);
        world->routed[world->appended++] = (uint8_t)routed;
    }
    struct batch *batch = make_batch(text, 0);
    batch->routed = routed;
    batch->charged = 1000;
    batch->bytes = len;
    world->batches++;
    log_append(world->log, batch);
}

static void read_one(struct world *world, unsigned index)
{
    struct hand *hand = &world->hands[index];
    if (hand->count == HANDS)
        return;
    struct batch *batch = log_read(world->log, index);
    if (!batch)
        return;
    for (uint32_t i = 0; i < batch->pub.count; i++) {
        if (weir_batch_is_dropped(&batch->pub, i))
            continue;
        uint64_t number = number_of(batch, i);
        ck_assert_msg(number >= hand->next, "reader %u got %llu after %llu", index,
                      (unsigned long long)number, (unsigned long long)hand->next);
        hand->next = number + 1;
    }
    hand->batch[hand->count++] = batch;
}

static void settle_one(struct world *world, unsigned index)
{
    struct hand *hand = &world->hands[index];
    if (!hand->count)
        return;
    unsigned which = (unsigned)below(world, hand->count);
    struct batch *batch = hand->batch[which];
    hand->batch[which] = hand->batch[--hand->count];
    for (uint32_t i = 0; i < batch->pub.count; i++) {
        uint64_t number = number_of(batch, i);
        ck_assert(world->routed[number] >> index & 1);
        ck_assert_msg(!(world->got[number] >> index & 1), "reader %u got %llu twice", index,
                      (unsigned long long)number);
        world->got[number] |= (uint8_t)(1u << index);
    }
    if (below(world, 8) == 0) {
        uint64_t bits = 1;
        log_reject(world->log, batch, &bits);
    }
    if (log_settled(world->log, index, batch))
        give_back(world, batch);
}

static void sync_all(struct world *world)
{
    if (store_sync(world->store) == 0)
        log_synced(world->log);
    else
        log_rewound(world->log);
}

static void write_one(struct world *world)
{
    struct frame_head head;
    struct batch *batch = log_write_begin(world->log);
    if (!batch)
        return;
    if (below(world, 4) == 0) /* outputs go on meanwhile */
        for (unsigned i = 0; i < READERS; i++)
            settle_one(world, i);
    ck_assert_int_eq(
        frozen_make(batch, NULL, batch->routed, FRAME_PLAIN, &world->scratch, &world->frame, &head),
        0);
    int r = store_append(world->store, (uint8_t *)world->frame.data, world->frame.len, &head);
    for (unsigned i = 0; i < READERS && below(world, 4) == 0; i++) {
        read_one(world, i);
        settle_one(world, i);
    }
    if (log_write_end(world->log, batch, r == 0 ? &head : NULL))
        give_back(world, batch);
    if (r < 0)
        sync_all(world);
}

static void drop_newest(struct world *world)
{
    uint64_t readers;
    struct batch *batch = log_drop_newest(world->log, &readers);
    if (!batch)
        return;
    for (uint32_t i = 0; i < batch->pub.count; i++)
        world->shed[number_of(batch, i)] = (uint8_t)readers;
    world->given_up += batch->pub.count;
    batch->given_up = 1;
    give_back(world, batch);
}

static void step(struct world *world)
{
    switch (below(world, 16)) {
    case 0:
    case 1:
    case 2: append(world); break;
    case 3:
    case 4:
    case 5: write_one(world); break;
    case 6: sync_all(world); break;
    case 7: {
        struct batch *batch = log_evict(world->log);
        if (batch)
            give_back(world, batch);
        break;
    }
    case 8:
        if (below(world, 20) == 0)
            drop_newest(world);
        break;
    case 9:
        if (below(world, 40) == 0)
            sim_fail(world->disk, SIM_SYNC | SIM_WRITE | SIM_RESERVE, below(world, 3),
                     below(world, 2) ? EIO : ENOSPC, false);
        break;
    case 10:
        if (below(world, 50) == 0)
            (void)store_commit(world->store);
        break;
    case 11:
        if (below(world, 50) == 0)
            store_trim(world->store, INT64_MAX);
        break;
    default: {
        unsigned index = (unsigned)below(world, READERS);
        if (world->keep_up && below(world, 2))
            index = 0;
        if (below(world, 2))
            read_one(world, index);
        else
            settle_one(world, index);
    }
    }
}

static bool drain_round(struct world *world)
{
    bool busy = false;
    for (unsigned i = 0; i < READERS; i++) {
        const unsigned before = world->hands[i].count;
        read_one(world, i);
        busy |= world->hands[i].count > before;
        settle_one(world, i);
        busy |= world->hands[i].count > 0;
    }
    return busy;
}

static void check_all_read(struct world *world)
{
    struct store_reader_info info[READERS];
    ck_assert_uint_eq(store_readers(world->store, info, READERS), READERS);
    for (unsigned i = 0; i < READERS; i++)
        ck_assert_uint_eq(info[i].cursor, store_end(world->store));
}

static struct world *world_make(uint64_t seed)
{
    struct world *world = calloc(1, sizeof(*world));
    world->random = seed;
    world->disk = sim_new(seed);
    sim_set_file(world->disk, "data/x", "", 0);
    world->budget.max = SIZE_MAX;
    world->chunks = chunk_pool_new(0, &world->budget);
    world->scratch.max = world->frame.max = 1 << 20;
    world_open(world);
    return world;
}

static void world_close(struct world *world)
{
    log_free(world->log);
    store_close(world->store);
}

static void world_end(struct world *world)
{
    world_close(world);
    chunk_pool_free(world->chunks);
    sim_free(world->disk);
    weir_bytes_free(&world->scratch);
    weir_bytes_free(&world->frame);
    free(world->routed);
    free(world->got);
    free(world->shed);
    free(world);
}

static void world_run(uint64_t seed)
{
    struct world *world = world_make(seed);
    const size_t room = (size_t)STEPS * RECORDS_MAX;
    world->keep_up = seed & 1;
    world->routed = calloc(room, 1);
    world->got = calloc(room, 1);
    world->shed = calloc(room, 1);
    for (unsigned i = 0; i < STEPS; i++)
        step(world);
    sim_fail(world->disk, 0, 0, 0, false);
    while (drain_round(world)) {
        write_one(world);
        sync_all(world);
    }
    for (uint64_t n = 0; n < world->appended; n++)
        ck_assert_msg(
            (world->got[n] | world->shed[n]) == world->routed[n],
            "seed %llu: of %llu, record %llu is for %x, and was had by %x and given up by %x",
            (unsigned long long)seed, (unsigned long long)world->appended, (unsigned long long)n,
            world->routed[n], world->got[n], world->shed[n]);
    ck_assert_uint_eq(world->counted + world->given_up, world->appended);
    ck_assert_uint_eq(world->back, world->batches);
    ck_assert_uint_eq(budget_used(&world->budget), 0);
    for (unsigned i = 0; i < READERS; i++) {
        struct log_backlog backlog;
        log_backlog(world->log, i, &backlog);
        ck_assert_uint_eq(backlog.records, 0);
    }
    check_all_read(world);
    world_end(world);
}

START_TEST(test_every_reader_gets_all_of_its_own_once)
{
    const char *seed = getenv("WEIR_TEST_SEED");
    if (seed) {
        world_run(strtoull(seed, NULL, 10));
        return;
    }
    for (uint64_t i = 1; i <= SEEDS; i++)
        world_run(i);
}
END_TEST

static struct batch *append_for(struct world *world, uint64_t routed)
{
    struct batch *batch = make_batch("x\n", 0);
    batch->routed = routed;
    batch->charged = 1000;
    world->appended++;
    log_append(world->log, batch);
    return batch;
}

/* What a later version changes of a frame. */
enum change { NOTHING, PAYLOAD_VERSION, CODEC };

static void write_changed(struct world *world, enum change change)
{
    struct frame_head head;
    struct batch *batch = log_write_begin(world->log);
    ck_assert_ptr_nonnull(batch);
    ck_assert_int_eq(
        frozen_make(batch, NULL, batch->routed, FRAME_PLAIN, &world->scratch, &world->frame, &head),
        0);
    if (change == PAYLOAD_VERSION)
        world->frame.data[head.head_bytes]++;
    if (change == CODEC)
        head.codec = FRAME_ZSTD + 1;
    ck_assert_int_eq(
        store_append(world->store, (uint8_t *)world->frame.data, world->frame.len, &head), 0);
    if (log_write_end(world->log, batch, &head))
        give_back(world, batch);
}

static void write_for(struct world *world)
{
    write_changed(world, NOTHING);
}

static void take_one(struct world *world, unsigned index, bool is_there)
{
    struct batch *batch = log_read(world->log, index);
    ck_assert_int_eq(batch != NULL, is_there);
    if (batch && log_settled(world->log, index, batch))
        give_back(world, batch);
}

/* A reader that has caught up must not keep frames that are not for it. */
START_TEST(test_who_caught_up_holds_nothing)
{
    struct world *world = world_make(1);
    append_for(world, 3);
    write_for(world);
    sync_all(world);
    take_one(world, 1, true);
    give_back(world, log_evict(world->log)); /* reader 0 is behind */
    append_for(world, 2);
    write_for(world);
    take_one(world, 0, true);
    take_one(world, 0, false); /* and has caught up */
    sync_all(world);
    take_one(world, 1, true);
    for (int i = 0; i < 3; i++) {
        append_for(world, 2);
        write_for(world);
        sync_all(world);
        take_one(world, 1, true);
    }
    check_all_read(world);
    world_end(world);
}
END_TEST

/* A frame that this program does not know how to read is not given up: its reader waits in front of it, now and after
 * the next start, and others go on. */
START_TEST(test_spl_23_what_another_version_wrote_waits)
{
    struct world *world = world_make(1);
    append_for(world, 3);
    write_changed(world, (enum change)_i);
    append_for(world, 3);
    write_for(world);
    sync_all(world);
    take_one(world, 1, true);
    take_one(world, 1, true);
    give_back(world, log_evict(world->log));
    give_back(world, log_evict(world->log));
    for (int round = 0; round < 2; round++) {
        for (int again = 0; again < 3; again++) {
            take_one(world, 0, false);
            ck_assert_int_eq(log_read_error(world->log, 0), -EPROTO);
        }
        take_one(world, 1, false);
        ck_assert_int_eq(log_read_error(world->log, 1), 0);
        ck_assert_uint_eq(world->unknown, (unsigned)round + 1);
        struct store_backlog backlog;
        store_backlog(world->store, 0, &backlog);
        ck_assert_uint_eq(backlog.records, 2);
        store_backlog(world->store, 1, &backlog);
        ck_assert_uint_eq(backlog.records, 0);
        world_close(world);
        world_open(world);
    }
    world_end(world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log_disk");
    TCase *tcase = tcase_create("model");
    tcase_add_test(tcase, test_every_reader_gets_all_of_its_own_once);
    tcase_add_test(tcase, test_who_caught_up_holds_nothing);
    tcase_add_loop_test(tcase, test_spl_23_what_another_version_wrote_waits, PAYLOAD_VERSION,
                        CODEC + 1);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
