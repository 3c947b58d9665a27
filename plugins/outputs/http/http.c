/* SPDX-License-Identifier: Apache-2.0 */
/* The service that is none in particular: any address that takes a log by POST. What a codec makes of
 * records is sent as it is, one record a line, or, with json, as one array:
 *
 *     lines   {"message":"one"}\n{"message":"two"}\n
 *     array   [{"message":"one"},{"message":"two"}]
 *
 * The codec ends each record with a newline and has none inside, so the array is made by putting other bytes in
 * the newlines' places. */
#include <weir/http.h>

enum framing { FRAMING_LINES, FRAMING_ARRAY };

struct out_http {
    struct weir_http http;
    struct weir_encoder *codec;
    int format; /* enum framing */
    char *content_type;
};

static const char *const formats[] = { "lines", "array", NULL };

static const struct weir_option options[] = {
    WEIR_HTTP_OPTIONS,
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = offsetof(struct out_http, codec),
      .def = "json",
      .help = "How a record is written." },
    { .name = "format",
      .type = WEIR_ENUM,
      .offset = offsetof(struct out_http, format),
      .def = "lines",
      .choices = formats,
      .help =
          "lines: one record a line, as in ndjson. array: one JSON array of all records, with codec "
          "json." },
    { .name = "content_type",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_http, content_type),
      .help = "What the body is called. By default application/x-ndjson for lines of json, "
              "application/json for an array, text/plain for other codecs." },
    { 0 },
};

static bool writes_json(const struct out_http *self)
{
    return strcmp(weir_encoder_name(self->codec), "json") == 0;
}

static const char *content_type(const void *state)
{
    const struct out_http *self = state;
    if (self->content_type)
        return self->content_type;
    if (self->format == FRAMING_ARRAY)
        return "application/json";
    return writes_json(self) ? "application/x-ndjson" : "text/plain; charset=utf-8";
}

static int check(void *state, struct weir_error *err)
{
    const struct out_http *self = state;
    if (self->format == FRAMING_ARRAY && !writes_json(self))
        return weir_error_option(err, "format",
                                 "an array is made of records in json: set codec to json");
    if (self->content_type && strpbrk(self->content_type, "\r\n"))
        return weir_error_option(err, "content_type", "is no header");
    return 0;
}

static int begin(void *state, struct weir_bytes *body)
{
    const struct out_http *self = state;
    return self->format == FRAMING_ARRAY ? weir_bytes_add(body, "[", 1) : 0;
}

static uint32_t encode(void *state, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *body, size_t want)
{
    const struct out_http *self = state;
    size_t from = body->len;
    uint32_t next = weir_encode(self->codec, slice, at, body, want);
    if (self->format == FRAMING_LINES)
        return next;
    char *end = body->data + body->len;
    for (char *p = body->data + from; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        *p = ',';
    return next;
}

static int end(void *state, struct weir_bytes *body)
{
    const struct out_http *self = state;
    if (self->format == FRAMING_ARRAY)
        body->data[body->len - 1] = ']'; /* after at least one record */
    return 0;
}

static const struct weir_http_service service = {
    .content_type = content_type,
    .check = check,
    .begin = begin,
    .encode = encode,
    .end = end,
    .explain = "What the service does with a key that it has seen before is its own affair.\n",
};

WEIR_HTTP_PLUGIN(out_http, "http", "Posts records to any HTTP service.", options, service);
