/* SPDX-License-Identifier: Apache-2.0 */
/* The positions store on a disk that fails, and on files that something damaged. */
#include "buffer/positions.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/message.h"
#include "base/metrics.h"
#include "buffer/positions_slot.h"
#include "support/check_main.h"
#include "support/disk_sim.h"

#define FILE_NAME "data/positions"
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct disk *disk;
static struct metrics *metrics;
static struct messenger *messenger;
static int messages;
static struct weir_error err;

static void setup(void)
{
    disk = sim_new(1);
    metrics = metrics_new();
    messages = memfd_create("messages", MFD_CLOEXEC);
    messenger = messenger_new(messages, WEIR_DEBUG, MESSAGE_TEXT);
    ck_assert(disk && metrics && messages >= 0 && messenger);
}

static void teardown(void)
{
    ck_assert_int_eq(sim_open_files(disk), 0);
    disk = sim_free(disk);
    metrics = metrics_free(metrics);
    messenger = messenger_free(messenger);
    close(messages);
}

/* How often `text` was said. */
static int said(const char *text)
{
    static char all[65536];
    ssize_t n = pread(messages, all, sizeof(all) - 1, 0);
    ck_assert_int_ge(n, 0);
    all[n] = '\0';
    int count = 0;
    for (const char *at = all; (at = strstr(at, text)); at++)
        count++;
    return count;
}

static int64_t counted(const char *name)
{
    return metric_get(metrics_series(metrics, name, "", METRIC_COUNTER, 1, NULL, 0));
}

static int try_open(struct positions **ret)
{
    const struct positions_options options = {
        .data_dir = "data", .messenger = messenger, .metrics = metrics, .disk = disk
    };
    err.text[0] = '\0';
    return positions_open(&options, ret, &err);
}

static struct positions *open_store(void)
{
    struct positions *positions = NULL;
    int r = try_open(&positions);
    ck_assert_msg(r == 0, "%d: %s", r, err.text);
    return positions;
}

static struct positions_key key_of(uint32_t i)
{
    struct positions_key key = { .owner = 1 };
    memcpy(key.id, &i, sizeof(i));
    return key;
}

static void put(struct positions *positions, uint32_t i, uint64_t position)
{
    struct positions_key key = key_of(i);
    struct weir_stream_state state = { .position = position, .note_len = 4, .note = "note" };
    ck_assert_int_eq(positions_put(positions, &key, &state), 0);
}

/* The position of entry `i`; 0 when it is not there. */
static uint64_t get(struct positions *positions, uint32_t i)
{
    struct positions_key key = key_of(i);
    struct weir_stream_state state;
    return positions_get(positions, &key, &state) ? state.position : 0;
}

static void remove_entry(struct positions *positions, uint32_t i)
{
    struct positions_key key = key_of(i);
    positions_remove(positions, &key);
}

/* The power goes: nothing that is not kept by now will be. The store as the next start finds it. */
static struct positions *cut(struct positions *positions)
{
    sim_fail(disk, SIM_WRITE | SIM_SYNC | SIM_SYNC_DIR | SIM_RENAME, 0, EIO, true);
    positions_close(positions);
    sim_fail(disk, 0, 0, 0, false);
    sim_cut(disk);
    return open_store();
}

/* ---- a disk that fails ------------------------------------------------------------------------------- */

/* Entries 1..20 at 100, kept. */
static void make_store(void)
{
    struct positions *positions = open_store();
    for (uint32_t i = 1; i <= 20; i++)
        put(positions, i, 100);
    positions_close(positions);
}

/* One life of a store, in which the n-th call fails. False when it was never reached. */
static bool live_with_failure(unsigned calls, uint64_t n, int error, bool on)
{
    struct positions *positions = NULL;
    uint64_t kept = 100;
    sim_fail(disk, calls, n, error, on);
    int r = try_open(&positions);
    ck_assert_msg(r == 0 || (sim_has_failed(disk) && err.text[0]), "%d %s", r, err.text);
    for (uint64_t position = 101; r == 0 && position < 104; position++) {
        for (uint32_t i = 1; i <= 20; i++)
            put(positions, i, position);
        put(positions, 300 + (uint32_t)position, 1);
        ck_assert_uint_eq(get(positions, 7), position); /* whatever the disk says */
        if (positions_sync(positions) == 0)
            kept = position;
        if (position == 103 && !on)
            ck_assert_int_eq(positions_sync(positions), 0); /* it failed once: no more */
    }
    if (r == 0 && !on)
        kept = 103;
    positions_close(positions);
    bool reached = sim_has_failed(disk);
    sim_fail(disk, 0, 0, 0, false);
    sim_cut(disk);
    positions = open_store();
    for (uint32_t i = 1; i <= 20; i++)
        ck_assert_uint_ge(get(positions, i), kept);
    positions_close(positions);
    return reached;
}

