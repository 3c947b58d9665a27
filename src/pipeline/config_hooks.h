/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_CONFIG_HOOKS_H
#define WEIR_PIPELINE_CONFIG_HOOKS_H

#include "config/config.h"
#include "pipeline/registry.h"

/* What config_read() asks of the layers above it, answered: plugins by `registry`, which it may load
 * more into and which outlives the configuration; conditions, templates and encoders by record. */
struct config_hooks config_hooks_of(struct registry *registry);

#endif
