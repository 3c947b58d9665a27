/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_TOPIC_H
#define OUT_KAFKA_TOPIC_H

#include <librdkafka/rdkafka.h>
#include <weir/plugin.h>

/* Which topic a record goes to, by a template. See topic.c. */
#define KAFKA_TOPIC_BYTES_MAX 249

struct kafka_topic {
    const struct weir_template *name;
    rd_kafka_t *rk;
    rd_kafka_topic_t *handle; /* the last that was used, */
    struct weir_bytes last;   /* and its name */
    struct weir_bytes text;
};

/* NULL when `name` is one that brokers take, else what is wrong with it. */
const char *kafka_topic_wrong(struct weir_str name);

void kafka_topic_init(struct kafka_topic *topic, const struct weir_template *name);
void kafka_topic_deinit(struct kafka_topic *topic);
/* The handles that are used from here on, of another `rk`; NULL: none is. */
void kafka_topic_use(struct kafka_topic *topic, rd_kafka_t *rk);

/* The topic of record `i`, until the next call. NULL with *ret_wrong set to why when there is none, or with
 * NULL there when memory is short. */
rd_kafka_topic_t *kafka_topic_of(struct kafka_topic *topic, const struct weir_batch *batch,
                                 uint32_t i, const char **ret_wrong);

#endif
