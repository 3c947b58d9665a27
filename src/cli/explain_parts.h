/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_EXPLAIN_PARTS_H
#define WEIR_CLI_EXPLAIN_PARTS_H

#include <jansson.h>

#include "config/config.h"

/* Parts of the document of explain.c. */

/* Sentences on what happens as the pipeline's buffer fills, and on what it keeps. */
json_t *explain_buffer(const struct config_pipeline *pipeline);

json_t *explain_route(const struct config_pipeline *pipeline, const struct config_plugin *input,
                      const struct config_plugin *output);

static inline bool explain_is_replayable(const struct config_plugin *input)
{
    return input->plugin->input.flags & WEIR_REPLAYABLE;
}

#endif
