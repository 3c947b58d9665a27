/* SPDX-License-Identifier: Apache-2.0 */
/* Where requests go. Of several endpoints each takes what it can: the one that is least busy for its limit
 * is next, so a fast one takes more than a slow one. One that fails is left alone for a while and the others
 * take its share; a request that failed goes to whichever is next.
 *
 *   up      begins requests, up to its limit
 *   down    several failures in a row, or it asked for a wait (Retry-After): nothing before `until`, and one
 *           request then, for the limit was halved with each failure
 *   held    credentials, address or rights are wrong: one request every `retry.pause`
 *
 * A single failure among successes says something about one request, not about the endpoint: that
 * request waits, the endpoint goes on. */
#include "endpoint.h"

#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* So many failures in a row, and it is down. */
#define FAILURES_DOWN 4
/* What a Retry-After may ask for at most: 10 minutes. */
#define RETRY_AFTER_MAX_MS 600000
#define LABEL_BYTES 300

int weir_http_add_escaped(struct weir_bytes *out, struct weir_str text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    static const char digits[] = "0123456789ABCDEF";
    char *at = weir_bytes_room(out, 3 * text.len);
    if (!at)
        return -ENOSPC;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c && strchr(plain, c)) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '%';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    out->len = (size_t)(at - out->data);
    return 0;
}

int http_endpoints_init(struct http_endpoints *endpoints, const struct weir_http *options,
                        const char *path, struct weir_str query, uint64_t random)
{
    unsigned fixed = http_concurrency_parse(options->concurrency);
    *endpoints = (struct http_endpoints){ .random = random,
                                          .retry_first = options->retry.first,
                                          .retry_max = options->retry.max,
                                          .pause = options->retry.pause };
    for (; endpoints->count < options->url.count; endpoints->count++) {
        struct http_endpoint *endpoint = &endpoints->all[endpoints->count];
        http_limit_init(&endpoint->limit, fixed, http_concurrency_max(options));
        endpoint->url = http_target_url_of(options->url.items[endpoints->count], path, query);
        if (!endpoint->url)
            return -ENOMEM;
    }
    return 0;
}

/* ---- metrics ---------------------------------------------------------------------------------------------- */

/* HOST:PORT as the url has it. */
static struct weir_str authority_of(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    return (struct weir_str){ host, strcspn(host, "/?#") };
}

/* The host and port; "#2", "#3" behind it tell those apart that have other paths. */
static void make_label(const struct http_endpoints *endpoints, unsigned index, char *label,
                       size_t size)
{
    struct weir_str name = authority_of(endpoints->all[index].url);
    unsigned same = 1;
    for (unsigned i = 0; i < index; i++)
        same += weir_str_eq(authority_of(endpoints->all[i].url), name);
    int len = (int)(name.len < size / 2 ? name.len : size / 2);
    if (same == 1)
        snprintf(label, size, "%.*s", len, name.ptr);
    else
        snprintf(label, size, "%.*s#%u", len, name.ptr, same);
}

void http_endpoints_declare(struct http_endpoints *endpoints, struct weir_host *host)
{
    char label[LABEL_BYTES];
    for (unsigned i = 0; i < endpoints->count; i++) {
        struct http_endpoint *endpoint = &endpoints->all[i];
        make_label(endpoints, i, label, sizeof(label));
        endpoint->limit_metric =
            weir_counter_labelled(host, "http_concurrency_limit_requests",
                                  "Requests that may be under way at a time.", "endpoint", label);
        endpoint->under_way_metric = weir_counter_labelled(
            host, "http_under_way_requests", "Requests that are under way.", "endpoint", label);
        endpoint->round_trip_metric =
            weir_counter_labelled(host, "http_round_trip_milliseconds",
                                  "From a request to its answer, smoothed.", "endpoint", label);
        endpoint->requests_metric = weir_counter_labelled(host, "http_requests_total",
                                                          "Requests begun.", "endpoint", label);
    }
}

