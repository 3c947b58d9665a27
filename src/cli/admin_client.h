/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_ADMIN_CLIENT_H
#define WEIR_CLI_ADMIN_CLIENT_H

#include "admin/address.h"

/* One question to a running agent's admin endpoint. */
struct admin_answer {
    int status; /* HTTP's */
    char *body; /* the caller's to free(); ends with a NUL that `len` does not count */
    size_t len;
};

#define ADMIN_ANSWER_BYTES_MAX (16u << 20)

/* Asks for `path` and waits for all of the answer, `timeout` at most.
 * 0, or a negative errno with *err set. */
int admin_client_get(const struct admin_address *address, const char *path, weir_ms timeout,
                     struct admin_answer *ret, struct weir_error *err);
/* The same, with JSON for it to act on. */
int admin_client_post(const struct admin_address *address, const char *path, const char *body,
                      weir_ms timeout, struct admin_answer *ret, struct weir_error *err);

#endif
