/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_STDOUT_CHANNEL_H
#define WEIR_OUT_STDOUT_CHANNEL_H

#include <stdbool.h>
#include <sys/types.h>
#include <weir/str.h>

/* A descriptor that we share with others, written to without waiting for its reader. See channel.c. */
enum channel_kind {
    CHANNEL_PLAIN,  /* write() never waits for a reader, or the description is our own */
    CHANNEL_POLLED, /* poll(), then write() no more than a pipe takes at once */
    CHANNEL_SOCKET, /* send() that does not wait */
};

struct channel {
    int fd;     /* what is written to, and watched */
    int own_fd; /* the same if it is our own, else -1 */
    enum channel_kind kind;
};

/* 0, or -errno when `fd` (borrowed) is no open descriptor. */
WEIR_MUST_USE int stdout_channel_open(struct channel *channel, int fd);
void stdout_channel_close(struct channel *channel);

/* How many of the bytes were written: at least one; or -errno, -EAGAIN when it would have to wait. */
WEIR_MUST_USE ssize_t stdout_channel_write(struct channel *channel, const char *data, size_t len);

#endif
