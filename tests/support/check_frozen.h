/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CHECK_FROZEN_H
#define TESTS_SUPPORT_CHECK_FROZEN_H

#include <weir/codec.h>

#include "buffer/frozen.h"

/* Freezes the batch in each way that there is to compress, thaws it, and aborts unless
 *   - every codec makes the same bytes of both, for every output;
 *   - positions, clocks, ids, runs, streams, masks and the note are the same;
 *   - freezing what was thawed gives the same bytes, where each run has a record left. */
void check_frozen(const struct batch *batch, const uint64_t *without, uint64_t readers);

/* What a codec, one of CHECK_CODECS, makes of the records of `mask` (NULL: all). The caller frees it. */
enum { CHECK_CODECS = 4 };
struct weir_bytes check_encode(unsigned codec, const struct batch *batch, const uint64_t *mask);

#endif
