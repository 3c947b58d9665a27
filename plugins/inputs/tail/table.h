/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_TABLE_H
#define WEIR_TAIL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A hash table whose nodes live inside of what they find. All zero is an empty one. It finds by hash;
 * whether a node of that hash is the one looked for, the caller decides. It grows with what is in it. */
struct tail_node {
    struct tail_node *next;
    uint64_t hash;
};

struct tail_table {
    struct tail_node **buckets;
    size_t size, count;
};

/* 0 or -ENOMEM. */
int tail_table_add(struct tail_table *table, struct tail_node *node, uint64_t hash);
/* Takes out a node that is in the table. */
void tail_table_remove(struct tail_table *table, struct tail_node *node);
/* The first node of a hash, and the next of the same; NULL when there is none. */
struct tail_node *tail_table_find(const struct tail_table *table, uint64_t hash);
struct tail_node *tail_table_next(const struct tail_node *node);
/* The nodes are the caller's to free. */
void tail_table_deinit(struct tail_table *table);

#endif
