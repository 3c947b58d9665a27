/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_IN_STDIN_ACKS_H
#define WEIR_IN_STDIN_ACKS_H

#include <stdbool.h>
#include <weir/str.h>

/* The number of taken records, printed as it grows. See acks.c. */
struct acks {
    int fd; /* borrowed */
    struct ack {
        uint64_t position; /* when everything before it is committed, */
        uint64_t records;  /* so many more are taken */
    } * pending;           /* a ring */
    size_t first, count, room;
    uint64_t taken, written;
};

WEIR_MUST_USE int stdin_acks_init(struct acks *acks, int fd); /* 0 or -ENOMEM */
void stdin_acks_deinit(struct acks *acks);                    /* zeroed state is fine */

/* `records` more have left, and are taken when the stream is committed up to `position`. */
void stdin_acks_add(struct acks *acks, uint64_t position, uint64_t records);
void stdin_acks_commit(struct acks *acks, uint64_t position);

/* Prints the number if it has grown: 0, -EAGAIN when the reader must be waited for, or -errno. */
WEIR_MUST_USE int stdin_acks_write(struct acks *acks);

#endif
