/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ADMIN_STATUS_JSON_H
#define WEIR_ADMIN_STATUS_JSON_H

#include <jansson.h>

#include "agent/status.h"

/* Raised when a member changes its meaning or goes; not when one is added. */
#define STATUS_JSON_VERSION 1

/* The document of /api/v1/status, as docs/internals/status.md describes it. The caller's to
 * json_decref(); NULL when memory is short. */
json_t *status_json(const struct status *status);

#endif
