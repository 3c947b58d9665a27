/* SPDX-License-Identifier: Apache-2.0 */
/* Writing in place, so that a crash at any moment leaves each slot as it was at the last good sync, or later.
 *
 * A block's two sides are written by turns, and the turn passes only with a good sync:
 *
 *               side A              side B
 *     sync      being written       holds all that was synced        rewritten as often as needed
 *     ------    synced              older                            the turn passes
 *               holds all ...       being written
 *     sync ...
 *
 * So the side that is being written may be torn, mixed of old and new sectors, or garbage: the other one is
 * whole, and no older than the last good sync. On reading, each slot is taken from the side where it is intact
 * and has the higher generation. A whole block is written even for one changed slot: disks and page caches
 * write no less, and only so does the new side hold everything that its older copy is about to lose.
 *
 * When a write fails, any part of it may have been done; the block keeps its side until it is written whole
 * and synced. When a sync fails, the system has thrown away what it could not write and calls it written:
 * every block since the last good sync is written again, to the same side, before another sync counts.
 *
 * On opening, the file is synced and then read past the cache, since a process that was killed may have left
 * in memory what never reached the disk, and after a failed sync never would. A block of which neither side has everything (a torn write's leaving)
 * is completed on its newer side first.
 *
 * A file is made, and a damaged one replaced, under the name positions.new, which becomes positions once it is
 * complete and synced: whoever finds a file positions finds a head in it, and one without is damaged, not
 * new. A step that fails there starts over.
 *
 * Rejected: a journal or a database (each change written twice, a compaction some day); writing the whole file
 * beside and renaming it (cost by what is kept, not by what changed); alternating by slot (the two sides of a
 * block are then both unsynced at times, and one torn page can take a neighbour's newest copy along). */
#include "buffer/positions_file.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "buffer/quarantine.h"

#define NAME "positions"
#define NAME_NEW "positions.new"
#define QUARANTINE_MAX 9

enum block_flags {
    BLOCK_SIDE_B = 1,   /* the side last written */
    BLOCK_UNSYNCED = 2, /* it is not kept yet: the other side must stay */
    BLOCK_FAILED = 4, /* what was last written there is not to be trusted even after a good sync */
};

void positions_file_init(struct positions_file *file, struct disk *disk, int dir)
{
    *file = (struct positions_file){ .disk = disk, .dir = dir, .fd = -1, .damaged_fd = -1 };
}

void positions_file_close(struct positions_file *file)
{
    file->fd = disk_close(file->disk, file->fd);
    file->damaged_fd = disk_close(file->disk, file->damaged_fd);
    free(file->blocks);
    free(file->unsynced);
    file->blocks = NULL;
    file->unsynced = NULL;
    file->room = file->unsynced_count = 0;
}

/* Makes the flags of block `number`. 0 or -ENOMEM. */
static int make_flags(struct positions_file *file, uint32_t number)
{
    if (number < file->room)
        return 0;
    uint32_t room = file->room ? file->room * 2 : 64;
    room = room <= number ? number + 1 : room;
    uint32_t *unsynced = realloc(file->unsynced, room * sizeof(unsynced[0]));
    if (!unsynced)
        return -ENOMEM;
    file->unsynced = unsynced;
    uint8_t *blocks = realloc(file->blocks, room);
    if (!blocks)
        return -ENOMEM;
    /* The first turn of a block is A's. */
    memset(blocks + file->room, BLOCK_SIDE_B, room - file->room);
    file->blocks = blocks;
    file->room = room;
    return 0;
}

static void set_unsynced(struct positions_file *file, uint32_t number, uint8_t more)
{
    if (!(file->blocks[number] & BLOCK_UNSYNCED))
        file->unsynced[file->unsynced_count++] = number;
    file->blocks[number] |= BLOCK_UNSYNCED | more;
}

/* ---- opening ----------------------------------------------------------------------------------------- */

struct loading {
    struct positions_file *file;
    struct positions_table *table;
    struct positions_found *found;
};

