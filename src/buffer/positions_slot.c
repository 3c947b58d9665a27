/* SPDX-License-Identifier: Apache-2.0 */
/* The positions file is an array of slots of 256 bytes, each there twice. Slot 0 is the head, the others
 * hold an entry each, or nothing. Sixteen slots make a block of 4096 bytes, the unit of writing; the two
 * copies of a block are its sides A and B. Eight blocks make a chunk of 64 KiB, the unit in which the file
 * grows, their A sides first, so that the copies of a slot are 32 KiB apart:
 *
 *     chunk 0                                         chunk 1
 *     | A0 A1 A2 A3 A4 A5 A6 A7 | B0 B1 B2 ... B7     | A8 A9 ... A15 | B8 B9 ... B15 | ...
 *       4 KiB each                slots 0..127          slots 128..255
 *
 * A slot, little-endian:
 *
 *       0  8  magic        "WEIRPOSN" in the head, "WEIRSLOT" elsewhere
 *       8  2  version      1
 *      10  2  kind         1 head, 2 entry, 3 free
 *      12  4  number       of this slot: a block that landed elsewhere is none
 *      16  8  generation   of the change that made it so; counts over the whole store, from 1
 *      24  8  checksum     XXH3 over the 256 bytes, these eight as zero
 *      32     head:                             entry:
 *      32 16  instance     a UUID                 32  8  owner        who put it
 *      48 16  machine      zero: not known        40 16  id
 *      64  8  made         ns since 1970          56  8  position
 *      72  8  clock        its ceiling            64  8  check
 *                                                 72  8  updated      ns since 1970
 *                                                 80  2  note length  0..128
 *                                                 88 128 note
 *     the rest is zero
 *
 * A slot of zeros was never written. A free one was an entry: its generation is above the entry's, so that
 * the older copy on the other side does not come back. The first 32 bytes, and that the checksum covers 256,
 * stay in every later version, so that each version knows another's file from a damaged one. */
#include "buffer/positions_slot.h"

#include <assert.h>

#include "base/hash.h"
#include "base/little_endian.h"

enum {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_KIND = 10,
    AT_NUMBER = 12,
    AT_GENERATION = 16,
    AT_CHECKSUM = 24,
    AT_INSTANCE = 32,
    AT_MACHINE = 48,
    AT_MADE = 64,
    AT_CLOCK = 72,
    AT_OWNER = 32,
    AT_ID = 40,
    AT_POSITION = 56,
    AT_CHECK = 64,
    AT_UPDATED = 72,
    AT_NOTE_LEN = 80,
    AT_NOTE = 88,
};
static_assert(AT_NOTE + WEIR_NOTE_MAX <= POSITIONS_SLOT_BYTES, "an entry fits");
static_assert(AT_ID - AT_OWNER == 8 && AT_POSITION - AT_OWNER == POSITIONS_KEY_BYTES,
              "owner and id are the key, side by side");

enum { KIND_HEAD = 1, KIND_ENTRY = 2, KIND_FREE = 3 };

/* No store ever comes so far by counting; and from what is read, counting on cannot overflow. */
#define GENERATION_READ_MAX (UINT64_MAX / 4)
#define GENERATION_MAX (UINT64_MAX / 2)

static const char magic_head[8] = { 'W', 'E', 'I', 'R', 'P', 'O', 'S', 'N' };
static const char magic_slot[8] = { 'W', 'E', 'I', 'R', 'S', 'L', 'O', 'T' };

struct positions_key_bytes positions_key_encode(const struct positions_key *key)
{
    struct positions_key_bytes ret;
    put64(ret.bytes, key->owner);
    memcpy(ret.bytes + 8, key->id, sizeof(key->id));
    return ret;
}

const unsigned char *positions_slot_key(const unsigned char *slot)
{
    return slot + AT_OWNER;
}

static void begin(unsigned char *slot, const char *magic, uint16_t kind, uint32_t number,
                  uint64_t generation)
{
    assert(generation > 0 && generation <= GENERATION_MAX);
    memset(slot, 0, POSITIONS_SLOT_BYTES);
    memcpy(slot + AT_MAGIC, magic, 8);
    put16(slot + AT_VERSION, POSITIONS_VERSION);
    put16(slot + AT_KIND, kind);
    put32(slot + AT_NUMBER, number);
    put64(slot + AT_GENERATION, generation);
}

void positions_slot_set_head(unsigned char *slot, uint64_t generation,
                             const struct positions_head *head)
{
    begin(slot, magic_head, KIND_HEAD, POSITIONS_HEAD, generation);
    memcpy(slot + AT_INSTANCE, head->instance, sizeof(head->instance));
    memcpy(slot + AT_MACHINE, head->machine, sizeof(head->machine));
    put64(slot + AT_MADE, (uint64_t)head->made);
    put64(slot + AT_CLOCK, head->clock);
}

