/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_COMPRESS_H
#define WEIR_BASE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <weir/error.h>

/* Blocks of bytes, made smaller and back. See compress.c. All: @thread any. */

/* Numbers that are written to disk. */
enum compression { COMPRESSION_NONE, COMPRESSION_LZ4, COMPRESSION_ZSTD };

/* The longest block. */
#define COMPRESS_BYTES_MAX ((size_t)1 << 30)

/* Whether this agent was built with it. */
bool compression_is_built(enum compression how);

/* Compresses `len` bytes (COMPRESS_BYTES_MAX at most) into `room` bytes at `out`, which do not overlap;
 * returns how many it took, or 0 when they do not fit, memory is short, or it was not built in: then what
 * stands at `out` is of no use. NONE copies. */
size_t compress_block(enum compression how, const void *in, size_t len, void *out, size_t room);

/* Undoes it: any bytes may be given, and exactly `len` bytes come out. 0; -EBADMSG when they do not; -ENOTSUP
 * when it was not built in; -ENOMEM. */
WEIR_MUST_USE int decompress_block(enum compression how, const void *in, size_t in_len, void *out,
                                   size_t len);

/* The most bytes that `stored` bytes can have been, so that whoever reads a length can tell a false one before
 * taking memory for it. */
size_t decompress_bound(enum compression how, size_t stored);

#endif