/* The better copy of slot `number`; NULL when both are damaged. Clears whole[s] when side s lacks it. */
static const unsigned char *choose(const unsigned char *const copies[2], uint32_t number,
                                   bool whole[2], struct positions_found *found)
{
    enum positions_slot_kind kinds[2];
    uint64_t generations[2] = { 0, 0 };
    bool intact[2];
    for (int s = 0; s < 2; s++) {
        kinds[s] = positions_slot_check(copies[s], number);
        intact[s] = kinds[s] != POSITIONS_SLOT_DAMAGED && kinds[s] != POSITIONS_SLOT_FUTURE;
        if (intact[s] || (kinds[s] == POSITIONS_SLOT_FUTURE && number == POSITIONS_HEAD))
            generations[s] = positions_slot_generation(copies[s]);
    }
    int best = generations[1] > generations[0] || (!intact[0] && intact[1]);
    if (kinds[best] == POSITIONS_SLOT_FUTURE && number == POSITIONS_HEAD)
        found->version = positions_slot_version(copies[best]);
    for (int s = 0; s < 2; s++)
        whole[s] &= intact[s] && generations[s] == generations[best];
    if (!intact[best] || (number == POSITIONS_HEAD && kinds[best] == POSITIONS_SLOT_NEVER)) {
        found->lost++;
        found->head_lost |= number == POSITIONS_HEAD;
        return NULL;
    }
    found->torn += !intact[!best];
    return copies[best];
}

static uint64_t block_generation(const struct positions_block *block, uint32_t first)
{
    uint64_t newest = 0;
    for (uint32_t i = 0; i < POSITIONS_BLOCK_SLOTS; i++) {
        enum positions_slot_kind kind = positions_slot_check(block->slots[i], first + i);
        uint64_t generation = positions_slot_generation(block->slots[i]);
        if (kind != POSITIONS_SLOT_DAMAGED && kind != POSITIONS_SLOT_FUTURE && generation > newest)
            newest = generation;
    }
    return newest;
}

/* Loads what both sides of block `number` have. */
static int load_block(struct loading *loading, uint32_t number, const struct positions_block *a,
                      const struct positions_block *b)
{
    static const struct positions_block never;
    uint32_t first = number * POSITIONS_BLOCK_SLOTS;
    bool whole[2] = { true, true };
    if (number > 0 && memcmp(a, &never, sizeof(never)) == 0 &&
        memcmp(b, &never, sizeof(never)) == 0)
        return 0;
    int r = make_flags(loading->file, number);
    for (uint32_t i = 0; r == 0 && i < POSITIONS_BLOCK_SLOTS; i++) {
        const unsigned char *const copies[2] = { a->slots[i], b->slots[i] };
        const unsigned char *slot = choose(copies, first + i, whole, loading->found);
        if (slot)
            r = positions_table_load(loading->table, first + i, slot);
    }
    if (r < 0 || loading->found->version)
        return r;
    bool newer_b = block_generation(b, first) > block_generation(a, first);
    loading->file->blocks[number] = !whole[0] && (whole[1] || newer_b) ? BLOCK_SIDE_B : 0;
    if (!whole[0] && !whole[1]) {
        set_unsynced(loading->file, number, BLOCK_FAILED);
        positions_table_dirty(loading->table, number);
    }
    return 0;
}

/* Reads block by block what could not be read as a whole. A block that cannot be read is damaged; both sides
 * of one: better no start than one that has forgotten them. */
static int read_blocks(struct loading *loading, struct positions_block *chunk, uint64_t offset)
{
    bool bad[2 * POSITIONS_CHUNK_BLOCKS];
    for (uint32_t i = 0; i < 2 * POSITIONS_CHUNK_BLOCKS; i++) {
        memset(&chunk[i], 0, sizeof(chunk[i]));
        ssize_t n = disk_read(loading->file->disk, loading->file->fd, &chunk[i], sizeof(chunk[i]),
                              offset + i * sizeof(chunk[i]));
        bad[i] = n < 0;
        if (bad[i])
            memset(&chunk[i], 0xff, sizeof(chunk[i]));
        if (bad[i] && i >= POSITIONS_CHUNK_BLOCKS && bad[i - POSITIONS_CHUNK_BLOCKS])
            return (int)n;
    }
    return 0;
}

