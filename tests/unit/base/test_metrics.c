/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct metrics *metrics;

static void setup(void)
{
    metrics = metrics_new();
    ck_assert_ptr_nonnull(metrics);
}

static void teardown(void)
{
    metrics = metrics_free(metrics);
}

static struct metric *counter(const char *name, const struct metric_label *labels, size_t count)
{
    return metrics_series(metrics, name, "Help.", METRIC_COUNTER, 1, labels, count);
}

START_TEST(one_series_for_one_name_and_labels)
{
    char value[] = "app"; /* copied: what the caller does with it later must not show */
    struct metric_label app[] = { { "pipeline", value }, { "plugin", "tail" } };
    struct metric *first = counter("weir_a_total", app, 2);
    ck_assert_ptr_nonnull(first);
    ck_assert_int_eq(metric_get(first), 0);
    value[0] = 'x';
    static const struct metric_label same[] = { { "pipeline", "app" }, { "plugin", "tail" } };
    static const struct metric_label others[][2] = {
        { { "pipeline", "app" }, { "plugin", "tail.2" } },
        { { "plugin", "app" }, { "pipeline", "tail" } },
        { { "pipeline", "" }, { "plugin", "" } },
    };
    ck_assert_ptr_eq(counter("weir_a_total", same, 2), first);
    ck_assert_ptr_ne(counter("weir_a_total", same, 1), first);
    ck_assert_ptr_ne(counter("weir_b_total", same, 2), first);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        ck_assert_ptr_ne(counter("weir_a_total", others[i], 2), first);

    metric_add(first, 5);
    metric_add(first, 2);
    ck_assert_int_eq(metric_get(first), 7);
    metric_set(first, -1);
    ck_assert_int_eq(metric_get(counter("weir_a_total", same, 2)), -1);
}
END_TEST

START_TEST(a_name_that_would_break_the_text_is_refused)
{
    static const char *const bad[] = { "",    "1st", "a b", "a{b=\"c\"}",
                                       "a\n", "a-b", "a:b", "\xc3\xa4" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct metric_label label = { bad[i], "v" };
        ck_assert_ptr_null(counter(bad[i], NULL, 0));
        ck_assert_ptr_null(counter("good", &label, 1));
        ck_assert_ptr_null(metrics_histogram(metrics, bad[i], "Help.", NULL, 0));
    }
    metric_add(NULL, 1);
    metric_set(NULL, 1);
    histogram_observe(NULL, 1, 1);
    ck_assert_int_eq(metric_get(NULL), 0);
}
END_TEST

START_TEST(a_name_keeps_its_type)
{
    ck_assert_ptr_nonnull(counter("weir_c_total", NULL, 0));
    ck_assert_ptr_null(metrics_series(metrics, "weir_c_total", "", METRIC_GAUGE, 1, NULL, 0));
    ck_assert_ptr_null(metrics_histogram(metrics, "weir_c_total", "", NULL, 0));
}
END_TEST

START_TEST(sec_13_series_have_a_bound)
{
    char value[16];
    struct metric_label label = { "n", value };
    for (int i = 0; i < METRIC_SERIES_MAX; i++) {
        char name[32];
        snprintf(name, sizeof(name), "m%d", i / 64); /* many families, so that making stays quick */
        snprintf(value, sizeof(value), "%d", i);
        ck_assert_ptr_nonnull(counter(name, &label, 1));
    }
    ck_assert_ptr_null(counter("one_more", NULL, 0));
    ck_assert_ptr_nonnull(counter("m0", &(struct metric_label){ "n", "0" }, 1)); /* is there */
}
END_TEST

struct seen {
    char text[256];
};

static void see(void *arg, const struct metrics_row *row)
{
    struct seen *seen = arg;
    size_t len = strlen(seen->text);
    snprintf(seen->text + len, sizeof(seen->text) - len, "%s%s%s/%d ", row->name,
             row->label_count ? "=" : "", row->label_count ? row->labels[0].value : "",
             row->histogram ? -1 : (int)metric_get(row->metric));
    ck_assert_int_eq(row->histogram != NULL, row->type == METRIC_HISTOGRAM);
    ck_assert_int_ne(row->histogram != NULL, row->metric != NULL);
}

START_TEST(walks_in_order)
{
    counter("b", &(struct metric_label){ "l", "z" }, 1);
    metrics_histogram(metrics, "c", "", NULL, 0);
    counter("a", NULL, 0);
    counter("d", NULL, 0);
    metric_add(counter("b", &(struct metric_label){ "l", "y" }, 1), 3);
    struct seen seen = { "" };
    metrics_walk(metrics, see, &seen);
    ck_assert_str_eq(seen.text, "a/0 b=z/0 b=y/3 c/-1 d/0 ");
}
END_TEST

