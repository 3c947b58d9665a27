/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_LANE_H
#define OUTPUTS_HTTP_LANE_H

#include "queue.h"
#include "target.h"

/* So many targets at a time, and so many pieces of deliveries in all of them. */
#define HTTP_LANES_MAX 64
#define HTTP_PIECES_MAX 16384

/* What goes to one target. See lane.c. */
struct http_lane {
    struct http_queue queue;
    char *target; /* text of http_targets_make(), from malloc; NULL: all records have the same */
    size_t target_len;
    weir_ms last_begun; /* a request of it that was not a repeat */
    unsigned jobs;      /* of it, that have not ended */
    uint64_t scratch;   /* whoever walks over jobs */
};

struct http_lanes {
    struct http_targets targets;
    struct http_lane *all[HTTP_LANES_MAX];
    unsigned count;
    unsigned turn;           /* whose requests come first */
    struct http_lane *last;  /* that a record went to */
    struct http_held *first; /* deliveries that are not spread yet, oldest first */
    uint64_t next_sequence;
    enum weir_outcome rejected; /* of a record that can be sent nowhere */
    bool unordered;
};

/* `targets` are compiled already. 0 or -ENOMEM; http_lanes_deinit() is due either way. */
WEIR_MUST_USE int http_lanes_init(struct http_lanes *lanes);
void http_lanes_deinit(struct http_lanes *lanes);

/* Takes a delivery in: 0, or -ENOMEM, and nothing of it is in. */
WEIR_MUST_USE int http_lanes_add(struct http_lanes *lanes, struct http_held *held);
/* Spreads what is in over the lanes, as far as there is room beside `under_way` pieces that are not in lanes any more; lanes
 * with nothing in them make room for others. A new one is as if its last request had begun at `last_begun`. False when memory
 * was short: again later. */
bool http_lanes_spread(struct http_lanes *lanes, size_t under_way, weir_ms last_begun);
/* True while not all could be spread. */
static inline bool http_lanes_are_full(const struct http_lanes *lanes)
{
    return lanes->first != NULL;
}
bool http_lanes_hold_any(const struct http_lanes *lanes);
/* Gives back what no job has. */
void http_lanes_give_back(struct http_lanes *lanes, struct weir_str why);

#endif
