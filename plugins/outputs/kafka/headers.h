/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_HEADERS_H
#define OUT_KAFKA_HEADERS_H

#include "options.h"

/* The headers of a message: the record's id, its trace context, and templates. */
struct kafka_header {
    const char *name;
    size_t name_len;
    struct weir_template *value;
};

struct kafka_headers {
    const char *record_id, *trace; /* names; NULL: none */
    size_t record_id_len, trace_len;
    struct kafka_header *items;
    size_t count;
    struct weir_bytes text;
};

/* Names live as long as the options. 0, or a negative errno with *err set. */
int kafka_headers_init(struct kafka_headers *headers, const struct kafka_options *options,
                       struct weir_error *err);
void kafka_headers_deinit(struct kafka_headers *headers); /* fine on all zeros */

/* Those of record `i`: *ret is the caller's, or NULL when there are none. 0 or -ENOMEM. */
int kafka_headers_make(struct kafka_headers *headers, const struct weir_batch *batch, uint32_t i,
                       rd_kafka_headers_t **ret);

/* "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01": W3C Trace Context, section traceparent. False when
 * one of the ids is not set. */
#define KAFKA_TRACEPARENT_BYTES 55
bool kafka_traceparent(const struct weir_trace *trace, char ret[KAFKA_TRACEPARENT_BYTES]);

#endif
