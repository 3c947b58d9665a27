/* SPDX-License-Identifier: Apache-2.0 */
#include "fates.h"

#include <stdio.h>
#include <stdlib.h>

#define WORDS_BYTES_MAX ((size_t)1024 * 1024)
/* The first word: why a record is rejected whose own word found no room. */
#define NO_ROOM "it cannot be written"

void file_fates_begin(struct fates *fates)
{
    fates->mixed = fates->unknown = false;
    fates->retry_why[0] = '\0';
    fates->words.len = 0;
}

void file_fates_deinit(struct fates *fates)
{
    free(fates->of);
    free(fates->word);
    weir_bytes_free(&fates->words);
    fates->of = NULL;
    fates->word = NULL;
    fates->room = 0;
}

/* From now on each record has a fate of its own. */
static bool mix(struct fates *fates, uint32_t count)
{
    if (fates->room < count) {
        uint8_t *of = realloc(fates->of, count);
        fates->of = of ? of : fates->of;
        uint32_t *word = of ? reallocarray(fates->word, count, sizeof(*word)) : NULL;
        if (!word)
            return false;
        fates->word = word;
        fates->room = count;
    }
    memset(fates->of, WEIR_DELIVERED, count);
    fates->words.max = WORDS_BYTES_MAX;
    return weir_bytes_add(&fates->words, NO_ROOM, sizeof(NO_ROOM)) == 0;
}

/* "WHAT: WHERE" as another word; returns where it begins. */
static uint32_t add_word(struct fates *fates, struct weir_str what, const char *where)
{
    const size_t where_len = strlen(where), at = fates->words.len;
    char *room = weir_bytes_room(&fates->words, what.len + where_len + 3);
    if (!room)
        return 0;
    memcpy(room, what.ptr, what.len);
    memcpy(room + what.len, ": ", 2);
    memcpy(room + what.len + 2, where, where_len + 1);
    fates->words.len += what.len + where_len + 3;
    return (uint32_t)at;
}

void file_fates_set(struct fates *fates, const struct weir_slice *slice, uint32_t at, uint32_t end,
                    enum weir_outcome outcome, struct weir_str what, const char *where)
{
    if (!fates->mixed)
        fates->unknown = !mix(fates, slice->batch->count);
    fates->mixed = true;
    if (outcome != WEIR_REJECTED || fates->unknown)
        snprintf(fates->retry_why, sizeof(fates->retry_why), "%.*s: %s", (int)what.len, what.ptr,
                 where);
    if (fates->unknown)
        return;
    const uint32_t word = outcome == WEIR_REJECTED ? add_word(fates, what, where) : 0;
    for (uint32_t i = weir_slice_next(slice, at); i < end; i = weir_slice_next(slice, i + 1)) {
        fates->of[i] = (uint8_t)outcome;
        fates->word[i] = word;
    }
}

void file_fates_withdraw(struct fates *fates, const char *what, const char *where)
{
    snprintf(fates->retry_why, sizeof(fates->retry_why), "%s: %s", what, where);
    for (uint32_t i = 0; fates->mixed && !fates->unknown && i < fates->room; i++)
        if (fates->of[i] == WEIR_DELIVERED)
            fates->of[i] = WEIR_RETRY;
    if (!fates->mixed)
        fates->mixed = fates->unknown = true;
}

static struct weir_str why_of(const struct fates *fates, enum weir_outcome outcome, uint32_t i)
{
    switch (outcome) {
    case WEIR_DELIVERED: break;
    case WEIR_RETRY: return weir_str_of(fates->retry_why);
    case WEIR_REJECTED:
    case WEIR_DROPPED: return weir_str_of(fates->words.data + fates->word[i]);
    }
    return WEIR_STR_NONE;
}

/* Whether two records can be settled in one call. */
static bool is_same(const struct fates *fates, uint32_t a, uint32_t b)
{
    return fates->of[a] == fates->of[b] &&
           (fates->of[a] != WEIR_REJECTED || fates->word[a] == fates->word[b]);
}

void file_fates_settle(struct fates *fates, struct weir_delivery *delivery)
{
    const struct weir_slice slice = *weir_delivery_slice(delivery);
    const uint32_t end = slice.first + slice.count;
    if (!fates->mixed || fates->unknown) {
        enum weir_outcome all = fates->mixed ? WEIR_RETRY : WEIR_DELIVERED;
        weir_settle_all(delivery, all, why_of(fates, all, 0));
        return;
    }
    /* In ranges of one fate. With the last of them the delivery and its batch are gone, so where the
     * next range begins is found out first. */
    uint32_t at = weir_slice_next(&slice, slice.first);
    while (at < end) {
        const enum weir_outcome outcome = fates->of[at];
        uint32_t next = weir_slice_next(&slice, at + 1);
        while (next < end && is_same(fates, at, next))
            next = weir_slice_next(&slice, next + 1);
        weir_settle(delivery, at, next - at, outcome, why_of(fates, outcome, at));
        at = next;
    }
}