static const int errors[] = { ENOSPC, EIO, EDQUOT, EROFS };

/* Each call of each kind fails in turn, once or from then on: the agent goes on, what is said to be kept is, and
 * a start that fails says why. */
START_TEST(spl_10_spl_11_spl_12_any_call_may_fail)
{
    bool on = _i >= (int)COUNT_OF(errors);
    int error = errors[_i % (int)COUNT_OF(errors)];
    for (unsigned call = SIM_OPEN_DIR; call < SIM_CALLS_ALL; call *= 2) {
        bool reached = true;
        for (uint64_t n = 0; reached; n++) {
            teardown();
            setup();
            ck_assert_uint_lt(n, 200);
            make_store();
            reached = live_with_failure(call, n, error, on);
        }
    }
}
END_TEST

START_TEST(ckp_04_a_full_disk_leaves_positions_in_memory)
{
    struct positions *positions = open_store();
    put(positions, 1, 1);
    ck_assert_int_eq(positions_sync(positions), 0);
    sim_fail(disk, SIM_WRITE | SIM_RESERVE, 0, ENOSPC, true);
    for (uint64_t position = 2; position < 10; position++) {
        put(positions, 1, position);
        put(positions, 1000 + (uint32_t)position, 1000 + position);
        ck_assert_int_eq(positions_sync(positions), -ENOSPC);
        ck_assert_uint_eq(get(positions, 1), position);
    }
    ck_assert_int_eq(said("positions cannot be stored"), 1);
    ck_assert_int_ge(counted("weir_positions_errors_total"), 8);
    ck_assert_int_gt(metric_get(metrics_series(metrics, "weir_positions_unsynced_seconds", "",
                                               METRIC_GAUGE, 1e9, NULL, 0)),
                     0);
    sim_fail(disk, 0, 0, 0, false);
    for (int i = 0; i < 300 && said("positions are stored again") == 0; i++)
        usleep(10000); /* by itself, within a second */
    ck_assert_int_eq(said("positions are stored again"), 1);
    positions = cut(positions);
    ck_assert_uint_eq(get(positions, 1), 9);
    ck_assert_uint_eq(get(positions, 1009), 1009);
    positions_close(positions);
}
END_TEST

START_TEST(ckp_04_existing_entries_are_stored_where_new_ones_find_no_room)
{
    make_store();
    struct positions *positions = open_store();
    for (uint32_t i = 21; i < 120; i++)
        put(positions, i, 100);
    ck_assert_int_eq(positions_sync(positions), 0);
    sim_fail(disk, SIM_RESERVE, 0, ENOSPC, true);
    for (uint32_t i = 120; i < 200; i++)
        put(positions, i, 100); /* the file must grow for these */
    put(positions, 1, 101);
    ck_assert_int_eq(positions_sync(positions), -ENOSPC);
    positions = cut(positions);
    ck_assert_uint_eq(get(positions, 1), 101);
    ck_assert_uint_eq(get(positions, 199), 0);
    positions_close(positions);
}
END_TEST

/* The sync that failed threw the writes away; a second that succeeds must not make them pass for kept. */
START_TEST(spl_13_a_failed_sync_is_not_retried_but_made_good)
{
    for (uint64_t seed = 1; seed < 50; seed++) {
        teardown();
        setup();
        make_store();
        struct positions *positions = open_store();
        for (uint32_t i = 1; i <= 20; i++)
            put(positions, i, 200);
        sim_fail(disk, SIM_SYNC, 0, EIO, false);
        ck_assert_int_eq(positions_sync(positions), -EIO);
        ck_assert_int_eq(positions_sync(positions), 0);
        positions = cut(positions);
        for (uint32_t i = 1; i <= 20; i++)
            ck_assert_uint_eq(get(positions, i), 200);
        positions_close(positions);
    }
}
END_TEST

