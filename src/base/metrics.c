/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of metrics: made at start, counted into from everywhere, read by whoever asks.
 *
 *     metrics ──▶ families, sorted by name ──▶ series, in the order of their making
 *                 { name, help, type, scale }    { one atomic | histogram, labels }
 *
 * The two sides of it have nothing in common but the address of a number. Making and walking take the
 * registry's lock: they happen at start and once a scrape. Counting is one relaxed atomic addition and
 * takes no lock: the numbers are independent of each other, and a reader that needs several to agree
 * (the ledger) takes its snapshot elsewhere. A series never moves and stays for the registry's life, so
 * its owner keeps the pointer. Each begins a cache line of its own, because two threads counting into
 * one line would pay more for that than for the work they count.
 *
 * A histogram's sum is kept as a double in seconds and not as an integer of nanoseconds: a batch of ten
 * thousand records a minute late adds 6e14 ns at once, and 64 bits would be full within the hour.
 *
 * Rejected: per-thread shards summed at a scrape (counting happens once a batch, not once a record, so
 * contention does not show); removing series (a reader would need a lock or an epoch for each number,
 * and what is configured is bounded anyway). */
#include "base/metrics.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

/* Upper bounds in nanoseconds; one more bucket, without a bound, follows. From a millisecond (a line
 * that finds the agent idle) to five minutes (a sink that was away). */
static const int64_t bucket_bounds[] = {
    1000000,    5000000,    10000000,    50000000,    100000000,   500000000,    1000000000,
    2500000000, 5000000000, 10000000000, 30000000000, 60000000000, 300000000000,
};
#define BOUND_COUNT (sizeof(bucket_bounds) / sizeof(bucket_bounds[0]))

struct histogram {
    _Atomic uint64_t buckets[BOUND_COUNT + 1]; /* observations of each alone, not cumulative */
    _Atomic double sum;                        /* seconds */
};

struct series {
    union { /* first, at the start of a cache line: what its owner has a pointer to */
        struct metric metric;
        struct histogram histogram;
    };
    struct series *next;
    size_t label_count;
    struct metric_label labels[METRIC_LABELS_MAX];
    char text[]; /* what the labels point to */
};

struct family {
    char *name, *help;
    enum metric_type type;
    double scale;
    struct series *first, **last;
};

struct metrics {
    pthread_mutex_t lock;
    struct family **families;
    size_t family_count, family_room, series_count;
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));
    if (metrics)
        pthread_mutex_init(&metrics->lock, NULL);
    return metrics;
}

static void family_free(struct family *family)
{
    for (struct series *series = family->first, *next; series; series = next) {
        next = series->next;
        free(series);
    }
    free(family->name);
    free(family->help);
    free(family);
}

struct metrics *metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return NULL;
    for (size_t i = 0; i < metrics->family_count; i++)
        family_free(metrics->families[i]);
    free(metrics->families);
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
    return NULL;
}

static bool name_is_valid(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return len > 0 && name[len] == '\0' && !(name[0] >= '0' && name[0] <= '9');
}

static bool names_are_valid(const char *name, const struct metric_label *labels, size_t label_count)
{
    bool valid = name_is_valid(name);
    for (size_t i = 0; i < label_count; i++)
        valid = valid && name_is_valid(labels[i].name);
    return valid;
}

static struct family *family_new(const char *name, const char *help, enum metric_type type,
                                 double scale)
{
    struct family *family = calloc(1, sizeof(*family));
    if (!family)
        return NULL;
    family->name = strdup(name);
    family->help = strdup(help);
    family->type = type;
    family->scale = scale;
    family->last = &family->first;
    if (family->name && family->help)
        return family;
    family_free(family);
    return NULL;
}

