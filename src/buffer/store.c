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
 *     store.c           the list of segments, opening, closing
 *     store_recover.c   what a start makes of a directory
 *     store_append.c    appending, syncing, new segments
 *     store_read.c      reading and answering
 *     store_commit.c    the state; deleting what is answered, or what must go
 *     store_walk.c      looking at everything
 *
 * Rejected: a queue for each output (a record written as often as there are outputs, and none of them tells the
 * other's damage); an index file (a second truth); deleting segments in the middle (a hole is then not to be told
 * from a loss); a map of memory instead of reads (a disk that fails becomes a signal). */
#include "buffer/store_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/uuid.h"
#include "buffer/quarantine.h"

/* ---- segments ------------------------------------------------------------------------------------------ */

size_t store_find_locked(const struct store *store, uint64_t sequence)
{
    size_t low = 0, high = store->segment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (store->segments[middle]->end <= sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int store_add_segment_locked(struct store *store, struct store_segment *segment)
{
    if (store->segment_count == store->segment_room) {
        size_t room = store->segment_room ? 2 * store->segment_room : 16;
        struct store_segment **segments = realloc(store->segments, room * sizeof(segments[0]));
        if (!segments)
            return -ENOMEM;
        store->segments = segments;
        store->segment_room = room;
    }
    store->segments[store->segment_count++] = segment;
    return 0;
}

void store_remove_segment_locked(struct store *store, size_t index)
{
    if (store->safe_segment == store->segments[index])
        store->safe_segment = NULL;
    store_free_segment(store->segments[index]);
    store->segment_count--;
    memmove(store->segments + index, store->segments + index + 1,
            (store->segment_count - index) * sizeof(store->segments[0]));
}

void store_free_segment(struct store_segment *segment)
{
    segment_sum_free(&segment->sum);
    free(segment->answered);
    free(segment);
}

void store_empty_locked(struct store_segment *segment, uint64_t sequence)
{
    segment->sum = (struct segment_sum){ .end = sequence,
                                         .bytes = segment->head_bytes,
                                         .shares = segment->sum.shares,
                                         .share_room = segment->sum.share_room };
    segment->first = segment->end = sequence;
    free(segment->answered);
    segment->answered = NULL;
}

struct store_view store_view_locked(const struct store_segment *segment)
{
    return (struct store_view){ .id = segment->id,
                                .first = segment->first,
                                .end = segment->end,
                                .limit = segment->sum.bytes,
                                .salt = segment->salt,
                                .head_bytes = segment->head_bytes };
}

/* ---- who is meant -------------------------------------------------------------------------------------- */

int store_map_of(struct store *store, const struct store_map *map)
{
    for (unsigned i = 0; i < store->map_count; i++)
        if (memcmp(&store->maps[i], map, sizeof(*map)) == 0)
            return (int)i;
    struct store_map *maps = realloc(store->maps, (store->map_count + 1) * sizeof(maps[0]));
    if (!maps)
        return -ENOMEM;
    store->maps = maps;
    store->maps[store->map_count] = *map;
    return (int)store->map_count++;
}

struct store_bits store_translate(const struct store *store, unsigned map, uint64_t readers)
{
    const struct store_map *bits = &store->maps[map];
    struct store_bits ret = { .configured = readers };
    if (bits->plain)
        return ret;
    ret.configured = 0;
    for (; readers; readers &= readers - 1) {
        int i = __builtin_ctzll(readers);
        if (bits->configured[i] != STORE_READER_NONE)
            ret.configured |= UINT64_C(1) << bits->configured[i];
        if (bits->orphans[i] != STORE_READER_NONE)
            ret.orphans |= UINT64_C(1) << (bits->orphans[i] - STORE_READERS_MAX);
    }
    return ret;
}

static bool is_for(const struct store *store, unsigned map, uint64_t readers, unsigned reader)
{
    struct store_bits bits = store_translate(store, map, readers);
    return reader < STORE_READERS_MAX ? bits.configured >> reader & 1
                                      : bits.orphans >> (reader - STORE_READERS_MAX) & 1;
}

uint64_t store_share_locked(const struct store *store, const struct store_segment *segment,
                            unsigned reader)
{
    uint64_t records = 0;
    if (segment->missing)
        return reader < store->reader_count ? segment->end - segment->first : 0;
    for (unsigned i = 0; i < segment->sum.share_count; i++)
        if (is_for(store, segment->map, segment->sum.shares[i].readers, reader))
            records += segment->sum.shares[i].records;
    return records;
}

/* Records that are in no share, since a start could not read their frames. */
static uint64_t unknown_records(const struct store_segment *segment)
{
    uint64_t all = segment->missing ? 0 : segment->end - segment->first, known = 0;
    for (unsigned i = 0; i < segment->sum.share_count; i++)
        known += segment->sum.shares[i].records;
    return known < all ? all - known : 0;
}

bool store_concerns_locked(const struct store *store, const struct store_segment *segment,
                           unsigned reader)
{
    return store_share_locked(store, segment, reader) > 0 ||
           (reader < store->reader_count && unknown_records(segment) > 0);
}

/* With `waiting`, less what somebody has in flight. */
static uint64_t count_unanswered(const struct store *store, uint64_t readers, uint64_t sequence,
                                 uint64_t end, bool waiting)
{
    uint64_t left = 0;
    while (sequence < end) {
        uint64_t until = end;
        bool answered = true, in_flight = false;
        for (uint64_t bits = readers; bits; bits &= bits - 1) {
            const struct cursor *cursor = &store->readers[__builtin_ctzll(bits)].cursor;
            uint64_t here;
            answered = cursor_answer_at(cursor, sequence, &here) && answered;
            in_flight = in_flight || cursor_is_in_flight(cursor, sequence, sequence + 1);
            until = here < until ? here : until;
        }
        left += answered || (waiting && in_flight) ? 0 : until - sequence;
        sequence = until;
    }
    return left;
}

uint64_t store_unanswered_locked(const struct store *store, uint64_t readers, uint64_t sequence,
                                 uint64_t end)
{
    return count_unanswered(store, readers, sequence, end, false);
}

bool store_is_acked_locked(const struct store *store, const struct store_segment *segment)
{
    for (unsigned i = 0; i < STORE_ALL_READERS; i++)
        if (store->readers[i].there && cursor_watermark(&store->readers[i].cursor) < segment->end &&
            store_concerns_locked(store, segment, i))
            return false;
    return true;
}

void store_answered_locked(struct store *store, struct store_segment *segment, unsigned reader,
                           uint64_t sequence, uint64_t records)
{
    if (!segment->answered)
        segment->answered = calloc(STORE_ALL_READERS, sizeof(segment->answered[0]));
    if (segment
            ->answered) /* else the backlog looks larger than it is, until the segment is through */
        segment->answered[reader] += records;
    if (segment == store->safe_segment && sequence >= store->durable)
        store->unsafe[reader] += records;
}

/* Adds the records of [sequence, end), or `records` of them, where a reader that is meant has neither answered nor
 * got them: to those of orphans where nobody else is meant, since orphans do not read, and nothing waits for
 * their answer. */
static void add_held_locked(const struct store *store, unsigned map, uint64_t readers,
                            uint64_t sequence, uint64_t end, uint64_t records,
                            struct store_lost *ret)
{
    struct store_bits bits = store_translate(store, map, readers);
    bool held = false, orphaned = false;
    for (unsigned i = 0; i < STORE_ALL_READERS; i++) {
        bool meant = i < STORE_READERS_MAX ? bits.configured >> i & 1
                                           : bits.orphans >> (i - STORE_READERS_MAX) & 1;
        if (!meant || !store->readers[i].there ||
            cursor_is_done(&store->readers[i].cursor, sequence, end))
            continue;
        if (cursor_is_in_flight(&store->readers[i].cursor, sequence, end))
            return; /* it is somebody's, and will be answered */
        held |= i < STORE_READERS_MAX;
        orphaned |= i >= STORE_READERS_MAX;
        if (i < STORE_READERS_MAX)
            ret->of_reader[i] += records;
    }
    ret->records += held ? records : 0;
    ret->orphaned += orphaned && !held ? records : 0;
}

/* Adds a stretch that cannot be read, and that is everyone's: what each has not come to yet. */
static void add_stretch_locked(const struct store *store, uint64_t sequence, uint64_t end,
                               struct store_lost *ret)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < store->reader_count; i++) {
        ret->of_reader[i] += count_unanswered(store, UINT64_C(1) << i, sequence, end, true);
        all |= UINT64_C(1) << i;
    }
    const uint64_t records = count_unanswered(store, all, sequence, end, true);
    ret->records += records;
    ret->gone += records;
}

