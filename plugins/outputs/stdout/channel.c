/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output belongs to whoever started the agent, and so does its O_NONBLOCK flag: set here, it
 * would also be set for the shell and for everyone else in the pipeline. A pipe or terminal is therefore
 * opened once more through /proc/self/fd, which gives a description of our own; a socket has a flag for
 * each call; a file does not wait for a reader. What cannot be opened again (a pipe of another user) is
 * asked with poll() before each write, and given no more than PIPE_BUF bytes, which a pipe that polls as
 * writable takes. */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int stdout_channel_open(struct channel *channel, int fd)
{
    struct stat st;
    char path[32];
    if (fstat(fd, &st) < 0)
        return -errno;
    *channel = (struct channel){ .fd = fd, .own_fd = -1 };
    if (S_ISSOCK(st.st_mode))
        channel->kind = CHANNEL_SOCKET;
    if (!S_ISFIFO(st.st_mode) && !isatty(fd))
        return 0;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    channel->own_fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (channel->own_fd >= 0)
        channel->fd = channel->own_fd;
    else
        channel->kind = CHANNEL_POLLED;
    return 0;
}

void stdout_channel_close(struct channel *channel)
{
    if (channel->own_fd >= 0)
        close(channel->own_fd);
    channel->own_fd = channel->fd = -1;
}

static ssize_t write_once(struct channel *channel, const char *data, size_t len)
{
    struct pollfd poll_fd = { .fd = channel->fd, .events = POLLOUT };
    switch (channel->kind) {
    case CHANNEL_PLAIN: break;
    case CHANNEL_SOCKET: return send(channel->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    case CHANNEL_POLLED:
        errno = EAGAIN;
        if (poll(&poll_fd, 1, 0) <= 0)
            return -1;
        len = len < PIPE_BUF ? len : PIPE_BUF;
        break;
    }
    return write(channel->fd, data, len);
}

ssize_t stdout_channel_write(struct channel *channel, const char *data, size_t len)
{
    ssize_t n;
    do
        n = write_once(channel, data, len);
    while (n < 0 && errno == EINTR);
    return n > 0 ? n : (n < 0 ? -errno : -EIO);
}
