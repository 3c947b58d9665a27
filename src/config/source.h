/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_SOURCE_H
#define WEIR_CONFIG_SOURCE_H

#include <sys/stat.h>
#include <weir/error.h>

#include "config/diagnostics.h"
#include "config/memory.h"

/* The bytes of a configuration file. */

#define SOURCE_BYTES_MAX ((size_t)1024 * 1024)

/* Reads `path` ("-": standard input) whole into `memory`. A NUL follows the text. A file that everyone
 * may write is refused when `guarded`. `ret_st`, which may be NULL, says which file it was.
 * 0, or a negative errno with *err set; -EFBIG when it holds more than `bytes_max`. */
int source_read(struct memory *memory, const char *path, size_t bytes_max, bool guarded,
                struct weir_str *ret_text, struct stat *ret_st, struct weir_error *err);

/* What of `text` is left without its byte order mark, when all of it may stand in a configuration: UTF-8
 * without control characters. Otherwise says what is wrong, and where, and returns false. */
bool source_check(const char *file, struct weir_str *text, struct diagnostics *diag);

#endif