static uint64_t bucket_of(struct histogram *histogram, double bound)
{
    double got;
    uint64_t count;
    for (size_t i = 0; histogram_bucket(histogram, i, &got, &count); i++)
        if (got == bound)
            return count;
    ck_abort_msg("no bucket %f", bound);
}

START_TEST(histogram_buckets_are_cumulative_and_include_their_bound)
{
    struct histogram *histogram = metrics_histogram(metrics, "h", "", NULL, 0);
    ck_assert_ptr_nonnull(histogram);
    ck_assert_uint_eq(bucket_of(histogram, INFINITY), 0);
    histogram_observe(histogram, -5, 1);         /* counts as 0 */
    histogram_observe(histogram, 1000000, 2);    /* exactly 1 ms */
    histogram_observe(histogram, 1000001, 4);    /* the next */
    histogram_observe(histogram, 2500000000, 8); /* exactly 2.5 s */
    histogram_observe(histogram, INT64_C(301000000000), 16);
    histogram_observe(histogram, 7, 0);
    ck_assert_uint_eq(bucket_of(histogram, 0.001), 3);
    ck_assert_uint_eq(bucket_of(histogram, 0.005), 7);
    ck_assert_uint_eq(bucket_of(histogram, 1), 7);
    ck_assert_uint_eq(bucket_of(histogram, 2.5), 15);
    ck_assert_uint_eq(bucket_of(histogram, 300), 15);
    ck_assert_uint_eq(bucket_of(histogram, INFINITY), 31);
    double want = 2 * 0.001 + 4 * 0.001000001 + 8 * 2.5 + 16 * 301;
    ck_assert_double_eq_tol(histogram_sum(histogram), want, 1e-9);
    double bound;
    uint64_t count;
    ck_assert(!histogram_bucket(histogram, 14, &bound, &count));
}
END_TEST

START_TEST(a_late_backlog_does_not_overflow_the_sum)
{
    struct histogram *histogram = metrics_histogram(metrics, "h", "", NULL, 0);
    for (int i = 0; i < 100; i++)
        histogram_observe(histogram, INT64_C(600000000000), 1000000000);
    ck_assert_double_eq_tol(histogram_sum(histogram), 6e13, 1);
}
END_TEST

#define THREADS 4
#define ROUNDS 20000

static void *count_along(void *arg)
{
    (void)arg;
    struct metric *shared = counter("race_total", NULL, 0);
    struct histogram *histogram = metrics_histogram(metrics, "race_seconds", "", NULL, 0);
    for (int i = 0; i < ROUNDS; i++) {
        char value[8];
        snprintf(value, sizeof(value), "%d", i % 50);
        metric_add(shared, 1);
        histogram_observe(histogram, 1000000000, 1);
        if (i % 100 == 0)
            metric_add(counter("made_total", &(struct metric_label){ "n", value }, 1), 1);
    }
    return NULL;
}

static void check_rising(void *arg, const struct metrics_row *row)
{
    uint64_t before = 0, count;
    double bound;
    (void)arg;
    for (size_t i = 0; row->histogram && histogram_bucket(row->histogram, i, &bound, &count); i++) {
        ck_assert_uint_ge(count, before);
        before = count;
    }
}

START_TEST(nothing_is_lost_between_threads)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_along, NULL), 0);
    for (int i = 0; i < 50; i++)
        metrics_walk(metrics, check_rising, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    struct histogram *histogram = metrics_histogram(metrics, "race_seconds", "", NULL, 0);
    ck_assert_int_eq(metric_get(counter("race_total", NULL, 0)), THREADS * ROUNDS);
    ck_assert_uint_eq(bucket_of(histogram, INFINITY), THREADS * ROUNDS);
    ck_assert_double_eq_tol(histogram_sum(histogram), THREADS * ROUNDS, 1e-6);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("metrics");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, one_series_for_one_name_and_labels);
    tcase_add_test(tc, a_name_that_would_break_the_text_is_refused);
    tcase_add_test(tc, a_name_keeps_its_type);
    tcase_add_test(tc, sec_13_series_have_a_bound);
    tcase_add_test(tc, walks_in_order);
    tcase_add_test(tc, histogram_buckets_are_cumulative_and_include_their_bound);
    tcase_add_test(tc, a_late_backlog_does_not_overflow_the_sum);
    tcase_add_test(tc, nothing_is_lost_between_threads);
    Suite *suite = suite_create("base/metrics");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
