/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_POSITIONS_SLOT_H
#define WEIR_BUFFER_POSITIONS_SLOT_H

#include <assert.h>

#include "buffer/positions.h"

/* The positions file, byte by byte: what one slot looks like, and where its two copies stand. See
 * positions_slot.c for the drawing. Nothing here touches a disk. */

#define POSITIONS_VERSION 1
#define POSITIONS_SLOT_BYTES 256
#define POSITIONS_BLOCK_BYTES 4096
#define POSITIONS_BLOCK_SLOTS (POSITIONS_BLOCK_BYTES / POSITIONS_SLOT_BYTES)
#define POSITIONS_CHUNK_BLOCKS 8 /* blocks of one side in a chunk */
#define POSITIONS_CHUNK_BYTES (2 * POSITIONS_CHUNK_BLOCKS * POSITIONS_BLOCK_BYTES)

/* The most slots that a store takes: what bounds its memory (64 MiB) and its file (128 MiB). */
#define POSITIONS_SLOTS_MAX (1u << 18)
#define POSITIONS_FILE_BYTES_MAX ((uint64_t)POSITIONS_SLOTS_MAX * POSITIONS_SLOT_BYTES * 2)

/* Slot 0. */
#define POSITIONS_HEAD 0u

typedef unsigned char positions_slot[POSITIONS_SLOT_BYTES];

struct positions_block {
    positions_slot slots[POSITIONS_BLOCK_SLOTS];
};
static_assert(sizeof(struct positions_block) == POSITIONS_BLOCK_BYTES, "a block is its slots");

/* Where the copy of `block` on `side` (0 or 1) begins in the file. */
static inline uint64_t positions_block_offset(uint32_t block, unsigned side)
{
    uint64_t chunk = block / POSITIONS_CHUNK_BLOCKS, in_chunk = block % POSITIONS_CHUNK_BLOCKS;
    return chunk * POSITIONS_CHUNK_BYTES +
           (side * POSITIONS_CHUNK_BLOCKS + in_chunk) * POSITIONS_BLOCK_BYTES;
}

struct positions_head {
    uint8_t instance[16];
    uint8_t machine[16]; /* all zero: not known */
    int64_t made;        /* nanoseconds since 1970 UTC */
    uint64_t clock;      /* ceiling of the logical clock */
};

/* A key as slots have it, and as maps compare it. */
#define POSITIONS_KEY_BYTES 24
struct positions_key_bytes {
    unsigned char bytes[POSITIONS_KEY_BYTES];
};
struct positions_key_bytes positions_key_encode(const struct positions_key *key);
/* The same, in place, of a slot that holds an entry. */
const unsigned char *positions_slot_key(const unsigned char *slot);

/* What stands in a slot. `number` is the slot's own. The setters fill all of it but the checksum, which
 * positions_slot_seal() adds before it is written. */
void positions_slot_set_head(unsigned char *slot, uint64_t generation,
                             const struct positions_head *head);
void positions_slot_set_entry(unsigned char *slot, uint32_t number, uint64_t generation,
                              const struct positions_key *key,
                              const struct weir_stream_state *state);
void positions_slot_set_free(unsigned char *slot, uint32_t number, uint64_t generation);
void positions_slot_seal(unsigned char *slot); /* one never set stays as it is: all zero */

enum positions_slot_kind {
    POSITIONS_SLOT_DAMAGED, /* no slot, or not this one */
    POSITIONS_SLOT_NEVER,   /* all zero: never written */
    POSITIONS_SLOT_FREE,
    POSITIONS_SLOT_ENTRY,
    POSITIONS_SLOT_IS_HEAD,
    POSITIONS_SLOT_FUTURE, /* intact, of a version that is not ours */
};

/* Looks at 256 bytes read as slot `number`: for anything but DAMAGED and FUTURE they are then safe for
 * the getters. */
enum positions_slot_kind positions_slot_check(const unsigned char *slot, uint32_t number);

uint64_t positions_slot_generation(const unsigned char *slot);
unsigned positions_slot_version(const unsigned char *slot);
/* Of a checked slot, or one that was set: which kind. */
enum positions_slot_kind positions_slot_kind(const unsigned char *slot);
void positions_slot_get_head(const unsigned char *slot, struct positions_head *ret);
void positions_slot_get_entry(const unsigned char *slot, struct positions_key *ret_key,
                              struct weir_stream_state *ret_state);

#endif
