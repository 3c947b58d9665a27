/* SPDX-License-Identifier: Apache-2.0 */
/* Records to Kafka, by librdkafka: one message a record, settled by its own delivery report. kafka.h has the
 * parts and which file each is in.
 *
 * Rejected: a protocol client of our own. Leaders that move, sequence numbers, eleven versions of requests and
 * four ways to log in are years of somebody's work, and it is well kept. */
#include "kafka.h"

#include <errno.h>
#include <stdio.h>

#define WINDOW_BYTES ((size_t)8 * 1024 * 1024)
/* What librdkafka needs whatever it does: itself and the libraries it brings, threads, buffers of brokers. */
#define LIBRARY_BYTES ((uint64_t)6 * 1024 * 1024)
/* What asking a registry takes: libcurl and the libraries and certificates that it brings. */
#define REGISTRY_BYTES ((uint64_t)6 * 1024 * 1024)
/* What it needs for a message with two headers, beside its bytes; measured. */
#define MESSAGE_BYTES ((uint64_t)700)
/* How long before the deadline of a stop messages are taken back. */
#define LAST_MOMENT_MS 500
#define KEY_BYTES_MAX ((size_t)64 * 1024)

static int out_kafka_check(void *state, struct weir_error *err)
{
    return kafka_options_check(&((struct out_kafka *)state)->options, err);
}

static uint64_t out_kafka_reserve(const void *state)
{
    const struct kafka_options *options = &((const struct out_kafka *)state)->options;
    const uint64_t mib = 1024 * 1024;
    const uint64_t messages = (uint64_t)options->queue.max_records * MESSAGE_BYTES;
    const uint64_t registry = options->schema.registry.count ? REGISTRY_BYTES : 0;
    const uint64_t sum =
        LIBRARY_BYTES + registry + messages + 2 * options->queue.max_bytes + options->max_message;
    return (sum + mib - 1) / mib * mib; /* to be read by people */
}

static void explain_schema(const struct kafka_options *options, struct weir_bytes *out)
{
    static const char text[] =
        "Records are held until the schema is there: from the registry, or as it was last seen. It never changes "
        "by itself.\n";
    if (!options->schema.registry.count)
        return;
    (void)!weir_bytes_add(out, text, sizeof(text) - 1);
    weir_encoder_explain(options->codec, out);
}

static void out_kafka_explain(const void *state, struct weir_bytes *out)
{
    const struct kafka_options *options = &((const struct out_kafka *)state)->options;
    char text[1024];
    int len = snprintf(
        text, sizeof(text),
        "A record is delivered when %s has its message, by the delivery report of that message.\n"
        "%s"
        "Messages do not time out: while no broker takes them, they wait, in order.\n"
        "Messages are in order within a partition; records of one stream are in order when they share a "
        "%s.\n",
        options->acks == KAFKA_ACKS_ALL ? "every replica that is in sync"
                                        : "the leader of its partition, with whom it can be lost,",
        options->idempotence
            ? "A retry neither repeats nor reorders messages; a restart can repeat what was under way, under "
              "the same id.\n"
            : "Without idempotence retries can repeat messages: consumers must tell them by their id.\n",
        options->key ? "key" : "partition: give them a key");
    (void)!weir_bytes_add(out, text, (size_t)len);
    const char *wrong = kafka_scram_wrong(options);
    if (wrong) {
        len = snprintf(text, sizeof(text), "It will not get in everywhere: %s.\n", wrong);
        (void)!weir_bytes_add(out, text, (size_t)len);
    }
    explain_schema(options, out);
}

static void out_kafka_inspect(void *state, struct weir_inspection *inspection)
{
    const struct kafka_options *options = &((struct out_kafka *)state)->options;
    kafka_schema_inspect(&options->schema, options->codec, inspection);
}

static int make_timers(struct out_kafka *self, struct weir_error *err);

static int out_kafka_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_kafka *self = state;
    self->host = host;
    self->opened = true;
    self->key.max = KEY_BYTES_MAX;
    self->next = self->limits = kafka_limits_of(&self->options);
    kafka_topic_init(&self->topic, self->options.topic);
    kafka_credentials_init(&self->credentials, &self->options, host);
    kafka_chunks_init(&self->chunks, self->options.max_message, self->options.queue.max_bytes);
    kafka_statistics_init(&self->statistics, host);
    self->repeats = weir_counter_new(host, "kafka_uncertain_messages_total",
                                     "Messages sent again that a broker may have had already.");
    self->renewals =
        weir_counter_new(host, "kafka_producers_renewed_total",
                         "Times that another producer took the place of one, which begins anew.");
    if (kafka_scram_wrong(&self->options))
        weir_warn(host, kafka_scram_wrong(&self->options),
                  weir_kv_str("librdkafka", rd_kafka_version_str()));
    if (!self->options.idempotence)
        weir_warn(host, "idempotence is off: retries can repeat messages",
                  weir_kv_str("option", "idempotence"));
    int r = kafka_producer_init(&self->producer, err);
    if (r == 0)
        r = make_timers(self, err);
    if (r == 0)
        r = kafka_schema_open(&self->schema, &self->options.schema, self->options.codec, host,
                              self->schema_timer, self->schema_tell, err);
    if (r == 0)
        r = kafka_headers_init(&self->headers, &self->options, err);
    if (r == 0)
        r = kafka_producer_open(&self->producer, &self->options, &self->credentials, &self->limits,
                                err);
    if (r == 0)
        kafka_topic_use(&self->topic, self->producer.rk);
    if (r != -ENOKEY)
        return r;
    self->mode = KAFKA_HOLDING; /* until there is a password */
    self->renew = true;
    kafka_producer_wake(&self->producer);
    return 0;
}