static int load_chunks(struct loading *loading, struct positions_block *chunk)
{
    const struct positions_file *file = loading->file;
    uint64_t end = file->size < POSITIONS_FILE_BYTES_MAX ? file->size : POSITIONS_FILE_BYTES_MAX;
    uint32_t number = 0;
    uint64_t offset = 0;
    do { /* once even for an empty file: its head is missing */
        memset(chunk, 0, POSITIONS_CHUNK_BYTES);
        ssize_t n = disk_read(file->disk, file->fd, chunk, POSITIONS_CHUNK_BYTES, offset);
        int r = n < 0 ? read_blocks(loading, chunk, offset) : 0;
        for (uint32_t i = 0; r == 0 && i < POSITIONS_CHUNK_BLOCKS; i++) {
            r = load_block(loading, number++, &chunk[i], &chunk[i + POSITIONS_CHUNK_BLOCKS]);
        }
        if (r < 0 || loading->found->version)
            return r;
        offset += POSITIONS_CHUNK_BYTES;
    } while (offset < end);
    return 0;
}

static int load(struct positions_file *file, struct positions_table *table, bool read_only,
                struct positions_found *found)
{
    struct loading loading = { .file = file, .table = table, .found = found };
    int r = disk_size(file->disk, file->fd, &file->size);
    if (r < 0)
        return r;
    if (!read_only) {
        /* If this fails, what a killed process had left in memory is gone; what is read now is what the disk
         * has, and that is enough to go on from. */
        (void)disk_sync(file->disk, file->fd);
        (void)disk_uncache(file->disk, file->fd);
    }
    struct positions_block *chunk = malloc(POSITIONS_CHUNK_BYTES);
    r = chunk ? load_chunks(&loading, chunk) : -ENOMEM;
    free(chunk);
    return r;
}

int positions_file_open(struct positions_file *file, struct positions_table *table, bool read_only,
                        struct positions_found *ret)
{
    *ret = (struct positions_found){ .file = true };
    bool writable = !read_only;
    int fd = disk_open(file->disk, file->dir, NAME, writable ? DISK_WRITE : 0);
    if (fd == -EROFS) {
        writable = false;
        fd = disk_open(file->disk, file->dir, NAME, 0);
    }
    if (fd == -ENOENT) {
        ret->file = false;
        return 0;
    }
    if (fd < 0)
        return fd;
    file->fd = fd;
    int r = load(file, table, read_only, ret);
    if (r < 0 || ret->version)
        return r;
    /* Its name may be as new: a process was killed between giving and syncing it. */
    writable = writable && disk_sync_dir(file->disk, file->dir) == 0;
    if (writable && !ret->lost)
        return 0;
    file->fd = -1;
    if (ret->lost && !read_only)
        file->damaged_fd = fd;
    else
        disk_close(file->disk, fd);
    return 0;
}

/* ---- making a file ----------------------------------------------------------------------------------- */

/* Copies the damaged file to the quarantine, for a person to look at: at most so much as a store can hold. When
 * all names are taken the last one's file is replaced. */
static int quarantine(struct positions_file *file)
{
    char name[32];
    int r = -EEXIST;
    for (int i = 1; r == -EEXIST && i <= QUARANTINE_MAX + 1; i++) {
        file->quarantined = i <= QUARANTINE_MAX ? i : QUARANTINE_MAX;
        snprintf(name, sizeof(name), NAME ".%d", file->quarantined);
        if (i > QUARANTINE_MAX)
            (void)quarantine_remove(file->disk, file->dir, name);
        r = quarantine_copy(file->disk, file->dir, name, file->damaged_fd, 0,
                            POSITIONS_FILE_BYTES_MAX);
    }
    if (r < 0)
        file->quarantined = 0;
    else
        file->damaged_fd = disk_close(file->disk, file->damaged_fd);
    return r;
}

