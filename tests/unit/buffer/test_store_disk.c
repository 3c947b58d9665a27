/* SPDX-License-Identifier: Apache-2.0 */
/* On a real disk: links in the way, whose directory it is, what a start costs, and several threads. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "buffer/store_parts.h"
#include "support/check_main.h"
#include "support/store_frame.h"
#include "support/temp_dir.h"

static char root[TEMP_DIR_MAX], path[256];
static struct store_options options;
static struct store_found found;
static struct weir_error err;
static const char *const readers[] = { "a", "b" };

static const char *in_root(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static void setup(void)
{
    temp_dir_make(root);
    options = (struct store_options){ .disk = disk_real(),
                                      .data_dir = root,
                                      .name = "p",
                                      .kind = STORE_BUFFER,
                                      .readers = readers,
                                      .reader_count = 2,
                                      .size_max = 64 << 20,
                                      .segment_bytes = STORE_SEGMENT_BYTES_MIN };
}

static void teardown(void)
{
    temp_dir_remove(root);
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    int r = store_open(&options, &store, &found, &err);
    ck_assert_msg(r == 0, "%s", err.text);
    return store;
}

static void append_some(struct store *store, uint64_t from, uint64_t to, size_t bytes)
{
    for (uint64_t tag = from; tag <= to; tag++)
        ck_assert_int_eq(store_frame_append(store, tag, 1, bytes, 3, NULL), 0);
    ck_assert_int_eq(store_sync(store), 0);
}

static uint64_t read_some(struct store *store, unsigned reader, uint64_t *ret_damaged)
{
    struct weir_bytes buffer = { .max = 1 << 24 };
    struct store_frame frame;
    uint64_t count = 0, answered = 0;
    while (store_next(store, reader, &buffer, &frame) == 1) {
        if (frame.damaged)
            *ret_damaged += frame.end - frame.head.sequence;
        else
            count += store_frame_tag(&frame) != 0;
        answered += store_ack(store, reader, frame.head.sequence, frame.end, frame.head.readers);
    }
    weir_bytes_free(&buffer);
    (void)answered;
    return count;
}

START_TEST(files_and_directories_are_for_the_agent_alone)
{
    struct stat st;
    struct store *store = open_store();
    append_some(store, 1, 1, 100);
    store_close(store);
    ck_assert_int_eq(stat(in_root("buffer/p"), &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0700);
    ck_assert_int_eq(stat(in_root("buffer/p/0000000000000000.seg"), &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    ck_assert_int_lt(st.st_size, 2000); /* a closed segment is cut to its size */
    ck_assert_int_eq(stat(in_root("buffer/p/state"), &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(spl_21_links_are_not_followed)
{
    struct store *store = open_store();
    append_some(store, 1, 10, 100);
    store_close(store);
    store = open_store();
    append_some(store, 11, 20, 100);
    store_close(store);
    /* A segment that became a link to itself elsewhere: put aside, and missing. */
    char target[256];
    snprintf(target, sizeof(target), "%s/elsewhere", root);
    ck_assert_int_eq(rename(in_root("buffer/p/0000000000000000.seg"), target), 0);
    ck_assert_int_eq(symlink(target, in_root("buffer/p/0000000000000000.seg")), 0);
    store = open_store();
    ck_assert_uint_eq(found.quarantined, 1);
    uint64_t damaged = 0;
    ck_assert_uint_eq(read_some(store, 0, &damaged), 10);
    ck_assert_uint_eq(damaged, 10);
    store_close(store);
    ck_assert_int_eq(access(target, F_OK), 0);
    /* The state. */
    ck_assert_int_eq(rename(in_root("buffer/p/state"), target), 0);
    ck_assert_int_eq(symlink(target, in_root("buffer/p/state")), 0);
    store = open_store();
    ck_assert(found.cursors_lost);
    store_close(store);
    /* The directory. */
    snprintf(target, sizeof(target), "%s/moved", root);
    ck_assert_int_eq(rename(in_root("buffer/p"), target), 0);
    ck_assert_int_eq(symlink(target, in_root("buffer/p")), 0);
    ck_assert_int_lt(store_open(&options, &store, &found, &err), 0);
    ck_assert_msg(strstr(err.text, "buffer/p") != NULL, "%s", err.text);
}
END_TEST

START_TEST(spl_21_a_directory_for_everyone_is_refused)
{
    struct store *store = open_store();
    store_close(store);
    ck_assert_int_eq(chmod(in_root("buffer/p"), 0777), 0);
    ck_assert_int_eq(store_open(&options, &store, &found, &err), -EPERM);
    ck_assert_ptr_nonnull(strstr(err.text, "everyone may write"));
    ck_assert_int_eq(chmod(in_root("buffer/p"), 0770), 0); /* a group may share a volume */
    store_close(open_store());
}
END_TEST

/* Of a thousand segments a start looks at heads and ends: less than reading them would take. */
START_TEST(spl_17_a_start_does_not_read_the_backlog)
{
    struct store *store = open_store();
    uint64_t tag = 0;
    options.never_sync = true;
    store_close(store);
    store = open_store();
    while (store_bytes(store) < 60 << 20) {
        tag++;
        ck_assert_int_eq(store_frame_append(store, tag, 1, 30000, 1, NULL), 0);
    }
    store_close(store);
    int64_t begin = clock_monotonic();
    store = open_store();
    int64_t took = clock_monotonic() - begin;
    ck_assert_uint_gt(found.segments, 900);
    ck_assert_uint_eq(found.records, tag);
    printf("a start over %llu segments, %llu MiB: %.1f ms\n", (unsigned long long)found.segments,
           (unsigned long long)found.bytes >> 20, (double)took / 1e6);
    ck_assert_int_lt(took, INT64_C(2000000000));
    store_close(store);
}
END_TEST

/* One thread appends, syncs and trims, two read. */
static struct store *shared;
static _Atomic bool done;

static void *read_on(void *arg)
{
    unsigned reader = (unsigned)(uintptr_t)arg;
    uint64_t damaged = 0, count = 0;
    bool last;
    do {
        last = atomic_load(&done);
        count += read_some(shared, reader, &damaged);
    } while (!last);
    return (void *)(uintptr_t)(damaged ? 0 : count);
}

START_TEST(threads_append_read_and_trim_at_once)
{
    pthread_t threads[2];
    void *counts[2];
    shared = open_store();
    atomic_store(&done, false);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, (void *)(uintptr_t)i), 0);
    for (uint64_t tag = 1; tag <= 3000; tag++) {
        ck_assert_int_eq(store_frame_append(shared, tag, 1, 2000, 3, NULL), 0);
        if (tag % 50 == 0)
            ck_assert_int_eq(store_sync(shared), 0);
        if (tag % 200 == 0)
            (void)store_trim(shared, 1);
    }
    atomic_store(&done, true);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], &counts[i]);
        ck_assert_uint_eq((uintptr_t)counts[i], 3000);
    }
    store_close(shared);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("store_disk");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 100);
    tcase_add_test(tc, files_and_directories_are_for_the_agent_alone);
    tcase_add_test(tc, spl_21_links_are_not_followed);
    tcase_add_test(tc, spl_21_a_directory_for_everyone_is_refused);
    tcase_add_test(tc, spl_17_a_start_does_not_read_the_backlog);
    tcase_add_test(tc, threads_append_read_and_trim_at_once);
    Suite *suite = suite_create("buffer/store_disk");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
