/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_REJECTIONS_H
#define WEIR_PIPELINE_REJECTIONS_H

#include <weir/batch.h>

/* What a sink has said about the records of one delivery that it rejected. See rejections.c. */

#define REJECTION_ANSWER_MAX 1024 /* bytes of it that are kept */
#define REJECTIONS_MAX 1024       /* different ones of a delivery; more are one, without words */

enum rejection_state {
    REJECTION_NEW,
    REJECTION_PARKED,  /* in the dead letters, synced */
    REJECTION_DROPPED, /* not to be parked */
};

/* Records of the delivery that were rejected in the same try with the same words. */
struct rejection {
    uint64_t hash;
    char *answer; /* without a terminator */
    uint32_t answer_len;
    uint32_t records;
    unsigned attempts; /* which try it was, from 1 */
    int64_t last;      /* when it was answered, nanoseconds since 1970 UTC */
    enum rejection_state state;
};

struct rejections {
    struct rejection *items;
    uint32_t count, room;
    uint32_t records; /* of the batch */
    uint16_t of[];    /* for each of them: 1 + the index of its rejection; 0: it was not rejected */
};

/* Adds the records of the slice among [first, first + count), in `state`: REJECTION_NEW, or REJECTION_DROPPED from
 * the start; makes *rejections when it is NULL. `answer` is copied. The caller's lock. */
void rejections_add(struct rejections **rejections, const struct weir_slice *slice, uint32_t first,
                    uint32_t count, enum rejection_state state, struct weir_str answer,
                    unsigned attempts);
/* NULL is fine; returns NULL. */
struct rejections *rejections_free(struct rejections *rejections);

/* Sets, in `ret` (bitmap_words() of the batch), the bits of rejection `index`, or of all those in `state`; the other bits
 * are cleared. Returns how many. */
uint32_t rejections_bits(const struct rejections *rejections, uint32_t index, uint64_t *ret);
uint32_t rejections_bits_in(const struct rejections *rejections, enum rejection_state state,
                            uint64_t *ret);
/* The first in `state`; NULL: none is. */
const struct rejection *rejections_first_in(const struct rejections *rejections,
                                            enum rejection_state state);
/* Puts all that are new into `state`. */
void rejections_settle(struct rejections *rejections, enum rejection_state state);
/* How many records. */
uint32_t rejections_count(const struct rejections *rejections);

#endif
