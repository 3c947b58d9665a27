/* SPDX-License-Identifier: Apache-2.0 */
/* How far the sources are in the frames at the end of a store. Positions are stored about once a second; a frame is
 * safe before its source's position moves. So after a crash a frame may cover what its source would be asked for
 * again: reading on behind it saves the repeat. Frames behind a damaged one are not asked: what the damaged one
 * had can still be read from the source then. */
#include "buffer/store_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

#define SEGMENTS 2 /* from the last one back */

/* Streams by id: numbers of ranges + 1, in a table with room for twice as many. */
struct index {
    struct store_streams *streams;
    uint32_t *slots;
    size_t size;
};

static size_t slot_of(const struct index *index, const uint8_t *stream)
{
    size_t at = hash64(stream, 16) % index->size;
    while (index->slots[at] &&
           memcmp(index->streams->ranges[index->slots[at] - 1].stream, stream, 16) != 0)
        at = (at + 1) % index->size;
    return at;
}

static int grow(struct index *index)
{
    size_t room = index->streams->room ? 2 * index->streams->room : 64;
    struct frame_range *ranges = realloc(index->streams->ranges, room * sizeof(ranges[0]));
    if (!ranges)
        return -ENOMEM;
    index->streams->ranges = ranges;
    index->streams->room = room;
    free(index->slots);
    index->size = 2 * room + 1;
    index->slots = calloc(index->size, sizeof(index->slots[0]));
    if (!index->slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < index->streams->count; i++)
        index->slots[slot_of(index, ranges[i].stream)] = i + 1;
    return 0;
}

static int add_range(struct index *index, const struct frame_range *range)
{
    if (index->streams->count == index->streams->room) {
        int r = grow(index);
        if (r < 0)
            return r;
    }
    uint32_t *slot = &index->slots[slot_of(index, range->stream)];
    if (*slot) {
        struct frame_range *known = &index->streams->ranges[*slot - 1];
        if (range->to > known->to)
            *known = *range;
        return 0;
    }
    index->streams->ranges[index->streams->count++] = *range;
    *slot = (uint32_t)index->streams->count;
    return 0;
}

/* The frames of one segment: 1 when all are intact, 0 when one is not, or -ENOMEM. */
static int add_frames(struct store *store, const struct store_segment *segment,
                      struct weir_bytes *window, struct index *index)
{
    struct store_view view = store_view_locked(segment);
    struct store_file file;
    struct segment_frame frame;
    uint64_t sequence = segment->first;
    int r = 1;
    window->len = 0;
    store_file_init(store, &file);
    file.reader.bytes = window;
    while (r == 1 && sequence < segment->end) {
        r = store_fetch(store, &file, &view, sequence, &frame);
        if (r != 1 || frame.damaged || frame.newer)
            break;
        sequence = frame.end;
        for (uint32_t i = 0; r == 1 && i < frame.head.ranges; i++) {
            struct frame_range range;
            frame_range_read(frame.ranges + i * FRAME_RANGE_BYTES, &range);
            int added = add_range(index, &range);
            r = added < 0 ? added : 1;
        }
    }
    store_file_close(store, &file);
    return r == -ENOMEM ? r : sequence == segment->end;
}

int store_find_streams(struct store *store, struct weir_bytes *window)
{
    struct index index = { .streams = &store->streams };
    size_t from = store->segment_count > SEGMENTS ? store->segment_count - SEGMENTS : 0;
    int r = 1;
    for (size_t i = from; r == 1 && i < store->segment_count; i++)
        r = store->segments[i]->missing ? 0 : add_frames(store, store->segments[i], window, &index);
    free(index.slots);
    return r < 0 ? r : 0;
}
