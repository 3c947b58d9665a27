/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_SCHEMA_STORE_H
#define OUT_KAFKA_SCHEMA_STORE_H

#include "schema_version.h"

/* Where an output keeps its schema, so that it can start while the registry is away: DIR/schemas/PIPELINE.OUTPUT.schema. From
 * malloc; NULL when memory is short. */
char *kafka_schema_path(const char *data_dir, const char *pipeline, const char *output);

/* What is there: 0, -ENOENT, -EBADMSG when it was damaged, or another -errno. */
int kafka_schema_fetch(const char *path, struct kafka_schema_version *ret);
/* Replaces it, on stable storage: what is there is the old one or the new one, whole. 0 or -errno. */
int kafka_schema_keep(const char *path, const struct kafka_schema_version *version);

/* A file's text, at most KAFKA_SCHEMA_BYTES_MAX, ended by NUL; from malloc. 0 or -errno. */
int kafka_schema_file(const char *path, char **ret_text, size_t *ret_len);

#endif
