/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a frame: see frame.h for the drawing. A range in memory is what it is on disk. */
#include "buffer/frame.h"

#include <assert.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "frames are little-endian");
static_assert(sizeof(struct frame_range) == FRAME_RANGE_BYTES, "a range, as it stands on disk");
static_assert(offsetof(struct frame_range, from) == 16 &&
                  offsetof(struct frame_range, observed) == 40 &&
                  offsetof(struct frame_range, first) == 56 &&
                  offsetof(struct frame_range, text) == 68,
              "its members stand where they are drawn");

void frame_range_write(uint8_t *out, const struct frame_range *range)
{
    memcpy(out, range, sizeof(*range));
}

void frame_range_read(const uint8_t *in, struct frame_range *ret)
{
    memcpy(ret, in, sizeof(*ret));
}
