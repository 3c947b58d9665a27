/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_SERVICE_H
#define WEIR_CONFIG_SERVICE_H

#include "config/reading.h"

/* The section `service:`, of struct config_service. */
extern const struct weir_option service_options[];

/* Fills reading->config->service; `map` NULL: there is no such section, and `place` is the file's
 * beginning. Loads the plugins of `plugin_path`. */
void service_read(struct reading *reading, const struct node *map, struct config_place place);

#endif
