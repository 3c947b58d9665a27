/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_POSITIONS_STORE_H
#define WEIR_BUFFER_POSITIONS_STORE_H

#include <pthread.h>

#include "base/budget.h"
#include "buffer/positions_file.h"

/* Table and file together, with the lock between those who put and the one who writes. There is no time in
 * here, and no thread: positions.c has both, and the model test does without. */
struct positions_store {
    pthread_mutex_t mutex; /* guards table and synced; never held across a disk call */
    struct positions_table *table;
    struct budget *budget; /* its memory is charged to that; NULL: to nobody */
    size_t charged;
    struct positions_file file; /* the writer's */
    struct disk *disk;
    int dir;
    uint64_t written; /* changes that are in the file, if the next sync is good */
    uint64_t synced;  /* changes that are kept */
};

/* Opens, locks (unless `read_only`) and loads. `machine` (16 bytes) may be NULL; *ret_moved says that the
 * store was another machine's before. A store without a head, new or damaged, gets one, with an instance id
 * drawn, unless it is only read. Nothing is written yet.
 * 0, or a negative errno with *err set. positions_store_close() either way. */
struct positions_store_options {
    struct disk *disk;
    const char *dir;
    bool read_only;
    const uint8_t *machine;
    struct budget *budget; /* may be NULL */
};
int positions_store_open(struct positions_store *store,
                         const struct positions_store_options *options,
                         struct positions_found *ret_found, bool *ret_moved,
                         struct weir_error *err);
/* Nothing is written. */
void positions_store_close(struct positions_store *store);

/* *ret_first is true when this made something dirty where nothing was: the writer may be asleep.
 * Putting returns 0 or a negative errno of positions_table_put(). @thread any. */
int positions_store_put(struct positions_store *store, const struct positions_key *key,
                        const struct weir_stream_state *state, bool *ret_first);
void positions_store_remove(struct positions_store *store, const struct positions_key *key,
                            bool *ret_first);
void positions_store_clock(struct positions_store *store, uint64_t ceiling, bool may_lower,
                           bool *ret_first);

/* As in positions.h. @thread any. */
bool positions_store_get(struct positions_store *store, const struct positions_key *key,
                         struct weir_stream_state *ret);
int positions_store_list(struct positions_store *store, uint64_t owner,
                         struct weir_stream_state **ret, size_t *ret_count);
void positions_store_walk(struct positions_store *store, positions_walk_f *walk, void *arg);
uint32_t positions_store_count(struct positions_store *store);
struct positions_head positions_store_head(struct positions_store *store);

/* How many changes there were so far, and how many of them, from the first on, are kept. @thread any. */
uint64_t positions_store_changes(struct positions_store *store);
uint64_t positions_store_synced(struct positions_store *store);

/* ---- the writer ---------------------------------------------------------------------------------------- */

/* True while the file has what a power cut could take. */
bool positions_store_is_unsynced(const struct positions_store *store);

/* Writes what is dirty; *ret_blocks is how many blocks. 0, or the first error: what failed stays dirty. */
int positions_store_flush(struct positions_store *store, uint64_t *ret_blocks);
/* Makes stable what was written. 0, or an error: what is not stable is dirty again. */
int positions_store_sync(struct positions_store *store);

#endif
