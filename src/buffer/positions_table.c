/* SPDX-License-Identifier: Apache-2.0 */
/* Memory holds each block as the disk should have it, in the disk's own layout: putting an entry encodes
 * it once, into its slot, and writing a block copies it. An entry costs 256 bytes of memory, twice that on
 * disk, and four bytes in the map. There is no second form to keep in step.
 *
 * The map from keys to slot numbers is an open-addressed array of numbers, 0 (the head's) meaning none;
 * the keys are in the slots. Keys are hashes already, so the map's hash only has to spread them. Free slots
 * are chained by number, so that a removal never needs memory. Slots do not move, and are never given
 * back: what was once needed will be again.
 *
 * Dirty blocks form a list that no block is in twice. A writer takes the whole of it first, then block by
 * block, so that what is changed meanwhile waits for its next turn, and a block that cannot be written
 * does not come round for ever.
 *
 * Rejected: keeping entries as structs and encoding when writing (a tenth less memory, twice the code);
 * a tree (nothing asks for an order). */
#include "buffer/positions_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"

#define MAP_SIZE_MIN 64

#define NOT_LISTED 0u
#define LAST UINT32_MAX

struct group {
    struct positions_block block;
    uint32_t next_free[POSITIONS_BLOCK_SLOTS]; /* of a free slot: the next one, or 0 */
    uint32_t next_dirty; /* NOT_LISTED, LAST, or the number of the next block and one more */
};

struct positions_table {
    struct group **groups;
    uint32_t group_count, group_room;
    uint32_t *map;
    uint32_t map_size;       /* a power of two */
    uint32_t count;          /* entries */
    uint32_t free;           /* the first free slot below `used`, or 0 */
    uint32_t used;           /* slots from here on were never used */
    uint32_t dirty, pending; /* lists: LAST when empty, else a block's number and one more */
    uint64_t generation;     /* of the latest change */
    uint64_t changes;
};

struct positions_table *positions_table_new(void)
{
    struct positions_table *table = calloc(1, sizeof(*table));
    if (!table)
        return NULL;
    table->map = calloc(MAP_SIZE_MIN, sizeof(table->map[0]));
    table->map_size = MAP_SIZE_MIN;
    table->used = POSITIONS_HEAD + 1;
    table->dirty = table->pending = LAST;
    return table->map ? table : positions_table_free(table);
}

struct positions_table *positions_table_free(struct positions_table *table)
{
    if (table) {
        for (uint32_t i = 0; i < table->group_count; i++)
            free(table->groups[i]);
        free(table->groups);
        free(table->map);
        free(table);
    }
    return NULL;
}

size_t positions_table_bytes(const struct positions_table *table)
{
    return table->group_count * sizeof(struct group) +
           table->group_room * sizeof(table->groups[0]) + table->map_size * sizeof(table->map[0]);
}

/* ---- slots ------------------------------------------------------------------------------------------- */

static unsigned char *slot_at(const struct positions_table *table, uint32_t number)
{
    assert(number / POSITIONS_BLOCK_SLOTS < table->group_count);
    return table->groups[number / POSITIONS_BLOCK_SLOTS]
        ->block.slots[number % POSITIONS_BLOCK_SLOTS];
}

static uint32_t *next_free_at(struct positions_table *table, uint32_t number)
{
    return &table->groups[number / POSITIONS_BLOCK_SLOTS]
                ->next_free[number % POSITIONS_BLOCK_SLOTS];
}

/* Makes the memory of slot `number`. 0 or -ENOMEM. */
static int make_slot(struct positions_table *table, uint32_t number)
{
    assert(number < POSITIONS_SLOTS_MAX);
    uint32_t want = number / POSITIONS_BLOCK_SLOTS + 1;
    if (want > table->group_room) {
        uint32_t room = table->group_room ? table->group_room * 2 : POSITIONS_CHUNK_BLOCKS;
        room = room < want ? want : room;
        struct group **groups = realloc(table->groups, room * sizeof(groups[0]));
        if (!groups)
            return -ENOMEM;
        table->groups = groups;
        table->group_room = room;
    }
    for (; table->group_count < want; table->group_count++) {
        struct group *group = calloc(1, sizeof(*group));
        if (!group)
            return -ENOMEM;
        table->groups[table->group_count] = group;
    }
    return 0;
}