void http_endpoints_show(const struct http_endpoints *endpoints)
{
    for (unsigned i = 0; i < endpoints->count; i++) {
        const struct http_endpoint *endpoint = &endpoints->all[i];
        weir_counter_set(endpoint->limit_metric, http_limit_now(&endpoint->limit));
        weir_counter_set(endpoint->under_way_metric, endpoint->under_way);
        weir_counter_set(endpoint->round_trip_metric, (int64_t)endpoint->limit.round_trip_ms);
    }
}

/* ---- a life ------------------------------------------------------------------------------------------------ */

void http_endpoints_deinit(struct http_endpoints *endpoints)
{
    for (unsigned i = 0; i < endpoints->count; i++)
        free(endpoints->all[i].url);
    *endpoints = (struct http_endpoints){ 0 };
}

static bool has_room(const struct http_endpoint *endpoint)
{
    return endpoint->under_way < http_limit_now(&endpoint->limit) &&
           !(endpoint->held && endpoint->under_way);
}

struct http_endpoint *http_endpoints_pick(struct http_endpoints *endpoints, weir_ms now)
{
    struct http_endpoint *best = NULL;
    for (unsigned i = 0; i < endpoints->count; i++) {
        struct http_endpoint *at = &endpoints->all[(endpoints->turn + i) % endpoints->count];
        if (at->until > now || !has_room(at))
            continue;
        if (!best || at->under_way * http_limit_now(&best->limit) <
                         best->under_way * http_limit_now(&at->limit))
            best = at;
    }
    if (best)
        endpoints->turn = (unsigned)(best - endpoints->all + 1) % endpoints->count;
    return best;
}

weir_ms http_endpoints_next(const struct http_endpoints *endpoints)
{
    weir_ms next = INT64_MAX;
    for (unsigned i = 0; i < endpoints->count; i++)
        if (has_room(&endpoints->all[i]) && endpoints->all[i].until < next)
            next = endpoints->all[i].until;
    return next;
}

bool http_endpoints_held(const struct http_endpoints *endpoints)
{
    for (unsigned i = 0; i < endpoints->count; i++)
        if (!endpoints->all[i].held)
            return false;
    return true;
}

static uint64_t draw(struct http_endpoints *endpoints)
{
    endpoints->random = endpoints->random * 6364136223846793005u + 1442695040888963407u;
    return endpoints->random >> 33;
}

weir_ms http_backoff(struct http_endpoints *endpoints, unsigned failures)
{
    weir_ms most = endpoints->retry_first;
    for (unsigned i = 1; i < failures && most < endpoints->retry_max; i++)
        most *= 2;
    if (most > endpoints->retry_max)
        most = endpoints->retry_max;
    return 1 + (weir_ms)(draw(endpoints) % (uint64_t)most);
}

void http_endpoint_answered(struct http_endpoint *endpoint)
{
    endpoint->failures = 0;
    endpoint->held = false;
}

void http_endpoint_failed(struct http_endpoints *endpoints, struct http_endpoint *endpoint,
                          weir_ms begun, weir_ms now, weir_ms retry_after)
{
    weir_ms wait = 0;
    endpoint->failures++;
    http_limit_refused(&endpoint->limit, begun, now);
    if (endpoint->failures >= FAILURES_DOWN)
        wait = http_backoff(endpoints, endpoint->failures - FAILURES_DOWN + 1);
    if (retry_after > RETRY_AFTER_MAX_MS)
        retry_after = RETRY_AFTER_MAX_MS;
    if (retry_after > 0) { /* and up to a tenth more, so that not all come at the same moment */
        retry_after += (weir_ms)(draw(endpoints) % (uint64_t)(retry_after / 10 + 1));
        wait = retry_after > wait ? retry_after : wait;
    }
    if (now + wait > endpoint->until)
        endpoint->until = now + wait;
}

weir_ms http_endpoint_hold(struct http_endpoints *endpoints, struct http_endpoint *endpoint,
                           weir_ms now)
{
    weir_ms wait = endpoints->pause;
    wait += (weir_ms)(draw(endpoints) % (uint64_t)(wait / 10 + 1));
    endpoint->held = true;
    if (now + wait > endpoint->until)
        endpoint->until = now + wait;
    return wait;
}
