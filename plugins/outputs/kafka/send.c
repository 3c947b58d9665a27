/* SPDX-License-Identifier: Apache-2.0 */
/* From deliveries to messages.
 *
 *     delivery ─▶ slot ─▶ chunk: encoded ─▶ produced ─▶ librdkafka ─▶ reports.c
 *
 * Slots are a queue: one delivery after the other is encoded, chunk by chunk, and produced in order. It stops
 * when as much is under way as `queue` allows, and goes on as reports come in; nothing waits and nothing is
 * refused. What is produced keeps its order until it is reported, in each partition: librdkafka's promise, with
 * idempotence. */
#include "kafka.h"

#include <assert.h>
#include <stdio.h>

#define SHORT_OF_MEMORY_MS 100

static struct kafka_slot *slot_head(struct out_kafka *self)
{
    return self->slot_count ? &self->slots[self->slot_first] : NULL;
}

static void slot_pop(struct out_kafka *self)
{
    self->slot_first = (self->slot_first + 1) % KAFKA_PARALLEL;
    self->slot_count--;
}

static uint32_t slice_end(const struct weir_slice *slice)
{
    return slice->first + slice->count;
}

void kafka_send_take(struct out_kafka *self, struct weir_delivery *delivery)
{
    assert(self->slot_count < KAFKA_PARALLEL);
    struct kafka_slot *slot =
        &self->slots[(self->slot_first + self->slot_count++) % KAFKA_PARALLEL];
    *slot = (struct kafka_slot){ delivery, *weir_delivery_slice(delivery), 0 };
    slot->at = slot->slice.first;
}

void kafka_send_give_back(struct out_kafka *self)
{
    const struct weir_str why = weir_str_of(self->why);
    struct kafka_current *current = &self->current;
    if (current->chunk) {
        struct weir_delivery *delivery = current->chunk->delivery;
        const uint32_t first = current->pieces[current->next].record;
        const uint32_t last = current->pieces[current->count - 1].record;
        kafka_chunk_close(&self->chunks, current);
        weir_settle(delivery, first, last + 1 - first, WEIR_RETRY, why);
    }
    while (self->slot_count) {
        struct kafka_slot slot = *slot_head(self);
        slot_pop(self);
        weir_settle(slot.delivery, slot.at, slice_end(&slot.slice) - slot.at, WEIR_RETRY, why);
    }
}

/* When it was read, or what its text says, unless that is later: a time in the future is a wrong clock's, and
 * brokers refuse it. Milliseconds since 1970; 0: let librdkafka say. */
static int64_t message_time(const struct weir_batch *batch, uint32_t i)
{
    int64_t time = weir_batch_time(batch, i);
    if (batch->records && batch->records[i].event_time != WEIR_TIME_UNSET) {
        const int64_t observed = weir_batch_run(batch, i)->observed;
        time = time > observed ? observed : time;
    }
    return time > 0 ? time / 1000000 : 0;
}

/* The key of record `i` in self->key: 0, or -ENOMEM. One that is too long is as none. */
static int make_key(struct out_kafka *self, const struct weir_batch *batch, uint32_t i)
{
    self->key.len = 0;
    if (!self->options.key)
        return 0;
    self->key.starved = false;
    if (weir_template_render(self->options.key, batch, i, NULL, &self->key) == 0)
        return 0;
    self->key.len = 0;
    return self->key.starved ? -1 : 0;
}

enum produced { PRODUCED, FULL, REJECTED, STARVED, HELD };

