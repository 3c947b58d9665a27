/* SPDX-License-Identifier: Apache-2.0 */
/* From options to librdkafka's properties.
 *
 * librdkafka retries for as long as it is let: message.timeout.ms is 0, so that a message leaves its queue
 * when a broker has it or will never take it, and never for being old. That keeps the order, which taking
 * messages back and offering them again could not. Its own bounds on the queue are set out of the way; the
 * queue holds what weir puts there, which is bounded by `queue`.
 *
 * The pairs of `librdkafka` come last. Values are librdkafka's to judge, but for the properties that decide
 * what a delivery report means, or that have an option here: two places for one thing would be one too many. */
#include "options.h"

#include <errno.h>
#include <stdio.h>

/* The first librdkafka whose SCRAM is as RFC 5802 has it. */
#define SCRAM_VERSION 0x02060100
#define REFUSED_ORDER "it would let messages be lost, repeated or reordered, and weir sets it"
#define REFUSED_QUEUE "weir bounds the queue itself: use the option `queue`"
#define REFUSED_REPORTS "weir depends on every delivery report"
#define REFUSED_TRANSACTIONS "weir does not use transactions"
#define REFUSED_CODE "it loads code"
#define REFUSED_TEST "it is for tests, and its messages go nowhere"

static const struct {
    const char *name, *why;
} refused[] = {
    { "acks", "use the option `acks`" },
    { "batch.num.messages", "use the option `batch.max_records`" },
    { "batch.size", "use the option `batch.max_bytes`" },
    { "bootstrap.servers", "use the option `brokers`" },
    { "client.id", "use the option `client_id`" },
    { "compression.codec", "use the option `compression`" },
    { "compression.type", "use the option `compression`" },
    { "delivery.report.only.error", REFUSED_REPORTS },
    { "delivery.timeout.ms", REFUSED_ORDER },
    { "dr_cb", REFUSED_REPORTS },
    { "dr_msg_cb", REFUSED_REPORTS },
    { "enable.gapless.guarantee", REFUSED_ORDER },
    { "enable.idempotence", "use the option `idempotence`" },
    { "linger.ms", "use the option `batch.linger`" },
    { "log.queue", "weir reads the log itself" },
    { "log_cb", "weir reads the log itself" },
    { "max.in.flight", REFUSED_ORDER },
    { "max.in.flight.requests.per.connection", REFUSED_ORDER },
    { "message.max.bytes", "use the option `max_message`" },
    { "message.send.max.retries", REFUSED_ORDER },
    { "message.timeout.ms", REFUSED_ORDER },
    { "metadata.broker.list", "use the option `brokers`" },
    { "partitioner", "use the option `partitioner`" },
    { "partitioner_cb", "use the option `partitioner`" },
    { "plugin.library.paths", REFUSED_CODE },
    { "queue.buffering.backpressure.threshold", REFUSED_QUEUE },
    { "queue.buffering.max.kbytes", REFUSED_QUEUE },
    { "queue.buffering.max.messages", REFUSED_QUEUE },
    { "queue.buffering.max.ms", "use the option `batch.linger`" },
    { "queuing.strategy", REFUSED_ORDER },
    { "request.required.acks", "use the option `acks`" },
    { "request.timeout.ms", "use the option `timeout`" },
    { "retries", REFUSED_ORDER },
    { "sasl.mechanisms", "use the option `sasl.mechanism`" },
    { "sasl.mechanism", "use the option `sasl.mechanism`" },
    { "oauthbearer_token_refresh_cb", "use the option `sasl.token_file`" },
    { "sasl.password", "use the option `sasl.password`, which is never printed" },
    { "sasl.username", "use the option `sasl.username`" },
    { "security.protocol", "use the options `tls.enabled` and `sasl.mechanism`" },
    { "socket.timeout.ms", "use the option `timeout`" },
    { "ssl.ca.location", "use the option `tls.ca`" },
    { "ssl.certificate.location", "use the option `tls.cert`" },
    { "ssl.key.location", "use the option `tls.key`" },
    { "ssl.key.password", "use the option `tls.key_password`, which is never printed" },
    { "ssl.engine.location", REFUSED_CODE },
    { "statistics.interval.ms", "use the option `statistics`" },
    { "stats_cb", "weir reads the statistics itself" },
    { "test.mock.num.brokers", REFUSED_TEST },
    { "transactional.id", REFUSED_TRANSACTIONS },
};

