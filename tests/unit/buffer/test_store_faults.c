/* SPDX-License-Identifier: Apache-2.0 */
/* Each call of each kind fails in turn, once or for ever, with each error: the store lives, keeps what was safe, and
 * goes on by itself when the disk does. */
#include "buffer/store.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "buffer/store_parts.h"
#include "support/check_main.h"
#include "support/disk_sim.h"
#include "support/store_frame.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FRAMES 60

static struct disk *disk;
static struct store_options options;
static struct store_found found;
static struct weir_bytes buffer;
static const char *const readers[] = { "a" };
static const int errors[] = { ENOSPC, EIO, EDQUOT, EROFS };

static void setup(void)
{
    disk = sim_new(3);
    options = store_frame_options(disk, readers, 1, 512 << 10);
    options.segment_bytes = STORE_SEGMENT_BYTES_MIN;
    buffer = (struct weir_bytes){ .max = 1 << 20 };
}

static void teardown(void)
{
    disk = sim_free(disk);
    weir_bytes_free(&buffer);
}

/* Appends all frames in their order, as a writer does that has them until they are safe: `tries` rounds at most.
 * Returns how many are safe. */
static uint64_t write_all(struct store *store, int tries)
{
    uint64_t safe = 0, ends[FRAMES + 1] = { 0 };
    for (int i = 0; i < tries && safe < FRAMES; i++) {
        uint64_t tag = safe, sequence;
        int r = 0;
        while (tag < FRAMES && r == 0) {
            r = store_frame_append(store, tag + 1, 2, 6000, 1, &sequence);
            if (r == 0)
                ends[++tag] = sequence + 2;
            if (r == 0 && tag % 7 == 0)
                break;
        }
        ck_assert_int_ne(r, STORE_FULL);
        if (store_sync(store) == 0)
            safe = tag;
        else
            store_take_back(store);
        ck_assert(safe == 0 || store_durable(store) == ends[safe]);
    }
    return safe;
}

/* Reads and acks everything, in whatever number of attempts: how many frames. */
static uint64_t read_all(struct store *store)
{
    struct store_frame frame;
    uint64_t count = 0;
    for (int failed = 0; failed < 20;) {
        int r = store_next(store, 0, &buffer, &frame);
        if (r == 0)
            return count;
        failed += r < 0;
        if (r < 0)
            continue;
        ck_assert(!frame.damaged);
        ck_assert_uint_ne(store_frame_tag(&frame), 0);
        ck_assert_uint_eq(store_ack(store, 0, frame.head.sequence, frame.end, frame.head.readers),
                          frame.end - frame.head.sequence);
        count++;
    }
    return count;
}

/* One run with the n-th of some calls failing: returns false when there is no n-th. */
static bool run(unsigned calls, uint64_t n, int error, bool on)
{
    struct store *store = NULL;
    struct weir_error err = { 0 };
    ck_assert_int_eq(store_open(&options, &store, &found, &err), 0);
    sim_fail(disk, calls, n, error, on);
    uint64_t safe = write_all(store, 12), read = read_all(store);
    (void)store_commit(store);
    (void)store_trim(store, 1);
    bool reached = sim_has_failed(disk);
    if (!on || !reached)
        ck_assert_uint_eq(safe, FRAMES);
    sim_fail(disk, 0, 0, 0, false);
    /* The disk is good again. */
    read += read_all(store);
    ck_assert_uint_eq(read, safe);
    ck_assert_int_eq(store_commit(store), 0);
    (void)store_trim(store, 1);
    ck_assert_uint_le(store_bytes(store), STORE_SEGMENT_BYTES_MIN);
    uint64_t sequence;
    ck_assert_int_eq(store_frame_append(store, 777, 1, 100, 1, &sequence), 0);
    ck_assert_int_eq(store_sync(store), 0);
    store_free(store);
    sim_cut(disk);
    ck_assert_int_eq(store_open(&options, &store, &found, &err), 0);
    ck_assert_uint_eq(found.records, 1);
    ck_assert_uint_eq(read_all(store), 1);
    store_close(store);
    ck_assert_int_eq(sim_open_files(disk), 0);
    return reached;
}

