/* SPDX-License-Identifier: Apache-2.0 */
/* The readers' half of a store: each has a cursor, a file that it is in, and a buffer through which it looks at it.
 * What is next is decided under the lock, in sequences; the file is read outside of it, while the segment is
 * pinned, and what was read counts only if the segment still has it then: a failed sync may have taken it out. */
#include "buffer/store_parts.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "buffer/quarantine.h"

/* ---- files --------------------------------------------------------------------------------------------- */

void store_file_init(struct store *store, struct store_file *file)
{
    *file = (struct store_file){ .reader = { .disk = store->disk, .fd = -1 } };
}

void store_file_close(struct store *store, struct store_file *file)
{
    file->reader.fd = disk_close(store->disk, file->reader.fd);
}

static void rewind_file(struct store_file *file, const struct store_view *view)
{
    file->reader.offset = view->head_bytes;
    file->reader.sequence = view->first;
}

static int enter(struct store *store, struct store_file *file, const struct store_view *view)
{
    char name[SEGMENT_NAME_BYTES];
    store_file_close(store, file);
    segment_name(view->id, name);
    int fd = disk_open(store->disk, store->dir, name, 0);
    if (fd == -ELOOP || fd == -EISDIR || fd == -ENODEV)
        return -ENOENT;
    if (fd < 0)
        return fd;
    file->segment = view->id;
    file->reader.fd = fd;
    file->reader.salt = view->salt;
    file->reader.bytes->len = 0;
    rewind_file(file, view);
    return 0;
}

/* Goes on by heads to the frame that `sequence` is in. 0: the place is in front of it, or at the end; 1: it is in a
 * stretch, which *ret is; or a negative errno. */
static int skip_to(struct segment_reader *reader, uint64_t sequence, struct segment_frame *ret)
{
    int r = 1;
    while (r == 1 && reader->sequence < sequence) {
        uint64_t offset = reader->offset, before = reader->sequence;
        r = segment_next(reader, ret);
        if (r == 1 && ret->end > sequence && ret->headless)
            return 1;
        if (r == 1 && ret->end > sequence) {
            reader->offset = offset;
            reader->sequence = before;
            break;
        }
    }
    return r < 0 ? r : 0;
}

int store_fetch(struct store *store, struct store_file *file, const struct store_view *view,
                uint64_t sequence, struct segment_frame *ret)
{
    struct segment_reader *reader = &file->reader;
    int r = 0;
    if (reader->fd < 0 || file->segment != view->id)
        r = enter(store, file, view);
    if (r < 0)
        return r;
    reader->limit = view->limit;
    reader->end = view->end;
    if (reader->sequence > sequence || reader->sequence > view->end)
        rewind_file(file, view);
    reader->heads_only = true;
    r = skip_to(reader, sequence, ret);
    reader->heads_only = file->heads_only;
    return r ? r : segment_next(reader, ret);
}

bool store_put_aside(struct store *store, uint64_t segment, int fd, uint64_t offset, uint64_t bytes)
{
    char name[SEGMENT_NAME_BYTES + 16];
    store_lock(store);
    bool room = bytes && store->quarantine_files < STORE_QUARANTINE_FILES_MAX &&
                store->quarantine_bytes + bytes <= STORE_QUARANTINE_BYTES_MAX;
    store->quarantine_files += room;
    store->quarantine_bytes += room ? bytes : 0;
    store_unlock(store);
    if (!room)
        return false;
    snprintf(name, sizeof(name), "%016" PRIx64 "-%" PRIx64, segment, offset);
    int r = quarantine_copy(store->disk, store->dir, name, fd, offset, bytes);
    if (r < 0) {
        store_lock(store);
        store->quarantine_files--;
        store->quarantine_bytes -= bytes;
        store_unlock(store);
    }
    return r == 0;
}

/* ---- the next frame ------------------------------------------------------------------------------------ */

static uint64_t all_readers(const struct store *store)
{
    return store->reader_count == 64 ? ~UINT64_C(0) : (UINT64_C(1) << store->reader_count) - 1;
}

void store_fill_lost(const struct store *store, uint64_t sequence, uint64_t end,
                     struct store_frame *ret)
{
    *ret = (struct store_frame){ .head = { .sequence = sequence, .readers = all_readers(store) },
                                 .end = end,
                                 .damaged = true };
}

