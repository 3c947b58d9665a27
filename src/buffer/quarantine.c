/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer/quarantine.h"

#include <errno.h>
#include <stdio.h>

#define BLOCK_BYTES 4096
#define NUMBER_MAX 9

static int copy(struct disk *disk, int to, int from, uint64_t offset, uint64_t len)
{
    uint8_t block[BLOCK_BYTES];
    int r = 0;
    for (uint64_t done = 0; r == 0 && done < len; done += sizeof(block)) {
        size_t part = len - done < sizeof(block) ? (size_t)(len - done) : sizeof(block);
        ssize_t n = disk_read(disk, from, block, part, offset + done);
        if (n == 0)
            break;
        if (n > 0)
            r = disk_write(disk, to, block, (size_t)n, done);
    }
    return r;
}

int quarantine_copy(struct disk *disk, int dir, const char *name, int fd, uint64_t from,
                    uint64_t len)
{
    int to_dir = disk_open_dir(disk, dir, QUARANTINE_DIR, true);
    if (to_dir < 0)
        return to_dir;
    int to = disk_open(disk, to_dir, name, DISK_WRITE | DISK_NEW);
    int r = to < 0 ? to : copy(disk, to, fd, from, len);
    if (r == 0)
        r = disk_sync(disk, to);
    if (r == 0)
        r = disk_sync_dir(disk, to_dir);
    if (to >= 0 && r < 0)
        (void)disk_unlink(disk, to_dir, name);
    disk_close(disk, to);
    disk_close(disk, to_dir);
    return r;
}

int quarantine_move(struct disk *disk, int dir, const char *name)
{
    char numbered[64];
    int to_dir = disk_open_dir(disk, dir, QUARANTINE_DIR, true);
    if (to_dir < 0)
        return to_dir;
    int r = disk_move(disk, dir, name, to_dir, name);
    for (int i = 1; r == -EEXIST && i <= NUMBER_MAX; i++) {
        snprintf(numbered, sizeof(numbered), "%.40s.%d", name, i);
        r = disk_move(disk, dir, name, to_dir, numbered);
    }
    /* The new name first: a crash in between leaves both or the old one, never none. */
    if (r == 0)
        r = disk_sync_dir(disk, to_dir);
    if (r == 0)
        r = disk_sync_dir(disk, dir);
    disk_close(disk, to_dir);
    return r;
}

struct sizing {
    struct disk *disk;
    int dir;
    unsigned files;
    uint64_t bytes;
};

static int add_size(void *arg, const char *name)
{
    struct sizing *sizing = arg;
    uint64_t bytes = 0;
    int fd = disk_open(sizing->disk, sizing->dir, name, 0);
    if (fd >= 0 && disk_size(sizing->disk, fd, &bytes) == 0)
        sizing->bytes += bytes;
    disk_close(sizing->disk, fd);
    sizing->files++;
    return 0;
}

int quarantine_size(struct disk *disk, int dir, unsigned *ret_files, uint64_t *ret_bytes)
{
    *ret_files = 0;
    *ret_bytes = 0;
    struct sizing sizing = { .disk = disk, .dir = disk_open_dir(disk, dir, QUARANTINE_DIR, false) };
    if (sizing.dir < 0)
        return sizing.dir == -ENOENT ? 0 : sizing.dir;
    int r = disk_list(disk, sizing.dir, add_size, &sizing);
    disk_close(disk, sizing.dir);
    *ret_files = sizing.files;
    *ret_bytes = sizing.bytes;
    return r;
}

int quarantine_remove(struct disk *disk, int dir, const char *name)
{
    int from_dir = disk_open_dir(disk, dir, QUARANTINE_DIR, false);
    int r = from_dir < 0 ? from_dir : disk_unlink(disk, from_dir, name);
    disk_close(disk, from_dir);
    return r;
}
