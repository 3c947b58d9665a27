/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_COMMANDS_H
#define WEIR_CLI_COMMANDS_H

#include "cli/command.h"

/* The subcommands, each in a file of its name: cmd_run.c, ... */
extern const struct command cmd_buffer, cmd_deadletter, cmd_explain, cmd_plugins, cmd_positions,
    cmd_run, cmd_status, cmd_validate, cmd_version;

/* All of them, in the order of `weir --help`; ended by NULL. */
extern const struct command *const commands[];

/* NULL when there is none of that name. */
const struct command *commands_find(const char *name);

#endif