int positions_file_ready(struct positions_file *file)
{
    if (file->fd >= 0)
        return 0;
    int r = file->damaged_fd >= 0 ? quarantine(file) : 0;
    if (r == 0)
        r = disk_unlink(file->disk, file->dir, NAME_NEW);
    if (r < 0 && r != -ENOENT)
        return r;
    int fd = disk_open(file->disk, file->dir, NAME_NEW, DISK_WRITE | DISK_NEW);
    if (fd < 0)
        return fd;
    file->fd = fd;
    file->is_new = true;
    file->size = 0;
    file->unsynced_count = 0;
    if (file->room)
        memset(file->blocks, BLOCK_SIDE_B, file->room);
    return POSITIONS_FILE_NEW;
}

/* The new file is no good: the next one starts over, and what it took of the disk is given back. */
static void abandon(struct positions_file *file)
{
    file->fd = disk_close(file->disk, file->fd);
    (void)disk_unlink(file->disk, file->dir, NAME_NEW);
}

/* positions.new is complete and synced: it takes its place. */
static int publish(struct positions_file *file)
{
    int r = disk_rename(file->disk, file->dir, NAME_NEW, NAME);
    if (r == 0)
        r = disk_sync_dir(file->disk, file->dir);
    file->is_new = r < 0;
    return r;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

/* The file has room for block `number`, on both sides. */
static int reserve(struct positions_file *file, uint32_t number)
{
    uint64_t want = (uint64_t)(number / POSITIONS_CHUNK_BLOCKS + 1) * POSITIONS_CHUNK_BYTES;
    if (want <= file->size)
        return 0;
    int r = disk_reserve(file->disk, file->fd, file->size, want - file->size);
    if (r == 0)
        file->size = want;
    return r;
}

static int write_block(struct positions_file *file, uint32_t number, struct positions_block *block)
{
    int r = make_flags(file, number);
    if (r == 0)
        r = reserve(file, number);
    if (r < 0)
        return r; /* neither side was touched */
    for (uint32_t i = 0; i < POSITIONS_BLOCK_SLOTS; i++)
        positions_slot_seal(block->slots[i]);
    if (!(file->blocks[number] & BLOCK_UNSYNCED))
        file->blocks[number] ^= BLOCK_SIDE_B; /* its turn */
    set_unsynced(file, number, BLOCK_FAILED);
    r = disk_write(file->disk, file->fd, block, sizeof(*block),
                   positions_block_offset(number, file->blocks[number] & BLOCK_SIDE_B));
    if (r == 0)
        file->blocks[number] &= (uint8_t)~BLOCK_FAILED;
    return r;
}

int positions_file_write(struct positions_file *file, uint32_t number,
                         struct positions_block *block)
{
    if (file->fd < 0)
        return -EBADF; /* a new file was abandoned at an earlier block */
    int r = write_block(file, number, block);
    if (r < 0 && file->is_new)
        abandon(file);
    return r;
}

bool positions_file_is_unsynced(const struct positions_file *file)
{
    return file->unsynced_count > 0 || file->is_new;
}

/* What was written whole is kept now, and the other side's turn. */
static void pass_turns(struct positions_file *file)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < file->unsynced_count; i++) {
        uint32_t number = file->unsynced[i];
        if (file->blocks[number] & BLOCK_FAILED)
            file->unsynced[kept++] = number;
        else
            file->blocks[number] &= (uint8_t)~BLOCK_UNSYNCED;
    }
    file->unsynced_count = kept;
}

int positions_file_sync(struct positions_file *file)
{
    assert(file->fd >= 0);
    int r = disk_sync(file->disk, file->fd);
    if (r == 0 && file->is_new)
        r = publish(file);
    if (r == 0) {
        pass_turns(file);
        return 0;
    }
    for (uint32_t i = 0; i < file->unsynced_count; i++)
        file->blocks[file->unsynced[i]] |= BLOCK_FAILED;
    if (file->is_new)
        abandon(file);
    return r;
}
