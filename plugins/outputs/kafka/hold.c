/* SPDX-License-Identifier: Apache-2.0 */
/* When nothing can be delivered.
 *
 *             an error that holds                     the last report is in
 *     RUNNING ───────────────────▶ HOLDING ─────────────────────────────────▶ RUNNING
 *                                  nothing is produced;                       perhaps with
 *                                  what was not sent is taken back            another handle
 *
 * A message that fails must not be overtaken by the one behind it, so that a hold is for all of them: what
 * librdkafka has not sent is taken out of its queue (those reports say "purged"), and what is on its way is
 * waited for. Only then is anything produced again: what the host has delivered meanwhile goes back to it, and it
 * delivers all of it anew, the oldest first. Messages that are on their way are never taken back, but at a stop: the
 * broker may have them, and they would be repeated.
 *
 * A handle that is finished sends nothing more, but batches that were on their way when it ended come back to
 * its queue one by one, behind our back, to be tried again: there they would stay. So its queue is emptied again and
 * again until the last message has been reported.
 *
 * Another handle is begun when the old one is finished (a fatal error: the broker and we no longer agree what
 * was sent), and to send smaller batches, to find the message that a broker does not like. Nothing is under
 * way then, so nothing is lost with the old one.
 *
 * Brokers that are all away, or do not let us in, are no hold: librdkafka has the messages and keeps trying,
 * in order. We say so, again and again, until a message is delivered: the host then shows it and gives us
 * nothing more. */
#include "kafka.h"

#include <stdio.h>

#define PAUSE_MS 500    /* before what is held is tried again; the host adds its own, growing */
#define REFUSED_MS 1500 /* how long a refusal is told, */
#define REFUSED_EVERY_MS 1000 /* and how often */
#define REOPEN_MS 1000
#define EMPTY_EVERY_MS 50 /* the queue of a handle that is finished */

static void set_why(struct out_kafka *self, const char *why)
{
    if (why != self->why)
        snprintf(self->why, sizeof(self->why), "%.*s", KAFKA_WHY_MAX - 1, why);
}

bool kafka_is_parting(const struct out_kafka *self)
{
    return memcmp(&self->next, &self->limits, sizeof(self->next)) != 0;
}

/* Takes what librdkafka has not sent out of its queue: reports will say so. */
static void take_back(struct out_kafka *self)
{
    rd_kafka_purge(self->producer.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
    weir_timer_set(self->hold_timer, EMPTY_EVERY_MS);
}

void kafka_hold_still(void *state)
{
    struct out_kafka *self = state;
    if (self->mode != KAFKA_HOLDING || !self->unreported)
        return;
    if (self->shut_out || kafka_producer_fatal(&self->producer))
        take_back(self);
    else /* it goes on with what is on its way, but may not live to the end of it */
        weir_timer_set(self->hold_timer, EMPTY_EVERY_MS);
}

/* False when it is held already. */
static bool begin_hold(struct out_kafka *self, bool renew, const char *why)
{
    if (self->mode == KAFKA_STOPPED)
        return false;
    self->renew |= renew || kafka_producer_fatal(&self->producer);
    if (self->mode == KAFKA_HOLDING)
        return false;
    set_why(self, why);
    self->shut_out = self->refused;
    self->refused = false;
    self->mode = KAFKA_HOLDING;
    return true;
}

static void go_on_holding(struct out_kafka *self)
{
    take_back(self);
    kafka_send_give_back(self);
    if (self->unreported == 0)
        kafka_producer_wake(&self->producer); /* comes back to kafka_hold_end() */
}

void kafka_hold(struct out_kafka *self, bool renew, const char *why)
{
    if (!begin_hold(self, renew, why))
        return;
    /* A refused batch ends a handle too: that is no outage. */
    if (!kafka_is_parting(self) &&
        kafka_producer_fatal(&self->producer) != RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE) {
        weir_pause(self->host, PAUSE_MS, weir_str_of(self->why));
        weir_warn(self->host, "nothing can be delivered, so it is held",
                  weir_kv_str("why", self->why));
    }
    go_on_holding(self);
}

void kafka_renew(struct out_kafka *self, const char *why)
{
    if (begin_hold(self, true, why))
        go_on_holding(self);
}

/* Another handle; if that cannot be had now, later. */
static void renew(struct out_kafka *self)
{
    struct weir_error err = { 0 };
    kafka_topic_use(&self->topic, NULL);
    kafka_producer_close(&self->producer);
    kafka_statistics_renew(&self->statistics);
    weir_counter_add(self->renewals, 1);
    self->limits = self->next;
    if (kafka_producer_open(&self->producer, &self->options, &self->credentials, &self->limits,
                            &err) == 0) {
        kafka_topic_use(&self->topic, self->producer.rk);
        self->renew = false;
        return;
    }
    set_why(self, err.text);
    weir_warn(self->host, "cannot make a producer, will try again", weir_kv_str("why", err.text));
    weir_pause(self->host, 2 * REOPEN_MS, weir_str_of(self->why));
    weir_timer_set(self->trouble_timer, REOPEN_MS);
}

void kafka_hold_end(struct out_kafka *self)
{
    if (self->mode != KAFKA_HOLDING || self->unreported)
        return;
    kafka_send_give_back(
        self); /* came meanwhile, perhaps before what is older: all of it anew, in order */
    if (self->renew)
        renew(self);
    if (!self->renew)
        self->mode = KAFKA_RUNNING;
}

void kafka_refused(struct out_kafka *self, const char *why)
{
    /* "All brokers are down" is the end of a story; what was said before tells more. */
    const bool end = self->why[0] && strstr(why, "brokers are down");
    if (self->refused && end)
        return;
    set_why(self, end ? self->why : why);
    self->refused = true;
    weir_warn(self->host, "brokers cannot be reached, or refuse us: messages wait",
              weir_kv_str("why", self->why));
    kafka_refused_still(self);
}

void kafka_refused_still(void *state)
{
    struct out_kafka *self = state;
    if (self->mode == KAFKA_HOLDING && self->renew) {
        kafka_hold_end(self);
        kafka_send(self);
    }
    if (!self->refused || self->mode == KAFKA_STOPPED)
        return;
    if (kafka_credentials_changed(&self->credentials, self->producer.rk)) {
        weir_info(self->host, "certificates have changed, so another producer begins",
                  weir_kv_str("refused", self->why));
        kafka_renew(self, self->why);
        return;
    }
    if (self->unreported)
        weir_pause(self->host, REFUSED_MS, weir_str_of(self->why));
    weir_timer_set(self->trouble_timer, REFUSED_EVERY_MS);
}
