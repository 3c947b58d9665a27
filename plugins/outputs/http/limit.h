/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_LIMIT_H
#define OUTPUTS_HTTP_LIMIT_H

#include <weir/str.h>

/* How many requests one endpoint takes well at a time. See limit.c. */
struct http_limit {
    double limit; /* requests; its whole part counts */
    double max;
    bool fixed;
    bool seen_full;       /* it has been too many once: from then on it grows slowly */
    weir_ms cut_at;       /* when it was last cut */
    double round_trip_ms; /* smoothed; 0: nothing is known */
};

/* `fixed` requests always, or with 0 as many as turn out well, up to `max`. */
void http_limit_init(struct http_limit *limit, unsigned fixed, unsigned max);
static inline unsigned http_limit_now(const struct http_limit *limit)
{
    return (unsigned)limit->limit;
}
/* A request that was begun while `under_way` were (itself included) was taken, `took` later. */
void http_limit_taken(struct http_limit *limit, unsigned under_way, weir_ms took);
/* One that was begun at `begun` was turned away, or timed out, at `now`. */
void http_limit_refused(struct http_limit *limit, weir_ms begun, weir_ms now);

#endif
