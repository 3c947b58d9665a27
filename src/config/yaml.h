/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_YAML_H
#define WEIR_CONFIG_YAML_H

#include "config/diagnostics.h"
#include "config/memory.h"
#include "config/node.h"

/* In force while reading, so that no text costs more than its length. */
#define YAML_DEPTH_MAX 64
#define YAML_NODES_MAX 50000

/* The tree of the one document in `text`, which source_check() has passed; of an empty one an empty map.
 * It lives in `memory`, as `file` must. NULL when something is wrong, which `diag` then has. */
struct node *yaml_read(struct memory *memory, const char *file, struct weir_str text,
                       struct diagnostics *diag);

#endif
