/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_SCHEMA_H
#define OUT_KAFKA_SCHEMA_H

#include "registry.h"
#include "schema_version.h"

/* The schema that messages are written by: from the registry, from what is kept on disk of it, or not there yet. See
 * schema.c. */
struct kafka_schema {
    const struct kafka_schema_options *options;
    struct weir_encoder *codec; /* NULL: no schema is wanted, and it is always ready */
    struct weir_host *host;

    struct registry *registry;
    char *file_text;                  /* of `file`; NULL: none is given */
    char *path;                       /* where it is kept */
    struct kafka_schema_version kept; /* what is there; text NULL: nothing */
    bool ready;                       /* messages may be written */
    bool asking;                      /* a question is under way */
    bool confirmed;                   /* the registry has said so in this run: no more questions */
    weir_ms pause, poll;            /* before the next question; before the next look at this one */
    char why[KAFKA_SCHEMA_WHY_MAX]; /* it is not ready */
    struct weir_timer *timer, *tell; /* borrowed */
    struct weir_counter *left_out;
    uint64_t left_out_told;
};

/* 0, or a negative errno and *err set. The timers are the caller's: `timer` is to call kafka_schema_step(), `tell`
 * kafka_schema_tell(). */
int kafka_schema_open(struct kafka_schema *schema, const struct kafka_schema_options *options,
                      struct weir_encoder *codec, struct weir_host *host, struct weir_timer *timer,
                      struct weir_timer *tell, struct weir_error *err);
void kafka_schema_close(struct kafka_schema *schema);

/* True when it has become ready. */
bool kafka_schema_step(struct kafka_schema *schema);
void kafka_schema_tell(struct kafka_schema *schema);

/* The steps that it is made of, which an inspection takes too:
 * asks for the schema, false when memory is short; what is kept on disk, into schema->kept, if it is what is configured, 0 or
 * -errno; what is wrong with a version that the registry gives, false when nothing is; lets the codec write by it. */
WEIR_MUST_USE bool kafka_schema_ask(struct registry *registry,
                                    const struct kafka_schema_options *options,
                                    const char *file_text);
WEIR_MUST_USE int kafka_schema_recall(struct kafka_schema *schema);
bool kafka_schema_is_wrong(const struct kafka_schema *schema,
                           const struct kafka_schema_version *version,
                           char why[KAFKA_SCHEMA_WHY_MAX]);
WEIR_MUST_USE int kafka_schema_use(struct weir_encoder *codec,
                                   const struct kafka_schema_version *version,
                                   struct weir_error *err);

/* For `weir validate`. */
void kafka_schema_inspect(const struct kafka_schema_options *options, struct weir_encoder *codec,
                          struct weir_inspection *inspection);

/* Whether records can be encoded. */
static inline bool kafka_schema_is_ready(const struct kafka_schema *schema)
{
    return !schema->codec || schema->ready;
}

/* Brings the counter of fields that were left out up to date. */
void kafka_schema_count(struct kafka_schema *schema);

#endif
