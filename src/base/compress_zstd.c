/* SPDX-License-Identifier: Apache-2.0 */
/* Zstandard frames, which say how long their content is. */
#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/compress.h"
#include "base/compress_codec.h"

#define ZSTD_LEVEL 1
/* A block of 128 KiB that is one byte, over and over, takes four bytes. */
#define ZSTD_GROWTH_MAX 32768

static size_t zstd_compress(const void *in, size_t len, void *out, size_t room)
{
    size_t written = ZSTD_compress(out, room, in, len, ZSTD_LEVEL);
    return ZSTD_isError(written) ? 0 : written;
}

static int zstd_decompress(const void *in, size_t in_len, void *out, size_t len)
{
    if (ZSTD_getFrameContentSize(in, in_len) != len)
        return -EBADMSG;
    size_t written = ZSTD_decompress(out, len, in, in_len);
    if (ZSTD_isError(written) && ZSTD_getErrorCode(written) == ZSTD_error_memory_allocation)
        return -ENOMEM;
    return written == len ? 0 : -EBADMSG;
}

const struct compress_codec compress_zstd = {
    .compress = zstd_compress,
    .decompress = zstd_decompress,
    .growth_max = ZSTD_GROWTH_MAX,
};
