/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_ENDPOINT_H
#define OUTPUTS_HTTP_ENDPOINT_H

#include "limit.h"
#include "options.h"
#include "verdict.h"

/* One of the places that an output posts to, and how it is doing. See endpoint.c. */
struct http_endpoint {
    char *url; /* with the service's path, where the configured one had none */
    struct http_limit limit;
    unsigned under_way;
    unsigned failures; /* in a row, of any request */
    weir_ms until;     /* nothing is begun before */
    bool held;         /* a person must act first */
    bool plain;        /* it has refused a compressed body */
    struct weir_counter *limit_metric, *under_way_metric, *round_trip_metric, *requests_metric;
};

struct http_endpoints {
    struct http_endpoint all[HTTP_ENDPOINTS_MAX];
    unsigned count, turn;
    uint64_t random;
    weir_ms retry_first, retry_max, pause;
};

/* The options have been checked; `query` is added to each url. 0, or -ENOMEM. */
WEIR_MUST_USE int http_endpoints_init(struct http_endpoints *endpoints,
                                      const struct weir_http *options, const char *path,
                                      struct weir_str query, uint64_t random);
/* Their metrics, each with the endpoint's host and port as a label. */
void http_endpoints_declare(struct http_endpoints *endpoints, struct weir_host *host);
void http_endpoints_show(const struct http_endpoints *endpoints);
void http_endpoints_deinit(struct http_endpoints *endpoints);

/* The one for the next request: of those that take one now, the least busy for its limit, in turn. NULL
 * when there is none. */
struct http_endpoint *http_endpoints_pick(struct http_endpoints *endpoints, weir_ms now);
/* When one that has room will take a request again; INT64_MAX: not before an answer comes. */
weir_ms http_endpoints_next(const struct http_endpoints *endpoints);
/* True when a person must act at all of them. */
bool http_endpoints_held(const struct http_endpoints *endpoints);

/* A wait between nothing and `first` * 2^(failures-1), `max` at most ("full jitter"). */
weir_ms http_backoff(struct http_endpoints *endpoints, unsigned failures);

/* The endpoint has answered for its records, well or ill: it is alive. */
void http_endpoint_answered(struct http_endpoint *endpoint);
/* It could not take a request; it asked for so long a wait (milliseconds; -1: it did not). */
void http_endpoint_failed(struct http_endpoints *endpoints, struct http_endpoint *endpoint,
                          weir_ms begun, weir_ms now, weir_ms retry_after);
/* A person must act. Returns how long nothing will be sent there. */
weir_ms http_endpoint_hold(struct http_endpoints *endpoints, struct http_endpoint *endpoint,
                           weir_ms now);

#endif
