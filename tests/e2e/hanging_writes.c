/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the agent by test_lifecycle_faults.py: a write to the file $HANGING_PATH never returns, as on
 * a network file system whose server is gone. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

static void hang_on(int fd)
{
    const char *path = getenv("HANGING_PATH");
    char link[64], target[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, target, sizeof(target));
    while (path && len == (ssize_t)strlen(path) && memcmp(target, path, (size_t)len) == 0)
        pause();
}

EXPORT ssize_t write(int fd, const void *buf, size_t count)
{
    hang_on(fd);
    return REAL(write)(fd, buf, count);
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int count)
{
    hang_on(fd);
    return REAL(writev)(fd, iov, count);
}

EXPORT ssize_t pwrite(int fd, const void *buf, size_t count, off_t at)
{
    hang_on(fd);
    return REAL(pwrite)(fd, buf, count, at);
}

EXPORT ssize_t pwrite64(int fd, const void *buf, size_t count, off_t at)
{
    hang_on(fd);
    return REAL(pwrite64)(fd, buf, count, at);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t at)
{
    hang_on(fd);
    return REAL(pwritev)(fd, iov, count, at);
}
