/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded by test_memory_limit.py: the files that say which control group the process is in, and what that
 * allows, are those below $OTHER_FILES. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

static const char *other(const char *path, char room[4096])
{
    static const char *const places[] = { "/proc/self/cgroup", "/proc/self/mountinfo",
                                          "/sys/fs/cgroup/" };
    const char *root = getenv("OTHER_FILES");
    for (size_t i = 0; root && i < sizeof(places) / sizeof(places[0]); i++)
        if (strncmp(path, places[i], strlen(places[i])) == 0) {
            snprintf(room, 4096, "%s%s", root, path);
            return room;
        }
    return path;
}

static int real_open(const char *path, int flags, mode_t mode)
{
    char room[4096];
    int (*open64_of_libc)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
    return open64_of_libc(other(path, room), flags, mode);
}

#define OPEN(name)                                                                                 \
    EXPORT int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;              \
        va_end(args);                                                                              \
        return real_open(path, flags, mode);                                                       \
    }

OPEN(open)
OPEN(open64)
EXPORT int __open64_2(const char *path, int flags);
EXPORT int __open64_2(const char *path, int flags)
{
    return real_open(path, flags, 0);
}
EXPORT int __open_2(const char *path, int flags);
EXPORT int __open_2(const char *path, int flags)
{
    return real_open(path, flags, 0);
}
