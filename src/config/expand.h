/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_EXPAND_H
#define WEIR_CONFIG_EXPAND_H

#include "config/diagnostics.h"
#include "config/memory.h"
#include "config/node.h"

/* Replaces, in every scalar of the tree:
 *     ${NAME}             the environment's variable; an error when it is not set
 *     ${NAME:-default}    the default when it is not set or empty; may hold expansions itself
 *     ${file:/path}       the file's text without its last line break; the node becomes `secret`
 *     $$                  a $
 * See expand.c. When `sealed` there is neither environment nor file: no variable is set. */
void expand_tree(struct memory *memory, struct node *root, bool sealed, struct diagnostics *diag);

#define EXPAND_FILE_BYTES_MAX ((size_t)64 * 1024)

#endif
