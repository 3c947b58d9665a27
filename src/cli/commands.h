/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_COMMANDS_H
#define WEIR_CLI_COMMANDS_H

#include "cli/command.h"

/* The subcommands, each in a file of its name: cmd_run.c, ... */
extern const struct command cmd_plugins, cmd_version;

#endif
