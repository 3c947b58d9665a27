/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_REPLAY_CHOICE_H
#define WEIR_PIPELINE_REPLAY_CHOICE_H

#include "pipeline/replay.h"
#include "record/batch.h"

/* Which records of a frame a request means: for whoever replays them, and for whoever only looks. */

/* Sets, in `ret` (bitmap_words() of the batch), a bit for each record of a thawed batch that `request` chooses; the
 * others are cleared. Returns how many. `sequence` is its frame's, `output` the bit that request->output
 * has in batch->routed; -1: it has none, so that nothing is chosen where one is asked for. request->target has no
 * part in this. @thread any. */
uint32_t replay_choose(const struct replay_request *request, const struct batch *batch,
                       uint64_t sequence, int output, uint64_t *ret);

/* A record id from the 32 hexadecimal digits that `text` begins with; false when it does not. @thread any. */
bool replay_read_id(const char *text, uint8_t ret[16]);

/* Whether a frame with records [sequence, end), the first of them read at `observed`, can hold any that the
 * request chooses, without a look into it. (Records of a frame are read at its `observed` or later.) */
static inline bool replay_may_choose(const struct replay_request *request, uint64_t sequence,
                                     uint64_t end, int64_t observed)
{
    return end > request->from && sequence < request->to && observed < request->until;
}

#endif
