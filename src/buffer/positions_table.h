/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_POSITIONS_TABLE_H
#define WEIR_BUFFER_POSITIONS_TABLE_H

#include "buffer/positions_slot.h"

/* The slots of a store as they should stand on the disk, found by key, and which blocks of them the disk
 * does not have yet. Memory only, one thread at a time. See positions_table.c. */
struct positions_table;

struct positions_table *positions_table_new(void); /* NULL when memory is short */
struct positions_table *positions_table_free(struct positions_table *table);

/* ---- loading: slots as the file has them, in any order, then positions_table_loaded() once ----------- */

/* Takes a checked slot over. 0, or -ENOMEM. */
int positions_table_load(struct positions_table *table, uint32_t number, const unsigned char *slot);
/* Makes keys findable. An entry whose key stands in a newer one too is freed. 0, or -ENOMEM. */
int positions_table_loaded(struct positions_table *table);

/* ---- entries and the head ---------------------------------------------------------------------------- */

/* The slot of `key`, until the table is changed; NULL when there is none. */
const unsigned char *positions_table_find(const struct positions_table *table,
                                          const struct positions_key *key);
/* 0, -ENOSPC when every slot is taken, -ENOMEM. */
int positions_table_put(struct positions_table *table, const struct positions_key *key,
                        const struct weir_stream_state *state);
void positions_table_remove(struct positions_table *table, const struct positions_key *key);
/* The first slot from `number` on that holds an entry; NULL after the last. *ret_number is its number. */
const unsigned char *positions_table_next(const struct positions_table *table, uint32_t number,
                                          uint32_t *ret_number);
uint32_t positions_table_count(const struct positions_table *table); /* entries */

/* Memory that it takes, in bytes. */
size_t positions_table_bytes(const struct positions_table *table);

/* False when the head was never set. */
bool positions_table_get_head(const struct positions_table *table, struct positions_head *ret);
int positions_table_set_head(struct positions_table *table, const struct positions_head *head);

/* ---- what the disk does not have ----------------------------------------------------------------------- */

/* How many changes there were; every one makes its block dirty. */
uint64_t positions_table_changes(const struct positions_table *table);
bool positions_table_is_dirty(const struct positions_table *table);
/* Moves the dirty blocks into the list that positions_table_take() takes from. */
void positions_table_begin(struct positions_table *table);
/* Copies the next block of that list, unsealed; its number, or -1 when there is none. From here on it is
 * the disk's; whoever cannot write it says positions_table_dirty(). */
int64_t positions_table_take(struct positions_table *table, struct positions_block *ret);
/* The block must be written again. It may be dirty already, or one that memory has nothing of. */
void positions_table_dirty(struct positions_table *table, uint32_t block);
void positions_table_dirty_all(struct positions_table *table);

#endif
