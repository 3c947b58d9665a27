/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_COMPRESS_GZIP_H
#define OUTPUTS_HTTP_COMPRESS_GZIP_H

#include <weir/codec.h>

/* gzip (RFC 1952) in one piece, at the lowest level, by the fastest library that the build found: ISA-L
 * (compress_gzip_isal.c), which is made for the processors of servers, or libdeflate
 * (compress_gzip_libdeflate.c), which runs everywhere. On one core and the lines of tests/bench: ISA-L
 * 490 MB/s, libdeflate 217, zlib below 100, for nearly the same length. */
struct gzip;

/* NULL when memory is short. */
struct gzip *gzip_new(void);
struct gzip *gzip_free(struct gzip *gzip);
/* Adds `body`, compressed. 0, or -ENOMEM also where `out` may not grow so far. */
WEIR_MUST_USE int gzip_add(struct gzip *gzip, struct weir_str body, struct weir_bytes *out);

#endif
