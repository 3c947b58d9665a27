/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_CONDITION_H
#define WEIR_RECORD_CONDITION_H

#include <weir/error.h>

#include "record/batch.h"

/* A `when:` condition, compiled once and asked for whole batches. See condition.c for the language. */
struct condition;

/* NULL with *err set and *ret_offset the byte of `text` at fault. */
struct condition *condition_new(const char *text, struct weir_error *err, size_t *ret_offset);
void condition_free(struct condition *condition); /* NULL is fine */

/* Sets in `ret_match`, bitmap_words(count) zeroed words, the bit of each record that is not dropped and
 * of which the condition holds. The batch keeps its shape: a plain line is looked at as it is.
 * 0 or -ENOMEM. One thread at a time. */
int condition_match(const struct condition *condition, struct batch *batch, uint64_t *ret_match);

#endif
