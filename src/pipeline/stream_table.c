/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/stream_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "buffer/stream.h"

#define CHAINS_MIN 16

static struct weir_stream **chain_of(struct weir_stream **chains, size_t count,
                                     const uint8_t id[16])
{
    uint64_t hash;
    memcpy(&hash, id, sizeof(hash));
    return &chains[hash & (count - 1)];
}

static int table_grow(struct stream_table *table)
{
    const size_t count = table->chain_count ? 2 * table->chain_count : CHAINS_MIN;
    struct weir_stream **chains = calloc(count, sizeof(chains[0]));
    if (!chains)
        return -ENOMEM;
    for (size_t i = 0; i < table->chain_count; i++)
        for (struct weir_stream *stream = table->chains[i], *next; stream; stream = next) {
            struct weir_stream **chain = chain_of(chains, count, stream->head.id);
            next = stream->next_in_chain;
            stream->next_in_chain = *chain;
            *chain = stream;
        }
    free(table->chains);
    table->chains = chains;
    table->chain_count = count;
    return 0;
}

int stream_table_add(struct stream_table *table, struct weir_stream *stream)
{
    if (table->count >= table->chain_count) {
        int r = table_grow(table);
        if (r < 0 && table->chain_count == 0)
            return r; /* else: longer chains will do */
    }
    struct weir_stream **chain = chain_of(table->chains, table->chain_count, stream->head.id);
    stream->next_in_chain = *chain;
    *chain = stream;
    table->count++;
    return 0;
}

void stream_table_remove(struct stream_table *table, struct weir_stream *stream)
{
    struct weir_stream **at = chain_of(table->chains, table->chain_count, stream->head.id);
    while (*at != stream)
        at = &(*at)->next_in_chain;
    *at = stream->next_in_chain;
    table->count--;
}

bool stream_table_is_open(const struct stream_table *table, const uint8_t id[16])
{
    if (table->chain_count == 0)
        return false;
    const struct weir_stream *stream = *chain_of(table->chains, table->chain_count, id);
    while (stream && (stream->closed || memcmp(stream->head.id, id, sizeof(stream->head.id)) != 0))
        stream = stream->next_in_chain;
    return stream != NULL;
}

void stream_table_deinit(struct stream_table *table)
{
    assert(table->count == 0);
    free(table->chains);
    *table = (struct stream_table){ 0 };
}
