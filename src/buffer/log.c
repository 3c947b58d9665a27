/* SPDX-License-Identifier: Apache-2.0 */
/* The memory tier: an append-only sequence of batches, of which those are kept that someone waits for.
 *
 *     first -> [40] <-> [42] <-> [43] <-> [44] <- last        41 has been settled and is gone
 *                        ^cursor of output 0
 *                                  ^cursor of output 1
 *
 * A batch is stored once however many outputs read it; an output is a cursor, and a batch is in the log
 * until each output that takes something of it has settled that. A batch that leaves moves the cursors
 * that stand on it. So a batch that one output holds for long pins itself and nothing else.
 *
 * One mutex guards links and cursors; it is held for a few instructions, two or three times a batch. The
 * links are in the batches: appending cannot fail, and what the log holds is not its concern, since memory
 * is admitted before an input reads (pipeline/block.c) and what arrives here has its place.
 *
 * The seam for a disk tier is here and nowhere else. It will stand behind the same functions: log_append()
 * may write a frame in place of keeping the batch, log_read() may make a batch out of a frame, and
 * log_settled() then moves a cursor that is kept on disk; sequence numbers are those of the frames.
 * Inputs, filter stage and outputs see batches in either case.
 *
 * Rejected: a queue for each output (the same batch in several lists, and no place for a disk tier); an
 * array of slots by sequence (it must grow, which can fail, and one old batch keeps it long). */
#include "buffer/log.h"

#include <assert.h>
#include <stdlib.h>

struct reader {
    log_wake_f *wake;
    void *arg;
    struct batch *cursor; /* the next to look at; NULL: it has read all there was */
    bool waiting;         /* log_read() found nothing, and nothing has come since */
    uint64_t batches;     /* it takes something of, not settled */
    uint64_t records;
};

struct log {
    pthread_mutex_t lock;
    struct batch *first, *last;
    uint64_t next_sequence;
    unsigned reader_count;
    struct reader readers[LOG_READERS_MAX];
};

struct log *log_new(void)
{
    struct log *log = calloc(1, sizeof(*log));
    if (log)
        pthread_mutex_init(&log->lock, NULL);
    return log;
}

struct log *log_free(struct log *log)
{
    if (!log)
        return NULL;
    pthread_mutex_destroy(&log->lock);
    free(log);
    return NULL;
}

void log_reader(struct log *log, unsigned index, log_wake_f *wake, void *arg)
{
    assert(index < LOG_READERS_MAX && !log->first);
    log->readers[index] = (struct reader){ .wake = wake, .arg = arg, .waiting = true };
    if (index >= log->reader_count)
        log->reader_count = index + 1;
}

static void log_link(struct log *log, struct batch *batch)
{
    batch->sequence = log->next_sequence++;
    batch->unsettled = batch->routed;
    batch->next = NULL;
    batch->previous = log->last;
    if (log->last)
        log->last->next = batch;
    else
        log->first = batch;
    log->last = batch;
}

static void log_unlink(struct log *log, struct batch *batch)
{
    for (unsigned i = 0; i < log->reader_count; i++)
        if (log->readers[i].cursor == batch)
            log->readers[i].cursor = batch->next;
    if (batch->previous)
        batch->previous->next = batch->next;
    else
        log->first = batch->next;
    if (batch->next)
        batch->next->previous = batch->previous;
    else
        log->last = batch->previous;
    batch->next = batch->previous = NULL;
}

void log_append(struct log *log, struct batch *batch)
{
    uint64_t wake = 0;
    assert(batch->routed != 0);
    pthread_mutex_lock(&log->lock);
    log_link(log, batch);
    for (unsigned i = 0; i < log->reader_count; i++) {
        struct reader *reader = &log->readers[i];
        if (!reader->cursor)
            reader->cursor = batch;
        if (!(batch->routed >> i & 1))
            continue;
        reader->batches++;
        reader->records += batch_records_for(batch, i);
        if (reader->waiting)
            wake |= (uint64_t)1 << i;
        reader->waiting = false;
    }
    pthread_mutex_unlock(&log->lock);
    /* The batch may be gone by now. */
    for (; wake; wake &= wake - 1) {
        struct reader *reader = &log->readers[__builtin_ctzll(wake)];
        reader->wake(reader->arg);
    }
}

struct batch *log_read(struct log *log, unsigned index)
{
    struct reader *reader = &log->readers[index];
    struct batch *found = NULL;
    pthread_mutex_lock(&log->lock);
    while (!found && reader->cursor) {
        struct batch *batch = reader->cursor;
        reader->cursor = batch->next;
        if (batch->routed >> index & 1)
            found = batch;
    }
    reader->waiting = !found;
    pthread_mutex_unlock(&log->lock);
    return found;
}

static void log_mark(struct log *log, const struct batch *batch, uint64_t **marks,
                     const uint64_t *bits)
{
    size_t words = bitmap_words(batch->pub.count);
    pthread_mutex_lock(&log->lock);
    if (!*marks)
        *marks = calloc(words, sizeof((*marks)[0]));
    assert(*marks); /* some bytes a batch: without them nothing else works either */
    for (size_t i = 0; i < words; i++)
        (*marks)[i] |= bits[i];
    pthread_mutex_unlock(&log->lock);
}

void log_reject(struct log *log, struct batch *batch, const uint64_t *rejected)
{
    log_mark(log, batch, &batch->rejected, rejected);
}

void log_park(struct log *log, struct batch *batch, const uint64_t *parked)
{
    log_mark(log, batch, &batch->parked, parked);
}

bool log_settled(struct log *log, unsigned index, struct batch *batch)
{
    const uint64_t bit = (uint64_t)1 << index;
    struct reader *reader = &log->readers[index];
    pthread_mutex_lock(&log->lock);
    assert(batch->unsettled & bit);
    batch->unsettled &= ~bit;
    reader->batches--;
    reader->records -= batch_records_for(batch, index);
    bool last = batch->unsettled == 0;
    if (last)
        log_unlink(log, batch);
    pthread_mutex_unlock(&log->lock);
    return last;
}

struct batch *log_abandon(struct log *log)
{
    struct batch *batches = log->first;
    log->first = log->last = NULL;
    for (unsigned i = 0; i < log->reader_count; i++)
        log->readers[i].cursor = NULL;
    return batches;
}

void log_backlog(struct log *log, unsigned index, struct log_backlog *ret)
{
    const struct reader *reader = &log->readers[index];
    *ret = (struct log_backlog){ 0 };
    pthread_mutex_lock(&log->lock);
    ret->batches = reader->batches;
    ret->records = reader->records;
    const struct batch *batch = log->first;
    while (batch && !(batch->unsettled >> index & 1))
        batch = batch->next;
    if (batch)
        ret->oldest_observed = batch->observed;
    pthread_mutex_unlock(&log->lock);
}
