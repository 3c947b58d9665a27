/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_EXPLAIN_H
#define WEIR_CLI_EXPLAIN_H

#include <jansson.h>
#include <stdio.h>

#include "config/config.h"

/* What a configuration does, and what holds for each of its routes: the document of `weir explain --json`.
 * See explain.c for its shape. Nothing is opened or started. The caller's to json_decref(). Ends the
 * process when memory is short. */
json_t *explain_config(const struct config *config);

/* The same document for people. */
void explain_print(const json_t *document, FILE *out);

#endif
