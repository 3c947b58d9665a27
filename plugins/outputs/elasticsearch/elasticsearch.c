/* SPDX-License-Identifier: Apache-2.0 */
/* Elasticsearch and OpenSearch, by their bulk API: two lines for each record, what to do and the document.
 *
 *     {"create":{"_index":"logs-app-default","_id":"AZ3fK2..."}}
 *     {"@timestamp":"2026-11-23T06:18:48Z","message":"hello"}
 *
 * The id is the record's own, so that a document that comes twice is stored once: the second answers 409, which
 * is a success. Data streams take `create` alone, and want "@timestamp" in each document: the event time, or,
 * where none is known, the time at which the record was read.
 *
 * Lines cannot be forged: the codec writes one line a record and escapes what is in it, and an index name is
 * written as a JSON string, of characters that such a name may have. */
#include <weir/http.h>

#include "answer.h"

#define ANSWER_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define INDEX_BYTES_MAX 255 /* of an index's name, by the servers' rules */

enum action { ACTION_CREATE, ACTION_INDEX };
enum id { ID_AUTO, ID_NONE };

struct out_elasticsearch {
    struct weir_http http;
    struct weir_template *index;
    int action, id;
    struct weir_encoder *codec;
    struct weir_bytes name; /* an index's, rendered */
    struct weir_counter *duplicates;
};

static const char *const actions[] = { "create", "index", NULL };
static const char *const ids[] = { "auto", "none", NULL };

static const struct weir_option options[] = {
    WEIR_HTTP_OPTIONS,
    { .name = "index",
      .type = WEIR_TEMPLATE,
      .offset = offsetof(struct out_elasticsearch, index),
      .def = "logs-weir-default",
      .help = "The data stream or index. In what comes from a field, letters become lower case and "
              "characters that a name cannot have `_`." },
    { .name = "action",
      .type = WEIR_ENUM,
      .offset = offsetof(struct out_elasticsearch, action),
      .def = "create",
      .choices = actions,
      .help =
          "create: the only one that data streams take. index: replaces a document of the same id." },
    { .name = "document_id",
      .type = WEIR_ENUM,
      .offset = offsetof(struct out_elasticsearch, id),
      .def = "auto",
      .choices = ids,
      .help =
          "auto: the record's own id, so that what is sent twice is stored once. none: the server "
          "chooses, which is faster and stores repeats." },
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = offsetof(struct out_elasticsearch, codec),
      .def = "{type: json, time_key: \"\", source: true}",
      .help = "How a document is written: json. Its @timestamp is added to that." },
    { 0 },
};

static const char *content_type(const void *state)
{
    (void)state;
    return "application/x-ndjson";
}

/* What an index's name can have: no upper case, no space, no control bytes, none of these. */
static bool is_name_byte(unsigned char c)
{
    return c > ' ' && c != 0x7f && !strchr("\\/*?\"<>|,#:", c) && !(c >= 'A' && c <= 'Z');
}

static int clean_name(struct weir_bytes *out, struct weir_str text)
{
    char *at = weir_bytes_room(out, text.len);
    if (!at)
        return -1;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c - 'A' + 'a');
        at[i] = is_name_byte(c) ? (char)c : '_';
    }
    out->len += text.len;
    return 0;
}

static int check(void *state, struct weir_error *err)
{
    const struct out_elasticsearch *self = state;
    struct weir_str name = weir_template_text(self->index);
    if (strcmp(weir_encoder_name(self->codec), "json") != 0)
        return weir_error_option(err, "codec", "documents are JSON: set it to json");
    if (!weir_template_is_constant(self->index))
        return 0;
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_byte((unsigned char)name.ptr[i]))
            return weir_error_option(err, "index",
                                     "the name of an index has lower-case letters and none of "
                                     "\\ / * ? \" < > | , # : or space");
    return name.len && name.len <= INDEX_BYTES_MAX
               ? 0
               : weir_error_option(err, "index", "a name has 1 to %d bytes", INDEX_BYTES_MAX);
}

static int open_(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_elasticsearch *self = state;
    (void)err;
    self->name.max = INDEX_BYTES_MAX;
    self->duplicates = weir_counter_new(host, "elasticsearch_duplicates_total",
                                        "Documents that were there already, under the same id.");
    return 0;
}

static void close_(void *state)
{
    struct out_elasticsearch *self = state;
    weir_bytes_free(&self->name);
}

