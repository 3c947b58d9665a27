/* SPDX-License-Identifier: Apache-2.0 */
/* An output that posts: from deliveries to requests, for every HTTP service alike.
 *
 *     deliver ─▶ lanes, by target ─▶ queues, by stream ─▶ jobs ─▶ endpoints, each with its limit ─▶ judge ─▶ settled
 *                                                          ▲                                         │
 *                                                          └────── again, in part, in halves ────────┘
 *
 * Up to 64 batches are taken from the host and stay until their last record has been answered. Requests are
 * cut from what waits without regard to where a batch ends: one batch may become several requests, many
 * small ones become one.
 *
 * Jobs try again here and not in the host, which knows one queue and would hold all of it for the sake of
 * one request: a job that waits holds its own streams and no other.
 *
 * "pump" is the one place where requests begin. It runs when a delivery comes, when a request has ended, and
 * when a wait is over. */
#include "plan.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* How long before the deadline of a stop everything is given back. */
#define LAST_MOMENT_MS 50
#define ANSWER_BYTES_DEFAULT 4096
#define KEY_HEADER_MAX 80
#define QUERY_BYTES_MAX ((size_t)64 * 1024)
/* When memory was short. */
#define SPREAD_AGAIN_MS 1000

static struct http_output *output_of(void *state)
{
    return ((struct weir_http *)state)->output;
}

/* ---- requests ---------------------------------------------------------------------------------------------- */

/* The body may be missing where memory was short, or be compressed where the endpoint wants none of that. */
static int ready_body(struct http_output *output, struct http_job *job,
                      const struct http_endpoint *endpoint)
{
    struct http_maker plain = output->maker;
    plain.compression = HTTP_PLAIN;
    const struct http_maker *maker = endpoint->plain ? &plain : &output->maker;
    if (!job->records)
        return http_job_encode(job, maker);
    if (endpoint->plain && job->compression != HTTP_PLAIN)
        return http_job_pack(job, maker);
    return 0;
}

/* The endpoint's, with the request's key in it where the service wants that. */
static int set_url(const struct http_output *output, struct http_job *job, struct http_post *post)
{
    const char *(*argument)(const void *) = output->service->key_argument;
    const char *name = argument ? argument(output->options) : NULL;
    if (!name)
        return 0;
    free(job->url);
    if (asprintf(&job->url, "%s%c%s=%s", post->url, strchr(post->url, '?') ? '&' : '?', name,
                 job->key) < 0) {
        job->url = NULL;
        return -ENOMEM;
    }
    post->url = job->url;
    return 0;
}

static int post(struct http_output *output, struct http_job *job, struct http_post *post_,
                const char *auth)
{
    const char *headers[HTTP_HEADERS_MAX + 5];
    char key[KEY_HEADER_MAX], type[256], encoding[64];
    size_t count = 0;
    snprintf(key, sizeof(key), "Idempotency-Key: \"%s\"", job->key);
    snprintf(type, sizeof(type), "Content-Type: %s",
             output->service->content_type(output->options));
    headers[count++] = type;
    headers[count++] = key;
    if (job->compression != HTTP_PLAIN) {
        snprintf(encoding, sizeof(encoding), "Content-Encoding: %s",
                 http_compression_name(job->compression));
        headers[count++] = encoding;
    }
    if (auth)
        headers[count++] = auth;
    for (size_t i = 0; output->headers[i]; i++)
        headers[count++] = output->headers[i];
    count += http_target_headers(&output->lanes.targets, job->lane->target, &headers[count]);
    headers[count] = NULL;
    if (set_url(output, job, post_) < 0)
        return -ENOMEM;
    post_->headers = headers;
    post_->body = job->posted;
    post_->answer_max =
        output->service->answer_max ? output->service->answer_max : ANSWER_BYTES_DEFAULT;
    return http_client_post(&output->client, &job->request, post_, http_output_answered, output);
}

/* Begins the job's request at the endpoint. False when nothing can begin now. */
static bool begin(struct http_output *output, struct http_job *job, struct http_endpoint *endpoint,
                  weir_ms now)
{
    const char *auth, *url = http_target_url(&output->lanes.targets, job->lane->target,
                                             (unsigned)(endpoint - output->endpoints.all));
    struct http_post what = { .url = url ? url : endpoint->url };
    switch (http_auth_prepare(&output->auth, &what, &auth)) {
    case AUTH_READY: break;
    case AUTH_WAIT: return false;
    case AUTH_MISSING:
        weir_error(output->host, "there are no credentials; records are held",
                   weir_kv_str("why", output->auth.why));
        weir_pause(output->host, http_endpoint_hold(&output->endpoints, endpoint, now),
                   weir_str_of(output->auth.why));
        return false;
    }
    if (ready_body(output, job, endpoint) < 0 || post(output, job, &what, auth) < 0) {
        job->not_before = now + http_backoff(&output->endpoints, ++job->tries);
        weir_retried(output->host, WEIR_STR("out of memory for a request"));
        return false;
    }
    job->state = JOB_UNDER_WAY;
    job->endpoint = endpoint;
    job->companions = ++endpoint->under_way;
    job->begun = now;
    if (!job->tries)
        output->last_begun = job->lane->last_begun = now;
    weir_counter_add(endpoint->requests_metric, 1);
    return true;
}

