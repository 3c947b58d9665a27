/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_BUFFER_H
#define WEIR_CONFIG_BUFFER_H

#include "config/reading.h"

/* The keys `buffer:` and `dead_letter:` of a pipeline: for buffer_read() and the reference. */
extern const struct weir_option buffer_options[], dead_letter_options[];

/* Fills the pipeline's buffer from its two keys; NULL: it has no such key. False when something is wrong
 * with it. */
bool buffer_read(struct reading *reading, struct config_pipeline *pipeline, const struct node *map,
                 const struct node *dead_letter);

#endif
