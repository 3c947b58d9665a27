/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_TARGET_H
#define OUTPUTS_HTTP_TARGET_H

#include "options.h"

/* Where a record goes, as far as that depends on it: what its values make of urls and headers that are templates. See
 * target.c. */

/* The most that one record's urls and headers may hold. */
#define HTTP_TARGET_BYTES_MAX 8192

struct http_target_part {
    struct weir_template *tpl;
    const char *header; /* its name; NULL: it is an url, */
    unsigned endpoint;  /* of this endpoint */
};

struct http_targets {
    struct http_target_part parts[HTTP_ENDPOINTS_MAX + HTTP_HEADERS_MAX];
    unsigned count;         /* of those that depend on the record; 0: all records have one target */
    struct weir_bytes text; /* the target that was made last: the text of each part, ended by NUL */
    struct weir_bytes value;
};

/* Compiles the templates among `options`; `url` of an endpoint with the service's path and query comes from
 * http_target_url_of(). 0, or a negative errno with *err set; http_targets_deinit() is due either way. */
WEIR_MUST_USE int http_targets_init(struct http_targets *targets, const struct weir_http *options,
                                    const char *path, struct weir_str query,
                                    struct weir_error *err);
void http_targets_deinit(struct http_targets *targets);

/* An url as it is configured, with `path` where it has none of its own, and `query` added. From malloc; NULL: memory is short. */
char *http_target_url_of(const char *configured, const char *path, struct weir_str query);

/* Makes `targets->text` for record `i`: 0, -ENOMEM, or -EINVAL, and *ret_why says why such a record cannot be sent. */
WEIR_MUST_USE int http_targets_make(struct http_targets *targets, const struct weir_batch *batch,
                                    uint32_t i, const char **ret_why);

/* Of a target's text: the url for an endpoint; NULL, when that is the same for all records. */
const char *http_target_url(const struct http_targets *targets, const char *text,
                            unsigned endpoint);
/* Its headers, "Name: value", as views into `text`: puts them at `ret`, and returns how many. */
size_t http_target_headers(const struct http_targets *targets, const char *text, const char **ret);

#endif
