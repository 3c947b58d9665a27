/* SPDX-License-Identifier: Apache-2.0 */
/* What an output's options mean, without an output: whether they fit together, what they promise, and the memory that
 * they ask for. */
#include "output.h"

#define LIBRARIES_BYTES ((uint64_t)4 * 1024 * 1024)
#define REQUEST_OVERHEAD_BYTES ((uint64_t)192 * 1024)

int weir_http_check(void *state, const struct weir_http_service *service, struct weir_error *err)
{
    const struct weir_http *http = state;
    int r = http_options_check(http, err);
    return r == 0 && service->check ? service->check(state, err) : r;
}

/* Whether urls or headers depend on the record. */
static bool targets_vary(const struct weir_http *http)
{
    struct weir_error err = { 0 };
    struct http_targets targets;
    int r = http_targets_init(&targets, http, NULL, WEIR_STR_NONE, &err);
    const bool vary = r == 0 && targets.count;
    http_targets_deinit(&targets);
    return vary;
}

/* Lanes with their targets, and pieces: in queues, whose room may be twice that, and in jobs. */
static uint64_t lanes_bytes(const struct weir_http *http)
{
    if (!targets_vary(http))
        return 0;
    return HTTP_LANES_MAX * (sizeof(struct http_lane) + HTTP_TARGET_BYTES_MAX) +
           2 * HTTP_PIECES_MAX * (sizeof(struct http_piece) + sizeof(struct http_job_piece));
}

/* libcurl, OpenSSL and the certificates that it trusts; and for each request that may be under way, and one made
 * ahead, its body, what it is compressed to (a third is a bad ratio for a log), and libcurl's buffers. */
uint64_t weir_http_reserve(const void *state)
{
    const struct weir_http *http = state;
    uint64_t requests = (uint64_t)http_concurrency_max(http) * http->url.count + 1;
    uint64_t each = http->batch.max_bytes * 4 / 3 + REQUEST_OVERHEAD_BYTES;
    return LIBRARIES_BYTES + requests * each + lanes_bytes(http);
}

static void say(struct weir_bytes *out, const char *text)
{
    (void)!weir_bytes_add(out, text, strlen(text));
}

void weir_http_explain(const void *state, const struct weir_http_service *service,
                       struct weir_bytes *out)
{
    const struct weir_http *http = state;
    say(out,
        "A record is delivered when the service has answered the request that holds it with success.\n"
        "A request without an answer is sent again, the same bytes under the same Idempotency-Key.\n");
    if (http->order == HTTP_ORDER_NONE)
        say(out, "Records arrive in any order (order: none).\n");
    else if (targets_vary(http))
        say(out, "Records of one source arrive in order among those that have the same url and "
                 "headers, which are templates.\n");
    if (http->on_reject == HTTP_REJECT_DROP)
        say(out, "What the service will never take is dropped, and counted (on_reject: drop).\n");
    if (http->on_reject == HTTP_REJECT_HOLD)
        say(out, "What the service will never take holds everything until somebody has looked "
                 "(on_reject: hold).\n");
    if (service->explain)
        say(out, service->explain);
}
