/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_PRODUCER_H
#define OUT_KAFKA_PRODUCER_H

#include "credentials.h"

/* A handle of librdkafka, with the queue on which it tells what happens and a descriptor that says when. */
struct kafka_producer {
    rd_kafka_t *rk; /* NULL: there is none */
    rd_kafka_queue_t *queue;
    int fd; /* readable when the queue has something; -1 until init */
};

/* 0, or a negative errno with *err set. */
int kafka_producer_init(struct kafka_producer *producer, struct weir_error *err);
void kafka_producer_deinit(struct kafka_producer *producer); /* fine on all zeros but fd -1 */

/* Starts librdkafka's threads, which connect by themselves. 0, or a negative errno with *err set: -ENOKEY when there is no
 * password to log in with, which may come. */
int kafka_producer_open(struct kafka_producer *producer, const struct kafka_options *options,
                        struct kafka_credentials *credentials, const struct kafka_limits *limits,
                        struct weir_error *err);
/* Ends them. Messages that have not been reported are not any more. Takes some milliseconds. */
void kafka_producer_close(struct kafka_producer *producer);

/* The error that the handle does not recover from, after which it takes nothing more; 0: there was none. */
rd_kafka_resp_err_t kafka_producer_fatal(const struct kafka_producer *producer);

/* Makes the descriptor readable once more: there is more to do. */
void kafka_producer_wake(struct kafka_producer *producer);
/* It is not readable until there is something new. */
void kafka_producer_rest(struct kafka_producer *producer);

#endif
