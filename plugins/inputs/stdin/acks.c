/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever feeds standard input may want to know what is safe, to send the rest again after a crash: `ack_fd`
 * is a descriptor of theirs on which a decimal number and a newline are printed each time that more records
 * have been taken by every output.
 *
 * Positions are bytes, numbers are records: a queue holds, for each run that left, where it ends and how
 * many records it has. Should memory be short for another entry, the last one grows instead; then the
 * number moves later than it could, never earlier.
 *
 * Only the latest number counts, so a reader that is slow misses some, and nothing waits for it. A number
 * is far below PIPE_BUF, so it is written whole or not at all. */
#include "acks.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROOM_FIRST 64

int stdin_acks_init(struct acks *acks, int fd)
{
    *acks = (struct acks){ .fd = fd, .room = ROOM_FIRST };
    acks->pending = calloc(acks->room, sizeof(acks->pending[0]));
    return acks->pending ? 0 : -ENOMEM;
}

void stdin_acks_deinit(struct acks *acks)
{
    free(acks->pending);
    acks->pending = NULL;
}

static struct ack *entry(struct acks *acks, size_t i)
{
    return &acks->pending[(acks->first + i) % acks->room];
}

static bool grow(struct acks *acks)
{
    struct ack *pending = calloc(2 * acks->room, sizeof(pending[0]));
    if (!pending)
        return false;
    for (size_t i = 0; i < acks->count; i++)
        pending[i] = *entry(acks, i);
    free(acks->pending);
    acks->pending = pending;
    acks->first = 0;
    acks->room *= 2;
    return true;
}

void stdin_acks_add(struct acks *acks, uint64_t position, uint64_t records)
{
    if (records == 0)
        return;
    if (acks->count < acks->room || grow(acks))
        *entry(acks, acks->count++) = (struct ack){ 0 };
    struct ack *last = entry(acks, acks->count - 1);
    last->position = position;
    last->records += records;
}

void stdin_acks_commit(struct acks *acks, uint64_t position)
{
    while (acks->count && entry(acks, 0)->position <= position) {
        acks->taken += entry(acks, 0)->records;
        acks->first = (acks->first + 1) % acks->room;
        acks->count--;
    }
}

int stdin_acks_write(struct acks *acks)
{
    char text[24];
    struct pollfd poll_fd = { .fd = acks->fd, .events = POLLOUT };
    if (acks->written == acks->taken)
        return 0;
    if (poll(&poll_fd, 1, 0) <= 0)
        return -EAGAIN;
    int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", acks->taken);
    ssize_t n = write(acks->fd, text, (size_t)len);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    acks->written = acks->taken;
    return 0;
}
