/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ADMIN_PROMETHEUS_H
#define WEIR_ADMIN_PROMETHEUS_H

#include <stdio.h>

#include "base/metrics.h"

enum prometheus_format {
    PROMETHEUS_TEXT, /* text exposition format 0.0.4 */
    OPENMETRICS,     /* OpenMetrics 1.0.0 */
};

/* What a scraper that sent this Accept header gets: OpenMetrics only to one that names it. `accept` may
 * be empty. */
enum prometheus_format prometheus_negotiate(struct weir_str accept);
const char *prometheus_content_type(enum prometheus_format format);

/* Prints every series of the registry. Errors of `out` are the caller's to look for. */
void prometheus_print(struct metrics *metrics, enum prometheus_format format, FILE *out);

#endif
