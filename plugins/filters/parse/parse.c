/* SPDX-License-Identifier: Apache-2.0 */
/* Makes fields out of text.
 *
 *     message: {"level":"warn","msg":"hi"}    becomes    level: warn, msg: hi
 *
 * The text is a field, `message` as a rule, whose place the new fields take: they come first, and where one
 * of them has the name of a field that the record has already, it takes that one's place too, being the
 * later. A text that is not of the format stays where it is, and is counted; so nothing is lost by a wrong
 * guess about what a file holds.
 *
 * Nothing is copied: fields are views into the text. A batch that nobody has opened goes straight from lines
 * to fields (parse_lines()), and the json codec may later print a parsed object as the text that it is.
 *
 *     parse.c          options, and the counting after each batch
 *     parse_record.c   one record: text in, fields, time and severity out
 *     parse_json.c parse_regex.c parse_logfmt.c    a format each; parse_preset.c names patterns */
#include "parse.h"

#include <errno.h>
#include <stdlib.h>

static const char *const formats[] = {
    "json", "regex", "logfmt", "apache_common", "apache_combined", "nginx", NULL
};

static const char *const on_errors[] = { "keep", "drop", NULL };

static const struct weir_option time_options[] = {
    { .name = "field",
      .type = WEIR_TEXT,
      .offset = offsetof(struct filter_parse, time.field),
      .required = true,
      .help =
          "The parsed field that holds the time of the event, or a path into a nested one (`meta.ts`)." },
    { .name = "format",
      .type = WEIR_TEXT,
      .offset = offsetof(struct filter_parse, time.format),
      .def = "rfc3339",
      .help = "`rfc3339`; `unix`, `unix_ms`, `unix_us` or `unix_ns` for a number since 1970; or a "
              "pattern such as `%d/%b/%Y:%H:%M:%S %z` (%f is a fraction of a second)." },
    { .name = "zone",
      .type = WEIR_TEXT,
      .offset = offsetof(struct filter_parse, time.zone),
      .def = "UTC",
      .help =
          "Where a time that names no zone is read: `UTC`, `local`, or an offset like `+02:00`." },
    { .name = "keep",
      .type = WEIR_BOOL,
      .offset = offsetof(struct filter_parse, time.keep),
      .def = "true",
      .help =
          "Whether the field stays beside the event time that it sets. One whose time cannot be read "
          "stays in any case, and so does a nested one." },
    { 0 },
};

static const struct weir_option options[] = {
    { .name = "format",
      .type = WEIR_ENUM,
      .offset = offsetof(struct filter_parse, format),
      .choices = formats,
      .required = true,
      .help = "What the text is: a JSON object; what `pattern` says; key=value pairs; or an access "
              "log of a web server." },
    { .name = "field",
      .type = WEIR_TEXT,
      .offset = offsetof(struct filter_parse, field),
      .def = "message",
      .help = "The field whose text is parsed; what comes out takes its place. Records without it "
              "pass unchanged." },
    { .name = "pattern",
      .type = WEIR_TEXT,
      .offset = offsetof(struct filter_parse, pattern),
      .help =
          "For `format: regex`: a regular expression (PCRE2, on bytes) with named groups, which "
          "become the fields: `^(?<host>\\S+) (?<status>\\d+)`." },
    { .name = "types",
      .type = WEIR_PAIRS,
      .offset = offsetof(struct filter_parse, types),
      .help = "For `regex` and `logfmt`: which fields are not texts, `{status: int, took: float, "
              "cached: bool}`. A value that is not of its type stays a text." },
    { .name = "time",
      .type = WEIR_GROUP,
      .group = time_options,
      .help = "Sets the event time from a parsed field. (Access logs set it by themselves.)" },
    { .name = "severity",
      .type = WEIR_TEXT,
      .offset = offsetof(struct filter_parse, severity),
      .help =
          "The parsed field, or a path into a nested one (`log.level`), that names the severity "
          "(`warn`, `E`, `notice`, 3, 40); it stays a field." },
    { .name = "on_error",
      .type = WEIR_ENUM,
      .offset = offsetof(struct filter_parse, on_error),
      .choices = on_errors,
      .def = "keep",
      .help = "What happens to a record whose text is not of the format. Either is counted in "
              "weir_parse_errors_total." },
    { .name = "keep_original",
      .type = WEIR_BOOL,
      .offset = offsetof(struct filter_parse, keep_original),
      .def = "false",
      .help = "Keep the text that was parsed, as the field `log.record.original`." },
    { 0 },
};

