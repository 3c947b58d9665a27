/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include <weir/plugin.h>

/* What is known of a record beside its fields, in the order in which it is printed. */
enum builtin {
    BUILTIN_TIME,
    BUILTIN_SEVERITY,
    BUILTIN_TRACE_ID,
    BUILTIN_SPAN_ID,
    BUILTIN_TRACE_FLAGS,
    BUILTIN_RECORD_ID,
    BUILTIN_OBSERVED_TIME,
    BUILTIN_CLOCK,
    BUILTIN_COUNT,
};

/* A name that is not printed when the record has a field called so. */
struct key {
    struct weir_str name; /* plain; empty: not asked for */
    struct weir_str text; /* ,"name": with what needs it escaped */
};

/* Names are told apart by bits, the builtins' first, so that there are so many of the source at most. */
#define SOURCE_MAX (64 - BUILTIN_COUNT)

/* What is known about the stream of a run. */
struct source {
    struct weir_bytes text;  /* {members} and padding */
    struct weir_bytes names; /* of the position (empty: none), then of the members, decoded */
    size_t members_len;      /* of what stands between the braces */
    size_t position_name_len;
    uint32_t count; /* of members, the position included */
    struct {
        struct weir_str name;
        struct weir_str text; /* "name":value; empty for the position */
        uint64_t same;        /* builtins of that name */
    } members[SOURCE_MAX];
};

struct codec_json {
    /* options */
    char *keys[BUILTIN_COUNT];
    int time_format, severity_format;
    bool with_source;
    bool only_fields; /* of what a plain line is, nothing else is asked for */

    struct key builtins[BUILTIN_COUNT];
    struct weir_bytes keys_text; /* what `builtins` looks into */
    uint64_t asked;              /* a bit for each builtin that has a key */
    uint64_t filter;             /* name_bit() of each name that counts */
    struct source source;
    struct weir_bytes tail; /* what follows the fields of the record at hand */
};

enum time_format { TIME_RFC3339, TIME_UNIX, TIME_UNIX_MS, TIME_UNIX_US, TIME_UNIX_NS };
enum severity_format { SEVERITY_TEXT, SEVERITY_NUMBER };

/* One of 64 bits: most of a record's names are told from ours by their length and first byte. */
static inline uint64_t name_bit(const char *name, size_t len)
{
    return (uint64_t)1 << ((len * 5 + (len ? (unsigned char)*name : 0)) & 63);
}

/* Gives the builtins their keys. 0 or -ENOMEM. */
int codec_json_set_keys(struct codec_json *self);

/* Sets self->tail to what follows the fields of record `i` of the batch: the builtins and the source, each
 * member with a comma before it, without those that the record has a field for. 0 or -ENOMEM. */
int codec_json_tail(struct codec_json *self, const struct weir_batch *batch,
                    const struct weir_run *run, uint32_t i, const struct weir_record *record);

/* Writes `value`, up to 20 digits, at least `width`; returns where they end. */
char *codec_json_put_decimal(char *at, uint64_t value, unsigned width);

/* Makes self->source what is known about the run's stream. 0 or -ENOMEM. */
int codec_json_source_read(struct codec_json *self, const struct weir_run *run);
/* Adds it to the tail, but for what is in `covered`; `printed` are the builtins that are there. */
int codec_json_source_add(struct codec_json *self, uint64_t covered, uint64_t printed,
                          uint64_t position);

/* Adds the record, `tail` behind its fields, and a newline to `out`. With `plain_data`, text inside the
 * batch's data holds no newline. False, with nothing added, when it does not fit or memory is short. */
bool codec_json_print(struct weir_bytes *out, const struct weir_batch *batch, bool plain_data,
                      const struct weir_record *record, struct weir_str tail);

/* Adds lines of a batch that holds plain lines, those of `slice` from `i` on that belong to `run`, until `out`
 * holds `want` bytes. For when nothing is printed beside them. Returns the index of the first that was not
 * added: it does not fit, or needs more than a copy. */
uint32_t codec_json_lines(const struct weir_slice *slice, const struct weir_run *run, uint32_t i,
                          struct weir_bytes *out, size_t want);

#endif
