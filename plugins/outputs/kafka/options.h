/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_OPTIONS_H
#define OUT_KAFKA_OPTIONS_H

#include <librdkafka/rdkafka.h>
#include <weir/plugin.h>

#include "schema_options.h"

/* What can be configured, and what of it becomes which property of librdkafka. */
enum kafka_acks { KAFKA_ACKS_ALL, KAFKA_ACKS_LEADER };
enum kafka_sasl {
    KAFKA_SASL_NONE,
    KAFKA_SASL_PLAIN,
    KAFKA_SASL_SCRAM_256,
    KAFKA_SASL_SCRAM_512,
    KAFKA_SASL_OAUTHBEARER,
};

struct kafka_options {
    struct weir_texts brokers;
    struct weir_template *topic, *key;
    struct weir_pairs headers;
    char *record_id_header, *trace_header;
    struct weir_encoder *codec;
    int partitioner, compression, acks; /* enum kafka_acks */
    bool idempotence;
    uint64_t max_message;
    struct {
        uint64_t max_bytes;
        int64_t max_records;
        weir_ms linger;
    } batch;
    struct {
        int64_t max_records;
        uint64_t max_bytes;
    } queue;
    weir_ms timeout, statistics;
    char *client_id;
    struct {
        bool enabled, verify;
        char *ca, *cert, *key, *key_password;
    } tls;
    struct {
        int mechanism; /* enum kafka_sasl */
        char *username, *password, *password_file, *token_file;
    } sasl;
    struct weir_pairs librdkafka;
    struct kafka_schema_options schema;
};

/* Offsets are those of struct kafka_options, which stands first in the plugin's state. */
extern const struct weir_option kafka_option_table[];

/* Everything about the options that their rows do not say. Pure. 0, or a negative errno and *err set. */
int kafka_options_check(const struct kafka_options *options, struct weir_error *err);

/* How a handle may differ from what was configured, to find out which message a broker refuses. */
struct kafka_limits {
    uint64_t batch_bytes;   /* of one batch, at most */
    uint64_t batch_records; /* the same */
    uint64_t in_flight;     /* requests to one broker; 1: with care */
    uint64_t tries;         /* how often batches were parted since all was well */
};

/* Those of the configuration. */
#define KAFKA_IN_FLIGHT 5 /* what brokers can keep in order */
struct kafka_limits kafka_limits_of(const struct kafka_options *options);

/* Whether this librdkafka logs in with SCRAM as Kafka 4 wants it: NULL, or a few words that say why not. */
const char *kafka_scram_wrong(const struct kafka_options *options);

/* librdkafka's configuration for a producer, without a password or token that stands in a file. Secrets are among it. NULL with
 * *err set. */
rd_kafka_conf_t *kafka_conf_new(const struct kafka_options *options,
                                const struct kafka_limits *limits, struct weir_error *err);

/* NULL, or why `name` must not be among the options `librdkafka`: a sentence. */
const char *kafka_property_refused(const char *name);

#endif
