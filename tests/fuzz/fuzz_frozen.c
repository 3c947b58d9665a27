/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a frame holds: it is refused, or it thaws to a batch that every codec can print, paths can be looked
 * up in, and that freezes and thaws to itself.
 *
 * The input: the codec, the number of ranges, the readers, a byte that is not used, u32 records, u32 bytes before
 * compression; then ranges, then the payload. */
#include <assert.h>
#include <stdlib.h>

#include "support/check_frozen.h"

enum { HEAD = 12, RANGES_MAX = 8, SIZE_LIMIT = 8192, RAW_LIMIT = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_around(const struct batch *batch)
{
    static const char *const paths[] = { "message", "a.b", "in.a.b.c" };
    for (uint32_t i = 0; batch->pub.records && i < batch->pub.count; i++)
        for (size_t path = 0; path < sizeof(paths) / sizeof(paths[0]); path++) {
            struct weir_field field;
            if (weir_record_lookup(&batch->pub.records[i], weir_str_of(paths[path]), &field))
                assert(field.name == paths[path]);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget = { .max = SIZE_MAX };
    struct batch *batch;
    if (size < HEAD || size > SIZE_LIMIT)
        return 0;
    struct frame_head head = { .codec = data[0] % 3,
                               .ranges = data[1] % (RANGES_MAX + 1),
                               .readers = data[2] };
    head.head_bytes = FRAME_HEAD_BYTES + head.ranges * FRAME_RANGE_BYTES;
    const uint8_t *ranges = data + HEAD, *payload = ranges + head.ranges * FRAME_RANGE_BYTES;
    if (payload > data + size)
        return 0;
    head.stored_bytes = (uint32_t)(data + size - payload);
    memcpy(&head.records, data + 4, 4);
    memcpy(&head.raw_bytes, data + 8, 4);
    head.raw_bytes = head.codec == FRAME_PLAIN ? head.stored_bytes : head.raw_bytes % RAW_LIMIT;
    struct chunk_pool *chunks = chunk_pool_new(0, &budget);
    assert(chunks);
    int r = frozen_thaw(&head, ranges, payload, NULL, chunks, &batch);
    if (r == 0) {
        look_around(batch);
        check_frozen(batch, NULL, batch->routed);
        frozen_free(batch);
    }
    assert(budget_used(&budget) == 0);
    chunk_pool_free(chunks);
    return 0;
}
