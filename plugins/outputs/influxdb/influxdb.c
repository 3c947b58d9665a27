/* SPDX-License-Identifier: Apache-2.0 */
/* InfluxDB 1 and 2, by the line protocol (line.c): a record is a point of one measurement, its fields the point's
 * fields, and a few templates the tags by which points are found.
 *
 * The server keeps one point for a measurement, tags and time, so what is sent twice is stored once. When it finds fault
 * with some points of a request it stores the others, and answers 400 (version 1) or 422: those at fault are found
 * by halves, and what is sent again on the way replaces itself. */
#include <weir/hex.h>
#include <weir/http.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "line.h"

#define TAGS_MAX 32
#define TEXT_BYTES_MAX ((size_t)8 * 1024 * 1024)

enum numbers { NUMBERS_TYPED, NUMBERS_FLOAT };

struct tag {
    const char *name;
    struct weir_template *value;
};

struct out_influxdb {
    struct weir_http http;
    char *database, *retention_policy, *org, *bucket;
    struct weir_template *measurement;
    struct weir_pairs tag_options;
    int numbers; /* enum numbers */

    struct tag tags[TAGS_MAX]; /* by name */
    size_t tag_count;
    struct weir_bytes room, text;
};

static const char *const numbers[] = { "typed", "float", NULL };

static const struct weir_option options[] = {
    WEIR_HTTP_OPTIONS,
    { .name = "database",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_influxdb, database),
      .help = "The database, for version 1." },
    { .name = "retention_policy",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_influxdb, retention_policy),
      .help = "Its retention policy; by default the database's own." },
    { .name = "org",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_influxdb, org),
      .help = "The organization, for version 2." },
    { .name = "bucket",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_influxdb, bucket),
      .help = "The bucket, for version 2." },
    { .name = "measurement",
      .type = WEIR_TEMPLATE,
      .offset = offsetof(struct out_influxdb, measurement),
      .def = "log",
      .help = "The measurement that points are of." },
    { .name = "tags",
      .type = WEIR_PAIRS,
      .offset = offsetof(struct out_influxdb, tag_options),
      .help =
          "The points' tags: names to templates. Few values each, for each combination is a series. One "
          "that comes out empty is left out." },
    { .name = "numbers",
      .type = WEIR_ENUM,
      .offset = offsetof(struct out_influxdb, numbers),
      .def = "typed",
      .choices = numbers,
      .help =
          "typed: 7 is an integer, 7.5 is none. float: all numbers are floats, for fields that are "
          "sometimes the one and sometimes the other, which the server refuses." },
    { 0 },
};

static const char *content_type(const void *state)
{
    (void)state;
    return "text/plain; charset=utf-8";
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tag *)a)->name, ((const struct tag *)b)->name);
}

static void free_tags(struct out_influxdb *self)
{
    while (self->tag_count)
        weir_template_free(self->tags[--self->tag_count].value);
}

static int make_tags(struct out_influxdb *self, struct weir_error *err)
{
    const struct weir_pairs *pairs = &self->tag_options;
    if (pairs->count > TAGS_MAX)
        return weir_error_option(err, "tags", "there are more than %d", TAGS_MAX);
    for (; self->tag_count < pairs->count; self->tag_count++) {
        const struct weir_pair *pair = &pairs->items[self->tag_count];
        struct weir_error wrong = { 0 };
        if (!pair->name[0] || pair->name[0] == '_' || strcmp(pair->name, "time") == 0)
            return weir_error_option(err, "tags", "the server keeps the name \"%s\" for itself",
                                     pair->name);
        struct weir_template *value = weir_template_new(pair->value, &wrong);
        if (!value)
            return weir_error_option(err, "tags", "%s: %s", pair->name, wrong.text);
        self->tags[self->tag_count] = (struct tag){ pair->name, value };
    }
    qsort(self->tags, self->tag_count, sizeof(self->tags[0]), by_name);
    return 0;
}

static int check(void *state, struct weir_error *err)
{
    struct out_influxdb *self = state;
    bool one = self->database != NULL, two = self->org && self->bucket;
    if (one == two || (one && (self->org || self->bucket)))
        return weir_error_option(
            err, one ? "database" : "bucket",
            "say where points go: database (version 1), or org and bucket (version 2)");
    int r = make_tags(self, err);
    free_tags(self);
    return r;
}

static int open_(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_influxdb *self = state;
    (void)host;
    self->room.max = self->text.max = TEXT_BYTES_MAX;
    return make_tags(self, err);
}

static void close_(void *state)
{
    struct out_influxdb *self = state;
    free_tags(self);
    weir_bytes_free(&self->room);
    weir_bytes_free(&self->text);
}

static const char *path(const void *state)
{
    const struct out_influxdb *self = state;
    return self->database ? "/write" : "/api/v2/write";
}

static int add_argument(struct weir_bytes *out, const char *name, const char *value)
{
    int r = value ? weir_bytes_add(out, name, strlen(name)) : 0;
    return value && r == 0 ? weir_http_add_escaped(out, weir_str_of(value)) : r;
}

