/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer/store.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "buffer/store_parts.h"
#include "support/check_main.h"
#include "support/disk_sim.h"
#include "support/store_frame.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define A 1u
#define B 2u

static struct disk *disk;
static struct store_options options;
static struct store_found found;
static struct weir_error err;
static struct weir_bytes buffers[3];
static const char *const readers[] = { "a", "b", "c" };

static void setup(void)
{
    disk = sim_new(1);
    options = store_frame_options(disk, readers, 2, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(buffers); i++)
        buffers[i] = (struct weir_bytes){ .max = 1 << 24 };
}

static void teardown(void)
{
    ck_assert_int_eq(sim_open_files(disk), 0);
    disk = sim_free(disk);
    for (size_t i = 0; i < COUNT_OF(buffers); i++)
        weir_bytes_free(&buffers[i]);
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    int r = store_open(&options, &store, &found, &err);
    ck_assert_msg(r == 0, "%s", err.text);
    return store;
}

/* As if the process had been killed. */
static struct store *kill_store(struct store *store, bool power)
{
    store_free(store);
    if (power)
        sim_cut(disk);
    else
        sim_kill(disk);
    return open_store();
}

static uint64_t append(struct store *store, uint64_t tag, uint32_t records, uint64_t mask)
{
    uint64_t sequence = 0;
    ck_assert_int_eq(store_frame_append(store, tag, records, 1000, mask, &sequence), 0);
    return sequence;
}

/* Reads the next frame and says its tag: 0 when there is none. */
static uint64_t next(struct store *store, unsigned reader, struct store_frame *frame)
{
    int r = store_next(store, reader, &buffers[reader], frame);
    ck_assert_int_ge(r, 0);
    if (r == 0)
        return 0;
    uint64_t tag = store_frame_tag(frame);
    ck_assert_uint_ne(tag, 0);
    return tag;
}

static bool ack(struct store *store, unsigned reader, const struct store_frame *frame)
{
    return store_ack(store, reader, frame->head.sequence, frame->end, frame->head.readers);
}

START_TEST(what_is_appended_is_read_by_each_reader_in_order)
{
    struct store *store = open_store();
    for (uint64_t tag = 1; tag <= 100; tag++)
        append(store, tag, (uint32_t)tag, A | B);
    ck_assert_int_eq(store_sync(store), 0);
    ck_assert_uint_eq(store_durable(store), store_end(store));
    ck_assert_uint_eq(store_end(store), 5050);
    struct store_frame frame;
    for (unsigned reader = 0; reader < 2; reader++) {
        struct store_backlog backlog;
        store_backlog(store, reader, &backlog);
        ck_assert_uint_eq(backlog.records, 5050);
        ck_assert_int_eq(backlog.oldest_observed, 1);
        for (uint64_t tag = 1; tag <= 100; tag++) {
            ck_assert(!store_has_read_all(store, reader));
            ck_assert_uint_eq(next(store, reader, &frame), tag);
            ck_assert_uint_eq(frame.head.readers, A | B);
            ck_assert_int_eq(ack(store, reader, &frame), reader == 1);
        }
        ck_assert_uint_eq(next(store, reader, &frame), 0);
        ck_assert(store_has_read_all(store, reader));
        store_backlog(store, reader, &backlog);
        ck_assert_uint_eq(backlog.records, 0);
    }
    ck_assert(store_is_dirty(store));
    ck_assert_int_eq(store_commit(store), 0);
    ck_assert(!store_is_dirty(store));
    store_close(store);
}
END_TEST

START_TEST(a_reader_gets_what_is_for_it)
{
    struct store *store = open_store();
    for (uint64_t tag = 1; tag <= 30; tag++)
        append(store, tag, 2, tag % 3 == 0 ? A | B : tag % 3);
    struct store_frame frame;
    ck_assert_uint_eq(next(store, 0, &frame), 0); /* nothing is safe yet */
    ck_assert_int_eq(store_sync(store), 0);
    for (unsigned reader = 0; reader < 2; reader++) {
        for (uint64_t tag = 1; tag <= 30; tag++)
            if (tag % 3 == 0 || tag % 3 == reader + 1)
                ck_assert_uint_eq(next(store, reader, &frame), tag);
        ck_assert_uint_eq(next(store, reader, &frame), 0);
    }
    store_close(store);
}
END_TEST

