/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_CHUNKS_H
#define OUT_KAFKA_CHUNKS_H

#include <weir/plugin.h>

/* The bytes of messages under way. See chunks.c. */
#define KAFKA_CHUNKS 64
#define KAFKA_CHUNK_BYTES ((size_t)256 * 1024)
#define KAFKA_CHUNK_RECORDS 4096
#define KAFKA_TOO_LARGE "the message is larger than `max_message`"

/* Neighbouring records of one delivery, encoded. */
struct kafka_chunk {
    struct weir_delivery *delivery;
    struct weir_slice slice; /* the delivery's */
    struct weir_bytes bytes; /* what the messages point into, unless they point into the batch */
    uint32_t unreported;     /* messages that librdkafka has */
    bool open;               /* more of its records will be produced */
    bool taken;
};

/* The chunk that is being produced: its records' bytes, one after the other. */
struct kafka_piece {
    struct weir_str value;
    uint32_t record;
};
struct kafka_current {
    struct kafka_chunk *chunk; /* NULL: none is */
    uint32_t count, next;      /* pieces; the next to produce */
    struct kafka_piece pieces[KAFKA_CHUNK_RECORDS];
};

struct kafka_chunks {
    struct kafka_chunk items[KAFKA_CHUNKS];
    size_t bytes;     /* of memory behind those that are taken */
    size_t bytes_max; /* no more are begun beyond that */
};

/* Messages of `message_max` bytes at most; `bytes_max` for all that is under way. */
void kafka_chunks_init(struct kafka_chunks *chunks, size_t message_max, size_t bytes_max);
void kafka_chunks_deinit(struct kafka_chunks *chunks);

/* Begins a chunk with the records of `slice` from *at on, which moves behind them, and makes it `current`.
 * False when it cannot be: too much is under way, or memory is short, or the record at *at is too large
 * or one that the codec refuses (then *ret_rejected says why, until the next call; else it is empty). */
bool kafka_chunk_begin(struct kafka_chunks *chunks, struct weir_encoder *codec,
                       struct weir_delivery *delivery, const struct weir_slice *slice, uint32_t *at,
                       struct kafka_current *current, struct weir_str *ret_rejected);
/* Nothing more of the current chunk will be produced. */
void kafka_chunk_close(struct kafka_chunks *chunks, struct kafka_current *current);
/* One of its messages has been reported. */
void kafka_chunk_reported(struct kafka_chunks *chunks, struct kafka_chunk *chunk);

/* What stands in a message's opaque pointer: its chunk and its record. */
void *kafka_opaque(const struct kafka_chunks *chunks, const struct kafka_chunk *chunk,
                   uint32_t record);
struct kafka_chunk *kafka_opaque_chunk(struct kafka_chunks *chunks, const void *opaque);
uint32_t kafka_opaque_record(const void *opaque);

#endif
