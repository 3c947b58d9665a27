/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_DIAGNOSTICS_H
#define WEIR_CONFIG_DIAGNOSTICS_H

#include <stdio.h>
#include <weir/str.h>

/* Mistakes found in a configuration, all of them, to be printed in the order of their places:
 *     FILE:LINE:COL: error: unknown option "pahts" of input "tail"; did you mean "paths"? */
struct diagnostics;

enum diagnostic_level { DIAGNOSTIC_WARNING, DIAGNOSTIC_ERROR };

/* Ends the process with a message when memory is short. */
struct diagnostics *diagnostics_new(void);
struct diagnostics *diagnostics_free(struct diagnostics *diag); /* NULL is fine; returns NULL */

/* Everything is copied, and made safe to print: what a terminal obeys comes out as \xNN. `file` NULL: no
 * place is known; `line` 0: it concerns the file as a whole. Beyond DIAGNOSTICS_MAX they are only
 * counted. */
#define DIAGNOSTICS_MAX 200
void diagnostics_add(struct diagnostics *diag, enum diagnostic_level level, const char *file,
                     unsigned line, unsigned column, const char *format, ...) WEIR_PRINTF(6, 7);

size_t diagnostics_errors(const struct diagnostics *diag);
size_t diagnostics_count(const struct diagnostics *diag);

/* Text lines; with `json` one JSON array of {file, line, column, level, text}. By file, line and column;
 * within a place in the order in which they were added. */
void diagnostics_print(const struct diagnostics *diag, FILE *out, bool json);

#endif
