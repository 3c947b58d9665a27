/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted array with room in front: frames are added near its end, by the output that is ahead, and taken
 * near its beginning, by the one that is behind. */
#include "buffer/rejects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/batch.h"

#define ROOM_MIN 16

/* Where `frame` stands, or would. */
static size_t place_of(const struct rejects *rejects, uint64_t frame)
{
    size_t low = rejects->first, high = rejects->first + rejects->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rejects->items[middle].frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool stands_at(const struct rejects *rejects, size_t at, uint64_t frame)
{
    return at < rejects->first + rejects->count && rejects->items[at].frame == frame;
}

static int make_room(struct rejects *rejects)
{
    if (rejects->first + rejects->count < rejects->room)
        return 0;
    if (rejects->first > rejects->room / 2) {
        memmove(rejects->items, rejects->items + rejects->first,
                rejects->count * sizeof(rejects->items[0]));
        rejects->first = 0;
        return 0;
    }
    size_t room = rejects->room ? 2 * rejects->room : ROOM_MIN;
    struct reject *items = realloc(rejects->items, room * sizeof(*items));
    if (!items)
        return -ENOMEM;
    rejects->items = items;
    rejects->room = room;
    return 0;
}

static struct reject *insert(struct rejects *rejects, uint64_t frame, uint32_t count)
{
    if (make_room(rejects) < 0)
        return NULL;
    size_t at = place_of(rejects, frame), end = rejects->first + rejects->count;
    struct reject *item = &rejects->items[at];
    memmove(item + 1, item, (end - at) * sizeof(*item));
    rejects->count++;
    *item = (struct reject){ .frame = frame, .count = count };
    item->bits = calloc(2 * bitmap_words(count), sizeof(item->bits[0]));
    if (item->bits)
        return item;
    memmove(item, item + 1, (end - at) * sizeof(*item));
    rejects->count--;
    return NULL;
}

static struct reject *have(struct rejects *rejects, uint64_t frame, uint32_t count)
{
    size_t at = place_of(rejects, frame);
    return stands_at(rejects, at, frame) ? &rejects->items[at] : insert(rejects, frame, count);
}

int rejects_add(struct rejects *rejects, uint64_t frame, uint32_t count, const uint64_t *rejected,
                const uint64_t *parked)
{
    struct reject *item = have(rejects, frame, count);
    if (!item)
        return -ENOMEM;
    const size_t words = bitmap_words(item->count);
    for (size_t i = 0; i < words; i++) {
        item->bits[i] |= rejected ? rejected[i] : 0;
        item->bits[words + i] |= parked ? parked[i] : 0;
    }
    return 0;
}

int rejects_add_damaged(struct rejects *rejects, uint64_t frame, uint32_t count)
{
    struct reject *item = have(rejects, frame, count);
    if (!item)
        return -ENOMEM;
    item->damaged = true;
    return 0;
}

static struct rejects_sum sum(const struct reject *item)
{
    struct rejects_sum sum = { 0 };
    const size_t words = bitmap_words(item->count);
    if (item->damaged)
        return (struct rejects_sum){ .damaged = item->count };
    for (size_t i = 0; i < words; i++) {
        sum.rejected += (uint32_t)__builtin_popcountll(item->bits[i]);
        sum.parked += (uint32_t)__builtin_popcountll(item->bits[words + i] & ~item->bits[i]);
    }
    return sum;
}

struct rejects_sum rejects_take(struct rejects *rejects, uint64_t frame)
{
    struct rejects_sum ret = { 0 };
    size_t at = rejects->count ? place_of(rejects, frame) : 0;
    if (!stands_at(rejects, at, frame))
        return ret;
    struct reject *item = &rejects->items[at];
    ret = sum(item);
    free(item->bits);
    if (at == rejects->first) {
        rejects->first++;
    } else {
        size_t end = rejects->first + rejects->count;
        memmove(item, item + 1, (end - at - 1) * sizeof(*item));
    }
    if (--rejects->count == 0)
        rejects->first = 0;
    return ret;
}

void rejects_forget(struct rejects *rejects, uint64_t frame)
{
    while (rejects->count && rejects->items[rejects->first].frame < frame)
        rejects_take(rejects, rejects->items[rejects->first].frame);
}

void rejects_free(struct rejects *rejects)
{
    rejects_forget(rejects, UINT64_MAX);
    free(rejects->items);
    *rejects = (struct rejects){ 0 };
}
