/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_TIER_H
#define WEIR_PIPELINE_TIER_H

#include <stdatomic.h>

#include "buffer/log_disk.h"
#include "pipeline/worker.h"

struct config_buffer;
struct metric;
struct pipeline;

/* A pipeline's disk tier: the thread that decides what goes to disk, writes it, has it kept, and takes it out
 * of memory. See tier.c; tier_write.c is how one batch is written. */

#define TIER_REASON_MAX 200

enum tier_state {
    TIER_OK,
    TIER_FULL,    /* `disk` is reached: buffer.when_full says what happens */
    TIER_FAILING, /* the disk does not take what is written: tried again every second */
};

struct tier {
    struct pipeline *pipeline;
    const struct config_buffer *config;
    struct store *store;
    struct worker worker;
    struct loop_timer *timer;
    bool write_through; /* buffer.durable, and an input that needs it */
    uint64_t start;     /* records numbered below were found at the start */
    atomic_bool asked;  /* it has been woken and has not looked yet */
    atomic_bool moved;  /* cursors, since they were last written down */
    atomic_int state;   /* enum tier_state */
    _Atomic int64_t
        rescue_at; /* when batches whose source vanishes are written; clock_monotonic(); 0: there are none */

    /* The tier's thread only. */
    struct weir_bytes scratch, frame;              /* a frame being made */
    uint64_t unsynced;                             /* bytes written since the last good sync */
    int64_t sync_at, commit_at, trim_at, retry_at; /* clock_monotonic(); 0: not planned */

    pthread_mutex_t lock;
    char reason[TIER_REASON_MAX]; /* why it is not TIER_OK; under the lock */

    struct metric *disk_bytes, *spilled, *spilled_bytes, *syncs, *errors, *damaged;
};

/* Opens the pipeline's disk tier and gives it to the log; outputs have been made, inputs not yet. 0 with *ret
 * NULL where the configuration has none; 0; or a negative errno with *err set. @thread main. */
int tier_new(struct pipeline *pipeline, struct tier **ret, struct weir_error *err);
/* Its thread has ended, or never ran. NULL is fine; returns NULL. @thread main. */
struct tier *tier_free(struct tier *tier);
int tier_start(struct tier *tier);

/* When nothing else of the pipeline runs: writes down what would die with the process and cannot be read again,
 * and the cursors. @thread main. */
void tier_flush(struct tier *tier);

/* Something has changed that may make it write: an input or the filter stage waits for memory, a reader has
 * nothing to do. Cheap when it has not. NULL is fine. @thread any. */
void tier_look(struct tier *tier);

/* A batch is in the log whose source is about to vanish: it is written unless outputs answer it soon. NULL is fine.
 * @thread any. */
void tier_rescue(struct tier *tier);

/* What it is at, with the reason ("" when all is well). @thread any. */
enum tier_state tier_status(struct tier *tier, char reason[TIER_REASON_MAX]);

/* Gives up what waits for an output that is not configured any more: 0, or -ENOENT. NULL has none. @thread
 * any. */
int tier_drop_reader(struct tier *tier, const char *output);

/* The position in the disk tier of a stream, when it is higher than *position; then *check is set too. While the
 * pipeline starts. */
bool tier_stream_position(const struct tier *tier, const uint8_t id[16], uint64_t *position,
                          uint64_t *check);

/* For tier_write.c. */
bool tier_is_pressed(const struct tier *tier);
void tier_say(struct tier *tier, enum tier_state state, const char *reason);

/* Writes the oldest batch that has no frame. 0; 1: there is none; or a negative errno (-ENOSPC too when `disk`
 * is reached and nothing may be deleted): it has been said, and is tried again later. */
int tier_write_one(struct tier *tier);
/* Has what was written kept, and tells the log. 0 or a negative errno, said. */
int tier_sync(struct tier *tier);

#endif
