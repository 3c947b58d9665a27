/* SPDX-License-Identifier: Apache-2.0 */
/* The host's disk. One system call a function, but where a name has to be made safe first.
 *
 * The lock is flock(2) on the directory itself: it needs no file that would have to be made on a full or
 * read-only disk, cannot be left behind by a process that died, and is the same lock however the
 * directory is reached. Who holds it stands in /proc/locks, so that no file with a process id is needed,
 * which could be stale. */
#include "base/disk.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static_assert(DISK_CWD == AT_FDCWD, "directories are descriptors");

static int negative_errno(int r)
{
    return r < 0 ? -errno : r;
}

/* The directory that `name` stands in, to sync the new name there. */
static int sync_parent(int dir, const char *name)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s", name) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    int fd = openat(dir, dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = negative_errno(fsync(fd));
    close(fd);
    return r;
}

static int real_open_dir(struct disk *disk, int dir, const char *name, bool make)
{
    (void)disk;
    if (make) {
        int r = negative_errno(mkdirat(dir, name, 0700));
        if (r == 0)
            r = sync_parent(dir, name);
        else if (r == -EEXIST)
            r = 0;
        else if (r == -EROFS || r == -EACCES || r == -EPERM)
            r = faccessat(dir, name, F_OK, 0) == 0 ? 0 : r; /* it is there, and that is enough */
        if (r < 0)
            return r;
    }
    int nofollow = dir == DISK_CWD ? 0 : O_NOFOLLOW;
    return negative_errno(openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | nofollow));
}

/* The process that holds the flock on the file of `st`, or 0. A line of /proc/locks reads
 * "3: FLOCK  ADVISORY  WRITE 4711 fe:01:131 0 EOF". */
static int64_t lock_holder(const struct stat *st)
{
    FILE *locks = fopen("/proc/locks", "re");
    char line[256];
    int64_t holder = 0;
    while (locks && !holder && fgets(line, sizeof(line), locks)) {
        int64_t pid;
        unsigned int dev_major, dev_minor;
        uint64_t inode;
        if (sscanf(line, "%*d: FLOCK %*s %*s %" SCNd64 " %x:%x:%" SCNu64, &pid, &dev_major,
                   &dev_minor, &inode) == 4 &&
            inode == st->st_ino && dev_major == major(st->st_dev) &&
            dev_minor == minor(st->st_dev) && pid > 0)
            holder = pid;
    }
    if (locks)
        fclose(locks);
    return holder;
}

static int real_lock_dir(struct disk *disk, int dir, int64_t *ret_pid)
{
    (void)disk;
    int r = negative_errno(flock(dir, LOCK_EX | LOCK_NB));
    struct stat st;
    if (r == -EWOULDBLOCK)
        *ret_pid = fstat(dir, &st) == 0 ? lock_holder(&st) : 0;
    return r;
}

