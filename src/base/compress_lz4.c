/* SPDX-License-Identifier: Apache-2.0 */
/* LZ4 blocks. */
#include <errno.h>
#include <lz4.h>

#include "base/compress.h"
#include "base/compress_codec.h"

/* A match's length goes on in bytes that stand for 255 each. */
#define LZ4_GROWTH_MAX 255

static size_t lz4_compress(const void *in, size_t len, void *out, size_t room)
{
    /* Its table of 16 KiB is on the stack. */
    int written = LZ4_compress_default(in, out, (int)len, (int)room);
    return written > 0 ? (size_t)written : 0;
}

static int lz4_decompress(const void *in, size_t in_len, void *out, size_t len)
{
    int written = LZ4_decompress_safe(in, out, (int)in_len, (int)len);
    return written >= 0 && (size_t)written == len ? 0 : -EBADMSG;
}

const struct compress_codec compress_lz4 = {
    .compress = lz4_compress,
    .decompress = lz4_decompress,
    .growth_max = LZ4_GROWTH_MAX,
};