static int check_types(const struct weir_pairs *types, struct weir_error *err)
{
    enum weir_value type;
    for (size_t i = 0; i < types->count; i++)
        if (!parse_type_read(types->items[i].value, &type))
            return weir_error_option(err, "types",
                                     "\"%s\" is no type: expected int, float, bool or string",
                                     types->items[i].value);
    return 0;
}

static int check_combination(const struct filter_parse *self, struct weir_error *err)
{
    const char *format = formats[self->format];
    const bool preset = parse_preset_find(self->format) != NULL;
    if (self->format == PARSE_REGEX && !self->pattern)
        return weir_error_option(err, "format", "format: regex needs a `pattern`");
    if (self->format != PARSE_REGEX && self->pattern)
        return weir_error_option(err, "pattern", "is for format: regex; format: %s has none",
                                 format);
    if (self->types.count && (preset || self->format == PARSE_JSON))
        return weir_error_option(err, "types", "format: %s brings types of its own; remove `types`",
                                 format);
    if (preset && self->time.field)
        return weir_error_option(err, "time",
                                 "format: %s sets the event time by itself; remove `time`", format);
    return 0;
}

/* The zone is tried alone first, to tell which of the two is wrong. */
static struct weir_time_format *make_time(const char *format, const char *zone,
                                          struct weir_error *err)
{
    struct weir_error why = { 0 };
    struct weir_time_format *made = weir_time_format_new("rfc3339", zone, &why);
    if (!made) {
        weir_error_option(err, "time.zone", "%s", why.text);
        return NULL;
    }
    weir_time_format_free(made);
    made = weir_time_format_new(format, zone, &why);
    if (!made)
        weir_error_option(err, "time.format", "%s", why.text);
    return made;
}

/* What the options make, into `made`. For `check`, which then throws it away, and for `open`. */
static int make(const struct filter_parse *self, struct filter_parse *made, struct weir_error *err)
{
    const struct parse_preset *preset = parse_preset_find(self->format);
    int r = check_combination(self, err);
    if (r == 0)
        r = check_types(&self->types, err);
    if (r < 0)
        return r;
    if (preset || self->format == PARSE_REGEX) {
        const char *pattern = preset ? preset->pattern : self->pattern;
        made->regex = parse_regex_new(weir_str_of(pattern), &self->types, preset != NULL, err);
        if (!made->regex)
            return err->code;
    }
    if (self->time.field || preset) {
        made->time_format = make_time(preset ? preset->time_format : self->time.format,
                                      self->time.zone ? self->time.zone : "UTC", err);
        if (!made->time_format)
            return err->code;
    }
    return 0;
}

static void unmake(struct filter_parse *made)
{
    made->regex = parse_regex_free(made->regex);
    made->time_format = weir_time_format_free(made->time_format);
}

static int filter_parse_check(void *state, struct weir_error *err)
{
    struct filter_parse made = { 0 };
    int r = make(state, &made, err);
    unmake(&made);
    return r;
}

static void filter_parse_explain(const void *state, struct weir_bytes *out)
{
    const struct filter_parse *self = state;
    const struct weir_str dropped =
        WEIR_STR("Records whose text is not of the format are dropped, and counted.\n");
    if (self->on_error == ON_ERROR_DROP && weir_bytes_add(out, dropped.ptr, dropped.len) < 0)
        return; /* the report is as long as it may be */
}