const char *kafka_property_refused(const char *name)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (strcmp(refused[i].name, name) == 0)
            return refused[i].why;
    return NULL;
}

/* A configuration under construction; `failed` once something of it is wrong. */
struct building {
    rd_kafka_conf_t *conf;
    struct weir_error *err;
    bool failed;
};

/* librdkafka's words quote the value, and it may be a secret: they are not passed on. */
static void set(struct building *building, const char *option, const char *name, const char *value)
{
    char words[256];
    if (building->failed || !value)
        return;
    switch (rd_kafka_conf_set(building->conf, name, value, words, sizeof(words))) {
    case RD_KAFKA_CONF_OK: return;
    case RD_KAFKA_CONF_UNKNOWN:
        weir_error_option(building->err, option, "librdkafka has no property \"%s\"", name);
        break;
    case RD_KAFKA_CONF_INVALID:
        weir_error_option(building->err, option, "librdkafka does not take this value for \"%s\"",
                          name);
        break;
    }
    building->failed = true;
}

static void set_number(struct building *building, const char *option, const char *name,
                       int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)value);
    set(building, option, name, text);
}

static void set_brokers(struct building *building, const struct weir_texts *brokers)
{
    struct weir_bytes list = { .max = 64 * 1024 };
    int r = 0;
    for (size_t i = 0; r == 0 && i < brokers->count; i++) {
        r = i ? weir_bytes_add(&list, ",", 1) : 0;
        if (r == 0)
            r = weir_bytes_add(&list, brokers->items[i], strlen(brokers->items[i]));
    }
    if (r == 0)
        r = weir_bytes_add(&list, "", 1);
    if (r == 0 && list.data[0]) {
        set(building, "brokers", "bootstrap.servers", list.data);
    } else {
        weir_error_option(building->err, "brokers",
                          "it needs at least one HOST:PORT, and not too many");
        building->failed = true;
    }
    weir_bytes_free(&list);
}

static void set_security(struct building *building, const struct kafka_options *options)
{
    static const char *const mechanisms[] = { NULL, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
                                              "OAUTHBEARER" };
    const bool tls = options->tls.enabled, sasl = options->sasl.mechanism != KAFKA_SASL_NONE;
    set(building, "tls", "security.protocol",
        tls ? (sasl ? "sasl_ssl" : "ssl") : (sasl ? "sasl_plaintext" : "plaintext"));
    if (tls) {
        set(building, "tls.ca", "ssl.ca.location", options->tls.ca);
        set(building, "tls.cert", "ssl.certificate.location", options->tls.cert);
        set(building, "tls.key", "ssl.key.location", options->tls.key);
        set(building, "tls.key_password", "ssl.key.password", options->tls.key_password);
        set(building, "tls.verify", "enable.ssl.certificate.verification",
            options->tls.verify ? "true" : "false");
        set(building, "tls.verify", "ssl.endpoint.identification.algorithm",
            options->tls.verify ? "https" : "none");
    }
    if (sasl) {
        set(building, "sasl.mechanism", "sasl.mechanisms", mechanisms[options->sasl.mechanism]);
        set(building, "sasl.username", "sasl.username", options->sasl.username);
        set(building, "sasl.password", "sasl.password", options->sasl.password);
    }
}

/* Until 2.6.1 librdkafka puts its own nonce before the broker's in the last message of the login, although that begins with
 * it (RFC 5802, section 5.1): Kafka since 4.0 compares the two. Nothing that can be configured changes it. */
