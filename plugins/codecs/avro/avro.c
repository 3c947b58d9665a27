/* SPDX-License-Identifier: Apache-2.0 */
/* Avro's binary encoding (Avro 1.12, "Binary Encoding"), by a schema that the output gives: see avro.h for the parts.
 *
 *     prefix | field | field | ... | field |     in the schema's order; no names, no lengths: readers need the schema
 *
 * A record fits the schema or it does not: then it is refused, alone, and the reason says which field is at fault. Nothing is
 * cut, rounded or guessed to make it fit.
 *
 * A schema is compiled once. After that a record costs a look at the name of each of its fields and a step for each of the
 * schema's: nothing is allocated, but for memory that grows to the size that the largest record needs.
 *
 * Rejected: Avro's own C library, which builds a tree of values for each record and brings four other libraries. */
#include "avro.h"

#include <errno.h>
#include <stdlib.h>

#define KEY(builtin) offsetof(struct codec_avro, keys) + (builtin) * sizeof(char *)
#define SCRATCH_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define PREFIX_BYTES_MAX 32

static const char *const unknowns[] = { "reject", "drop", NULL };
static const char *const units[] = { "s", "ms", "us", "ns", NULL };

static const struct weir_option options[] = {
    { .name = "fields",
      .type = WEIR_PAIRS,
      .offset = offsetof(struct codec_avro, renames),
      .help =
          "Fields of the schema, and what they are called in records, where that differs: `{body: message}`. In records a "
          "field can have characters that a name in a schema cannot: for those there is `_` in the schema (`host.name`: "
          "`host_name`)." },
    { .name = "unknown",
      .type = WEIR_ENUM,
      .offset = offsetof(struct codec_avro, unknown),
      .def = "reject",
      .choices = unknowns,
      .help =
          "What becomes of a record with a field that the schema has no place for: it is rejected, or the field is left out "
          "and counted." },
    { .name = "rest",
      .type = WEIR_TEXT,
      .offset = offsetof(struct codec_avro, rest),
      .help =
          "A map of the schema that takes the fields that it has no place for. Values that the map's type does not take go "
          "in as text, where it takes text." },
    { .name = "convert",
      .type = WEIR_BOOL,
      .offset = offsetof(struct codec_avro, convert),
      .def = "false",
      .help =
          "Take the text of a number or truth value where the schema wants one, and write numbers and truth values as text "
          "where it wants text." },
    { .name = "time_key",
      .type = WEIR_TEXT,
      .offset = KEY(AVRO_TIME),
      .def = "time",
      .help =
          "The schema's field for the event time; where none is known and the field has neither a default nor null, it "
          "gets the time at which the record was read. An empty key, here and below: no field." },
    { .name = "time_unit",
      .type = WEIR_ENUM,
      .offset = offsetof(struct codec_avro, time_unit),
      .def = "ms",
      .choices = units,
      .help =
          "What a time counts since 1970 in a field of type long without one of the logical types timestamp-millis, "
          "timestamp-micros and timestamp-nanos." },
    { .name = "severity_key",
      .type = WEIR_TEXT,
      .offset = KEY(AVRO_SEVERITY),
      .def = "severity",
      .help =
          "The schema's field for the severity: OpenTelemetry's number (13) in an int or long, its name (\"WARN\") in a "
          "string or enum." },
    { .name = "trace_id_key",
      .type = WEIR_TEXT,
      .offset = KEY(AVRO_TRACE_ID),
      .def = "trace_id",
      .help =
          "The schema's field for the trace id: 16 bytes, or 32 hexadecimal digits in a string." },
    { .name = "span_id_key",
      .type = WEIR_TEXT,
      .offset = KEY(AVRO_SPAN_ID),
      .def = "span_id",
      .help =
          "The schema's field for the span id: 8 bytes, or 16 hexadecimal digits in a string." },
    { .name = "trace_flags_key",
      .type = WEIR_TEXT,
      .offset = KEY(AVRO_TRACE_FLAGS),
      .def = "trace_flags",
      .help =
          "The schema's field for the trace flags: a number, or two hexadecimal digits in a string." },
    { .name = "record_id_key",
      .type = WEIR_TEXT,
      .offset = KEY(AVRO_RECORD_ID),
      .def = "record_id",
      .help =
          "The schema's field for the record's id: 16 bytes, 32 hexadecimal digits, or a UUID." },
    { .name = "observed_time_key",
      .type = WEIR_TEXT,
      .offset = KEY(AVRO_OBSERVED_TIME),
      .def = "observed_time",
      .help = "The schema's field for the time at which the agent read the record." },
    { .name = "clock_key",
      .type = WEIR_TEXT,
      .offset = KEY(AVRO_CLOCK),
      .def = "clock",
      .help =
          "The schema's field for the logical clock: a long, 8 bytes, or 16 hexadecimal digits in a string." },
    { 0 },
};

static int codec_avro_check(void *state, struct weir_error *err)
{
    const struct codec_avro *self = state;
    return weir_codec_check_keys(self->keys, AVRO_BUILTIN_COUNT, err);
}

