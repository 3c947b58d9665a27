/* SPDX-License-Identifier: Apache-2.0 */
/* The log's disk tier: which batch has a frame, and from where each reader reads.
 *
 *     memory:   [40] <-> [41] <-> [42] <-> [43] <-> [44]
 *     frames:    safe     safe    written    -        -        a prefix has frames, and a prefix of that is safe
 *
 * Frames are made from the oldest batch on, so that what is on disk is older than what is only in memory, and
 * a reader goes on in one order over both. A batch with a frame stays in memory for who comes by:
 *
 *   no frame    settled by all: gives its memory back, and no write has happened
 *   written     not yet safe: memory is what the tier writes again when the sync fails
 *   safe        positions may pass it; it can be taken out of memory (log_evict) unless somebody reads it
 *
 * A reader is *behind* when a batch was taken out that it had not read. It reads frames then, until it has
 * read all that is safe; what is younger is in memory, since nothing leaves that before it is safe. So a frame
 * is read from disk by those who lag, and by nobody else. A reader that has a batch from memory tells the
 * store so (store_note), and its cursor there goes on as if it had read the frame.
 *
 * A frame's records are counted when its last reader has acked it, which the store knows from cursors alone: no
 * memory is held for what waits on disk, however much that is, but for records that a sink has refused
 * (rejects.c). */
#include "buffer/log_disk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer/frozen.h"
#include "buffer/log_parts.h"

void log_set_disk(struct log *log, const struct log_disk *disk)
{
    assert(!log->first);
    log->disk = *disk;
    log->has_disk = true;
    for (unsigned i = 0; i < log->reader_count; i++) {
        log->readers[i].behind = !store_has_read_all(disk->store, i);
        log->readers[i].waiting = !log->readers[i].behind;
    }
}

/* ---- refusals ------------------------------------------------------------------------------------------ */

/* Bits of records of the batch as bits of those of its frame; from malloc. NULL: none, or memory is short. */
static uint64_t *frame_bits(const struct batch *batch, const uint64_t *bits)
{
    const size_t words = bitmap_words((uint32_t)(batch->frame_end - batch->frame));
    uint64_t *ret = bits ? calloc(words, sizeof(*ret)) : NULL;
    if (ret && batch->thawed)
        memcpy(ret, bits, words * sizeof(*ret));
    else if (ret)
        frozen_renumber(batch, NULL, bits, ret);
    return ret;
}

/* When memory is short, refused records count as delivered. */
void log_keep_rejects(struct log *log, struct batch *batch)
{
    if (!batch->on_disk || !(batch->rejected || batch->parked))
        return;
    uint64_t *rejected = frame_bits(batch, batch->rejected);
    uint64_t *parked = frame_bits(batch, batch->parked);
    (void)rejects_add(&log->rejects, batch->frame, (uint32_t)(batch->frame_end - batch->frame),
                      rejected, parked);
    free(rejected);
    free(parked);
    batch_unmark(batch);
}

/* `records` of the frame are answered: all of it, but of a stretch that is damaged it may be a part. */
static void answer_frame(struct log *log, uint64_t frame, uint64_t records, struct log_answer *ret)
{
    if (records == 0)
        return;
    struct rejects_sum sum = rejects_take(&log->rejects, frame);
    *ret = (struct log_answer){ .records = records,
                                .rejected = sum.rejected,
                                .dead_lettered = sum.parked,
                                .damaged = sum.damaged < records ? sum.damaged : records };
}

void log_ack(struct log *log, unsigned index, struct batch *batch, struct log_answer *ret_answer)
{
    log_keep_rejects(log, batch);
    answer_frame(
        log, batch->frame,
        store_ack(log->disk.store, index, batch->frame, batch->frame_end, batch->frame_readers),
        ret_answer);
    log->disk.acked(log->disk.arg);
}

/* ---- reading -------------------------------------------------------------------------------------------- */

/* The frame [frame.sequence, frame.end) is the reader's now: batches in memory up to it are behind its
 * cursor, and the one that the frame was made of is not for it any more. Returns batches that nobody needs
 * now, linked by `next`. Under the lock. */
static struct batch *pass_memory(struct log *log, unsigned index, const struct store_frame *frame)
{
    struct reader *reader = &log->readers[index];
    const uint64_t bit = (uint64_t)1 << index;
    struct batch *unneeded = NULL;
    while (reader->cursor && reader->cursor->on_disk && reader->cursor->frame < frame->end) {
        struct batch *batch = reader->cursor;
        reader->cursor = batch->next;
        if (!(batch->unsettled & bit))
            continue;
        batch->unsettled &= ~bit;
        reader->here--;
        if (batch->unsettled == 0 && !batch->writing) {
            log_keep_rejects(log, batch);
            log_unlink(log, batch);
            batch->next = unneeded;
            unneeded = batch;
        }
    }
    return unneeded;
}

