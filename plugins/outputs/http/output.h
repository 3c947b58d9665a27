/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_OUTPUT_H
#define OUTPUTS_HTTP_OUTPUT_H

#include "auth.h"
#include "job.h"

/* An output of an HTTP service. See output.c. */
struct http_output {
    const struct weir_http *options;
    const struct weir_http_service *service;
    struct weir_host *host;
    struct http_maker maker;
    struct http_client client;
    struct http_auth auth;
    struct http_endpoints endpoints;

    struct http_held held[WEIR_HTTP_DELIVERIES];
    struct http_lanes lanes;
    struct http_job *jobs;  /* live ones, oldest first */
    struct http_job *spare; /* linked by `next` */

    size_t max_bytes;      /* of a body: as configured, or less where the service refused that */
    double growth;         /* bytes of a body for a byte of batch data */
    weir_ms last_begun;    /* a request that was not a repeat */
    weir_ms last_came;     /* a delivery */
    uint32_t rejected_row; /* records rejected with none taken in between */
    bool draining, stopped, pumping;

    struct weir_timer *timer, *last_moment;
    char **headers; /* "Name: value" from the options, ended by NULL */
};

/* Moves on: begins what can be begun. */
void http_output_pump(struct http_output *output);
/* For judge.c, which takes the answers: a job that has ended, or is to be sent again. */
void http_output_answered(struct http_request *request, const struct http_result *result,
                          void *arg);

#endif
