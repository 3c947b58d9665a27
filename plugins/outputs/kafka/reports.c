/* SPDX-License-Identifier: Apache-2.0 */
/* What librdkafka has to say, on the output's thread.
 *
 * A delivery report is about one message, and settles one record. They come in the order of a partition's
 * messages, so that neighbours in a batch are mostly neighbours here: those are settled in one call.
 *
 * A message is delivered when its report says so, and at no other time. */
#include "kafka.h"

#include <stdio.h>

/* Events taken before the loop looks at what else there is. One has the reports of a whole batch. */
#define EVENTS_AT_ONCE 64

static void settle_run(struct out_kafka *self)
{
    struct kafka_run run = self->run;
    self->run.delivery = NULL;
    if (run.delivery)
        weir_settle(run.delivery, run.first, run.last + 1 - run.first, WEIR_DELIVERED,
                    WEIR_STR_NONE);
}

static void settle_delivered(struct out_kafka *self, const struct kafka_chunk *chunk,
                             uint32_t record)
{
    struct kafka_run *run = &self->run;
    const bool next = run->delivery == chunk->delivery && record > run->last &&
                      weir_slice_next(&chunk->slice, run->last + 1) == record;
    if (next) {
        run->last = record;
        return;
    }
    settle_run(self);
    *run = (struct kafka_run){ chunk->delivery, record, record };
}

/* Whether a message of that size was alone in its batch. */
static bool was_alone(const struct out_kafka *self, size_t len)
{
    return self->limits.batch_records == 1 || self->limits.batch_bytes == 1 ||
           len >= self->limits.batch_bytes;
}

/* A batch is refused: its messages are sent again in smaller ones, or each in its own, and with one request at
 * a time, so that no other is taken while one fails. */
static void part(struct out_kafka *self, enum kafka_fate fate, const char *why)
{
    if (!kafka_is_parting(self)) { /* once for all that failed together */
        const uint64_t smaller = self->limits.batch_bytes / 4;
        if (fate == KAFKA_SHRINK)
            self->next.batch_bytes = smaller ? smaller : 1;
        else
            self->next.batch_records = 1;
        self->next.in_flight = 1;
        self->next.tries = self->limits.tries + 1;
    }
    self->careful++;
    kafka_hold(self, true, why);
}

static void take_failed(struct out_kafka *self, const rd_kafka_message_t *message,
                        struct weir_delivery *delivery, uint32_t record)
{
    const enum kafka_fate fate = kafka_fate_of(message->err);
    const char *words = rd_kafka_err2str(message->err);
    char why[KAFKA_WHY_MAX];
    enum weir_outcome outcome = WEIR_RETRY;
    snprintf(why, sizeof(why), "topic %s: %s",
             message->rkt ? rd_kafka_topic_name(message->rkt) : "?", words);
    switch (fate) {
    case KAFKA_DONE:
    case KAFKA_BACK: snprintf(why, sizeof(why), "%s", self->why); break;
    case KAFKA_HELD: kafka_hold(self, false, why); break;
    case KAFKA_RENEW: kafka_hold(self, true, why); break;
    case KAFKA_SHRINK:
    case KAFKA_ISOLATE:
        if (was_alone(self, message->len))
            outcome = WEIR_REJECTED;
        else
            part(self, fate, why);
        break;
    }
    if (outcome == WEIR_RETRY &&
        rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED)
        weir_counter_add(self->repeats, 1);
    weir_settle(delivery, record, 1, outcome, weir_str_of(why));
}

static void take_report(struct out_kafka *self, const rd_kafka_message_t *message, uint64_t *bytes)
{
    struct kafka_chunk *chunk = kafka_opaque_chunk(&self->chunks, message->_private);
    const uint32_t record = kafka_opaque_record(message->_private);
    struct weir_delivery *delivery = chunk->delivery;
    self->unreported--;
    self->unreported_bytes -= message->len;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *bytes += message->len;
        self->answered++;
        settle_delivered(self, chunk, record);
        kafka_chunk_reported(&self->chunks, chunk);
        return;
    }
    kafka_chunk_reported(&self->chunks, chunk);
    settle_run(self);
    take_failed(self, message, delivery, record);
}

