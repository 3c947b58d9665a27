/* SPDX-License-Identifier: Apache-2.0 */
/* What a start makes of a directory, whatever state a crash or a person left it in:
 *
 *     state       the better of two slots; none: the readers begin at the oldest frame there is
 *     names       %016x.seg, in the order of their ids; all other names are left alone
 *     heads       one that is damaged, or of another store: the file goes to the quarantine; one of a later version
 *                 ends the start, and nothing is touched
 *     ends        by the seal, or by the frames: of the last, what stands behind its last intact frame is cut off, put
 *                 aside, and the file is sealed, so that the next start need not look again
 *     gaps        between the end of a segment and what the next one follows, and up to what the state calls safe
 *     cursors     the segments that one stands in are looked through, for what of them is held
 *     streams     ranges of the frames of the last two segments
 *
 * Each step goes on over errors of the one before: a file that cannot be put aside, cut or sealed is counted as it
 * stands and left. Damage stops no start. A disk that will not let us read does: nobody could say then what of the
 * log is there, and going on would give up what may be intact. */
#include "buffer/store_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "buffer/quarantine.h"

/* ---- ends ---------------------------------------------------------------------------------------------- */

/* What the last start's writer left in memory may never have reached the disk. */
static int open_left(struct store *store, const struct store_segment *segment)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment->id, name);
    int fd = disk_open(store->disk, store->dir, name, store->read_only ? 0 : DISK_WRITE);
    if (fd == -EROFS || fd == -EACCES)
        return disk_open(store->disk, store->dir, name, 0);
    if (fd >= 0 && !store->read_only) {
        (void)disk_sync(store->disk, fd);
        (void)disk_uncache(store->disk, fd);
    }
    return fd;
}

/* Where the frames of a file without a seal end. */
struct tail {
    struct segment_sum sum;
    uint64_t end;      /* of the records that are there, or known to be damaged */
    uint64_t good_end; /* of the last intact frame */
    uint64_t good_bytes;
    uint64_t torn_bytes; /* behind good_bytes, that are neither zeros nor frames */
    bool torn;
};

static int read_frames(struct store *store, const struct store_segment *segment, int fd,
                       uint64_t limit, struct weir_bytes *window, struct tail *ret)
{
    struct segment_reader reader = { .disk = store->disk,
                                     .fd = fd,
                                     .salt = segment->salt,
                                     .limit = segment->file_bytes,
                                     .end = UINT64_MAX,
                                     .offset = segment->head_bytes,
                                     .sequence = segment->first,
                                     .bytes = window };
    struct segment_frame frame;
    *ret = (struct tail){ .end = segment->first,
                          .good_end = segment->first,
                          .good_bytes = segment->head_bytes,
                          .sum = { .end = segment->first, .bytes = segment->head_bytes } };
    window->len = 0;
    int r;
    while ((r = segment_next(&reader, &frame)) == 1) {
        if (frame.end > limit && !frame.last)
            return 0; /* from here on it is not part of the log */
        if (frame.last) {
            ret->torn = true;
            ret->torn_bytes = frame.offset + frame.bytes - ret->good_bytes;
            return 0;
        }
        ret->end = frame.end;
        ret->torn = frame.damaged;
        if (frame.damaged) {
            ret->torn_bytes = frame.offset + frame.bytes - ret->good_bytes;
            continue;
        }
        r = segment_sum_add(&ret->sum, &frame.head, reader.offset);
        if (r < 0)
            return r;
        ret->good_end = frame.end;
        ret->good_bytes = reader.offset;
    }
    return r;
}

/* Cuts the file off behind its last intact frame and seals it. What is cut off is put aside first. */
static void seal_left(struct store *store, struct store_segment *segment, int fd,
                      const struct tail *tail, struct store_found *found)
{
    if (tail->torn && tail->torn_bytes) {
        bool kept = store_put_aside(store, segment->id, fd, tail->good_bytes, tail->torn_bytes);
        found->quarantined += kept;
        if (!kept)
            return;
    }
    uint64_t size = 0;
    segment->sealed = segment_seal(store->disk, fd, segment->salt, &segment->sum) == 0 &&
                      disk_size(store->disk, fd, &size) == 0 && disk_sync(store->disk, fd) == 0;
    if (size)
        segment->file_bytes = size;
}

