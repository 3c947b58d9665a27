/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/prometheus.h"

#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/process.h"
#include "support/check_main.h"

static struct metrics *metrics;

static void setup(void)
{
    metrics = metrics_new();
}

static void teardown(void)
{
    metrics = metrics_free(metrics);
}

static char *print(enum prometheus_format format)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    prometheus_print(metrics, format, out);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static void fill(void)
{
    static const struct metric_label app[] = { { "pipeline", "app" }, { "plugin", "tail" } };
    static const struct metric_label odd[] = { { "pipeline", "a\"b\\c\nd" }, { "plugin", "t" } };
    metric_add(metrics_series(metrics, "weir_x_total", "Back\\slash \"and\"\nline.", METRIC_COUNTER,
                              1, app, 2),
               INT64_MAX);
    metrics_series(metrics, "weir_wait_seconds", "Wait.", METRIC_GAUGE, 1e9, NULL, 0);
    metrics_series(metrics, "weir_x_total", "", METRIC_COUNTER, 1, odd, 2);
    metric_set(metrics_series(metrics, "weir_wait_seconds", "Wait.", METRIC_GAUGE, 1e9, NULL, 0),
               1500000001);
    metrics_series(metrics, "plugin_own", "Odd name.", METRIC_COUNTER, 1, NULL, 0);
    histogram_observe(metrics_histogram(metrics, "weir_latency_seconds", "Latency.", app, 1),
                      3000000, 2);
}

#define BUCKETS                                                                                    \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"0.001\"} 0\n"                               \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"0.005\"} 2\n"                               \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"0.01\"} 2\n"                                \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"0.05\"} 2\n"                                \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"0.1\"} 2\n"                                 \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"0.5\"} 2\n"                                 \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"1.0\"} 2\n"                                 \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"2.5\"} 2\n"                                 \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"5.0\"} 2\n"                                 \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"10.0\"} 2\n"                                \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"30.0\"} 2\n"                                \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"60.0\"} 2\n"                                \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"300.0\"} 2\n"                               \
    "weir_latency_seconds_bucket{pipeline=\"app\",le=\"+Inf\"} 2\n"                                \
    "weir_latency_seconds_sum{pipeline=\"app\"} 0.006\n"                                           \
    "weir_latency_seconds_count{pipeline=\"app\"} 2\n"

#define VALUES                                                                                     \
    "weir_x_total{pipeline=\"app\",plugin=\"tail\"} 9223372036854775807\n"                         \
    "weir_x_total{pipeline=\"a\\\"b\\\\c\\nd\",plugin=\"t\"} 0\n"

START_TEST(tail_36_text_format_escapes_and_keeps_families_together)
{
    fill();
    char *text = print(PROMETHEUS_TEXT);
    ck_assert_str_eq(text, "# HELP plugin_own Odd name.\n"
                           "# TYPE plugin_own counter\n"
                           "plugin_own 0\n"
                           "# HELP weir_latency_seconds Latency.\n"
                           "# TYPE weir_latency_seconds histogram\n" BUCKETS
                           "# HELP weir_wait_seconds Wait.\n"
                           "# TYPE weir_wait_seconds gauge\n"
                           "weir_wait_seconds 1.500000001\n"
                           "# HELP weir_x_total Back\\\\slash \"and\"\\nline.\n"
                           "# TYPE weir_x_total counter\n" VALUES);
    free(text);
}
END_TEST

START_TEST(openmetrics_differs_where_it_must)
{
    fill();
    char *text = print(OPENMETRICS);
    ck_assert_str_eq(text, "# HELP plugin_own Odd name.\n"
                           "# TYPE plugin_own unknown\n"
                           "plugin_own 0\n"
                           "# HELP weir_latency_seconds Latency.\n"
                           "# TYPE weir_latency_seconds histogram\n" BUCKETS
                           "# HELP weir_wait_seconds Wait.\n"
                           "# TYPE weir_wait_seconds gauge\n"
                           "weir_wait_seconds 1.500000001\n"
                           "# HELP weir_x Back\\\\slash \\\"and\\\"\\nline.\n"
                           "# TYPE weir_x counter\n" VALUES "# EOF\n");
    free(text);
}
END_TEST

START_TEST(format_follows_the_accept_header)
{
    static const struct {
        const char *accept;
        enum prometheus_format want;
    } cases[] = {
        { "", PROMETHEUS_TEXT },
        { "*/*", PROMETHEUS_TEXT },
        { "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", PROMETHEUS_TEXT },
        { "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", OPENMETRICS },
        { "text/plain, Application/OpenMetrics-Text", OPENMETRICS },
        { "application/openmetrics-tex", PROMETHEUS_TEXT },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_int_eq(prometheus_negotiate(weir_str_of(cases[i].accept)), cases[i].want);
    ck_assert_int_eq(prometheus_negotiate(WEIR_STR_NONE), PROMETHEUS_TEXT);
}
END_TEST

static double value_of(const char *text, const char *name)
{
    char key[128];
    snprintf(key, sizeof(key), "\n%s ", name);
    const char *at = strstr(text, key);
    ck_assert_msg(at, "no %s", name);
    return strtod(at + strlen(key), NULL);
}

/* One, or two where a sanitizer has a thread of its own: a folder has a link for each folder in it. */
static double thread_count(void)
{
    struct stat task;
    ck_assert_int_eq(stat("/proc/self/task", &task), 0);
    return (double)task.st_nlink - 2;
}

START_TEST(process_metrics_are_true)
{
    struct process_metrics *process = process_metrics_new(metrics, "1.2.3");
    process_metrics_update(process);
    char *text = print(PROMETHEUS_TEXT);
    int fd = dup(1);
    process_metrics_update(process);
    char *later = print(PROMETHEUS_TEXT);
    close(fd);

    ck_assert_double_eq(value_of(later, "process_open_fds") - value_of(text, "process_open_fds"),
                        1);
    ck_assert_double_ge(value_of(text, "process_open_fds"), 3);
    ck_assert_double_ge(value_of(text, "process_max_fds"), value_of(text, "process_open_fds"));
    ck_assert_double_gt(value_of(later, "process_cpu_seconds_total"),
                        value_of(text, "process_cpu_seconds_total"));
    ck_assert_double_ge(value_of(text, "process_resident_memory_bytes"), 100000);
    ck_assert_double_ge(value_of(text, "process_virtual_memory_bytes"),
                        value_of(text, "process_resident_memory_bytes"));
    ck_assert_double_eq(value_of(text, "process_threads"), thread_count());
    double age = (double)time(NULL) - value_of(text, "process_start_time_seconds");
    ck_assert(age > -2 && age < 100);
    ck_assert_double_eq(value_of(text, "weir_build_info{version=\"1.2.3\"}"), 1);
    free(text);
    free(later);
    process_metrics_free(process);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("prometheus");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, tail_36_text_format_escapes_and_keeps_families_together);
    tcase_add_test(tc, openmetrics_differs_where_it_must);
    tcase_add_test(tc, format_follows_the_accept_header);
    tcase_add_test(tc, process_metrics_are_true);
    Suite *suite = suite_create("admin/prometheus");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
