/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CODEC_AVRO_AVRO_H
#define CODEC_AVRO_AVRO_H

#include <weir/plugin.h>

#include "program.h"

/* The codec. Its parts:
 *
 *     avro.c       descriptor, options, a schema that is set, the loop over records
 *     compile.c    an .avsc to a program;  names.c: its types' names;  program.c: a program's memory;  defaults.c:
 *                  defaults to bytes
 *     record.c     which of what is known of a record goes into which field of the schema
 *     builtin.c    times, severity and ids, as the type of their field wants them
 *     value.c      a value as a type wants it;  number.c: numbers;  nested.c: records, maps and arrays, out of JSON
 *     json_walk.c  the members and elements of JSON text
 *     misfit.c     why a record does not fit, in words */

/* What is known of a record beside its fields. */
enum avro_builtin {
    AVRO_TIME,
    AVRO_SEVERITY,
    AVRO_TRACE_ID,
    AVRO_SPAN_ID,
    AVRO_TRACE_FLAGS,
    AVRO_RECORD_ID,
    AVRO_OBSERVED_TIME,
    AVRO_CLOCK,
    AVRO_BUILTIN_COUNT,
};

enum avro_unknown { AVRO_REJECT, AVRO_DROP };
enum avro_unit { AVRO_UNIT_S, AVRO_UNIT_MS, AVRO_UNIT_US, AVRO_UNIT_NS };

/* Every part of the encoder answers so. */
enum avro_answer {
    AVRO_FITS,
    AVRO_MISFIT, /* self->misfit says why; what was written is to be taken back */
    AVRO_FULL,   /* no room */
};

/* Why a record does not fit. Text is made of it only when it is the last word. */
enum avro_problem {
    AVRO_WRONG_TYPE,
    AVRO_OUT_OF_RANGE,
    AVRO_NO_SYMBOL,
    AVRO_WRONG_SIZE,
    AVRO_NOT_UTF8,
    AVRO_NOT_UUID,
    AVRO_NOT_TIME,
    AVRO_TOO_LONG,
    AVRO_TOO_DEEP,
    AVRO_MISSING,
    AVRO_UNKNOWN,
};

#define AVRO_PATH_MAX 16
#define AVRO_GUESSES 32
#define AVRO_WHY_MAX 400

struct avro_misfit {
    enum avro_problem problem;
    uint32_t type;         /* what was expected */
    enum weir_value found; /* what was there instead */
    size_t len;            /* of what was there */
    unsigned depth;        /* of the path, innermost step first */
    struct {
        struct weir_str name; /* ptr NULL: `index` of an array */
        size_t index;
    } path[AVRO_PATH_MAX];
};

/* Where the next byte goes. `out` is brought up to it now and then. */
struct avro_pen {
    char *at, *end;
    struct weir_bytes *out;
};

/* What a field of the outermost record type is filled with, at the record at hand. */
struct avro_slot {
    const struct weir_field *field; /* NULL: the record has none */
    bool own;                       /* by its own name, which is stronger than another */
};

/* What the compiled schema means for the options. */
struct avro_place {
    int builtin;     /* enum avro_builtin, or -1 */
    uint32_t source; /* index + 1 among the attributes of the stream at hand; 0: none */
};

/* The attributes of the stream at hand that the schema has fields for. */
struct avro_source {
    struct weir_bytes text; /* the stream's members, with braces: a copy, to know them again */
    struct weir_bytes position_name;
    struct weir_field *fields;
    uint32_t count, room;
    uint32_t position; /* index + 1 of the field that the position goes into; 0: none */
    bool known;
};

struct codec_avro {
    /* options */
    char *keys[AVRO_BUILTIN_COUNT];
    struct weir_pairs renames;
    char *rest;
    int unknown, time_unit; /* enum avro_unknown, avro_unit */
    bool convert;

    struct avro_program program; /* types NULL: no schema has been set */
    struct weir_time_format *time_format;
    struct avro_slot *slots; /* by the fields of the outermost type; the same for */
    struct avro_place *places;
    int64_t rest_slot;   /* which of them takes what is left; -1: none does */
    uint32_t rest_map;   /* the map's type there, */
    int64_t rest_branch; /* and its branch, where the field is a union; -1: it is none */
    struct avro_source source;

    /* What the fields of the last record were, by their order there: most records are as the one before. */
    const struct avro_name *guesses[AVRO_GUESSES];

    /* of the record at hand */
    const struct weir_field **left; /* fields that are in the schema nowhere */
    uint32_t left_count, left_room;
    struct weir_field *stack; /* members of nested records */
    uint32_t stack_used, stack_room;
    struct weir_bytes scratch; /* text with its escapes undone */
    struct avro_misfit misfit;
    bool starved;      /* AVRO_FULL was said because memory is short */
    bool in_default;   /* what is encoded is a default: bytes are written as in schemas */
    unsigned depth;    /* of nested values */
    uint64_t left_out; /* fields, so far */
    char why[AVRO_WHY_MAX];
};

/* ---- the pen ----------------------------------------------------------------------------------------------- */

