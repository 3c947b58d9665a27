/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_KIND_H
#define WEIR_CONFIG_KIND_H

#include "config/diagnostics.h"
#include "config/node.h"

/* "input", "filter", "output", "codec". */
const char *kind_name(enum weir_kind kind);
/* "inputs", ... */
const char *kind_plural(enum weir_kind kind);
/* The kind of either name, or 0. */
enum weir_kind kind_of(struct weir_str name);

/* The plugin of that kind that the scalar `type` names; NULL, and said with a suggestion, when there is
 * none. */
const struct weir_plugin *kind_find_plugin(enum weir_kind kind, const struct node *type,
                                           const struct config_hooks *hooks,
                                           struct diagnostics *diag);

#endif