static int real_open(struct disk *disk, int dir, const char *name, unsigned flags)
{
    (void)disk;
    /* O_NONBLOCK: opening a FIFO that someone put there must not wait for its other end. */
    int how = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how |= flags & DISK_WRITE ? O_RDWR : O_RDONLY;
    how |= flags & DISK_NEW ? O_CREAT | O_EXCL : 0;
    int fd = openat(dir, name, how, 0600);
    if (fd < 0)
        return errno == ENXIO ? -ENODEV : -errno; /* a socket, or a device without a driver */
    struct stat st;
    int r = negative_errno(fstat(fd, &st));
    if (r == 0 && !S_ISREG(st.st_mode))
        r = S_ISDIR(st.st_mode) ? -EISDIR : -ENODEV;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

static void real_close(struct disk *disk, int fd)
{
    (void)disk;
    close(fd);
}

static int real_size(struct disk *disk, int fd, uint64_t *ret)
{
    (void)disk;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    *ret = (uint64_t)st.st_size;
    return 0;
}

static ssize_t real_read(struct disk *disk, int fd, void *data, size_t len, uint64_t offset)
{
    (void)disk;
    ssize_t n = pread(fd, data, len, (off_t)offset);
    return n < 0 ? -errno : n;
}

static ssize_t real_write(struct disk *disk, int fd, const void *data, size_t len, uint64_t offset)
{
    (void)disk;
    ssize_t n = pwrite(fd, data, len, (off_t)offset);
    return n < 0 ? -errno : n;
}

/* File systems without fallocate(2) reserve by being written to. */
static int write_zeros(struct disk *disk, int fd, uint64_t offset, uint64_t len)
{
    static const char zeros[65536];
    int r = 0;
    for (uint64_t done = 0; r == 0 && done < len; done += sizeof(zeros)) {
        uint64_t part = len - done < sizeof(zeros) ? len - done : sizeof(zeros);
        r = disk_write(disk, fd, zeros, (size_t)part, offset + done);
    }
    return r;
}

static int real_reserve(struct disk *disk, int fd, uint64_t offset, uint64_t len)
{
    int r;
    do
        r = negative_errno(fallocate(fd, 0, (off_t)offset, (off_t)len));
    while (r == -EINTR);
    return r == -EOPNOTSUPP || r == -ENOSYS ? write_zeros(disk, fd, offset, len) : r;
}

static int real_sync(struct disk *disk, int fd)
{
    (void)disk;
    return negative_errno(fdatasync(fd));
}

static int real_sync_dir(struct disk *disk, int dir)
{
    (void)disk;
    return negative_errno(fsync(dir));
}

static int real_uncache(struct disk *disk, int fd)
{
    (void)disk;
    return -posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int real_rename(struct disk *disk, int dir, const char *from, const char *to)
{
    (void)disk;
    return negative_errno(renameat(dir, from, dir, to));
}

static int real_unlink(struct disk *disk, int dir, const char *name)
{
    (void)disk;
    return negative_errno(unlinkat(dir, name, 0));
}

static int real_move(struct disk *disk, int from_dir, const char *name, int to_dir, const char *to)
{
    (void)disk;
    int r = negative_errno(renameat2(from_dir, name, to_dir, to, RENAME_NOREPLACE));
    if (r != -EINVAL && r != -ENOSYS)
        return r;
    /* A file system that cannot refuse. Nobody else makes names there, so asking first will do. */
    if (faccessat(to_dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    return negative_errno(renameat(from_dir, name, to_dir, to));
}

static int real_truncate(struct disk *disk, int fd, uint64_t size)
{
    (void)disk;
    return negative_errno(ftruncate(fd, (off_t)size));
}

static int real_list(struct disk *disk, int dir, disk_list_f *each, void *arg)
{
    (void)disk;
    int fd =
        openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* its own place in the listing */
    if (fd < 0)
        return -errno;
    DIR *stream = fdopendir(fd);
    if (!stream) {
        int r = -errno;
        close(fd);
        return r;
    }
    const struct dirent *entry;
    int r = 0;
    while (r == 0 && (errno = 0, entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = each(arg, entry->d_name);
    }
    if (r == 0)
        r = -errno;
    closedir(stream);
    return r;
}

static int real_is_safe(struct disk *disk, int dir)
{
    (void)disk;
    struct stat st;
    if (fstat(dir, &st) < 0)
        return -errno;
    bool ours = st.st_uid == geteuid() || st.st_uid == 0;
    return ours && !(st.st_mode & S_IWOTH) ? 0 : -EPERM;
}

static int real_is_volatile(struct disk *disk, int dir)
{
    (void)disk;
    static const unsigned types[] = {
        TMPFS_MAGIC, RAMFS_MAGIC,      OVERLAYFS_SUPER_MAGIC, NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,
        V9FS_MAGIC,  CEPH_SUPER_MAGIC, FUSE_SUPER_MAGIC,      SMB2_SUPER_MAGIC, CIFS_SUPER_MAGIC,
    };
    struct statfs st;
    if (fstatfs(dir, &st) < 0)
        return -errno;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if ((unsigned)st.f_type == types[i])
            return 1;
    return 0;
}

struct disk *disk_real(void)
{
    static const struct disk_calls calls = {
        .open_dir = real_open_dir,
        .lock_dir = real_lock_dir,
        .open = real_open,
        .close = real_close,
        .size = real_size,
        .read = real_read,
        .write = real_write,
        .reserve = real_reserve,
        .sync = real_sync,
        .sync_dir = real_sync_dir,
        .uncache = real_uncache,
        .rename = real_rename,
        .unlink = real_unlink,
        .move = real_move,
        .truncate = real_truncate,
        .list = real_list,
        .is_safe = real_is_safe,
        .is_volatile = real_is_volatile,
    };
    static struct disk disk = { .calls = &calls };
    return &disk;
}