void store_fill(const struct store *store, const struct segment_frame *frame, uint64_t segment,
                unsigned map, uint64_t sequence, struct store_frame *ret)
{
    if (frame->headless)
        store_fill_lost(store, sequence, frame->end, ret);
    else
        *ret = (struct store_frame){ .head = frame->head,
                                     .end = frame->end,
                                     .ranges = frame->damaged ? NULL : frame->ranges,
                                     .payload = frame->damaged ? NULL : frame->payload,
                                     .damaged = frame->damaged };
    if (!frame->headless) {
        ret->head.readers = store_translate(store, map, frame->head.readers).configured;
        ret->reader_bits = store->maps[map].plain ? NULL : store->maps[map].configured;
    }
    if (ret->head.sequence < sequence)
        ret->head.sequence = sequence;
    ret->segment = segment;
    ret->offset = frame->offset;
}

/* The frame is the reader's, from now on in flight; of a stretch that cannot be read, what comes before the next
 * frame that the reader has from memory. 1 or -ENOMEM. */
static int hand_over(struct store_reader *reader, struct store_frame *frame)
{
    const uint64_t until = cursor_unread_until(&reader->cursor);
    if (frame->damaged && frame->end > until)
        frame->end = until;
    const struct cursor_entry entry = { .sequence = frame->head.sequence,
                                        .end = frame->end,
                                        .records = frame->damaged ? 0 : frame->head.records,
                                        .observed = frame->head.observed };
    int r = cursor_add(&reader->cursor, &entry);
    return r < 0 ? r : 1;
}

/* Reads at `read` in a pinned segment; the lock is not held. */
static int read_frame(struct store *store, struct store_reader *reader,
                      const struct store_view *view, uint64_t read, struct weir_bytes *buffer,
                      struct segment_frame *ret)
{
    if (reader->file.reader.bytes != buffer) {
        reader->file.reader.bytes = buffer;
        buffer->len = 0;
    }
    reader->file.reader.tolerant = reader->refusals >= STORE_REFUSALS_MAX;
    int r = store_fetch(store, &reader->file, view, read, ret);
    reader->refusals = r == -EIO ? reader->refusals + 1 : 0;
    if (r == 1 && ret->damaged)
        (void)store_put_aside(store, view->id, reader->file.reader.fd, ret->offset, ret->bytes);
    return r == -ENOSPC ? -EMSGSIZE : r;
}

/* Tries the segment at `index`, which ends behind what was read: 1; 0 when the reader must look again; or a
 * negative errno. Gives up the lock in between. */
static int next_in_locked(struct store *store, unsigned number, size_t index,
                          struct weir_bytes *buffer, struct store_frame *ret)
{
    struct store_reader *reader = &store->readers[number];
    struct store_segment *segment = store->segments[index];
    struct segment_frame frame;
    cursor_read_to(&reader->cursor, segment->first); /* numbers that nothing was given */
    uint64_t read = reader->cursor.read;
    uint64_t end = segment->end < store->durable ? segment->end : store->durable;
    if (read >= end)
        return 0;
    if (segment->missing) {
        store_fill_lost(store, read, segment->end, ret);
        return hand_over(reader, ret);
    }
    if (!store_concerns_locked(store, segment, number)) {
        cursor_read_to(&reader->cursor, end);
        return 0;
    }
    struct store_view view = store_view_locked(segment);
    view.end = end;
    segment->pins++;
    reader->busy = true;
    store_unlock(store);
    int r = read_frame(store, reader, &view, read, buffer, &frame);
    store_lock(store);
    reader->busy = false;
    segment->pins--;
    if (r == -ENOENT) {
        segment->missing = true;
        return 0;
    }
    if (r < 0)
        return r;
    if (r == 0 || frame.end > segment->end || reader->cursor.read != read)
        return 0; /* it was taken out meanwhile */
    store_fill(store, &frame, segment->id, segment->map, read, ret);
    if (ret->head.readers >> number & 1)
        return hand_over(reader, ret);
    cursor_read_to(&reader->cursor, frame.end);
    return 0;
}

int store_next(struct store *store, unsigned reader, struct weir_bytes *buffer,
               struct store_frame *ret)
{
    assert(reader < store->reader_count);
    int r = 0;
    store_lock(store);
    while (r == 0) {
        const uint64_t read = store->readers[reader].cursor.read;
        size_t index = store_find_locked(store, read);
        if (read >= store->durable || index == store->segment_count)
            break;
        r = next_in_locked(store, reader, index, buffer, ret);
    }
    store_unlock(store);
    return r;
}