START_TEST(k8s_11_a_store_begins_in_memory_where_nothing_can_be_written)
{
    static const unsigned calls[] = { SIM_OPEN, SIM_RESERVE, SIM_WRITE, SIM_SYNC, SIM_RENAME };
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        teardown();
        setup();
        if (calls[i] == SIM_OPEN) /* the first one finds that there is no file */
            sim_fail(disk, calls[i], 1, EROFS, true);
        else
            sim_fail(disk, calls[i], 0, ENOSPC, true);
        struct positions *positions = open_store();
        uint8_t before[16], after[16];
        positions_instance(positions, before);
        put(positions, 1, 5);
        ck_assert_int_lt(positions_sync(positions), 0);
        ck_assert_int_eq(said("positions cannot be stored"), 1);
        sim_fail(disk, 0, 0, 0, false);
        ck_assert_int_eq(positions_sync(positions), 0);
        positions = cut(positions);
        positions_instance(positions, after);
        ck_assert_mem_eq(before, after, 16);
        ck_assert_uint_eq(get(positions, 1), 5);
        positions_close(positions);
    }
}
END_TEST

/* What only a person can mend is said at the start. */
START_TEST(a_directory_without_permission_is_refused)
{
    static const struct {
        unsigned call;
        uint64_t after;
    } cases[] = { { SIM_OPEN_DIR, 0 }, { SIM_LOCK, 0 }, { SIM_OPEN, 0 }, { SIM_OPEN, 1 } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct positions *positions = NULL;
        sim_fail(disk, cases[i].call, cases[i].after, EACCES, true);
        ck_assert_int_eq(try_open(&positions), -EACCES);
        ck_assert_ptr_nonnull(strstr(err.text, "Permission denied"));
        ck_assert_int_eq(sim_open_files(disk), 0);
        sim_fail(disk, 0, 0, 0, false);
    }
}
END_TEST

/* A file that can be read but not written (a disk remounted read-only): loaded, and replaced when that passes. */
START_TEST(spl_11_a_read_only_file_is_loaded_and_later_replaced)
{
    make_store();
    sim_fail(disk, SIM_OPEN, 0, EROFS, false);
    struct positions *positions = open_store();
    for (uint32_t i = 1; i <= 20; i++)
        ck_assert_uint_eq(get(positions, i), 100);
    put(positions, 1, 101);
    ck_assert_int_eq(positions_sync(positions), 0);
    positions = cut(positions);
    ck_assert_uint_eq(get(positions, 1), 101);
    ck_assert_uint_eq(get(positions, 20), 100);
    positions_close(positions);
}
END_TEST

START_TEST(spl_15_short_and_interrupted_calls_are_completed)
{
    sim_set_short(disk, true);
    make_store();
    for (uint64_t round = 1; round < 50; round++) {
        struct positions *positions = open_store();
        for (uint32_t i = 1; i <= 100; i++)
            put(positions, i, round);
        ck_assert_int_eq(positions_sync(positions), 0);
        positions = cut(positions);
        for (uint32_t i = 1; i <= 100; i++)
            ck_assert_uint_eq(get(positions, i), round);
        positions_close(positions);
    }
}
END_TEST

/* ---- a file that was damaged ------------------------------------------------------------------------- */

static uint8_t *slot_in(uint8_t *file, uint32_t number, unsigned side)
{
    return file + positions_block_offset(number / POSITIONS_BLOCK_SLOTS, side) +
           number % POSITIONS_BLOCK_SLOTS * POSITIONS_SLOT_BYTES;
}

/* A store whose entries 1..20 stand at 100 on one side and at 101 on the other; and its file. */
static uint8_t *make_two_sided(size_t *ret_len)
{
    make_store();
    struct positions *positions = open_store();
    for (uint32_t i = 1; i <= 20; i++)
        put(positions, i, 101);
    positions_close(positions);
    uint8_t *file = sim_file(disk, FILE_NAME, ret_len);
    ck_assert_ptr_nonnull(file);
    return file;
}

static void check_quarantined(const char *name, const uint8_t *want, size_t want_len)
{
    size_t len = 0;
    uint8_t *got = sim_file(disk, name, &len);
    ck_assert_msg(got != NULL, "%s is missing", name);
    ck_assert_uint_eq(len, want_len);
    if (len)
        ck_assert_mem_eq(got, want, len);
    free(got);
}

