/* SPDX-License-Identifier: Apache-2.0 */
/* What goes, and when.
 *
 *     delete     cursors beyond it in the state, synced → unlink → sync of the directory, and if that fails: later
 *
 * A segment that a crash brings back has all its records below the cursors, and goes again. Only the oldest goes:
 * a log with a hole in its middle could not be told from one that has lost something. */
#include "buffer/store_parts.h"

#include <errno.h>

#define RETRY_NS INT64_C(1000000000)

/* Files of a segment that has gone take room on the disk as long as somebody has them open. */
static void close_files_locked(struct store *store, uint64_t segment)
{
    for (unsigned i = 0; i < store->reader_count; i++) {
        struct store_reader *reader = &store->readers[i];
        if (!reader->busy && reader->file.reader.fd >= 0 && reader->file.segment == segment)
            store_file_close(store, &reader->file);
    }
}

static int unlink_segment(struct store *store, const struct store_segment *segment)
{
    char name[SEGMENT_NAME_BYTES];
    if (segment->missing)
        return 0;
    segment_name(segment->id, name);
    int r = disk_unlink(store->disk, store->dir, name);
    return r == -ENOENT ? 0 : r;
}

/* Who has nothing in the oldest segment goes on behind it. True when the state is behind it for all. */
static bool pass_over_locked(struct store *store, const struct store_segment *segment)
{
    bool beyond = !store->state_changed; /* else a reader that was dropped is still in it */
    for (unsigned i = 0; i < STORE_ALL_READERS; i++) {
        struct store_reader *reader = &store->readers[i];
        if (!reader->there)
            continue;
        if (!store_concerns_locked(store, segment, i))
            cursor_read_to(&reader->cursor, segment->end);
        beyond = beyond && reader->committed >= segment->end;
    }
    return beyond;
}

/* Deletes the oldest segment, which everyone is through with. 0, or a negative errno and it is still there. */
static int delete_oldest(struct store *store)
{
    store_lock(store);
    struct store_segment *segment = store->segments[0];
    bool beyond = pass_over_locked(store, segment);
    store_unlock(store);
    int r = beyond ? 0 : store_write_state(store, store->reserved);
    if (r == 0)
        r = unlink_segment(store, segment);
    if (r < 0)
        return r;
    store_lock(store);
    close_files_locked(store, segment->id);
    store_remove_segment_locked(store, 0);
    store_unlock(store);
    return 0;
}

void store_delete_empty(struct store *store)
{
    for (size_t i = store->segment_count; i-- > 0;) {
        struct store_segment *segment = store->segments[i];
        store_lock(store);
        bool empty =
            segment->first == segment->end && segment != store->active && segment->pins == 0;
        if (empty)
            close_files_locked(store, segment->id);
        store_unlock(store);
        if (!empty || (segment->given_up && store_commit(store) < 0) ||
            unlink_segment(store, segment) < 0)
            continue;
        store_lock(store);
        store_remove_segment_locked(store, i);
        store_unlock(store);
    }
}

/* ---- trimming ------------------------------------------------------------------------------------------ */

/* Bytes of the segments, from the oldest on, that everyone is through with. */
static uint64_t acked_bytes(const struct store *store)
{
    uint64_t bytes = 0;
    store_lock(store);
    for (size_t i = 0; i < store->segment_count; i++) {
        if (store->segments[i] == store->active ||
            !store_is_acked_locked(store, store->segments[i]))
            break;
        bytes += store->segments[i]->file_bytes;
    }
    store_unlock(store);
    return bytes;
}

/* Until when the segment is kept, at `now`: 0 when it need not be. */
static int64_t kept_until(const struct store *store, const struct store_segment *segment,
                          uint64_t acked, int64_t now)
{
    if (store->retention == 0 || segment->sum.frames == 0 || segment->missing ||
        (store->retention_bytes && acked > store->retention_bytes))
        return 0;
    /* A clock that was set back must not keep it for ever. */
    int64_t written = segment->sum.last_written < now ? segment->sum.last_written : now;
    return written + store->retention > now ? written + store->retention : 0;
}

