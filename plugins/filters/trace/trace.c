/* SPDX-License-Identifier: Apache-2.0 */
/* Gives records their trace context: the ids that tie a log line to a request.
 *
 * They are looked for in fields, by name, and if asked in the text of the message; what breaks the rules of
 * W3C Trace Context is ignored and counted. The fields stay: the ids beside them are what outputs with a place
 * for them use. A record that has a context already keeps it.
 *
 * Minted ids are an answer for those who group by trace id and cannot do without: such an id is the
 * record's own, the same each time that the record is read, belongs to no span, and says so in its flags. */
#include <weir/plugin.h>

#include <errno.h>
#include <stdlib.h>

#include "trace_ids.h"

enum { NAMES_MAX = 32, LENGTHS = 64 };

enum role { ROLE_TRACE, ROLE_SPAN, ROLE_FLAGS };

/* One of the names that are looked for. */
struct wanted {
    struct weir_str name;
    struct weir_str
        head; /* of a name with a dot the part before it: it may be a path. Else empty */
    enum role role;
};

struct filter_trace {
    /* Options. */
    struct weir_texts names;
    bool text, mint;

    /* Made by open. */
    struct weir_host *host;
    struct wanted *wanted;
    uint32_t count;
    /* Which of them have a name, or a head, of that length (mod LENGTHS): a bit each. */
    uint32_t of_length[LENGTHS], of_head_length[LENGTHS];
    struct weir_counter *found, *minted, *invalid;
    uint32_t found_count, minted_count, invalid_count, failed; /* of the batch in hand */
};

/* Wanted names that a record has, a bit each: as fields, or as paths into them. */
struct names {
    uint32_t plain, paths;
    const struct weir_field *fields[NAMES_MAX]; /* of the plain ones, by the name's index */
};

/* What a record's fields said. */
struct finding {
    struct weir_trace trace;
    bool has_trace, has_span, has_flags;
};

static const struct weir_option options[] = {
    { .name = "fields",
      .type = WEIR_TEXT_LIST,
      .offset = offsetof(struct filter_trace, names),
      .def = "[traceparent, trace_id, span_id, trace_flags, traceId, spanId, trace.id, span.id]",
      .help =
          "Fields to look at, the first one first. A name with `span` in it holds a span id, one with "
          "`flags` flags; any other a trace id or a W3C traceparent." },
    { .name = "text",
      .type = WEIR_BOOL,
      .offset = offsetof(struct filter_trace, text),
      .def = "false",
      .help = "Where the fields have none, look in the text of `message` for a traceparent, or for "
              "`trace_id=...` in its usual spellings." },
    { .name = "mint",
      .type = WEIR_BOOL,
      .offset = offsetof(struct filter_trace, mint),
      .def = "false",
      .help =
          "Give records without a trace id one of their own, made from the record's id: the same when "
          "the record is read again." },
    { 0 },
};

static enum role role_of(const char *name)
{
    return strcasestr(name, "span")    ? ROLE_SPAN
           : strcasestr(name, "flags") ? ROLE_FLAGS
                                       : ROLE_TRACE;
}

static int filter_trace_check(void *state, struct weir_error *err)
{
    const struct filter_trace *self = state;
    bool any = self->text || self->mint;
    if (self->names.count > NAMES_MAX)
        return weir_error_option(err, "fields", "has %zu names; at most %d are looked for",
                                 self->names.count, NAMES_MAX);
    for (size_t i = 0; i < self->names.count; i++)
        any |= role_of(self->names.items[i]) == ROLE_TRACE;
    if (!any)
        return weir_error_option(err, "fields",
                                 "has no name of a trace id, without which nothing is found");
    return 0;
}

