/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BATCH_H
#define WEIR_BATCH_H

#include <weir/str.h>

/* A batch: about 256 KiB of bytes as they were read, and an index of the records in them.
 *
 * It has two shapes. As the input hands it over it holds plain lines, and one 32-bit number a record
 * is all there is:
 *
 *     data  | first line \n | second line \n | third \n |
 *     ends                ^                ^          ^        record i spans ends[i-1] .. ends[i]
 *
 * The span ends with the one byte that the input found or put there as terminator ('\n'); the record's
 * one field is `message`, the span without it. A filter that parses, or adds to, records calls
 * weir_batch_open_records() and gets the second shape: an array of struct weir_record, each with
 * fields that are views into the data, into the batch's arena, or into memory that outlives the batch
 * (a filter's own state). Nothing is allocated per record: arrays come from the arena, which is given
 * back with the batch in one move.
 *
 * A run says where a range of records came from: its stream, and the positions it covers. What all of
 * a run's records share (observed time, logical clock, stream) stands there once.
 *
 * Threads: a batch belongs to one thread at a time. After the filter stage it is read-only and shared
 * by the outputs. At least WEIR_BATCH_PADDING readable bytes follow `data`, so that vector code may
 * load past the end. */

#define WEIR_BATCH_PADDING 64

/* What a field's text means. The text of INT and FLOAT follows JSON's number grammar, that of BOOL is
 * true or false, NULL has null; JSON is an object or an array, kept as text. */
enum weir_value {
    WEIR_VALUE_NULL,
    WEIR_VALUE_BOOL,
    WEIR_VALUE_INT, /* fits int64_t */
    WEIR_VALUE_FLOAT,
    WEIR_VALUE_STRING,
    WEIR_VALUE_JSON,
};

enum weir_field_flags {
    /* The text stands between quotes in valid JSON and holds backslash escapes: weir_field_text()
     * decodes it, the json codec copies it. */
    WEIR_VALUE_ESCAPED = 1,
    WEIR_NAME_ESCAPED = 2,
    /* The text is known to be valid UTF-8 without quote, backslash or control byte: it needs no
     * escaping in JSON, and none was undone. */
    WEIR_VALUE_CLEAN = 4,
    WEIR_NAME_CLEAN = 8,
};

struct weir_field {
    const char *name;
    const char *value;
    uint32_t value_len;
    uint16_t name_len;
    uint8_t type;  /* enum weir_value */
    uint8_t flags; /* enum weir_field_flags */
};

/* Trace context, as W3C Trace Context has it, in binary. */
struct weir_trace {
    uint8_t trace_id[16]; /* all zero: none */
    uint8_t span_id[8];   /* all zero: none */
    uint8_t trace_flags;
};

#define WEIR_TIME_UNSET INT64_MIN

/* One record of an opened batch. */
struct weir_record {
    struct weir_field *fields; /* in order; names are unique */
    uint32_t count, room;      /* fields used, fields allocated */
    /* When `object_fields` is not 0, the first `object_fields` fields are, unchanged and in order,
     * exactly the members of the valid JSON object at `object` ("{...}", surrounding space cut), whose
     * top level has no name twice: a codec may copy that text instead of printing them. Whoever
     * changes, renames, moves or removes one of these fields goes through the functions below, which
     * keep this true. */
    const char *object;
    uint32_t object_len, object_fields;
    int64_t event_time;       /* nanoseconds since 1970 UTC, or WEIR_TIME_UNSET */
    struct weir_trace *trace; /* NULL: none */
    uint32_t line;            /* its index among the lines of the batch: gives span and position */
    uint8_t severity;         /* OpenTelemetry's 1..24; 0: unset */
    uint8_t reserved[3];
};

struct weir_stream;

enum weir_run_flags {
    WEIR_RUN_TRUNCATED = 1, /* its last record was cut at max_line */
    WEIR_RUN_STRIP_CR = 2,  /* a '\r' before the terminator is part of it */
    WEIR_RUN_PARTIAL = 4,   /* its last record's terminator was not in the source */
    WEIR_RUN_NEWLINES = 8,  /* a record of it holds a newline inside; set by the host */
};

