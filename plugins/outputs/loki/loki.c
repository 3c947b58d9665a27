/* SPDX-License-Identifier: Apache-2.0 */
/* Grafana Loki, by its push API: each record an entry of the stream that its labels say (labels.c), with its
 * time, its line as the codec writes it, and what is known beside as structured metadata. push.c makes the body,
 * snappy.c what protobuf is packed in.
 *
 * Loki drops an entry that has the time and the line of one that it has: so a request that is sent twice does no
 * harm, as long as a record's time is the same both times. It is the event time. Where none is known it is when the record was
 * read, each record of a read a nanosecond after the one before: two equal lines stay two.
 *
 * What Loki refuses for good (too old, a line too long) it answers with 400, after it has taken the rest of the request: the
 * entries at fault are found by halves, and what is sent again on the way is dropped there as told. */
#include <weir/hex.h>
#include <weir/http.h>

#include "labels.h"
#include "push.h"
#include "snappy.h"

#define LINE_BYTES_MAX ((size_t)8 * 1024 * 1024)

enum format { FORMAT_PROTOBUF, FORMAT_JSON };

struct out_loki {
    struct weir_http http;
    struct weir_pairs label_options;
    int64_t max_streams;
    int format; /* enum format */
    bool metadata;
    struct weir_encoder *codec;

    struct weir_host *host;
    struct loki_labels labels;
    struct loki_push push;
    struct weir_bytes line;
    char ids[48];  /* the metadata of the entry at hand */
    uint64_t told; /* of labels.refused */
    struct weir_counter *refused;
};

static const char *const formats[] = { "protobuf", "json", NULL };

static const struct weir_option options[] = {
    WEIR_HTTP_OPTIONS,
    { .name = "labels",
      .type = WEIR_PAIRS,
      .offset = offsetof(struct out_loki, label_options),
      .def = "{job: weir}",
      .help =
          "The labels of a stream: names to templates. Few values each: what differs from record to "
          "record belongs into the line. One that comes out empty is left out." },
    { .name = "max_streams",
      .type = WEIR_INT,
      .offset = offsetof(struct out_loki, max_streams),
      .def = "1000",
      .min = "1",
      .max = "100000",
      .unit = "streams",
      .help =
          "How many sets of labels there may be. Records of further ones go to the stream with the "
          "constant labels." },
    { .name = "format",
      .type = WEIR_ENUM,
      .offset = offsetof(struct out_loki, format),
      .def = "protobuf",
      .choices = formats,
      .help =
          "protobuf, compressed by snappy: the cheapest for the server. json: for what stands in its "
          "place; `compression` applies to that alone, and Loki takes gzip." },
    { .name = "metadata",
      .type = WEIR_BOOL,
      .offset = offsetof(struct out_loki, metadata),
      .def = "true",
      .help =
          "Send trace_id, span_id and level as structured metadata, where the record has them. Loki 2 "
          "wants false." },
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = offsetof(struct out_loki, codec),
      .def = "text",
      .help = "How a line is written." },
    { 0 },
};

static const char *content_type(const void *state)
{
    const struct out_loki *self = state;
    return self->format == FORMAT_JSON ? "application/json" : "application/x-protobuf";
}

static int check(void *state, struct weir_error *err)
{
    const struct out_loki *self = state;
    struct loki_labels labels;
    if (self->format == FORMAT_PROTOBUF && self->http.compression != 0)
        return weir_error_option(err, "compression",
                                 "protobuf is compressed by snappy already: leave it out");
    int r = loki_labels_init(&labels, &self->label_options, 1, true, err);
    loki_labels_deinit(&labels);
    return r;
}

static int open_(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_loki *self = state;
    self->host = host;
    self->push.json = self->format == FORMAT_JSON;
    self->line.max = LINE_BYTES_MAX;
    self->refused =
        weir_counter_new(host, "loki_max_streams_records_total",
                         "Records that lost labels, since there are max_streams streams.");
    return loki_labels_init(&self->labels, &self->label_options, (uint32_t)self->max_streams,
                            self->push.json, err);
}

static void close_(void *state)
{
    struct out_loki *self = state;
    loki_labels_deinit(&self->labels);
    weir_bytes_free(&self->push.labels);
    weir_bytes_free(&self->line);
}