START_TEST(ckp_03_one_damaged_copy_leaves_the_other)
{
    for (unsigned byte = 0; byte < POSITIONS_SLOT_BYTES; byte += 7) {
        for (unsigned side = 0; side < 2; side++) {
            size_t len;
            teardown();
            setup();
            uint8_t *file = make_two_sided(&len);
            slot_in(file, 5, side)[byte] ^= 0x40;
            sim_set_file(disk, FILE_NAME, file, len);
            free(file);
            struct positions *positions = open_store();
            for (uint32_t i = 1; i <= 20; i++) {
                uint64_t got = get(positions, i);
                ck_assert_msg(got == 101 || (got == 100 && i == 5), "%u: %llu", i,
                              (unsigned long long)got);
            }
            ck_assert_int_eq(said("writing the positions was cut off"), 1);
            positions_close(positions);
        }
    }
}
END_TEST

START_TEST(ckp_03_of_a_damaged_file_what_is_intact_is_kept)
{
    size_t len;
    uint8_t *file = make_two_sided(&len);
    for (unsigned side = 0; side < 2; side++)
        slot_in(file, 5, side)[100] ^= 1;
    sim_set_file(disk, FILE_NAME, file, len);
    struct positions *positions = open_store();
    for (uint32_t i = 1; i <= 20; i++)
        ck_assert_uint_eq(get(positions, i), i == 5 ? 0 : 101);
    ck_assert_int_eq(said("the positions file is damaged"), 1);
    ck_assert_int_eq(said("was copied to the quarantine"), 1);
    check_quarantined("quarantine/positions.1", file, len);
    put(positions, 5, 102);
    positions_close(positions);
    positions = open_store(); /* mended */
    ck_assert_int_eq(said("the positions file is damaged"), 1);
    ck_assert_uint_eq(get(positions, 5), 102);
    positions_close(positions);
    free(file);
}
END_TEST

START_TEST(ckp_03_without_its_head_it_gets_a_new_id_and_keeps_its_entries)
{
    size_t len;
    uint8_t *file = make_two_sided(&len), before[16], after[16];
    struct positions *positions = open_store();
    positions_instance(positions, before);
    positions_close(positions);
    for (unsigned side = 0; side < 2; side++)
        memset(slot_in(file, POSITIONS_HEAD, side), 0, POSITIONS_SLOT_BYTES);
    sim_set_file(disk, FILE_NAME, file, len);
    positions = open_store();
    positions_instance(positions, after);
    ck_assert_mem_ne(before, after, 16);
    for (uint32_t i = 1; i <= 20; i++)
        ck_assert_uint_eq(get(positions, i), 101);
    ck_assert_int_eq(said("had lost its head"), 1);
    positions_close(positions);
    free(file);
}
END_TEST

START_TEST(ckp_03_what_is_no_positions_file_is_kept_aside)
{
    static uint8_t noise[200000];
    uint64_t random = 3;
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)sim_random(&random);
    static const size_t lens[] = { 0, 1, 255, 4096, 65536, 65537, sizeof(noise) };
    for (size_t i = 0; i < COUNT_OF(lens); i++) {
        for (int zeros = 0; zeros < 2; zeros++) {
            static const uint8_t zero[sizeof(noise)];
            teardown();
            setup();
            sim_set_file(disk, FILE_NAME, zeros ? zero : noise, lens[i]);
            struct positions *positions = open_store();
            ck_assert_int_eq(said("the positions file is damaged"), 1);
            check_quarantined("quarantine/positions.1", zeros ? zero : noise, lens[i]);
            put(positions, 1, 1);
            positions_close(positions);
            positions = open_store();
            ck_assert_uint_eq(get(positions, 1), 1);
            positions_close(positions);
        }
    }
}
END_TEST

START_TEST(the_quarantine_has_an_end)
{
    char name[40];
    for (int i = 1; i <= 11; i++) {
        uint8_t damaged[100];
        memset(damaged, i, sizeof(damaged));
        sim_set_file(disk, FILE_NAME, damaged, sizeof(damaged));
        positions_close(open_store());
        snprintf(name, sizeof(name), "quarantine/positions.%d", i < 9 ? i : 9);
        check_quarantined(name, damaged, sizeof(damaged));
    }
}
END_TEST