/* Whether a reader is neither in front of the segment nor through with it. */
static bool is_partly_answered_locked(const struct store *store,
                                      const struct store_segment *segment)
{
    for (unsigned i = 0; i < STORE_ALL_READERS; i++) {
        const struct store_reader *reader = &store->readers[i];
        if (!reader->there || store_share_locked(store, segment, i) == 0)
            continue;
        uint64_t watermark = cursor_watermark(&reader->cursor);
        bool untouched = reader->cursor.read <= segment->first &&
                         (!segment->answered || segment->answered[i] == 0) &&
                         !cursor_is_in_flight(&reader->cursor, segment->first, segment->end);
        if (!untouched && watermark < segment->end)
            return true;
    }
    return false;
}

static void count_by_shares_locked(const struct store *store, const struct store_segment *segment,
                                   struct store_lost *ret)
{
    for (unsigned i = 0; i < segment->sum.share_count; i++)
        add_held_locked(store, segment->map, segment->sum.shares[i].readers, segment->first,
                        segment->end, segment->sum.shares[i].records, ret);
}

static int each_frame(struct store *store, const struct store_segment *segment,
                      struct weir_bytes *window, bool tolerant, store_each_f *each, void *arg)
{
    store_lock(store);
    struct store_view view = store_view_locked(segment);
    store_unlock(store);
    uint64_t sequence = view.first;
    struct store_file file;
    struct segment_frame frame;
    window->len = 0;
    store_file_init(store, &file);
    file.reader.bytes = window;
    file.heads_only = !segment->flawed;
    file.reader.tolerant = tolerant;
    int r;
    while ((r = store_fetch(store, &file, &view, sequence, &frame)) == 1) {
        sequence = frame.end;
        each(arg, &frame);
    }
    store_file_close(store, &file);
    return r;
}

