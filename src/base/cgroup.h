/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_CGROUP_H
#define WEIR_BASE_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <weir/str.h>

/* What the control groups that the process is in let it have of memory: see cgroup.c. */

struct cgroup_limit {
    uint64_t bytes;      /* UINT64_MAX: no limit, or none that can be seen */
    char file[PATH_MAX]; /* the one that says so, without `root`; "" when there is none */
};

/* Looks at the files of this process below `root` ("" for the host's). What cannot be read limits nothing.
 * @thread any. */
void cgroup_memory_limit(const char *root, struct cgroup_limit *ret);

/* ---- the parts of it that only look at bytes -------------------------------------------------------------- */

enum cgroup_version { CGROUP_V1, CGROUP_V2 };

/* Finds in the text of /proc/PID/cgroup the path of the process within the hierarchy that may limit memory.
 * False when it is in none, or the path is too long. */
bool cgroup_parse_path(struct weir_str text, enum cgroup_version version, char ret[PATH_MAX]);

/* Finds in the text of /proc/PID/mountinfo where that hierarchy is mounted, and which part of it. The last
 * such mount that shows `path` wins. False when there is none. */
struct cgroup_mount {
    char point[PATH_MAX], root[PATH_MAX];
};
bool cgroup_parse_mount(struct weir_str text, enum cgroup_version version, const char *path,
                        struct cgroup_mount *ret);

/* The content of memory.max, memory.high or memory.limit_in_bytes. UINT64_MAX for "max", for what no machine
 * has, and for what is no number. */
uint64_t cgroup_parse_limit(struct weir_str text);

#endif
