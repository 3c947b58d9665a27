/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_CURSORS_H
#define WEIR_BUFFER_CURSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/str.h>

/* How far one reader of a log is: all below `read` was given to it, or was not for it; what it was given and has
 * not answered, or has answered out of order, or had from elsewhere, stands in a window. Below the watermark all is
 * answered. Pure logic: sequences, no files, no lock. See cursors.c. */

struct cursor_entry {
    uint64_t sequence, end;
    uint64_t records; /* of it that are the reader's */
    int64_t observed;
    bool acked;
};

struct cursor {
    uint64_t read;
    struct cursor_entry *entries; /* in order, from `first` on; they do not overlap */
    size_t first, count, room;
};

void cursor_init(struct cursor *cursor, uint64_t sequence);
void cursor_free(struct cursor *cursor);

/* [sequence, end) is in flight, or acked at once. Nothing of it may be in the window. 0 or -ENOMEM. */
WEIR_MUST_USE int cursor_add(struct cursor *cursor, const struct cursor_entry *entry);

/* All below `sequence` has been given, or was not for the reader. */
void cursor_read_to(struct cursor *cursor, uint64_t sequence);

/* An entry in flight is answered: true, with the records that it had; false when there is none of exactly that
 * range in flight. */
bool cursor_ack(struct cursor *cursor, uint64_t sequence, uint64_t end, uint64_t *ret_records);

/* Takes back what lies at or above `sequence`: it is unread again. */
void cursor_take_back(struct cursor *cursor, uint64_t sequence);

/* All below it is answered. */
uint64_t cursor_watermark(const struct cursor *cursor);

/* Whether all of [sequence, end) is answered. */
bool cursor_is_done(const struct cursor *cursor, uint64_t sequence, uint64_t end);

/* Where what is unread at the read position ends since the reader has the next from elsewhere; UINT64_MAX: nowhere. */
uint64_t cursor_unread_until(const struct cursor *cursor);

/* Whether the record `sequence` is answered, and up to where that is so of all: *ret_until. */
bool cursor_answer_at(const struct cursor *cursor, uint64_t sequence, uint64_t *ret_until);

/* The entry that `sequence` is in, or NULL: until the next change. */
const struct cursor_entry *cursor_find(const struct cursor *cursor, uint64_t sequence);

/* Whether something of [sequence, end) is in flight. */
bool cursor_is_in_flight(const struct cursor *cursor, uint64_t sequence, uint64_t end);

#endif
