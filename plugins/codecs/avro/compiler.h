/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CODEC_AVRO_COMPILER_H
#define CODEC_AVRO_COMPILER_H

#include <jansson.h>

#include "program.h"

/* What compile.c and names.c share while a schema is compiled. */
#define AVRO_COMPILER_PATH_BYTES 160

struct avro_named {
    struct weir_str name; /* full */
    uint32_t type;
};

struct avro_compiler {
    struct avro_program *program;
    struct weir_error *err;
    struct avro_named *named;
    uint32_t named_count, named_room;
    uint32_t type_room, field_room, branch_room, symbol_room;
    const struct weir_pair *renames;
    size_t rename_count;
    unsigned depth;
    char path
        [AVRO_COMPILER_PATH_BYTES]; /* of the field that is looked at; "" at the outermost type */
};

/* Sets the error: the schema is none, since the field that is looked at, if there is one, ...; returns -EINVAL. */
int avro_compiler_wrong(struct avro_compiler *c, const char *format, ...) WEIR_PRINTF(2, 3);
/* The same for memory: -ENOMEM. */
int avro_compiler_starved(struct avro_compiler *c);
/* Makes room for `more` rows behind `count` of them: 0, or -ENOMEM. */
int avro_compiler_grow(struct avro_compiler *c, void *rows, uint32_t count, uint32_t more,
                       uint32_t *room, size_t size);

/* Names as Avro has them: a letter or '_', then digits too. */
bool avro_is_name(const char *text);
/* The namespace of a full name; empty where it has none. */
struct weir_str avro_name_space(struct weir_str name);
/* The type that `name`, which stands in namespace `space`, refers to; -1: none is called so yet. */
int64_t avro_name_find(struct avro_compiler *c, const char *name, struct weir_str space);
/* Gives `type` the name that `schema` declares, in *ret_name too. 0 or a negative errno. */
int avro_name_declare(struct avro_compiler *c, const json_t *schema, uint32_t type,
                      struct weir_str space, struct weir_str *ret_name);

#endif
