/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ADMIN_HTTP_SERVER_H
#define WEIR_ADMIN_HTTP_SERVER_H

#include <stdio.h>

#include "admin/http_request.h"

/* A small HTTP server, on an event base of the caller's. See http_server.c
 * for its limits. Everything runs on the thread of that base. */
struct http_server;
struct event_base;

#define HTTP_CONNECTIONS_MAX 16
#define HTTP_READ_MS 5000 /* enough for any request */

struct http_response {
    int status;               /* 200 to begin with */
    const char *content_type; /* a constant; text/plain to begin with */
    const char *allow; /* with status 405, the methods that there are; "GET, HEAD" to begin with */
    FILE *body;        /* to be written to */
};

/* Answers one request. The views in `request` end with the call. */
typedef void http_answer_f(void *arg, const struct http_request *request,
                           struct http_response *response);

struct http_server_options {
    int fd; /* a bound, non-blocking socket; the server's from here, also when this fails */
    bool local_hosts_only; /* refuse a Host header that is not an address or localhost */
    weir_ms read_max;      /* by then, from its start, a connection must have said what it wants */
    http_answer_f *answer;
    void *arg;
};

/* NULL when memory or descriptors are short, with errno set. */
struct http_server *http_server_new(struct event_base *base,
                                    const struct http_server_options *options);
/* Closes the socket and every connection. NULL is fine; returns NULL. */
struct http_server *http_server_free(struct http_server *server);

#endif
