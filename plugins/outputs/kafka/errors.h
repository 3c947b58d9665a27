/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_ERRORS_H
#define OUT_KAFKA_ERRORS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* What an error in a delivery report means for its message, and for those behind it. See errors.c. */
enum kafka_fate {
    KAFKA_DONE,    /* delivered */
    KAFKA_BACK,    /* we took it back ourselves */
    KAFKA_HELD,    /* nothing is wrong with it: wait, and send it again */
    KAFKA_SHRINK,  /* its batch is too large for the broker */
    KAFKA_ISOLATE, /* something in its batch is wrong, and nobody says what */
    KAFKA_RENEW,   /* the producer is finished: send it with another one */
};
enum kafka_fate kafka_fate_of(rd_kafka_resp_err_t err);

/* True for errors of a connection that no retry mends: somebody must do something. */
bool kafka_error_is_refusal(rd_kafka_resp_err_t err);

#endif
