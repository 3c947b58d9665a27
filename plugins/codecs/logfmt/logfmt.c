/* SPDX-License-Identifier: Apache-2.0 */
/* name=value pairs on one line, for people and for the tools that read logfmt.
 *
 *     time=2026-03-01T08:15:11Z level=warn msg="took long" ms=812 order="{\"id\":7}"
 *
 * There is no standard. What readers agree on is kept: a value is bare unless it is empty or holds a
 * space, a quote, an equals sign or a control byte; else it stands in quotes, with JSON's escapes. Nested
 * JSON is a text like any other. A name cannot be quoted, so what would end it becomes an underscore. Text
 * that is not known to be UTF-8 is quoted as soon as it leaves ASCII, since that is where it is checked. */
#include <weir/plugin.h>

#include <errno.h>

#define SCRATCH_BYTES_MAX ((size_t)1 << 20)

struct codec_logfmt {
    char *time_key, *severity_key, *trace_id_key, *span_id_key, *record_id_key;
    struct weir_bytes scratch; /* a name, while it is looked at */
};

#define KEY(member, key, what)                                                                     \
    {                                                                                              \
        .name = #member, .type = WEIR_TEXT, .offset = offsetof(struct codec_logfmt, member),       \
        .def = key, .help = what                                                                   \
    }

static const struct weir_option options[] = {
    KEY(time_key, "time",
        "Where the event time goes, when it is known. An empty key leaves it out, here and below."),
    KEY(severity_key, "level", "Where the severity goes, when it is known: in small letters."),
    KEY(trace_id_key, "trace_id", "Where the trace id goes, when there is one."),
    KEY(span_id_key, "span_id", "Where the span id goes, when there is one."),
    KEY(record_id_key, "", "Where the record's id goes, the same at every delivery."),
    { 0 },
};

/* ---- names and values ----------------------------------------------------------------------------- */

static bool is_plain(unsigned char byte)
{
    return byte > ' ' && byte != '=' && byte != '"' && byte != 0x7f;
}

/* Whether a value can stand without quotes. */
static bool is_bare(struct weir_str text, bool known_utf8)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.ptr[i];
        if (!is_plain(byte) || (byte >= 0x80 && !known_utf8))
            return false;
    }
    return text.len > 0;
}

static int add_plain(struct weir_bytes *out, struct weir_str text)
{
    return weir_bytes_add(out, text.ptr, text.len);
}

/* The name as valid UTF-8: where it is no plain ASCII, in `scratch`. */
static struct weir_str name_text(struct codec_logfmt *self, const struct weir_field *field)
{
    struct weir_str name = { field->name, field->name_len };
    struct weir_bytes *scratch = &self->scratch;
    scratch->len = 0;
    if (field->flags & WEIR_NAME_ESCAPED) {
        const struct weir_field text = { .value = name.ptr,
                                         .value_len = field->name_len,
                                         .type = WEIR_VALUE_STRING,
                                         .flags = WEIR_VALUE_ESCAPED };
        if (weir_bytes_add_text(scratch, &text) == 0)
            return (struct weir_str){ scratch->data, scratch->len };
    } else if (!(field->flags & WEIR_NAME_CLEAN) && !is_bare(name, false)) {
        if (weir_bytes_add_json(scratch, name) == 0) /* without its quotes */
            return (struct weir_str){ scratch->data + 1, scratch->len - 2 };
    }
    return name;
}

static int add_name(struct codec_logfmt *self, struct weir_bytes *out,
                    const struct weir_field *field)
{
    struct weir_str name = name_text(self, field);
    if (name.len == 0)
        name = WEIR_STR("_");
    char *at = weir_bytes_room(out, name.len + 1);
    if (!at)
        return -ENOSPC;
    for (size_t i = 0; i < name.len; i++)
        *at++ = is_plain((unsigned char)name.ptr[i]) ? name.ptr[i] : '_';
    *at = '=';
    out->len += name.len + 1;
    return 0;
}

/* Text that holds JSON's escapes is what stands between quotes here, too. */
static int add_escaped(struct weir_bytes *out, struct weir_str text)
{
    int r = weir_bytes_add(out, "\"", 1);
    if (r == 0)
        r = add_plain(out, text);
    return r == 0 ? weir_bytes_add(out, "\"", 1) : r;
}

static int add_value(struct weir_bytes *out, const struct weir_field *field)
{
    const struct weir_str text = { field->value, field->value_len };
    if (field->flags & WEIR_VALUE_ESCAPED)
        return add_escaped(out, text);
    if (is_bare(text, field->flags & WEIR_VALUE_CLEAN))
        return add_plain(out, text);
    return weir_bytes_add_json(out, text);
}

/* ---- records ---------------------------------------------------------------------------------------- */

/* "key=", when it is asked for and no field has that name; 1: nothing is to be added. */
static int add_key(struct weir_bytes *out, const struct weir_record *record, const char *key)
{
    const struct weir_str name = weir_str_of(key);
    if (name.len == 0 || weir_record_find(record, name) >= 0)
        return 1;
    int r = add_plain(out, name);
    return r == 0 ? weir_bytes_add(out, "=", 1) : r;
}

static int add_end(struct weir_bytes *out, int r)
{
    if (r == 1)
        return 0;
    return r == 0 ? weir_bytes_add(out, " ", 1) : r;
}

static int add_time(struct weir_bytes *out, const struct weir_record *record, const char *key)
{
    int r = record->event_time == WEIR_TIME_UNSET ? 1 : add_key(out, record, key);
    return add_end(out, r == 0 ? weir_bytes_add_time(out, record->event_time) : r);
}