static inline struct avro_pen avro_pen_begin(struct weir_bytes *out)
{
    char *at = out->data ? out->data + out->len : NULL;
    return (struct avro_pen){ .at = at, .end = at, .out = out };
}

/* Room for `more` bytes, the slow way. */
bool avro_pen_grow(struct avro_pen *pen, size_t more);

static inline bool avro_pen_room(struct avro_pen *pen, size_t more)
{
    return (size_t)(pen->end - pen->at) >= more || avro_pen_grow(pen, more);
}

/* How far it has written, which stays true when memory moves. */
static inline size_t avro_pen_tell(const struct avro_pen *pen)
{
    return (size_t)(pen->at - pen->out->data);
}

static inline void avro_pen_seek(struct avro_pen *pen, size_t offset)
{
    pen->at = pen->out->data + offset;
}

#define AVRO_LONG_MAX 10 /* bytes */

/* A long (or an int, which is written the same): zigzag, seven bits a byte, the low ones first. There is room. */
static inline char *avro_put_long(char *at, int64_t value)
{
    uint64_t zigzag = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    for (; zigzag >= 0x80; zigzag >>= 7)
        *at++ = (char)(zigzag | 0x80);
    *at++ = (char)zigzag;
    return at;
}

enum avro_answer avro_write_long(struct avro_pen *pen, int64_t value);
/* Text of a record, with JSON's escapes undone in self->scratch where `escaped` says so. AVRO_FULL when memory is short. */
enum avro_answer avro_unescape(struct codec_avro *self, const char *text, size_t len,
                               struct weir_str *ret);
static inline enum avro_answer avro_plain(struct codec_avro *self, const char *text, size_t len,
                                          bool escaped, struct weir_str *ret)
{
    *ret = (struct weir_str){ text, len };
    return escaped ? avro_unescape(self, text, len, ret) : AVRO_FITS;
}
/* Length and bytes. */
enum avro_answer avro_write_bytes(struct avro_pen *pen, struct weir_str bytes);
/* Bytes alone. */
enum avro_answer avro_write_raw(struct avro_pen *pen, struct weir_str bytes);

/* ---- the parts --------------------------------------------------------------------------------------------- */

/* A value as `type` wants it. */
enum avro_answer avro_encode(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                             const struct weir_field *value);
/* The same for a text, whatever it was in the record. */
enum avro_answer avro_encode_text(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                  const struct weir_field *value);
/* The branches of a union, one after the other, by `encode`, until one fits. */
typedef enum avro_answer avro_branch_f(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                       const void *value);
enum avro_answer avro_encode_union(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                   const void *value, bool is_null, avro_branch_f *encode);

/* Numbers, of a value that is one (INT or FLOAT), or by `convert` a text that is one. */
enum avro_answer avro_encode_number(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                    const struct weir_field *value);
/* Nanoseconds since 1970, for a long: in the unit of its logical type, else of the option. */
int64_t avro_time_of(const struct codec_avro *self, const struct avro_type *type, int64_t ns);

/* What JSON text `value` holds: a record, a map, an array. */
enum avro_answer avro_encode_nested(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                    const struct weir_field *value);
/* The same for a map, without the end that a map has: another block may follow. */
enum avro_answer avro_encode_block(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                   const struct weir_field *value);

/* What a field is when nothing is there for it: its default, or null; else it is missing. */
enum avro_answer avro_encode_absent(struct codec_avro *self, struct avro_pen *pen,
                                    const struct avro_field *field);
/* Makes all defaults bytes. 0, or a negative errno and *err set. */
int avro_defaults_encode(struct codec_avro *self, struct weir_error *err);
/* The same of one, unless it is there already; AVRO_MISFIT where it does not fit its type. */
enum avro_answer avro_default_ready(struct codec_avro *self, struct avro_field *field);

/* What the options and a program have to do with each other. 0, or a negative errno and *err set. */
int avro_record_prepare(struct codec_avro *self, struct weir_error *err);
/* What is known of the run's source. 0 or -ENOMEM. */
int avro_source_read(struct codec_avro *self, const struct weir_run *run);
/* Record `i`, all of it. */
enum avro_answer avro_encode_record(struct codec_avro *self, struct avro_pen *pen,
                                    const struct weir_batch *batch, const struct weir_run *run,
                                    uint32_t i);

/* A builtin that is set: AVRO_FITS, with *ret_set false and nothing written where it is not. */
enum avro_answer avro_encode_builtin(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                     enum avro_builtin builtin, const struct weir_batch *batch,
                                     const struct weir_run *run, uint32_t i,
                                     const struct weir_record *record, bool *ret_set);
/* When it was read. */
enum avro_answer avro_encode_observed(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                      const struct weir_run *run);

/* Sets self->misfit; returns AVRO_MISFIT. */
enum avro_answer avro_misfit(struct codec_avro *self, enum avro_problem problem, uint32_t type,
                             const struct weir_field *found);
/* One step further out on the path of what does not fit. */
void avro_misfit_in(struct codec_avro *self, struct weir_str name);
void avro_misfit_at(struct codec_avro *self, size_t index);
/* All of it as text, in self->why. */
struct weir_str avro_misfit_text(struct codec_avro *self);

#endif
