/* SPDX-License-Identifier: Apache-2.0 */
/* Files take turns. One that has more than TURN_BYTES goes to the end of the line, so that the busiest gets
 * no more than its share; small ones share a block, which costs the rest of the pipeline as little as a
 * large one's.
 *
 * A block is only held while this runs. With nothing to read there is no block, no timer and no wake-up. */
#include "reader.h"

#include "file.h"
#include "order.h"
#include "orphan.h"
#include "turn.h"

/* Blocks read before other events have their turn. */
#define BLOCKS_PER_RUN 2

/* What a file may read before the others have their turn: enough that opening it again, where there are
 * more files than descriptors, does not count. */
#define TURN_BYTES ((uint64_t)1024 * 1024)

/* A block with less room than that is handed over. */
#define ROOM_MIN 8192

/* A deleted file with something to read; NULL: none. Our descriptor is all that keeps it, so it comes before
 * those that wait on the disk. */
static struct tail_file *next_vanishing(const struct tail *tail)
{
    for (struct tail_list *at = tail->vanishing.next; at != &tail->vanishing; at = at->next) {
        struct tail_file *file = tail_of(at, struct tail_file, vanishing);
        if (tail_list_has(&file->ready))
            return file;
    }
    return NULL;
}

/* The next file whose turn it is. */
static struct tail_file *next_file(struct tail *tail)
{
    struct tail_file *file = next_vanishing(tail);
    if (!file)
        file = tail_of(tail->ready.next, struct tail_file, ready);
    return tail_order_next(file);
}

/* Hands the block over. */
static void emit(struct tail *tail, struct weir_block **block, unsigned *blocks)
{
    *blocks += !weir_block_is_empty(*block);
    weir_emit(tail->host, *block);
    *block = NULL;
    tail->block++;
}

static bool is_nearly_full(struct weir_block *block)
{
    size_t room;
    weir_block_room(block, &room);
    return room < ROOM_MIN;
}

/* A file with more to read keeps its turn until it had its share. */
static void go_on(struct tail *tail, struct tail_file *file, uint64_t before, unsigned *blocks)
{
    file->turn += file->position - before;
    if (file->position == before) { /* it looked for a line's end: that is work too */
        file->turn += WEIR_BLOCK_BYTES;
        ++*blocks;
    }
    if (file->turn < TURN_BYTES)
        return;
    file->turn = 0;
    tail_list_append(&tail->ready, &file->ready);
}

/* One part of a turn. False when there is no memory for it. */
static bool give_turn(struct tail *tail, struct weir_block **block, unsigned *blocks)
{
    if (!*block) {
        *block = weir_block_new(tail->host, tail->want ? tail->want : WEIR_BLOCK_BYTES);
        if (!*block)
            return false;
        tail->want = 0;
    }
    struct tail_file *file = next_file(tail);
    const uint64_t before = file->position;
    switch (tail_turn(tail, file, *block)) {
    case TAIL_TURN_DONE: break;
    case TAIL_TURN_MORE: go_on(tail, file, before, blocks); break;
    case TAIL_TURN_FULL: emit(tail, block, blocks); return true;
    }
    if (is_nearly_full(*block))
        emit(tail, block, blocks);
    return true;
}

/* --once: all that can be read has been. A file that is there and could not be read is tried again by the
 * next run; but this one must not be taken for a success. */
static void end(struct tail *tail)
{
    unsigned unread = tail->refused;
    for (struct tail_list *at = tail->files.next; at != &tail->files; at = at->next) {
        const struct tail_file *file = tail_of(at, struct tail_file, all);
        unread += file->denied || file->suspended;
    }
    if (unread)
        weir_input_fail(tail->host, WEIR_STR("not all files could be read, as was told"));
    else
        weir_input_end(tail->host);
}

void tail_reader_run(struct tail *tail)
{
    struct weir_block *block = NULL;
    unsigned blocks = 0;
    tail->blocked = false;
    if (tail->stopped)
        return;
    weir_input_rescue(tail->host, next_vanishing(tail) != NULL);
    /* A file that was not where it was is found again before its successor is read. */
    while (!tail_list_is_empty(&tail->ready) && blocks < BLOCKS_PER_RUN && !tail->blocked) {
        tail->blocked = !give_turn(tail, &block, &blocks);
        tail_orphans(tail);
    }
    if (block)
        emit(tail, &block, &blocks);
    while (!tail_list_is_empty(&tail->doomed))
        tail_file_forget(tail, tail_of(tail->doomed.next, struct tail_file, orphan));
    weir_input_lag(tail->host, tail->lag);
    if (tail->blocked)
        return;
    if (!tail_list_is_empty(&tail->ready))
        weir_input_again(tail->host);
    else if (tail->once && tail->started && !tail->rescan_wanted)
        end(tail);
}
