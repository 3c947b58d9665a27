/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_INSPECTION_H
#define WEIR_CONFIG_INSPECTION_H

#include "config/config.h"
#include "config/diagnostics.h"

/* Lets every plugin of the configuration look whether the world is as its options say (`inspect` in weir/plugin.h). What is
 * wrong goes to `diag`, what is good to `good` (NULL: nowhere), a line each. The states of plugins and codecs are used by
 * it: they are not to be opened afterwards. */
void inspection_run(const struct config *config, bool online, struct diagnostics *diag, FILE *good);

#endif
