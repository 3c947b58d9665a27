/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_POSITIONS_FILE_H
#define WEIR_BUFFER_POSITIONS_FILE_H

#include "base/disk.h"
#include "buffer/positions_table.h"

/* The positions file on its disk: which side of a block is written next, so that there is always one that
 * holds what was synced last; growing; and replacing the file by a new one. One thread at a time. See
 * positions_file.c for why a crash at any moment is harmless. */

/* What was found on opening. */
struct positions_found {
    bool file; /* there was one */
    uint32_t
        torn; /* slots of which one copy is damaged and the other was used: a crash does that */
    uint32_t lost;    /* slots of which neither copy can be read */
    bool head_lost;   /* the head is one of them: a new instance id must be drawn */
    unsigned version; /* of a file that is not ours to read; 0: it is */
};

struct positions_file {
    struct disk *disk;
    int dir;        /* borrowed */
    int fd;         /* -1: there is none to write in; the next positions_file_write() makes one */
    bool is_new;    /* it is positions.new, and becomes positions with the first good sync */
    int damaged_fd; /* the file found, to be copied to the quarantine before it is replaced; or -1 */
    int quarantined;    /* N when it was copied to quarantine/positions.N; 0: not */
    uint64_t size;      /* with space reserved */
    uint8_t *blocks;    /* enum block_flags, by number */
    uint32_t *unsynced; /* numbers of blocks with BLOCK_UNSYNCED */
    uint32_t unsynced_count, room;
};

/* Begins on `dir`, with no file yet. */
void positions_file_init(struct positions_file *file, struct disk *disk, int dir);
void positions_file_close(struct positions_file *file);

/* Opens the file and loads every intact slot into `table`, for which positions_table_loaded() is still to
 * be called. A block whose sides a crash left unfinished is made dirty. 0 also when there is no file, or
 * when it can be read but not written (then fd stays -1). A negative errno when it is something else (-ELOOP,
 * -EISDIR, -ENODEV), cannot be opened or read, or memory is short. When ret->version is set nothing was
 * loaded, and the file must not be written to. */
int positions_file_open(struct positions_file *file, struct positions_table *table, bool read_only,
                        struct positions_found *ret);

/* Must be called, and answer without an error, before blocks are written: makes positions.new where there is no
 * file to write in. POSITIONS_FILE_NEW when it did: every block must then be written. */
enum { POSITIONS_FILE_NEW = 1 };
int positions_file_ready(struct positions_file *file);

/* Writes block `number`, sealing it. 0, or a negative errno: it must be written again, and when fd is -1
 * now, so must all. */
int positions_file_write(struct positions_file *file, uint32_t number,
                         struct positions_block *block);

/* True while something that was written may not be kept. */
bool positions_file_is_unsynced(const struct positions_file *file);

/* Has the disk keep what was written; fd must not be -1. 0, or a negative errno: every block of
 * file->unsynced must then be written again, and when fd is -1 now, all must. */
int positions_file_sync(struct positions_file *file);

#endif
