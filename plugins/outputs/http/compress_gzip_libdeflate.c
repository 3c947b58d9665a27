/* SPDX-License-Identifier: Apache-2.0 */
#include "compress_gzip.h"

#include <errno.h>
#include <libdeflate.h>

#define LEVEL 1

struct gzip *gzip_new(void)
{
    return (struct gzip *)libdeflate_alloc_compressor(LEVEL);
}

struct gzip *gzip_free(struct gzip *gzip)
{
    libdeflate_free_compressor((struct libdeflate_compressor *)gzip);
    return NULL;
}

int gzip_add(struct gzip *gzip, struct weir_str body, struct weir_bytes *out)
{
    struct libdeflate_compressor *compressor = (struct libdeflate_compressor *)gzip;
    size_t room = libdeflate_gzip_compress_bound(compressor, body.len);
    char *at = weir_bytes_room(out, room);
    size_t len = at ? libdeflate_gzip_compress(compressor, body.ptr, body.len, at, room) : 0;
    out->len += len;
    return len ? 0 : -ENOMEM;
}
