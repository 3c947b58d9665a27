/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include <stddef.h>

/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */

/* U+FFFD, what stands for a byte that belongs to no character. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"
enum { UTF8_REPLACEMENT_LEN = 3 };

/* The length, 1 to 4, of the character at `text`, of which `left` > 0 bytes may be looked at; 0 when
 * there is no valid one. */
size_t utf8_char(const char *text, size_t left);

/* The length of the longest prefix that is valid: `len` when all of it is. */
size_t utf8_valid_prefix(const char *text, size_t len);

/* Where to cut `text`, of which `max` bytes may be kept, so that no character is split: `max`, or up to
 * 3 less when the last character is not complete there. */
size_t utf8_cut(const char *text, size_t max);

/* Writes `code`, a scalar value, to `out`; returns its length, 1 to 4. */
size_t utf8_put(unsigned code, char out[4]);

#endif
