/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_COMPRESS_H
#define OUTPUTS_HTTP_COMPRESS_H

#include <weir/codec.h>

#include "options.h"

/* Bodies, compressed in one piece: gzip (compress_gzip.h) and zstd. */
struct http_compressor;

/* NULL when memory is short. */
struct http_compressor *http_compressor_new(void);
struct http_compressor *http_compressor_free(struct http_compressor *compressor);

/* Replaces what is in `out` by `body`, compressed. HTTP_PLAIN is not for this. 0, or -ENOMEM. */
WEIR_MUST_USE int http_compress(struct http_compressor *compressor, enum http_compression how,
                                struct weir_str body, struct weir_bytes *out);

/* As in Content-Encoding; NULL for HTTP_PLAIN. */
const char *http_compression_name(enum http_compression how);

#endif
