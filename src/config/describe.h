/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_DESCRIBE_H
#define WEIR_CONFIG_DESCRIBE_H

#include <stdio.h>

#include "config/config.h"

/* Option tables as documents: what can be configured, said from the very rows that read it. The same
 * tables always give the same bytes. Errors of writing are left in `out`, for ferror(). */

/* For `weir plugins KIND/NAME`, in lines of at most 80 columns. */
void describe_plugin_text(const struct weir_plugin *plugin, FILE *out);
/* For `weir plugins service`: the tables of `service:` and `buffer:`. */
void describe_file_text(FILE *out);

/* The plugin's page of the reference: docs/reference/KINDs/NAME.md. */
void describe_plugin_markdown(const struct weir_plugin *plugin, FILE *out);
/* docs/reference/configuration.md: the file, and the tables that belong to no plugin. */
void describe_file_markdown(FILE *out);
/* docs/reference/README.md: all pages, the plugins as hooks->list_plugins has them. */
void describe_index_markdown(const struct config_hooks *hooks, FILE *out);

/* One JSON array of all plugins, or, when `only` is not NULL, of that one:
 * {kind, name, summary, options: [{name, type, default, min, max, choices, unit, help, required, secret,
 * options}]}, without what a row does not have. */
void describe_plugins_json(const struct config_hooks *hooks, const struct weir_plugin *only,
                           FILE *out);

#endif
