/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_POSITIONS_LIST_H
#define WEIR_CLI_POSITIONS_LIST_H

#include <jansson.h>
#include <stdio.h>

#include "buffer/positions.h"
#include "config/config.h"

/* What `weir positions ls` shows: every entry of the store, with the input or output of `config` that it belongs
 * to. `config` may be NULL: owners are then numbers.
 * NULL when memory is short. The caller's to json_decref(). */
json_t *positions_list_document(struct positions *positions, const struct config *config);

/* The same for people. 0, or -ENOMEM. */
int positions_list_print(const json_t *document, FILE *out);

/* Finds the one entry whose id, in hexadecimal, begins with `prefix`.
 * 0; -ENOENT; -EEXIST when there are several; -EINVAL when `prefix` is no such text. */
int positions_list_find(struct positions *positions, const char *prefix,
                        struct positions_key *ret_key, struct weir_stream_state *ret_state);

#endif
