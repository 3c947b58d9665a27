/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_DISK_H
#define WEIR_BASE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <weir/str.h>

/* What the agent asks of a disk that must keep something through a crash. Whoever writes such files takes
 * a struct disk and makes no system call of its own, so that a test can stand in a disk that fails at the
 * n-th call, forgets what was not synced and tears what was being written (tests/support/disk_sim.h), and so that
 * the few calls that durability rests on can be read in one place.
 *
 * Files and directories are descriptors: small numbers, never negative. Every call answers 0 (or a
 * descriptor, or a count) or a negative errno. A disk has no thread of its own and takes calls from any.
 *
 * What a crash leaves, and the simulated disk takes literally:
 *   - a write is kept from disk_sync() of its file on; until then any part of it may be kept, in any
 *     order, and what was being overwritten may be damaged;
 *   - a name (a file made, renamed, unlinked) is kept from disk_sync_dir() of its directory on;
 *   - a disk_sync() that failed has thrown away what it did not write: a second one that succeeds says
 *     nothing about it, so everything since the last good one must be written again. */
struct disk {
    const struct disk_calls *calls;
};

#define DISK_CWD (-100) /* as a directory: paths are looked up as the process does */

enum disk_open_flags {
    DISK_WRITE = 1, /* for reading and writing; else for reading */
    DISK_NEW = 2,   /* make it; -EEXIST when the name is there */
};

/* Takes one name of a directory. A negative answer ends the listing. */
typedef int disk_list_f(void *arg, const char *name);

struct disk_calls {
    int (*open_dir)(struct disk *disk, int dir, const char *name, bool make);
    int (*lock_dir)(struct disk *disk, int dir, int64_t *ret_pid);
    int (*open)(struct disk *disk, int dir, const char *name, unsigned flags);
    void (*close)(struct disk *disk, int fd);
    int (*size)(struct disk *disk, int fd, uint64_t *ret);
    ssize_t (*read)(struct disk *disk, int fd, void *data, size_t len, uint64_t offset);
    ssize_t (*write)(struct disk *disk, int fd, const void *data, size_t len, uint64_t offset);
    int (*reserve)(struct disk *disk, int fd, uint64_t offset, uint64_t len);
    int (*sync)(struct disk *disk, int fd);
    int (*sync_dir)(struct disk *disk, int dir);
    int (*uncache)(struct disk *disk, int fd);
    int (*rename)(struct disk *disk, int dir, const char *from, const char *to);
    int (*move)(struct disk *disk, int from_dir, const char *name, int to_dir, const char *to);
    int (*unlink)(struct disk *disk, int dir, const char *name);
    int (*truncate)(struct disk *disk, int fd, uint64_t size);
    int (*list)(struct disk *disk, int dir, disk_list_f *each, void *arg);
    int (*is_safe)(struct disk *disk, int dir);
    int (*is_volatile)(struct disk *disk, int dir);
};

/* The host's. A constant. */
struct disk *disk_real(void);

/* The directory `name` in `dir`; with `make`, made when missing (mode 0700), and then kept through a crash.
 * Its last component may be a symbolic link only when `dir` is DISK_CWD: the operator's choice. */
static inline int disk_open_dir(struct disk *disk, int dir, const char *name, bool make)
{
    return disk->calls->open_dir(disk, dir, name, make);
}

/* Locks a directory against other processes that ask for the lock, until it is closed. -EWOULDBLOCK when
 * another one has it, with *ret_pid its process id, or 0 where that cannot be known. */
static inline int disk_lock_dir(struct disk *disk, int dir, int64_t *ret_pid)
{
    return disk->calls->lock_dir(disk, dir, ret_pid);
}

/* The regular file `name` (no path) of `dir`; a new one has mode 0600. Nothing else is opened, and nothing
 * is followed: -ELOOP for a symbolic link, -EISDIR for a directory, -ENODEV for any other thing. */
static inline int disk_open(struct disk *disk, int dir, const char *name, unsigned flags)
{
    return disk->calls->open(disk, dir, name, flags);
}

/* Returns -1, so that `self->fd = disk_close(disk, self->fd)`. A negative fd is fine. */
static inline int disk_close(struct disk *disk, int fd)
{
    if (fd >= 0)
        disk->calls->close(disk, fd);
    return -1;
}

static inline int disk_size(struct disk *disk, int fd, uint64_t *ret)
{
    return disk->calls->size(disk, fd, ret);
}

/* Reads until `len` bytes or the end of the file: how many there were. */
ssize_t disk_read(struct disk *disk, int fd, void *data, size_t len, uint64_t offset);

/* Writes all of it, or says why not: then any part may have been written. */
int disk_write(struct disk *disk, int fd, const void *data, size_t len, uint64_t offset);

/* Makes the file longer, from `offset`, its size, on, by `len` zero bytes with room on the disk for them,
 * so that writing there later does not run out of space. On failure the file may be longer all the same. */
static inline int disk_reserve(struct disk *disk, int fd, uint64_t offset, uint64_t len)
{
    return disk->calls->reserve(disk, fd, offset, len);
}

/* What was written to the file so far is kept, with its size. See above for a failure. */
static inline int disk_sync(struct disk *disk, int fd)
{
    return disk->calls->sync(disk, fd);
}

/* The names in the directory are kept as they are now. */
static inline int disk_sync_dir(struct disk *disk, int dir)
{
    return disk->calls->sync_dir(disk, dir);
}

/* Has the file read from the disk from now on, where the system can, not from memory. What memory has may
 * never have reached the disk: after a failed sync pages pass for written. Call disk_sync() first. */
static inline int disk_uncache(struct disk *disk, int fd)
{
    return disk->calls->uncache(disk, fd);
}

/* Replaces `to` when it is there, with no moment at which it is not. */
static inline int disk_rename(struct disk *disk, int dir, const char *from, const char *to)
{
    return disk->calls->rename(disk, dir, from, to);
}

/* Gives `name` another name in another directory of the same file system, whatever it is; -EEXIST when that name
 * is taken there. Both directories are still to be synced. */
static inline int disk_move(struct disk *disk, int from_dir, const char *name, int to_dir,
                            const char *to)
{
    return disk->calls->move(disk, from_dir, name, to_dir, to);
}

static inline int disk_unlink(struct disk *disk, int dir, const char *name)
{
    return disk->calls->unlink(disk, dir, name);
}

/* Makes the file shorter; kept from the next disk_sync() on, as a write is. */
static inline int disk_truncate(struct disk *disk, int fd, uint64_t size)
{
    return disk->calls->truncate(disk, fd, size);
}

/* Every name in the directory but "." and "..", in no order. 0, what `each` answered, or a negative errno. */
static inline int disk_list(struct disk *disk, int dir, disk_list_f *each, void *arg)
{
    return disk->calls->list(disk, dir, each, arg);
}

/* 0 when the directory belongs to this process's user or to root, and not everyone may write to it; else
 * -EPERM, or why that cannot be told. */
static inline int disk_is_safe(struct disk *disk, int dir)
{
    return disk->calls->is_safe(disk, dir);
}

/* 1 when it is a file system of which nothing, or nothing for sure, is left after a crash of the host: in memory
 * (tmpfs, ramfs), a container's own layer (overlay), or over a network (NFS, SMB, 9P, Ceph, FUSE). Else 0. */
static inline int disk_is_volatile(struct disk *disk, int dir)
{
    return disk->calls->is_volatile(disk, dir);
}

#endif
