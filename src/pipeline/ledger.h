/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_LEDGER_H
#define WEIR_PIPELINE_LEDGER_H

#include <pthread.h>
#include <stdint.h>

/* Where every record of a pipeline went:
 *
 *     read = delivered + filtered{filter} + dropped{reason} + held
 *
 * `read` and `held` grow when an input emits a batch, `held` shrinks by as many when that batch has come
 * back, and all its fates are added in the same moment, under one lock: so the identity can be looked at
 * at any time and must hold exactly. The fates are counted by those who decided them (a filter's drops, an
 * output's settlements), `held` by the batch's size: a record that was settled twice, or never, or
 * dropped without being counted, shows as a residue. */

enum ledger_drop { LEDGER_REJECTED, LEDGER_DROPS };

/* Why, as the label `reason` has it. */
extern const char *const ledger_drop_names[LEDGER_DROPS];

#define LEDGER_FILTERS_MAX 64 /* with `route` */

/* What became of one batch. */
struct ledger_fates {
    uint64_t records; /* in the batch */
    uint64_t delivered;
    uint64_t
        filtered[LEDGER_FILTERS_MAX]; /* by filter index; `route` is the last of the pipeline's */
    uint64_t dropped[LEDGER_DROPS];
};

struct ledger_counts {
    uint64_t read, held;
    struct ledger_fates fates; /* sums; `records` is not used */
};

struct ledger {
    pthread_mutex_t lock;
    unsigned filter_count; /* `route` included */
    struct ledger_counts counts;
};

void ledger_init(struct ledger *ledger, unsigned filter_count);
void ledger_deinit(struct ledger *ledger);

void ledger_read(struct ledger *ledger, uint64_t records);                   /* @thread any */
void ledger_settle(struct ledger *ledger, const struct ledger_fates *fates); /* @thread any */
void ledger_snapshot(struct ledger *ledger, struct ledger_counts *ret);      /* @thread any */
uint64_t ledger_held(struct ledger *ledger);                                 /* @thread any */
/* What the identity is off by: 0, or there is a bug. */
int64_t ledger_residue(const struct ledger_counts *counts, unsigned filter_count);

#endif
