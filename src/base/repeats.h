/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_REPEATS_H
#define WEIR_BASE_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

/* Limits how often the same thing is said. See repeats.c. One thread at a time. */

/* So many in a row of one text by one speaker, within so long. */
enum { REPEATS_BURST = 5 };
#define REPEATS_WINDOW_NS 10000000000
enum { REPEATS_SLOTS = 256 };

struct repeat {
    uint64_t key; /* of speaker and text; 0: unused */
    int64_t since;
    uint32_t said; /* since then */
    uint64_t left_out;
};

struct repeats {
    struct repeat slots[REPEATS_SLOTS]; /* all zero at first */
    uint64_t forgotten;                 /* left out of texts that had to make room */
};

/* True when `text` (a constant: its address stands for it) by `who` (or NULL) may be said at `now`,
 * nanoseconds that only grow. *ret_left_out is then how many like it were left out since the last. */
bool repeats_admit(struct repeats *repeats, const char *text, const char *who, int64_t now,
                   uint64_t *ret_left_out);

/* How many were left out and not reported yet; they are forgotten with this. */
uint64_t repeats_take_left_out(struct repeats *repeats);

#endif
