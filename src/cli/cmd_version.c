/* SPDX-License-Identifier: Apache-2.0 */
#include <weir/plugin.h>

#include "cli/commands.h"
#include "cli/version.h"

static enum command_status run(const struct command_line *line)
{
    if (command_has(line, OPTION_JSON))
        printf("{\"version\": \"%s\", \"plugin_abi\": %d}\n", weir_version, WEIR_PLUGIN_ABI);
    else
        printf("weir %s (plugin ABI %d)\n", weir_version, WEIR_PLUGIN_ABI);
    return COMMAND_DONE;
}

const struct command cmd_version = {
    .name = "version",
    .args = "",
    .summary = "Print the version, and the ABI number that plugins must have.",
    .options = TAKES(OPTION_JSON),
    .run = run,
};
