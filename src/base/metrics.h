/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_METRICS_H
#define WEIR_BASE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>
#include <weir/str.h>

/* The numbers that the agent keeps about itself. A registry holds families (name, help, type), each
 * with series (labels); a series is one atomic that its owner adds to, relaxed, from any thread.
 * admin/prometheus.c prints them all. Series are made when an instance is, so that zero values show
 * from the start, and live as long as the registry. */
struct metrics;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

/* An integer, printed divided by the family's scale: seconds are kept in nanoseconds. */
struct metric {
    _Atomic int64_t value;
};

struct metric_label {
    const char *name;
    const char *value; /* copied; escaped when printed */
};

#define METRIC_LABELS_MAX 4

struct metrics *metrics_new(void);
struct metrics *metrics_free(struct metrics *metrics);

/* The series of that name and labels; made at first sight, then always the same one. `help` and `type`
 * are those of the first call. `scale`: 1, or 1e9 for a value kept in nanoseconds and shown in seconds.
 * Dies of no memory with NULL. @thread any. */
struct metric *metrics_series(struct metrics *metrics, const char *name, const char *help,
                              enum metric_type type, double scale,
                              const struct metric_label *labels, size_t label_count);

/* A histogram over durations with the fixed buckets of metrics.c (seconds). */
struct histogram;
struct histogram *metrics_histogram(struct metrics *metrics, const char *name, const char *help,
                                    const struct metric_label *labels, size_t label_count);
/* `count` observations of `ns` each. @thread any. */
void histogram_observe(struct histogram *histogram, int64_t ns, uint64_t count);

static inline void metric_add(struct metric *metric, int64_t n)
{
    if (metric)
        atomic_fetch_add_explicit(&metric->value, n, memory_order_relaxed);
}

static inline void metric_set(struct metric *metric, int64_t n)
{
    if (metric)
        atomic_store_explicit(&metric->value, n, memory_order_relaxed);
}

static inline int64_t metric_get(const struct metric *metric)
{
    return metric ? atomic_load_explicit(&metric->value, memory_order_relaxed) : 0;
}

/* Walks everything, for printing: families in the order of their names, series in the order of their
 * making. For a histogram series `histogram` is set and `metric` NULL. @thread any. */
struct metrics_row {
    const char *name, *help;
    enum metric_type type;
    double scale;
    const struct metric_label *labels;
    size_t label_count;
    const struct metric *metric;
    const struct histogram *histogram;
};
typedef void metrics_walk_f(void *arg, const struct metrics_row *row);
void metrics_walk(struct metrics *metrics, metrics_walk_f *walk, void *arg);

/* Bucket `index` of a histogram: its upper bound in seconds (INFINITY for the last) and its cumulative
 * count; false after the last. */
bool histogram_bucket(const struct histogram *histogram, size_t index, double *ret_bound,
                      uint64_t *ret_count);
double histogram_sum(const struct histogram *histogram);

#endif
