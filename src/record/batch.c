/* SPDX-License-Identifier: Apache-2.0 */
/* Batches and their records: see include/weir/batch.h for the two shapes, which are the design.
 *
 * What is derived and not stored: a plain line's text (from two ends), a record's position (from its
 * run), its id (from stream and position). Storing them would cost a quarter of the memory of short
 * lines, and most records never need them. */
#include "record/batch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "record/stream_id.h"

/* Fields that a record has room for beyond those that a parser found: later filters add a few. */
#define SPARE_FIELDS 4

static_assert(sizeof(struct weir_field) == 24, "a field is three words");
static_assert(sizeof(struct weir_record) == 56, "a record is seven words");

const struct weir_run *weir_batch_run(const struct weir_batch *batch, uint32_t i)
{
    uint32_t low = 0, high = batch->run_count - 1;
    while (low < high) { /* the last run that begins at or before i */
        uint32_t middle = (low + high + 1) / 2;
        if (batch->runs[middle].first <= i)
            low = middle;
        else
            high = middle - 1;
    }
    return &batch->runs[low];
}

struct weir_str weir_batch_line(const struct weir_batch *batch, uint32_t i)
{
    struct weir_str span = weir_batch_span(batch, batch->records ? batch->records[i].line : i);
    span.len--;
    if (span.len > 0 && span.ptr[span.len - 1] == '\r' &&
        (weir_batch_run(batch, i)->flags & WEIR_RUN_STRIP_CR))
        span.len--;
    return span;
}

uint64_t weir_batch_position(const struct weir_batch *batch, uint32_t i)
{
    const struct weir_run *run = weir_batch_run(batch, i);
    if (batch->offsets)
        return run->from + batch->offsets[i];
    return run->from +
           (size_t)(weir_batch_span(batch, i).ptr - weir_batch_span(batch, run->first).ptr);
}

uint64_t weir_batch_clock(const struct weir_batch *batch, uint32_t i)
{
    const struct weir_run *run = weir_batch_run(batch, i);
    return run->clock + (batch->ticks ? batch->ticks[i] : i - run->first);
}

int64_t weir_batch_time(const struct weir_batch *batch, uint32_t i)
{
    if (batch->records && batch->records[i].event_time != WEIR_TIME_UNSET)
        return batch->records[i].event_time;
    return weir_batch_run(batch, i)->observed;
}

void weir_batch_record_id(const struct weir_batch *batch, uint32_t i, uint8_t ret_id[16])
{
    struct {
        uint8_t stream[16];
        uint64_t position;
    } identity;
    static_assert(sizeof(identity) == 24, "hashed as bytes: no padding");
    stream_id_copy(weir_batch_run(batch, i)->stream, identity.stream);
    identity.position = weir_batch_position(batch, i);
    hash128(&identity, sizeof(identity), ret_id);
}

void *weir_batch_alloc(struct weir_batch *pub, size_t bytes)
{
    return arena_alloc(&batch_of(pub)->arena, bytes);
}

struct weir_field *weir_batch_fields(struct weir_batch *pub, uint32_t want)
{
    size_t fields = (size_t)want + SPARE_FIELDS;
    return arena_reserve(&batch_of(pub)->arena, fields * sizeof(struct weir_field));
}

void weir_record_keep_fields(struct weir_batch *pub, struct weir_record *record,
                             struct weir_field *fields, uint32_t used)
{
    record->fields = fields;
    record->count = used;
    record->room = used + SPARE_FIELDS;
    arena_keep(&batch_of(pub)->arena, record->room * sizeof(*fields));
}

uint64_t *batch_bitmap(struct batch *batch)
{
    size_t bytes = bitmap_words(batch->pub.count) * sizeof(uint64_t);
    uint64_t *bits = arena_alloc(&batch->arena, bytes);
    if (bits)
        memset(bits, 0, bytes);
    return bits;
}

