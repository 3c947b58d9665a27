/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_CONFLICTS_H
#define WEIR_CONFIG_CONFLICTS_H

#include "config/reading.h"

/* Looks for what is right in each plugin's options and wrong between them. The pipelines are there and
 * without mistakes. */
void conflicts_check(struct reading *reading);

#endif