bool store_has_read_all(const struct store *store, unsigned reader)
{
    store_lock(store);
    const uint64_t read = store->readers[reader].cursor.read;
    bool all = read >= store->durable || store_find_locked(store, read) == store->segment_count;
    store_unlock(store);
    return all;
}

/* ---- answers ------------------------------------------------------------------------------------------- */

static void count_answered_locked(struct store *store, unsigned reader, uint64_t sequence,
                                  uint64_t records)
{
    size_t index = store_find_locked(store, sequence);
    if (index < store->segment_count && store->segments[index]->first <= sequence)
        store_answered_locked(store, store->segments[index], reader, sequence, records);
}

void store_note(struct store *store, unsigned reader, uint64_t sequence, uint64_t end, bool acked)
{
    store_lock(store);
    const struct cursor_entry entry = {
        .sequence = sequence, .end = end, .records = end - sequence, .observed = 0, .acked = acked
    };
    struct cursor *cursor = &store->readers[reader].cursor;
    const bool taken = sequence != store->latest || store->latest_readers >> reader & 1;
    /* What lies before one that it reads now, and that it has not read, is not for it. */
    if (!acked && sequence > cursor->read)
        cursor_read_to(cursor, sequence);
    /* Without memory for it the reader reads it once more: a repeat, and no loss. */
    if (sequence >= cursor->read && cursor_add(cursor, &entry) == 0 && acked && taken)
        count_answered_locked(store, reader, sequence, end - sequence);
    store_unlock(store);
}

void store_take_back(struct store *store)
{
    store_lock(store);
    for (unsigned i = 0; i < store->reader_count; i++)
        cursor_take_back(&store->readers[i].cursor, store->durable);
    store_unlock(store);
}

uint64_t store_ack(struct store *store, unsigned reader, uint64_t sequence, uint64_t end,
                   uint64_t readers)
{
    uint64_t records = 0;
    store_lock(store);
    uint64_t before = store_unanswered_locked(store, readers, sequence, end);
    if (cursor_ack(&store->readers[reader].cursor, sequence, end, &records))
        count_answered_locked(store, reader, sequence, records);
    uint64_t after = store_unanswered_locked(store, readers, sequence, end);
    store_unlock(store);
    return before - after;
}

/* When the oldest record that waits was read: as near as is known without the disk. */
static int64_t oldest_locked(const struct store *store, const struct store_reader *reader,
                             const struct store_segment *segment)
{
    uint64_t watermark = cursor_watermark(&reader->cursor);
    const struct cursor_entry *entry = cursor_find(&reader->cursor, watermark);
    if (entry && entry->observed)
        return entry->observed;
    (void)store;
    return segment->sum.first_observed;
}

static void backlog_locked(const struct store *store, unsigned number, struct store_backlog *ret)
{
    const struct store_reader *reader = &store->readers[number];
    *ret = (struct store_backlog){ 0 };
    for (size_t i = store_find_locked(store, cursor_watermark(&reader->cursor));
         i < store->segment_count; i++) {
        const struct store_segment *segment = store->segments[i];
        uint64_t share = store_share_locked(store, segment, number);
        uint64_t answered = segment->answered ? segment->answered[number] : 0;
        if (segment->missing || share <= answered)
            continue;
        if (ret->records == 0)
            ret->oldest_observed = oldest_locked(store, reader, segment);
        ret->records += share - answered;
    }
}

void store_backlog(const struct store *store, unsigned reader, struct store_backlog *ret)
{
    store_lock(store);
    backlog_locked(store, reader, ret);
    store_unlock(store);
}

size_t store_readers(const struct store *store, struct store_reader_info *ret, size_t room)
{
    size_t count = 0;
    store_lock(store);
    for (unsigned i = 0; i < STORE_ALL_READERS && count < room; i++) {
        if (!store->readers[i].there)
            continue;
        struct store_reader_info *info = &ret[count++];
        info->orphan = i >= STORE_READERS_MAX;
        info->cursor = cursor_watermark(&store->readers[i].cursor);
        memcpy(info->name, store->readers[i].name, sizeof(info->name));
        backlog_locked(store, i, &info->backlog);
    }
    store_unlock(store);
    return count;
}
