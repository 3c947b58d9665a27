/* SPDX-License-Identifier: Apache-2.0 */
/* The list of segments, whose the records in them are, and who waits for them. */
#include "buffer/store_parts.h"

#include <errno.h>
#include <stdlib.h>

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
