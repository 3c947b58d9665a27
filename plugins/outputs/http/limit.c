/* SPDX-License-Identifier: Apache-2.0 */
/* Additive increase, multiplicative decrease, as TCP finds its window: a limit that is used in full and does
 * no harm grows, one that was too much is halved. It begins at one request, doubles with each round until
 * the first refusal, and grows by one a round from then on; so a thousand agents whose service comes back
 * begin with one request each.
 *
 * Requests that were under way when the limit was cut, and are refused too, tell of the same moment: they
 * do not cut it again. A limit that is not used says nothing about what would happen if it were, so it does not
 * grow then.
 *
 * Rejected: steering by round-trip time (a gradient). A log service's time of answer depends on what else
 * it does and on how large the body is; the limit wanders, and where it ends depends on the noise. */
#include "limit.h"

#define LIMIT_SMOOTH 0.2

void http_limit_init(struct http_limit *limit, unsigned fixed, unsigned max)
{
    *limit = (struct http_limit){ .limit = fixed ? fixed : 1, .max = max, .fixed = fixed != 0 };
}

void http_limit_taken(struct http_limit *limit, unsigned under_way, weir_ms took)
{
    if (limit->round_trip_ms == 0)
        limit->round_trip_ms = (double)took;
    limit->round_trip_ms += LIMIT_SMOOTH * ((double)took - limit->round_trip_ms);
    if (limit->fixed || under_way < http_limit_now(limit))
        return;
    limit->limit += limit->seen_full ? 1 / limit->limit : 1;
    if (limit->limit > limit->max)
        limit->limit = limit->max;
}

void http_limit_refused(struct http_limit *limit, weir_ms begun, weir_ms now)
{
    if (limit->fixed || begun < limit->cut_at)
        return;
    limit->seen_full = true;
    limit->cut_at = now;
    limit->limit /= 2;
    if (limit->limit < 1)
        limit->limit = 1;
}