static void push_free(struct positions_table *table, uint32_t number)
{
    *next_free_at(table, number) = table->free;
    table->free = number;
}

static void changed(struct positions_table *table, uint32_t number)
{
    table->changes++;
    positions_table_dirty(table, number / POSITIONS_BLOCK_SLOTS);
}

/* A slot to put a new entry in, taken; 0, or a negative errno. */
static int64_t take_slot(struct positions_table *table)
{
    uint32_t number = table->free;
    if (number) {
        table->free = *next_free_at(table, number);
        return number;
    }
    if (table->used == POSITIONS_SLOTS_MAX)
        return -ENOSPC;
    int r = make_slot(table, table->used);
    return r < 0 ? r : (int64_t)table->used++;
}

/* ---- the map ----------------------------------------------------------------------------------------- */

static uint32_t home(const struct positions_table *table, const unsigned char *key)
{
    return (uint32_t)hash64(key, POSITIONS_KEY_BYTES) & (table->map_size - 1);
}

/* Where `key` stands in the map, or the empty place where it would. */
static uint32_t map_place(const struct positions_table *table, const unsigned char *key)
{
    uint32_t i = home(table, key);
    while (table->map[i] &&
           memcmp(positions_slot_key(slot_at(table, table->map[i])), key, POSITIONS_KEY_BYTES) != 0)
        i = (i + 1) & (table->map_size - 1);
    return i;
}

/* Room for `count` keys with a quarter to spare, so that probing stays short. */
static int map_grow(struct positions_table *table, uint32_t count)
{
    uint32_t size = table->map_size;
    while (count > size / 4 * 3)
        size *= 2;
    if (size == table->map_size)
        return 0;
    uint32_t *map = calloc(size, sizeof(map[0]));
    if (!map)
        return -ENOMEM;
    uint32_t *old = table->map, old_size = table->map_size;
    table->map = map;
    table->map_size = size;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i])
            map[map_place(table, positions_slot_key(slot_at(table, old[i])))] = old[i];
    free(old);
    return 0;
}

/* Empties place `i`, and moves up what had to step over it. */
static void map_remove(struct positions_table *table, uint32_t i)
{
    uint32_t mask = table->map_size - 1;
    table->map[i] = 0;
    for (uint32_t j = (i + 1) & mask; table->map[j]; j = (j + 1) & mask) {
        uint32_t want = home(table, positions_slot_key(slot_at(table, table->map[j])));
        if (((j - want) & mask) < ((j - i) & mask))
            continue; /* it stands between its home and here: not over the hole */
        table->map[i] = table->map[j];
        table->map[j] = 0;
        i = j;
    }
}

/* ---- loading ----------------------------------------------------------------------------------------- */

int positions_table_load(struct positions_table *table, uint32_t number, const unsigned char *slot)
{
    int r = make_slot(table, number);
    if (r < 0)
        return r;
    memcpy(slot_at(table, number), slot, POSITIONS_SLOT_BYTES);
    uint64_t generation = positions_slot_generation(slot);
    if (generation > table->generation)
        table->generation = generation;
    if (number >= table->used)
        table->used = number + 1;
    return 0;
}

static void set_free(struct positions_table *table, uint32_t number)
{
    positions_slot_set_free(slot_at(table, number), number, ++table->generation);
    push_free(table, number);
    changed(table, number);
}

static void load_entry(struct positions_table *table, uint32_t number)
{
    unsigned char *slot = slot_at(table, number);
    uint32_t *place = &table->map[map_place(table, positions_slot_key(slot))];
    if (*place == 0) {
        *place = number;
        table->count++;
        return;
    }
    /* An entry was removed and put again, in another slot, and a crash kept the second but not the
     * first: the later one is true. */
    uint32_t older = number;
    if (positions_slot_generation(slot) > positions_slot_generation(slot_at(table, *place))) {
        older = *place;
        *place = number;
    }
    set_free(table, older);
}

