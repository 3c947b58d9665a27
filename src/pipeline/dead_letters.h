/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_DEAD_LETTERS_H
#define WEIR_PIPELINE_DEAD_LETTERS_H

#include <weir/error.h>

#include "record/batch.h"

struct pipeline;
struct rejections;
struct store;

/* A pipeline's dead letters: what its sinks will never take, kept on disk for a person to look at and send
 * again. See dead_letters.c. */
struct dead_letters;

/* The reason of all that a sink has rejected; its own words are the answer. */
#define DEAD_LETTER_REJECTED "rejected"

/* Opens what earlier runs have left; makes nothing on disk. NULL when memory is short. @thread main, when the
 * pipeline's outputs and ledger are configured. */
struct dead_letters *dead_letters_new(struct pipeline *pipeline);
/* No output runs. NULL is fine; returns NULL. @thread main. */
struct dead_letters *dead_letters_free(struct dead_letters *letters);

/* False when the configuration wants none: what is rejected is dropped then. @thread any. */
bool dead_letters_wanted(const struct dead_letters *letters);

/* Parks the new ones of `rejections`, of a batch that output `output` has had since `first` (nanoseconds since
 * 1970 UTC). On 0 each of them is parked and on stable storage, or, where it is larger than all dead letters
 * may be, to be dropped: its state says which. A negative errno, and the status says why: those that are new
 * still are for another try. Blocks while it writes. @thread any output's. */
WEIR_MUST_USE int dead_letters_park(struct dead_letters *letters, unsigned output,
                                    const struct batch *batch, struct rejections *rejections,
                                    int64_t first);

/* Their store; NULL while nothing was ever parked. For walks. @thread any. */
struct store *dead_letters_store(const struct dead_letters *letters);

/* Gives up the dead letters of an output that is not configured any more: 0, or -ENOENT. @thread any. */
int dead_letters_drop(struct dead_letters *letters, const char *output);

#define DEAD_LETTERS_REASON_MAX 200

struct dead_letters_status {
    uint64_t records, bytes, bytes_max;
    uint64_t lost; /* records of earlier runs that had to make room, in this run */
    bool failing;  /* they cannot be written: the outputs that reject hold */
    char reason[DEAD_LETTERS_REASON_MAX]; /* why, or "" */
};
/* @thread any. */
void dead_letters_status(struct dead_letters *letters, struct dead_letters_status *ret);

#endif
