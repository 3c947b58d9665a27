/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's half of a store.
 *
 *     first append of a run      state: numbers reserved, readers named → segment made
 *     segment made               O_EXCL → space reserved → head → sync → sync of the directory → first frame
 *     append                     write at the end of the last frame
 *     sync                       what was written is safe
 *     segment full               sync → seal, cut to size → the next is made
 *
 * An append that finds no room leaves the end where it is; what it wrote in part is written over by the next.
 * After an EIO, or a sync that failed, nobody knows what of the file is on the disk: it is poisoned, that is
 * closed as it stands, and counts up to its last good sync. */
#include "buffer/store_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"

#define SEAL_BYTES_MAX 2048

/* Whether the file can go on being written to after this error. */
static bool is_harmless(int r)
{
    switch (r) {
    case -ENOSPC:
    case -EDQUOT:
    case -EFBIG:
    case -EROFS:
    case -EAGAIN:
    case -ENOMEM: return true;
    default: return false;
    }
}

static uint64_t slack(const struct store_segment *segment)
{
    uint64_t used = segment->sum.bytes + SEAL_BYTES_MAX;
    return segment->file_bytes > used ? segment->file_bytes - used : 0;
}

static void copy_sum(struct segment_sum *to, const struct segment_sum *from)
{
    struct segment_share *shares = to->shares;
    unsigned room = to->share_room;
    assert(room >= from->share_count);
    *to = *from;
    to->shares = shares;
    to->share_room = room;
    if (from->share_count)
        memcpy(shares, from->shares, from->share_count * sizeof(shares[0]));
}

/* The frames since the last good sync are not there; their files are left alone. A file that was closed since is among
 * them: that it was synced is true, and nobody was told. The next segment says in its head where the log ended. */
static void poison(struct store *store)
{
    store_lock(store);
    for (size_t i = store->segment_count; i-- > 0;) {
        struct store_segment *segment = store->segments[i];
        if (segment == store->safe_segment) {
            copy_sum(&segment->sum, &store->safe);
            segment->end = store->safe.end;
            for (unsigned r = 0; segment->answered && r < STORE_ALL_READERS; r++)
                segment->answered[r] -= segment->answered[r] < store->unsafe[r]
                                            ? segment->answered[r]
                                            : store->unsafe[r];
            break;
        }
        if (segment->missing || segment->end <= store->durable)
            break;
        store_empty_locked(segment, store->durable);
    }
    memset(store->unsafe, 0, sizeof(store->unsafe));
    store->end = store->file_safe = store->durable;
    store_unlock(store);
    store->active = NULL;
    store->active_fd = disk_close(store->disk, store->active_fd);
}

static int sync_file(struct store *store)
{
    if (store->file_safe == store->end)
        return 0;
    int r = store->never_sync ? 0 : disk_sync(store->disk, store->active_fd);
    if (r < 0)
        poison(store);
    else
        store->file_safe = store->end;
    return r;
}

int store_sync(struct store *store)
{
    int r = store->failure;
    store->failure = 0;
    if (r == 0)
        r = sync_file(store);
    if (r < 0 || store->durable == store->end)
        return r;
    store_lock(store);
    store->safe_segment = store->segment_count ? store->segments[store->segment_count - 1] : NULL;
    if (store->safe_segment)
        copy_sum(&store->safe, &store->safe_segment->sum);
    store->durable = store->end;
    memset(store->unsafe, 0, sizeof(store->unsafe));
    store_unlock(store);
    return 0;
}

int store_finish_active(struct store *store, bool last)
{
    struct store_segment *segment = store->active;
    if (!segment)
        return 0;
    int r = sync_file(store);
    if (r < 0) {
        store->failure = r;
        return r;
    }
    uint64_t size = segment->file_bytes;
    bool sealed = segment_seal(store->disk, store->active_fd, segment->salt, &segment->sum) == 0 &&
                  disk_size(store->disk, store->active_fd, &size) == 0;
    if (sealed && last)
        (void)disk_sync(store->disk,
                        store->active_fd); /* without it the next start reads the frames */
    store->active = NULL;
    store->active_fd = disk_close(store->disk, store->active_fd);
    store_lock(store);
    segment->sealed = sealed;
    segment->file_bytes = size;
    segment_sum_fit(&segment->sum);
    store_unlock(store);
    return 0;
}

/* ---- a new segment ------------------------------------------------------------------------------------- */

static int write_head(struct store *store, struct store_segment *segment, int fd)
{
    struct segment_head head = {
        .id = segment->id,
        .first = segment->first,
        .follows = segment->follows,
        .created = segment->created,
        .salt = segment->salt,
        .kind = (uint16_t)store->kind,
        .name = weir_str_of(store->name),
        .reader_count = store->reader_count,
    };
    memcpy(head.store, store->id, sizeof(head.store));
    for (unsigned i = 0; i < store->reader_count; i++)
        head.readers[i] = weir_str_of(store->readers[i].name);
    struct weir_bytes bytes = { .max = SEGMENT_HEAD_BYTES_MAX };
    int r = segment_head_write(&head, &bytes);
    if (r == 0)
        r = disk_write(store->disk, fd, bytes.data, bytes.len, 0);
    segment->head_bytes = head.bytes;
    segment->sum.bytes = head.bytes;
    weir_bytes_free(&bytes);
    return r;
}

