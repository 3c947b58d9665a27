/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define SIZE_MIN 16

static struct tail_node **bucket_of(const struct tail_table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->size - 1)];
}

static int table_grow(struct tail_table *table)
{
    const struct tail_table old = *table;
    struct tail_table bigger = { .size = old.size ? old.size * 2 : SIZE_MIN, .count = old.count };
    bigger.buckets = calloc(bigger.size, sizeof(bigger.buckets[0]));
    if (!bigger.buckets)
        return -ENOMEM;
    for (size_t i = 0; i < old.size; i++) {
        for (struct tail_node *node = old.buckets[i], *next; node; node = next) {
            next = node->next;
            struct tail_node **bucket = bucket_of(&bigger, node->hash);
            node->next = *bucket;
            *bucket = node;
        }
    }
    free(old.buckets);
    *table = bigger;
    return 0;
}

int tail_table_add(struct tail_table *table, struct tail_node *node, uint64_t hash)
{
    if (table->count >= table->size && table_grow(table) < 0 && table->size == 0)
        return -ENOMEM; /* a full one still works, slowly */
    struct tail_node **bucket = bucket_of(table, hash);
    node->hash = hash;
    node->next = *bucket;
    *bucket = node;
    table->count++;
    return 0;
}

void tail_table_remove(struct tail_table *table, struct tail_node *node)
{
    struct tail_node **at = bucket_of(table, node->hash);
    while (*at != node) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = node->next;
    table->count--;
}

struct tail_node *tail_table_find(const struct tail_table *table, uint64_t hash)
{
    struct tail_node *node = table->size ? *bucket_of(table, hash) : NULL;
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct tail_node *tail_table_next(const struct tail_node *node)
{
    struct tail_node *next = node->next;
    while (next && next->hash != node->hash)
        next = next->next;
    return next;
}

void tail_table_deinit(struct tail_table *table)
{
    free(table->buckets);
    *table = (struct tail_table){ 0 };
}
