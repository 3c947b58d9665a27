/* SPDX-License-Identifier: Apache-2.0 */
/* Where the agent's modules are. An installed agent has them where the build was told to install them. One that
 * runs from its build tree has them there,
 *
 *     BUILD/src/cli/weir        the program
 *     BUILD/plugins/kafka.so    a module
 *
 * and knows by its own path that it does.
 *
 * Rejected: an environment variable, or a path relative to wherever the program is: both let somebody else say
 * which code is loaded, the second by a copy of the program in a directory like /tmp. */
#include "pipeline/modules.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Written by the build, as is weir_builtin_plugins. */
extern const struct registry_module weir_modules[];

#define PROGRAM_IN_BUILD "/src/cli/weir"

void modules_directory(const char *program, char *ret_dir)
{
    size_t len = strlen(program), tail = sizeof(PROGRAM_IN_BUILD) - 1;
    if (len > tail && strcmp(program + len - tail, PROGRAM_IN_BUILD) == 0)
        snprintf(ret_dir, PATH_MAX, "%.*s/plugins", (int)(len - tail), program);
    else
        snprintf(ret_dir, PATH_MAX, "%s", weir_module_dir);
}

struct registry *modules_registry(void)
{
    char program[PATH_MAX] = "", dir[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[len > 0 ? len : 0] = '\0';
    modules_directory(program, dir);
    struct registry *registry = registry_new(weir_builtin_plugins);
    if (registry && registry_add_modules(registry, weir_modules, dir) < 0)
        return registry_free(registry);
    return registry;
}
