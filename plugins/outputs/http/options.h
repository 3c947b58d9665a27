/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_OPTIONS_H
#define OUTPUTS_HTTP_OPTIONS_H

#include <weir/http.h>

#define HTTP_ENDPOINTS_MAX 16
#define HTTP_HEADERS_MAX 64 /* of the options */
#define HTTP_CONCURRENCY_MAX 64
/* The most that `auto` comes to, over all endpoints: so many requests, and so many bytes in them. */
#define HTTP_AUTO_REQUESTS 16
#define HTTP_AUTO_BYTES (6 * 1024 * 1024)
#define HTTP_CONCURRENCY_BAD UINT32_MAX

enum http_compression { HTTP_PLAIN, HTTP_GZIP, HTTP_ZSTD };
enum http_on_reject { HTTP_REJECT_DEAD_LETTER, HTTP_REJECT_DROP, HTTP_REJECT_HOLD };
enum http_order { HTTP_ORDER_STREAM, HTTP_ORDER_NONE };

/* What is wrong with the options that every service has: 0, or -EINVAL with *err set. */
int http_options_check(const struct weir_http *http, struct weir_error *err);

/* 1 to HTTP_CONCURRENCY_MAX, 0 for auto, or HTTP_CONCURRENCY_BAD. */
unsigned http_concurrency_parse(const char *text);

/* The most requests that may ever be under way to one endpoint. */
unsigned http_concurrency_max(const struct weir_http *http);

#endif
