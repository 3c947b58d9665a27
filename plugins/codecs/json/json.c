/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object a line: the record's fields, and beside them what else is known.
 *
 *     {"level":"error","msg":"refused","env":"prod","time":"2026-03-01T08:15:11Z"}
 *      +--- as it was read ----------+ +- added ---+ +- builtin, where it is set -+
 *
 * A record that came as JSON still has its text (`object` in weir/batch.h). It is copied in one piece and
 * the rest put behind it, before the closing brace: that is all there is to do for the main job of a log
 * agent, and it runs at the speed of memcpy(). Other records are printed field by field, where text that a
 * parser has flagged as clean, or left with its escapes, is copied too.
 *
 * A line is always valid JSON, whatever came in, it is always one line, and its top level never has a name
 * twice: a field wins over a builtin of that name, and that over what is known about the source. */
#include "json.h"

#include <errno.h>

static const char *const time_formats[] = {
    "rfc3339", "unix", "unix_ms", "unix_us", "unix_ns", NULL
};
static const char *const severity_formats[] = { "text", "number", NULL };

#define KEY(builtin) offsetof(struct codec_json, keys) + (builtin) * sizeof(char *)

static const struct weir_option options[] = {
    { .name = "time_key",
      .type = WEIR_TEXT,
      .offset = KEY(BUILTIN_TIME),
      .def = "time",
      .help =
          "Where the event time goes, when it is known. An empty key leaves it out, here and below." },
    { .name = "time_format",
      .type = WEIR_ENUM,
      .offset = offsetof(struct codec_json, time_format),
      .def = "rfc3339",
      .choices = time_formats,
      .help =
          "How times are written: as text in UTC, or as a number since 1970, in seconds (with a "
          "fraction where there is one), ms, us or ns." },
    { .name = "severity_key",
      .type = WEIR_TEXT,
      .offset = KEY(BUILTIN_SEVERITY),
      .def = "severity",
      .help = "Where the severity goes, when it is known." },
    { .name = "severity_format",
      .type = WEIR_ENUM,
      .offset = offsetof(struct codec_json, severity_format),
      .def = "text",
      .choices = severity_formats,
      .help = "Its name (\"WARN\") or OpenTelemetry's number (13)." },
    { .name = "trace_id_key",
      .type = WEIR_TEXT,
      .offset = KEY(BUILTIN_TRACE_ID),
      .def = "trace_id",
      .help = "Where the trace id goes, when there is one: 32 hexadecimal digits." },
    { .name = "span_id_key",
      .type = WEIR_TEXT,
      .offset = KEY(BUILTIN_SPAN_ID),
      .def = "span_id",
      .help = "Where the span id goes, when there is one: 16 hexadecimal digits." },
    { .name = "trace_flags_key",
      .type = WEIR_TEXT,
      .offset = KEY(BUILTIN_TRACE_FLAGS),
      .def = "",
      .help = "Where the trace flags go, when there is a trace id: two hexadecimal digits." },
    { .name = "record_id_key",
      .type = WEIR_TEXT,
      .offset = KEY(BUILTIN_RECORD_ID),
      .def = "",
      .help = "Where the record's id goes, the same at every delivery: 32 hexadecimal digits." },
    { .name = "observed_time_key",
      .type = WEIR_TEXT,
      .offset = KEY(BUILTIN_OBSERVED_TIME),
      .def = "",
      .help = "Where the time goes at which the agent read the record." },
    { .name = "clock_key",
      .type = WEIR_TEXT,
      .offset = KEY(BUILTIN_CLOCK),
      .def = "",
      .help =
          "Where the logical clock goes: 16 hexadecimal digits, which sort as text in the order of "
          "reading, also when the host's clock is put back." },
    { .name = "source",
      .type = WEIR_BOOL,
      .offset = offsetof(struct codec_json, with_source),
      .def = "false",
      .help = "Print what is known about where the record came from: log.file.path and the like." },
    { 0 },
};

static int codec_json_check(void *state, struct weir_error *err)
{
    const struct codec_json *self = state;
    return weir_codec_check_keys(self->keys, BUILTIN_COUNT, err);
}

static int codec_json_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct codec_json *self = state;
    (void)host;
    int r = codec_json_set_keys(self);
    return r < 0 ? weir_error_set(err, r, "out of memory for the names of keys") : 0;
}

static void codec_json_close(void *state)
{
    struct codec_json *self = state;
    weir_bytes_free(&self->keys_text);
    weir_bytes_free(&self->tail);
    weir_bytes_free(&self->source.text);
    weir_bytes_free(&self->source.names);
}

static bool encode_record(struct codec_json *self, const struct weir_batch *batch,
                          const struct weir_run *run, uint32_t i, struct weir_bytes *out)
{
    struct weir_line_record room;
    const struct weir_record *record = weir_batch_record(batch, i, &room);
    if (codec_json_tail(self, batch, run, i, record) < 0)
        return false;
    return codec_json_print(out, batch, !(run->flags & WEIR_RUN_NEWLINES), record,
                            (struct weir_str){ self->tail.data, self->tail.len });
}

/* A failure to make what is put into `out` is told there. */
static uint32_t stop_at(struct codec_json *self, uint32_t i, struct weir_bytes *out)
{
    out->starved |= self->tail.starved || self->source.text.starved || self->source.names.starved;
    self->tail.starved = self->source.text.starved = self->source.names.starved = false;
    return i;
}

static uint32_t codec_json_encode(void *state, const struct weir_slice *slice, uint32_t at,
                                  struct weir_bytes *out, size_t want)
{
    struct codec_json *self = state;
    const struct weir_run *run = NULL;
    const uint32_t end = slice->first + slice->count;
    uint32_t i = weir_slice_next(slice, at);
    while (i < end && out->len < want) {
        if (!run || i - run->first >= run->count) {
            run = weir_batch_run(slice->batch, i);
            if (self->with_source && codec_json_source_read(self, run) < 0)
                return stop_at(self, i, out);
        }
        if (self->only_fields && !slice->batch->records) {
            const uint32_t next = codec_json_lines(slice, run, i, out, want);
            if (next != i) {
                i = next;
                continue;
            }
        }
        if (!encode_record(self, slice->batch, run, i, out))
            return stop_at(self, i, out);
        i = weir_slice_next(slice, i + 1);
    }
    return i;
}

WEIR_PLUGIN(codec_json) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_CODEC_PLUGIN,
    .name = "json",
    .summary = "One JSON object a line: the record's fields, and what else is known of it.",
    .state_size = sizeof(struct codec_json),
    .options = options,
    .check = codec_json_check,
    .open = codec_json_open,
    .close = codec_json_close,
    .codec = { .encode = codec_json_encode },
};
