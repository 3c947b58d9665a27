/* SPDX-License-Identifier: Apache-2.0 */
#include "base/disk.h"

#include <errno.h>

ssize_t disk_read(struct disk *disk, int fd, void *data, size_t len, uint64_t offset)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = disk->calls->read(disk, fd, (char *)data + done, len - done, offset + done);
        if (n == -EINTR)
            continue;
        if (n < 0)
            return n;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int disk_write(struct disk *disk, int fd, const void *data, size_t len, uint64_t offset)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n =
            disk->calls->write(disk, fd, (const char *)data + done, len - done, offset + done);
        if (n == -EINTR)
            continue;
        if (n < 0)
            return (int)n;
        if (n == 0)
            return -EIO; /* no file system does that; a loop would never end */
        done += (size_t)n;
    }
    return 0;
}
