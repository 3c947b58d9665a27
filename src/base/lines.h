/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_LINES_H
#define WEIR_BASE_LINES_H

#include <stddef.h>
#include <stdint.h>

/* Finds the newlines in `data[0..len)`. For each, in order, stores `base` plus the offset after it into
 * `ends`, `max` of them at most; returns how many. *ret_taken is the number of bytes up to and including
 * the last newline stored, 0 when there is none.
 *
 * At least 64 readable bytes follow the data (WEIR_BATCH_PADDING); what they hold does not matter.
 * Entries of `ends` after those returned, up to `max`, may be overwritten. `base + len` fits uint32_t.
 * @thread any. */
size_t lines_find(const char *data, size_t len, uint32_t base, uint32_t *ends, size_t max,
                  size_t *ret_taken);

typedef size_t lines_find_f(const char *data, size_t len, uint32_t base, uint32_t *ends, size_t max,
                            size_t *ret_taken);

#endif