/* When all that was refused together has been answered, batches are as usual again, but for what was learned
 * of their size. */
static void end_care(struct out_kafka *self)
{
    if (!self->careful || self->mode != KAFKA_RUNNING)
        return;
    self->careful -= self->answered < self->careful ? self->answered : self->careful;
    if (self->careful)
        return;
    const struct kafka_limits usual = kafka_limits_of(&self->options);
    self->next.batch_records = usual.batch_records;
    self->next.in_flight = usual.in_flight;
    self->next.tries = 0;
    kafka_hold(self, true, "going back to larger batches");
}

static void take_reports(struct out_kafka *self, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *message;
    uint64_t bytes = 0;
    self->answered = 0;
    while ((message = rd_kafka_event_message_next(event)))
        take_report(self, message, &bytes);
    settle_run(self);
    if (self->answered)
        self->refused = false;
    weir_output_bytes(self->host, bytes);
    end_care(self);
}

static void take_error(struct out_kafka *self, rd_kafka_event_t *event)
{
    const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *words = rd_kafka_event_error_string(event);
    if (kafka_producer_fatal(&self->producer)) {
        kafka_hold(self, true, words);
        return;
    }
    const char *scram = kafka_scram_wrong(&self->options);
    if (scram && code == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
        char why[KAFKA_WHY_MAX];
        snprintf(why, sizeof(why), "%s: %s", scram, words);
        kafka_refused(self, why);
        return;
    }
    if (kafka_error_is_refusal(code)) {
        kafka_refused(self, words);
        return;
    }
    /* One broker of several, or a passing state: librdkafka goes on. When all are gone this is why. */
    if (self->mode == KAFKA_RUNNING)
        snprintf(self->why, sizeof(self->why), "%s", words);
    weir_debug(self->host, "librdkafka reports an error and goes on", weir_kv_str("error", words));
}

static void take_log(struct out_kafka *self, rd_kafka_event_t *event)
{
    const char *facility = "", *words = "";
    int syslog_level = 7;
    rd_kafka_event_log(event, &facility, &words, &syslog_level);
    if (strcmp(facility, "CONFWARN") == 0) /* about settings that were chosen with care */
        syslog_level = 7;
    /* What matters of it comes as an error too, and is told there. */
    enum weir_level level = syslog_level <= 4   ? WEIR_WARN
                            : syslog_level <= 6 ? WEIR_INFO
                                                : WEIR_DEBUG;
    weir_msg(self->host, level, "librdkafka says", weir_kv_str("facility", facility),
             weir_kv_str("text", words));
}

static void take_event(struct out_kafka *self, rd_kafka_event_t *event)
{
    const char *json;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR: take_reports(self, event); break;
    case RD_KAFKA_EVENT_ERROR: take_error(self, event); break;
    case RD_KAFKA_EVENT_LOG: take_log(self, event); break;
    case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH:
        kafka_credentials_token(&self->credentials, self->producer.rk);
        break;
    case RD_KAFKA_EVENT_STATS:
        json = rd_kafka_event_stats(event);
        kafka_statistics_take(&self->statistics, weir_str_of(json));
        break;
    default: break;
    }
    rd_kafka_event_destroy(event);
}

void kafka_reports_take(void *state)
{
    struct out_kafka *self = state;
    rd_kafka_event_t *event;
    unsigned taken = 0;
    kafka_producer_rest(&self->producer);
    while (self->producer.rk && taken < EVENTS_AT_ONCE &&
           (event = rd_kafka_queue_poll(self->producer.queue, 0))) {
        take_event(self, event);
        taken++;
    }
    if (taken == EVENTS_AT_ONCE)
        kafka_producer_wake(&self->producer);
    kafka_hold_end(self);
    kafka_send(self);
}
