/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON object: its members become fields, views into the text. What lies deeper stays JSON text. */
#include "parse.h"

#include <weir/json.h>

#define MEMBERS_SPARE 8

/* The reader loads past the end of a text: what is not in the batch's data moves to where it may. */
static struct weir_str with_padding(struct weir_batch *batch, struct weir_str text)
{
    const char *end = batch->data + batch->ends[batch->count - 1];
    if (text.ptr >= batch->data && text.ptr + text.len <= end)
        return text;
    char *padded = weir_batch_alloc(batch, text.len + WEIR_BATCH_PADDING);
    if (!padded)
        return WEIR_STR_NONE;
    if (text.len)
        memcpy(padded, text.ptr, text.len);
    memset(padded + text.len, 0, WEIR_BATCH_PADDING);
    return (struct weir_str){ padded, text.len };
}

enum parse_answer parse_json(struct filter_parse *self, struct weir_batch *batch,
                             struct weir_str text, struct parsed *ret)
{
    text = with_padding(batch, text);
    if (!text.ptr)
        return PARSE_NO_MEMORY;
    struct weir_json json;
    int count = WEIR_JSON_MORE;
    for (uint32_t room = self->members + MEMBERS_SPARE; count == WEIR_JSON_MORE; room *= 2) {
        ret->fields = weir_batch_fields(batch, room);
        if (!ret->fields)
            return PARSE_NO_MEMORY;
        count = weir_json_object(text.ptr, text.len, ret->fields, room, &json);
    }
    if (count < 0) {
        bool other = count == WEIR_JSON_OTHER;
        ret->reason = other ? "JSON, but not an object" : json.reason;
        ret->offset = other ? 0 : json.offset;
        return PARSE_BAD;
    }
    self->members = (uint32_t)count;
    ret->count = (uint32_t)count;
    if (json.repeats)
        ret->count = weir_json_drop_repeated(ret->fields, ret->count);
    else
        ret->object = json.object;
    return PARSE_OK;
}
