/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_LEDGER_H
#define WEIR_PIPELINE_LEDGER_H

#include <pthread.h>
#include <stdint.h>

#include "buffer/log.h"

/* Where every record of a pipeline went:
 *
 *     read + recovered + replayed = delivered + filtered{filter} + dropped{reason} + dead_lettered + held
 *
 * `read` and `held` grow when an input emits a batch, `held` shrinks by as many when that batch has come
 * back, and all its fates are added in the same moment, under one lock: so the identity can be looked at
 * at any time and must hold exactly. The fates are counted by those who decided them (a filter's drops, an
 * output's settlements), `held` by the batch's size: a record that was settled twice, or never, or
 * dropped without being counted, shows as a residue.
 *
 * A record that several outputs get counts once, by its worst fate: dropped, else dead-lettered, else
 * delivered. Each output has an account of its own for what was routed to it:
 *
 *     routed = delivered + dropped{reason} + dead_lettered + held */

enum ledger_drop {
    LEDGER_REJECTED,         /* the sink will never take it, and it was not parked */
    LEDGER_DEAD_LETTER_FULL, /* it was parked, and the dead letters are full: the oldest have gone */
    LEDGER_CORRUPT,          /* its frame on disk cannot be read */
    LEDGER_DROP_OLDEST,      /* the buffer was full: buffer.when_full */
    LEDGER_DROP_NEWEST,      /* the same */
    LEDGER_SHED,             /* the buffer filled, and others matter more */
    LEDGER_DROPS
};

/* Why, as the label `reason` has it. */
extern const char *const ledger_drop_names[LEDGER_DROPS];

#define LEDGER_FILTERS_MAX 64 /* with `route` */
#define LEDGER_OUTPUTS_MAX LOG_READERS_MAX

/* What became of one batch. */
struct ledger_fates {
    uint64_t records; /* in the batch */
    uint64_t delivered, dead_lettered;
    uint64_t
        filtered[LEDGER_FILTERS_MAX]; /* by filter index; `route` is the last of the pipeline's */
    uint64_t dropped[LEDGER_DROPS];
};

/* Those of a batch that had their fate before any output saw them, `filter_count` with `route`: filtered, and
 * dropped as the disk tier filled. */
void ledger_fates_before(const struct batch *batch, unsigned filter_count,
                         struct ledger_fates *ret);
/* From the marks of a batch that comes back: what of it is counted nowhere else. Records of a batch with a frame
 * are counted when the frame is answered. */
void ledger_fates_of(const struct batch *batch, unsigned filter_count, struct ledger_fates *ret);

/* What became of the records that one output took of a batch. */
struct ledger_answers {
    uint64_t records; /* that it took */
    uint64_t delivered, dead_lettered;
    uint64_t dropped[LEDGER_DROPS];
};

struct ledger_output {
    uint64_t routed, held;
    struct ledger_answers answers; /* sums; `records` is not used */
};

struct ledger_counts {
    uint64_t read, recovered, replayed, held;
    struct ledger_fates fates; /* sums; `records` is not used */
    struct ledger_output outputs[LEDGER_OUTPUTS_MAX];
};

struct ledger {
    pthread_mutex_t lock;
    unsigned filter_count; /* `route` included */
    unsigned output_count;
    struct ledger_counts counts;
    /* Dead letters that have gone and are not moved yet; see ledger_dead_letters_gone(). */
    uint64_t gone, output_gone[LEDGER_OUTPUTS_MAX];
};

void ledger_init(struct ledger *ledger, unsigned filter_count, unsigned output_count);
void ledger_deinit(struct ledger *ledger);

/* Records have come: from an input, from what a start found in the disk tier, from a replay. They are held
 * until ledger_settle(). @thread any. */
void ledger_read(struct ledger *ledger, uint64_t records);
void ledger_recovered(struct ledger *ledger, uint64_t records);
void ledger_replayed(struct ledger *ledger, uint64_t records);
/* They have their fates. @thread any. */
void ledger_settle(struct ledger *ledger, const struct ledger_fates *fates);

/* Records are there for an output to take, before it can take them; and its answers. @thread any. */
void ledger_route(struct ledger *ledger, unsigned output, uint64_t records);
void ledger_answer(struct ledger *ledger, unsigned output, const struct ledger_answers *answers);

/* The output will not get `records` records, by the count of whole frames: those that are not in its account
 * yet, since they come from an earlier run, are put there. @thread any. */
void ledger_give_up(struct ledger *ledger, unsigned output, uint64_t records, enum ledger_drop why);

/* Dead letters of an output, parked in this run, had to make room for others: they count as dropped from
 * now on, or, where they are not even settled yet, as soon as they are. (A record that several outputs have
 * parked is moved with the first of its copies, and with the next one some other record: the split of the
 * pipeline's two numbers is then off by it, their sum is not.) @thread any. */
void ledger_dead_letters_gone(struct ledger *ledger, unsigned output, uint64_t records);

/* All of it, of one moment. @thread any. */
void ledger_snapshot(struct ledger *ledger, struct ledger_counts *ret);
uint64_t ledger_held(struct ledger *ledger); /* @thread any */
/* What the identities are off by: 0, or there is a bug. */
int64_t ledger_residue(const struct ledger_counts *counts, unsigned filter_count);
int64_t ledger_output_residue(const struct ledger_output *output);

#endif