static void codec_avro_explain(const void *state, struct weir_bytes *out)
{
    const struct codec_avro *self = state;
    static const char fits[] = "A record that does not fit the schema is rejected, alone.\n";
    const char *rest =
        self->rest
            ? "Fields that the schema has no place for are gathered in a map, as text where its type "
              "takes nothing else.\n"
        : self->unknown == AVRO_DROP
            ? "Fields that the schema has no place for are left out, and counted: they are lost.\n"
            : "So is one with a field that the schema has no place for.\n";
    (void)!weir_bytes_add(out, fits, sizeof(fits) - 1);
    (void)!weir_bytes_add(out, rest, strlen(rest));
}

static int codec_avro_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct codec_avro *self = state;
    (void)host;
    self->scratch.max = SCRATCH_BYTES_MAX;
    self->time_format = weir_time_format_new("rfc3339", "UTC", err);
    return self->time_format ? 0 : -ENOMEM;
}

static void codec_avro_close(void *state)
{
    struct codec_avro *self = state;
    avro_program_free(&self->program);
    self->time_format = weir_time_format_free(self->time_format);
    free(self->slots);
    free(self->places);
    free(self->left);
    free(self->stack);
    free(self->source.fields);
    weir_bytes_free(&self->source.text);
    weir_bytes_free(&self->source.position_name);
    weir_bytes_free(&self->scratch);
}

/* Compiles into self->program, which is empty. */
static int use(struct codec_avro *self, const struct weir_schema *schema, struct weir_error *err)
{
    int r = avro_program_compile(&self->program, schema->text, self->renames.items,
                                 self->renames.count, err);
    if (r == 0)
        r = avro_defaults_encode(self, err);
    if (r == 0) {
        self->program.prefix = avro_pool_copy(&self->program, schema->prefix);
        if (!self->program.prefix.ptr || schema->prefix.len > PREFIX_BYTES_MAX)
            r = weir_error_set(err, -ENOMEM, "out of memory for the schema");
    }
    return r == 0 ? avro_record_prepare(self, err) : r;
}

static int codec_avro_set_schema(void *state, const struct weir_schema *schema,
                                 struct weir_error *err)
{
    struct codec_avro *self = state;
    struct avro_program before = self->program;
    self->program = (struct avro_program){ 0 };
    int r = use(self, schema, err);
    if (r < 0) {
        avro_program_free(&self->program);
        self->program = before;
        if (before.types && avro_record_prepare(self, NULL) < 0)
            avro_program_free(&self->program);
        return r;
    }
    avro_program_free(&before);
    return 0;
}

static uint64_t codec_avro_left_out(const void *state)
{
    return ((const struct codec_avro *)state)->left_out;
}

/* Adds record `i`, or nothing, and says why. */
static bool add_record(struct codec_avro *self, const struct weir_batch *batch,
                       const struct weir_run *run, uint32_t i, struct weir_bytes *out)
{
    const size_t before = out->len;
    const uint64_t left_out = self->left_out;
    struct avro_pen pen = avro_pen_begin(out);
    self->starved = false;
    enum avro_answer answer =
        avro_pen_grow(&pen, 1) ? avro_encode_record(self, &pen, batch, run, i) : AVRO_FULL;
    if (answer == AVRO_FITS && !self->starved) {
        out->len = avro_pen_tell(&pen);
        return true;
    }
    out->len = before;
    self->left_out = left_out;
    out->starved |= self->starved;
    if (answer == AVRO_MISFIT && !self->starved)
        out->refused = avro_misfit_text(self);
    return false;
}

static uint32_t codec_avro_encode(void *state, const struct weir_slice *slice, uint32_t at,
                                  struct weir_bytes *out, size_t want)
{
    struct codec_avro *self = state;
    const struct weir_run *run = NULL;
    const uint32_t end = slice->first + slice->count;
    uint32_t i = weir_slice_next(slice, at);
    if (!self->program.types) {
        out->refused = WEIR_STR("there is no schema to write by");
        return i;
    }
    for (; i < end && out->len < want; i = weir_slice_next(slice, i + 1)) {
        if (!run || i - run->first >= run->count) {
            run = weir_batch_run(slice->batch, i);
            if (avro_source_read(self, run) < 0) {
                out->starved = true;
                return i;
            }
        }
        if (!add_record(self, slice->batch, run, i, out))
            return i;
    }
    return i;
}

WEIR_PLUGIN(codec_avro) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_CODEC_PLUGIN,
    .name = "avro",
    .summary = "Avro's binary encoding, by a schema that the output has from a registry.",
    .state_size = sizeof(struct codec_avro),
    .options = options,
    .check = codec_avro_check,
    .explain = codec_avro_explain,
    .open = codec_avro_open,
    .close = codec_avro_close,
    .codec = { .flags = WEIR_CODEC_BINARY | WEIR_CODEC_SCHEMA,
               .encode = codec_avro_encode,
               .set_schema = codec_avro_set_schema,
               .left_out = codec_avro_left_out },
};
