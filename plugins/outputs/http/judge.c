/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from an answer: which records are settled, what is sent again and when, and what is said
 * about it. verdict.c says what an answer means; this is what is done.
 *
 * Two verdicts would do harm if they were taken at their word every time:
 *
 *  - "too much" (413) is a property of the service: half of what it refused is from then on the most that is
 *    put into one body, so that it is not asked again with every request.
 *  - "something is wrong in there" rejects records one by one. When a hundred of them are rejected in a row and
 *    none is taken, it is not the records: then everything is held, like with a wrong address. (With on_reject: hold
 *    the first of them is enough.) */
#include <stdio.h>

#include "plan.h"

#define REJECTED_ROW_MAX 100
#define BODY_BYTES_MIN 1024
#define REASON_MAX 200
/* So much of an answer goes into a reason. */
#define EXCERPT_MAX 120

/* The status and the beginning of the answer's first line. */
static void make_reason(const struct http_result *result, char reason[REASON_MAX])
{
    if (result->code != CURLE_OK) {
        snprintf(reason, REASON_MAX, "%s", result->error);
        return;
    }
    char excerpt[EXCERPT_MAX + 1];
    size_t len = 0;
    for (; len < result->body.len && len < EXCERPT_MAX && result->body.ptr[len] != '\n'; len++) {
        unsigned char c = (unsigned char)result->body.ptr[len];
        excerpt[len] = c < ' ' || c == 0x7f ? ' ' : (char)c;
    }
    excerpt[len] = '\0';
    snprintf(reason, REASON_MAX, "%d%s%s", result->status, len ? " " : "", excerpt);
}

/* A job whose window is to be sent with other records than before. Without memory for it, it waits like
 * one that failed. */
static void encode_again(struct http_output *output, struct http_job *job)
{
    int r;
    job->tries = 0;
    do /* what the service is known to refuse is not sent */
        r = http_job_encode(job, &output->maker);
    while (r == 0 && job->body.len > output->max_bytes && http_job_split(job));
    if (r < 0) {
        job->records = 0; /* no body: see begin() */
        job->not_before = weir_now(output->host) + http_backoff(&output->endpoints, 1);
    }
}

/* The window is settled: the next one, or the end. */
static void go_on(struct http_output *output, struct http_job *job)
{
    if (http_job_is_done(job))
        http_plan_end(output, job);
    else
        encode_again(output, job);
}

/* ---- one for each verdict ------------------------------------------------------------------------------------- */

static void on_retry(struct http_output *output, struct http_job *job,
                     const struct http_result *result, const char *why)
{
    weir_ms now = weir_now(output->host);
    job->tries++;
    job->not_before = now;
    /* Another endpoint may have it at once. */
    if (job->tries >= output->endpoints.count)
        job->not_before += http_backoff(&output->endpoints, job->tries);
    http_endpoint_failed(&output->endpoints, job->endpoint, job->begun, now, result->retry_after);
    weir_retried(output->host, weir_str_of(why));
}

static void on_pause(struct http_output *output, struct http_job *job, const char *why)
{
    weir_ms wait = http_endpoint_hold(&output->endpoints, job->endpoint, weir_now(output->host));
    weir_error(output->host, "requests are refused; records are held until that is mended",
               weir_kv_str("url", job->endpoint->url), weir_kv_str("why", why),
               weir_kv_int("again_after_ms", wait));
    if (http_endpoints_held(&output->endpoints))
        weir_pause(output->host, wait, weir_str_of(why));
}

static bool holds_rejected(const struct http_output *output)
{
    return output->options->on_reject == HTTP_REJECT_HOLD;
}

/* One record, which the service will not take. */
static void on_reject(struct http_output *output, struct http_job *job, const char *why)
{
    if (holds_rejected(output) || output->rejected_row >= REJECTED_ROW_MAX) {
        on_pause(output, job, why);
        return;
    }
    output->rejected_row += http_job_settle(job, output->maker.rejected, weir_str_of(why));
    go_on(output, job);
}

static void on_split(struct http_output *output, struct http_job *job, bool too_large,
                     const char *why)
{
    size_t half = job->body.len / 2;
    http_endpoint_answered(job->endpoint);
    if (!http_job_split(job)) {
        on_reject(output, job, why);
        return;
    }
    if (too_large && half < output->max_bytes) {
        output->max_bytes = half > BODY_BYTES_MIN ? half : BODY_BYTES_MIN;
        weir_info(output->host, "the service takes smaller bodies than that",
                  weir_kv_int("refused_bytes", (int64_t)job->body.len),
                  weir_kv_int("max_bytes", (int64_t)output->max_bytes));
    }
    encode_again(output, job);
}

/* What single records lead to; one that was dropped has been taken, as far as the service is concerned. */
struct tally {
    uint32_t taken, rejected, paused;
};

