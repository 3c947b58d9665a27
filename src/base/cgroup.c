/* SPDX-License-Identifier: Apache-2.0 */
/* A container, a systemd unit with MemoryMax=, a pod with limits: in each the kernel kills the process when its
 * control group has used up its memory. The limit is that of the group or of any above it, whichever is
 * lowest.
 *
 *     /proc/self/cgroup       0::/kubepods/pod1/c1              which group: v2
 *                             4:memory:/docker/c1               v1, where the controller is one of several
 *     /proc/self/mountinfo    ... /docker/c1 /sys/fs/cgroup/memory ... - cgroup cgroup rw,memory
 *                                 root       point                         which part is seen, and where
 *
 *     files   point + (path - root) up to point:   memory.max, memory.high   |   memory.limit_in_bytes
 *
 * A container sees only a part: with a namespace of its own path and root are both "/", without one they begin
 * alike. A path that does not lie in what is mounted (the process was moved out, or the mounts are somebody
 * else's) says nothing about where below the mount point to look, so the mount point itself is looked at: in a
 * container that is the container's group. memory.high does not kill but slows down until nothing moves, so
 * it counts as much. Where v1 and v2 are both there, both are looked at: memory is in one of them.
 *
 * All of it is read once, at start. A limit that is changed later is the next start's.
 *
 * Rejected: memory.stat's hierarchical_memory_limit, which v2 does not have; sysinfo() and MemAvailable, which
 * say what the machine has, and not what is ours. */
#include "base/cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/file.h>

/* Mounts are listed by the hundreds in a container host; more than that is not read. */
#define MOUNTS_BYTES_MAX ((size_t)1024 * 1024)
#define CGROUP_BYTES_MAX ((size_t)64 * 1024)
#define LIMIT_BYTES_MAX 64

/* v1 says LONG_MAX, rounded to pages, where there is no limit. No machine has an eighth of that. */
#define LIMIT_NONE ((uint64_t)1 << 60)

/* ---- words and lines ------------------------------------------------------------------------------------- */

/* Cuts what stands before `end` off the front of *rest; all of it when there is no `end`. */
static struct weir_str cut(struct weir_str *rest, char end)
{
    const char *at = rest->len ? memchr(rest->ptr, end, rest->len) : NULL;
    const struct weir_str part = { rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len };
    rest->ptr += part.len + (at != NULL);
    rest->len -= part.len + (at != NULL);
    return part;
}

/* Whether `word` stands in a list with commas. */
static bool lists(struct weir_str list, const char *word)
{
    while (list.len)
        if (weir_str_eq(cut(&list, ','), weir_str_of(word)))
            return true;
    return false;
}

static bool copy(char ret[PATH_MAX], struct weir_str text)
{
    if (text.len >= PATH_MAX || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(ret, text.ptr, text.len);
    ret[text.len] = '\0';
    return true;
}

/* A path as mountinfo has it: blanks and backslashes as \ooo. */
static bool copy_mounted(char ret[PATH_MAX], struct weir_str text)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++, len++) {
        const char *at = text.ptr + i;
        unsigned char byte = (unsigned char)*at;
        if (byte == '\\' && i + 3 < text.len && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' &&
            at[2] <= '7' && at[3] >= '0' && at[3] <= '7') {
            byte = (unsigned char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
            i += 3;
        }
        if (len + 1 >= PATH_MAX || byte == '\0')
            return false;
        ret[len] = (char)byte;
    }
    ret[len] = '\0';
    return true;
}

/* ---- /proc/self/cgroup ----------------------------------------------------------------------------------- */

bool cgroup_parse_path(struct weir_str text, enum cgroup_version version, char ret[PATH_MAX])
{
    while (text.len) {
        struct weir_str line = cut(&text, '\n');
        const struct weir_str number = cut(&line, ':');
        const struct weir_str controllers = cut(&line, ':');
        const bool wanted = version == CGROUP_V2
                                ? weir_str_eq(number, WEIR_STR("0")) && controllers.len == 0
                                : lists(controllers, "memory");
        if (wanted && line.len && line.ptr[0] == '/')
            return copy(ret, line);
    }
    return false;
}

/* ---- /proc/self/mountinfo -------------------------------------------------------------------------------- */

/* What follows `root` in `path`, "" or with a '/' in front; NULL when it does not lie below it. */
static const char *below(const char *path, const char *root)
{
    const size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, len) != 0 || (path[len] && path[len] != '/') ||
        strncmp(path + len, "/..", 3) == 0)
        return NULL;
    return strcmp(path + len, "/") == 0 ? "" : path + len;
}