const char *kafka_scram_wrong(const struct kafka_options *options)
{
    const bool scram = options->sasl.mechanism == KAFKA_SASL_SCRAM_256 ||
                       options->sasl.mechanism == KAFKA_SASL_SCRAM_512;
    return scram && rd_kafka_version() < SCRAM_VERSION
               ? "this librdkafka is older than 2.6.1 and cannot log in to Kafka 4 with SCRAM"
               : NULL;
}

static void set_delivery(struct building *building, const struct kafka_options *options,
                         const struct kafka_limits *limits)
{
    static const char *const codecs[] = { "none", "gzip", "snappy", "lz4", "zstd" };
    static const char *const partitioners[] = { "murmur2_random", "consistent_random",
                                                "fnv1a_random", "random" };
    set(building, "idempotence", "enable.idempotence", options->idempotence ? "true" : "false");
    /* When a batch fails for good, those behind it must not be sent before we have heard of it. */
    set(building, "idempotence", "enable.gapless.guarantee",
        options->idempotence ? "true" : "false");
    set(building, "acks", "acks", options->acks == KAFKA_ACKS_ALL ? "all" : "1");
    set(building, "idempotence", "message.timeout.ms", "0");
    if (!options->idempotence)
        set(building, "idempotence", "message.send.max.retries", "2147483647");
    set_number(building, "idempotence", "max.in.flight.requests.per.connection",
               (int64_t)limits->in_flight);
    set(building, "queue.max_records", "queue.buffering.max.messages", "0");
    set(building, "queue.max_bytes", "queue.buffering.max.kbytes", "2147483647");
    set(building, "partitioner", "partitioner", partitioners[options->partitioner]);
    set(building, "compression", "compression.codec", codecs[options->compression]);
    set_number(building, "max_message", "message.max.bytes", (int64_t)options->max_message);
    set_number(building, "batch.max_bytes", "batch.size", (int64_t)limits->batch_bytes);
    set_number(building, "batch.max_records", "batch.num.messages", (int64_t)limits->batch_records);
    set_number(building, "batch.linger", "linger.ms", options->batch.linger);
    set_number(building, "timeout", "request.timeout.ms", options->timeout);
    set_number(building, "timeout", "socket.timeout.ms", options->timeout);
}

struct kafka_limits kafka_limits_of(const struct kafka_options *options)
{
    return (struct kafka_limits){
        .batch_bytes = options->batch.max_bytes,
        .batch_records = (uint64_t)options->batch.max_records,
        /* Without the brokers' help, order takes one at a time. */
        .in_flight = options->idempotence ? KAFKA_IN_FLIGHT : 1,
    };
}

static void set_pairs(struct building *building, const struct weir_pairs *pairs)
{
    for (size_t i = 0; !building->failed && i < pairs->count; i++) {
        const struct weir_pair *pair = &pairs->items[i];
        const char *why = kafka_property_refused(pair->name);
        if (why)
            building->failed = weir_error_option(building->err, "librdkafka",
                                                 "\"%s\" is refused: %s", pair->name, why) < 0;
        else
            set(building, "librdkafka", pair->name, pair->value);
    }
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_options *options,
                                const struct kafka_limits *limits, struct weir_error *err)
{
    struct building building = { rd_kafka_conf_new(), err, false };
    rd_kafka_conf_t *conf = building.conf;
    set_brokers(&building, &options->brokers);
    set_security(&building, options);
    set_delivery(&building, options, limits);
    set(&building, "client_id", "client.id", options->client_id);
    set_number(&building, "statistics", "statistics.interval.ms", options->statistics);
    set(&building, "brokers", "log.queue", "true");
    set(&building, "brokers", "socket.keepalive.enable", "true");
    /* A topic that was missing, or has moved, is looked for again this often. */
    set(&building, "topic", "topic.metadata.refresh.interval.ms", "5000");
    set(&building, "topic", "topic.metadata.propagation.max.ms", "5000");
    set(&building, "brokers", "reconnect.backoff.max.ms", "5000");
    set_pairs(&building, &options->librdkafka);
    if (!building.failed) {
        rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR |
                                           RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS |
                                           RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH);
        return conf;
    }
    rd_kafka_conf_destroy(conf);
    return NULL;
}