int positions_table_loaded(struct positions_table *table)
{
    uint32_t entries = 0;
    for (uint32_t number = 1; number < table->used; number++)
        entries += positions_slot_kind(slot_at(table, number)) == POSITIONS_SLOT_ENTRY;
    int r = map_grow(table, entries);
    if (r < 0)
        return r;
    for (uint32_t number = table->used; number-- > 1;) { /* so that low free slots are used first */
        if (positions_slot_kind(slot_at(table, number)) == POSITIONS_SLOT_ENTRY)
            load_entry(table, number);
        else
            push_free(table, number);
    }
    return 0;
}

/* ---- entries and the head ---------------------------------------------------------------------------- */

const unsigned char *positions_table_find(const struct positions_table *table,
                                          const struct positions_key *key)
{
    struct positions_key_bytes bytes = positions_key_encode(key);
    uint32_t number = table->map[map_place(table, bytes.bytes)];
    return number ? slot_at(table, number) : NULL;
}

int positions_table_put(struct positions_table *table, const struct positions_key *key,
                        const struct weir_stream_state *state)
{
    struct positions_key_bytes bytes = positions_key_encode(key);
    uint32_t place = map_place(table, bytes.bytes), number = table->map[place];
    if (number == 0) {
        int r = map_grow(table, table->count + 1);
        if (r < 0)
            return r;
        int64_t taken = take_slot(table);
        if (taken < 0)
            return (int)taken;
        number = (uint32_t)taken;
        place = map_place(table, bytes.bytes);
        table->count++;
    }
    positions_slot_set_entry(slot_at(table, number), number, ++table->generation, key, state);
    table->map[place] = number;
    changed(table, number);
    return 0;
}

void positions_table_remove(struct positions_table *table, const struct positions_key *key)
{
    struct positions_key_bytes bytes = positions_key_encode(key);
    uint32_t place = map_place(table, bytes.bytes), number = table->map[place];
    if (number == 0)
        return;
    map_remove(table, place);
    table->count--;
    set_free(table, number);
}

const unsigned char *positions_table_next(const struct positions_table *table, uint32_t number,
                                          uint32_t *ret_number)
{
    for (number = number ? number : 1; number < table->used; number++) {
        const unsigned char *slot = slot_at(table, number);
        if (positions_slot_kind(slot) == POSITIONS_SLOT_ENTRY) {
            *ret_number = number;
            return slot;
        }
    }
    return NULL;
}

uint32_t positions_table_count(const struct positions_table *table)
{
    return table->count;
}

bool positions_table_get_head(const struct positions_table *table, struct positions_head *ret)
{
    if (table->group_count == 0 ||
        positions_slot_kind(slot_at(table, POSITIONS_HEAD)) != POSITIONS_SLOT_IS_HEAD)
        return false;
    positions_slot_get_head(slot_at(table, POSITIONS_HEAD), ret);
    return true;
}

int positions_table_set_head(struct positions_table *table, const struct positions_head *head)
{
    int r = make_slot(table, POSITIONS_HEAD);
    if (r < 0)
        return r;
    positions_slot_set_head(slot_at(table, POSITIONS_HEAD), ++table->generation, head);
    changed(table, POSITIONS_HEAD);
    return 0;
}

/* ---- what the disk does not have --------------------------------------------------------------------- */

uint64_t positions_table_changes(const struct positions_table *table)
{
    return table->changes;
}

bool positions_table_is_dirty(const struct positions_table *table)
{
    return table->dirty != LAST;
}

void positions_table_begin(struct positions_table *table)
{
    assert(table->pending == LAST);
    table->pending = table->dirty;
    table->dirty = LAST;
}

int64_t positions_table_take(struct positions_table *table, struct positions_block *ret)
{
    if (table->pending == LAST)
        return -1;
    uint32_t number = table->pending - 1;
    struct group *group = table->groups[number];
    table->pending = group->next_dirty;
    group->next_dirty = NOT_LISTED;
    *ret = group->block;
    return number;
}

void positions_table_dirty(struct positions_table *table, uint32_t block)
{
    if (block >= table->group_count)
        return;
    struct group *group = table->groups[block];
    if (group->next_dirty != NOT_LISTED)
        return; /* dirty, or about to be taken: what is in it now will be written */
    group->next_dirty = table->dirty;
    table->dirty = block + 1;
}

void positions_table_dirty_all(struct positions_table *table)
{
    for (uint32_t block = 0; block < table->group_count; block++)
        positions_table_dirty(table, block);
}
