/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the agent by test_resource_faults.py: counts allocations and fails some of them, as the file
 * $FAILING_MALLOC says, which the test and the agent have mapped together. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);

static struct control {
    _Atomic int64_t seen, failed;
    _Atomic int64_t from, until,
        bytes_min; /* allocations [from, until) of at least so many bytes fail */
} * control;

__attribute__((constructor)) static void control_open(void)
{
    const char *path = getenv("FAILING_MALLOC");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    control = map == MAP_FAILED ? NULL : map;
}

static int must_fail(size_t bytes)
{
    if (!control || bytes < (size_t)atomic_load(&control->bytes_min))
        return 0;
    int64_t number = atomic_fetch_add(&control->seen, 1);
    if (number < atomic_load(&control->from) || number >= atomic_load(&control->until))
        return 0;
    atomic_fetch_add(&control->failed, 1);
    errno = ENOMEM;
    return 1;
}

EXPORT void *malloc(size_t bytes)
{
    return must_fail(bytes) ? NULL : __libc_malloc(bytes);
}

EXPORT void *calloc(size_t count, size_t bytes)
{
    return must_fail(count * bytes) ? NULL : __libc_calloc(count, bytes);
}

EXPORT void *realloc(void *old, size_t bytes)
{
    return must_fail(bytes) ? NULL : __libc_realloc(old, bytes);
}
