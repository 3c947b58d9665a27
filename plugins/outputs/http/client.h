/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_CLIENT_H
#define OUTPUTS_HTTP_CLIENT_H

#include <curl/curl.h>
#include <weir/http.h>
#include <weir/secret.h>

#define CLIENT_FILES 4 /* ca, cert, key, and the key's password */

/* Requests on an output's own loop. See client.c. */
struct http_client {
    struct weir_host *host;
    const struct weir_http *options;
    CURLM *multi;
    int epoll; /* holds libcurl's sockets; -1: none */
    struct weir_watch *watch;
    struct weir_timer *timer;
    struct weir_file_version files[CLIENT_FILES];
    struct weir_secret key_password;
    weir_ms looked; /* at the files */
    bool stale;     /* they have changed: connections are to be made anew */
    unsigned under_way;
    bool due;    /* libcurl wants to be called at once */
    bool global; /* libcurl was initialised */
};

/* How a request ended. */
struct http_result {
    CURLcode code;       /* CURLE_OK: an answer came, whole or cut at its maximum */
    int status;          /* 0 when there is none */
    weir_ms retry_after; /* -1: it did not say */
    struct weir_str body;
    bool cut;          /* the answer was longer than what is kept of it */
    const char *error; /* what libcurl says to `code` */
};

struct http_request;
typedef void http_done_f(struct http_request *request, const struct http_result *result, void *arg);

/* One request; used again and again. All zero at first. */
struct http_request {
    CURL *easy;
    struct http_client *client;
    struct curl_slist *headers;
    struct weir_bytes answer; /* `max` is what is kept of it */
    uint64_t discarded;       /* bytes of the answer beyond that */
    bool cut, under_way;
    char error[CURL_ERROR_SIZE];
    http_done_f *done;
    void *arg;
};

/* What is posted. Text and body are borrowed until the request is done. */
struct http_post {
    const char *url;
    struct weir_str body;
    const char *const *headers;  /* "Name: value", ended by NULL; copied */
    const char *user, *password; /* basic authentication; NULL: none */
    size_t answer_max;
};

/* `ready` and `expired` are called by the loop with the plugin's state, and call http_client_ready() and
 * http_client_expired(). 0, or a negative errno with *err set. Even when it fails, http_client_close() is due. */
WEIR_MUST_USE int http_client_open(struct http_client *client, struct weir_host *host,
                                   const struct weir_http *options, weir_call_f *ready,
                                   weir_call_f *expired, struct weir_error *err);
/* No request may be under way. */
void http_client_close(struct http_client *client);
/* Does what can be done without waiting. False: it stopped before the end, and the loop will call again. */
bool http_client_ready(struct http_client *client);
void http_client_expired(struct http_client *client);

/* Begins; `done` is called later, once, from the loop. 0, or -ENOMEM. A client that is stale takes none: see
 * http_client_is_stale(). */
WEIR_MUST_USE int http_client_post(struct http_client *client, struct http_request *request,
                                   const struct http_post *post, http_done_f *done, void *arg);
/* Ends a request without an answer: `done` is not called. */
void http_client_cancel(struct http_request *request);
void http_request_deinit(struct http_request *request);

/* True while certificates have changed and requests with the old ones are under way: begin none until the
 * last of them is done. Looks at the files now and then. */
bool http_client_is_stale(struct http_client *client);

/* What a failure without an answer means for the records: WEIR_HTTP_RETRY, or WEIR_HTTP_PAUSE where only a person
 * can help. */
enum weir_http_verdict http_client_verdict(CURLcode code);

#endif
