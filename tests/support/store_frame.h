/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_SUPPORT_STORE_FRAME_H
#define WEIR_TESTS_SUPPORT_STORE_FRAME_H

#include "buffer/store.h"

/* Frames for tests of stores: what is in one follows from its `tag`, and can be checked by it. */

/* For a pipeline's store on a simulated disk, on which it makes the store's place: the data directory. The rest is the
 * caller's to set. */
struct store_options store_frame_options(struct disk *sim, const char *const *readers,
                                         unsigned reader_count, uint64_t size_max);

/* Appends a frame of `records` records with `bytes` of payload and one range: *ret_sequence on 0. */
int store_frame_append(struct store *store, uint64_t tag, uint32_t records, size_t bytes,
                       uint64_t readers, uint64_t *ret_sequence);

/* The tag of a frame that was read, when all of it is as it was made; 0 when it is not. Tags are not 0. */
uint64_t store_frame_tag(const struct store_frame *frame);

#endif
