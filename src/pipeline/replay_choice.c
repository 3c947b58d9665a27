/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on a frame come first (its reason and whom it was for), then those on a run (when it was read), then
 * those on a record, the dearest last: an id is a hash of its own for each record. */
#include "pipeline/replay_choice.h"

#include <jansson.h>

static const char *member(const json_t *note, const char *name)
{
    const char *text = json_string_value(json_object_get(note, name));
    return text ? text : "";
}

/* `note` is that of a dead letter: see dead_letters.c. */
static bool has_reason(struct weir_str text, const char *reason)
{
    json_t *note = json_loadb(text.ptr, text.len, 0, NULL);
    bool has =
        strcmp(member(note, "reason"), reason) == 0 || strstr(member(note, "answer"), reason);
    json_decref(note);
    return has;
}

static bool has_id(const struct replay_request *request, const struct batch *batch, uint32_t i)
{
    uint8_t id[16];
    weir_batch_record_id(&batch->pub, i, id);
    for (size_t k = 0; k < request->id_count; k++)
        if (memcmp(request->ids[k], id, sizeof(id)) == 0)
            return true;
    return false;
}

/* The records that the output was to get; NULL: all of them. False: none. */
static bool find_mask(const struct replay_request *request, const struct batch *batch, int output,
                      const uint64_t **ret)
{
    *ret = NULL;
    if (!request->output)
        return true;
    if (output < 0 || !(batch->routed >> output & 1))
        return false;
    *ret = batch->masks ? batch->masks[output] : NULL;
    return true;
}

static uint32_t choose_of_run(const struct replay_request *request, const struct batch *batch,
                              const struct weir_run *run, uint64_t sequence, const uint64_t *mask,
                              uint64_t *ret)
{
    const struct weir_slice slice = { &batch->pub, mask, run->first, run->count };
    uint32_t chosen = 0;
    if (run->observed < request->since || run->observed >= request->until)
        return 0;
    for (uint32_t i = weir_slice_next(&slice, run->first); i < run->first + run->count;
         i = weir_slice_next(&slice, i + 1)) {
        if (sequence + i < request->from || sequence + i >= request->to)
            continue;
        if (request->ids && !has_id(request, batch, i))
            continue;
        ret[i / 64] |= (uint64_t)1 << (i % 64);
        chosen++;
    }
    return chosen;
}

uint32_t replay_choose(const struct replay_request *request, const struct batch *batch,
                       uint64_t sequence, int output, uint64_t *ret)
{
    const uint64_t *mask;
    uint32_t chosen = 0;
    memset(ret, 0, bitmap_words(batch->pub.count) * sizeof(ret[0]));
    if (!find_mask(request, batch, output, &mask) ||
        (request->reason && !has_reason(batch->note, request->reason)))
        return 0;
    for (uint32_t i = 0; i < batch->pub.run_count; i++)
        chosen += choose_of_run(request, batch, &batch->pub.runs[i], sequence, mask, ret);
    return chosen;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool replay_read_id(const char *text, uint8_t ret[16])
{
    for (size_t i = 0; i < 16; i++, text += 2) {
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return false;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