/* Finds the end of a segment that has no seal. `limit`: where the log went on elsewhere. */
static int measure_frames(struct store *store, struct store_segment *segment, uint64_t limit,
                          uint64_t safe, struct weir_bytes *window, struct store_found *found)
{
    int fd = open_left(store, segment);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    struct tail tail;
    int r = read_frames(store, segment, fd, limit, window, &tail);
    if (r < 0) {
        segment_sum_free(&tail.sum);
        disk_close(store->disk, fd);
        return r;
    }
    segment->sum = tail.sum;
    segment->end = tail.end;
    /* Damaged frames at the end that were never safe are the torn end of what was being written. */
    bool last = limit == UINT64_MAX;
    if (tail.torn && last && tail.good_end >= safe) {
        segment->end = tail.good_end;
        found->torn_bytes += tail.torn_bytes;
    }
    segment_sum_fit(&segment->sum);
    bool whole = segment->end == tail.good_end;
    if (!store->read_only && whole)
        seal_left(store, segment, fd, &tail, found);
    disk_close(store->disk, fd);
    return 0;
}

static int measure(struct store *store, struct store_segment *segment, uint64_t limit,
                   uint64_t safe, struct weir_bytes *window, struct store_found *found)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment->id, name);
    int fd = disk_open(store->disk, store->dir, name, 0);
    int r = fd < 0 ? fd
                   : segment_read_seal(store->disk, fd, segment->salt, segment->file_bytes,
                                       &segment->sum);
    disk_close(store->disk, fd);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    bool sealed = r == 1 && segment->sum.end >= segment->first && segment->sum.end <= limit &&
                  segment->sum.bytes >= segment->head_bytes;
    if (sealed) {
        segment->end = segment->sum.end;
        segment->sealed = true;
        return 0;
    }
    if (r == 1)
        segment_sum_free(&segment->sum);
    segment->sum = (struct segment_sum){ .end = segment->first, .bytes = segment->head_bytes };
    return measure_frames(store, segment, limit, safe, window, found);
}

/* From the last to the first, since a later one says where an earlier one stops to count. */
static int measure_all(struct store *store, uint64_t safe, struct weir_bytes *window,
                       struct store_found *found)
{
    uint64_t limit = UINT64_MAX;
    int r = 0;
    for (size_t i = store->segment_count; r == 0 && i-- > 0;) {
        struct store_segment *segment = store->segments[i];
        if (limit > segment->first)
            r = measure(store, segment, limit, safe, window, found);
        limit = segment->follows < limit ? segment->follows : limit;
    }
    return r;
}

/* A start that made a segment and wrote nothing, or nothing that counts, leaves no trace. */
static void remove_empty(struct store *store)
{
    for (size_t i = store->segment_count; i-- > 0;) {
        struct store_segment *segment = store->segments[i];
        if (segment->end > segment->first)
            continue;
        char name[SEGMENT_NAME_BYTES];
        segment_name(segment->id, name);
        if (!store->read_only)
            (void)disk_unlink(store->disk, store->dir, name);
        store_remove_segment_locked(store, i);
    }
}

/* ---- gaps and cursors ---------------------------------------------------------------------------------- */

/* Adds a segment without a file at `index`, for [first, end). */
static int add_gap(struct store *store, size_t index, uint64_t first, uint64_t end)
{
    struct store_segment *gap = calloc(1, sizeof(*gap));
    if (!gap)
        return -ENOMEM;
    *gap = (struct store_segment){ .first = first, .end = end, .follows = first, .missing = true };
    int r = store_add_segment_locked(store, gap);
    if (r < 0) {
        store_free_segment(gap);
        return r;
    }
    memmove(store->segments + index + 1, store->segments + index,
            (store->segment_count - 1 - index) * sizeof(store->segments[0]));
    store->segments[index] = gap;
    return 0;
}

static uint64_t lowest_cursor(const struct store *store)
{
    uint64_t lowest = UINT64_MAX;
    for (unsigned i = 0; i < STORE_ALL_READERS; i++)
        if (store->readers[i].there && store->readers[i].cursor.read < lowest)
            lowest = store->readers[i].cursor.read;
    return lowest;
}

/* Gaps that somebody has not been told of. `from` is where the log must go on. */
static int add_gaps(struct store *store, uint64_t safe)
{
    uint64_t from = lowest_cursor(store);
    int r = 0;
    for (size_t i = 0; r == 0 && i <= store->segment_count; i++) {
        bool last = i == store->segment_count;
        uint64_t follows = last ? safe : store->segments[i]->follows;
        uint64_t end = last ? safe : store->segments[i]->end;
        if (follows > from)
            r = add_gap(store, i++, from, follows);
        from = end > from ? end : from;
    }
    return r;
}

/* Readers begin where they were; without a state, at the oldest frame. */
static void place_cursors(struct store *store, bool cursors_lost, uint64_t end)
{
    uint64_t oldest = store->segment_count ? store->segments[0]->first : end;
    for (unsigned i = 0; i < STORE_ALL_READERS; i++) {
        struct store_reader *reader = &store->readers[i];
        if (!reader->there)
            continue;
        if (cursors_lost)
            cursor_init(&reader->cursor, oldest);
        else if (reader->cursor.read == UINT64_MAX)
            cursor_init(&reader->cursor, end);
        if (reader->cursor.read >= end)
            cursor_read_to(&reader->cursor, store->start);
    }
}

