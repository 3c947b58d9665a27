/* SPDX-License-Identifier: Apache-2.0 */
/* The positions store on the host's own disk. What a disk can do to it is in test_positions_faults.c, what
 * a crash can in test_positions_model.c. */
#include "buffer/positions.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/message.h"
#include "base/metrics.h"
#include "support/check_main.h"
#include "support/temp_dir.h"

static char base[TEMP_DIR_MAX], dir[128], path[160];
static struct weir_error err;

static void setup(void)
{
    temp_dir_make(base);
    snprintf(dir, sizeof(dir), "%s/data", base);
    snprintf(path, sizeof(path), "%s/positions", dir);
}

static void teardown(void)
{
    temp_dir_remove(base);
}

static struct positions *open_with(struct positions_options options)
{
    struct positions *positions = NULL;
    options.data_dir = dir;
    int r = positions_open(&options, &positions, &err);
    ck_assert_msg(r == 0, "%d: %s", r, err.text);
    return positions;
}

static struct positions *open_store(void)
{
    return open_with((struct positions_options){ 0 });
}

static struct positions_key key_of(uint64_t owner, uint32_t i)
{
    struct positions_key key = { .owner = owner };
    memcpy(key.id, &i, sizeof(i));
    return key;
}

static struct weir_stream_state state_of(uint32_t i, uint64_t position)
{
    struct weir_stream_state state = { .position = position, .check = position * 7, .updated = 5 };
    memcpy(state.id, &i, sizeof(i));
    state.note_len = (uint16_t)(i % (WEIR_NOTE_MAX + 1));
    memset(state.note, (int)(i & 0xff), state.note_len);
    return state;
}

static void put(struct positions *positions, uint64_t owner, uint32_t i, uint64_t position)
{
    struct positions_key key = key_of(owner, i);
    struct weir_stream_state state = state_of(i, position);
    ck_assert_int_eq(positions_put(positions, &key, &state), 0);
}

static bool has(struct positions *positions, uint64_t owner, uint32_t i, uint64_t position)
{
    struct positions_key key = key_of(owner, i);
    struct weir_stream_state got, want = state_of(i, position);
    memset(&got, 0xaa, sizeof(got));
    if (!positions_get(positions, &key, &got))
        return false;
    ck_assert_uint_eq(got.position, want.position);
    ck_assert_uint_eq(got.check, want.check);
    ck_assert_int_eq(got.updated, want.updated);
    ck_assert_uint_eq(got.note_len, want.note_len);
    ck_assert_mem_eq(got.id, want.id, sizeof(got.id));
    if (want.note_len)
        ck_assert_mem_eq(got.note, want.note, want.note_len);
    return true;
}

START_TEST(what_was_put_is_there_after_a_restart)
{
    struct positions *positions = open_store();
    for (uint32_t i = 0; i < 300; i++)
        put(positions, 1, i, 1000 + i);
    put(positions, 1, 7, UINT64_MAX);
    put(positions, 2, 7, 1);
    struct positions_key gone = key_of(1, 8);
    positions_remove(positions, &gone);
    positions_remove(positions, &gone);
    positions_clock_raise(positions, 50);
    positions_clock_raise(positions, 40);
    ck_assert_uint_eq(positions_clock(positions), 50);
    uint8_t before[16], after[16];
    positions_instance(positions, before);
    for (int round = 0; round < 2; round++) {
        ck_assert(has(positions, 1, 7, UINT64_MAX));
        ck_assert(has(positions, 2, 7, 1));
        ck_assert(!has(positions, 1, 8, 0));
        ck_assert(!has(positions, 3, 7, 0));
        for (uint32_t i = 9; i < 300; i++)
            ck_assert(has(positions, 1, i, 1000 + i));
        ck_assert_ptr_null(positions_close(positions));
        positions = open_store();
        positions_instance(positions, after);
        ck_assert_mem_eq(before, after, 16);
        ck_assert_uint_eq(positions_clock(positions), 50);
    }
    ck_assert_int_eq(after[6] >> 4, 4); /* a random UUID */
    positions_clock_settle(positions, 45);
    positions_close(positions);
    positions = open_store();
    ck_assert_uint_eq(positions_clock(positions), 45);
    positions_close(positions);
    ck_assert_ptr_null(positions_close(NULL));
}
END_TEST

