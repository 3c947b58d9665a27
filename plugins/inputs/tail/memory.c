/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of files, names and directories is charged to the account of sources (see weir_sources_charge), and
 * a name that nothing is known of yet is only looked into when that has room for a file and what comes with it.
 *
 *     no room ─▶ the name is left as if it were not there ─▶ counted by the scan, told, /readyz is red
 *                                                             │ once a second: is there room?
 *                                                             ▼
 *                                                           a scan, which meets it again
 *
 * Nothing is kept of those that wait, so that they cost nothing, however many there are. What is known goes on:
 * a file that is truncated or renamed is no new one, and the files of earlier runs are known. Directories are
 * few, and without them known files are not found, so the first thousands of them are not asked for. */
#include "memory.h"

#include <stdlib.h>

#include "file.h"
#include "names.h"
#include "scan.h"

/* A file, two names (it may be one behind a symbolic link), its places in tables, and its stored position. */
#define POSITION_BYTES 300
#define FILE_BYTES                                                                                 \
    (sizeof(struct tail_file) + 2 * (sizeof(struct tail_link) + 64) + 64 + POSITION_BYTES)
/* The stream of an open one: those that may yet be opened will have theirs. */
#define STREAM_BYTES 1200
/* What the allocator and the tables add to a piece. */
#define PIECE_BYTES 24

#define LOOK_MS 1000

void *tail_memory_new(struct tail *tail, size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (!memory)
        return tail_starved(tail);
    weir_sources_charge(tail->host, (int64_t)(bytes + PIECE_BYTES));
    return memory;
}

void tail_memory_free(struct tail *tail, void *memory, size_t bytes)
{
    if (memory)
        weir_sources_charge(tail->host, -(int64_t)(bytes + PIECE_BYTES));
    free(memory);
}

void tail_memory_unstored(struct tail *tail, struct tail_file *file)
{
    file->unstored = true;
    weir_sources_charge(tail->host, POSITION_BYTES);
}

void tail_memory_stored(struct tail *tail, struct tail_file *file)
{
    if (file->unstored)
        weir_sources_charge(tail->host, -POSITION_BYTES);
    file->unstored = false;
}

static bool has_room(const struct tail *tail)
{
    const size_t most = (size_t)tail->max_open, files = tail->file_count + 1;
    const size_t open = files < most ? files : most;
    const size_t to_come = open > tail->open_count ? open - tail->open_count : 0;
    return weir_sources_room(tail->host, FILE_BYTES + to_come * STREAM_BYTES);
}

bool tail_memory_admits(struct tail *tail)
{
    if (has_room(tail))
        return true;
    if (tail->scanning || tail->refused == 0)
        tail->refused++;
    if (!tail->scanning)
        tail_memory_scanned(tail);
    return false;
}

void tail_memory_scan(struct tail *tail)
{
    tail->refused = 0;
}

void tail_memory_scanned(struct tail *tail)
{
    weir_sources_waiting(tail->host, tail->refused);
    if (tail->refused && !tail->once)
        weir_timer_set(tail->hunger, LOOK_MS);
}

bool tail_memory_look(struct tail *tail)
{
    if (!has_room(tail)) {
        weir_timer_set(tail->hunger, LOOK_MS);
        return false;
    }
    tail_scan_want(tail);
    return true;
}
