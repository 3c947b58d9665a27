/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_LOG_DISK_H
#define WEIR_BUFFER_LOG_DISK_H

#include "base/arena.h"
#include "buffer/log.h"
#include "buffer/store.h"

/* The part of a log that is on disk. See log_disk.c; pipeline/tier.c decides what goes there and when. */

/* What became of a frame: its last reader has answered. Sums to `records`. */
struct log_answer {
    uint64_t records, rejected, dead_lettered, damaged; /* the rest was delivered */
};

struct log_disk {
    struct store *store;
    /* What thawed batches are made from and charged to. */
    struct chunk_pool *chunks;
    struct budget *budget;
    size_t in_flight_max; /* bytes that a reader may have under way, one batch at least */
    /* An emptied batch whose memory a frame may be thawed into; NULL: there is none. @thread a reader's. */
    struct batch *(*spare)(void *arg);
    /* A reader's cursor has moved on disk. Under the lock. @thread any. */
    void (*acked)(void *arg);
    /* Reader `index` has a batch of a frame. Not under the lock. @thread the reader's. */
    void (*thawed)(void *arg, unsigned index, const struct batch *batch);
    /* A frame has been answered. Not under the lock. @thread a reader's. */
    void (*answered)(void *arg, const struct log_answer *answer);
    /* A batch that nobody needs any more, because who had not read it has read its frame: to give back. Not under
     * the lock. @thread a reader's. */
    void (*unneeded)(void *arg, struct batch *batch);
    /* Reader `index` met a frame that cannot be read. Not under the lock. @thread the reader's. */
    void (*damaged)(void *arg, unsigned index, const struct store_frame *frame);
    /* Reader `index` met an intact frame of a later version (-EPROTO), or with a compression that was not built in
     * (-ENOTSUP), and waits in front of it: another program may know it. Once for each reader. Not under the lock.
     * @thread the reader's. */
    void (*unknown)(void *arg, unsigned index, const struct store_frame *frame, int why);
    /* Under the log's lock: a frame of the batch exists, and counts its records from here on; it is safe, and
     * its input may move positions on, once. @thread the tier's. */
    void (*kept)(void *arg, struct batch *batch);
    void (*safe)(void *arg, struct batch *batch);
    void *arg;
};

/* Gives the log its disk tier: what is in the store is older than anything that comes. After the readers
 * were made, before the first append. `disk` is copied. */
void log_set_disk(struct log *log, const struct log_disk *disk);

/* The oldest batch without a frame, which stays until log_write_end(); NULL when each has one. */
struct batch *log_write_begin(struct log *log);
/* A frame of it has been appended to the store as `head`, or, when that is NULL, has not. True when nobody
 * needs the batch any more: it is the caller's, to give back. */
WEIR_MUST_USE bool log_write_end(struct log *log, struct batch *batch,
                                 const struct frame_head *head);

/* Between the two: drops records (bits) of a batch that nobody has begun to read. False when somebody has: then
 * nothing changed. When nothing is left of it, log_write_end() gives it back. */
bool log_shed(struct log *log, struct batch *batch, const uint64_t *bits);

/* store_sync() was good: frames up to store_durable() are safe. */
void log_synced(struct log *log);
/* store_sync() has failed: batches whose frames were not safe have none. */
void log_rewound(struct log *log);

/* Takes the oldest batch out of memory that is safe on disk and that nobody reads: those who have not read
 * it will read the frame. NULL: there is none. The batch is the caller's, to give back. */
struct batch *log_evict(struct log *log);
/* Gives up the newest batch that has no frame and that nobody reads; NULL: there is none. *ret_readers are those
 * that do not get it. The batch is the caller's, to give back. */
struct batch *log_drop_newest(struct log *log, uint64_t *ret_readers);
/* Frames below `sequence` were deleted. */
void log_forget(struct log *log, uint64_t sequence);

/* Whether some batch has no frame; with `vanishing`, one whose source cannot be read again. @thread any. */
bool log_has_unwritten(struct log *log, bool vanishing);
/* Bytes of memory of batches that have a frame and are still there. @thread any. */
size_t log_written_bytes(const struct log *log);

#endif
