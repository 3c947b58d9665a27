/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_SCHEMA_OPTIONS_H
#define OUT_KAFKA_SCHEMA_OPTIONS_H

#include <weir/plugin.h>

/* Which schema messages are written by, and who has it. */
enum kafka_schema_mode { KAFKA_SCHEMA_PIN, KAFKA_SCHEMA_LOOKUP };

struct kafka_schema_options {
    struct weir_texts registry; /* count 0: there is no schema */
    char *subject, *file;
    int64_t version; /* 0: none is given */
    int mode;        /* enum kafka_schema_mode */
    weir_ms timeout;
    struct {
        char *user, *password, *password_file, *token, *token_file;
    } auth;
    struct {
        char *ca, *cert, *key, *key_password;
        bool verify;
    } tls;
};

/* The table of the option `schema`; offsets are those of struct kafka_options, which it is part of. */
extern const struct weir_option kafka_schema_option_table[];

/* What the rows do not say; `codec` is the output's. Pure. 0, or a negative errno and *err set. */
int kafka_schema_options_check(const struct kafka_schema_options *options,
                               const struct weir_encoder *codec, struct weir_error *err);

#endif
