/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own messages, from any thread to one descriptor, without ever waiting for its reader.
 *
 * A log agent whose stderr is a pipe that nobody reads must go on shipping. Making fd 2 non-blocking is
 * no way: the flag belongs to the open file description, which the agent shares with whoever started
 * it. So, by what the descriptor is:
 *
 *     pipe, terminal   opened once more through /proc/self/fd: a description of our own, non-blocking
 *     socket           send() with MSG_DONTWAIT: per call, nothing is set (systemd's journal is one)
 *     anything else    a file or /dev/null: write() does not wait for a reader
 *
 * Where a pipe cannot be opened again (it belongs to another user), poll() is asked before each write. A
 * line is at most PIPE_BUF bytes, so a pipe that polls as writable takes it whole; another writer could
 * come in between, which is the one case left where a message may wait.
 *
 * What cannot be written is left out and counted, and the next line that gets through says how many
 * (`messages_left_out`), beside the repeats of itself that were not said (`repeats_left_out`). The rest
 * of a line that a terminal took in part comes before the next one: lines are never glued.
 *
 * Speakers take a lock. It is held while one line is formatted and written, some microseconds.
 *
 * Rejected: a thread with a queue (a crash would lose the very lines that tell of it, and an agent that
 * says nothing would still carry the thread). */
#include "base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/message_line.h"
#include "base/repeats.h"

enum channel {
    CHANNEL_PLAIN,  /* write() */
    CHANNEL_POLLED, /* poll(), then write() */
    CHANNEL_SOCKET, /* send() */
};

struct messenger {
    int fd;
    int own_fd; /* the same, opened again; -1: not */
    enum channel channel;
    enum weir_level level;
    enum message_format format;
    pthread_mutex_t lock; /* for what follows */
    uint64_t left_out;    /* lines that could not be written and are not reported yet */
    struct repeats repeats;
    struct message_line line; /* the last one; its bytes from `owed` on are still to be written */
    size_t owed;
};

static void choose_channel(struct messenger *messenger)
{
    struct stat st;
    char path[32];
    if (fstat(messenger->fd, &st) < 0)
        return;
    if (S_ISSOCK(st.st_mode))
        messenger->channel = CHANNEL_SOCKET;
    if (!S_ISFIFO(st.st_mode) && !isatty(messenger->fd))
        return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", messenger->fd);
    messenger->own_fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (messenger->own_fd >= 0)
        messenger->fd = messenger->own_fd;
    else
        messenger->channel = CHANNEL_POLLED;
}

struct messenger *messenger_new(int fd, enum weir_level level, enum message_format format)
{
    struct messenger *messenger = calloc(1, sizeof(*messenger));
    if (!messenger)
        return NULL;
    pthread_mutex_init(&messenger->lock, NULL);
    messenger->fd = fd;
    messenger->own_fd = -1;
    messenger->level = level;
    messenger->format = format;
    choose_channel(messenger);
    return messenger;
}

static ssize_t write_some(const struct messenger *messenger, const char *data, size_t len)
{
    struct pollfd poll_fd = { .fd = messenger->fd, .events = POLLOUT };
    switch (messenger->channel) {
    case CHANNEL_SOCKET: return send(messenger->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    case CHANNEL_POLLED:
        if (poll(&poll_fd, 1, 0) <= 0)
            return 0;
        break;
    case CHANNEL_PLAIN: break;
    }
    return write(messenger->fd, data, len);
}

/* Writes what is left of the line. True when nothing is. */
static bool write_owed(struct messenger *messenger)
{
    struct message_line *line = &messenger->line;
    while (messenger->owed < line->len) {
        ssize_t n =
            write_some(messenger, line->text + messenger->owed, line->len - messenger->owed);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        messenger->owed += (size_t)n;
    }
    return true;
}

static void add_count(struct message_line *line, const char *key, uint64_t count)
{
    struct weir_kv kv = weir_kv_int(key, (int64_t)count);
    if (count)
        message_line_add(line, &kv);
}

static void compose(struct messenger *messenger, enum weir_level level, const char *who,
                    const char *text, const struct weir_kv *kvs, size_t count,
                    uint64_t repeats_left_out)
{
    struct message_line *line = &messenger->line;
    message_line_begin(line, messenger->format, clock_wall(), level, who, text);
    /* The counts first: they are short, and what is long may fill the line. */
    add_count(line, "repeats_left_out", repeats_left_out);
    add_count(line, "messages_left_out", messenger->left_out);
    for (size_t i = 0; i < count; i++)
        message_line_add(line, &kvs[i]);
    message_line_end(line);
    messenger->owed = 0;
}

static void say(struct messenger *messenger, enum weir_level level, const char *who,
                const char *text, const struct weir_kv *kvs, size_t count)
{
    uint64_t repeats_left_out;
    if (!repeats_admit(&messenger->repeats, text, who, clock_monotonic(), &repeats_left_out))
        return;
    messenger->left_out += messenger->repeats.forgotten;
    messenger->repeats.forgotten = 0;
    if (write_owed(messenger)) {
        compose(messenger, level, who, text, kvs, count, repeats_left_out);
        if (write_owed(messenger) || messenger->owed > 0) {
            messenger->left_out = 0;
            return;
        }
        messenger->owed = messenger->line.len; /* not a byte of it went out: nothing is owed */
    }
    messenger->left_out += repeats_left_out + 1;
}

void messenger_say(struct messenger *messenger, enum weir_level level, const char *who,
                   const char *text, const struct weir_kv *kvs, size_t count)
{
    if (level < messenger->level)
        return;
    pthread_mutex_lock(&messenger->lock);
    say(messenger, level, who, text, kvs, count);
    pthread_mutex_unlock(&messenger->lock);
}

static void say_what_was_left_out(struct messenger *messenger)
{
    uint64_t left_out = messenger->left_out + repeats_take_left_out(&messenger->repeats);
    struct weir_kv kv = weir_kv_int("count", (int64_t)left_out);
    messenger->left_out = 0;
    if (left_out)
        say(messenger, WEIR_WARN, NULL, "messages were left out", &kv, 1);
}

struct messenger *messenger_free(struct messenger *messenger)
{
    if (!messenger)
        return NULL;
    say_what_was_left_out(messenger);
    if (messenger->own_fd >= 0)
        close(messenger->own_fd);
    pthread_mutex_destroy(&messenger->lock);
    free(messenger);
    return NULL;
}