/* Lets in what there is room for; false when memory was short. */
static bool spread(struct http_output *output)
{
    size_t pieces = 0;
    for (const struct http_job *job = output->jobs; job; job = job->next)
        pieces += job->piece_count;
    return http_lanes_spread(&output->lanes, pieces, output->last_begun);
}

void http_output_pump(struct http_output *output)
{
    weir_ms now = weir_now(output->host), next = INT64_MAX;
    if (output->stopped)
        return;
    while (!http_client_is_stale(&output->client)) {
        struct http_endpoint *endpoint = http_endpoints_pick(&output->endpoints, now);
        if (!endpoint) {
            weir_ms later = http_endpoints_next(&output->endpoints);
            if (output->jobs || http_lanes_hold_any(&output->lanes))
                next = later < next ? later : next;
            break;
        }
        struct http_job *job = http_plan_next(output, now, &next);
        if (http_lanes_are_full(&output->lanes) && !spread(output) && now + SPREAD_AGAIN_MS < next)
            next = now + SPREAD_AGAIN_MS;
        if (!job)
            job = http_plan_new(output, now, &next);
        if (!job || !begin(output, job, endpoint, now)) {
            if (job) {
                weir_ms later = job->not_before > now ? job->not_before : endpoint->until;
                next = later > now && later < next ? later : next;
            }
            break;
        }
    }
    if (next != INT64_MAX)
        weir_timer_set(output->timer, next > now ? next - now : 0);
    http_endpoints_show(&output->endpoints);
}

static void token_ready(void *arg)
{
    http_output_pump(arg);
}

/* ---- what the host asks -------------------------------------------------------------------------------------- */

void weir_http_deliver(void *state, struct weir_delivery *delivery)
{
    struct http_output *output = output_of(state);
    struct http_held *held = output->held;
    const struct weir_slice *slice = weir_delivery_slice(delivery);
    if (output->stopped) {
        weir_settle_all(delivery, WEIR_RETRY, WEIR_STR("stopped"));
        return;
    }
    while (held->delivery)
        held++;
    assert(held < &output->held[WEIR_HTTP_DELIVERIES]);
    *held = (struct http_held){ .delivery = delivery, .slice = *slice };
    held->unsettled = http_slice_count(slice, slice->first, slice->count);
    output->last_came = weir_now(output->host);
    if (http_lanes_add(&output->lanes, held) < 0) {
        held->delivery = NULL;
        weir_settle_all(delivery, WEIR_RETRY, WEIR_STR("out of memory"));
        return;
    }
    http_output_pump(output);
    if (!output->client.due)
        http_plan_ahead(output);
}

static void give_up(void *state)
{
    static const char why[] = "stopped before the service answered";
    struct http_output *output = output_of(state);
    output->stopped = true;
    http_client_cancel(&output->auth.request);
    while (output->jobs) {
        struct http_job *job = output->jobs;
        http_client_cancel(&job->request);
        http_job_give_back(job, weir_str_of(why));
        http_plan_end(output, job);
    }
    http_lanes_give_back(&output->lanes, weir_str_of(why));
    weir_timer_cancel(output->timer);
}

void weir_http_drain(void *state, weir_ms deadline)
{
    struct http_output *output = output_of(state);
    output->draining = true;
    weir_timer_set(output->last_moment, deadline > LAST_MOMENT_MS ? deadline - LAST_MOMENT_MS : 0);
    http_output_pump(output);
}

/* ---- a life ---------------------------------------------------------------------------------------------------- */

static void on_timer(void *state)
{
    http_output_pump(output_of(state));
}

static void on_client_ready(void *state)
{
    struct http_output *output = output_of(state);
    if (http_client_ready(&output->client))
        http_plan_ahead(output);
}

static void on_client_expired(void *state)
{
    http_client_expired(&output_of(state)->client);
    on_client_ready(state);
}

/* libcurl sends a header without a value when it ends with a semicolon. */
static char *header_line(const char *name, struct weir_str value)
{
    char *line = NULL;
    int r = value.len ? asprintf(&line, "%s: %.*s", name, (int)value.len, value.ptr)
                      : asprintf(&line, "%s;", name);
    return r < 0 ? NULL : line;
}