uint32_t bitmap_count(const uint64_t *bits, uint32_t count)
{
    uint32_t set = 0;
    for (size_t word = 0; word < bitmap_words(count); word++)
        set += (uint32_t)__builtin_popcountll(bits[word]);
    return set;
}

uint32_t batch_records_for(const struct batch *batch, unsigned index)
{
    if (batch->masks && batch->masks[index])
        return bitmap_count(batch->masks[index], batch->pub.count);
    return batch->pub.count - batch->dropped_count;
}

void batch_unmark(struct batch *batch)
{
    free(batch->rejected);
    free(batch->parked);
    batch->rejected = batch->parked = NULL;
}

static bool line_is_truncated(const struct weir_batch *pub, uint32_t i)
{
    const struct weir_run *run = weir_batch_run(pub, i);
    return (run->flags & WEIR_RUN_TRUNCATED) && i == run->first + run->count - 1;
}

/* The fields of line `i`; returns how many. */
static uint32_t line_fields(const struct weir_batch *pub, uint32_t i, struct weir_field fields[2])
{
    struct weir_str line = weir_batch_line(pub, i);
    fields[0] = (struct weir_field){ .name = "message",
                                     .name_len = 7,
                                     .value = line.ptr,
                                     .value_len = (uint32_t)line.len,
                                     .type = WEIR_VALUE_STRING,
                                     .flags = WEIR_NAME_CLEAN };
    if (!line_is_truncated(pub, i))
        return 1;
    fields[1] = (struct weir_field){ .name = "weir.truncated",
                                     .name_len = 14,
                                     .value = "true",
                                     .value_len = 4,
                                     .type = WEIR_VALUE_BOOL,
                                     .flags = WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN };
    return 2;
}

int weir_record_set_message(struct weir_batch *pub, uint32_t i)
{
    struct weir_field *fields = weir_batch_fields(pub, 2);
    if (!fields)
        return -ENOMEM;
    struct weir_record *record = &pub->records[i];
    record->object = NULL;
    record->object_len = record->object_fields = 0;
    weir_record_keep_fields(pub, record, fields, line_fields(pub, i, fields));
    return 0;
}

const struct weir_record *weir_batch_record(const struct weir_batch *pub, uint32_t i,
                                            struct weir_line_record *room)
{
    if (pub->records)
        return &pub->records[i];
    room->record = (struct weir_record){ .fields = room->fields,
                                         .count = line_fields(pub, i, room->fields),
                                         .event_time = WEIR_TIME_UNSET,
                                         .line = i };
    return &room->record;
}

static int batch_open(struct weir_batch *pub, bool with_message)
{
    if (pub->records)
        return 0;
    struct weir_record *records = weir_batch_alloc(pub, (size_t)pub->count * sizeof(*records));
    if (!records)
        return -ENOMEM;
    for (uint32_t i = 0; i < pub->count; i++)
        records[i] = (struct weir_record){ .event_time = WEIR_TIME_UNSET, .line = i };
    pub->records = records;
    for (uint32_t i = 0; i < pub->count; i++)
        if (with_message || weir_batch_is_dropped(pub, i)) {
            int r = weir_record_set_message(pub, i);
            if (r < 0) {
                pub->records = NULL; /* still a batch of plain lines */
                return r;
            }
        }
    return 0;
}

int weir_batch_open_records(struct weir_batch *pub)
{
    return batch_open(pub, true);
}

int weir_batch_open_empty(struct weir_batch *pub)
{
    return batch_open(pub, false);
}

void weir_batch_drop(struct weir_batch *pub, uint32_t i)
{
    struct batch *batch = batch_of(pub);
    assert(i < pub->count);
    if (!batch->dropped) {
        batch->dropped = batch_bitmap(batch);
        if (!batch->dropped)
            return; /* out of memory: the record stays, which loses nothing */
        pub->dropped = batch->dropped;
    }
    uint64_t bit = (uint64_t)1 << (i % 64);
    if (!(batch->dropped[i / 64] & bit)) {
        batch->dropped[i / 64] |= bit;
        batch->dropped_count++;
    }
}
