/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ADMIN_ADDRESS_H
#define WEIR_ADMIN_ADDRESS_H

#include <sys/socket.h>
#include <weir/error.h>

/* Where the admin endpoint is: service.admin.listen, and `weir status --admin`.
 *     127.0.0.1:2020   [::1]:2020   localhost:2020   unix:/run/weir/admin.sock   off */
struct admin_address {
    struct sockaddr_storage addr;
    socklen_t len; /* 0: off */
};

#define ADMIN_ADDRESS_TEXT_MAX 128

/* 0, or -EINVAL with *err set. Asks no name service. */
int admin_address_parse(const char *text, struct admin_address *ret, struct weir_error *err);
/* The address in the same notation. */
void admin_address_print(const struct admin_address *address,
                         char ret_text[ADMIN_ADDRESS_TEXT_MAX]);

bool admin_address_is_unix(const struct admin_address *address);
/* True for a Unix socket too: only this host can reach it. */
bool admin_address_is_loopback(const struct admin_address *address);

#endif
