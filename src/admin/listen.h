/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ADMIN_LISTEN_H
#define WEIR_ADMIN_LISTEN_H

#include <sys/types.h>

#include "admin/address.h"

/* The socket that the admin endpoint listens on. */
struct admin_socket {
    int fd;                       /* bound and non-blocking; whoever takes it over sets it to -1 */
    struct admin_address address; /* with the port that was chosen, where 0 was asked for */
    dev_t device;                 /* of a Unix socket's file, to know it again */
    ino_t inode;
};

/* Binds to `address` (which is not off). A Unix socket's file is made with mode 0660 less the umask; one
 * that a dead agent left there is replaced, one that somebody answers on, or another kind of file, is
 * not. 0, or a negative errno with *err set. */
int admin_socket_open(const struct admin_address *address, struct admin_socket *ret,
                      struct weir_error *err);
/* Closes what is still ours, and removes a Unix socket's file if it is the one that was made. */
void admin_socket_close(struct admin_socket *socket);

#endif