static void add_records(void *arg, const struct segment_frame *frame)
{
    *(uint64_t *)arg += frame->damaged ? 0 : frame->head.records;
}

int store_each_frame(struct store *store, struct store_segment *segment, struct weir_bytes *window,
                     bool tolerant, store_each_f *each, void *arg)
{
    uint64_t records = 0, intact = 0;
    int r =
        segment->checked ? 0 : each_frame(store, segment, window, tolerant, add_records, &records);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < segment->sum.share_count; i++)
        intact += segment->sum.shares[i].records;
    if (!segment->checked && segment != store->active) {
        segment->flawed = records != intact;
        segment->checked = true;
    }
    return each_frame(store, segment, window, tolerant, each, arg);
}

struct holding {
    const struct store *store;
    const struct store_segment *segment;
    struct store_lost *lost;
};

static void add_frame_held(void *arg, const struct segment_frame *frame)
{
    struct holding *holding = arg;
    struct store_lost *lost = holding->lost;
    const uint64_t before = lost->records, orphaned = lost->orphaned;
    store_lock(holding->store);
    if (frame->headless)
        add_stretch_locked(holding->store, frame->head.sequence, frame->end, lost);
    else
        add_held_locked(holding->store, holding->segment->map, frame->head.readers,
                        frame->head.sequence, frame->end, frame->head.records, lost);
    store_unlock(holding->store);
    if (frame->damaged && !frame->headless) {
        lost->gone += lost->records - before;
        lost->orphaned = orphaned; /* they are not told of it */
    }
}

/* By shares, unless that would not be exact: then true. */
static bool count_roughly(struct store *store, const struct store_segment *segment,
                          struct store_lost *ret)
{
    bool rough = false;
    store_lock(store);
    if (segment->missing) {
        add_stretch_locked(store, segment->first, segment->end, ret);
    } else {
        count_by_shares_locked(store, segment, ret);
        rough = unknown_records(segment) > 0 || is_partly_answered_locked(store, segment);
    }
    store_unlock(store);
    return rough;
}

void store_count_held(struct store *store, struct store_segment *segment, struct store_lost *ret)
{
    *ret = (struct store_lost){ .end = segment->end };
    if (!count_roughly(store, segment, ret))
        return;
    struct store_lost exact = { .end = segment->end };
    struct holding holding = { store, segment, &exact };
    struct weir_bytes window = { .max = STORE_WINDOW_MAX };
    if (store_each_frame(store, segment, &window, true, add_frame_held, &holding) == 0)
        *ret = exact;
    weir_bytes_free(&window);
}

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
