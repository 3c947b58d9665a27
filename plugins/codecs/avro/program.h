/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CODEC_AVRO_PROGRAM_H
#define CODEC_AVRO_PROGRAM_H

#include <weir/codec.h>
#include <weir/option.h>

/* A schema, compiled: one row for each type that it uses, the outermost first. Types refer to each other by index,
 * so that a type may hold itself. What depends on the schema alone is done once, when it is compiled: names become a hash
 * table, and defaults the bytes that stand for them. A program does not change while records are encoded. */

enum avro_kind {
    AVRO_NULL,
    AVRO_BOOLEAN,
    AVRO_INT,
    AVRO_LONG,
    AVRO_FLOAT,
    AVRO_DOUBLE,
    AVRO_BYTES,
    AVRO_STRING,
    AVRO_FIXED,
    AVRO_ENUM,
    AVRO_ARRAY,
    AVRO_MAP,
    AVRO_UNION,
    AVRO_RECORD,
};

/* Logical types that change what is written; others are as their underlying type, as the specification wants it. */
enum avro_logical { AVRO_PLAIN, AVRO_MILLIS, AVRO_MICROS, AVRO_NANOS, AVRO_UUID };

struct avro_type {
    uint8_t kind;    /* enum avro_kind */
    uint8_t logical; /* enum avro_logical */
    uint32_t count;  /* FIXED: bytes; ENUM: symbols; UNION: branches; RECORD: fields */
    /* ARRAY, MAP: the items' type. ENUM, UNION, RECORD: its first in `symbols`, `branches`, `fields`. */
    uint32_t first;
    struct weir_str name; /* as messages have it: "int", or the full name of a named type */
};

enum avro_default { AVRO_DEFAULT_NONE, AVRO_DEFAULT_OPEN, AVRO_DEFAULT_BUSY, AVRO_DEFAULT_READY };

struct avro_field {
    struct weir_str name;
    uint32_t type;
    uint8_t state;          /* enum avro_default */
    struct weir_str preset; /* AVRO_DEFAULT_READY: the default, encoded; OPEN: as JSON */
};

/* A name that a record's field may have, and which field of which record type it is. */
struct avro_name {
    struct weir_str text;
    uint32_t type, field; /* the field's index within its record type */
    bool own;             /* the schema's name, and not an alias or an option's */
    bool used;
};

struct avro_pool; /* memory, all of it freed with the program */

struct avro_program {
    struct avro_type *types;
    struct avro_field *fields;
    uint32_t *branches;
    struct weir_str *symbols;
    struct avro_name *names; /* open addressing; name_mask + 1 of them */
    uint32_t type_count, field_count, branch_count, symbol_count, name_count, name_mask;
    struct avro_pool *pool;
    struct weir_str prefix;
};

/* More than any schema has that people keep. */
#define AVRO_SCHEMA_BYTES_MAX ((size_t)1024 * 1024)
#define AVRO_TYPES_MAX 20000
#define AVRO_DEPTH_MAX 64

/* Compiles an .avsc whose outermost type is a record. `renames` are names of its fields, and the names that records have
 * for them. Everything is copied. 0, or a negative errno with *err set. Defaults are left as JSON. */
WEIR_MUST_USE int avro_program_compile(struct avro_program *program, struct weir_str schema,
                                       const struct weir_pair *renames, size_t rename_count,
                                       struct weir_error *err);
void avro_program_free(struct avro_program *program);

/* Memory that lives as long as the program; NULL when it is short. */
void *avro_pool_alloc(struct avro_program *program, size_t bytes);
/* A copy; ptr NULL when memory is short. */
struct weir_str avro_pool_copy(struct avro_program *program, struct weir_str text);

/* Adds a name, which is not there yet; its text is borrowed. 0, or -1 when memory is short. For the compiler. */
WEIR_MUST_USE int avro_program_name(struct avro_program *program, const struct avro_name *name);

/* The field of record type `type` that `name` stands for, or NULL. */
const struct avro_name *avro_program_find(const struct avro_program *program, uint32_t type,
                                          const char *name, size_t len);

/* Whether null can be written: the type is null, or a union that has it; *ret_branch is which then. */
bool avro_type_takes_null(const struct avro_program *program, const struct avro_type *type,
                          uint32_t *ret_branch);

#endif