/* The damaged file stays in its place until a copy of it is safe. */
START_TEST(ckp_03_a_damaged_file_waits_for_room_in_the_quarantine)
{
    size_t len, now;
    uint8_t *file = make_two_sided(&len);
    for (unsigned side = 0; side < 2; side++)
        slot_in(file, 5, side)[100] ^= 1;
    sim_set_file(disk, FILE_NAME, file, len);
    sim_fail(disk, SIM_WRITE, 0, ENOSPC, true);
    struct positions *positions = open_store();
    put(positions, 1, 102);
    ck_assert_int_eq(positions_sync(positions), -ENOSPC);
    uint8_t *after = sim_file(disk, FILE_NAME, &now);
    ck_assert_uint_eq(now, len);
    ck_assert_mem_eq(after, file, len);
    sim_fail(disk, 0, 0, 0, false);
    ck_assert_int_eq(positions_sync(positions), 0);
    positions = cut(positions);
    ck_assert_uint_eq(get(positions, 1), 102);
    ck_assert_uint_eq(get(positions, 2), 101);
    positions_close(positions);
    free(after);
    free(file);
}
END_TEST

/* Replacing a damaged file fails at each write, sync or rename in turn, and the power goes: never is a half made
 * one in its place. */
START_TEST(ckp_03_a_damaged_file_is_replaced_whole_or_not)
{
    static const unsigned calls[] = { SIM_WRITE, SIM_SYNC, SIM_SYNC_DIR, SIM_RENAME, SIM_RESERVE };
    for (size_t c = 0; c < COUNT_OF(calls); c++) {
        bool reached = true;
        for (uint64_t n = 0; reached; n++) {
            size_t len;
            teardown();
            setup();
            uint8_t *file = make_two_sided(&len);
            for (unsigned side = 0; side < 2; side++)
                slot_in(file, 5, side)[100] ^= 1;
            sim_set_file(disk, FILE_NAME, file, len);
            free(file);
            sim_fail(disk, calls[c], n, ENOSPC, false);
            struct positions *positions = open_store();
            reached = sim_has_failed(disk);
            positions = cut(positions);
            for (uint32_t i = 1; i <= 20; i++)
                ck_assert_uint_eq(get(positions, i), i == 5 ? 0 : 101);
            positions_close(positions);
        }
    }
}
END_TEST

/* Of a block that the disk will not give, the other side is used; of neither, the start is refused. */
START_TEST(a_file_that_cannot_be_read_is_not_forgotten)
{
    make_store();
    struct positions *positions = NULL;
    sim_fail(disk, SIM_READ, 0, EIO, true);
    ck_assert_int_eq(try_open(&positions), -EIO);
    ck_assert_ptr_nonnull(strstr(err.text, FILE_NAME));
    sim_fail(disk, 0, 0, 0, false);
    positions = open_store();
    ck_assert_uint_eq(get(positions, 20), 100);
    positions_close(positions);
}
END_TEST

START_TEST(ckp_08_a_later_version_is_refused_and_left_alone)
{
    size_t len, now;
    uint8_t *file = make_two_sided(&len);
    for (unsigned side = 0; side < 2; side++) {
        slot_in(file, POSITIONS_HEAD, side)[8] = 2;
        positions_slot_seal(slot_in(file, POSITIONS_HEAD, side));
    }
    sim_set_file(disk, FILE_NAME, file, len);
    struct positions *positions = NULL;
    ck_assert_int_eq(try_open(&positions), -EPROTO);
    ck_assert_msg(strstr(err.text, "version 2") != NULL, "%s", err.text);
    uint8_t *after = sim_file(disk, FILE_NAME, &now);
    ck_assert_uint_eq(now, len);
    ck_assert_mem_eq(after, file, len);
    free(after);
    free(file);
}
END_TEST

START_TEST(ckp_12_another_machines_store_is_told_once)
{
    static const uint8_t machines[2][16] = { { 1 }, { 2 } };
    static const int want[] = { 0, 0, 1, 1 };
    static const int which[] = { 0, 0, 1, 1 };
    uint8_t first[16], now[16];
    for (size_t i = 0; i < COUNT_OF(which); i++) {
        const struct positions_options options = { .data_dir = "data",
                                                   .messenger = messenger,
                                                   .disk = disk,
                                                   .machine_id = machines[which[i]] };
        struct positions *positions = NULL;
        ck_assert_int_eq(positions_open(&options, &positions, &err), 0);
        positions_instance(positions, i ? now : first);
        if (i)
            ck_assert_mem_eq(first, now, 16);
        positions_close(positions);
        ck_assert_int_eq(said("was another machine's"), want[i]);
    }
}
END_TEST

