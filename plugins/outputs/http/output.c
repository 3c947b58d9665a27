/* SPDX-License-Identifier: Apache-2.0 */
/* An output that posts: from deliveries to requests, for every HTTP service alike.
 *
 *     deliver ─▶ queue, by stream ─▶ jobs ─▶ endpoints, each with its limit ─▶ judge ─▶ settled
 *                                     ▲                                         │
 *                                     └────── again, in part, in halves ────────┘
 *
 * Up to 64 batches are taken from the host and stay until their last record has been answered. Requests are
 * cut from what waits without regard to where a batch ends: one batch may become several requests, many
 * small ones become one.
 *
 * When is a request made? When there is enough for a full body; when the last one was begun `linger` ago; when
 * nothing more can come (all 64 batches are here, the agent stops). So the first record of a quiet hour goes at
 * once, and under load bodies are full.
 *
 * While requests are under way one job may be made ahead: its records wait for the same streams, and its body
 * is ready when they are free. With one busy stream that is what keeps the connection busy. It is made when
 * libcurl has nothing to do, so that the server reads one body while the next is made.
 *
 * Jobs try again here and not in the host, which knows one queue and would hold all of it for the sake of
 * one request: a job that waits holds its own streams and no other.
 *
 * "pump" is the one place where requests begin. It runs when a delivery comes, when a request has ended, and
 * when a wait is over. */
#include "output.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* How long before the deadline of a stop everything is given back. */
#define LAST_MOMENT_MS 50
#define ANSWER_BYTES_DEFAULT 4096
#define KEY_HEADER_MAX 80
#define QUERY_BYTES_MAX ((size_t)64 * 1024)

static struct http_output *output_of(void *state)
{
    return ((struct weir_http *)state)->output;
}

/* ---- jobs ----------------------------------------------------------------------------------------------- */

static struct http_job *spare_job(struct http_output *output)
{
    struct http_job *job = output->spare;
    if (job)
        output->spare = job->next;
    else
        job = calloc(1, sizeof(*job));
    if (job)
        job->next = NULL;
    return job;
}

void http_output_end_job(struct http_output *output, struct http_job *job)
{
    struct http_job **at = &output->jobs;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    http_job_reset(job);
    job->next = output->spare;
    output->spare = job;
}

static uint64_t held_buckets(const struct http_output *output)
{
    uint64_t held = 0;
    for (const struct http_job *job = output->jobs; job; job = job->next)
        held |= job->buckets;
    return held;
}

/* The oldest job that may begin now: none before it holds a bucket of its. *ret_next is when one will, that only
 * has to wait. */
static struct http_job *next_job(const struct http_output *output, weir_ms now, weir_ms *ret_next)
{
    uint64_t before = 0;
    for (struct http_job *job = output->jobs; job; job = job->next) {
        if (job->state == JOB_WAITING && !(job->buckets & before)) {
            if (job->not_before <= now)
                return job;
            if (job->not_before < *ret_next)
                *ret_next = job->not_before;
        }
        before |= job->buckets;
    }
    return NULL;
}

/* Makes a job of what waits in the buckets `among`; NULL when there was nothing to be taken after all, or memory is
 * short. */
static struct http_job *make_job(struct http_output *output, uint64_t among)
{
    struct http_job *job = spare_job(output), **last = &output->jobs;
    uint64_t before = http_queue_waiting(&output->queue, among).bytes;
    uint32_t rejected = 0;
    if (!job)
        return NULL;
    int r = http_job_fill(job, &output->maker, &output->queue, among, output->max_bytes,
                          (uint32_t)output->options->batch.max_records, &rejected);
    while (*last)
        last = &(*last)->next;
    *last = job;
    job->state = JOB_WAITING;
    if (!job->items) {
        http_output_end_job(output, job);
        return NULL;
    }
    if (r < 0)
        job->records = 0; /* it has no body yet */
    uint64_t taken = before - http_queue_waiting(&output->queue, among).bytes;
    if (r == 0 && taken)
        output->growth += ((double)job->body.len / (double)taken - output->growth) / 8;
    return job;
}

static bool is_full(const struct http_output *output, uint64_t among)
{
    struct http_waiting waiting = http_queue_waiting(&output->queue, among);
    return (double)waiting.bytes * output->growth >= (double)output->max_bytes ||
           waiting.records >= (uint64_t)output->options->batch.max_records;
}

static bool holds_all_it_can(const struct http_output *output)
{
    uint64_t bytes = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < WEIR_HTTP_DELIVERIES; i++)
        if (output->held[i].delivery) {
            const struct weir_batch *batch = output->held[i].slice.batch;
            bytes += batch->ends[batch->count - 1];
            count++;
        }
    return count == WEIR_HTTP_DELIVERIES || bytes >= WEIR_HTTP_WINDOW_BYTES / 2;
}

