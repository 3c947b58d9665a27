/* SPDX-License-Identifier: Apache-2.0 */
/* Why each record was rejected, kept with the delivery, and only when there is one.
 *
 *     of      0 0 1 0 2 2 0 1 ...        a number a record: which words
 *     items   [0] "mapper_parsing_exception: ..."   [1] "document too large"
 *
 * A sink may have other words for each record (they often name it), so there can be as many as records: their
 * number and length are bounded, and the words of those beyond are not kept. They are found by hash, one
 * after the other: thousand steps at most for a record of which a person will read. */
#include "pipeline/rejections.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "record/batch.h"

#define ROOM_FIRST 4
static_assert(REJECTIONS_MAX < UINT16_MAX, "an index fits");

static struct rejections *rejections_new(uint32_t records)
{
    struct rejections *rejections = calloc(1, sizeof(*rejections) + records * sizeof(uint16_t));
    assert(rejections); /* some bytes a batch: without them an answer would be lost */
    rejections->items = calloc(ROOM_FIRST, sizeof(rejections->items[0]));
    assert(rejections->items);
    rejections->room = ROOM_FIRST;
    rejections->records = records;
    return rejections;
}

struct rejections *rejections_free(struct rejections *rejections)
{
    if (!rejections)
        return NULL;
    for (uint32_t i = 0; i < rejections->count; i++)
        free(rejections->items[i].answer);
    free(rejections->items);
    free(rejections);
    return NULL;
}

static uint32_t find(const struct rejections *rejections, const struct rejection *wanted)
{
    uint32_t i = rejections->count;
    while (i-- > 0) { /* mostly the last one */
        const struct rejection *item = &rejections->items[i];
        if (item->hash == wanted->hash && item->attempts == wanted->attempts &&
            item->state == wanted->state && item->answer_len == wanted->answer_len &&
            (item->answer_len == 0 || memcmp(item->answer, wanted->answer, item->answer_len) == 0))
            return i;
    }
    return UINT32_MAX;
}

static bool has_room(struct rejections *rejections)
{
    if (rejections->count < rejections->room)
        return true;
    struct rejection *items =
        realloc(rejections->items, 2 * rejections->room * sizeof(rejections->items[0]));
    if (!items)
        return false;
    rejections->items = items;
    rejections->room *= 2;
    return true;
}

/* Where there is no room: the last in the same state, whatever its words; UINT32_MAX: none is. */
static uint32_t find_state(const struct rejections *rejections, enum rejection_state state)
{
    uint32_t i = rejections->count;
    while (i-- > 0)
        if (rejections->items[i].state == state)
            return i;
    return UINT32_MAX;
}

/* The index of the rejection with these words; of one without, where there is no room for them. */
static uint32_t find_or_add(struct rejections *rejections, const struct rejection *wanted)
{
    const bool full = rejections->count >= REJECTIONS_MAX - 1 && wanted->answer_len > 0;
    uint32_t i = find(rejections, wanted);
    if (i != UINT32_MAX)
        return i;
    char *answer = NULL;
    if (wanted->answer_len && !full)
        answer = malloc(wanted->answer_len);
    if (wanted->answer_len && !answer) {
        struct rejection silent = { .attempts = wanted->attempts,
                                    .last = wanted->last,
                                    .state = wanted->state };
        return find_or_add(rejections, &silent);
    }
    bool room = has_room(rejections);
    if (!room || rejections->count >= REJECTIONS_MAX)
        i = find_state(rejections, wanted->state);
    if (i != UINT32_MAX) {
        free(answer);
        return i;
    }
    assert(room); /* some bytes: without them what was dropped might be parked */
    if (answer)
        memcpy(answer, wanted->answer, wanted->answer_len);
    struct rejection *item = &rejections->items[rejections->count];
    *item = *wanted;
    item->answer = answer;
    return rejections->count++;
}

void rejections_add(struct rejections **rejections, const struct weir_slice *slice, uint32_t first,
                    uint32_t count, enum rejection_state state, struct weir_str answer,
                    unsigned attempts)
{
    if (!*rejections)
        *rejections = rejections_new(slice->batch->count);
    if (answer.len > REJECTION_ANSWER_MAX)
        answer.len = utf8_cut(answer.ptr, REJECTION_ANSWER_MAX);
    struct rejection wanted = { .hash = answer.len ? hash64(answer.ptr, answer.len) : 0,
                                .answer = (char *)answer.ptr,
                                .answer_len = (uint32_t)answer.len,
                                .attempts = attempts,
                                .last = clock_wall(),
                                .state = state };
    const uint32_t index = find_or_add(*rejections, &wanted);
    struct rejection *item = &(*rejections)->items[index];
    for (uint32_t i = first; i < first + count; i++)
        if (weir_slice_has(slice, i)) {
            (*rejections)->of[i] = (uint16_t)(index + 1);
            item->records++;
        }
    item->last = wanted.last;
}

uint32_t rejections_bits(const struct rejections *rejections, uint32_t index, uint64_t *ret)
{
    uint32_t found = 0;
    memset(ret, 0, bitmap_words(rejections->records) * sizeof(ret[0]));
    for (uint32_t i = 0; i < rejections->records; i++)
        if (rejections->of[i] == index + 1) {
            ret[i / 64] |= (uint64_t)1 << (i % 64);
            found++;
        }
    return found;
}

uint32_t rejections_bits_in(const struct rejections *rejections, enum rejection_state state,
                            uint64_t *ret)
{
    uint32_t found = 0;
    memset(ret, 0, bitmap_words(rejections->records) * sizeof(ret[0]));
    for (uint32_t i = 0; i < rejections->records; i++)
        if (rejections->of[i] && rejections->items[rejections->of[i] - 1].state == state) {
            ret[i / 64] |= (uint64_t)1 << (i % 64);
            found++;
        }
    return found;
}

const struct rejection *rejections_first_in(const struct rejections *rejections,
                                            enum rejection_state state)
{
    for (uint32_t i = 0; i < rejections->count; i++)
        if (rejections->items[i].state == state)
            return &rejections->items[i];
    return NULL;
}

void rejections_settle(struct rejections *rejections, enum rejection_state state)
{
    for (uint32_t i = 0; i < rejections->count; i++)
        if (rejections->items[i].state == REJECTION_NEW)
            rejections->items[i].state = state;
}

uint32_t rejections_count(const struct rejections *rejections)
{
    uint32_t records = 0;
    for (uint32_t i = 0; i < rejections->count; i++)
        records += rejections->items[i].records;
    return records;
}