START_TEST(an_input_finds_its_streams_again)
{
    struct positions *positions = open_store();
    uint64_t owner = positions_owner("input", "app", "tail");
    ck_assert_uint_ne(owner, positions_owner("input", "app", "tail.2"));
    ck_assert_uint_ne(owner, positions_owner("input", "apptail", ""));
    ck_assert_uint_ne(owner, positions_owner("output", "app", "tail"));
    struct weir_stream_state *states = NULL;
    size_t count = 1;
    ck_assert_int_eq(positions_list(positions, owner, &states, &count), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_ptr_null(states);
    for (uint32_t i = 0; i < 40; i++) {
        put(positions, owner, i, i);
        put(positions, owner + 1, i, i);
    }
    ck_assert_int_eq(positions_list(positions, owner, &states, &count), 0);
    ck_assert_uint_eq(count, 40);
    uint64_t seen = 0;
    for (size_t i = 0; i < count; i++)
        seen |= UINT64_C(1) << states[i].position;
    ck_assert_uint_eq(seen, (UINT64_C(1) << 40) - 1);
    free(states);
    positions_close(positions);
}
END_TEST

/* The store as another process would find it now. */
static struct positions *look(void)
{
    return open_with((struct positions_options){ .read_only = true });
}

START_TEST(a_change_is_in_the_file_after_some_milliseconds)
{
    struct positions *positions = open_store();
    put(positions, 1, 1, 77);
    int64_t start = clock_monotonic();
    bool found = false;
    while (!found && clock_monotonic() - start < INT64_C(5000000000)) {
        struct positions *other = look();
        found = has(other, 1, 1, 77);
        positions_close(other);
        usleep(2000);
    }
    ck_assert(found);
    positions_close(positions);
}
END_TEST

START_TEST(sync_returns_with_everything_in_the_file)
{
    struct metrics *metrics = metrics_new();
    struct positions *positions = open_with((struct positions_options){ .metrics = metrics });
    for (uint32_t i = 0; i < 50; i++) {
        put(positions, 1, i, i);
        ck_assert_int_eq(positions_sync(positions), 0);
        struct positions *other = look();
        ck_assert(has(other, 1, i, i));
        positions_close(other);
    }
    ck_assert_int_eq(positions_sync(positions), 0); /* nothing to do */
    ck_assert_int_ge(metric_get(metrics_series(metrics, "weir_positions_syncs_total", "",
                                               METRIC_COUNTER, 1, NULL, 0)),
                     50);
    ck_assert_int_eq(
        metric_get(metrics_series(metrics, "weir_positions_entries", "", METRIC_GAUGE, 1, NULL, 0)),
        50);
    positions_close(positions);
    metrics_free(metrics);
}
END_TEST

START_TEST(spl_19_a_second_agent_is_refused_and_told_by_whom)
{
    struct positions *positions = open_store(), *second = NULL;
    struct positions_options options = { .data_dir = dir };
    char pid[32];
    snprintf(pid, sizeof(pid), "process %d", (int)getpid());
    ck_assert_int_eq(positions_open(&options, &second, &err), -EBUSY);
    ck_assert_ptr_nonnull(strstr(err.text, dir));
    ck_assert_msg(strstr(err.text, pid) || strstr(err.text, "another process"), "%s", err.text);
    positions_close(positions);
    ck_assert_int_eq(positions_open(&options, &second, &err), 0);
    positions_close(second);
}
END_TEST

/* kill -9 in the middle of things: what was synced is there, the lock is gone. */
START_TEST(ckp_01_a_killed_agent_leaves_old_or_new)
{
    int pipefd[2];
    ck_assert_int_eq(pipe(pipefd), 0);
    pid_t child = fork();
    if (child == 0) {
        struct positions *positions = open_store();
        for (uint64_t position = 1;; position++) {
            for (uint32_t i = 0; i < 20; i++)
                put(positions, 1, i, position);
            if (position % 50 == 0 && positions_sync(positions) == 0 &&
                write(pipefd[1], &position, sizeof(position)) < 0)
                _exit(1);
        }
    }
    uint64_t synced = 0, position = 0;
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(read(pipefd[0], &synced, sizeof(synced)), sizeof(synced));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(pipefd[0]);
    close(pipefd[1]);
    struct positions *positions = open_store();
    for (uint32_t i = 0; i < 20; i++) {
        struct positions_key key = key_of(1, i);
        struct weir_stream_state state;
        ck_assert(positions_get(positions, &key, &state));
        ck_assert_uint_ge(state.position, synced);
        ck_assert_uint_eq(state.check, state.position * 7);
        position = state.position > position ? state.position : position;
    }
    positions_close(positions);
}
END_TEST

START_TEST(sec_05_nobody_else_can_read_it)
{
    struct stat st;
    positions_close(open_store());
    ck_assert_int_eq(stat(dir, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_int_eq(st.st_size, 64 * 1024);
}
END_TEST

START_TEST(ckp_03_spl_21_something_else_in_its_place_is_refused)
{
    static const struct {
        const char *what, *command;
    } cases[] = {
        { "symbolic link", "ln -s /etc/passwd" },
        { "directory", "mkdir" },
        { "not a regular file", "mkfifo" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char command[256];
        struct stat before, after;
        positions_close(open_store());
        ck_assert_int_eq(unlink(path), 0);
        snprintf(command, sizeof(command), "%s %s", cases[i].command, path);
        ck_assert_int_eq(system(command), 0);
        ck_assert_int_eq(lstat(path, &before), 0);
        for (int read_only = 0; read_only < 2; read_only++) {
            struct positions_options options = { .data_dir = dir, .read_only = read_only };
            struct positions *positions = NULL;
            ck_assert_int_lt(positions_open(&options, &positions, &err), 0);
            ck_assert_ptr_null(positions);
            ck_assert_msg(strstr(err.text, cases[i].what) != NULL, "%s", err.text);
            ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
        }
        ck_assert_int_eq(lstat(path, &after), 0);
        ck_assert_uint_eq(before.st_ino, after.st_ino);
        ck_assert_int_eq(remove(path), 0);
    }
}
END_TEST

START_TEST(a_data_directory_that_cannot_be_is_explained)
{
    struct positions_options options = { .data_dir = path };
    struct positions *positions = NULL;
    ck_assert_int_eq(positions_open(&options, &positions, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    int fd = open(dir, O_CREAT | O_WRONLY, 0600);
    close(fd);
    options.data_dir = dir;
    ck_assert_int_eq(positions_open(&options, &positions, &err), -ENOTDIR);
    ck_assert_ptr_nonnull(strstr(err.text, "not a directory"));
}
END_TEST

START_TEST(reading_only_makes_and_locks_nothing)
{
    struct positions_options options = { .data_dir = dir, .read_only = true };
    struct positions *positions = NULL;
    ck_assert_int_eq(positions_open(&options, &positions, &err), -ENOENT);
    ck_assert_int_eq(access(dir, F_OK), -1);
    ck_assert_int_eq(mkdir(dir, 0700), 0);
    ck_assert_int_eq(positions_open(&options, &positions, &err), 0);
    ck_assert(!has(positions, 1, 1, 1));
    positions_close(positions);
    ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

#define MANY 100000

START_TEST(ckp_06_cost_follows_what_changed)
{
    struct metrics *metrics = metrics_new();
    struct positions *positions = open_with((struct positions_options){ .metrics = metrics });
    struct metric *blocks = metrics_series(metrics, "weir_positions_written_blocks_total", "",
                                           METRIC_COUNTER, 1, NULL, 0);
    for (uint32_t i = 0; i < MANY; i++)
        put(positions, 1, i, i);
    ck_assert_int_eq(positions_sync(positions), 0);
    int64_t before = metric_get(blocks);
    put(positions, 1, MANY / 2, 5);
    ck_assert_int_eq(positions_sync(positions), 0);
    ck_assert_int_eq(metric_get(blocks) - before, 1);
    positions_close(positions);
    positions = open_store();
    for (uint32_t i = 0; i < MANY; i++)
        ck_assert(has(positions, 1, i, i == MANY / 2 ? 5 : i));
    positions_close(positions);
    metrics_free(metrics);
}
END_TEST

#define THREADS 4
#define ROUNDS 5000

struct putter {
    struct positions *positions;
    uint64_t owner;
};

static void *put_along(void *arg)
{
    const struct putter *putter = arg;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        put(putter->positions, putter->owner, round % 100, round);
        if (round % 1000 == 0)
            ck_assert_int_eq(positions_sync(putter->positions), 0);
        if (round % 100 == 50) {
            struct positions_key key = key_of(putter->owner, round % 100);
            positions_remove(putter->positions, &key);
        }
    }
    return NULL;
}

START_TEST(threads_put_at_the_same_time)
{
    struct positions *positions = open_store();
    pthread_t threads[THREADS];
    struct putter putters[THREADS];
    for (int i = 0; i < THREADS; i++) {
        putters[i] = (struct putter){ positions, (uint64_t)i + 1 };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, put_along, &putters[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    positions_close(positions);
    positions = open_store();
    for (uint64_t owner = 1; owner <= THREADS; owner++)
        for (uint32_t i = 0; i < 100; i++)
            ck_assert_int_eq(has(positions, owner, i, ROUNDS - 100 + i), i != 50);
    positions_close(positions);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("positions");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_was_put_is_there_after_a_restart);
    tcase_add_test(tc, an_input_finds_its_streams_again);
    tcase_add_test(tc, a_change_is_in_the_file_after_some_milliseconds);
    tcase_add_test(tc, sync_returns_with_everything_in_the_file);
    tcase_add_test(tc, spl_19_a_second_agent_is_refused_and_told_by_whom);
    tcase_add_test(tc, ckp_01_a_killed_agent_leaves_old_or_new);
    tcase_add_test(tc, sec_05_nobody_else_can_read_it);
    tcase_add_test(tc, ckp_03_spl_21_something_else_in_its_place_is_refused);
    tcase_add_test(tc, a_data_directory_that_cannot_be_is_explained);
    tcase_add_test(tc, reading_only_makes_and_locks_nothing);
    tcase_add_test(tc, ckp_06_cost_follows_what_changed);
    tcase_add_test(tc, threads_put_at_the_same_time);
    Suite *suite = suite_create("buffer/positions");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
