/* SPDX-License-Identifier: Apache-2.0 */
/* The window of one reader, in the order of the log:
 *
 *     ... acked | in flight | acked acked | in flight |            unread            | acked |
 *               ^ watermark                           ^ read                         had from memory
 *
 * Neighbours that are acked become one entry, so the window is as large as what is in flight, and not as what
 * a slow one among them holds up. Entries below the watermark go. What lies between two entries below `read` was
 * not for the reader, and is answered; what lies between two entries above it is unread, and keeps them apart. */
#include "buffer/cursors.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void cursor_init(struct cursor *cursor, uint64_t sequence)
{
    *cursor = (struct cursor){ .read = sequence };
}

void cursor_free(struct cursor *cursor)
{
    free(cursor->entries);
    *cursor = (struct cursor){ 0 };
}

static struct cursor_entry *at(const struct cursor *cursor, size_t i)
{
    return &cursor->entries[cursor->first + i];
}

/* The first entry that ends behind `sequence`; their count when there is none. */
static size_t find(const struct cursor *cursor, uint64_t sequence)
{
    size_t low = 0, high = cursor->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (at(cursor, middle)->end <= sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void take_out(struct cursor *cursor, size_t i)
{
    if (i == 0) {
        cursor->first++;
    } else {
        memmove(at(cursor, i), at(cursor, i) + 1, (cursor->count - i - 1) * sizeof(*at(cursor, 0)));
    }
    cursor->count--;
    if (cursor->count == 0)
        cursor->first = 0;
}

/* Entries that the read position has come to are read; those that the watermark has passed go. */
static void settle(struct cursor *cursor)
{
    size_t i = find(cursor, cursor->read);
    while (i < cursor->count && at(cursor, i)->sequence <= cursor->read)
        cursor->read = at(cursor, i++)->end;
    while (cursor->count && at(cursor, 0)->acked && at(cursor, 0)->end <= cursor->read)
        take_out(cursor, 0);
}

/* Makes entry `i` and its acked neighbours one. */
static void merge(struct cursor *cursor, size_t i)
{
    for (int side = 0; side < 2; side++) {
        size_t a = side ? i : i - 1;
        if ((!side && i == 0) || a + 1 >= cursor->count)
            continue;
        struct cursor_entry *one = at(cursor, a), *two = one + 1;
        if (!one->acked || !two->acked ||
            (one->end != two->sequence && two->sequence > cursor->read))
            continue;
        one->end = two->end;
        one->records += two->records;
        take_out(cursor, a + 1);
        i = a;
    }
}

static int make_room(struct cursor *cursor)
{
    if (cursor->first + cursor->count < cursor->room)
        return 0;
    if (cursor->first > cursor->room / 2) {
        memmove(cursor->entries, at(cursor, 0), cursor->count * sizeof(cursor->entries[0]));
        cursor->first = 0;
        return 0;
    }
    size_t room = cursor->room ? 2 * cursor->room : 16;
    struct cursor_entry *entries = realloc(cursor->entries, room * sizeof(entries[0]));
    if (!entries)
        return -ENOMEM;
    cursor->entries = entries;
    cursor->room = room;
    return 0;
}

int cursor_add(struct cursor *cursor, const struct cursor_entry *entry)
{
    assert(entry->sequence < entry->end);
    int r = make_room(cursor);
    if (r < 0)
        return r;
    size_t i = find(cursor, entry->sequence);
    assert(i == cursor->count || entry->end <= at(cursor, i)->sequence);
    memmove(at(cursor, i) + 1, at(cursor, i), (cursor->count - i) * sizeof(*entry));
    *at(cursor, i) = *entry;
    cursor->count++;
    if (entry->acked)
        merge(cursor, i);
    settle(cursor);
    return 0;
}

void cursor_read_to(struct cursor *cursor, uint64_t sequence)
{
    if (sequence > cursor->read)
        cursor->read = sequence;
    settle(cursor);
}

bool cursor_ack(struct cursor *cursor, uint64_t sequence, uint64_t end, uint64_t *ret_records)
{
    size_t i = find(cursor, sequence);
    if (i == cursor->count || at(cursor, i)->sequence != sequence || at(cursor, i)->end != end ||
        at(cursor, i)->acked)
        return false;
    at(cursor, i)->acked = true;
    *ret_records = at(cursor, i)->records;
    merge(cursor, i);
    settle(cursor);
    return true;
}

void cursor_take_back(struct cursor *cursor, uint64_t sequence)
{
    while (cursor->count && at(cursor, cursor->count - 1)->sequence >= sequence)
        cursor->count--;
    if (cursor->count && at(cursor, cursor->count - 1)->end > sequence)
        at(cursor, cursor->count - 1)->end = sequence; /* answered ones that are one entry */
    if (cursor->read > sequence)
        cursor->read = sequence;
}

uint64_t cursor_watermark(const struct cursor *cursor)
{
    for (size_t i = 0; i < cursor->count; i++) {
        const struct cursor_entry *entry = at(cursor, i);
        if (entry->sequence >= cursor->read)
            break;
        if (!entry->acked)
            return entry->sequence;
    }
    return cursor->read;
}

bool cursor_is_done(const struct cursor *cursor, uint64_t sequence, uint64_t end)
{
    if (end <= cursor_watermark(cursor))
        return true;
    const struct cursor_entry *entry = cursor_find(cursor, sequence);
    return entry && entry->acked && end <= entry->end;
}

uint64_t cursor_unread_until(const struct cursor *cursor)
{
    size_t i = find(cursor, cursor->read);
    return i < cursor->count ? at(cursor, i)->sequence : UINT64_MAX;
}

bool cursor_answer_at(const struct cursor *cursor, uint64_t sequence, uint64_t *ret_until)
{
    size_t i = find(cursor, sequence);
    const struct cursor_entry *entry = i < cursor->count ? at(cursor, i) : NULL;
    bool inside = entry && entry->sequence <= sequence;
    /* Between entries, what has been read was not for the reader. */
    bool answered = inside ? entry->acked : sequence < cursor->read;
    uint64_t until = inside ? entry->end : entry ? entry->sequence : UINT64_MAX;
    if (!inside && answered && until > cursor->read)
        until = cursor->read;
    *ret_until = until;
    return answered;
}

const struct cursor_entry *cursor_find(const struct cursor *cursor, uint64_t sequence)
{
    size_t i = find(cursor, sequence);
    return i < cursor->count && at(cursor, i)->sequence <= sequence ? at(cursor, i) : NULL;
}

bool cursor_is_in_flight(const struct cursor *cursor, uint64_t sequence, uint64_t end)
{
    for (size_t i = find(cursor, sequence); i < cursor->count && at(cursor, i)->sequence < end; i++)
        if (!at(cursor, i)->acked)
            return true;
    return false;
}
