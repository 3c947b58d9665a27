/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_REPLAY_H
#define WEIR_PIPELINE_REPLAY_H

#include <weir/error.h>

struct pipeline;

/* Puts records of a pipeline's disk tier, or of its dead letters, back at the end of its log. See replay.c. */
struct replay;

enum replay_source { REPLAY_BUFFER, REPLAY_DEAD_LETTERS };

#define REPLAY_IDS_MAX 1024

/* Which records, and for whom: each condition narrows the choice. Everything is borrowed for the call. */
struct replay_request {
    enum replay_source source;
    int64_t since, until; /* when they were read, nanoseconds since 1970 UTC: since <= t < until */
    uint64_t from, to;    /* their numbers in the store: from <= n < to */
    const uint8_t (*ids)[16]; /* record ids, at most REPLAY_IDS_MAX; NULL: any */
    size_t id_count;
    const char *output; /* only what this output was to get, or has rejected; NULL: any */
    const char *
        reason; /* dead letters: the reason is this word, or the sink's answer holds it; NULL: any */
    /* To this output, whoever they were for. NULL: to `output`, or, without one, to all that they were for. */
    const char *target;
};

/* Everything. */
#define REPLAY_ALL                                                                                 \
    ((struct replay_request){ .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX })

enum replay_state { REPLAY_NONE, REPLAY_RUNNING, REPLAY_DONE, REPLAY_CANCELLED, REPLAY_FAILED };

/* Of the last job. */
struct replay_progress {
    enum replay_state state;
    bool waiting;           /* the pipeline is full, and the job waits for room */
    uint64_t records;       /* looked at */
    uint64_t replayed;      /* put into the log */
    uint64_t unwanted;      /* chosen, but no output of this configuration was to get them */
    uint64_t damaged;       /* could not be read */
    uint64_t sequence, end; /* how far it is, and how far it will go */
    char error[WEIR_ERROR_TEXT_MAX]; /* why it has failed, or "" */
};

/* NULL when memory is short. @thread main, as for all functions here. */
struct replay *replay_new(struct pipeline *pipeline);
/* It has been stopped. NULL is fine; returns NULL. */
struct replay *replay_free(struct replay *replay);

/* Starts a job on a thread of its own. 0; -EBUSY when one runs; -ENOENT when there is nothing to take from, or
 * no such output; another negative errno; with *err set. */
int replay_start(struct replay *replay, const struct replay_request *request,
                 struct weir_error *err);
void replay_cancel(struct replay *replay); /* soon; the state tells */
/* Waits for the thread until `deadline` (clock_monotonic()), after a cancel. False when it is still busy. */
bool replay_join(struct replay *replay, int64_t deadline);
bool replay_is_running(struct replay *replay);
void replay_progress(struct replay *replay, struct replay_progress *ret);

/* The name of a state, for JSON: "running". A constant. */
const char *replay_state_name(enum replay_state state);

#endif