static int add_severity(struct weir_bytes *out, const struct weir_record *record, const char *key)
{
    const struct weir_str name = weir_severity_name(record->severity);
    int r = name.len == 0 ? 1 : add_key(out, record, key);
    char *at = r == 0 ? weir_bytes_room(out, name.len) : NULL;
    if (r == 0 && !at)
        r = -ENOSPC;
    if (r == 0) {
        for (size_t i = 0; i < name.len; i++) /* letters and digits */
            *at++ = (char)(name.ptr[i] | 0x20);
        out->len += name.len;
    }
    return add_end(out, r);
}

static int add_id(struct weir_bytes *out, const struct weir_record *record, const char *key,
                  const uint8_t *id, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t any = 0;
    for (size_t i = 0; id && i < len; i++)
        any |= id[i];
    int r = any ? add_key(out, record, key) : 1;
    for (size_t i = 0; i < len && r == 0; i++) {
        const char text[2] = { digits[id[i] >> 4], digits[id[i] & 15] };
        r = weir_bytes_add(out, text, sizeof(text));
    }
    return add_end(out, r);
}

static int add_builtins(const struct codec_logfmt *self, const struct weir_batch *batch, uint32_t i,
                        const struct weir_record *record, struct weir_bytes *out)
{
    const struct weir_trace *trace = record->trace;
    int r = add_time(out, record, self->time_key);
    if (r == 0)
        r = add_severity(out, record, self->severity_key);
    if (r == 0 && trace)
        r = add_id(out, record, self->trace_id_key, trace->trace_id, sizeof(trace->trace_id));
    if (r == 0 && trace)
        r = add_id(out, record, self->span_id_key, trace->span_id, sizeof(trace->span_id));
    if (r == 0 && self->record_id_key && self->record_id_key[0]) {
        uint8_t id[16];
        weir_batch_record_id(batch, i, id);
        r = add_id(out, record, self->record_id_key, id, sizeof(id));
    }
    return r;
}

static int add_fields(struct codec_logfmt *self, const struct weir_record *record,
                      struct weir_bytes *out)
{
    int r = 0;
    for (uint32_t i = 0; i < record->count && r == 0; i++) {
        r = add_name(self, out, &record->fields[i]);
        if (r == 0)
            r = add_value(out, &record->fields[i]);
        if (r == 0)
            r = weir_bytes_add(out, " ", 1);
    }
    return r;
}

static int add_record(struct codec_logfmt *self, const struct weir_batch *batch, uint32_t i,
                      struct weir_bytes *out)
{
    struct weir_line_record room;
    const struct weir_record *record = weir_batch_record(batch, i, &room);
    const size_t before = out->len;
    int r = add_builtins(self, batch, i, record, out);
    if (r == 0)
        r = add_fields(self, record, out);
    if (r == 0 && out->len > before)
        out->data[out->len - 1] = '\n'; /* the last space */
    else if (r == 0)
        r = weir_bytes_add(out, "\n", 1);
    if (r < 0)
        out->len = before;
    return r;
}

static uint32_t codec_logfmt_encode(void *state, const struct weir_slice *slice, uint32_t at,
                                    struct weir_bytes *out, size_t want)
{
    struct codec_logfmt *self = state;
    const uint32_t end = slice->first + slice->count;
    uint32_t i = weir_slice_next(slice, at);
    for (; i < end && out->len < want; i = weir_slice_next(slice, i + 1))
        if (add_record(self, slice->batch, i, out) < 0) {
            out->starved |= self->scratch.starved;
            self->scratch.starved = false;
            return i;
        }
    return i;
}

static int codec_logfmt_check(void *state, struct weir_error *err)
{
    const struct codec_logfmt *self = state;
    const struct {
        const char *option, *key;
    } keys[] = { { "time_key", self->time_key },
                 { "severity_key", self->severity_key },
                 { "trace_id_key", self->trace_id_key },
                 { "span_id_key", self->span_id_key },
                 { "record_id_key", self->record_id_key } };
    const size_t count = sizeof(keys) / sizeof(keys[0]);
    for (size_t i = 0; i < count; i++) {
        const struct weir_str key = weir_str_of(keys[i].key);
        if (key.len && !is_bare(key, true))
            return weir_error_option(err, keys[i].option,
                                     "a name in logfmt has no spaces, quotes or equals signs");
        for (size_t other = 0; other < i; other++)
            if (key.len && weir_str_eq(key, weir_str_of(keys[other].key)))
                return weir_error_option(err, keys[i].option, "\"%s\" is what %s is called",
                                         keys[i].key, keys[other].option);
    }
    return 0;
}

static int codec_logfmt_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct codec_logfmt *self = state;
    (void)host;
    (void)err;
    self->scratch.max = SCRATCH_BYTES_MAX; /* names have 64 KiB at most, six times that escaped */
    return 0;
}

static void codec_logfmt_close(void *state)
{
    struct codec_logfmt *self = state;
    weir_bytes_free(&self->scratch);
}

WEIR_PLUGIN(codec_logfmt) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_CODEC_PLUGIN,
    .name = "logfmt",
    .summary = "name=value pairs on one line.",
    .state_size = sizeof(struct codec_logfmt),
    .options = options,
    .check = codec_logfmt_check,
    .open = codec_logfmt_open,
    .close = codec_logfmt_close,
    .codec = { .encode = codec_logfmt_encode },
};