/* A new job, if there is reason to make one now; *ret_next is when there will be. */
static struct http_job *new_job(struct http_output *output, weir_ms now, weir_ms *ret_next)
{
    uint64_t among = output->queue.waiting & ~held_buckets(output);
    weir_ms due = output->last_begun + output->options->batch.linger;
    if (!among)
        return NULL;
    if (!output->draining && now < due && !is_full(output, among) && !holds_all_it_can(output)) {
        if (due < *ret_next)
            *ret_next = due;
        return NULL;
    }
    return make_job(output, among);
}

/* One job more than can begin now, so that its body is ready. */
static void make_ahead(struct http_output *output)
{
    uint64_t free_buckets = output->queue.waiting & ~held_buckets(output);
    for (const struct http_job *job = output->jobs; job; job = job->next)
        if (job->state == JOB_WAITING)
            return;
    if (!output->jobs)
        return;
    if (free_buckets && is_full(output, free_buckets))
        make_job(output, free_buckets);
    else if (is_full(output, output->queue.waiting))
        make_job(output, output->queue.waiting);
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
    const char *headers[HEADERS_MAX + 5];
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
    struct http_post what = { .url = endpoint->url };
    const char *auth;
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
        output->last_begun = now;
    weir_counter_add(endpoint->requests_metric, 1);
    return true;
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
            if (output->jobs || output->queue.waiting)
                next = later < next ? later : next;
            break;
        }
        struct http_job *job = next_job(output, now, &next);
        if (!job)
            job = new_job(output, now, &next);
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
    if (http_queue_add(&output->queue, held) < 0) {
        held->delivery = NULL;
        weir_settle_all(delivery, WEIR_RETRY, WEIR_STR("out of memory"));
        return;
    }
    http_output_pump(output);
    if (!output->client.due)
        make_ahead(output);
}

/* Gives back what waits in the queue. */
static void give_back_queue(struct http_output *output, struct weir_str why)
{
    while (output->queue.waiting) {
        unsigned bucket = (unsigned)__builtin_ctzll(output->queue.waiting);
        struct http_piece piece = *http_queue_first(&output->queue, bucket);
        struct weir_delivery *delivery = piece.held->delivery;
        http_queue_take(&output->queue, bucket, piece.count);
        piece.held->unsettled -= http_slice_count(&piece.held->slice, piece.first, piece.count);
        if (!piece.held->unsettled)
            piece.held->delivery = NULL;
        weir_settle(delivery, piece.first, piece.count, WEIR_RETRY, why);
    }
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
        http_output_end_job(output, job);
    }
    give_back_queue(output, weir_str_of(why));
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
        make_ahead(output);
}

static void on_client_expired(void *state)
{
    http_client_expired(&output_of(state)->client);
    on_client_ready(state);
}

static int make_headers(struct http_output *output)
{
    const struct weir_pairs *pairs = &output->options->headers;
    output->headers = calloc(pairs->count + 1, sizeof(output->headers[0]));
    for (size_t i = 0; output->headers && i < pairs->count; i++) {
        /* libcurl sends a header without a value when it ends with a semicolon. */
        const char *value = pairs->items[i].value;
        if (asprintf(&output->headers[i], "%s%s%s", pairs->items[i].name, value[0] ? ": " : ";",
                     value) < 0) {
            output->headers[i] = NULL;
            return -ENOMEM;
        }
    }
    return output->headers ? 0 : -ENOMEM;
}

static int make_endpoints(struct http_output *output)
{
    const struct weir_http_service *service = output->service;
    struct weir_bytes query = { .max = QUERY_BYTES_MAX };
    const char *path = service->path_of ? service->path_of(output->options) : service->path;
    int r = service->query ? service->query(output->options, &query) : 0;
    if (r == 0)
        r = http_endpoints_init(&output->endpoints, output->options, path,
                                (struct weir_str){ query.data, query.len },
                                (uint64_t)weir_now_wall(output->host) ^ (uintptr_t)output);
    weir_bytes_free(&query);
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
    output->queue.unordered = http->order == HTTP_ORDER_NONE;
    output->client.epoll = -1;
    output->timer = weir_timer_new(host, on_timer);
    output->last_moment = weir_timer_new(host, give_up);
    output->maker =
        (struct http_maker){ service, state, http_compressor_new(),
                             (enum http_compression)http->compression,
                             http->on_reject == HTTP_REJECT_DROP ? WEIR_DROPPED : WEIR_REJECTED };
    if (!output->timer || !output->last_moment || !output->maker.compressor ||
        make_headers(output) < 0 || make_endpoints(output) < 0)
        return weir_error_set(err, -ENOMEM, "out of memory");
    http_endpoints_declare(&output->endpoints, host);
    int r = http_client_open(&output->client, host, http, on_client_ready, on_client_expired, err);
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
    http_queue_deinit(&output->queue);
    http_compressor_free(output->maker.compressor);
    for (size_t i = 0; output->headers && output->headers[i]; i++)
        free(output->headers[i]);
    free(output->headers);
    weir_timer_free(output->timer);
    weir_timer_free(output->last_moment);
    free(output);
    http->output = NULL;
}
