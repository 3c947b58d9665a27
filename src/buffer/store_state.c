/* SPDX-License-Identifier: Apache-2.0 */
/* The state is a file of 64 KiB with two slots, in which one is written while the other holds what was kept last:
 *
 *     | slot A, 32 KiB | slot B, 32 KiB |
 *
 *     slot   0  8  magic "WEIRSTAT"
 *            8  4  crc32c of the slot from byte 12 on
 *           12  4  bytes of the slot
 *           16  2  version 1
 *           18  2  readers
 *           20  4  zero
 *           24  8  generation: counts up; the intact slot with the higher one is true
 *           32 16  id of the store
 *           48  8  no record has a number from here on
 *           56  8  all records below were safe
 *           64  8  no segment has an id from here on
 *           72     for each reader: u64 cursor | u16 bytes of its name | name
 *
 * A slot is written, and synced, and only then is the other one's turn; a write or a sync that fails leaves the turn
 * where it is. So one slot is always whole. It is written in place and needs no room on the disk, so a full disk
 * can be acked off, and emptied. What it says may be late: a cursor that is too low costs repeats. Numbers are
 * reserved a million ahead, so that none is given twice though the state is not written for each batch. */
#include "buffer/store_state.h"

#include <assert.h>
#include <errno.h>

#include "base/crc32c.h"
#include "base/little_endian.h"

#define NAME STORE_STATE_NAME
#define VERSION 1
#define SLOT_BYTES (STORE_STATE_BYTES / 2)
#define FIXED_BYTES 72
#define READ_TRIES 3
#define NUMBER_MAX (UINT64_MAX / 4)

static_assert(FIXED_BYTES + STORE_STATE_READERS_MAX * (8 + 2 + STORE_NAME_MAX) <= 32 << 10,
              "a slot has room for all readers");

static const char magic[8] = { 'W', 'E', 'I', 'R', 'S', 'T', 'A', 'T' };

struct slot {
    uint8_t bytes[SLOT_BYTES];
};

static bool parse_readers(const uint8_t *in, uint32_t bytes, struct store_state *ret)
{
    uint32_t at = FIXED_BYTES;
    for (unsigned i = 0; i < ret->reader_count; i++) {
        if (bytes - at < 10 || get16(in + at + 8) > STORE_NAME_MAX ||
            bytes - at - 10 < get16(in + at + 8))
            return false;
        struct store_state_reader *reader = &ret->readers[i];
        uint16_t len = get16(in + at + 8);
        reader->cursor = get64(in + at);
        if (reader->cursor > NUMBER_MAX)
            return false;
        memcpy(reader->name, in + at + 10, len);
        reader->name[len] = '\0';
        at += 10u + len;
    }
    return true;
}

/* Fills *ret and *ret_generation of a slot that is intact and ours. */
static bool parse(const uint8_t *in, size_t len, struct store_state *ret, uint64_t *ret_generation)
{
    if (len < FIXED_BYTES || memcmp(in, magic, sizeof(magic)) != 0)
        return false;
    uint32_t bytes = get32(in + 12);
    if (bytes < FIXED_BYTES || bytes > len || get32(in + 8) != crc32c(0, in + 12, bytes - 12) ||
        get16(in + 16) != VERSION || get16(in + 18) > STORE_STATE_READERS_MAX)
        return false;
    ret->reader_count = get16(in + 18);
    memcpy(ret->store, in + 32, sizeof(ret->store));
    ret->reserved = get64(in + 48);
    ret->durable = get64(in + 56);
    ret->next_segment = get64(in + 64);
    *ret_generation = get64(in + 24);
    return ret->reserved <= NUMBER_MAX && ret->durable <= NUMBER_MAX &&
           ret->next_segment <= NUMBER_MAX && *ret_generation <= NUMBER_MAX &&
           parse_readers(in, bytes, ret);
}

