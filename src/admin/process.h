/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ADMIN_PROCESS_H
#define WEIR_ADMIN_PROCESS_H

#include "base/metrics.h"

/* The standard process_* metrics, as every Prometheus client library names them, and
 * weir_build_info{version}. */
struct process_metrics;

/* NULL when memory is short. */
struct process_metrics *process_metrics_new(struct metrics *metrics, const char *version);
struct process_metrics *process_metrics_free(struct process_metrics *process);
/* Reads /proc/self and sets them; before each scrape. What cannot be read stays as it was. */
void process_metrics_update(struct process_metrics *process);

#endif