/* Where the family called `name` is, or belongs. */
static size_t family_index(const struct metrics *metrics, const char *name)
{
    size_t low = 0, high = metrics->family_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(metrics->families[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct family *family_get(struct metrics *metrics, const char *name, const char *help,
                                 enum metric_type type, double scale)
{
    size_t at = family_index(metrics, name);
    if (at < metrics->family_count && strcmp(metrics->families[at]->name, name) == 0)
        return metrics->families[at]->type == type ? metrics->families[at] : NULL;

    if (metrics->family_count == metrics->family_room) {
        size_t room = metrics->family_room ? 2 * metrics->family_room : 64;
        struct family **grown = realloc(metrics->families, room * sizeof(struct family *));
        if (!grown)
            return NULL;
        metrics->families = grown;
        metrics->family_room = room;
    }
    struct family *family = family_new(name, help, type, scale);
    if (!family)
        return NULL;
    memmove(metrics->families + at + 1, metrics->families + at,
            (metrics->family_count - at) * sizeof(struct family *));
    metrics->families[at] = family;
    metrics->family_count++;
    return family;
}

static bool series_has(const struct series *series, const struct metric_label *labels,
                       size_t label_count)
{
    if (series->label_count != label_count)
        return false;
    for (size_t i = 0; i < label_count; i++)
        if (strcmp(series->labels[i].name, labels[i].name) != 0 ||
            strcmp(series->labels[i].value, labels[i].value) != 0)
            return false;
    return true;
}

static struct series *series_new(const struct metric_label *labels, size_t label_count)
{
    size_t text_bytes = 0;
    for (size_t i = 0; i < label_count; i++)
        text_bytes += strlen(labels[i].name) + 1 + strlen(labels[i].value) + 1;
    size_t bytes = sizeof(struct series) + text_bytes;
    bytes = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct series *series = aligned_alloc(CACHE_LINE, bytes);
    if (!series)
        return NULL;
    memset(series, 0, bytes);
    series->label_count = label_count;
    char *text = series->text;
    for (size_t i = 0; i < label_count; i++) {
        series->labels[i].name = text;
        text = stpcpy(text, labels[i].name) + 1;
        series->labels[i].value = text;
        text = stpcpy(text, labels[i].value) + 1;
    }
    return series;
}

static struct series *series_get(struct metrics *metrics, struct family *family,
                                 const struct metric_label *labels, size_t label_count)
{
    for (struct series *series = family->first; series; series = series->next)
        if (series_has(series, labels, label_count))
            return series;
    if (metrics->series_count == METRIC_SERIES_MAX)
        return NULL;
    struct series *series = series_new(labels, label_count);
    if (!series)
        return NULL;
    *family->last = series;
    family->last = &series->next;
    metrics->series_count++;
    return series;
}

static struct series *series_find_or_make(struct metrics *metrics, const char *name,
                                          const char *help, enum metric_type type, double scale,
                                          const struct metric_label *labels, size_t label_count)
{
    assert(label_count <= METRIC_LABELS_MAX && scale > 0);
    if (!names_are_valid(name, labels, label_count))
        return NULL;
    pthread_mutex_lock(&metrics->lock);
    struct family *family = family_get(metrics, name, help, type, scale);
    struct series *series = family ? series_get(metrics, family, labels, label_count) : NULL;
    pthread_mutex_unlock(&metrics->lock);
    return series;
}

struct metric *metrics_series(struct metrics *metrics, const char *name, const char *help,
                              enum metric_type type, double scale,
                              const struct metric_label *labels, size_t label_count)
{
    assert(type != METRIC_HISTOGRAM);
    struct series *series =
        series_find_or_make(metrics, name, help, type, scale, labels, label_count);
    return series ? &series->metric : NULL;
}

struct histogram *metrics_histogram(struct metrics *metrics, const char *name, const char *help,
                                    const struct metric_label *labels, size_t label_count)
{
    struct series *series =
        series_find_or_make(metrics, name, help, METRIC_HISTOGRAM, 1, labels, label_count);
    return series ? &series->histogram : NULL;
}

void histogram_observe(struct histogram *histogram, int64_t ns, uint64_t count)
{
    if (!histogram || count == 0)
        return;
    if (ns < 0)
        ns = 0;
    size_t index = 0;
    while (index < BOUND_COUNT && ns > bucket_bounds[index])
        index++;
    atomic_fetch_add_explicit(&histogram->buckets[index], count, memory_order_relaxed);

    double seconds = (double)ns / 1e9 * (double)count;
    double sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&histogram->sum, &sum, sum + seconds,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

bool histogram_bucket(const struct histogram *histogram, size_t index, double *ret_bound,
                      uint64_t *ret_count)
{
    if (index > BOUND_COUNT)
        return false;
    uint64_t count = 0;
    for (size_t i = 0; i <= index; i++)
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
    *ret_bound = index < BOUND_COUNT ? (double)bucket_bounds[index] / 1e9 : INFINITY;
    *ret_count = count;
    return true;
}

double histogram_sum(const struct histogram *histogram)
{
    return atomic_load_explicit(&histogram->sum, memory_order_relaxed);
}

void metrics_walk(struct metrics *metrics, metrics_walk_f *walk, void *arg)
{
    pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < metrics->family_count; i++) {
        const struct family *family = metrics->families[i];
        struct metrics_row row = {
            .name = family->name, .help = family->help, .type = family->type, .scale = family->scale
        };
        for (const struct series *series = family->first; series; series = series->next) {
            row.labels = series->labels;
            row.label_count = series->label_count;
            if (family->type == METRIC_HISTOGRAM)
                row.histogram = &series->histogram;
            else
                row.metric = &series->metric;
            walk(arg, &row);
        }
    }
    pthread_mutex_unlock(&metrics->lock);
}