/* Makes the file of `segment`: its fd, or a negative errno and there is none. */
static int make_file(struct store *store, struct store_segment *segment)
{
    char name[SEGMENT_NAME_BYTES];
    int fd;
    do {
        segment->id = store->next_segment++;
        segment_name(segment->id, name);
        fd = disk_open(store->disk, store->dir, name, DISK_WRITE | DISK_NEW);
    } while (fd == -EEXIST);
    if (fd < 0)
        return fd;
    int r = disk_reserve(store->disk, fd, 0, segment->file_bytes);
    if (r == 0)
        r = write_head(store, segment, fd);
    if (r == 0 && !store->never_sync)
        r = disk_sync(store->disk, fd);
    if (r == 0 && !store->never_sync)
        r = disk_sync_dir(store->disk, store->dir);
    if (r == 0)
        return fd;
    disk_close(store->disk, fd);
    (void)disk_unlink(store->disk, store->dir, name);
    return r;
}

static struct store_segment *new_segment(struct store *store, uint64_t bytes)
{
    struct store_segment *segment = calloc(1, sizeof(*segment));
    if (!segment)
        return NULL;
    segment->first = segment->end = store->end;
    segment->follows = store->end == store->start ? store->found_end : store->end;
    segment->created = clock_wall();
    segment->file_bytes = bytes;
    segment->sum.end = store->end;
    segment->sum.share_room = SEGMENT_SHARES_MAX;
    segment->sum.shares = calloc(SEGMENT_SHARES_MAX, sizeof(segment->sum.shares[0]));
    if (!segment->sum.shares ||
        getrandom(&segment->salt, sizeof(segment->salt), 0) != sizeof(segment->salt)) {
        store_free_segment(segment);
        return NULL;
    }
    return segment;
}

static int begin_segment(struct store *store, uint64_t bytes)
{
    struct store_segment *segment = new_segment(store, bytes);
    if (!segment)
        return -ENOMEM;
    int fd = make_file(store, segment);
    int r = fd < 0 ? fd : 0;
    if (r == 0) {
        store_lock(store);
        r = store_add_segment_locked(store, segment);
        store_unlock(store);
        if (r < 0)
            disk_close(store->disk, fd); /* an empty file; the next start removes it */
    }
    if (r < 0) {
        store_free_segment(segment);
        return r;
    }
    store->active = segment;
    store->active_fd = fd;
    store->previous_crc = 0;
    return 0;
}

/* A segment that `need` bytes fit into. */
static int make_room(struct store *store, uint64_t need)
{
    store_delete_empty(store);
    uint64_t held = store_bytes(store) - (store->active ? slack(store->active) : 0);
    uint64_t left = store->size_max > held ? store->size_max - held : 0;
    need += SEGMENT_HEAD_BYTES_MAX / 4 + SEAL_BYTES_MAX;
    uint64_t bytes = store->segment_bytes < left ? store->segment_bytes : left;
    if (bytes < need) {
        if (left < store->segment_bytes && held > 0)
            return STORE_FULL;
        bytes = need; /* a frame that is larger than a segment has one of its own */
    }
    int r = store_finish_active(store, false);
    return r < 0 ? r : begin_segment(store, bytes);
}

/* ---- appending ----------------------------------------------------------------------------------------- */

/* A frame has been written: it is part of the log. */
static void publish(struct store *store, const struct frame_head *head)
{
    struct store_segment *segment = store->active;
    uint64_t end = head->sequence + head->records;
    store_lock(store);
    int r = segment_sum_add(&segment->sum, head, segment->sum.bytes + frame_bytes(head));
    assert(r == 0); /* it has room for as many shares as there can be */
    (void)r;
    for (unsigned i = 0; i < store->reader_count; i++) {
        struct cursor *cursor = &store->readers[i].cursor;
        if (head->readers >> i & 1) {
            if (cursor_is_done(cursor, head->sequence, end))
                store_answered_locked(store, segment, i, head->sequence, head->records);
        } else if (cursor->read >= segment->end && cursor->read < end) {
            cursor_read_to(cursor, end);
        }
    }
    segment->end = store->end = end;
    store->latest = head->sequence;
    store->latest_readers = head->readers;
    store->given = end > store->given ? end : store->given;
    store_unlock(store);
}

static int reserve_numbers(struct store *store, uint64_t end)
{
    return end <= store->reserved ? 0 : store_write_state(store, end + STORE_RESERVE);
}

int store_append(struct store *store, uint8_t *frame, size_t len, struct frame_head *head)
{
    assert(!store->read_only && head->records > 0);
    assert(len == head->head_bytes + head->stored_bytes && head->stored_bytes <= FRAME_PAYLOAD_MAX);
    if (store->failure < 0)
        return store->failure;
    uint64_t need = frame_bytes(head);
    int r = reserve_numbers(store, store->end + head->records);
    if (r < 0)
        return r;
    if (!store->active ||
        store->active->sum.bytes + need + SEAL_BYTES_MAX > store->active->file_bytes)
        r = make_room(store, need);
    if (r != 0)
        return r;
    head->sequence = store->end;
    head->previous_crc = store->previous_crc;
    head->payload_crc = frame_payload_crc(frame + head->head_bytes, head);
    frame_head_write(frame, head, store->active->salt);
    memset(frame + len, 0, need - len);
    r = disk_write(store->disk, store->active_fd, frame, need, store->active->sum.bytes);
    if (r < 0) {
        if (is_harmless(r))
            return r;
        bool lost = store->durable != store->end;
        poison(store);
        store->failure = lost ? r : 0;
        return r;
    }
    publish(store, head);
    store->previous_crc = head->payload_crc;
    return 0;
}
