/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_LISTING_H
#define WEIR_TAIL_LISTING_H

#include "tail.h"

struct tail_dir;

/* The names in a directory that no known file has, for as long as one batch of events is handled: see
 * listing.c. */

/* Reads them, unless tail->listing has them as they were after that moment, in nanoseconds since 1970 UTC. False when
 * there are too many, or memory is short. */
bool tail_listing_read(struct tail *tail, struct tail_dir *dir, int64_t after);
/* The first name, or the one after `name`; NULL after the last. */
const char *tail_listing_next(const struct tail_listing *listing, const char *name);
/* What was read is not true any more. */
void tail_listing_drop(struct tail *tail);
void tail_listing_deinit(struct tail *tail);

#endif
