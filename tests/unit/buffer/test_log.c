/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "buffer/log.h"
#include "support/check_main.h"

static void count_wake(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
}

static struct batch *batch_new(uint32_t count, uint64_t routed)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    batch->pub.count = count;
    batch->routed = routed;
    return batch;
}

START_TEST(test_each_reader_sees_its_batches_in_order)
{
    atomic_int wakes[2] = { 0, 0 };
    struct log *log = log_new();
    log_reader(log, 0, count_wake, &wakes[0]);
    log_reader(log, 1, count_wake, &wakes[1]);
    struct batch *batches[] = { batch_new(1, 1), batch_new(2, 3), batch_new(3, 2),
                                batch_new(4, 3) };
    for (unsigned i = 0; i < 4; i++)
        log_append(log, batches[i]);
    ck_assert_int_eq(wakes[0], 1); /* once, until it has found nothing */
    ck_assert_int_eq(wakes[1], 1);

    struct log_backlog backlog;
    log_backlog(log, 0, &backlog);
    ck_assert_uint_eq(backlog.records, 1 + 2 + 4);

    ck_assert_ptr_eq(log_read(log, 0), batches[0]);
    ck_assert_ptr_eq(log_read(log, 0), batches[1]);
    ck_assert_ptr_eq(log_read(log, 0), batches[3]);
    ck_assert_ptr_null(log_read(log, 0));
    ck_assert_ptr_eq(log_read(log, 1), batches[1]);

    ck_assert(log_settled(log, 0, batches[0]));
    ck_assert(!log_settled(log, 0, batches[1]));
    ck_assert(log_settled(log, 1, batches[1]));
    free(batches[0]);
    free(batches[1]);
    /* Reader 1's cursor stands on a batch that has not left. */
    ck_assert_ptr_eq(log_read(log, 1), batches[2]);
    ck_assert_ptr_eq(log_read(log, 1), batches[3]);
    ck_assert(!log_settled(log, 1, batches[3]));
    ck_assert(log_settled(log, 0, batches[3])); /* out of order: 2 is still there */
    free(batches[3]);
    ck_assert(log_settled(log, 1, batches[2]));
    free(batches[2]);
    log_backlog(log, 1, &backlog);
    ck_assert_uint_eq(backlog.records, 0);
    log_free(log);
}
END_TEST

START_TEST(test_a_batch_that_leaves_moves_the_cursors_on_it)
{
    atomic_int wakes = 0;
    struct log *log = log_new();
    log_reader(log, 0, count_wake, &wakes);
    log_reader(log, 1, count_wake, &wakes);
    struct batch *first = batch_new(1, 1), *second = batch_new(1, 2);
    log_append(log, first);
    log_append(log, second);
    ck_assert_ptr_eq(log_read(log, 0), first);
    ck_assert(log_settled(log, 0, first)); /* reader 1 stands on it, and takes nothing of it */
    free(first);
    ck_assert_ptr_eq(log_read(log, 1), second);
    ck_assert_ptr_null(log_read(log, 0));
    ck_assert(log_settled(log, 1, second));
    free(second);
    log_free(log);
}
END_TEST

START_TEST(test_rejections_of_several_readers_add_up)
{
    atomic_int wakes = 0;
    struct log *log = log_new();
    log_reader(log, 0, count_wake, &wakes);
    log_reader(log, 1, count_wake, &wakes);
    struct batch *batch = batch_new(70, 3);
    log_append(log, batch);
    const uint64_t one[] = { 5, 0 }, other[] = { 4, 1 };
    log_reject(log, batch, one);
    log_reject(log, batch, other);
    log_park(log, batch, other);
    ck_assert_uint_eq(bitmap_count(batch->rejected, 70), 3);
    ck_assert_uint_eq(bitmap_count(batch->parked, 70), 2);
    ck_assert(!log_settled(log, 0, batch));
    ck_assert(log_settled(log, 1, batch));
    batch_unmark(batch);
    free(batch);
    log_free(log);
}
END_TEST

/* Two readers and an appender at once: each sees every batch once and in order, and is never left
 * asleep while there is something to read. */
enum { RACE_BATCHES = 20000 };

struct race_reader {
    struct log *log;
    unsigned index;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken;
};

static void race_wake(void *arg)
{
    struct race_reader *reader = arg;
    pthread_mutex_lock(&reader->lock);
    reader->woken = true;
    pthread_cond_signal(&reader->wake);
    pthread_mutex_unlock(&reader->lock);
}

static void *race_read(void *arg)
{
    struct race_reader *reader = arg;
    for (uint64_t seen = 0; seen < RACE_BATCHES;) {
        struct batch *batch = log_read(reader->log, reader->index);
        if (!batch) {
            pthread_mutex_lock(&reader->lock);
            while (!reader->woken)
                pthread_cond_wait(&reader->wake, &reader->lock);
            reader->woken = false;
            pthread_mutex_unlock(&reader->lock);
            continue;
        }
        ck_assert_uint_eq(batch->sequence, seen++);
        if (log_settled(reader->log, reader->index, batch))
            free(batch);
    }
    return NULL;
}

START_TEST(test_readers_and_appender_race)
{
    struct log *log = log_new();
    struct race_reader readers[2];
    pthread_t threads[2];
    for (unsigned i = 0; i < 2; i++) {
        readers[i] = (struct race_reader){ .log = log, .index = i };
        pthread_mutex_init(&readers[i].lock, NULL);
        pthread_cond_init(&readers[i].wake, NULL);
        log_reader(log, i, race_wake, &readers[i]);
    }
    for (unsigned i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, race_read, &readers[i]);
    for (unsigned i = 0; i < RACE_BATCHES; i++)
        log_append(log, batch_new(1, 3));
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    log_free(log);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = tcase_create("log");
    tcase_add_test(tcase, test_each_reader_sees_its_batches_in_order);
    tcase_add_test(tcase, test_a_batch_that_leaves_moves_the_cursors_on_it);
    tcase_add_test(tcase, test_rejections_of_several_readers_add_up);
    tcase_add_test(tcase, test_readers_and_appender_race);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
