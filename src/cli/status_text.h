/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_STATUS_TEXT_H
#define WEIR_CLI_STATUS_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* Prints the document of /api/v1/status for people. What the document lacks shows as 0 or nothing: it
 * may come from another version of the agent.
 * 0, or a negative errno: -EPROTO when `status` is no status document, -ENOMEM. */
int status_text_print(const json_t *status, FILE *out);

#endif