static int begin(void *state, struct weir_bytes *body)
{
    struct out_loki *self = state;
    return loki_push_begin(&self->push, body);
}

static struct weir_str put_hex(char *at, const uint8_t *bytes, size_t count)
{
    weir_hex(at, bytes, count);
    return (struct weir_str){ at, 2 * count };
}

static bool is_set(const uint8_t *id, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (id[i])
            return true;
    return false;
}

static void add_metadata(struct loki_entry *entry, struct weir_str name, struct weir_str value)
{
    entry->metadata[entry->metadata_count++] = (struct loki_pair){ name, value };
}

static void set_metadata(struct out_loki *self, const struct weir_record *record,
                         struct loki_entry *entry)
{
    const struct weir_trace *trace = record->trace;
    if (trace && is_set(trace->trace_id, sizeof(trace->trace_id)))
        add_metadata(entry, WEIR_STR("trace_id"), put_hex(self->ids, trace->trace_id, 16));
    if (trace && is_set(trace->span_id, sizeof(trace->span_id)))
        add_metadata(entry, WEIR_STR("span_id"), put_hex(self->ids + 32, trace->span_id, 8));
    if (record->severity)
        add_metadata(entry, WEIR_STR("level"), weir_severity_name(record->severity));
}

/* Record `i`, which is all of the slice. */
static int add_record(struct out_loki *self, const struct weir_slice *one, uint32_t i,
                      struct weir_bytes *body)
{
    struct weir_line_record room;
    const struct weir_record *record = weir_batch_record(one->batch, i, &room);
    const struct weir_run *run = weir_batch_run(one->batch, i);
    struct loki_entry entry = { .time = record->event_time };
    self->line.len = 0;
    if (weir_encode(self->codec, one, i, &self->line, 1) == i) {
        body->starved |= self->line.starved;
        body->refused = self->line.refused;
        self->line.starved = false;
        return -1;
    }
    if (entry.time == WEIR_TIME_UNSET)
        entry.time = run->observed + (i - run->first);
    entry.line = (struct weir_str){ self->line.data, self->line.len - 1 }; /* without its newline */
    if (self->metadata)
        set_metadata(self, record, &entry);
    const struct weir_bytes *labels = loki_labels_of(&self->labels, one->batch, i);
    if (!labels) {
        body->starved = true;
        return -1;
    }
    return loki_push_entry(&self->push, labels, &entry, body);
}

static void tell_refused(struct out_loki *self)
{
    if (self->labels.refused == self->told)
        return;
    weir_counter_add(self->refused, (int64_t)(self->labels.refused - self->told));
    self->told = self->labels.refused;
    weir_warn(self->host,
              "there are max_streams sets of labels: records of others go to the stream of "
              "the constant labels",
              weir_kv_int("max_streams", self->max_streams));
}

static uint32_t encode(void *state, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *body, size_t want)
{
    struct out_loki *self = state;
    while (at < slice->first + slice->count && body->len < want) {
        const struct weir_slice one = {
            .batch = slice->batch, .mask = slice->mask, .first = at, .count = 1
        };
        if (add_record(self, &one, at, body) < 0)
            break;
        at = weir_slice_next(slice, at + 1);
    }
    tell_refused(self);
    return at;
}

static int end(void *state, struct weir_bytes *body)
{
    struct out_loki *self = state;
    return loki_push_end(&self->push, body);
}

static const struct weir_http_rule rules[] = {
    { 260, 260, NULL, WEIR_HTTP_RETRY }, /* "blocked", which is a success by its number alone */
    { 0 },
};

static int pack(void *state, struct weir_str body, struct weir_bytes *out)
{
    (void)state;
    return loki_snappy(body, out);
}

static bool packs(const void *state)
{
    const struct out_loki *self = state;
    return self->format == FORMAT_PROTOBUF;
}

static const struct weir_http_service service = {
    .path = "/loki/api/v1/push",
    .content_type = content_type,
    .check = check,
    .open = open_,
    .close = close_,
    .explain = "Loki drops an entry whose stream, time and line it has already.\n",
    .begin = begin,
    .encode = encode,
    .end = end,
    .packs = packs,
    .pack = pack,
    .rules = rules,
};

WEIR_HTTP_PLUGIN(out_loki, "loki", "Stores records in Grafana Loki, by its push API.", options,
                 service);
