/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_AUTH_H
#define OUTPUTS_HTTP_AUTH_H

#include "client.h"

#define AUTH_WHY_MAX 256

/* How requests say who is posting. See auth.c. */
struct http_auth {
    const struct weir_http *options;
    struct http_client *client;
    struct weir_secret secret; /* the password, the token or the client's secret */
    char *header;              /* "Authorization: Bearer ..."; NULL: none yet */
    bool changed;              /* the token is asked for again: the service has refused it */

    /* A token from an OAuth2 server. */
    struct http_request request;
    struct weir_bytes form;
    weir_ms expires;    /* weir_now(); 0: there is none */
    weir_ms not_before; /* the next try to get one */
    unsigned failures;
    char why[AUTH_WHY_MAX];   /* there is none; "": all is well */
    void (*ready)(void *arg); /* a request for a token has ended */
    void *arg;
};

void http_auth_init(struct http_auth *auth, const struct weir_http *options,
                    struct http_client *client, void (*ready)(void *arg), void *arg);
void http_auth_deinit(struct http_auth *auth);

enum http_auth_answer {
    AUTH_READY,   /* `post` has what it needs */
    AUTH_WAIT,    /* a token is being asked for: `ready` will be called */
    AUTH_MISSING, /* there is none, see `why`; again later */
};

/* Prepares a request: user and password of `post`, or *ret_header, a line that lives until the next call;
 * NULL: none is needed. */
enum http_auth_answer http_auth_prepare(struct http_auth *auth, struct http_post *post,
                                        const char **ret_header);
/* The service has answered 401. True when it is worth trying again at once: a token was used that can be
 * had anew, and was not had anew for this very reason just now. */
bool http_auth_refused(struct http_auth *auth);
void http_auth_accepted(struct http_auth *auth);

#endif
