/* SPDX-License-Identifier: Apache-2.0 */
/* A push request is a list of streams, each with its labels and its entries, in Loki's protobuf (pkg/push/push.proto):
 *
 *     PushRequest { 1: Stream ... }
 *     Stream      { 1: labels, text   2: Entry ... }
 *     Entry       { 1: Timestamp { 1: seconds   2: nanos }   2: line, text   3: Pair { 1: name   2: value } ... }
 *
 * or in JSON:
 *
 *     {"streams":[{"stream":{"job":"weir"},"values":[["1795414728000000005","hello",{"trace_id":"4bf9"}], ...]}, ...]}
 *
 * A stream is open as long as entries for it come; entries of another one begin another, also when there was one of these
 * labels before: Loki puts them together. A stream's length stands before it and is not known, so it has five bytes, as a
 * varint may that is not the shortest, and is brought up to date with each entry: at every moment the body is whole. */
#include "push.h"

#include <errno.h>
#include <stdio.h>
#include <weir/protobuf.h>

#define LENGTH_BYTES WEIR_PROTOBUF_LENGTH_BYTES
#define NS_PER_S 1000000000

static size_t pair_len(const struct loki_pair *pair)
{
    return weir_protobuf_bytes_len(pair->name) + weir_protobuf_bytes_len(pair->value);
}

/* A Timestamp: a number that is 0 is left out. Seconds before 1970 are ten bytes long. */
static size_t put_time(char text[24], int64_t ns)
{
    int64_t seconds = ns / NS_PER_S, nanos = ns % NS_PER_S;
    char *at = text;
    if (nanos < 0) {
        nanos += NS_PER_S;
        seconds--;
    }
    if (seconds) {
        *at++ = 1 << 3 | WEIR_PROTOBUF_VARINT;
        at = weir_protobuf_put_varint(at, (uint64_t)seconds);
    }
    if (nanos) {
        *at++ = 2 << 3 | WEIR_PROTOBUF_VARINT;
        at = weir_protobuf_put_varint(at, (uint64_t)nanos);
    }
    return (size_t)(at - text);
}

static int proto_stream(struct loki_push *push, struct weir_str labels, struct weir_bytes *body)
{
    char *at = weir_bytes_room(body, 1 + LENGTH_BYTES + weir_protobuf_bytes_len(labels));
    if (!at)
        return -ENOSPC;
    *at = 1 << 3 | WEIR_PROTOBUF_BYTES;
    push->stream = body->len + 1;
    body->len = (size_t)(weir_protobuf_put_bytes(at + 1 + LENGTH_BYTES, 1, labels) - body->data);
    return 0;
}

static int proto_entry(struct loki_push *push, const struct loki_entry *entry,
                       struct weir_bytes *body)
{
    char text[24];
    const struct weir_str time = { text, put_time(text, entry->time) };
    size_t len = weir_protobuf_bytes_len(time) + weir_protobuf_bytes_len(entry->line);
    for (unsigned i = 0; i < entry->metadata_count; i++) {
        size_t pair = pair_len(&entry->metadata[i]);
        len += 1 + weir_protobuf_varint_len(pair) + pair;
    }
    char *at = weir_bytes_room(body, 1 + weir_protobuf_varint_len(len) + len);
    if (!at)
        return -ENOSPC;
    *at++ = 2 << 3 | WEIR_PROTOBUF_BYTES;
    at = weir_protobuf_put_varint(at, len);
    at = weir_protobuf_put_bytes(at, 1, time);
    at = weir_protobuf_put_bytes(at, 2, entry->line);
    for (unsigned i = 0; i < entry->metadata_count; i++) {
        *at++ = 3 << 3 | WEIR_PROTOBUF_BYTES;
        at = weir_protobuf_put_varint(at, pair_len(&entry->metadata[i]));
        at = weir_protobuf_put_bytes(at, 1, entry->metadata[i].name);
        at = weir_protobuf_put_bytes(at, 2, entry->metadata[i].value);
    }
    body->len = (size_t)(at - body->data);
    weir_protobuf_put_length(body->data + push->stream, body->len - push->stream - LENGTH_BYTES);
    return 0;
}

static int add(struct weir_bytes *body, const char *text)
{
    return weir_bytes_add(body, text, strlen(text));
}

static int json_stream(const struct loki_push *push, struct weir_str labels,
                       struct weir_bytes *body)
{
    int r = add(body, push->labels.len ? "]},{\"stream\":" : "{\"stream\":");
    if (r == 0)
        r = weir_bytes_add(body, labels.ptr, labels.len);
    return r == 0 ? add(body, ",\"values\":[") : r;
}

static int json_entry(const struct loki_entry *entry, bool first, struct weir_bytes *body)
{
    char time[32];
    snprintf(time, sizeof(time), "%s[\"%lld\",", first ? "" : ",", (long long)entry->time);
    int r = add(body, time);
    if (r == 0)
        r = weir_bytes_add_json(body, entry->line);
    for (unsigned i = 0; r == 0 && i < entry->metadata_count; i++) {
        r = add(body, i ? "," : ",{");
        if (r == 0)
            r = weir_bytes_add_json(body, entry->metadata[i].name);
        if (r == 0)
            r = add(body, ":");
        if (r == 0)
            r = weir_bytes_add_json(body, entry->metadata[i].value);
    }
    return r == 0 ? add(body, entry->metadata_count ? "}]" : "]") : r;
}

int loki_push_begin(struct loki_push *push, struct weir_bytes *body)
{
    push->labels.len = 0;
    return push->json ? add(body, "{\"streams\":[") : 0;
}

int loki_push_entry(struct loki_push *push, const struct weir_bytes *labels,
                    const struct loki_entry *entry, struct weir_bytes *body)
{
    const struct weir_str text = { labels->data, labels->len };
    const bool same = weir_str_eq(text, (struct weir_str){ push->labels.data, push->labels.len });
    const size_t before = body->len, stream = push->stream;
    int r = 0;
    if (!same)
        r = push->json ? json_stream(push, text, body) : proto_stream(push, text, body);
    if (r == 0)
        r = push->json ? json_entry(entry, !same, body) : proto_entry(push, entry, body);
    if (r == 0 && !same) {
        push->labels.max = text.len > push->labels.max ? text.len : push->labels.max;
        push->labels.len = 0;
        r = weir_bytes_add(&push->labels, text.ptr, text.len);
        if (r < 0)
            body->starved = true;
    }
    if (r < 0) {
        body->len = before;
        push->stream = stream;
    }
    return r;
}

int loki_push_end(struct loki_push *push, struct weir_bytes *body)
{
    return push->json ? add(body, "]}]}") : 0;
}