/* Records [first, first+count) came, in order, from one stream and cover its positions [from, to).
 * The position of one is `from` plus the offset of its span from the span of the first, unless the
 * batch has `offsets`. */
struct weir_run {
    struct weir_stream *stream;
    uint64_t from, to;
    uint64_t check;   /* the input's own value for position `to`; see weir_block_add() */
    int64_t observed; /* nanoseconds since 1970 UTC, when it was read */
    uint64_t clock;   /* the logical clock of its first record; the others count up from it,
                         unless the batch has `ticks` */
    uint32_t first, count;
    uint32_t flags; /* enum weir_run_flags */
};

/* The part of a batch that plugins read; the host's own part follows it in memory. */
struct weir_batch {
    const char *data;
    const uint32_t *ends;
    struct weir_record *records; /* NULL while the batch holds plain lines */
    const uint64_t *dropped;     /* a bit a record, set where a filter dropped it; NULL: none is */
    const struct weir_run *runs;
    uint32_t count; /* records, dropped ones included */
    uint32_t run_count;
    /* How far the position of record `i` is behind its run's `from`; NULL, the usual case: as far as its
     * span is behind the span of the run's first record. */
    const uint64_t *offsets;
    /* How far the logical clock of record `i` is ahead of its run's; NULL, the usual case: by as many as
     * the record is behind the run's first. */
    const uint32_t *ticks;
};

/* The span of record `i` of the source, with its terminator. */
static inline struct weir_str weir_batch_span(const struct weir_batch *batch, uint32_t line)
{
    uint32_t start = line ? batch->ends[line - 1] : 0;
    return (struct weir_str){ batch->data + start, batch->ends[line] - start };
}

static inline bool weir_batch_is_dropped(const struct weir_batch *batch, uint32_t i)
{
    return batch->dropped && (batch->dropped[i / 64] >> (i % 64) & 1);
}

/* The run that record `i` belongs to. Runs are few; codecs walk them along with the records. */
WEIR_API const struct weir_run *weir_batch_run(const struct weir_batch *batch, uint32_t i);

/* The line as it was read, without its terminator. Lives as long as the batch. */
WEIR_API struct weir_str weir_batch_line(const struct weir_batch *batch, uint32_t i);

/* The position of record `i` in its stream. */
WEIR_API uint64_t weir_batch_position(const struct weir_batch *batch, uint32_t i);

/* The logical clock of record `i`. */
WEIR_API uint64_t weir_batch_clock(const struct weir_batch *batch, uint32_t i);

/* The time of record `i`, in nanoseconds since 1970 UTC: its event time, else when it was observed. */
WEIR_API int64_t weir_batch_time(const struct weir_batch *batch, uint32_t i);

/* The 128-bit id of record `i`, the same every time that it is read from its source: XXH3 over stream
 * id and position. */
WEIR_API void weir_batch_record_id(const struct weir_batch *batch, uint32_t i, uint8_t ret_id[16]);

/* ---- for filters: the filter stage's thread only ------------------------------------------------ */

/* Gives the batch its second shape, unless it has it: every record then has the one field `message`
 * (and `weir.truncated` where it was cut). 0, or -ENOMEM. */
WEIR_API WEIR_MUST_USE int weir_batch_open_records(struct weir_batch *batch);

/* The same for a parser, which is about to give every record new fields: they have none yet. A parser
 * that cannot parse a record gives it its message with weir_record_set_message(). */
WEIR_API WEIR_MUST_USE int weir_batch_open_empty(struct weir_batch *batch);

/* Gives record `i` of a batch from weir_batch_open_empty() the one field `message`, its line. */
WEIR_API WEIR_MUST_USE int weir_record_set_message(struct weir_batch *batch, uint32_t i);

/* Memory that lives as long as the batch, aligned to 8. NULL when memory is short. */
WEIR_API void *weir_batch_alloc(struct weir_batch *batch, size_t bytes);

/* Room for `want` fields to be filled at once: the parser writes up to `want` of them, then makes the
 * first `used` the fields of `record` with weir_record_keep_fields(), before any other allocation.
 * Filters that come later find some spare room behind them. NULL when memory is short. */