static uint32_t print(const struct store_state *state, uint64_t generation, struct slot *out)
{
    uint8_t *at = out->bytes + FIXED_BYTES;
    memset(out, 0, sizeof(*out));
    memcpy(out->bytes, magic, sizeof(magic));
    put16(out->bytes + 16, VERSION);
    put16(out->bytes + 18, (uint16_t)state->reader_count);
    put64(out->bytes + 24, generation);
    memcpy(out->bytes + 32, state->store, sizeof(state->store));
    put64(out->bytes + 48, state->reserved);
    put64(out->bytes + 56, state->durable);
    put64(out->bytes + 64, state->next_segment);
    for (unsigned i = 0; i < state->reader_count; i++) {
        size_t len = strlen(state->readers[i].name);
        put64(at, state->readers[i].cursor);
        put16(at + 8, (uint16_t)len);
        memcpy(at + 10, state->readers[i].name, len);
        at += 10 + len;
    }
    uint32_t bytes = (uint32_t)(at - out->bytes);
    put32(out->bytes + 12, bytes);
    put32(out->bytes + 8, crc32c(0, out->bytes + 12, bytes - 12));
    return bytes;
}

/* A slot that the disk will not give counts as damaged; but the other one is older, so ask more than once. */
static ssize_t read_slot(const struct store_state_file *file, unsigned side, struct slot *ret)
{
    ssize_t n = -EIO;
    for (int i = 0; n < 0 && i < READ_TRIES; i++)
        n = disk_read(file->disk, file->fd, ret->bytes, sizeof(ret->bytes), side * SLOT_BYTES);
    return n;
}

/* The better of both slots. Neither: which side is written first does not matter. */
static int load(struct store_state_file *file, struct store_state *ret)
{
    struct slot slot;
    int found = STORE_STATE_DAMAGED;
    for (unsigned side = 0; side < 2; side++) {
        struct store_state state = { 0 };
        uint64_t generation;
        ssize_t n = read_slot(file, side, &slot);
        if (n <= 0 || !parse(slot.bytes, (size_t)n, &state, &generation))
            continue;
        if (found == STORE_STATE_GOOD && generation < file->generation)
            continue;
        found = STORE_STATE_GOOD;
        file->generation = generation;
        file->side = !side;
        *ret = state;
    }
    return found;
}

int store_state_open(struct store_state_file *file, struct disk *disk, int dir, bool read_only,
                     struct store_state *ret)
{
    *file = (struct store_state_file){ .disk = disk, .fd = -1 };
    int fd = disk_open(disk, dir, NAME, read_only ? 0 : DISK_WRITE);
    if (fd == -EROFS || fd == -EACCES)
        fd = disk_open(disk, dir, NAME, 0);
    if (fd == -ENOENT)
        return STORE_STATE_NONE;
    if (fd < 0)
        return fd;
    file->fd = fd;
    if (!read_only) {
        /* What a killed process left in memory may never have reached the disk: see positions_file.c. */
        (void)disk_sync(disk, fd);
        (void)disk_uncache(disk, fd);
    }
    return load(file, ret);
}

void store_state_close(struct store_state_file *file)
{
    file->fd = disk_close(file->disk, file->fd);
}

/* A new file, with room for both slots, and a name that stays. */
static int make(struct store_state_file *file, int dir)
{
    int fd = disk_open(file->disk, dir, NAME, DISK_WRITE | DISK_NEW);
    if (fd == -EEXIST) /* left by an attempt that could not remove it */
        fd = disk_open(file->disk, dir, NAME, DISK_WRITE);
    if (fd < 0)
        return fd;
    int r = disk_reserve(file->disk, fd, 0, 2 * SLOT_BYTES);
    if (r == 0)
        r = disk_sync(file->disk, fd);
    if (r == 0)
        r = disk_sync_dir(file->disk, dir);
    if (r < 0) {
        (void)disk_unlink(file->disk, dir, NAME);
        disk_close(file->disk, fd);
        return r;
    }
    file->fd = fd;
    return 0;
}

int store_state_write(struct store_state_file *file, int dir, const struct store_state *state)
{
    struct slot slot;
    int r = file->fd < 0 ? make(file, dir) : 0;
    if (r < 0)
        return r;
    uint32_t bytes = print(state, file->generation + 1, &slot);
    r = disk_write(file->disk, file->fd, slot.bytes, bytes, file->side * SLOT_BYTES);
    if (r == 0)
        r = disk_sync(file->disk, file->fd);
    if (r < 0)
        return r;
    file->generation++;
    file->side = !file->side;
    return 0;
}
