/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_STREAM_ID_H
#define WEIR_RECORD_STREAM_ID_H

#include <string.h>
#include <weir/batch.h>

/* Every struct weir_stream begins with this part, which records need; buffer/stream.h has the rest. It
 * does not change while batches of the stream are under way. */
struct stream_head {
    uint8_t id[16];
};

static inline void stream_id_copy(const struct weir_stream *stream, uint8_t ret_id[16])
{
    memcpy(ret_id, ((const struct stream_head *)(const void *)stream)->id, 16);
}

#endif