static void give_up_frame(struct log *log, unsigned index, const struct store_frame *frame)
{
    struct log_answer answer = { 0 };
    log->disk.damaged(log->disk.arg, index, frame);
    pthread_mutex_lock(&log->lock);
    (void)rejects_add_damaged(&log->rejects, frame->head.sequence,
                              (uint32_t)(frame->end - frame->head.sequence));
    answer_frame(
        log, frame->head.sequence,
        store_ack(log->disk.store, index, frame->head.sequence, frame->end, frame->head.readers),
        &answer);
    pthread_mutex_unlock(&log->lock);
    if (answer.records)
        log->disk.answered(log->disk.arg, &answer);
}

/* What another version knows how to read is not lost: it is held, and with it what is behind it. */
static void hold_frame(struct log *log, unsigned index, int why)
{
    struct reader *reader = &log->readers[index];
    if (!reader->has_told)
        log->disk.unknown(log->disk.arg, index, &reader->frame, why);
    reader->has_told = true;
}

/* 0 with *ret; 1: the frame cannot be used and has been given up; or it must wait: -ENOMEM, -EPROTO, -ENOTSUP. */
static int thaw(struct log *log, unsigned index, struct batch **ret)
{
    struct reader *reader = &log->readers[index];
    const struct store_frame *frame = &reader->frame;
    int r = frame->damaged
                ? -EBADMSG
                : frozen_thaw_into(log->disk.spare(log->disk.arg), &frame->head, frame->ranges,
                                   frame->payload, frame->reader_bits, log->disk.chunks, ret);
    if (r == -EPROTO || r == -ENOTSUP)
        hold_frame(log, index, r);
    if (r == -ENOMEM || r == -EPROTO || r == -ENOTSUP)
        return r;
    reader->has_frame = false;
    if (r < 0) {
        give_up_frame(log, index, frame);
        return 1;
    }
    struct batch *batch = *ret;
    batch->thawed = batch->on_disk = batch->safe = batch->counted = true;
    batch->frame = frame->head.sequence;
    batch->frame_end = frame->end;
    batch->frame_readers = frame->head.readers;
    batch->sequence = batch->frame;
    budget_force(log->disk.budget, batch->charged);
    pthread_mutex_lock(&log->lock);
    reader->in_flight += batch->charged;
    pthread_mutex_unlock(&log->lock);
    log->disk.thawed(log->disk.arg, index, batch);
    return 0;
}

/* Reads the next frame into reader->frame: 1, 0 when there is none that is safe, or a negative errno. */
static int next_frame(struct log *log, unsigned index)
{
    struct reader *reader = &log->readers[index];
    if (reader->has_frame)
        return 1;
    int r = store_next(log->disk.store, index, &reader->buffer, &reader->frame);
    if (r != 1)
        return r;
    reader->has_frame = true;
    pthread_mutex_lock(&log->lock);
    struct batch *unneeded = pass_memory(log, index, &reader->frame);
    pthread_mutex_unlock(&log->lock);
    for (struct batch *next; unneeded; unneeded = next) {
        next = unneeded->next;
        log->disk.unneeded(log->disk.arg, unneeded);
    }
    return 1;
}

