/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that no filter has opened: the most common thing that there is to print, and the simplest.
 *
 *     first line \n        ─▶    {"message":"first line"}\n
 *
 * Nothing but the line varies, and most lines need no escape. So nothing is asked about a record but its
 * end; the text is looked at and copied in one pass, and what turns out to need more is left to those who
 * can. Everything is written in whole vectors, beyond its end, and the next write covers that. */
#include <string.h>
#include <weir/json.h>

#include "json.h"

static const char before[16] = "{\"message\":\"", after[4] = "\"}\n";
enum { BEFORE_LEN = 12, AFTER_LEN = 3 };

/* Behind the last one that is plain: what was cut has a field to say so. */
static uint32_t lines_end(const struct weir_slice *slice, const struct weir_run *run)
{
    const uint32_t end = slice->first + slice->count;
    uint32_t run_end = run->first + run->count;
    if (run->flags & WEIR_RUN_TRUNCATED)
        run_end--;
    return run_end < end ? run_end : end;
}

uint32_t codec_json_lines(const struct weir_slice *slice, const struct weir_run *run, uint32_t i,
                          struct weir_bytes *out, size_t want)
{
    const struct weir_batch *batch = slice->batch;
    const uint32_t end = lines_end(slice, run);
    const bool strip_cr = run->flags & WEIR_RUN_STRIP_CR, starved = out->starved;
    for (; i < end && out->len < want; i = weir_slice_next(slice, i + 1)) {
        struct weir_str line = weir_batch_span(batch, i);
        line.len--;
        if (strip_cr && line.len && line.ptr[line.len - 1] == '\r')
            line.len--;
        char *at = weir_bytes_room(out, sizeof(before) + line.len + WEIR_BATCH_PADDING);
        if (!at) { /* it may still fit to the byte */
            out->starved = starved;
            return i;
        }
        memcpy(at, before, sizeof(before));
        if (weir_json_copy(line.ptr, line.len, at + BEFORE_LEN) < line.len)
            return i;
        memcpy(at + BEFORE_LEN + line.len, after, sizeof(after));
        out->len += BEFORE_LEN + line.len + AFTER_LEN;
    }
    return i;
}