WEIR_API struct weir_field *weir_batch_fields(struct weir_batch *batch, uint32_t want);
WEIR_API void weir_record_keep_fields(struct weir_batch *batch, struct weir_record *record,
                                      struct weir_field *fields, uint32_t used);

/* A filter's `when:` needs nothing of the filter: while `apply` runs, records that the condition leaves
 * out look dropped, so a filter skips dropped records and is done. (weir_batch_open_empty() gives such
 * records their message.) */

/* Takes record `i` out of the batch: it is counted as filtered by the calling filter, and its
 * position is done. Dropping twice counts once. */
WEIR_API void weir_batch_drop(struct weir_batch *batch, uint32_t i);

/* The index of the field called `name`, or -1. */
WEIR_API int weir_record_find(const struct weir_record *record, struct weir_str name);

/* Adds `field`, or, where a field of that name is there already, replaces its value (the later one
 * wins). Name and value are borrowed: they must live as long as the batch. 0, or -ENOMEM. */
WEIR_API WEIR_MUST_USE int weir_record_set(struct weir_batch *batch, struct weir_record *record,
                                           const struct weir_field *field);

/* Takes field `index` out of the record. 0, or -ENOMEM. */
WEIR_API WEIR_MUST_USE int weir_record_remove(struct weir_batch *batch, struct weir_record *record,
                                              uint32_t index);

/* A field's text with JSON's escapes undone, in the batch's arena where that takes a copy. */
WEIR_API struct weir_str weir_field_text(struct weir_batch *batch, const struct weir_field *field);

/* The value at `path`: a field of exactly that name, or, one step at a time, a member inside the raw
 * JSON of a field whose name is a prefix of it ("http.status" finds http:{status:...}). True, and
 * *ret_field set to a view (its name is the path), when there is one. */
WEIR_API bool weir_record_lookup(const struct weir_record *record, struct weir_str path,
                                 struct weir_field *ret_field);

/* What `text` would be in JSON without quotes: INT, FLOAT, BOOL or NULL; STRING when it would be
 * nothing. @thread any. */
WEIR_API enum weir_value weir_value_of(struct weir_str text);

/* ---- for codecs and outputs --------------------------------------------------------------------- */

/* Record `i` as it would be if the batch were opened, which it need not be: a plain line becomes a record
 * in `room`. Lives as long as both. */
struct weir_line_record {
    struct weir_record record;
    struct weir_field fields[2];
};
WEIR_API const struct weir_record *weir_batch_record(const struct weir_batch *batch, uint32_t i,
                                                     struct weir_line_record *room);

/* What is known about a stream's source, ready to be put between a JSON object's braces: members
 * separated by commas, such as `"log.file.path":"/var/log/x"`, without braces, valid UTF-8 and valid
 * JSON, no name twice; empty when nothing is known. It is what weir_stream_describe() said last (a file
 * that was renamed goes by its new name), and lives as long as the batch. */
WEIR_API struct weir_str weir_stream_json(const struct weir_stream *stream);
/* The name of the attribute that a record's position goes by ("log.file.offset"; nothing in it needs
 * escaping), or NULL. Lives as long as the batch. */
WEIR_API const char *weir_stream_position_name(const struct weir_stream *stream);

/* Which records of a batch: [first, first + count), without the dropped ones, and only those whose
 * bit is set in `mask` unless that is NULL. */
struct weir_slice {
    const struct weir_batch *batch;
    const uint64_t *mask;
    uint32_t first, count;
};

static inline bool weir_slice_has(const struct weir_slice *slice, uint32_t i)
{
    return !weir_batch_is_dropped(slice->batch, i) &&
           (!slice->mask || (slice->mask[i / 64] >> (i % 64) & 1));
}

/* The first record of the slice at or after `i`; the slice's end when there is none. */
static inline uint32_t weir_slice_next(const struct weir_slice *slice, uint32_t i)
{
    uint32_t end = slice->first + slice->count;
    while (i < end && !weir_slice_has(slice, i))
        i++;
    return i < end ? i : end;
}

#endif
