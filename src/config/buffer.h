/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_BUFFER_H
#define WEIR_CONFIG_BUFFER_H

#include "config/reading.h"

/* The section `buffer:` of a pipeline, of struct config_buffer. */
extern const struct weir_option buffer_options[];

/* Fills the pipeline's buffer; `map` NULL: it has no such section. False when something is wrong with
 * it. */
bool buffer_read(struct reading *reading, struct config_pipeline *pipeline, const struct node *map);

/* Gives the buffers that say no size theirs, and sees to it that all fit into service.memory_limit. */
void buffers_share(struct reading *reading, struct config_pipeline *pipelines, size_t count);

#endif