/* Those that are the same for all records. */
static int make_headers(struct http_output *output)
{
    const struct weir_pairs *pairs = &output->options->headers;
    size_t count = 0;
    int r = 0;
    output->headers = calloc(pairs->count + 1, sizeof(output->headers[0]));
    if (!output->headers)
        return -ENOMEM;
    for (size_t i = 0; r == 0 && i < pairs->count; i++) {
        struct weir_error wrong = { 0 };
        struct weir_template *tpl = weir_template_new(pairs->items[i].value, &wrong);
        if (tpl && weir_template_is_constant(tpl))
            output->headers[count] = header_line(pairs->items[i].name, weir_template_text(tpl));
        if (!tpl || (weir_template_is_constant(tpl) && !output->headers[count++]))
            r = -ENOMEM; /* it has been compiled before */
        weir_template_free(tpl);
    }
    return r;
}

/* Where requests go: endpoints, and lanes for what records say of it. */
static int make_ways(struct http_output *output, struct weir_error *err)
{
    const struct weir_http_service *service = output->service;
    const struct weir_http *options = output->options;
    struct weir_bytes bytes = { .max = QUERY_BYTES_MAX };
    const char *path = service->path_of ? service->path_of(options) : service->path;
    int r = service->query ? service->query(options, &bytes) : 0;
    const struct weir_str query = { bytes.data, bytes.len };
    if (r == 0)
        r = http_endpoints_init(&output->endpoints, options, path, query,
                                (uint64_t)weir_now_wall(output->host) ^ (uintptr_t)output);
    if (r < 0)
        weir_error_set(err, r, "out of memory");
    if (r == 0)
        r = http_targets_init(&output->lanes.targets, options, path, query, err);
    if (r == 0 && http_lanes_init(&output->lanes) < 0)
        r = weir_error_set(err, -ENOMEM, "out of memory");
    weir_bytes_free(&bytes);
    return r;
}

int weir_http_open(void *state, const struct weir_http_service *service, struct weir_host *host,
                   struct weir_error *err)
{
    struct weir_http *http = state;
    struct http_output *output = http->output = calloc(1, sizeof(*output));
    if (!output)
        return weir_error_set(err, -ENOMEM, "out of memory");
    output->options = http;
    output->service = service;
    output->host = host;
    output->max_bytes = http->batch.max_bytes;
    output->growth = 1;
    output->last_begun = weir_now(host) - http->batch.linger;
    output->lanes.unordered = http->order == HTTP_ORDER_NONE;
    output->client.epoll = -1;
    output->timer = weir_timer_new(host, on_timer);
    output->last_moment = weir_timer_new(host, give_up);
    output->lanes.rejected = http->on_reject == HTTP_REJECT_DROP ? WEIR_DROPPED : WEIR_REJECTED;
    output->maker =
        (struct http_maker){ service, state, http_compressor_new(),
                             (enum http_compression)http->compression, output->lanes.rejected };
    if (!output->timer || !output->last_moment || !output->maker.compressor ||
        make_headers(output) < 0)
        return weir_error_set(err, -ENOMEM, "out of memory");
    int r = make_ways(output, err);
    if (r < 0)
        return r;
    http_endpoints_declare(&output->endpoints, host);
    r = http_client_open(&output->client, host, http, on_client_ready, on_client_expired, err);
    if (r < 0)
        return r;
    http_auth_init(&output->auth, http, &output->client, token_ready, output);
    if (!http->tls.verify)
        weir_warn(host,
                  "the server's certificate is not verified: anyone on the way can read the log",
                  weir_kv_str("url", http->url.items[0]));
    return service->open ? service->open(state, host, err) : 0;
}

void weir_http_close(void *state, const struct weir_http_service *service)
{
    struct weir_http *http = state;
    struct http_output *output = http->output;
    if (service->close)
        service->close(state);
    if (!output)
        return;
    for (struct http_job *job = output->jobs, *next; job; job = next) {
        next = job->next;
        job->next = output->spare;
        output->spare = job;
    }
    for (struct http_job *job = output->spare, *next; job; job = next) {
        next = job->next;
        http_request_deinit(&job->request);
        http_job_deinit(job);
        free(job);
    }
    http_auth_deinit(&output->auth);
    http_client_close(&output->client);
    http_endpoints_deinit(&output->endpoints);
    http_lanes_deinit(&output->lanes);
    http_compressor_free(output->maker.compressor);
    for (size_t i = 0; output->headers && output->headers[i]; i++)
        free(output->headers[i]);
    free(output->headers);
    weir_timer_free(output->timer);
    weir_timer_free(output->last_moment);
    free(output);
    http->output = NULL;
}
