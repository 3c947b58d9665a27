/* SPDX-License-Identifier: Apache-2.0 */
/* One log, many cursors. A record is stored once however many readers want it, and each reader goes through the
 * log at its own pace; a segment goes when all of them are through with it.
 *
 *     segments   | 1 sealed | 2 sealed | 3 sealed | 4 active, space reserved |
 *     reader a                         ^ watermark, read                        all below is answered, was read
 *     reader b         ^
 *
 * There is no second source of truth. Segments describe themselves, down to who the readers of their frames are;
 * the state file has what they cannot: how far each reader is, and which numbers are taken. Its loss costs repeats.
 *
 * What is in memory does not grow with what is on the disk: a hundred bytes or two a segment, and of each reader
 * the window of frames that it has not answered. So a start looks at the head and the seal of each segment, and at
 * the frames of those only that a crash left without a seal, or that a cursor stands in.
 *
 * A gap is a segment too, without a file: records that are known to be missing, since the segment behind it says
 * where the log ended when it was made, or the state says that they were safe. Readers get it as a damaged frame.
 *
 *     store.c           opening, closing, looking
 *     store_segments.c  the list of segments, and who waits for what of them
 *     store_heads.c, store_recover.c, store_streams.c   what a start makes of a directory
 *     store_state.c     the state file
 *     store_append.c    appending, syncing, new segments
 *     store_read.c      reading and answering
 *     store_commit.c    what is written down of the cursors
 *     store_trim.c      deleting what is answered, or what must go
 *     store_walk.c      looking at everything
 *
 * Rejected: a queue for each output (a record written as often as there are outputs, and none of them tells the
 * other's damage); an index file (a second truth); deleting segments in the middle (a hole is then not to be told
 * from a loss); a map of memory instead of reads (a disk that fails becomes a signal). */
#include "buffer/store_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* ---- opening ------------------------------------------------------------------------------------------- */

static const char *kind_name(enum store_kind kind)
{
    switch (kind) {
    case STORE_BUFFER: return "buffer";
    case STORE_DEAD_LETTERS: return "dead_letters";
    }
    assert(!"a kind");
    return "";
}

static int explain(const struct store_options *options, int r, struct weir_error *err)
{
    const char *why = strerror(-r);
    if (r == -ELOOP || r == -ENOTDIR)
        why =
            "it, or the directory it stands in, is a symbolic link or no directory; weir follows no links there";
    else if (r == -EPERM)
        why = "it belongs to another user, or everyone may write to it";
    else if (r == -EPROTO)
        why = "a later version of weir has written there; run that one, or move the directory away";
    return weir_error_set(err, r, "%s/%s/%s cannot be used: %s", options->data_dir,
                          kind_name(options->kind), options->name, why);
}

/* The directory, made when missing, safe, and locked. */
static int open_dir(struct store *store, const struct store_options *options,
                    struct store_found *found, struct weir_error *err)
{
    struct disk *disk = store->disk;
    bool make = !options->read_only;
    int data = disk_open_dir(disk, DISK_CWD, options->data_dir, false);
    int kinds = data < 0 ? data : disk_open_dir(disk, data, kind_name(options->kind), make);
    int dir = kinds < 0 ? kinds : disk_open_dir(disk, kinds, options->name, make);
    int r = dir;
    if (r >= 0 && make)
        r = disk_is_safe(disk, kinds);
    if (r >= 0 && make)
        r = disk_is_safe(disk, dir);
    disk_close(disk, data);
    disk_close(disk, kinds);
    store->dir = dir;
    if (r < 0)
        return explain(options, r, err);
    found->volatile_fs = disk_is_volatile(disk, dir) == 1;
    if (!make)
        return 0;
    r = disk_lock_dir(disk, dir, &found->lock_pid);
    if (r == -EWOULDBLOCK)
        return weir_error_set(err, r, "%s/%s/%s is in use by another process", options->data_dir,
                              kind_name(options->kind), options->name);
    return r < 0 ? explain(options, r, err) : 0;
}

