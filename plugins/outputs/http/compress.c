/* SPDX-License-Identifier: Apache-2.0 */
#include "compress.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "compress_gzip.h"

#define ZSTD_LEVEL 1

struct http_compressor {
    struct gzip *gzip; /* made when first used */
    ZSTD_CCtx *zstd;
};

struct http_compressor *http_compressor_new(void)
{
    return calloc(1, sizeof(struct http_compressor));
}

struct http_compressor *http_compressor_free(struct http_compressor *compressor)
{
    if (compressor) {
        gzip_free(compressor->gzip);
        ZSTD_freeCCtx(compressor->zstd);
    }
    free(compressor);
    return NULL;
}

static int gzip(struct http_compressor *compressor, struct weir_str body, struct weir_bytes *out)
{
    if (!compressor->gzip)
        compressor->gzip = gzip_new();
    return compressor->gzip ? gzip_add(compressor->gzip, body, out) : -ENOMEM;
}

static int zstd(struct http_compressor *compressor, struct weir_str body, struct weir_bytes *out)
{
    if (!compressor->zstd)
        compressor->zstd = ZSTD_createCCtx();
    size_t room = ZSTD_compressBound(body.len);
    char *at = compressor->zstd ? weir_bytes_room(out, room) : NULL;
    if (!at)
        return -ENOMEM;
    size_t len = ZSTD_compressCCtx(compressor->zstd, at, room, body.ptr, body.len, ZSTD_LEVEL);
    if (ZSTD_isError(len))
        return -ENOMEM;
    out->len = len;
    return 0;
}

int http_compress(struct http_compressor *compressor, enum http_compression how,
                  struct weir_str body, struct weir_bytes *out)
{
    out->len = 0;
    return how == HTTP_GZIP ? gzip(compressor, body, out) : zstd(compressor, body, out);
}

const char *http_compression_name(enum http_compression how)
{
    switch (how) {
    case HTTP_PLAIN: return NULL;
    case HTTP_GZIP: return "gzip";
    case HTTP_ZSTD: return "zstd";
    }
    return NULL;
}