/* One line: id parent device root point options [tag ...] - type source superoptions. */
static bool parse_mount(struct weir_str line, enum cgroup_version version, struct cgroup_mount *ret)
{
    for (int i = 0; i < 3; i++)
        cut(&line, ' ');
    const struct weir_str root = cut(&line, ' '), point = cut(&line, ' ');
    while (line.len && !weir_str_eq(cut(&line, ' '), WEIR_STR("-")))
        continue;
    const struct weir_str type = cut(&line, ' ');
    cut(&line, ' ');
    if (!weir_str_eq(type, version == CGROUP_V2 ? WEIR_STR("cgroup2") : WEIR_STR("cgroup")) ||
        (version == CGROUP_V1 && !lists(line, "memory")))
        return false;
    return root.len && point.len && copy_mounted(ret->root, root) &&
           copy_mounted(ret->point, point);
}

bool cgroup_parse_mount(struct weir_str text, enum cgroup_version version, const char *path,
                        struct cgroup_mount *ret)
{
    struct cgroup_mount mount;
    bool found = false, shows = false;
    while (text.len) {
        if (!parse_mount(cut(&text, '\n'), version, &mount))
            continue;
        const bool shows_it = below(path, mount.root) != NULL;
        if (found && shows && !shows_it)
            continue;
        *ret = mount;
        found = true;
        shows = shows_it;
    }
    return found;
}

/* ---- limits ---------------------------------------------------------------------------------------------- */

uint64_t cgroup_parse_limit(struct weir_str text)
{
    uint64_t bytes = 0;
    struct weir_str line = cut(&text, '\n');
    if (!line.len)
        return UINT64_MAX;
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] < '0' || line.ptr[i] > '9')
            return UINT64_MAX;
        bytes = bytes * 10 + (uint64_t)(line.ptr[i] - '0');
        if (bytes >= LIMIT_NONE)
            return UINT64_MAX;
    }
    return bytes;
}

/* At most `room` bytes of a file; -1 when it cannot be read. */
static ssize_t read_file(const char *root, const char *path, char *data, size_t room)
{
    char full[PATH_MAX];
    const int len = snprintf(full, sizeof(full), "%s%s", root, path);
    const int fd = len > 0 && (size_t)len < sizeof(full) ? open(full, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return -1;
    size_t got;
    int r = weir_read_all(fd, data, room, &got);
    close(fd);
    return r < 0 ? -1 : (ssize_t)got;
}

static void look_at(const char *root, const char *group, const char *name, struct cgroup_limit *ret)
{
    char path[PATH_MAX], text[LIMIT_BYTES_MAX];
    const int len = snprintf(path, sizeof(path), "%s/%s", strcmp(group, "/") ? group : "", name);
    if (len < 0 || (size_t)len >= sizeof(path))
        return;
    const ssize_t n = read_file(root, path, text, sizeof(text));
    const uint64_t bytes =
        n > 0 ? cgroup_parse_limit((struct weir_str){ text, (size_t)n }) : UINT64_MAX;
    if (bytes >= ret->bytes)
        return;
    ret->bytes = bytes;
    memcpy(ret->file, path, (size_t)len + 1);
}

/* The group at `mount` that is `path`, and those above it. */
static void look_up(const char *root, const struct cgroup_mount *mount, const char *path,
                    enum cgroup_version version, struct cgroup_limit *ret)
{
    char group[PATH_MAX];
    const char *within = below(path, mount->root);
    const size_t top = strlen(mount->point);
    const int len = snprintf(group, sizeof(group), "%s%s", mount->point, within ? within : "");
    if (len < 0 || (size_t)len >= sizeof(group))
        return;
    for (;;) {
        if (version == CGROUP_V2) {
            look_at(root, group, "memory.max", ret);
            look_at(root, group, "memory.high", ret);
        } else {
            look_at(root, group, "memory.limit_in_bytes", ret);
        }
        char *slash = strrchr(group, '/');
        if (!slash || (size_t)(slash - group) < top)
            return;
        *slash = '\0';
    }
}

void cgroup_memory_limit(const char *root, struct cgroup_limit *ret)
{
    static const enum cgroup_version versions[] = { CGROUP_V2, CGROUP_V1 };
    *ret = (struct cgroup_limit){ .bytes = UINT64_MAX };
    char *groups = malloc(CGROUP_BYTES_MAX), *mounts = malloc(MOUNTS_BYTES_MAX);
    struct cgroup_mount *mount = malloc(sizeof(*mount));
    char path[PATH_MAX];
    const ssize_t n = groups ? read_file(root, "/proc/self/cgroup", groups, CGROUP_BYTES_MAX) : -1;
    const ssize_t m =
        mounts ? read_file(root, "/proc/self/mountinfo", mounts, MOUNTS_BYTES_MAX) : -1;
    for (size_t i = 0; i < 2 && n > 0 && m > 0 && mount; i++) {
        const struct weir_str group_text = { groups, (size_t)n },
                              mount_text = { mounts, (size_t)m };
        if (cgroup_parse_path(group_text, versions[i], path) &&
            cgroup_parse_mount(mount_text, versions[i], path, mount))
            look_up(root, mount, path, versions[i], ret);
    }
    free(groups);
    free(mounts);
    free(mount);
}