START_TEST(spl_10_spl_11_spl_12_spl_13_any_call_may_fail)
{
    static const unsigned calls[] = { SIM_WRITE, SIM_SYNC,   SIM_SYNC_DIR, SIM_RESERVE,  SIM_OPEN,
                                      SIM_SIZE,  SIM_UNLINK, SIM_TRUNCATE, SIM_CALLS_ALL };
    int error = errors[_i / 2];
    bool on = _i % 2;
    for (size_t c = 0; c < COUNT_OF(calls); c++) {
        bool reached = true;
        for (uint64_t n = 0; reached; n++) {
            teardown();
            setup();
            /* With every call failing for ever nothing can be read either: that counts as damage. */
            unsigned which =
                calls[c] == SIM_CALLS_ALL ? SIM_CALLS_ALL & ~(unsigned)SIM_READ : calls[c];
            reached = run(which, n, error, on);
        }
    }
}
END_TEST

/* Opening fails, or opens; the next time it opens, and everything is there. */
START_TEST(spl_10_spl_12_any_call_of_an_opening_may_fail)
{
    struct store *store = NULL;
    struct weir_error err = { 0 };
    for (int clean = 0; clean < 2; clean++) {
        bool reached = true;
        for (uint64_t n = 0; reached; n++) {
            teardown();
            setup();
            ck_assert_int_eq(store_open(&options, &store, &found, &err), 0);
            ck_assert_uint_eq(write_all(store, 20), FRAMES);
            if (clean)
                store_close(store);
            else
                store_free(store);
            sim_kill(disk);
            sim_fail(disk, SIM_CALLS_ALL, n, errors[_i / 2], _i % 2);
            int r = store_open(&options, &store, &found, &err);
            reached = sim_has_failed(disk);
            ck_assert(r == 0 || reached);
            sim_fail(disk, 0, 0, 0, false);
            if (r == 0)
                store_free(store);
            sim_cut(disk);
            ck_assert_int_eq(store_open(&options, &store, &found, &err), 0);
            ck_assert_uint_eq(found.records, FRAMES * 2);
            ck_assert_uint_eq(found.damaged_records, 0);
            ck_assert_uint_eq(read_all(store), FRAMES);
            store_close(store);
            ck_assert_int_eq(sim_open_files(disk), 0);
        }
    }
}
END_TEST

/* A place that cannot be read is asked for three times, and then passed over. */
START_TEST(what_can_never_be_read_is_passed_over)
{
    struct store *store = NULL;
    struct weir_error err = { 0 };
    struct store_frame frame;
    ck_assert_int_eq(store_open(&options, &store, &found, &err), 0);
    ck_assert_uint_eq(write_all(store, 20), FRAMES);
    sim_fail(disk, SIM_READ, 0, EIO, true);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(store_next(store, 0, &buffer, &frame), -EIO);
    ck_assert_int_eq(store_next(store, 0, &buffer, &frame), 1);
    ck_assert(frame.damaged);
    sim_fail(disk, 0, 0, 0, false);
    ck_assert_uint_eq(store_ack(store, 0, frame.head.sequence, frame.end, frame.head.readers),
                      frame.end - frame.head.sequence);
    uint64_t read = read_all(store);
    ck_assert_uint_lt(read, FRAMES);
    ck_assert_uint_gt(read, FRAMES / 2);
    store_close(store);
}
END_TEST

START_TEST(spl_19_a_second_agent_is_refused)
{
    struct store *store = NULL, *second = NULL;
    struct weir_error err = { 0 };
    ck_assert_int_eq(store_open(&options, &store, &found, &err), 0);
    ck_assert_int_eq(store_open(&options, &second, &found, &err), -EWOULDBLOCK);
    ck_assert_int_eq(found.lock_pid, 4711);
    ck_assert_ptr_nonnull(strstr(err.text, "in use"));
    ck_assert_uint_eq(write_all(store, 20), FRAMES);
    options.read_only = true; /* to look is allowed */
    ck_assert_int_eq(store_open(&options, &second, &found, &err), 0);
    ck_assert_uint_eq(found.records, FRAMES * 2);
    ck_assert_uint_eq(read_all(second), FRAMES);
    store_close(second);
    ck_assert_uint_eq(read_all(store), FRAMES);
    store_close(store);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("store_faults");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 110);
    tcase_add_loop_test(tc, spl_10_spl_11_spl_12_spl_13_any_call_may_fail, 0,
                        2 * (int)COUNT_OF(errors));
    tcase_add_loop_test(tc, spl_10_spl_12_any_call_of_an_opening_may_fail, 0,
                        2 * (int)COUNT_OF(errors));
    tcase_add_test(tc, what_can_never_be_read_is_passed_over);
    tcase_add_test(tc, spl_19_a_second_agent_is_refused);
    Suite *suite = suite_create("buffer/store_faults");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