static int filter_trace_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct filter_trace *self = state;
    self->host = host;
    self->wanted = calloc(NAMES_MAX, sizeof(*self->wanted));
    if (!self->wanted)
        return weir_error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < self->names.count && i < NAMES_MAX; i++) {
        const char *name = self->names.items[i], *dot = strchr(name, '.');
        struct wanted *wanted = &self->wanted[self->count++];
        *wanted = (struct wanted){ .name = weir_str_of(name), .role = role_of(name) };
        if (dot)
            wanted->head = (struct weir_str){ name, (size_t)(dot - name) };
        self->of_length[wanted->name.len % LENGTHS] |= (uint32_t)1 << i;
        if (dot)
            self->of_head_length[wanted->head.len % LENGTHS] |= (uint32_t)1 << i;
    }
    self->found =
        weir_counter_new(host, "trace_found_total", "Records in which a trace context was found.");
    self->minted =
        weir_counter_new(host, "trace_minted_total", "Records that were given a trace id.");
    self->invalid = weir_counter_new(host, "trace_invalid_total",
                                     "Fields that should hold trace context and do not.");
    return 0;
}

static void filter_trace_close(void *state)
{
    struct filter_trace *self = state;
    free(self->wanted);
    self->wanted = NULL;
}

static bool field_is(const struct weir_field *field, struct weir_str name)
{
    return field->name_len == name.len && !(field->flags & WEIR_NAME_ESCAPED) &&
           memcmp(field->name, name.ptr, name.len) == 0;
}

static void find_names(const struct filter_trace *self, const struct weir_record *record,
                       struct names *ret)
{
    for (uint32_t f = 0; f < record->count; f++) {
        const struct weir_field *field = &record->fields[f];
        const unsigned length = field->name_len % LENGTHS;
        for (uint32_t names = self->of_length[length]; names; names &= names - 1) {
            unsigned i = (unsigned)__builtin_ctz(names);
            if (field_is(field, self->wanted[i].name)) {
                ret->plain |= (uint32_t)1 << i;
                ret->fields[i] = field;
            }
        }
        if (field->type != WEIR_VALUE_JSON)
            continue;
        for (uint32_t names = self->of_head_length[length]; names; names &= names - 1)
            if (field_is(field, self->wanted[__builtin_ctz(names)].head))
                ret->paths |= names & -names;
    }
}

static bool take_trace(struct finding *finding, struct weir_str text)
{
    struct weir_trace trace;
    if (text.len >= TRACEPARENT_LEN) {
        if (!traceparent_read(text, &trace))
            return false;
        if (!finding->has_trace)
            *finding = (struct finding){ trace, true, true, true };
        return true;
    }
    if (!trace_id_read(text, trace.trace_id))
        return false;
    if (!finding->has_trace)
        memcpy(finding->trace.trace_id, trace.trace_id, sizeof(trace.trace_id));
    finding->has_trace = true;
    return true;
}

static bool take_span(struct finding *finding, struct weir_str text)
{
    uint8_t id[8];
    if (!span_id_read(text, id))
        return false;
    if (!finding->has_span)
        memcpy(finding->trace.span_id, id, sizeof(id));
    finding->has_span = true;
    return true;
}

/* Flags are two digits of text, or the number that they stand for. */
static bool take_flags(struct finding *finding, const struct weir_field *field,
                       struct weir_str text)
{
    uint8_t flags;
    if (field->type == WEIR_VALUE_INT && text.len == 1 && text.ptr[0] >= '0' && text.ptr[0] <= '9')
        flags = (uint8_t)((text.ptr[0] - '0') & TRACE_FLAGS_KNOWN);
    else if (field->type != WEIR_VALUE_STRING || !trace_flags_read(text, &flags))
        return false;
    if (!finding->has_flags)
        finding->trace.trace_flags = flags;
    finding->has_flags = true;
    return true;
}

static void take_field(struct filter_trace *self, struct weir_batch *batch, enum role role,
                       const struct weir_field *field, struct finding *finding)
{
    if (field->type == WEIR_VALUE_NULL)
        return;
    struct weir_str text = weir_field_text(batch, field);
    bool good = false;
    switch (role) {
    case ROLE_TRACE: good = take_trace(finding, text); break;
    case ROLE_SPAN: good = take_span(finding, text); break;
    case ROLE_FLAGS: good = take_flags(finding, field, text); break;
    }
    if (!good && text.len) /* an empty text is how some loggers write that there is none */
        self->invalid_count++;
}