void positions_slot_set_entry(unsigned char *slot, uint32_t number, uint64_t generation,
                              const struct positions_key *key,
                              const struct weir_stream_state *state)
{
    assert(number != POSITIONS_HEAD && state->note_len <= WEIR_NOTE_MAX);
    begin(slot, magic_slot, KIND_ENTRY, number, generation);
    struct positions_key_bytes bytes = positions_key_encode(key);
    memcpy(slot + AT_OWNER, bytes.bytes, sizeof(bytes.bytes));
    put64(slot + AT_POSITION, state->position);
    put64(slot + AT_CHECK, state->check);
    put64(slot + AT_UPDATED, (uint64_t)state->updated);
    put16(slot + AT_NOTE_LEN, state->note_len);
    memcpy(slot + AT_NOTE, state->note, state->note_len);
}

void positions_slot_set_free(unsigned char *slot, uint32_t number, uint64_t generation)
{
    assert(number != POSITIONS_HEAD);
    begin(slot, magic_slot, KIND_FREE, number, generation);
}

static uint64_t checksum(const unsigned char *slot)
{
    positions_slot copy;
    memcpy(copy, slot, sizeof(copy));
    memset(copy + AT_CHECKSUM, 0, 8);
    return hash64(copy, sizeof(copy));
}

void positions_slot_seal(unsigned char *slot)
{
    if (positions_slot_kind(slot) != POSITIONS_SLOT_NEVER)
        put64(slot + AT_CHECKSUM, checksum(slot));
}

enum positions_slot_kind positions_slot_check(const unsigned char *slot, uint32_t number)
{
    static const positions_slot never;
    if (memcmp(slot, never, sizeof(never)) == 0)
        return POSITIONS_SLOT_NEVER;
    const char *magic = number == POSITIONS_HEAD ? magic_head : magic_slot;
    if (memcmp(slot + AT_MAGIC, magic, 8) != 0 || get64(slot + AT_CHECKSUM) != checksum(slot) ||
        get32(slot + AT_NUMBER) != number)
        return POSITIONS_SLOT_DAMAGED;
    if (positions_slot_version(slot) != POSITIONS_VERSION)
        return POSITIONS_SLOT_FUTURE;
    uint64_t generation = positions_slot_generation(slot);
    enum positions_slot_kind kind = positions_slot_kind(slot);
    if (generation == 0 || generation > GENERATION_READ_MAX || kind == POSITIONS_SLOT_NEVER ||
        (kind == POSITIONS_SLOT_IS_HEAD) != (number == POSITIONS_HEAD) ||
        (kind == POSITIONS_SLOT_ENTRY && get16(slot + AT_NOTE_LEN) > WEIR_NOTE_MAX))
        return POSITIONS_SLOT_DAMAGED; /* whole, but not written by this code */
    return kind;
}

uint64_t positions_slot_generation(const unsigned char *slot)
{
    return get64(slot + AT_GENERATION);
}

unsigned positions_slot_version(const unsigned char *slot)
{
    return get16(slot + AT_VERSION);
}

enum positions_slot_kind positions_slot_kind(const unsigned char *slot)
{
    switch (get16(slot + AT_KIND)) {
    case 0: return POSITIONS_SLOT_NEVER;
    case KIND_HEAD: return POSITIONS_SLOT_IS_HEAD;
    case KIND_ENTRY: return POSITIONS_SLOT_ENTRY;
    case KIND_FREE: return POSITIONS_SLOT_FREE;
    default: return POSITIONS_SLOT_DAMAGED;
    }
}

void positions_slot_get_head(const unsigned char *slot, struct positions_head *ret)
{
    memcpy(ret->instance, slot + AT_INSTANCE, sizeof(ret->instance));
    memcpy(ret->machine, slot + AT_MACHINE, sizeof(ret->machine));
    ret->made = (int64_t)get64(slot + AT_MADE);
    ret->clock = get64(slot + AT_CLOCK);
}

void positions_slot_get_entry(const unsigned char *slot, struct positions_key *ret_key,
                              struct weir_stream_state *ret_state)
{
    ret_key->owner = get64(slot + AT_OWNER);
    memcpy(ret_key->id, slot + AT_ID, sizeof(ret_key->id));
    *ret_state = (struct weir_stream_state){ .position = get64(slot + AT_POSITION),
                                             .check = get64(slot + AT_CHECK),
                                             .updated = (int64_t)get64(slot + AT_UPDATED),
                                             .note_len = get16(slot + AT_NOTE_LEN) };
    assert(ret_state->note_len <= WEIR_NOTE_MAX);
    memcpy(ret_state->id, slot + AT_ID, sizeof(ret_state->id));
    memcpy(ret_state->note, slot + AT_NOTE, ret_state->note_len);
}
