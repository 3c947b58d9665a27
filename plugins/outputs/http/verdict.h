/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_VERDICT_H
#define OUTPUTS_HTTP_VERDICT_H

#include <weir/http.h>

/* The verdict on a request by its status and answer: the first of `rules` that fits (NULL: there are none), else
 * the table. */
enum weir_http_verdict http_verdict(const struct weir_http_rule *rules, int status,
                                    struct weir_str body);

/* "ack", "retry", ... */
const char *http_verdict_name(enum weir_http_verdict verdict);

/* What became of one record of a request. */
struct http_record_verdict {
    uint32_t index;
    enum weir_http_verdict verdict;
};

/* What a reader of answers has said: for all, and for single records, which goes before. */
struct weir_http_verdicts {
    uint32_t count; /* records in the request */
    enum weir_http_verdict all;
    uint32_t
        unnamed; /* so many are rejected, and nobody knows which: the last ones stand for them */
    uint8_t *records;        /* one each, of enum weir_http_verdict; NULL: all are as `all` says */
    bool starved;            /* memory was short: nothing is known, all are retried */
    char reason[256];        /* why, of the first that is not taken */
    struct weir_bytes words; /* why, of those that are rejected: see http_rejected_word() */
};

static inline enum weir_http_verdict http_verdict_of(const struct weir_http_verdicts *verdicts,
                                                     uint32_t index)
{
    if (index >= verdicts->count - verdicts->unnamed)
        return WEIR_HTTP_DROP;
    return verdicts->records ? (enum weir_http_verdict)verdicts->records[index] : verdicts->all;
}

/* Why record `index` is rejected: asked for rising indexes, with `*at` 0 at first. The reason of the first that was
 * not taken, when its own is not known. Lives as long as the verdicts. */
struct weir_str http_rejected_word(const struct weir_http_verdicts *verdicts, uint32_t index,
                                   size_t *at);
void http_verdicts_deinit(struct weir_http_verdicts *verdicts);

#endif
