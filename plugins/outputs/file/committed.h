/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_FILE_COMMITTED_H
#define WEIR_OUT_FILE_COMMITTED_H

#include <weir/host.h>

#include "sink.h"

/* The sizes up to which open files hold whole, acknowledged records, in the host's store. See committed.c. */
struct committed;

/* Reads what the last run left, and keeps up to `slots` sizes. NULL when memory is short. */
struct committed *file_committed_new(struct weir_host *host, unsigned slots);
struct committed *file_committed_free(struct committed *committed);

/* A slot for a file that has been opened; *ret_size is what the last run had committed of that very file, or
 * SINK_SIZE_UNKNOWN. At most `slots` may be taken at a time. */
unsigned file_committed_take(struct committed *committed, struct sink_identity identity,
                             uint64_t *ret_size);
/* Puts the size of the slot's file into the store. */
void file_committed_put(struct committed *committed, unsigned slot, uint64_t size);
/* The slot's file was closed in good order. */
void file_committed_release(struct committed *committed, unsigned slot);

#endif