struct answering {
    struct store *store;
    struct store_segment *segment;
};

static void add_answered(void *arg, const struct segment_frame *frame)
{
    struct store *store = ((struct answering *)arg)->store;
    struct store_segment *segment = ((struct answering *)arg)->segment;
    struct store_bits bits = store_translate(store, segment->map, frame->head.readers);
    for (unsigned i = 0; i < STORE_ALL_READERS && !frame->damaged; i++) {
        bool takes = i < STORE_READERS_MAX ? bits.configured >> i & 1
                                           : bits.orphans >> (i - STORE_READERS_MAX) & 1;
        if (takes && store->readers[i].there && store->readers[i].cursor.read >= frame->end)
            store_answered_locked(store, segment, i, frame->head.sequence, frame->head.records);
    }
}

/* Counts what readers have answered of a segment that their cursors stand in. */
static int count_answered(struct store *store, struct store_segment *segment,
                          struct weir_bytes *window)
{
    bool inside = false;
    for (unsigned i = 0; i < STORE_ALL_READERS; i++)
        inside |= store->readers[i].there && store->readers[i].cursor.read > segment->first &&
                  store->readers[i].cursor.read < segment->end;
    if (segment->missing || !inside)
        return 0;
    struct answering answering = { store, segment };
    return store_each_frame(store, segment, window, false, add_answered, &answering);
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static int load_state(struct store *store, struct store_found *found, struct store_state *ret)
{
    *ret = (struct store_state){ 0 };
    int r = store_state_open(&store->state_file, store->disk, store->dir, store->read_only, ret);
    if (r == -ELOOP || r == -EISDIR || r == -ENODEV) {
        store_put_file_aside(store, found, STORE_STATE_NAME);
        r = STORE_STATE_DAMAGED;
    }
    if (r == STORE_STATE_DAMAGED && store->state_file.fd >= 0 && !store->read_only)
        found->quarantined += store_put_aside(store, 0, store->state_file.fd, 0, STORE_STATE_BYTES);
    return r;
}

static int count_all(struct store *store, struct weir_bytes *window, struct store_found *found)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < store->segment_count; i++) {
        struct store_segment *segment = store->segments[i];
        r = count_answered(store, segment, window);
        found->segments += !segment->missing;
        found->bytes += segment->file_bytes;
        struct store_lost held;
        store_count_held(store, segment, &held);
        found->records += held.records - held.gone;
        found->damaged_records += held.gone;
        found->orphaned += held.orphaned;
    }
    for (unsigned i = STORE_READERS_MAX; i < STORE_ALL_READERS; i++)
        found->orphans += store->readers[i].there;
    return r;
}

static void set_numbers(struct store *store, const struct store_state *state, uint64_t safe,
                        bool cursors_lost)
{
    uint64_t end = store->segment_count ? store->segments[store->segment_count - 1]->end : 0;
    store->found_end = end > safe ? end : safe;
    store->start = state->reserved > store->found_end ? state->reserved : store->found_end;
    if (cursors_lost && store->segment_count)
        store->start += STORE_RESERVE_LOST;
    if (store->read_only)
        store->start = store->found_end;
    store->end = store->durable = store->file_safe = store->given = store->start;
    store->reserved = state->reserved;
    store->stated_durable = state->durable;
}

static int recover(struct store *store, struct store_found *found, struct store_state *state,
                   struct weir_bytes *window)
{
    int r = load_state(store, found, state);
    if (r < 0)
        return r;
    bool known = r == STORE_STATE_GOOD;
    found->cursors_lost = !known;
    if (known) {
        memcpy(store->id, state->store, sizeof(store->id));
        store_take_cursors(store, state);
    }
    store->next_segment = state->next_segment;
    r = store_load_heads(store, found, known);
    if (r == 0)
        r = measure_all(store, state->durable, window, found);
    if (r < 0)
        return r;
    remove_empty(store);
    set_numbers(store, state, state->durable, !known);
    place_cursors(store, !known, store->found_end);
    found->cursors_lost = !known && store->segment_count > 0;
    if (!store->read_only)
        r = add_gaps(store, state->durable);
    if (r == 0)
        r = count_all(store, window, found);
    if (r == 0)
        r = store_find_streams(store, window);
    return r;
}

int store_recover(struct store *store, struct store_found *found)
{
    struct store_state state;
    struct weir_bytes window = { .max = STORE_WINDOW_MAX };
    (void)quarantine_size(store->disk, store->dir, &store->quarantine_files,
                          &store->quarantine_bytes);
    int r = recover(store, found, &state, &window);
    weir_bytes_free(&window);
    return r;
}