/* 128 bits as 22 characters (RFC 4648, base64url without padding). */
static void print_id(const uint8_t id[16], char text[22])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, have = 0;
    for (size_t i = 0, at = 0; at < 22; at++) {
        if (have < 6) {
            bits = bits << 8 | (i < 16 ? id[i] : 0);
            i++;
            have += 8;
        }
        have -= 6;
        text[at] = digits[bits >> have & 63];
    }
}

static int add_index(struct out_elasticsearch *self, const struct weir_batch *batch, uint32_t i,
                     struct weir_bytes *body)
{
    if (weir_template_is_constant(self->index))
        return weir_bytes_add_json(body, weir_template_text(self->index));
    self->name.len = 0;
    /* A name that is too long is cut: the server would refuse it for as long as it is asked. */
    (void)!weir_template_render(self->index, batch, i, clean_name, &self->name);
    return weir_bytes_add_json(body, (struct weir_str){ self->name.data, self->name.len });
}

static int add_action(struct out_elasticsearch *self, const struct weir_batch *batch, uint32_t i,
                      struct weir_bytes *body)
{
    const char *action =
        self->action == ACTION_CREATE ? "{\"create\":{\"_index\":" : "{\"index\":{\"_index\":";
    int r = weir_bytes_add(body, action, strlen(action));
    if (r == 0)
        r = add_index(self, batch, i, body);
    if (r == 0 && self->id == ID_AUTO) {
        char text[] = ",\"_id\":\"0123456789012345678901\"";
        uint8_t id[16];
        weir_batch_record_id(batch, i, id);
        print_id(id, &text[8]);
        r = weir_bytes_add(body, text, sizeof(text) - 1);
    }
    return r == 0 ? weir_bytes_add(body, "}}\n", 3) : r;
}

/* The document as the codec writes it; where it has no "@timestamp", with one in front: its brace becomes the
 * comma behind that. */
static int add_document(struct out_elasticsearch *self, const struct weir_slice *one, uint32_t i,
                        struct weir_bytes *body)
{
    struct weir_line_record room;
    const struct weir_record *record = weir_batch_record(one->batch, i, &room);
    bool timed = weir_record_find(record, WEIR_STR("@timestamp")) >= 0;
    int r = 0;
    if (!timed) {
        int64_t time = record->event_time != WEIR_TIME_UNSET
                           ? record->event_time
                           : weir_batch_run(one->batch, i)->observed;
        r = weir_bytes_add(body, "{\"@timestamp\":\"", 15);
        if (r == 0)
            r = weir_bytes_add_time(body, time);
        if (r == 0)
            r = weir_bytes_add(body, "\"", 1);
    }
    size_t at = body->len;
    if (r < 0 || weir_encode(self->codec, one, i, body, at + 1) == i)
        return -1;
    if (timed)
        return 0;
    if (body->len == at + 3) { /* "{}\n" */
        body->len = at;
        return weir_bytes_add(body, "}\n", 2);
    }
    body->data[at] = ',';
    return 0;
}

static uint32_t encode(void *state, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *body, size_t want)
{
    struct out_elasticsearch *self = state;
    while (at < slice->first + slice->count && body->len < want) {
        const struct weir_slice one = {
            .batch = slice->batch, .mask = slice->mask, .first = at, .count = 1
        };
        size_t before = body->len;
        if (add_action(self, slice->batch, at, body) < 0 ||
            add_document(self, &one, at, body) < 0) {
            body->len = before;
            break;
        }
        at = weir_slice_next(slice, at + 1);
    }
    return at;
}

static void read_answer(void *state, const struct weir_http_answer *answer,
                        struct weir_http_verdicts *verdicts)
{
    struct out_elasticsearch *self = state;
    weir_counter_add(self->duplicates, elasticsearch_read(answer, verdicts));
}

static const struct weir_http_rule rules[] = {
    { 406, 406, NULL, WEIR_HTTP_PAUSE }, /* the content type: nothing about the documents */
    { 0 },
};

static const struct weir_http_service service = {
    .path = "/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason",
    .content_type = content_type,
    .check = check,
    .open = open_,
    .close = close_,
    .explain =
        "A document that is sent twice is stored once, under the record's id (with document_id: none, twice).\n",
    .encode = encode,
    .rules = rules,
    .read = read_answer,
    .answer_max = ANSWER_BYTES_MAX,
};

WEIR_HTTP_PLUGIN(out_elasticsearch, "elasticsearch",
                 "Stores records in Elasticsearch or OpenSearch, by their bulk API.", options,
                 service);
