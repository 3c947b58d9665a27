/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the agent by harness/preload.py: its wall clock is off by as many nanoseconds as the file
 * $CLOCK_STEPS says, which the test and the agent have mapped together. Other clocks are as they are. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000

static _Atomic int64_t *offset;
static int (*real)(clockid_t clock, struct timespec *ts);

__attribute__((constructor)) static void offset_open(void)
{
    const char *path = getenv("CLOCK_STEPS");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    offset = map == MAP_FAILED ? NULL : map;
    real = (typeof(real))dlsym(RTLD_NEXT, "clock_gettime");
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ts)
{
    int r = real(clock, ts);
    if (r < 0 || !offset || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return r;
    int64_t ns = (int64_t)ts->tv_sec * BILLION + ts->tv_nsec + atomic_load(offset);
    ts->tv_sec = ns / BILLION;
    ts->tv_nsec = ns % BILLION;
    return 0;
}
