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

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* An integer, printed divided by the family's scale: seconds are kept in nanoseconds. */
struct metric {
    _Atomic int64_t value;
};

struct metric_label {
    const char *name;
    const char *value; /* copied; escaped when printed */
};

#define METRIC_LABELS_MAX 4
/* What one registry takes: a label that turns out to have no bound cannot eat the agent's memory. */
#define METRIC_SERIES_MAX 16384

struct metrics *metrics_new(void); /* NULL when memory is short */
/* NULL is fine; returns NULL. No series may be used any more. */
struct metrics *metrics_free(struct metrics *metrics);

/* The series of that name and labels (in that order); made at first sight, then always the same one.
 * Names must match [a-zA-Z_][a-zA-Z0-9_]*, which shared-object plugins are not trusted to know. `help`
 * (copied), `type` and `scale` are those of the first call. `scale`: 1, or 1e9 for a value kept in
 * nanoseconds and shown in seconds. `type` is not METRIC_HISTOGRAM.
 * NULL when memory is short, METRIC_SERIES_MAX is reached, a name is not one, or the name stands for
 * another type already: the functions below do nothing then, and the agent goes on. @thread any. */
struct metric *metrics_series(struct metrics *metrics, const char *name, const char *help,
                              enum metric_type type, double scale,
                              const struct metric_label *labels, size_t label_count);

/* A histogram over durations with the fixed buckets of metrics.c (seconds). NULL as above. */
struct histogram;
struct histogram *metrics_histogram(struct metrics *metrics, const char *name, const char *help,
                                    const struct metric_label *labels, size_t label_count);
/* `count` observations of `ns` each; a negative one (a clock was set back) counts as 0. NULL is fine.
 * @thread any. */
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
 * making. For a histogram series `histogram` is set and `metric` NULL. What the row points to lives as
 * long as the registry, so that values may be read after the walk. `walk` must not call back into the
 * registry. @thread any. */
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
 * count; false after the last. Read in order they never go down, whatever is added meanwhile, so the
 * last one read is the total of that reading. @thread any. */
bool histogram_bucket(const struct histogram *histogram, size_t index, double *ret_bound,
                      uint64_t *ret_count);
double histogram_sum(const struct histogram *histogram); /* seconds; @thread any */

#endif