int64_t store_trim(struct store *store, int64_t now)
{
    store_delete_empty(store);
    uint64_t acked = acked_bytes(store);
    bool deleted = false;
    int64_t due = 0;
    while (due == 0) {
        store_lock(store);
        struct store_segment *segment = store->segment_count ? store->segments[0] : NULL;
        bool can = segment && segment != store->active && segment->pins == 0 &&
                   segment->end <= store->durable && store_is_acked_locked(store, segment);
        store_unlock(store);
        if (!can)
            break;
        uint64_t bytes = segment->file_bytes;
        due = kept_until(store, segment, acked, now);
        if (due)
            break;
        if (delete_oldest(store) < 0)
            due = now + RETRY_NS;
        else
            deleted = true;
        acked -= bytes < acked ? bytes : acked;
    }
    if (deleted)
        (void)disk_sync_dir(store->disk, store->dir);
    return due;
}

/* ---- making room by force ------------------------------------------------------------------------------ */

/* Whether the segment cannot go: somebody looks at its file, or a reader has a frame of it in flight that another
 * has not even read. One that all have read needs the file no more: it is answered by who has it in memory. */
static bool is_needed_locked(const struct store *store, const struct store_segment *segment)
{
    uint64_t read = UINT64_MAX;
    for (unsigned i = 0; i < store->reader_count; i++)
        read = store->readers[i].cursor.read < read ? store->readers[i].cursor.read : read;
    bool needed = segment->pins > 0;
    for (unsigned i = 0; !needed && read < segment->end && i < store->reader_count; i++)
        needed = cursor_is_in_flight(&store->readers[i].cursor,
                                     read > segment->first ? read : segment->first, segment->end);
    return needed;
}

static uint64_t progress_locked(const struct store *store)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < STORE_ALL_READERS; i++)
        if (store->readers[i].there)
            sum += cursor_watermark(&store->readers[i].cursor);
    return sum;
}

/* Puts all cursors behind the segment: false when it is needed, or a reader moved while it was counted what is
 * in it. */
static bool give_up(struct store *store, struct store_segment *segment, struct store_lost *ret)
{
    store_lock(store);
    bool can = !is_needed_locked(store, segment);
    uint64_t before = progress_locked(store);
    segment->pins += can; /* readers look at files outside of the lock; so does counting */
    store_unlock(store);
    if (!can)
        return false;
    store_count_held(store, segment, ret);
    store_lock(store);
    segment->pins--;
    can = !is_needed_locked(store, segment) && progress_locked(store) == before;
    for (unsigned i = 0; can && i < STORE_ALL_READERS; i++)
        if (store->readers[i].there && store->readers[i].cursor.read < segment->end)
            cursor_read_to(&store->readers[i].cursor, segment->end);
    store_unlock(store);
    return can;
}

int store_make_room(struct store *store, bool held, struct store_lost *ret_lost)
{
    store_delete_empty(store);
    struct store_segment *segment = store->segment_count ? store->segments[0] : NULL;
    if (!segment ||
        segment->first == segment->end) /* what was given up before must be deleted first */
        return 0;
    store_lock(store);
    bool safe = segment->end <= store->durable;
    bool acked = segment->pins == 0 && store_is_acked_locked(store, segment);
    store_unlock(store);
    if (!safe || (!acked && !held) ||
        (segment == store->active && store_finish_active(store, false) < 0))
        return 0;
    struct store_lost lost = { .end = segment->end };
    if (!acked && !give_up(store, segment, &lost))
        return 0;
    int r = delete_oldest(store);
    if (r == 0)
        (void)disk_sync_dir(store->disk, store->dir);
    if (r < 0 && acked)
        return 0;
    store_lock(store);
    if (r < 0) {
        store_empty_locked(segment, segment->end);
        segment->given_up = true;
    }
    store_unlock(store);
    *ret_lost = lost;
    return 1;
}

int store_drop_reader(struct store *store, const char *name)
{
    int r = -ENOENT;
    store_lock(store);
    for (unsigned i = STORE_READERS_MAX; i < STORE_ALL_READERS; i++) {
        struct store_reader *reader = &store->readers[i];
        if (!reader->there || strcmp(reader->name, name) != 0)
            continue;
        reader->there = false;
        store->state_changed = true;
        r = 0;
    }
    store_unlock(store);
    return r;
}
