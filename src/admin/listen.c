/* SPDX-License-Identifier: Apache-2.0 */
/* Binding, with care for the file that a Unix socket leaves behind.
 *
 * After a kill -9 that file is still there, and bind() fails for ever. Whether it is dead is asked of
 * it: connecting to a socket that nobody listens on is refused. One that answers belongs to a running
 * program and is left alone, whoever that is, and so is any file that is no socket. At the end the file
 * is removed only if it is still the one we made: a second agent may have been started over it.
 *
 * The mode is set before bind(), on the socket itself, from which Linux takes it: at no moment can
 * somebody connect who may not. */
#include "admin/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_MODE 0660

static const char *unix_path(const struct admin_address *address)
{
    return ((const struct sockaddr_un *)&address->addr)->sun_path;
}

/* Removes a socket that nobody listens on. -EADDRINUSE: it is not that. */
static int remove_dead_socket(const struct admin_address *address)
{
    struct stat st;
    if (lstat(unix_path(address), &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = connect(fd, (const struct sockaddr *)&address->addr, address->len) < 0 ? -errno : 0;
    close(fd);
    if (r != -ECONNREFUSED)
        return r == -EACCES ? r : -EADDRINUSE;
    return unlink(unix_path(address)) < 0 ? -errno : 0;
}

static int bind_unix(int fd, const struct admin_address *address)
{
    if (fchmod(fd, UNIX_MODE) < 0)
        return -errno;
    for (int tries = 0;; tries++) {
        if (bind(fd, (const struct sockaddr *)&address->addr, address->len) == 0)
            return 0;
        if (errno != EADDRINUSE || tries > 0)
            return -errno;
        int r = remove_dead_socket(address);
        if (r < 0)
            return r;
    }
}

static int bind_inet(int fd, const struct admin_address *address)
{
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->addr.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    return bind(fd, (const struct sockaddr *)&address->addr, address->len) < 0 ? -errno : 0;
}

static const char *advice(int error)
{
    switch (error) {
    case -EADDRINUSE: return "somebody else listens there: is another agent running?";
    case -EEXIST:
        return "a file that is not a socket is in the way: remove it or choose another path";
    case -EACCES: return "no permission";
    case -ENOENT: return "its directory does not exist";
    case -EADDRNOTAVAIL: return "this host does not have that address";
    default: return strerror(-error);
    }
}

int admin_socket_open(const struct admin_address *address, struct admin_socket *ret,
                      struct weir_error *err)
{
    struct admin_socket made = { .address = *address };
    bool is_unix = admin_address_is_unix(address);
    char text[ADMIN_ADDRESS_TEXT_MAX];
    admin_address_print(address, text);
    made.fd = socket(address->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int r = made.fd < 0 ? -errno : 0;
    if (r == 0)
        r = is_unix ? bind_unix(made.fd, address) : bind_inet(made.fd, address);
    /* From here on connecting is possible: a socket that is bound and does not listen looks dead. */
    if (r == 0 && listen(made.fd, SOMAXCONN) < 0)
        r = -errno;
    if (r < 0) {
        if (made.fd >= 0)
            close(made.fd);
        return weir_error_set(err, r, "cannot listen on %s: %s", text, advice(r));
    }
    struct stat st;
    if (is_unix && lstat(unix_path(address), &st) == 0) {
        made.device = st.st_dev;
        made.inode = st.st_ino;
    }
    if (!is_unix) {
        made.address.len = sizeof(made.address.addr);
        getsockname(made.fd, (struct sockaddr *)&made.address.addr, &made.address.len);
    }
    *ret = made;
    return 0;
}

void admin_socket_close(struct admin_socket *socket)
{
    struct stat st;
    if (socket->fd >= 0)
        close(socket->fd);
    socket->fd = -1;
    if (admin_address_is_unix(&socket->address) && lstat(unix_path(&socket->address), &st) == 0 &&
        S_ISSOCK(st.st_mode) && st.st_dev == socket->device && st.st_ino == socket->inode)
        unlink(unix_path(&socket->address));
}
