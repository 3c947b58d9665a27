/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_LOG_H
#define WEIR_BUFFER_LOG_H

#include <pthread.h>

#include "record/batch.h"

/* A pipeline's log: batches in the order in which the filter stage let them go, and the outputs'
 * cursors into it. See log.c. Its older part may be on disk: see log_disk.h. */
struct log;

#define LOG_READERS_MAX 64

typedef void log_wake_f(void *arg);

/* NULL when memory is short. */
struct log *log_new(void);
/* Nothing may be in it any more. NULL is fine; returns NULL. */
struct log *log_free(struct log *log);

/* Makes reader `index` (an output's, a bit in batch->routed): `wake(arg)` is called, from any thread and
 * never under the log's lock, when there is something to read for a reader that had found nothing.
 * Before the first append. */
void log_reader(struct log *log, unsigned index, log_wake_f *wake, void *arg);

/* Adds a batch that at least one reader takes (batch->routed != 0), and gives it its sequence. @thread any. */
void log_append(struct log *log, struct batch *batch);

/* The next batch for reader `index`, which passes its cursor over it; NULL when it has read all, or has as
 * much under way as it may have (settling some is then what lets it read on), or the disk tier fails: see
 * log_read_error(). It may have been made of a frame, and is then nobody else's. @thread the reader's. */
struct batch *log_read(struct log *log, unsigned index);
/* Why the last log_read() found nothing: 0, or a negative errno, and it is for the reader to try again
 * later. @thread the reader's. */
int log_read_error(const struct log *log, unsigned index);

/* Marks records of a batch (bits of `rejected`, bitmap_words(count) words) as refused by a sink and
 * dropped, or parked in the dead letters. @thread the reader's. */
void log_reject(struct log *log, struct batch *batch, const uint64_t *rejected);
void log_park(struct log *log, struct batch *batch, const uint64_t *parked);

/* Reader `index` has settled all that it takes of the batch. True when nobody needs the batch any more: it
 * has left the log and is the caller's, to give back. @thread the reader's. */
WEIR_MUST_USE bool log_settled(struct log *log, unsigned index, struct batch *batch);

/* Takes out all that is left, linked by `next`: outputs have stopped and will settle nothing more.
 * @thread main, when nothing else runs. */
struct batch *log_abandon(struct log *log);

/* What reader `index` takes and has not settled, in memory and on disk. @thread any. */
struct log_backlog {
    uint64_t records;
    int64_t oldest_observed; /* nanoseconds since 1970 UTC; 0: nothing waits */
};
void log_backlog(struct log *log, unsigned index, struct log_backlog *ret);

/* Whether some reader has nothing to do while another has: it keeps up, and the other lags. @thread any. */
bool log_is_uneven(struct log *log);

#endif
