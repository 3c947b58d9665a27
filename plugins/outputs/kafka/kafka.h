/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_KAFKA_H
#define OUT_KAFKA_KAFKA_H

#include "chunks.h"
#include "credentials.h"
#include "errors.h"
#include "headers.h"
#include "options.h"
#include "producer.h"
#include "schema.h"
#include "statistics.h"
#include "topic.h"

/* One instance of the output. Its parts:
 *
 *     kafka.c      descriptor, opening and closing, the stop
 *     options.c    what can be configured; conf.c: as librdkafka's properties
 *     send.c       deliveries on their way in: encode, produce
 *     reports.c    what librdkafka says: delivery reports, errors, its log
 *     hold.c       when nothing can be delivered: take back, wait, go on
 *     chunks.c     the bytes of messages under way
 *     schema.c     the schema that messages are written by; registry.c: who has it; schema_version.c: what it says;
 *                  schema_store.c: what is kept of it; schema_inspect.c: what `weir validate` says
 *     errors.c     what an error means
 *     credentials.c  passwords, tokens and certificates in files;  jwt.c: when a token expires
 *     producer.c   librdkafka's handle;  topic.c, headers.c, statistics.c: what their names say */

/* Deliveries under way, at most. */
#define KAFKA_PARALLEL 32
#define KAFKA_WHY_MAX 200

/* A delivery that has not been produced in full. */
struct kafka_slot {
    struct weir_delivery *delivery;
    struct weir_slice slice;
    uint32_t at; /* the next record to encode */
};

enum kafka_mode {
    KAFKA_RUNNING, /* messages are produced */
    KAFKA_HOLDING, /* none are, until what librdkafka has is reported */
    KAFKA_STOPPED, /* none will be */
};

/* Reports of neighbours, settled in one call. */
struct kafka_run {
    struct weir_delivery *delivery; /* NULL: there is none */
    uint32_t first, last;
};

struct out_kafka {
    struct kafka_options options; /* first: the option table's offsets are its */
    struct weir_host *host;
    struct kafka_producer producer;
    struct kafka_credentials credentials;
    struct weir_watch *watch;
    struct weir_timer *again, *last_moment, *trouble_timer, *hold_timer;
    struct weir_timer *schema_timer, *schema_tell;
    struct kafka_schema schema;
    struct kafka_topic topic;
    struct kafka_headers headers;
    struct kafka_chunks chunks;
    struct kafka_current current;
    struct kafka_statistics statistics;
    struct weir_bytes key;

    struct kafka_slot slots[KAFKA_PARALLEL]; /* a ring, oldest first */
    unsigned slot_first, slot_count;
    uint64_t unreported, unreported_bytes; /* messages that librdkafka has */
    struct kafka_run run;
    uint64_t answered; /* of the reports that are being taken: delivered or rejected */

    enum kafka_mode mode;
    struct kafka_limits limits; /* of the current handle */
    struct kafka_limits next;   /* of the next one */
    bool renew;                 /* the hold ends with another handle */
    bool shut_out;              /* brokers refused the one that is held: it sends nothing more */
    uint64_t careful;           /* so many messages more, refused with others, are sent with care */
    bool refused;               /* brokers refuse us, or are away */
    char why[KAFKA_WHY_MAX];    /* it holds, or is refused */

    struct weir_counter *repeats, *renewals;
    bool opened;
};

/* Produces what there is, as far as there is room. */
void kafka_send(struct out_kafka *self);
void kafka_send_again(void *self); /* the same, for timers */
/* Takes a delivery in. */
void kafka_send_take(struct out_kafka *self, struct weir_delivery *delivery);
/* Gives back, to be tried again, what librdkafka does not have. */
void kafka_send_give_back(struct out_kafka *self);

/* Takes everything from librdkafka's queue. */
void kafka_reports_take(void *self);

/* Nothing can be delivered for now, because of `why`: takes back what librdkafka has not sent yet. With
 * `renew`, goes on with another handle, of limits self->next. */
void kafka_hold(struct out_kafka *self, bool renew, const char *why);
/* The same with renew, when it is no failure and so not told: something has changed. */
void kafka_renew(struct out_kafka *self, const char *why);
/* Whether the next handle is one with other limits. */
bool kafka_is_parting(const struct out_kafka *self);
void kafka_hold_still(void *self); /* the timer's */
/* Goes on when the last report has come. */
void kafka_hold_end(struct out_kafka *self);
/* Brokers refuse us, or are away: librdkafka keeps trying, and we say so until something is delivered. */
void kafka_refused(struct out_kafka *self, const char *why);
void kafka_refused_still(void *self); /* the timer's */

#endif