static struct tally tally_of(const struct weir_http_verdicts *verdicts)
{
    struct tally tally = { 0 };
    for (uint32_t i = 0; i < verdicts->count; i++) {
        enum weir_http_verdict verdict = http_verdict_of(verdicts, i);
        tally.taken += verdict == WEIR_HTTP_ACK || verdict == WEIR_HTTP_DROP;
        tally.rejected += verdict == WEIR_HTTP_REJECT;
        tally.paused += verdict == WEIR_HTTP_PAUSE;
    }
    return tally;
}

/* Some records of the request were not taken. */
static void on_records(struct http_output *output, struct http_job *job,
                       const struct http_result *result, const struct weir_http_verdicts *verdicts)
{
    const struct tally tally = tally_of(verdicts);
    if (!tally.taken && output->rejected_row + tally.rejected > REJECTED_ROW_MAX) {
        on_pause(output, job, verdicts->reason);
        return;
    }
    http_job_settle_each(job, verdicts, output->maker.rejected);
    output->rejected_row = tally.taken ? 0 : output->rejected_row + tally.rejected;
    if (tally.taken + tally.rejected == verdicts->count) {
        http_endpoint_answered(job->endpoint);
        go_on(output, job);
        return;
    }
    unsigned tries = tally.taken || tally.rejected ? 0 : job->tries;
    encode_again(output, job);
    job->tries = tries;
    if (tally.paused)
        on_pause(output, job, verdicts->reason);
    else
        on_retry(output, job, result, verdicts->reason);
}

/* With on_reject: hold, what the service will never take waits for a person. */
static void hold_rejected(struct weir_http_verdicts *verdicts)
{
    if (verdicts->all == WEIR_HTTP_REJECT)
        verdicts->all = WEIR_HTTP_PAUSE;
    for (uint32_t i = 0; verdicts->records && i < verdicts->count; i++)
        if (verdicts->records[i] == WEIR_HTTP_REJECT)
            verdicts->records[i] = WEIR_HTTP_PAUSE;
}

static void on_ack(struct http_output *output, struct http_job *job,
                   const struct http_result *result)
{
    struct weir_http_verdicts verdicts = { .count = job->records };
    const struct weir_http_answer answer = {
        .status = result->status, .body = result->body, .cut = result->cut, .records = job->records
    };
    if (output->service->read)
        output->service->read((void *)(uintptr_t)output->options, &answer, &verdicts);
    if (verdicts.starved)
        weir_http_all(&verdicts, WEIR_HTTP_RETRY, WEIR_STR("out of memory"));
    if (holds_rejected(output))
        hold_rejected(&verdicts);
    http_auth_accepted(&output->auth);
    if (verdicts.records || verdicts.unnamed || verdicts.all != WEIR_HTTP_ACK) {
        on_records(output, job, result, &verdicts);
    } else {
        http_endpoint_answered(job->endpoint);
        output->rejected_row = 0;
        http_job_settle(job, WEIR_DELIVERED, WEIR_STR_NONE);
        go_on(output, job);
    }
    http_verdicts_deinit(&verdicts);
}

/* ---- the answer ---------------------------------------------------------------------------------------------------- */

/* What is tried again at once, in another way, before the status is taken at its word. */
static bool try_otherwise(struct http_output *output, struct http_job *job, int status)
{
    if (status == 401 && http_auth_refused(&output->auth))
        return true;
    if (status != 415 || job->compression == HTTP_PLAIN || job->endpoint->plain)
        return false;
    job->endpoint->plain = true;
    weir_warn(output->host, "the service takes no compressed bodies: they are sent as they are",
              weir_kv_str("url", job->endpoint->url),
              weir_kv_str("compression", http_compression_name(job->compression)));
    return true;
}

static void judge(struct http_output *output, struct http_job *job,
                  const struct http_result *result)
{
    char why[REASON_MAX];
    enum weir_http_verdict verdict =
        result->code == CURLE_OK
            ? http_verdict(output->service->rules, result->status, result->body)
            : http_client_verdict(result->code);
    make_reason(result, why);
    switch (verdict) {
    case WEIR_HTTP_ACK: on_ack(output, job, result); break;
    case WEIR_HTTP_RETRY: on_retry(output, job, result, why); break;
    case WEIR_HTTP_SPLIT: on_split(output, job, true, why); break;
    case WEIR_HTTP_POISON:
    case WEIR_HTTP_REJECT:
    case WEIR_HTTP_DROP: on_split(output, job, false, why); break;
    case WEIR_HTTP_PAUSE: on_pause(output, job, why); break;
    }
}

void http_output_answered(struct http_request *request, const struct http_result *result, void *arg)
{
    struct http_output *output = arg;
    struct http_job *job = (struct http_job *)request;
    struct http_endpoint *endpoint = job->endpoint;
    weir_ms took = weir_now(output->host) - job->begun;
    endpoint->under_way--;
    job->state = JOB_WAITING;
    if (result->code == CURLE_OK) {
        weir_output_bytes(output->host, job->posted.len);
        if (result->status >= 200 && result->status < 300)
            http_limit_taken(&endpoint->limit, job->companions, took);
    }
    if (!try_otherwise(output, job, result->status))
        judge(output, job, result);
    http_output_pump(output);
}
