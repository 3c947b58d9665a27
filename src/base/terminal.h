/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_TERMINAL_H
#define WEIR_BASE_TERMINAL_H

#include <weir/str.h>

/* `text` made safe to print on a terminal: control characters, characters that turn the direction of
 * writing, and bytes that are not UTF-8 come out as \xNN or \u{N}, a backslash stays one. A name in a log
 * or in a sink's answer can then neither move the cursor nor pretend to be another line.
 * The caller's to free(); NULL when memory is short. */
char *terminal_escape(struct weir_str text);

#endif
