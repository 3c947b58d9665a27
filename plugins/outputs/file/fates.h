/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_FILE_FATES_H
#define WEIR_OUT_FILE_FATES_H

#include <weir/codec.h>
#include <weir/host.h>

/* What becomes of the records of one delivery. While all of them are written nothing is kept about it; from
 * the first that is not on, a byte a record is. */
struct fates {
    uint8_t *of; /* enum weir_outcome by index in the batch; valid while `mixed` */
    uint32_t room;
    bool mixed;   /* not all are WEIR_DELIVERED */
    bool unknown; /* memory was short: all of them are WEIR_RETRY */
    char retry_why[256];
    /* Rejected records each have their own reason: `words` has them, ended by NUL, word[i] where that of
     * record `i` begins. */
    struct weir_bytes words;
    uint32_t *word;
};

void file_fates_begin(struct fates *fates); /* for the next delivery */
void file_fates_deinit(struct fates *fates);

/* Records of `slice` from `at` up to `end` are not written: `outcome` says what they are instead, and "WHAT:
 * WHERE" why. */
void file_fates_set(struct fates *fates, const struct weir_slice *slice, uint32_t at, uint32_t end,
                    enum weir_outcome outcome, struct weir_str what, const char *where);

/* What was written is not safe after all: it is to be delivered again. */
void file_fates_withdraw(struct fates *fates, const char *what, const char *where);

/* Settles all records of the delivery, which is gone then. */
void file_fates_settle(struct fates *fates, struct weir_delivery *delivery);

#endif
