/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the positions file. The first byte says how to take the rest: 0, as the file; else as pieces of
 * 64 bytes, each the beginning of a slot, which are put in their places and sealed, so that what comes after
 * the checksum is reached too. */
#include <assert.h>
#include <stdlib.h>

#include "buffer/positions_store.h"
#include "support/disk_sim.h"

#define PIECE 64
#define FILE_BYTES (3 * POSITIONS_CHUNK_BYTES)
#define SLOTS (FILE_BYTES / POSITIONS_SLOT_BYTES / 2)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_pieces(struct disk *disk, const uint8_t *data, size_t size)
{
    uint8_t *file = calloc(1, FILE_BYTES);
    assert(file);
    for (; size >= PIECE; data += PIECE, size -= PIECE) {
        uint32_t number = (data[0] | (uint32_t)data[1] << 8) % SLOTS;
        uint8_t *slot = file + positions_block_offset(number / POSITIONS_BLOCK_SLOTS, data[2] & 1) +
                        number % POSITIONS_BLOCK_SLOTS * POSITIONS_SLOT_BYTES;
        memcpy(slot, number == POSITIONS_HEAD ? "WEIRPOSN" : "WEIRSLOT", 8);
        memcpy(slot + 8, data + 4, PIECE - 4);
        slot[12] = (uint8_t)number;
        slot[13] = (uint8_t)(number >> 8);
        slot[14] = slot[15] = 0;
        slot[23] &= 0x1f;   /* generations that counting on does not make unreadable */
        slot[80] = data[3]; /* the length of the note */
        positions_slot_seal(slot);
    }
    sim_set_file(disk, "data/positions", file, FILE_BYTES);
    free(file);
}

struct sum {
    uint64_t entries, hash;
};

static void add(void *arg, const struct positions_key *key, const struct weir_stream_state *state)
{
    struct sum *sum = arg;
    assert(state->note_len <= WEIR_NOTE_MAX);
    sum->entries++;
    sum->hash += state->position + key->owner * 31 + key->id[0] + (uint64_t)state->updated;
}

/* Opens; false when the file is of another version. */
static bool open_store(struct positions_store *store, struct disk *disk,
                       struct positions_found *found)
{
    const struct positions_store_options options = { .disk = disk, .dir = "data" };
    bool moved;
    struct weir_error err;
    int r = positions_store_open(store, &options, found, &moved, &err);
    assert(r == 0 || found->version > 0);
    return r == 0;
}

/* What was read is written, and reads the same again, with nothing lost. */
static void check_store(struct positions_store *store, struct disk *disk)
{
    struct positions_found found;
    struct sum before = { 0 }, after = { 0 };
    uint64_t blocks;
    const struct positions_key key = { .owner = 77, .id = { 1 } };
    const struct weir_stream_state state = { .position = 5 };
    bool first;
    (void)positions_store_put(store, &key, &state, &first);
    positions_store_walk(store, add, &before);
    assert(before.entries == positions_store_count(store));
    assert(positions_store_flush(store, &blocks) == 0 && positions_store_sync(store) == 0);
    positions_store_close(store);
    assert(open_store(store, disk, &found) && found.lost == 0);
    positions_store_walk(store, add, &after);
    assert(before.entries == after.entries && before.hash == after.hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct disk *disk = sim_new(1);
    struct positions_store store;
    struct positions_found found;
    if (data[0])
        set_pieces(disk, data + 1, size - 1);
    else
        sim_set_file(disk, "data/positions", data + 1, size - 1);
    if (open_store(&store, disk, &found))
        check_store(&store, disk);
    positions_store_close(&store);
    assert(sim_open_files(disk) == 0);
    sim_free(disk);
    return 0;
}
