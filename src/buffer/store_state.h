/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_STORE_STATE_H
#define WEIR_BUFFER_STORE_STATE_H

#include <weir/codec.h>

#include "base/disk.h"

/* The file `state` of a store: what its segments cannot tell. See store_state.c for the drawing, and for why it
 * is written in place. One thread at a time. */

#define STORE_STATE_NAME "state"
#define STORE_STATE_BYTES ((uint64_t)64 << 10)
#define STORE_STATE_READERS_MAX 128
#define STORE_NAME_MAX 127 /* bytes of a reader's name */

struct store_state_reader {
    char name[STORE_NAME_MAX + 1];
    uint64_t cursor; /* all records below it are answered */
};

struct store_state {
    uint8_t store[16];     /* the store's id */
    uint64_t reserved;     /* no record has a number from here on */
    uint64_t durable;      /* all records below were safe once */
    uint64_t next_segment; /* no segment has an id from here on */
    unsigned reader_count;
    struct store_state_reader readers[STORE_STATE_READERS_MAX];
};

struct store_state_file {
    struct disk *disk;
    int fd;              /* -1: there is none yet */
    uint64_t generation; /* of the newest slot */
    unsigned side;       /* the one to be written next */
};

enum store_state_found {
    STORE_STATE_NONE, /* no file */
    STORE_STATE_GOOD,
    STORE_STATE_DAMAGED, /* a file without an intact slot, or of a later version */
};

/* Opens `state` in `dir`. What was found, or a negative errno; the file is open, if there is one and it is a
 * regular one. With `read_only` it is only read. */
WEIR_MUST_USE int store_state_open(struct store_state_file *file, struct disk *disk, int dir,
                                   bool read_only, struct store_state *ret);
void store_state_close(struct store_state_file *file);

/* Makes the state so, for sure: 0. A negative errno: the one before is still there, and it may be tried again.
 * Makes the file when there is none; then needs room on the disk. */
WEIR_MUST_USE int store_state_write(struct store_state_file *file, int dir,
                                    const struct store_state *state);

#endif