static void out_kafka_deliver(void *state, struct weir_delivery *delivery)
{
    struct out_kafka *self = state;
    if (self->mode == KAFKA_STOPPED) {
        weir_settle_all(delivery, WEIR_RETRY, WEIR_STR("stopped"));
        return;
    }
    kafka_send_take(self, delivery);
    kafka_send(self);
}

/* The deadline is near: what no broker has said it has, it may have or not; it is read again. */
static void give_up(void *state)
{
    struct out_kafka *self = state;
    self->mode = KAFKA_STOPPED;
    snprintf(self->why, sizeof(self->why), "stopped before a broker had it");
    if (self->producer.rk)
        rd_kafka_purge(self->producer.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                              RD_KAFKA_PURGE_F_NON_BLOCKING);
    kafka_send_give_back(self);
}

static void out_kafka_drain(void *state, weir_ms deadline)
{
    struct out_kafka *self = state;
    const weir_ms margin = deadline / 2 < LAST_MOMENT_MS ? deadline / 2 : LAST_MOMENT_MS;
    weir_timer_set(self->last_moment, deadline - margin);
}

static void schema_step(void *state)
{
    struct out_kafka *self = state;
    if (kafka_schema_step(&self->schema))
        kafka_send(self);
}

static void schema_tell(void *state)
{
    struct out_kafka *self = state;
    kafka_schema_tell(&self->schema);
}

static int make_timers(struct out_kafka *self, struct weir_error *err)
{
    self->again = weir_timer_new(self->host, kafka_send_again);
    self->last_moment = weir_timer_new(self->host, give_up);
    self->trouble_timer = weir_timer_new(self->host, kafka_refused_still);
    self->hold_timer = weir_timer_new(self->host, kafka_hold_still);
    self->schema_timer = weir_timer_new(self->host, schema_step);
    self->schema_tell = weir_timer_new(self->host, schema_tell);
    self->watch =
        weir_watch_start(self->host, self->producer.fd, WEIR_READABLE, kafka_reports_take);
    if (!self->again || !self->last_moment || !self->trouble_timer || !self->hold_timer ||
        !self->schema_timer || !self->schema_tell || !self->watch)
        return weir_error_set(err, -ENOMEM, "out of memory for timers");
    return 0;
}

static void out_kafka_close(void *state)
{
    struct out_kafka *self = state;
    if (!self->opened)
        return;
    self->watch = weir_watch_stop(self->watch);
    self->again = weir_timer_free(self->again);
    self->last_moment = weir_timer_free(self->last_moment);
    self->trouble_timer = weir_timer_free(self->trouble_timer);
    self->hold_timer = weir_timer_free(self->hold_timer);
    self->schema_timer = weir_timer_free(self->schema_timer);
    self->schema_tell = weir_timer_free(self->schema_tell);
    kafka_schema_close(&self->schema);
    kafka_topic_deinit(&self->topic);
    kafka_producer_deinit(&self->producer);
    kafka_credentials_deinit(&self->credentials);
    kafka_headers_deinit(&self->headers);
    kafka_statistics_deinit(&self->statistics);
    kafka_chunks_deinit(&self->chunks);
    weir_bytes_free(&self->key);
}

WEIR_PLUGIN(out_kafka) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "kafka",
    .summary = "Sends records to Kafka, each as a message.",
    .state_size = sizeof(struct out_kafka),
    .options = kafka_option_table,
    .check = out_kafka_check,
    .explain = out_kafka_explain,
    .reserve = out_kafka_reserve,
    .inspect = out_kafka_inspect,
    .open = out_kafka_open,
    .close = out_kafka_close,
    .output = { .window = WINDOW_BYTES,
                .parallel = KAFKA_PARALLEL,
                .deliver = out_kafka_deliver,
                .drain = out_kafka_drain,
                .reuses_freed = true }, /* a batch of messages, and it again compressed */
};
