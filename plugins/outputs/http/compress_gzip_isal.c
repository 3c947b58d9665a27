/* SPDX-License-Identifier: Apache-2.0 */
#include "compress_gzip.h"

#include <assert.h>
#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#define LEVEL 1
/* Room that is asked for at a time: a fifth of the body is the usual case, and more costs a turn only. */
#define ROOM_MIN ((size_t)16 * 1024)

struct gzip {
    struct isal_zstream stream;
    uint8_t buffer[ISAL_DEF_LVL1_DEFAULT];
};

struct gzip *gzip_new(void)
{
    return malloc(sizeof(struct gzip));
}

struct gzip *gzip_free(struct gzip *gzip)
{
    free(gzip);
    return NULL;
}

int gzip_add(struct gzip *gzip, struct weir_str body, struct weir_bytes *out)
{
    struct isal_zstream *stream = &gzip->stream;
    const size_t before = out->len;
    size_t room = body.len / 3 + ROOM_MIN;
    assert(body.len < UINT32_MAX / 2);
    isal_deflate_init(stream);
    stream->level = LEVEL;
    stream->level_buf = gzip->buffer;
    stream->level_buf_size = sizeof(gzip->buffer);
    stream->gzip_flag = IGZIP_GZIP;
    stream->end_of_stream = 1;
    stream->flush = NO_FLUSH;
    stream->next_in = (uint8_t *)(uintptr_t)body.ptr;
    stream->avail_in = (uint32_t)body.len;
    do {
        char *at = weir_bytes_room(out, room);
        if (!at) {
            out->len = before;
            return -ENOMEM;
        }
        stream->next_out = (uint8_t *)at;
        stream->avail_out = (uint32_t)room;
        int r = isal_deflate(stream);
        assert(r == COMP_OK);
        (void)r;
        out->len += room - stream->avail_out;
        room = ROOM_MIN + stream->avail_in;
    } while (stream->internal_state.state != ZSTATE_END);
    return 0;
}
