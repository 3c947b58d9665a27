/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_MODULES_H
#define WEIR_PIPELINE_MODULES_H

#include "pipeline/registry.h"

/* A registry of what this agent is made of: the plugins built in, and those of its modules, which are loaded
 * as they are asked for. NULL when memory is short. See modules.c. */
struct registry *modules_registry(void);

/* Where an installed agent has its modules; written by the build. */
extern const char weir_module_dir[];

/* The directory of the modules of an agent whose executable is the file `program`, into `ret_dir` of PATH_MAX
 * bytes. */
void modules_directory(const char *program, char *ret_dir);

#endif
