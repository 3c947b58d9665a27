/* SPDX-License-Identifier: Apache-2.0 */
/* A codec that does not take every record: `{type: picky, refuse: bad}` writes the line, and refuses those with the text
 * `refuse`, each with a reason of its own. */
#include <weir/plugin.h>

#include <stdio.h>

struct codec_picky {
    char *refuse;
    char why[256];
};

static const struct weir_option options[] = {
    { .name = "refuse",
      .type = WEIR_TEXT,
      .offset = offsetof(struct codec_picky, refuse),
      .def = "bad",
      .help = "Text of lines that are refused." },
    { 0 },
};

static uint32_t encode(void *state, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *out, size_t want)
{
    struct codec_picky *self = state;
    const uint32_t end = slice->first + slice->count;
    at = weir_slice_next(slice, at);
    while (at < end && out->len < want) {
        const struct weir_str line = weir_batch_line(slice->batch, at);
        if (memmem(line.ptr, line.len, self->refuse, strlen(self->refuse))) {
            int len =
                snprintf(self->why, sizeof(self->why), "refused: %.*s", (int)line.len, line.ptr);
            out->refused = (struct weir_str){ self->why, (size_t)len };
            return at;
        }
        char *room = weir_bytes_room(out, line.len + 1);
        if (!room)
            return at;
        memcpy(room, line.ptr, line.len);
        room[line.len] = '\n';
        out->len += line.len + 1;
        at = weir_slice_next(slice, at + 1);
    }
    return at;
}

WEIR_PLUGIN(codec_picky) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_CODEC_PLUGIN,
    .name = "picky",
    .summary = "The line, unless it is refused.",
    .state_size = sizeof(struct codec_picky),
    .options = options,
    .codec = { .encode = encode },
};
