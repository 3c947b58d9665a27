/* SPDX-License-Identifier: Apache-2.0 */
/* OpenTelemetry's protocol over HTTP, in protobuf or in JSON (opentelemetry/proto/logs/v1/logs.proto):
 *
 *     ExportLogsServiceRequest { 1: ResourceLogs }                      one a request: the agent has one host
 *     ResourceLogs { 1: Resource { 1: KeyValue ... }  2: ScopeLogs }
 *     ScopeLogs    { 1: Scope { 1: name  2: version }  2: LogRecord ... }
 *     LogRecord    { 1: time  11: observed time, fixed64   2: severity  3: its name   5: body   6: KeyValue ...
 *                    8: flags, fixed32   9: trace id  10: span id }
 *
 * The body is the field `message`; the other fields are attributes, and with them what is known about the source and
 * the record's id (log.record.uid), by which whoever receives it can tell a repeat.
 *
 * The answer to a success may say that some records were rejected, without saying which: they are counted and told, and, as
 * the specification has it, nothing is sent again. By the same text 429, 502, 503 and 504 are the answers after which the
 * same request is sent again; others are held until somebody looks, for given up nothing is. */
#include <weir/hex.h>
#include <weir/http.h>

#include "answer.h"
#include "source.h"

/* Of an answer; more than that is none, by the specification. */
#define ANSWER_BYTES_MAX ((size_t)4 * 1024 * 1024)

enum format { FORMAT_PROTOBUF, FORMAT_JSON };

struct out_otlp {
    struct weir_http http;
    struct weir_pairs resource;
    int format; /* enum format */

    struct weir_host *host;
    struct otlp_writer writer;
    struct otlp_source source;
    size_t request_at, resource_at,
        scope_at; /* for ending these parts of the body that is being made */
};

static const char *const formats[] = { "protobuf", "json", NULL };

static const struct weir_option options[] = {
    WEIR_HTTP_OPTIONS,
    { .name = "format",
      .type = WEIR_ENUM,
      .offset = offsetof(struct out_otlp, format),
      .def = "protobuf",
      .choices = formats,
      .help = "protobuf: what every receiver takes, and the smaller one. json: the same in JSON." },
    { .name = "resource",
      .type = WEIR_PAIRS,
      .offset = offsetof(struct out_otlp, resource),
      .help = "Attributes of the resource, such as service.name, beside those of the host." },
    { 0 },
};

static const char *content_type(const void *state)
{
    const struct out_otlp *self = state;
    return self->format == FORMAT_JSON ? "application/json" : "application/x-protobuf";
}

static int open_(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_otlp *self = state;
    (void)err;
    self->host = host;
    self->writer.form = self->format == FORMAT_JSON ? &otlp_json : &otlp_protobuf;
    self->writer.text.max = self->writer.json.max = OTLP_TEXT_BYTES_MAX;
    return 0;
}

static void close_(void *state)
{
    struct out_otlp *self = state;
    otlp_writer_deinit(&self->writer);
    otlp_source_deinit(&self->source);
}

/* One of the host's, when it is known and not among the options'. */
static int add_host(struct out_otlp *self, const char *name, const char *value)
{
    if (!value || !value[0])
        return 0;
    for (size_t i = 0; i < self->resource.count; i++)
        if (strcmp(self->resource.items[i].name, name) == 0)
            return 0;
    return otlp_text_attribute(&self->writer, OTLP_RESOURCE_ATTRIBUTES, weir_str_of(name),
                               weir_str_of(value));
}

static int add_resource(struct out_otlp *self)
{
    const struct weir_identity *identity = weir_host_identity(self->host);
    const struct otlp_form *form = self->writer.form;
    size_t at;
    int r = form->begin(self->writer.out, OTLP_RESOURCE, &at);
    if (r == 0)
        r = form->list(self->writer.out, OTLP_RESOURCE_ATTRIBUTES);
    if (r == 0)
        r = add_host(self, "host.name", identity->host_name);
    if (r == 0)
        r = add_host(self, "host.id", identity->host_id);
    if (r == 0)
        r = add_host(self, "host.arch", identity->host_arch);
    for (size_t i = 0; r == 0 && i < self->resource.count; i++)
        r = otlp_text_attribute(&self->writer, OTLP_RESOURCE_ATTRIBUTES,
                                weir_str_of(self->resource.items[i].name),
                                weir_str_of(self->resource.items[i].value));
    if (r == 0)
        r = form->list_end(self->writer.out);
    return r == 0 ? form->end(self->writer.out, at) : r;
}