/* Reader `b` is not configured any more: what waits for it alone is kept, and is in nobody's account. */
START_TEST(what_waits_for_an_orphan_alone_is_counted_apart)
{
    struct store *store = open_store();
    struct store_frame frame;
    for (uint64_t tag = 1; tag <= 30; tag++)
        append(store, tag, 2, tag <= 10 ? A | B : tag <= 20 ? A : B);
    ck_assert_int_eq(store_sync(store), 0);
    for (uint64_t tag = 1; tag <= 5; tag++)
        ck_assert_uint_eq(next(store, 0, &frame), tag);
    for (uint64_t tag = 1; tag <= 5; tag++)
        ck_assert(!store_ack(store, 0, 2 * (tag - 1), 2 * tag, A | B));
    store_close(store);
    options.reader_count = 1;
    store = open_store();
    ck_assert_uint_eq(found.orphans, 1);
    ck_assert_uint_eq(found.records, 2 * 15);
    ck_assert_uint_eq(found.orphaned, 2 * 15);
    ck_assert_int_eq(store_drop_reader(store, "a"), -ENOENT);
    ck_assert_int_eq(store_drop_reader(store, "b"), 0);
    ck_assert_int_eq(store_drop_reader(store, "b"), -ENOENT);
    store_close(store);
    store = open_store();
    ck_assert_uint_eq(found.orphans, 0);
    ck_assert_uint_eq(found.records, 2 * 15);
    ck_assert_uint_eq(found.orphaned, 0);
    store_close(store);
}
END_TEST

START_TEST(spl_01_what_was_written_survives_a_kill)
{
    struct store *store = open_store();
    for (uint64_t tag = 1; tag <= 300; tag++)
        append(store, tag, 2, A);
    store = kill_store(store, false);
    ck_assert_uint_eq(found.records, 600);
    struct store_frame frame;
    for (uint64_t tag = 1; tag <= 300; tag++)
        ck_assert_uint_eq(next(store, 0, &frame), tag);
    uint64_t end = store_end(store);
    ck_assert_uint_ge(end, 600);
    ck_assert_uint_eq(append(store, 301, 1, A), end);
    ck_assert_uint_eq(next(store, 0, &frame), 0); /* what is not safe is not read */
    ck_assert_int_eq(store_sync(store), 0);
    ck_assert_uint_eq(next(store, 0, &frame), 301);
    ck_assert_uint_eq(next(store, 0, &frame), 0);
    store_close(store);
}
END_TEST

START_TEST(spl_02_what_was_synced_survives_a_power_cut)
{
    struct store *store = open_store();
    uint64_t tag = 0, floor = 0, read;
    struct store_frame frame;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 10; i++) {
            append(store, ++tag, 2, A);
            if (i == round % 10) {
                ck_assert_int_eq(store_sync(store), 0);
                floor = tag;
            }
        }
        store = kill_store(store, true);
        ck_assert_uint_eq(found.damaged_records % 2, 0);
        uint64_t last = 0;
        while ((read = store_next(store, 0, &buffers[0], &frame)) == 1) {
            last = frame.damaged ? last : store_frame_tag(&frame);
            ack(store, 0, &frame);
        }
        ck_assert_uint_ge(last, floor);
        tag = last;
        store_trim(store, 1);
    }
    store_close(store);
}
END_TEST

START_TEST(after_a_clean_close_all_goes_on_where_it_was)
{
    struct store *store = open_store();
    struct store_frame frame;
    uint64_t tag = 0, sequence = 0, read = 0;
    for (int run = 0; run < 20; run++) {
        for (int i = 0; i < 7; i++)
            ck_assert_uint_eq(append(store, ++tag, 3, A | B), sequence + (tag - 1) * 3 - sequence);
        ck_assert_int_eq(store_sync(store), 0);
        for (int i = 0; i < 5; i++) {
            ck_assert_uint_eq(next(store, 0, &frame), ++read);
            ack(store, 0, &frame);
        }
        store_close(store);
        store = open_store();
        ck_assert_uint_eq(found.records, tag * 3);
        ck_assert_uint_eq(found.damaged_records, 0);
        ck_assert_uint_eq(found.torn_bytes, 0);
        struct store_backlog backlog;
        store_backlog(store, 0, &backlog);
        ck_assert_uint_eq(backlog.records, (tag - read) * 3);
        store_backlog(store, 1, &backlog);
        ck_assert_uint_eq(backlog.records, tag * 3);
    }
    for (uint64_t i = 1; i <= tag; i++) {
        ck_assert_uint_eq(next(store, 1, &frame), i);
        ack(store, 1, &frame);
    }
    while (read < tag) {
        ck_assert_uint_eq(next(store, 0, &frame), ++read);
        ack(store, 0, &frame);
    }
    ck_assert_int_eq(store_trim(store, 1), 0);
    ck_assert_uint_eq(store_bytes(store), 0);
    store_close(store);
    store = open_store();
    ck_assert_uint_eq(store_end(store), tag * 3);
    ck_assert_uint_eq(next(store, 0, &frame), 0);
    store_close(store);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("store");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_is_appended_is_read_by_each_reader_in_order);
    tcase_add_test(tc, a_reader_gets_what_is_for_it);
    tcase_add_test(tc, what_waits_for_an_orphan_alone_is_counted_apart);
    tcase_add_test(tc, spl_01_what_was_written_survives_a_kill);
    tcase_add_test(tc, spl_02_what_was_synced_survives_a_power_cut);
    tcase_add_test(tc, after_a_clean_close_all_goes_on_where_it_was);
    Suite *suite = suite_create("buffer/store");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
