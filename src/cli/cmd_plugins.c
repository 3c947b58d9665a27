/* SPDX-License-Identifier: Apache-2.0 */
/* `weir plugins`: what there is to build pipelines of. */
#include <errno.h>

#include "cli/commands.h"
#include "cli/table.h"
#include "config/kind.h"
#include "pipeline/descriptor.h"
#include "pipeline/registry.h"

static int list(const struct registry *registry)
{
    static const char *const heads[] = { "PLUGIN", "SUMMARY", "FROM", NULL };
    struct table *table = table_new(heads);
    for (enum weir_kind kind = WEIR_INPUT; kind <= WEIR_CODEC_PLUGIN; kind++) {
        const struct weir_plugin *plugin;
        for (size_t i = 0; (plugin = registry_at(registry, kind, i)); i++) {
            char name[2 * DESCRIPTOR_NAME_MAX];
            const char *file = registry_file(registry, plugin);
            snprintf(name, sizeof(name), "%s/%s", kind_name(kind), plugin->name);
            table_text(table, name);
            table_text(table, plugin->summary);
            table_text(table, file ? file : "built in");
        }
    }
    int r = table_print(table, 0, stdout);
    table_free(table);
    return r;
}

static enum command_status run(const struct command_line *line)
{
    struct weir_error err;
    enum command_status status = COMMAND_FAILED;
    struct registry *registry = registry_new(weir_builtin_plugins);
    const char *dir = line->values[OPTION_PLUGIN_PATH];
    if (!registry)
        command_error(line->command, "out of memory");
    else if (dir && registry_load(registry, dir, &err) < 0)
        command_error(line->command, "%s", err.text);
    else if (list(registry) < 0)
        command_error(line->command, "out of memory");
    else
        status = COMMAND_DONE;
    registry_free(registry);
    return status;
}

const struct command cmd_plugins = {
    .name = "plugins",
    .args = "",
    .summary = "List the plugins.",
    .options = TAKES(OPTION_PLUGIN_PATH),
    .run = run,
};