static int add_scope(struct out_otlp *self)
{
    const char *version = weir_host_identity(self->host)->agent_version;
    size_t at;
    int r = self->writer.form->begin(self->writer.out, OTLP_SCOPE, &at);
    if (r == 0)
        r = otlp_text(&self->writer, OTLP_SCOPE_NAME, WEIR_STR("weir"));
    if (r == 0)
        r = otlp_text(&self->writer, OTLP_SCOPE_VERSION, weir_str_of(version));
    return r == 0 ? self->writer.form->end(self->writer.out, at) : r;
}

static int begin(void *state, struct weir_bytes *body)
{
    struct out_otlp *self = state;
    const struct otlp_form *form = self->writer.form;
    self->writer.out = body;
    int r = form->begin(body, OTLP_REQUEST, &self->request_at);
    if (r == 0)
        r = form->list(body, OTLP_RESOURCE_LOGS);
    if (r == 0)
        r = form->begin(body, OTLP_RESOURCE_LOGS, &self->resource_at);
    if (r == 0)
        r = add_resource(self);
    if (r == 0)
        r = form->list(body, OTLP_SCOPE_LOGS);
    if (r == 0)
        r = form->begin(body, OTLP_SCOPE_LOGS, &self->scope_at);
    if (r == 0)
        r = add_scope(self);
    return r == 0 ? form->list(body, OTLP_LOG_RECORDS) : r;
}

/* A record that came with an id, from another agent say, keeps it: names are unique, and that is the one to tell repeats by. */
static int add_id(struct out_otlp *self, const struct weir_batch *batch, uint32_t i,
                  const struct weir_record *record)
{
    uint8_t id[16];
    char text[32];
    if (weir_record_find(record, WEIR_STR("log.record.uid")) >= 0)
        return 0;
    weir_batch_record_id(batch, i, id);
    weir_hex(text, id, sizeof(id));
    return otlp_text_attribute(&self->writer, OTLP_ATTRIBUTES, WEIR_STR("log.record.uid"),
                               (struct weir_str){ text, sizeof(text) });
}

static bool is_set(const uint8_t *id, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (id[i])
            return true;
    return false;
}

static int add_trace(struct out_otlp *self, const struct weir_trace *trace)
{
    const struct otlp_form *form = self->writer.form;
    struct weir_bytes *out = self->writer.out;
    int r = 0;
    if (!trace || !is_set(trace->trace_id, sizeof(trace->trace_id)))
        return 0;
    if (trace->trace_flags)
        r = form->number(out, OTLP_FLAGS, trace->trace_flags);
    if (r == 0)
        r = form->id(out, OTLP_TRACE_ID, trace->trace_id, sizeof(trace->trace_id));
    if (r == 0 && is_set(trace->span_id, sizeof(trace->span_id)))
        r = form->id(out, OTLP_SPAN_ID, trace->span_id, sizeof(trace->span_id));
    return r;
}

static int add_times(struct out_otlp *self, const struct weir_record *record,
                     const struct weir_run *run)
{
    const struct otlp_form *form = self->writer.form;
    struct weir_bytes *out = self->writer.out;
    int r = 0;
    if (record->event_time != WEIR_TIME_UNSET && record->event_time > 0)
        r = form->number(out, OTLP_TIME, (uint64_t)record->event_time);
    if (r == 0)
        r = form->number(out, OTLP_OBSERVED_TIME, (uint64_t)run->observed);
    if (r == 0 && record->severity)
        r = form->number(out, OTLP_SEVERITY_NUMBER, record->severity);
    if (r == 0 && record->severity)
        r = otlp_text(&self->writer, OTLP_SEVERITY_TEXT, weir_severity_name(record->severity));
    return r;
}