static int filter_parse_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct filter_parse *self = state;
    int r = make(self, self, err);
    if (r < 0)
        return r;
    const struct parse_preset *preset = parse_preset_find(self->format);
    self->host = host;
    self->parse = self->regex                  ? parse_pattern
                  : self->format == PARSE_JSON ? parse_json
                                               : parse_logfmt;
    self->source.name = weir_str_of(self->field);
    self->time_field.name = weir_str_of(preset ? "time" : self->time.field);
    self->time_stays = self->time.keep && !preset;
    self->severity_field.name = weir_str_of(self->severity);
    if (self->parse == parse_logfmt) {
        self->pairs = calloc(LOGFMT_PAIRS_MAX, sizeof(*self->pairs));
        if (!self->pairs)
            return weir_error_set(err, -ENOMEM, "out of memory");
    }
    self->errors =
        weir_counter_new(host, "parse_errors_total",
                         "Records whose text was not of the format, or took too long to match.");
    self->gave_up =
        weir_counter_new(host, "parse_gave_up_total", "Records whose text took too long to match.");
    self->time_errors = weir_counter_new(host, "parse_time_errors_total",
                                         "Parsed records whose time could not be read.");
    if (self->regex && !parse_regex_is_compiled(self->regex))
        weir_info(host,
                  "the pattern is interpreted, which is slower: the system forbids machine code "
                  "made at run time",
                  weir_kv_str("format", formats[self->format]));
    return 0;
}

static void filter_parse_close(void *state)
{
    struct filter_parse *self = state;
    unmake(self);
    free(self->pairs);
    self->pairs = NULL;
}

/* One message a batch, about the first record that could not be parsed; the host limits repeats. */
static void report(struct filter_parse *self, const struct weir_batch *batch)
{
    const struct parse_tally *tally = &self->tally;
    if (tally->bad + tally->gave_up) {
        const struct weir_run *run = weir_batch_run(batch, tally->first_bad);
        weir_warn(
            self->host,
            self->on_error == ON_ERROR_DROP ? "records that are not of the format are dropped"
                                            : "records that are not of the format pass unparsed",
            weir_kv_int("records", tally->bad + tally->gave_up),
            weir_kv_str("format", formats[self->format]), weir_kv_str("reason", tally->reason),
            weir_kv_int("offset", (int64_t)tally->offset),
            weir_kv_text("source", weir_stream_json(run->stream)),
            weir_kv_int("position", (int64_t)weir_batch_position(batch, tally->first_bad)));
    }
    if (tally->no_memory)
        weir_error(self->host, "out of memory: records are not parsed, or lack fields",
                   weir_kv_int("records", tally->no_memory));
}

static void filter_parse_apply(void *state, struct weir_batch *batch)
{
    struct filter_parse *self = state;
    self->tally = (struct parse_tally){ .first_bad = UINT32_MAX };
    if (batch->records)
        parse_opened(self, batch);
    else if (weir_str_eq(self->source.name, WEIR_STR("message")))
        parse_lines(self, batch);
    const struct parse_tally *tally = &self->tally;
    if (tally->bad + tally->gave_up)
        weir_counter_add(self->errors, tally->bad + tally->gave_up);
    if (tally->gave_up)
        weir_counter_add(self->gave_up, tally->gave_up);
    if (tally->bad_times)
        weir_counter_add(self->time_errors, tally->bad_times);
    report(self, batch);
}

WEIR_PLUGIN(filter_parse) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "parse",
    .summary =
        "Makes fields out of text: JSON, a regular expression, key=value pairs, access logs.",
    .state_size = sizeof(struct filter_parse),
    .options = options,
    .check = filter_parse_check,
    .explain = filter_parse_explain,
    .open = filter_parse_open,
    .close = filter_parse_close,
    .filter = { .apply = filter_parse_apply },
};
