/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ADMIN_HTTP_REQUEST_H
#define WEIR_ADMIN_HTTP_REQUEST_H

#include <weir/str.h>

/* An HTTP/1 request (RFC 9112), as far as an admin endpoint needs it. */

#define HTTP_REQUEST_BYTES_MAX 8192 /* a head that is longer is refused */
#define HTTP_BODY_BYTES_MAX 65536   /* and a body */

struct http_request {
    struct weir_str method;
    struct weir_str path;   /* begins with '/'; as sent, escapes are not undone */
    struct weir_str query;  /* behind the '?', or empty */
    struct weir_str host;   /* of the Host header, or empty */
    struct weir_str accept; /* of the Accept header, or empty */
    struct weir_str body;   /* of a POST */
    bool is_head;           /* HEAD: everything but the body */
    bool is_post;
};

enum http_parse { HTTP_INCOMPLETE = 0, HTTP_OK = 200 };

/* Parses what has arrived so far, from the start of the connection.
 *   HTTP_OK          *ret is set, with views into `data`;
 *   HTTP_INCOMPLETE  the head does not end yet, or the body of a POST does not;
 *   otherwise        the status to refuse it with: 400, 405 (neither GET, HEAD nor POST), 411 (a POST that does not
 *                    say its length), 413 (too long a body, or any without POST), 431 (longer than
 *                    HTTP_REQUEST_BYTES_MAX) or 505. */
int http_request_parse(struct weir_str data, struct http_request *ret);

/* True when the query has the parameter `name`, alone or with any value. */
bool http_query_has(struct weir_str query, struct weir_str name);

/* True when a Host header names this machine by an address or as localhost, or is empty; any port. See
 * server.c for why. */
bool http_host_is_local(struct weir_str host);

#endif
