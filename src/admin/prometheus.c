/* SPDX-License-Identifier: Apache-2.0 */
/* The registry as text that Prometheus, and all that speak like it, read.
 *
 *     # HELP weir_input_records_total Records that inputs took in.
 *     # TYPE weir_input_records_total counter
 *     weir_input_records_total{pipeline="app",plugin="tail"} 4711
 *
 * The registry is walked in the order of names, so the series of a family come together, as the formats
 * demand. The two formats differ in three things that show here: OpenMetrics names a counter's family
 * without _total, escapes quotes in HELP, and ends with # EOF. A bucket's bound is printed the way
 * OpenMetrics wants it ("1.0") in both, so that a scraper which changes format sees one series and not
 * two.
 *
 * Values kept in nanoseconds are printed with 15 digits, which a double holds: a counter of seconds
 * then loses nanoseconds only after a million seconds, and never goes back.
 *
 * Label values are text of the configuration, which its reader has found to be UTF-8, or constants. */
#include "admin/prometheus.h"

#include <inttypes.h>
#include <math.h>
#include <strings.h>

#define TOTAL "_total"

enum prometheus_format prometheus_negotiate(struct weir_str accept)
{
    static const char name[] = "application/openmetrics-text";
    size_t len = sizeof(name) - 1;
    for (size_t i = 0; i + len <= accept.len; i++)
        if (strncasecmp(accept.ptr + i, name, len) == 0)
            return OPENMETRICS;
    return PROMETHEUS_TEXT;
}

const char *prometheus_content_type(enum prometheus_format format)
{
    return format == OPENMETRICS ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                 : "text/plain; version=0.0.4; charset=utf-8";
}

static void print_escaped(const char *text, bool quote, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\\' || (quote && *text == '"'))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

/* True, and *ret_len that of the name without it, when `name` ends in _total. */
static bool cut_total(const char *name, size_t *ret_len)
{
    size_t len = strlen(name), suffix = sizeof(TOTAL) - 1;
    *ret_len = len;
    if (len <= suffix || strcmp(name + len - suffix, TOTAL) != 0)
        return false;
    *ret_len = len - suffix;
    return true;
}

static const char *type_name(const struct metrics_row *row, enum prometheus_format format)
{
    size_t len;
    switch (row->type) {
    case METRIC_HISTOGRAM: return "histogram";
    case METRIC_GAUGE: return "gauge";
    case METRIC_COUNTER: break;
    }
    /* OpenMetrics knows no counter of another name; a plugin may bring one. */
    if (format == OPENMETRICS && !cut_total(row->name, &len))
        return "unknown";
    return "counter";
}

static void print_head(const struct metrics_row *row, enum prometheus_format format, FILE *out)
{
    size_t len = strlen(row->name);
    if (format == OPENMETRICS && row->type == METRIC_COUNTER)
        cut_total(row->name, &len);
    fprintf(out, "# HELP %.*s ", (int)len, row->name);
    print_escaped(row->help, format == OPENMETRICS, out);
    fprintf(out, "\n# TYPE %.*s %s\n", (int)len, row->name, type_name(row, format));
}

/* `{a="b",le="1.0"}`, or nothing; `le` is a histogram's bucket, or NULL. */
static void print_labels(const struct metrics_row *row, const char *le, FILE *out)
{
    char before = '{';
    for (size_t i = 0; i < row->label_count; i++) {
        fprintf(out, "%c%s=\"", before, row->labels[i].name);
        print_escaped(row->labels[i].value, true, out);
        fputc('"', out);
        before = ',';
    }
    if (le)
        fprintf(out, "%cle=\"%s\"", before, le);
    if (le || row->label_count)
        fputc('}', out);
}

static void print_histogram(const struct metrics_row *row, FILE *out)
{
    double bound;
    uint64_t count = 0;
    for (size_t i = 0; histogram_bucket(row->histogram, i, &bound, &count); i++) {
        char le[32];
        if (isinf(bound))
            snprintf(le, sizeof(le), "+Inf");
        else
            snprintf(le, sizeof(le), bound == floor(bound) ? "%.1f" : "%g", bound);
        fprintf(out, "%s_bucket", row->name);
        print_labels(row, le, out);
        fprintf(out, " %" PRIu64 "\n", count);
    }
    fprintf(out, "%s_sum", row->name);
    print_labels(row, NULL, out);
    fprintf(out, " %.15g\n", histogram_sum(row->histogram));
    fprintf(out, "%s_count", row->name); /* the last bucket's, so that the two always agree */
    print_labels(row, NULL, out);
    fprintf(out, " %" PRIu64 "\n", count);
}

static void print_value(const struct metrics_row *row, FILE *out)
{
    int64_t value = metric_get(row->metric);
    fputs(row->name, out);
    print_labels(row, NULL, out);
    if (row->scale == 1.0)
        fprintf(out, " %" PRId64 "\n", value);
    else
        fprintf(out, " %.15g\n", (double)value / row->scale);
}

struct printing {
    enum prometheus_format format;
    FILE *out;
    const char *family; /* whose head was printed last */
};

static void print_row(void *arg, const struct metrics_row *row)
{
    struct printing *printing = arg;
    if (printing->family != row->name) { /* a family has one name, in one place */
        print_head(row, printing->format, printing->out);
        printing->family = row->name;
    }
    if (row->histogram)
        print_histogram(row, printing->out);
    else
        print_value(row, printing->out);
}

void prometheus_print(struct metrics *metrics, enum prometheus_format format, FILE *out)
{
    struct printing printing = { .format = format, .out = out };
    metrics_walk(metrics, print_row, &printing);
    if (format == OPENMETRICS)
        fputs("# EOF\n", out);
}