static struct store *new_store(const struct store_options *options)
{
    struct store *store = calloc(1, sizeof(*store));
    if (!store)
        return NULL;
    store->disk = options->disk;
    store->dir = store->active_fd = store->state_file.fd = -1;
    store->state_file.disk = options->disk;
    pthread_mutex_init(&store->mutex, NULL);
    store->kind = options->kind;
    store->size_max = options->size_max;
    store->retention = options->retention;
    store->retention_bytes = options->retention_bytes;
    store->never_sync = options->never_sync;
    store->read_only = options->read_only;
    uint64_t bytes = options->segment_bytes ? options->segment_bytes : options->size_max / 8;
    bytes =
        bytes < STORE_SEGMENT_BYTES_MAX || options->segment_bytes ? bytes : STORE_SEGMENT_BYTES_MAX;
    store->segment_bytes = bytes > STORE_SEGMENT_BYTES_MIN ? bytes : STORE_SEGMENT_BYTES_MIN;
    store->reader_count = options->reader_count;
    for (unsigned i = 0; i < STORE_ALL_READERS; i++)
        store_file_init(store, &store->readers[i].file);
    for (unsigned i = 0; i < options->reader_count; i++) {
        struct store_reader *reader = &store->readers[i];
        assert(strlen(options->readers[i]) <= STORE_NAME_MAX);
        memcpy(reader->name, options->readers[i], strlen(options->readers[i]));
        reader->there = true;
    }
    struct store_map map = { .plain = true };
    memset(map.configured, STORE_READER_NONE, sizeof(map.configured));
    memset(map.orphans, STORE_READER_NONE, sizeof(map.orphans));
    for (unsigned i = 0; i < options->reader_count; i++)
        map.configured[i] = (uint8_t)i;
    store->name = strdup(options->name);
    store->safe.shares = calloc(SEGMENT_SHARES_MAX, sizeof(store->safe.shares[0]));
    store->safe.share_room = SEGMENT_SHARES_MAX;
    if (!store->name || !store->safe.shares || store_map_of(store, &map) < 0)
        return store_free(store);
    return store;
}

int store_open(const struct store_options *options, struct store **ret, struct store_found *found,
               struct weir_error *err)
{
    assert(options->reader_count <= STORE_READERS_MAX && strlen(options->name) <= STORE_NAME_MAX);
    *found = (struct store_found){ 0 };
    struct store *store = new_store(options);
    if (!store)
        return weir_error_set(err, -ENOMEM, "no memory for the buffer of %s", options->name);
    int r = open_dir(store, options, found, err);
    if (r == 0) {
        r = store_recover(store, found);
        if (r < 0)
            (void)explain(options, r, err);
    }
    if (r < 0) {
        store_free(store);
        return r;
    }
    *ret = store;
    return 0;
}

struct store *store_free(struct store *store)
{
    for (unsigned i = 0; i < STORE_ALL_READERS; i++) {
        store_file_close(store, &store->readers[i].file);
        cursor_free(&store->readers[i].cursor);
    }
    for (size_t i = 0; i < store->segment_count; i++)
        store_free_segment(store->segments[i]);
    disk_close(store->disk, store->active_fd);
    store_state_close(&store->state_file);
    disk_close(store->disk, store->dir);
    store_forget_streams(store);
    segment_sum_free(&store->safe);
    free(store->segments);
    free(store->maps);
    free(store->name);
    pthread_mutex_destroy(&store->mutex);
    free(store);
    return NULL;
}

struct store *store_close(struct store *store)
{
    if (!store)
        return NULL;
    if (!store->read_only)
        store_finish(store);
    return store_free(store);
}

/* ---- looking ------------------------------------------------------------------------------------------- */

uint64_t store_durable(const struct store *store)
{
    store_lock(store);
    uint64_t durable = store->durable;
    store_unlock(store);
    return durable;
}

uint64_t store_end(const struct store *store)
{
    store_lock(store);
    uint64_t end = store->end;
    store_unlock(store);
    return end;
}

uint64_t store_bytes(const struct store *store)
{
    uint64_t bytes = 0;
    store_lock(store);
    for (size_t i = 0; i < store->segment_count; i++)
        bytes += store->segments[i]->file_bytes;
    store_unlock(store);
    return bytes;
}

size_t store_segments(const struct store *store, struct store_segment_info *ret, size_t room)
{
    size_t count = 0;
    store_lock(store);
    for (size_t i = 0; i < store->segment_count && count < room; i++) {
        const struct store_segment *segment = store->segments[i];
        if (segment->missing)
            continue;
        ret[count++] = (struct store_segment_info){
            .id = segment->id,
            .first_sequence = segment->first,
            .end_sequence = segment->end,
            .frames = segment->sum.frames,
            .bytes = segment->sum.bytes,
            .file_bytes = segment->file_bytes,
            .created = segment->created,
            .first_observed = segment->sum.first_observed,
            .last_written = segment->sum.last_written,
            .sealed = segment->sealed,
            .retained = store_is_acked_locked(store, segment),
        };
    }
    store_unlock(store);
    return count;
}

bool store_stream(const struct store *store, size_t index, struct frame_range *ret)
{
    if (index >= store->streams.count)
        return false;
    *ret = store->streams.ranges[index];
    return true;
}

void store_forget_streams(struct store *store)
{
    free(store->streams.ranges);
    store->streams = (struct store_streams){ 0 };
}