static int query(const void *state, struct weir_bytes *out)
{
    const struct out_influxdb *self = state;
    int r = weir_bytes_add(out, "precision=ns", 12);
    if (r == 0)
        r = add_argument(out, "&db=", self->database);
    if (r == 0)
        r = add_argument(out, "&rp=", self->retention_policy);
    if (r == 0)
        r = add_argument(out, "&org=", self->org);
    return r == 0 ? add_argument(out, "&bucket=", self->bucket) : r;
}

/* Adds a template's text as a name, behind `before`; nothing when it is empty. */
static int add_rendered(struct out_influxdb *self, const struct weir_template *tpl,
                        const struct weir_batch *batch, uint32_t i, const char *before,
                        const char *name, struct weir_bytes *body)
{
    self->text.len = 0;
    int r = weir_template_render(tpl, batch, i, NULL, &self->text);
    if (r < 0 || !self->text.len)
        return r;
    r = weir_bytes_add(body, before, strlen(before));
    if (r == 0 && name)
        r = influxdb_add_name(body, weir_str_of(name));
    if (r == 0 && name)
        r = weir_bytes_add(body, "=", 1);
    return r == 0 ? influxdb_add_name(body, (struct weir_str){ self->text.data, self->text.len })
                  : r;
}

static int add_series(struct out_influxdb *self, const struct weir_batch *batch, uint32_t i,
                      struct weir_bytes *body)
{
    size_t before = body->len;
    int r = add_rendered(self, self->measurement, batch, i, "", NULL, body);
    if (r == 0 && body->len == before)
        r = weir_bytes_add(body, "log", 3);
    for (size_t t = 0; r == 0 && t < self->tag_count; t++)
        r = add_rendered(self, self->tags[t].value, batch, i, ",", self->tags[t].name, body);
    return r;
}

/* What is known of a record beside its fields. */
static int add_known(struct out_influxdb *self, const struct weir_record *record,
                     struct weir_bytes *body, bool *added)
{
    struct weir_field field = { .name = "level", .name_len = 5, .type = WEIR_VALUE_STRING };
    struct weir_str level = weir_severity_name(record->severity);
    char id[32];
    int r = 0;
    if (level.len && weir_record_find(record, WEIR_STR("level")) < 0) {
        field.value = level.ptr;
        field.value_len = (uint32_t)level.len;
        r = influxdb_add_field(body, &field, false, &self->room, added);
    }
    if (r < 0 || !record->trace || weir_record_find(record, WEIR_STR("trace_id")) >= 0)
        return r;
    weir_hex(id, record->trace->trace_id, 16);
    field = (struct weir_field){ .name = "trace_id",
                                 .name_len = 8,
                                 .type = WEIR_VALUE_STRING,
                                 .value = id,
                                 .value_len = sizeof(id) };
    return influxdb_add_field(body, &field, false, &self->room, added);
}

static int add_point(struct out_influxdb *self, const struct weir_batch *batch, uint32_t i,
                     struct weir_bytes *body)
{
    struct weir_line_record room;
    const struct weir_record *record = weir_batch_record(batch, i, &room);
    const struct weir_run *run = weir_batch_run(batch, i);
    bool added = false;
    char time[32];
    int64_t ns = record->event_time != WEIR_TIME_UNSET
                     ? influxdb_spread(record->event_time, weir_batch_position(batch, i))
                     : run->observed + (i - run->first);
    int r = add_series(self, batch, i, body);
    if (r == 0)
        r = weir_bytes_add(body, " ", 1);
    for (uint32_t f = 0; r == 0 && f < record->count; f++)
        r = influxdb_add_field(body, &record->fields[f], self->numbers == NUMBERS_FLOAT,
                               &self->room, &added);
    if (r == 0)
        r = add_known(self, record, body, &added);
    if (r == 0 && !added) /* a point has a field */
        r = weir_bytes_add(body, "message=\"\"", 10);
    int len = snprintf(time, sizeof(time), " %lld\n", (long long)ns);
    return r == 0 ? weir_bytes_add(body, time, (size_t)len) : r;
}

static uint32_t encode(void *state, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *body, size_t want)
{
    struct out_influxdb *self = state;
    while (at < slice->first + slice->count && body->len < want) {
        size_t before = body->len;
        if (add_point(self, slice->batch, at, body) < 0) {
            body->starved |= self->room.starved || self->text.starved;
            self->room.starved = self->text.starved = false;
            body->len = before;
            break;
        }
        at = weir_slice_next(slice, at + 1);
    }
    return at;
}

static const struct weir_http_service service = {
    .path_of = path,
    .content_type = content_type,
    .check = check,
    .open = open_,
    .close = close_,
    .explain =
        "A point that is sent twice is stored once: it has the same measurement, tags and time.\n",
    .query = query,
    .encode = encode,
};

WEIR_HTTP_PLUGIN(out_influxdb, "influxdb", "Stores records in InfluxDB 1 or 2, as points.", options,
                 service);
