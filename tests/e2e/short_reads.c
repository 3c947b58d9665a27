/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the agent by test_split.py: each read from a file below $SHORT_READS_DIR, or from
 * standard input, gives at most $SHORT_READS_MAX bytes, as read(2) may at any time. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static size_t limit(int fd, size_t count)
{
    const char *dir = getenv("SHORT_READS_DIR"), *max = getenv("SHORT_READS_MAX");
    char link[64], target[4096];
    if (!dir || !max)
        return count;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, target, sizeof(target) - 1);
    bool chosen = fd == 0 ||
                  (len > 0 && (size_t)len >= strlen(dir) && strncmp(target, dir, strlen(dir)) == 0);
    size_t most = strtoul(max, NULL, 10);
    return chosen && count > most ? most : count;
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

EXPORT ssize_t read(int fd, void *buf, size_t count)
{
    return REAL(read)(fd, buf, limit(fd, count));
}

EXPORT ssize_t pread64(int fd, void *buf, size_t count, off_t at)
{
    return REAL(pread64)(fd, buf, limit(fd, count), at);
}

EXPORT ssize_t pread(int fd, void *buf, size_t count, off_t at)
{
    return REAL(pread)(fd, buf, limit(fd, count), at);
}

/* The first bytes of the first place that has any. */
EXPORT ssize_t readv(int fd, const struct iovec *iov, int count)
{
    for (int i = 0; i < count; i++)
        if (iov[i].iov_len)
            return read(fd, iov[i].iov_base, iov[i].iov_len);
    return 0;
}

EXPORT ssize_t preadv(int fd, const struct iovec *iov, int count, off_t at)
{
    for (int i = 0; i < count; i++)
        if (iov[i].iov_len)
            return pread(fd, iov[i].iov_base, iov[i].iov_len, at);
    return 0;
}