/* The record's fields, its source and its id. */
static int add_attributes(struct out_otlp *self, const struct weir_batch *batch, uint32_t i,
                          const struct weir_record *record, int message)
{
    int r = self->writer.form->list(self->writer.out, OTLP_ATTRIBUTES);
    for (uint32_t f = 0; r == 0 && f < record->count; f++)
        if ((int)f != message)
            r = otlp_attribute(&self->writer, OTLP_ATTRIBUTES, &record->fields[f]);
    if (r == 0)
        r = otlp_source_add(&self->source, &self->writer, weir_batch_run(batch, i)->stream, record);
    if (r == 0)
        r = add_id(self, batch, i, record);
    return r == 0 ? self->writer.form->list_end(self->writer.out) : r;
}

static int add_record(struct out_otlp *self, const struct weir_batch *batch, uint32_t i)
{
    struct weir_line_record room;
    const struct weir_record *record = weir_batch_record(batch, i, &room);
    const int message = weir_record_find(record, WEIR_STR("message"));
    size_t at;
    int r = self->writer.form->begin(self->writer.out, OTLP_LOG_RECORDS, &at);
    if (r == 0)
        r = add_times(self, record, weir_batch_run(batch, i));
    if (r == 0 && message >= 0)
        r = otlp_value(&self->writer, OTLP_BODY, &record->fields[message]);
    if (r == 0)
        r = add_attributes(self, batch, i, record, message);
    if (r == 0)
        r = add_trace(self, record->trace);
    return r == 0 ? self->writer.form->end(self->writer.out, at) : r;
}

static uint32_t encode(void *state, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *body, size_t want)
{
    struct out_otlp *self = state;
    while (at < slice->first + slice->count && body->len < want) {
        size_t before = body->len;
        if (add_record(self, slice->batch, at) < 0) {
            body->starved |= self->writer.text.starved || self->writer.json.starved;
            self->writer.text.starved = self->writer.json.starved = false;
            body->starved |= otlp_source_starved(&self->source);
            body->len = before;
            break;
        }
        at = weir_slice_next(slice, at + 1);
    }
    return at;
}

static int end(void *state, struct weir_bytes *body)
{
    struct out_otlp *self = state;
    const struct otlp_form *form = self->writer.form;
    int r = form->list_end(body);
    if (r == 0)
        r = form->end(body, self->scope_at);
    if (r == 0)
        r = form->list_end(body);
    if (r == 0)
        r = form->end(body, self->resource_at);
    if (r == 0)
        r = form->list_end(body);
    return r == 0 ? form->end(body, self->request_at) : r;
}

/* ---- the answer ------------------------------------------------------------------------------------------ */

/* Nothing may be sent again, whatever it says. */
static void read_answer(void *state, const struct weir_http_answer *answer,
                        struct weir_http_verdicts *verdicts)
{
    struct out_otlp *self = state;
    struct weir_bytes why = { .max = ANSWER_BYTES_MAX };
    uint64_t rejected = self->format == FORMAT_JSON ? otlp_read_json(answer->body, &why)
                                                    : otlp_read_protobuf(answer->body, &why);
    const struct weir_str words = { why.data, why.len };
    if (rejected)
        weir_http_some_rejected(
            verdicts, rejected < answer->records ? (uint32_t)rejected : answer->records, words);
    else if (why.len)
        weir_warn(self->host, "the receiver has taken all records, and warns",
                  weir_kv_text("why", words));
    weir_bytes_free(&why);
}

static const struct weir_http_rule rules[] = {
    { 400, 400, "request body too large", WEIR_HTTP_SPLIT }, /* so the Collector says 413 */
    { 408, 409, NULL, WEIR_HTTP_PAUSE },
    { 425, 425, NULL, WEIR_HTTP_PAUSE },
    { 500, 501, NULL, WEIR_HTTP_PAUSE },
    { 505, 599, NULL, WEIR_HTTP_PAUSE },
    { 0 },
};

static const struct weir_http_service service = {
    .path = "/v1/logs",
    .content_type = content_type,
    .open = open_,
    .close = close_,
    .explain = "A record that is sent twice has the same log.record.uid both times.\n",
    .begin = begin,
    .encode = encode,
    .end = end,
    .rules = rules,
    .read = read_answer,
    .answer_max = ANSWER_BYTES_MAX,
};

WEIR_HTTP_PLUGIN(out_otlp, "otlp", "Sends records to an OpenTelemetry receiver, over HTTP.",
                 options, service);
