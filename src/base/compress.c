/* SPDX-License-Identifier: Apache-2.0 */
/* Which library does it. A block is compressed in one call and stands alone, so that a frame can be read
 * without the one before it; how it is framed, and how long it was, is the business of whoever keeps it.
 *
 * Levels are not offered: both libraries are asked for speed. On logs lz4 takes a third to a seventh of
 * the bytes at more than a disk can write; zstd half of that at half the speed. Slower levels belong to
 * what is compressed once and kept, and a buffer is read once and deleted. */
#include "base/compress.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/compress_codec.h"

/* NULL: it is a copy. */
static const struct compress_codec *codec_of(enum compression how)
{
    switch (how) {
    case COMPRESSION_NONE: break;
    case COMPRESSION_LZ4: return &compress_lz4;
    case COMPRESSION_ZSTD: return &compress_zstd;
    }
    return NULL;
}

bool compression_is_built(enum compression how)
{
    const struct compress_codec *codec = codec_of(how);
    return !codec || codec->compress;
}

size_t compress_block(enum compression how, const void *in, size_t len, void *out, size_t room)
{
    const struct compress_codec *codec = codec_of(how);
    assert(len <= COMPRESS_BYTES_MAX);
    if (room > COMPRESS_BYTES_MAX)
        room = COMPRESS_BYTES_MAX;
    if (codec)
        return codec->compress ? codec->compress(in, len, out, room) : 0;
    if (len > room)
        return 0;
    memcpy(out, in, len);
    return len;
}

int decompress_block(enum compression how, const void *in, size_t in_len, void *out, size_t len)
{
    const struct compress_codec *codec = codec_of(how);
    if (in_len > COMPRESS_BYTES_MAX || len > COMPRESS_BYTES_MAX)
        return -EBADMSG;
    if (codec)
        return codec->decompress ? codec->decompress(in, in_len, out, len) : -ENOTSUP;
    if (in_len != len)
        return -EBADMSG;
    memcpy(out, in, len);
    return 0;
}

size_t decompress_bound(enum compression how, size_t stored)
{
    const struct compress_codec *codec = codec_of(how);
    const size_t growth = codec ? codec->growth_max : 1;
    return stored > SIZE_MAX / growth ? SIZE_MAX : stored * growth;
}