/* What a crash can leave: the removal of an entry was lost, its putting again in another slot was not. */
START_TEST(of_a_key_in_two_slots_the_later_is_true)
{
    for (uint32_t later = 0; later < 2; later++) {
        size_t len;
        teardown();
        setup();
        uint8_t *file = make_two_sided(&len);
        struct positions_key key = key_of(77);
        for (uint32_t i = 0; i < 2; i++) {
            struct weir_stream_state state = { .position = i == later ? 9 : 8 };
            uint8_t *slot = slot_in(file, 30 + i, 0);
            positions_slot_set_entry(slot, 30 + i, i == later ? 900 : 800, &key, &state);
            positions_slot_seal(slot);
        }
        sim_set_file(disk, FILE_NAME, file, len);
        free(file);
        struct positions *positions = open_store();
        ck_assert_uint_eq(get(positions, 77), 9);
        remove_entry(positions, 77);
        positions_close(positions);
        positions = open_store();
        ck_assert_uint_eq(get(positions, 77), 0);
        positions_close(positions);
    }
}
END_TEST

START_TEST(a_full_store_says_so)
{
    struct positions *positions = open_store();
    for (uint32_t i = 1; i < POSITIONS_SLOTS_MAX; i++)
        put(positions, i, i);
    struct positions_key key = key_of(POSITIONS_SLOTS_MAX);
    struct weir_stream_state state = { .position = 1 };
    ck_assert_int_eq(positions_put(positions, &key, &state), -ENOSPC);
    put(positions, 5, 6); /* what is there goes on */
    remove_entry(positions, 9);
    ck_assert_int_eq(positions_put(positions, &key, &state), 0);
    positions_close(positions);
    positions = open_store();
    ck_assert_uint_eq(get(positions, 5), 6);
    ck_assert_uint_eq(get(positions, 9), 0);
    ck_assert_uint_eq(get(positions, POSITIONS_SLOTS_MAX), 1);
    ck_assert_uint_eq(get(positions, POSITIONS_SLOTS_MAX - 1), POSITIONS_SLOTS_MAX - 1);
    positions_close(positions);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("positions_faults");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, spl_10_spl_11_spl_12_any_call_may_fail, 0, 2 * (int)COUNT_OF(errors));
    tcase_add_test(tc, ckp_04_a_full_disk_leaves_positions_in_memory);
    tcase_add_test(tc, ckp_04_existing_entries_are_stored_where_new_ones_find_no_room);
    tcase_add_test(tc, spl_13_a_failed_sync_is_not_retried_but_made_good);
    tcase_add_test(tc, k8s_11_a_store_begins_in_memory_where_nothing_can_be_written);
    tcase_add_test(tc, a_directory_without_permission_is_refused);
    tcase_add_test(tc, spl_11_a_read_only_file_is_loaded_and_later_replaced);
    tcase_add_test(tc, spl_15_short_and_interrupted_calls_are_completed);
    tcase_add_test(tc, ckp_03_one_damaged_copy_leaves_the_other);
    tcase_add_test(tc, ckp_03_of_a_damaged_file_what_is_intact_is_kept);
    tcase_add_test(tc, ckp_03_without_its_head_it_gets_a_new_id_and_keeps_its_entries);
    tcase_add_test(tc, ckp_03_what_is_no_positions_file_is_kept_aside);
    tcase_add_test(tc, the_quarantine_has_an_end);
    tcase_add_test(tc, ckp_03_a_damaged_file_waits_for_room_in_the_quarantine);
    tcase_add_test(tc, ckp_03_a_damaged_file_is_replaced_whole_or_not);
    tcase_add_test(tc, a_file_that_cannot_be_read_is_not_forgotten);
    tcase_add_test(tc, ckp_08_a_later_version_is_refused_and_left_alone);
    tcase_add_test(tc, ckp_12_another_machines_store_is_told_once);
    tcase_add_test(tc, of_a_key_in_two_slots_the_later_is_true);
    tcase_add_test(tc, a_full_store_says_so);
    Suite *suite = suite_create("buffer/positions_faults");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
