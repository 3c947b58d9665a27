/* SPDX-License-Identifier: Apache-2.0 */
/* The line as it was, or a template, each ended by a newline.
 *
 * One record is one line of output, always: a newline inside of a record comes out as \n, so that nobody
 * can write two log lines by sending one. Lines that a file was split into hold none, so in the usual case
 * their bytes stand in the batch exactly as they go out, and `view` hands over as many of them at once as
 * there are.
 *
 * A record that a filter opened is its `message`, if it has one, else the line that it was made from. */
#include <weir/plugin.h>

struct codec_text {
    struct weir_template *template;
};

static const struct weir_option options[] = {
    { .name = "template",
      .type = WEIR_TEMPLATE,
      .offset = offsetof(struct codec_text, template),
      .help =
          "What to write for each record, with ${field} and %Y-%m-%d; without it, the line as it "
          "was read." },
    { 0 },
};

static bool has_newline(struct weir_str text)
{
    return text.len && memchr(text.ptr, '\n', text.len);
}

static int add_escaped(struct weir_bytes *out, struct weir_str text)
{
    int r = 0;
    while (r == 0 && has_newline(text)) {
        size_t len = (size_t)((const char *)memchr(text.ptr, '\n', text.len) - text.ptr);
        r = weir_bytes_add(out, text.ptr, len);
        if (r == 0)
            r = weir_bytes_add(out, "\\n", 2);
        text = (struct weir_str){ text.ptr + len + 1, text.len - len - 1 };
    }
    return r < 0 ? r : weir_bytes_add(out, text.ptr, text.len);
}

static int add_message(const struct weir_batch *batch, uint32_t i, struct weir_bytes *out)
{
    struct weir_field field;
    if (!batch->records || !weir_record_lookup(&batch->records[i], WEIR_STR("message"), &field))
        return add_escaped(out, weir_batch_line(batch, i));
    if (!(field.flags & WEIR_VALUE_ESCAPED))
        return add_escaped(out, (struct weir_str){ field.value, field.value_len });
    /* Decoded at the end of `out`; if that brought a newline, once more from there. */
    const size_t before = out->len;
    int r = weir_bytes_add_text(out, &field);
    struct weir_str text = { out->data + before, out->len - before };
    if (r < 0 || !has_newline(text))
        return r;
    struct weir_bytes line = { .max = out->max };
    r = add_escaped(&line, text);
    out->len = before;
    if (r == 0)
        r = weir_bytes_add(out, line.data, line.len);
    out->starved |= line.starved;
    weir_bytes_free(&line);
    return r;
}

static int add_record(const struct codec_text *self, const struct weir_batch *batch, uint32_t i,
                      struct weir_bytes *out)
{
    const size_t before = out->len;
    int r = self->template ? weir_template_render(self->template, batch, i, add_escaped, out)
                           : add_message(batch, i, out);
    if (r == 0)
        r = weir_bytes_add(out, "\n", 1);
    if (r < 0)
        out->len = before;
    return r;
}

static uint32_t codec_text_encode(void *state, const struct weir_slice *slice, uint32_t at,
                                  struct weir_bytes *out, size_t want)
{
    const struct codec_text *self = state;
    const uint32_t end = slice->first + slice->count;
    uint32_t i = weir_slice_next(slice, at);
    while (i < end && out->len < want) {
        if (add_record(self, slice->batch, i, out) < 0)
            return i;
        i = weir_slice_next(slice, i + 1);
    }
    return i;
}

/* The record that the byte at `offset` of the batch's data belongs to, one from `at` on. */
static uint32_t record_at(const struct weir_batch *batch, uint32_t at, size_t offset)
{
    uint32_t high = batch->count - 1;
    while (at < high) {
        uint32_t middle = at + (high - at) / 2;
        if (batch->ends[middle] <= offset)
            at = middle + 1;
        else
            high = middle;
    }
    return at;
}

/* The first of the records [at, end), all of one run, that does not stand in the batch as it goes out: it
 * holds a newline, or a carriage return belongs to its terminator. */
static uint32_t verbatim_in_run(const struct weir_batch *batch, const struct weir_run *run,
                                uint32_t at, uint32_t end)
{
    if (run->flags & WEIR_RUN_NEWLINES)
        return at;
    if (!(run->flags & WEIR_RUN_STRIP_CR))
        return end;
    const char *from = weir_batch_span(batch, at).ptr, *const stop =
                                                           batch->data + batch->ends[end - 1];
    while ((from = memchr(from, '\r', (size_t)(stop - from)))) {
        if (from[1] == '\n') /* there is one: the terminator is the last byte */
            return record_at(batch, at, (size_t)(from - batch->data));
        from++;
    }
    return end;
}

/* The end of the records from `at` on that are in the slice, without a gap. */
static uint32_t gapless_end(const struct weir_slice *slice, uint32_t at)
{
    const uint32_t end = slice->first + slice->count;
    if (!slice->mask && !slice->batch->dropped)
        return end;
    while (at < end && weir_slice_has(slice, at))
        at++;
    return at;
}

/* The end of the records from `at` on that go out as they stand, in one piece. */
static uint32_t verbatim_end(const struct weir_slice *slice, uint32_t at)
{
    const struct weir_batch *batch = slice->batch;
    const uint32_t end = gapless_end(slice, at);
    const struct weir_run *run = weir_batch_run(batch, at);
    while (at < end) {
        const uint32_t run_end = run->first + run->count < end ? run->first + run->count : end;
        at = verbatim_in_run(batch, run, at, run_end);
        if (at < run_end)
            break;
        run++;
    }
    return at;
}

static uint32_t codec_text_view(void *state, const struct weir_slice *slice, uint32_t at,
                                struct weir_str *ret_bytes)
{
    const struct codec_text *self = state;
    const struct weir_batch *batch = slice->batch;
    if (self->template || batch->records || at >= slice->first + slice->count ||
        !weir_slice_has(slice, at))
        return at;
    uint32_t end = verbatim_end(slice, at);
    if (end > at) {
        const char *from = weir_batch_span(batch, at).ptr;
        *ret_bytes = (struct weir_str){ from, (size_t)(batch->data + batch->ends[end - 1] - from) };
    }
    return end;
}

WEIR_PLUGIN(codec_text) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_CODEC_PLUGIN,
    .name = "text",
    .summary = "The line as it was, or a template.",
    .state_size = sizeof(struct codec_text),
    .options = options,
    .codec = { .encode = codec_text_encode, .view = codec_text_view },
};
