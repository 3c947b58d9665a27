/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_DIAGNOSTICS_H
#define WEIR_CONFIG_DIAGNOSTICS_H

#include <stdio.h>
#include <weir/str.h>

/* Mistakes found in a configuration, all of them, to be printed in the order of their places:
 *     FILE:LINE:COL: error: unknown option "pahts" of input "tail"; did you mean "paths"? */
struct diagnostics;

enum diagnostic_level { DIAGNOSTIC_WARNING, DIAGNOSTIC_ERROR };

struct diagnostics *diagnostics_new(void);
struct diagnostics *diagnostics_free(struct diagnostics *diag);
void diagnostics_add(struct diagnostics *diag, enum diagnostic_level level, const char *file,
                     unsigned line, unsigned column, const char *format, ...) WEIR_PRINTF(6, 7);
size_t diagnostics_errors(const struct diagnostics *diag);
size_t diagnostics_count(const struct diagnostics *diag);
/* Text lines; with `json` one JSON array of {file, line, column, level, text}. */
void diagnostics_print(const struct diagnostics *diag, FILE *out, bool json);

#endif
