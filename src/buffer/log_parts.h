/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_LOG_PARTS_H
#define WEIR_BUFFER_LOG_PARTS_H

#include <stdatomic.h>

#include "buffer/log_disk.h"
#include "buffer/rejects.h"

/* The log from inside, for log.c and log_disk.c. */

struct reader {
    log_wake_f *wake;
    void *arg;
    struct batch *cursor; /* the next in memory to look at; NULL: it has read all there was */
    bool waiting;         /* log_read() found nothing, and nothing has come since */
    bool behind;      /* there are frames on disk that it has to read before what is in memory */
    unsigned here;    /* batches in memory that it takes and has not settled */
    uint64_t records; /* of those of them that have no frame */
    size_t in_flight; /* bytes of batches that it has read and not settled */

    /* The reader's thread only. */
    struct weir_bytes buffer;
    struct store_frame frame; /* read, and not thawed for want of memory, or of knowledge */
    bool has_frame;
    bool has_told; /* of a frame that it does not know how to read */
    int error;
};

struct log {
    pthread_mutex_t lock;
    struct batch *first, *last;
    uint64_t next_sequence;
    _Atomic size_t written_bytes;
    unsigned reader_count;
    bool has_disk;
    struct log_disk disk;
    struct rejects rejects;
    struct reader readers[LOG_READERS_MAX];
};

/* Out of the list; cursors that stand on it move on. Under the lock. */
void log_unlink(struct log *log, struct batch *batch);
/* A batch as the reader's next, from disk; NULL when it is not behind any more, with *ret_error 0 or why it
 * cannot go on. Takes the lock and gives it back. @thread the reader's. */
struct batch *log_read_disk(struct log *log, unsigned index, int *ret_error);
/* Reader `index` is through with a frame of `batch`; *ret_answer is filled in when it was the last. Under the
 * lock. */
void log_ack(struct log *log, unsigned index, struct batch *batch, struct log_answer *ret_answer);
/* What is known of refused records of a batch that leaves memory before its frame is answered. Under the
 * lock. */
void log_keep_rejects(struct log *log, struct batch *batch);

#endif
