/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_SUPPORT_STORE_FRAME_H
#define WEIR_TESTS_SUPPORT_STORE_FRAME_H

#include "buffer/store.h"

/* Frames for tests of stores: what is in one follows from its `tag`, and can be checked by it. */

/* Appends a frame of `records` records with `bytes` of payload and one range: *ret_sequence on 0. */
int store_frame_append(struct store *store, uint64_t tag, uint32_t records, size_t bytes,
                       uint64_t readers, uint64_t *ret_sequence);

/* The tag of a frame that was read, when all of it is as it was made; 0 when it is not. Tags are not 0. */
uint64_t store_frame_tag(const struct store_frame *frame);

#endif
