/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_STREAM_TABLE_H
#define WEIR_PIPELINE_STREAM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/str.h>

struct weir_stream;

/* An input's streams by id: tens of thousands of files are opened one after the other, and each asks
 * whether its id is taken. Chains of streams whose ids, which are hashes, begin alike; twice as many of them
 * whenever there are as many streams. Zeroed, it is empty. */
struct stream_table {
    struct weir_stream **chains;
    size_t chain_count, count; /* chain_count is a power of two, or 0 */
};

/* 0 or -ENOMEM. */
WEIR_MUST_USE int stream_table_add(struct stream_table *table, struct weir_stream *stream);
void stream_table_remove(struct stream_table *table, struct weir_stream *stream);
/* Whether a stream of that id is open: one that its input closed does not count. */
bool stream_table_is_open(const struct stream_table *table, const uint8_t id[16]);
void stream_table_deinit(struct stream_table *table); /* it is empty */

#endif
