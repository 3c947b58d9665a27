/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_AGENT_NOTIFY_H
#define WEIR_AGENT_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <weir/str.h>

/* Talks to the service manager, as sd_notify(3) does: datagrams to the socket that $NOTIFY_SOCKET
 * names. Without one every function does nothing. @thread main for all. */
struct notify {
    int fd;                 /* -1: nobody to tell */
    weir_ms watchdog_every; /* tell notify_watchdog() this often; 0: not asked for */
    struct sockaddr_un address;
    socklen_t address_len;
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes them out of the environment. Children
 * must not speak for the agent. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* Each sends one datagram; `status` is a line for `systemctl status`. 0, or -errno when the manager
 * did not take it within a second (nothing to be done but say so). */
int notify_ready(struct notify *notify, const char *status);
int notify_status(struct notify *notify, const char *status);
int notify_stopping(struct notify *notify, const char *status);
/* "Alive": only while every worker makes progress. */
int notify_watchdog(struct notify *notify);
/* Asks for `more` from now before the manager loses patience with a start or stop. */
int notify_extend(struct notify *notify, weir_ms more);

#endif
