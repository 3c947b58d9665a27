/* SPDX-License-Identifier: Apache-2.0 */
/* What a status means for the records of a request. One table for all services; a service adds its
 * exceptions as rules, which come first.
 *
 *   ack     the service has them
 *   retry   it could not now: the same bytes again, after a pause that grows
 *   split   too much at once: two halves, one after the other
 *   poison  something in there is wrong and will be wrong tomorrow: halves, until one record is left, and
 *           that is rejected with the answer as its reason
 *   pause   nothing in the records is wrong, but something about us is: the token, the address, the rights.
 *           A person mends it; until then everything is held, and it is said.
 *
 * In doubt a record is held rather than given up. So a redirect is a pause: followed, it could carry the
 * log and its credentials to another host; and an unknown 4xx is one as well, since there is no telling
 * which record it might be about. (Statuses: RFC 9110 section 15, RFC 6585, RFC 8470.) */
#include "verdict.h"

#include <stdlib.h>

/* Of one record, and of all of a request. */
#define WORD_BYTES_MAX 512
#define WORDS_BYTES_MAX ((size_t)256 * 1024)

static const struct weir_http_rule table[] = {
    { 200, 206, NULL, WEIR_HTTP_ACK }, /* and of the rest of 2xx nobody says that it is stored: */
    { 207, 299, NULL, WEIR_HTTP_PAUSE },
    { 300, 399, NULL, WEIR_HTTP_PAUSE }, /* redirects are not followed */
    { 400, 400, "SSL certificate",
      WEIR_HTTP_PAUSE }, /* nginx, of the one that we showed, or did not */
    { 400, 400, "plain HTTP request", WEIR_HTTP_PAUSE }, /* nginx: it should have been https */
    { 400, 400, NULL, WEIR_HTTP_POISON },
    { 401, 405, NULL, WEIR_HTTP_PAUSE }, /* credentials, rights, address, method */
    { 406, 406, NULL, WEIR_HTTP_POISON },
    { 407, 407, NULL, WEIR_HTTP_PAUSE }, /* the proxy's credentials */
    { 408, 409, NULL, WEIR_HTTP_RETRY }, /* 409: the first try of the same key still runs */
    { 413, 413, NULL, WEIR_HTTP_SPLIT },
    { 415, 415, NULL, WEIR_HTTP_POISON },
    { 422, 422, NULL, WEIR_HTTP_POISON },
    { 425, 425, NULL, WEIR_HTTP_RETRY },
    { 429, 429, NULL, WEIR_HTTP_RETRY },
    { 410, 499, NULL, WEIR_HTTP_PAUSE },
    { 501, 501, NULL, WEIR_HTTP_PAUSE },
    { 500, 599, NULL, WEIR_HTTP_RETRY },
    { 0 },
};

static bool says(struct weir_str body, const char *text)
{
    size_t len = strlen(text);
    if (text[0] == '^')
        return body.len >= len - 1 && memcmp(body.ptr, text + 1, len - 1) == 0;
    return body.len && memmem(body.ptr, body.len, text, len);
}

static const struct weir_http_rule *find_rule(const struct weir_http_rule *rules, int status,
                                              struct weir_str body)
{
    for (; rules && rules->from; rules++)
        if (status >= rules->from && status <= rules->to &&
            (!rules->contains || says(body, rules->contains)))
            return rules;
    return NULL;
}

enum weir_http_verdict http_verdict(const struct weir_http_rule *rules, int status,
                                    struct weir_str body)
{
    const struct weir_http_rule *rule = find_rule(rules, status, body);
    if (!rule)
        rule = find_rule(table, status, body);
    return rule ? rule->verdict : WEIR_HTTP_RETRY; /* no status of HTTP's: something is broken */
}

const char *http_verdict_name(enum weir_http_verdict verdict)
{
    switch (verdict) {
    case WEIR_HTTP_ACK: return "ack";
    case WEIR_HTTP_RETRY: return "retry";
    case WEIR_HTTP_SPLIT: return "split";
    case WEIR_HTTP_POISON: return "poison";
    case WEIR_HTTP_PAUSE: return "pause";
    case WEIR_HTTP_REJECT: return "reject";
    case WEIR_HTTP_DROP: return "drop";
    }
    return "";
}

static void keep_reason(struct weir_http_verdicts *verdicts, enum weir_http_verdict verdict,
                        struct weir_str why)
{
    if (verdict == WEIR_HTTP_ACK || verdicts->reason[0])
        return;
    size_t len = why.len < sizeof(verdicts->reason) ? why.len : sizeof(verdicts->reason) - 1;
    if (len)
        memcpy(verdicts->reason, why.ptr, len);
    verdicts->reason[len] = '\0';
}

/* The words about rejected records stand one after the other, each behind this. */
struct word {
    uint32_t index, len;
};

/* Without memory or room for it, a record has the words of another. */
static void keep_word(struct weir_http_verdicts *verdicts, uint32_t index, struct weir_str why)
{
    const struct word word = { index,
                               why.len < WORD_BYTES_MAX ? (uint32_t)why.len : WORD_BYTES_MAX };
    verdicts->words.max = WORDS_BYTES_MAX;
    char *at = weir_bytes_room(&verdicts->words, sizeof(word) + word.len);
    if (!at)
        return;
    memcpy(at, &word, sizeof(word));
    if (word.len)
        memcpy(at + sizeof(word), why.ptr, word.len);
    verdicts->words.len += sizeof(word) + word.len;
}

struct weir_str http_rejected_word(const struct weir_http_verdicts *verdicts, uint32_t index,
                                   size_t *at)
{
    struct word word;
    while (*at < verdicts->words.len) {
        memcpy(&word, verdicts->words.data + *at, sizeof(word));
        if (word.index > index)
            break;
        const struct weir_str text = { verdicts->words.data + *at + sizeof(word), word.len };
        *at += sizeof(word) + word.len;
        if (word.index == index)
            return text;
    }
    return weir_str_of(verdicts->reason);
}

void weir_http_record(struct weir_http_verdicts *verdicts, uint32_t index,
                      enum weir_http_verdict verdict, struct weir_str why)
{
    if (index >= verdicts->count || (!verdicts->records && verdict == verdicts->all))
        return;
    if (!verdicts->records) {
        verdicts->records = malloc(verdicts->count);
        if (!verdicts->records) {
            verdicts->starved = true;
            return;
        }
        memset(verdicts->records, (int)verdicts->all, verdicts->count);
    }
    verdicts->records[index] = (uint8_t)verdict;
    keep_reason(verdicts, verdict, why);
    if (verdict == WEIR_HTTP_REJECT)
        keep_word(verdicts, index, why);
}

void weir_http_some_rejected(struct weir_http_verdicts *verdicts, uint32_t count,
                             struct weir_str why)
{
    verdicts->unnamed = count < verdicts->count ? count : verdicts->count;
    keep_reason(verdicts, WEIR_HTTP_DROP, why);
}

void weir_http_all(struct weir_http_verdicts *verdicts, enum weir_http_verdict verdict,
                   struct weir_str why)
{
    http_verdicts_deinit(verdicts);
    verdicts->all = verdict;
    verdicts->unnamed = 0;
    verdicts->reason[0] = '\0';
    keep_reason(verdicts, verdict, why);
}

void http_verdicts_deinit(struct weir_http_verdicts *verdicts)
{
    free(verdicts->records);
    verdicts->records = NULL;
    weir_bytes_free(&verdicts->words);
}
