/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_PIPELINES_H
#define WEIR_CONFIG_PIPELINES_H

#include "config/reading.h"

/* What every entry of `inputs:`, and what every entry of `filters:` and `outputs:` may say besides its
 * plugin's options. */
extern const struct weir_option input_entry_options[];
extern const struct weir_option entry_options[];

/* Reads a section `pipelines:` and adds what is in it. */
void pipelines_read(struct reading *reading, const struct node *map);

/* When all files are read: puts the pipelines into reading->config. `place` is where it is missed when
 * there are none. */
void pipelines_finish(struct reading *reading, struct config_place place);

#endif
