/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at everything that is there, without taking anything. */
#include "buffer/store_parts.h"

#include <errno.h>
#include <stdlib.h>

struct store_walk {
    struct store *store;
    struct store_file file;
    struct weir_bytes window;
    uint64_t sequence;
    unsigned refusals;
};

struct store_walk *store_walk_new(struct store *store, uint64_t from)
{
    struct store_walk *walk = calloc(1, sizeof(*walk));
    if (!walk)
        return NULL;
    walk->store = store;
    walk->window.max = STORE_WINDOW_MAX;
    walk->sequence = from;
    store_file_init(store, &walk->file);
    walk->file.reader.bytes = &walk->window;
    return walk;
}

struct store_walk *store_walk_free(struct store_walk *walk)
{
    if (walk) {
        store_file_close(walk->store, &walk->file);
        weir_bytes_free(&walk->window);
        free(walk);
    }
    return NULL;
}

/* One segment's next: 1; 0: look again; or a negative errno. */
static int next_in_locked(struct store_walk *walk, struct store_segment *segment,
                          struct store_frame *ret)
{
    struct store *store = walk->store;
    struct segment_frame frame;
    if (walk->sequence < segment->first)
        walk->sequence = segment->first;
    if (walk->sequence >= segment->end)
        return 0;
    if (segment->missing) {
        store_fill_lost(store, walk->sequence, segment->end, ret);
        walk->sequence = segment->end;
        return 1;
    }
    struct store_view view = store_view_locked(segment);
    segment->pins++;
    store_unlock(store);
    walk->file.reader.tolerant = walk->refusals >= STORE_REFUSALS_MAX;
    int r = store_fetch(store, &walk->file, &view, walk->sequence, &frame);
    walk->refusals = r == -EIO ? walk->refusals + 1 : 0;
    store_lock(store);
    segment->pins--;
    if (r == -ENOENT)
        segment->missing = true;
    if (r == -ENOENT || r == 0)
        return 0;
    if (r < 0)
        return r;
    store_fill(store, &frame, segment->id, segment->map, walk->sequence, ret);
    if (!ret->damaged)
        ret->head.sequence = frame.head.sequence; /* whole, though the walk begins inside it */
    walk->sequence = frame.end;
    return 1;
}

int store_walk_next(struct store_walk *walk, struct store_frame *ret)
{
    struct store *store = walk->store;
    int r = 0;
    store_lock(store);
    while (r == 0) {
        size_t index = store_find_locked(store, walk->sequence);
        if (index == store->segment_count)
            break;
        r = next_in_locked(walk, store->segments[index], ret);
    }
    store_unlock(store);
    return r;
}