struct batch *log_read_disk(struct log *log, unsigned index, int *ret_error)
{
    struct reader *reader = &log->readers[index];
    struct batch *batch = NULL;
    int r;
    while ((r = next_frame(log, index)) == 1) {
        r = thaw(log, index, &batch);
        if (r == 0)
            return batch;
        if (r < 0)
            break;
    }
    *ret_error = r;
    if (r < 0)
        return NULL;
    weir_bytes_free(&reader->buffer);
    pthread_mutex_lock(&log->lock);
    reader->behind = !store_has_read_all(log->disk.store, index);
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------------------------- */

static struct batch *first_unwritten(const struct log *log)
{
    struct batch *batch = log->first;
    while (batch && batch->on_disk)
        batch = batch->next;
    return batch;
}

struct batch *log_write_begin(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    struct batch *batch = first_unwritten(log);
    if (batch)
        batch->writing = true;
    pthread_mutex_unlock(&log->lock);
    return batch;
}

bool log_has_unwritten(struct log *log, bool vanishing)
{
    pthread_mutex_lock(&log->lock);
    const struct batch *batch = first_unwritten(log);
    while (batch && vanishing && !batch->vanishing)
        batch = batch->next;
    pthread_mutex_unlock(&log->lock);
    return batch != NULL;
}

size_t log_written_bytes(const struct log *log)
{
    return atomic_load(&log->written_bytes);
}

/* Where each reader stands with the batch is where it stands with the frame. */
static void note_readers(struct log *log, const struct batch *batch)
{
    struct store *store = log->disk.store;
    for (unsigned i = 0; i < log->reader_count; i++) {
        const uint64_t bit = (uint64_t)1 << i;
        struct reader *reader = &log->readers[i];
        if (batch->unsettled & bit)
            reader->records -= batch_records_for(batch, i);
        /* One that is behind passes over what is not for it, too: it may have read all that is safe before this
         * frame is. */
        const bool is_done =
            !(batch->frame_readers & bit) || (!(batch->unsettled & bit) && !reader->behind);
        if (batch->reading & bit)
            store_note(store, i, batch->frame, batch->frame_end, false);
        else if (is_done)
            store_note(store, i, batch->frame, batch->frame_end, true);
    }
}

bool log_write_end(struct log *log, struct batch *batch, const struct frame_head *head)
{
    pthread_mutex_lock(&log->lock);
    batch->writing = false;
    bool needed = batch->unsettled != 0;
    if (head) {
        batch->frame = head->sequence;
        batch->frame_end = head->sequence + head->records;
        batch->frame_readers = head->readers;
        note_readers(log, batch);
    }
    if (head && needed) {
        batch->on_disk = true;
        atomic_fetch_add(&log->written_bytes, batch->charged);
        log->disk.kept(log->disk.arg, batch);
    }
    if (!needed)
        log_unlink(log, batch);
    pthread_mutex_unlock(&log->lock);
    return !needed;
}

bool log_shed(struct log *log, struct batch *batch, const uint64_t *bits)
{
    const size_t words = bitmap_words(batch->pub.count);
    pthread_mutex_lock(&log->lock);
    bool untouched = !batch->reading && batch->unsettled == batch->routed;
    for (unsigned i = 0; untouched && i < log->reader_count; i++)
        if (batch->routed >> i & 1)
            log->readers[i].records -= batch_records_for(batch, i);
    for (size_t word = 0; untouched && word < words; word++)
        batch->dropped[word] |= bits[word];
    if (untouched) {
        batch->pub.dropped = batch->dropped;
        uint32_t dropped = bitmap_count(batch->dropped, batch->pub.count);
        batch->shed_count += dropped - batch->dropped_count;
        batch->dropped_count = dropped;
    }
    for (unsigned i = 0; untouched && i < log->reader_count; i++) {
        const uint64_t bit = (uint64_t)1 << i;
        if (!(batch->routed & bit))
            continue;
        for (size_t word = 0; batch->masks && batch->masks[i] && word < words; word++)
            batch->masks[i][word] &= ~bits[word];
        uint32_t left = batch_records_for(batch, i);
        log->readers[i].records += left;
        if (left)
            continue;
        batch->routed &= ~bit;
        batch->unsettled &= ~bit;
        log->readers[i].here--;
    }
    pthread_mutex_unlock(&log->lock);
    return untouched;
}

/* Batches whose frames are safe now. Under the lock. */
static void mark_safe(struct log *log)
{
    const uint64_t durable = store_durable(log->disk.store);
    for (struct batch *batch = log->first; batch && batch->on_disk; batch = batch->next)
        if (!batch->safe && batch->frame_end <= durable) {
            batch->safe = true;
            log->disk.safe(log->disk.arg, batch);
        }
}

void log_synced(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    mark_safe(log);
    pthread_mutex_unlock(&log->lock);
}

void log_rewound(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    mark_safe(log); /* a segment that was full had been synced before */
    store_take_back(log->disk.store);
    for (struct batch *batch = log->first; batch; batch = batch->next) {
        if (!batch->on_disk || batch->safe)
            continue;
        batch->on_disk = false;
        atomic_fetch_sub(&log->written_bytes, batch->charged);
        for (unsigned i = 0; i < log->reader_count; i++)
            if (batch->unsettled >> i & 1)
                log->readers[i].records += batch_records_for(batch, i);
    }
    pthread_mutex_unlock(&log->lock);
}

/* ---- out of memory ---------------------------------------------------------------------------------------- */

struct batch *log_evict(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    struct batch *batch = log->first;
    while (batch && batch->on_disk && (batch->reading || !batch->safe))
        batch = batch->next;
    if (batch && !batch->on_disk)
        batch = NULL;
    for (unsigned i = 0; batch && i < log->reader_count; i++)
        if (batch->unsettled >> i & 1) {
            log->readers[i].behind = true;
            log->readers[i].here--;
        }
    if (batch) {
        log_keep_rejects(log, batch);
        log_unlink(log, batch);
    }
    pthread_mutex_unlock(&log->lock);
    return batch;
}

struct batch *log_drop_newest(struct log *log, uint64_t *ret_readers)
{
    pthread_mutex_lock(&log->lock);
    struct batch *batch = log->last;
    while (batch && !batch->on_disk && (batch->reading || batch->writing))
        batch = batch->previous;
    if (batch && batch->on_disk)
        batch = NULL;
    for (unsigned i = 0; batch && i < log->reader_count; i++)
        if (batch->unsettled >> i & 1) {
            log->readers[i].here--;
            log->readers[i].records -= batch_records_for(batch, i);
        }
    if (batch) {
        *ret_readers = batch->unsettled;
        batch->unsettled = 0;
        log_unlink(log, batch);
    }
    pthread_mutex_unlock(&log->lock);
    return batch;
}

void log_forget(struct log *log, uint64_t sequence)
{
    pthread_mutex_lock(&log->lock);
    rejects_forget(&log->rejects, sequence);
    pthread_mutex_unlock(&log->lock);
}
