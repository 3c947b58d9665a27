/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

const struct command *const commands[] = {
    &cmd_run,        &cmd_validate,  &cmd_explain, &cmd_plugins, &cmd_buffer,
    &cmd_deadletter, &cmd_positions, &cmd_status,  &cmd_version, NULL,
};

const struct command *commands_find(const char *name)
{
    for (const struct command *const *command = commands; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
}
