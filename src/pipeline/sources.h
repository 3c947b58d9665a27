/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_SOURCES_H
#define WEIR_PIPELINE_SOURCES_H

#include "pipeline/host.h"

/* Adds to what is known of sources, or takes off. See sources.c. @thread any. */
void sources_charge(const struct pipeline_env *env, int64_t bytes);

#endif
