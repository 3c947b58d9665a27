/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_COMPRESS_CODEC_H
#define WEIR_BASE_COMPRESS_CODEC_H

#include <stdbool.h>
#include <stddef.h>

/* One way to compress: compress_NAME.c, or compress_NAME_none.c where its library is not there. The calls
 * answer as those of compress.h; they are NULL when it is not built in. */
struct compress_codec {
    size_t (*compress)(const void *in, size_t len, void *out, size_t room);
    int (*decompress)(const void *in, size_t in_len, void *out, size_t len);
    size_t growth_max; /* how many times as long decompressing can make something */
};

extern const struct compress_codec compress_lz4, compress_zstd;

#endif
