/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_SCHEMA_VERSION_H
#define OUT_KAFKA_SCHEMA_VERSION_H

#include <weir/str.h>

/* A version of a subject, as a registry has it and as it is kept on disk. */
struct kafka_schema_version {
    char *subject; /* from malloc, as is */
    char *text;    /* the schema, JSON */
    int64_t id, version;
};

void kafka_schema_version_deinit(struct kafka_schema_version *version); /* of zeros is fine */

#define KAFKA_SCHEMA_WHY_MAX 240
#define KAFKA_SCHEMA_BYTES_MAX ((size_t)2 * 1024 * 1024) /* of an answer, or a file */

/* What an answer of a registry means. */
enum kafka_schema_answer {
    KAFKA_SCHEMA_GIVEN,   /* *ret is it */
    KAFKA_SCHEMA_ABSENT,  /* the registry has no such thing, or it is none that can be used */
    KAFKA_SCHEMA_REFUSED, /* we are not let in */
    KAFKA_SCHEMA_AWAY,    /* it cannot say, for now */
};

/* Reads one, to a question for a version of a subject. Sets `why` unless it is GIVEN. */
enum kafka_schema_answer kafka_schema_read_answer(int status, struct weir_str body,
                                                  struct kafka_schema_version *ret,
                                                  char why[KAFKA_SCHEMA_WHY_MAX]);

/* To a question whether a schema is compatible: 1 yes, 0 no, with its words in `why`; negative: the answer is none. */
int kafka_schema_read_compatible(int status, struct weir_str body, char why[KAFKA_SCHEMA_WHY_MAX]);

/* The body of a question: {"schema": text, "schemaType": "AVRO"}. From malloc; NULL when memory is short. */
char *kafka_schema_question(const char *text);

/* Whether two schemas are the same JSON, whatever its white space and the order of members. Where they are not, `why` says
 * where: "fields[2].type". A text that is no JSON is the same as nothing. */
bool kafka_schema_same(const char *a, const char *b, char why[KAFKA_SCHEMA_WHY_MAX]);

/* As a file on disk, from malloc; NULL when memory is short. */
char *kafka_schema_write(const struct kafka_schema_version *version, size_t *ret_len);
/* Back from one: false when it is none, or was damaged. */
bool kafka_schema_read(struct weir_str text, struct kafka_schema_version *ret);

#endif
