/* SPDX-License-Identifier: Apache-2.0 */
/* The input is taken for each of the files that say what a control group allows. A path comes out whole, and a
 * mount only with both of its paths. */
#include "base/cgroup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct weir_str text = { (const char *)data, size };
    static struct cgroup_mount mount;
    char path[PATH_MAX];
    for (int version = CGROUP_V1; version <= CGROUP_V2; version++) {
        if (!cgroup_parse_path(text, version, path))
            strcpy(path, "/");
        assert(path[0] == '/' && strlen(path) < sizeof(path));
        if (cgroup_parse_mount(text, version, path, &mount))
            assert(strlen(mount.point) < sizeof(mount.point) &&
                   strlen(mount.root) < sizeof(mount.root));
    }
    const uint64_t bytes = cgroup_parse_limit(text);
    assert(bytes == UINT64_MAX || bytes < (uint64_t)1 << 60);
    return 0;
}
