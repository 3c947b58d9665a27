/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_TEXT_H
#define WEIR_TAIL_TEXT_H

#include <weir/str.h>

/* What the reader must know about bytes. Pure. */

/* How many of `len` bytes come before the first line that is longer than `max` (its '\n' not counted): all
 * of them, or so many whole lines. */
size_t tail_text_within(const char *data, size_t len, size_t max);

/* Where to cut a text, of which more than `max` bytes are there, so that no UTF-8 sequence is cut in two:
 * `max`, or up to three less. */
size_t tail_text_cut(const char *data, size_t max);

/* How many NUL bytes the text begins with. */
size_t tail_text_nuls(const char *data, size_t len);

enum tail_kind {
    TAIL_PLAIN,
    TAIL_BOM,        /* UTF-8, after three bytes that say so */
    TAIL_UTF16,      /* or UTF-32 */
    TAIL_COMPRESSED, /* gzip, zstd, xz, bzip2, lz4 */
};
#define TAIL_BOM_BYTES 3
#define TAIL_KIND_BYTES 10 /* so many decide */

/* What a file is that begins with these bytes. */
enum tail_kind tail_text_kind(const char *data, size_t len);

#endif
