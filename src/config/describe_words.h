/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_DESCRIBE_WORDS_H
#define WEIR_CONFIG_DESCRIBE_WORDS_H

#include <weir/option.h>

/* The words that all descriptions use for a row. */

#define DESCRIBE_WORDS_MAX 256

/* "size", "text or list of texts", ... */
const char *describe_type(enum weir_type type);
/* Its choices ("a, b or c"), or else its range ("1KiB to 64MiB", "at least 1"), with the unit; "" when it
 * has neither. */
void describe_values(const struct weir_option *row, char ret_text[DESCRIBE_WORDS_MAX]);

#endif
