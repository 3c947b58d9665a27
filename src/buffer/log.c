/* SPDX-License-Identifier: Apache-2.0 */
/* An append-only sequence of batches, of which those are kept that someone waits for.
 *
 *     on disk (log_disk.c)      |  in memory
 *     frames ... [36) [38) [40) |  first -> [40] <-> [42] <-> [43] <-> [44] <- last       41 has been settled
 *          ^output 2                              ^output 0                               and is gone
 *                                                           ^output 1
 *
 * A batch is stored once however many outputs read it; an output is a cursor, and a batch is in the log
 * until each output that takes something of it has settled that. A batch that leaves moves the cursors
 * that stand on it. So a batch that one output holds for long pins itself and nothing else.
 *
 * One mutex guards links and cursors; it is held for a few instructions, two or three times a batch. The
 * links are in the batches: appending cannot fail, and what the log holds is not its concern, since memory
 * is admitted before an input reads (pipeline/block.c) and what arrives here has its place.
 *
 * Without a disk tier this file is all there is. With one, the oldest batches may have frames on disk, and may
 * then leave memory; log_disk.c is what that means here.
 *
 * Rejected: a queue for each output (the same batch in several lists, and no place for a disk tier); an
 * array of slots by sequence (it must grow, which can fail, and one old batch keeps it long). */
#include "buffer/log.h"

#include <assert.h>
#include <stdlib.h>

#include "buffer/log_parts.h"

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
    for (unsigned i = 0; i < log->reader_count; i++)
        weir_bytes_free(&log->readers[i].buffer);
    rejects_free(&log->rejects);
    pthread_mutex_destroy(&log->lock);
    free(log);
    return NULL;
}

void log_reader(struct log *log, unsigned index, log_wake_f *wake, void *arg)
{
    assert(index < LOG_READERS_MAX && !log->first);
    log->readers[index] = (struct reader){
        .wake = wake, .arg = arg, .waiting = true, .buffer = { .max = SIZE_MAX / 2 }
    };
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

void log_unlink(struct log *log, struct batch *batch)
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
    if (batch->on_disk)
        atomic_fetch_sub(&log->written_bytes, batch->charged);
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
        reader->here++;
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

/* The next in memory, under the lock. */
static struct batch *log_read_memory(struct log *log, unsigned index)
{
    struct reader *reader = &log->readers[index];
    struct batch *found = NULL;
    while (!found && reader->cursor) {
        struct batch *batch = reader->cursor;
        reader->cursor = batch->next;
        if (batch->unsettled >> index & 1)
            found = batch;
    }
    reader->waiting = !found;
    if (!found)
        return NULL;
    found->reading |= (uint64_t)1 << index;
    reader->in_flight += found->charged;
    if (found->on_disk)
        store_note(log->disk.store, index, found->frame, found->frame_end, false);
    return found;
}

struct batch *log_read(struct log *log, unsigned index)
{
    struct reader *reader = &log->readers[index];
    struct batch *found = NULL;
    reader->error = 0;
    pthread_mutex_lock(&log->lock);
    bool full = log->has_disk && reader->in_flight >= log->disk.in_flight_max;
    while (!full && !found && reader->error == 0) {
        if (!reader->behind) {
            found = log_read_memory(log, index);
            break;
        }
        pthread_mutex_unlock(&log->lock);
        found = log_read_disk(log, index, &reader->error);
        pthread_mutex_lock(&log->lock);
    }
    pthread_mutex_unlock(&log->lock);
    return found;
}

int log_read_error(const struct log *log, unsigned index)
{
    return log->readers[index].error;
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
    struct log_answer answer = { 0 };
    bool last = true;
    pthread_mutex_lock(&log->lock);
    reader->in_flight -= batch->charged;
    if (!batch->thawed) {
        assert(batch->unsettled & bit);
        batch->unsettled &= ~bit;
        batch->reading &= ~bit;
        reader->here--;
        if (!batch->on_disk)
            reader->records -= batch_records_for(batch, index);
        last = batch->unsettled == 0 && !batch->writing;
    }
    if (batch->on_disk)
        log_ack(log, index, batch, &answer);
    if (last && !batch->thawed) {
        log_keep_rejects(log, batch);
        log_unlink(log, batch);
    }
    pthread_mutex_unlock(&log->lock);
    if (answer.records)
        log->disk.answered(log->disk.arg, &answer);
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
    struct store_backlog disk = { 0 };
    if (log->has_disk)
        store_backlog(log->disk.store, index, &disk);
    pthread_mutex_lock(&log->lock);
    ret->records = disk.records + reader->records;
    ret->oldest_observed = disk.oldest_observed;
    const struct batch *batch = log->first;
    while (batch && !(batch->unsettled >> index & 1))
        batch = batch->next;
    if (batch && !ret->oldest_observed)
        ret->oldest_observed = batch->observed;
    pthread_mutex_unlock(&log->lock);
}

bool log_is_uneven(struct log *log)
{
    bool idle = false, busy = false;
    pthread_mutex_lock(&log->lock);
    for (unsigned i = 0; i < log->reader_count; i++) {
        const struct reader *reader = &log->readers[i];
        bool nothing = reader->here == 0 && reader->in_flight == 0 && !reader->behind;
        idle |= nothing;
        busy |= !nothing;
    }
    pthread_mutex_unlock(&log->lock);
    return idle && busy;
}
