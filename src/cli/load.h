/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_LOAD_H
#define WEIR_CLI_LOAD_H

#include "base/cgroup.h"
#include "cli/command.h"
#include "config/config.h"
#include "config/diagnostics.h"
#include "pipeline/registry.h"

/* A configuration with all that it refers to. Commands that read one begin with load_read() and end with
 * load_free(). */
struct load {
    struct registry *registry;
    struct config_hooks hooks;
    struct cgroup_limit group;
    struct diagnostics *diag;
    struct config *config; /* NULL: there are mistakes in `diag` */
    const char *path;
};

/* Only what a configuration can refer to. Ends the process when memory is short. */
void load_begin(const struct command_line *line, struct load *ret);
/* Reads the configuration that the command line names. Nothing that it names is opened or started, but
 * modules of the plugins it names and the shared objects of service.plugin_path, which are loaded. Ends the process when memory is short. */
void load_read(const struct command_line *line, struct load *ret);

/* Says on stderr what was found, warnings too, and how much of it is wrong. COMMAND_DONE when nothing
 * is, else COMMAND_MISUSED. */
enum command_status load_report(const struct load *load);

/* Plugins must have been closed. */
void load_free(struct load *load);

#endif
