/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_GENERATION_H
#define WEIR_TAIL_GENERATION_H

#include "tail.h"

struct tail_file;

/* Truncation: see generation.c. */

/* The content of the file is not what it was; `size` is what it has now. */
void tail_file_truncated(struct tail *tail, struct tail_file *file, uint64_t size);

/* Looks for a copy of `old` beside `now`, and lets it go on there. */
bool tail_copy_find(struct tail *tail, struct tail_file *old, struct tail_file *now);

/* Whether a file, which begins with these bytes, and of which nothing was read yet, looks like a copy of one
 * that is known by the name before its rotation. */
bool tail_copy_is_suspect(struct tail *tail, const struct tail_file *file, const char *data,
                          size_t len);

#endif