static bool find_in_fields(struct filter_trace *self, struct weir_batch *batch,
                           const struct weir_record *record, struct weir_trace *ret)
{
    struct finding finding = { 0 };
    struct names names; /* `fields` is large, and not worth clearing */
    names.plain = names.paths = 0;
    find_names(self, record, &names);
    for (uint32_t left = names.plain | names.paths; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        const enum role role = self->wanted[i].role;
        struct weir_field field;
        if (names.plain >> i & 1)
            take_field(self, batch, role, names.fields[i], &finding);
        else if (weir_record_lookup(record, self->wanted[i].name, &field))
            take_field(self, batch, role, &field, &finding);
    }
    *ret = finding.trace; /* a span or flags without a trace say nothing */
    return finding.has_trace;
}

static bool find_in_message(const struct weir_record *record, struct weir_trace *ret)
{
    int at = weir_record_find(record, WEIR_STR("message"));
    if (at < 0)
        return false;
    const struct weir_field *field =
        &record->fields[at]; /* its escapes, if any, are not in the way */
    return trace_find_in_text((struct weir_str){ field->value, field->value_len }, ret);
}

static void make_trace(struct filter_trace *self, const struct weir_batch *batch, uint32_t i,
                       struct weir_trace *ret)
{
    static const uint8_t none[16];
    *ret = (struct weir_trace){ .trace_flags = TRACE_FLAGS_RANDOM };
    weir_batch_record_id(batch, i, ret->trace_id);
    if (memcmp(ret->trace_id, none, sizeof(none)) == 0)
        ret->trace_id[15] = 1;
    self->minted_count++;
}

static void set_trace(struct filter_trace *self, struct weir_batch *batch, uint32_t i,
                      const struct weir_trace *trace)
{
    struct weir_trace *own = weir_batch_alloc(batch, sizeof(*own));
    if (!own) {
        self->failed++;
        return;
    }
    *own = *trace;
    batch->records[i].trace = own;
}

static void apply_opened(struct filter_trace *self, struct weir_batch *batch, uint32_t first)
{
    for (uint32_t i = first; i < batch->count; i++) {
        const struct weir_record *record = &batch->records[i];
        struct weir_trace trace;
        if (weir_batch_is_dropped(batch, i) || record->trace)
            continue;
        bool found = find_in_fields(self, batch, record, &trace) ||
                     (self->text && find_in_message(record, &trace));
        self->found_count += found;
        if (!found && self->mint)
            make_trace(self, batch, i, &trace);
        if (found || self->mint)
            set_trace(self, batch, i, &trace);
    }
}

/* The first line that has a context of its own; without one the batch can stay as it is. */
static uint32_t first_with_context(const struct weir_batch *batch)
{
    struct weir_trace trace;
    uint32_t i = 0;
    while (i < batch->count && (weir_batch_is_dropped(batch, i) ||
                                !trace_find_in_text(weir_batch_line(batch, i), &trace)))
        i++;
    return i;
}

static void filter_trace_apply(void *state, struct weir_batch *batch)
{
    struct filter_trace *self = state;
    self->found_count = self->minted_count = self->invalid_count = self->failed = 0;
    uint32_t first = 0;
    if (!batch->records) {
        /* Plain lines have no fields to look at. */
        first = self->mint ? 0 : self->text ? first_with_context(batch) : batch->count;
        if (first == batch->count)
            return;
        if (weir_batch_open_records(batch) < 0) {
            self->failed = batch->count;
            first = batch->count;
        }
    }
    apply_opened(self, batch, first);
    weir_counter_add(self->found, self->found_count);
    weir_counter_add(self->minted, self->minted_count);
    weir_counter_add(self->invalid, self->invalid_count);
    if (self->failed)
        weir_error(self->host, "out of memory: records lack their trace context",
                   weir_kv_int("records", self->failed));
}

WEIR_PLUGIN(filter_trace) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "trace",
    .summary = "Finds the trace context that records carry, and sets their trace and span ids.",
    .state_size = sizeof(struct filter_trace),
    .options = options,
    .check = filter_trace_check,
    .open = filter_trace_open,
    .close = filter_trace_close,
    .filter = { .apply = filter_trace_apply },
};
