/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_IN_GENERATE_LINE_H
#define WEIR_IN_GENERATE_LINE_H

#include <weir/error.h>

/* Lines made from a number, all of one length. See line.c. */
struct generate_line;

/* `template` is text with {seq} (12 digits or more), {n} (the plain number) and at most one {pad}; lines are
 * `size` bytes long without their newline. NULL with *err set when that is not possible. */
struct generate_line *generate_line_new(const char *template, size_t size, uint64_t seed,
                                        struct weir_error *err);
struct generate_line *generate_line_free(struct generate_line *line);

/* Writes line `n` with its newline, `size` + 1 bytes, to `out`. */
void generate_line_put(const struct generate_line *line, uint64_t n, char *out);

#endif