static enum produced take_error(struct out_kafka *self, rd_kafka_error_t *error)
{
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    char words[KAFKA_WHY_MAX];
    snprintf(words, sizeof(words), "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return FULL;
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return REJECTED;
    kafka_hold(self, false, words);
    return HELD;
}

/* Gives one message to librdkafka. *ret_why is set by REJECTED. */
static enum produced produce(struct out_kafka *self, const struct kafka_piece *piece,
                             const char **ret_why)
{
    struct kafka_chunk *chunk = self->current.chunk;
    const struct weir_batch *batch = chunk->slice.batch;
    rd_kafka_headers_t *headers = NULL;
    *ret_why = KAFKA_TOO_LARGE;
    if (piece->value.len > self->options.max_message)
        return REJECTED;
    rd_kafka_topic_t *topic = kafka_topic_of(&self->topic, batch, piece->record, ret_why);
    if (!topic)
        return *ret_why ? REJECTED : STARVED;
    *ret_why = "the message is larger than `max_message` with its key and headers";
    if (make_key(self, batch, piece->record) < 0 ||
        kafka_headers_make(&self->headers, batch, piece->record, &headers) < 0)
        return STARVED;
    rd_kafka_vu_t vus[6]; /* not initialized as a whole: that is 432 bytes a message */
    size_t count = 0;
    vus[count].vtype = RD_KAFKA_VTYPE_RKT;
    vus[count++].u.rkt = topic;
    vus[count].vtype = RD_KAFKA_VTYPE_VALUE;
    vus[count].u.mem.ptr = (void *)(uintptr_t)piece->value.ptr;
    vus[count++].u.mem.size = piece->value.len;
    vus[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
    vus[count++].u.ptr = kafka_opaque(&self->chunks, chunk, piece->record);
    vus[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    vus[count++].u.i64 = message_time(batch, piece->record);
    if (self->key.len) {
        vus[count].vtype = RD_KAFKA_VTYPE_KEY;
        vus[count].u.mem.ptr = self->key.data;
        vus[count++].u.mem.size = self->key.len;
    }
    if (headers) {
        vus[count].vtype = RD_KAFKA_VTYPE_HEADERS;
        vus[count++].u.headers = headers;
    }
    rd_kafka_error_t *error = rd_kafka_produceva(self->producer.rk, vus, count);
    if (!error)
        return PRODUCED;
    if (headers)
        rd_kafka_headers_destroy(headers);
    return take_error(self, error);
}

static bool is_full(const struct out_kafka *self)
{
    return self->unreported >= (uint64_t)self->options.queue.max_records ||
           self->unreported_bytes >= self->options.queue.max_bytes;
}

static void reject(struct weir_delivery *delivery, uint32_t record, const char *why)
{
    weir_settle(delivery, record, 1, WEIR_REJECTED, weir_str_of(why));
}

/* Produces the current chunk. True when it is through, or given back. */
static bool produce_current(struct out_kafka *self)
{
    struct kafka_current *current = &self->current;
    while (current->next < current->count) {
        const struct kafka_piece *piece = &current->pieces[current->next];
        const char *why;
        if (is_full(self))
            return false;
        switch (produce(self, piece, &why)) {
        case PRODUCED:
            current->chunk->unreported++;
            self->unreported++;
            self->unreported_bytes += piece->value.len;
            break;
        case REJECTED: reject(current->chunk->delivery, piece->record, why); break;
        case FULL: return false; /* reports make room */
        case STARVED: weir_timer_set(self->again, SHORT_OF_MEMORY_MS); return false;
        case HELD: return false;
        }
        current->next++;
    }
    kafka_chunk_close(&self->chunks, current);
    return true;
}

/* Makes the next chunk current; false when that must wait, or nothing is left. */
static bool next_chunk(struct out_kafka *self)
{
    struct kafka_slot *slot;
    while ((slot = slot_head(self))) {
        struct weir_str rejected;
        struct weir_delivery *delivery = slot->delivery;
        bool begun = kafka_chunk_begin(&self->chunks, self->options.codec, delivery, &slot->slice,
                                       &slot->at, &self->current, &rejected);
        const uint32_t record = slot->at;
        slot->at += rejected.len != 0;
        if (slot->at == slice_end(&slot->slice))
            slot_pop(self);
        if (rejected.len)
            weir_settle(delivery, record, 1, WEIR_REJECTED, rejected);
        else if (begun)
            return true;
        else {
            if (!self->unreported) /* else reports make room */
                weir_timer_set(self->again, SHORT_OF_MEMORY_MS);
            return false;
        }
    }
    return false;
}

void kafka_send(struct out_kafka *self)
{
    while (self->mode == KAFKA_RUNNING && self->producer.rk && !is_full(self) &&
           kafka_schema_is_ready(&self->schema) && (self->current.chunk || next_chunk(self)))
        if (!produce_current(self))
            break;
    kafka_schema_count(&self->schema);
}

void kafka_send_again(void *state)
{
    kafka_send(state);
}
