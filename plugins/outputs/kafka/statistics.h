/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_STATISTICS_H
#define OUT_KAFKA_STATISTICS_H

#include <weir/plugin.h>

/* librdkafka's statistics as metrics: weir_kafka_*{pipeline,plugin}. See statistics.c. */
#define KAFKA_STATISTICS 11

struct kafka_statistics {
    struct weir_counter *counters[KAFKA_STATISTICS];
    int64_t sums[KAFKA_STATISTICS]; /* what the current handle last said */
    int64_t base[KAFKA_STATISTICS]; /* what the handles before it said in the end */
    struct weir_bytes text;
};

void kafka_statistics_init(struct kafka_statistics *statistics, struct weir_host *host);
void kafka_statistics_deinit(struct kafka_statistics *statistics);

/* Takes a document of librdkafka's; one that is not as expected is left. @thread the output's. */
void kafka_statistics_take(struct kafka_statistics *statistics, struct weir_str json);
/* The next document is of a new handle, which counts from 0. */
void kafka_statistics_renew(struct kafka_statistics *statistics);

#endif
