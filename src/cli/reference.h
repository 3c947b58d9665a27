/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_REFERENCE_H
#define WEIR_CLI_REFERENCE_H

#include "config/config.h"

/* Writes the reference into the directory `dir`, which is made when missing: the plugins' pages, the
 * configuration file's, the command line's, and an index. Only `hooks->list_plugins` is used. The same
 * agent always writes the same bytes. 0, or a negative errno with *err set. */
int reference_write(const char *dir, const struct config_hooks *hooks, struct weir_error *err);

#endif
