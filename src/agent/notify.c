/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify by hand: the protocol is a datagram of NAME=value lines to a Unix socket, documented and
 * stable, and libsystemd is heavier than the agent that would link it for this.
 *
 * A send may block while the manager is busy (its queue is short). It gets one second: READY must
 * arrive or the start counts as failed, and a main loop that waits longer than that would itself be
 * what a watchdog is for. */
#include "agent/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SEND_SECONDS_MAX 1
#define MESSAGE_BYTES_MAX 512

/* The socket's address from its name: a path, or '@' and an abstract name. */
static bool set_address(struct notify *notify, const char *name)
{
    size_t len = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || len >= sizeof(notify->address.sun_path))
        return false;
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, name, len + 1);
    if (name[0] == '@')
        notify->address.sun_path[0] = '\0';
    /* An abstract name is as long as the address says and has no terminator. */
    notify->address_len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
    return true;
}

/* The manager wants a sign of life every WATCHDOG_USEC; twice as often leaves room for a slow one. */
static weir_ms watchdog_interval(const char *usec, const char *pid)
{
    if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    long long interval = strtoll(usec, NULL, 10);
    if (interval <= 0)
        return 0;
    return interval < 2000 ? 1 : interval / 2000;
}

void notify_open(struct notify *notify)
{
    *notify = (struct notify){ .fd = -1 };
    const char *name = getenv("NOTIFY_SOCKET");
    if (name && set_address(notify, name))
        notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd >= 0) {
        struct timeval patience = { .tv_sec = SEND_SECONDS_MAX };
        setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        notify->watchdog_every = watchdog_interval(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}

static int notify_send(struct notify *notify, const char *format, ...) WEIR_PRINTF(2, 3);

static int notify_send(struct notify *notify, const char *format, ...)
{
    char text[MESSAGE_BYTES_MAX];
    if (notify->fd < 0)
        return 0;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(text)) /* a long status is cut */
        len = sizeof(text) - 1;
    ssize_t n;
    do
        n = sendto(notify->fd, text, (size_t)len, MSG_NOSIGNAL,
                   (const struct sockaddr *)&notify->address, notify->address_len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

int notify_ready(struct notify *notify, const char *status)
{
    return notify_send(notify, "READY=1\nSTATUS=%s", status);
}

int notify_status(struct notify *notify, const char *status)
{
    return notify_send(notify, "STATUS=%s", status);
}

int notify_stopping(struct notify *notify, const char *status)
{
    return notify_send(notify, "STOPPING=1\nSTATUS=%s", status);
}

int notify_watchdog(struct notify *notify)
{
    return notify_send(notify, "WATCHDOG=1");
}

int notify_extend(struct notify *notify, weir_ms more)
{
    return notify_send(notify, "EXTEND_TIMEOUT_USEC=%lld", (long long)more * 1000);
}
