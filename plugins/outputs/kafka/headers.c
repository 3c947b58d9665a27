/* SPDX-License-Identifier: Apache-2.0 */
/* A header costs librdkafka two allocations, so that there are two of them by default and not ten: the id, by
 * which a consumer tells a repeat, and the trace, by which it finds the request. */
#include "headers.h"

#include <errno.h>
#include <stdlib.h>
#include <weir/hex.h>

#define HEADER_VALUE_BYTES_MAX ((size_t)64 * 1024)

static int add_item(struct kafka_headers *headers, const struct weir_pair *pair,
                    struct weir_error *err)
{
    struct weir_error wrong = { 0 };
    if (!pair->name[0])
        return weir_error_option(err, "headers", "a header has no name");
    struct weir_template *value = weir_template_new(pair->value, &wrong);
    if (!value)
        return weir_error_option(err, "headers", "\"%s\": %s", pair->name, wrong.text);
    headers->items[headers->count++] =
        (struct kafka_header){ pair->name, strlen(pair->name), value };
    return 0;
}

int kafka_headers_init(struct kafka_headers *headers, const struct kafka_options *options,
                       struct weir_error *err)
{
    *headers = (struct kafka_headers){ .text.max = HEADER_VALUE_BYTES_MAX };
    headers->record_id = options->record_id_header[0] ? options->record_id_header : NULL;
    headers->trace = options->trace_header[0] ? options->trace_header : NULL;
    headers->record_id_len = strlen(options->record_id_header);
    headers->trace_len = strlen(options->trace_header);
    headers->items = calloc(options->headers.count + 1, sizeof(headers->items[0]));
    if (!headers->items)
        return weir_error_set(err, -ENOMEM, "out of memory");
    int r = 0;
    for (size_t i = 0; r == 0 && i < options->headers.count; i++)
        r = add_item(headers, &options->headers.items[i], err);
    if (r < 0)
        kafka_headers_deinit(headers);
    return r;
}

void kafka_headers_deinit(struct kafka_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++)
        weir_template_free(headers->items[i].value);
    free(headers->items);
    weir_bytes_free(&headers->text);
    *headers = (struct kafka_headers){ 0 };
}

static bool is_set(const uint8_t *id, size_t count)
{
    uint8_t any = 0;
    for (size_t i = 0; i < count; i++)
        any |= id[i];
    return any != 0;
}

bool kafka_traceparent(const struct weir_trace *trace, char ret[KAFKA_TRACEPARENT_BYTES])
{
    if (!trace || !is_set(trace->trace_id, 16) || !is_set(trace->span_id, 8))
        return false;
    char *at = ret;
    *at++ = '0';
    *at++ = '0';
    *at++ = '-';
    at = weir_hex(at, trace->trace_id, 16);
    *at++ = '-';
    at = weir_hex(at, trace->span_id, 8);
    *at++ = '-';
    weir_hex(at, &trace->trace_flags, 1);
    return true;
}

static bool add(rd_kafka_headers_t *made, const char *name, size_t name_len, const char *value,
                size_t len)
{
    return rd_kafka_header_add(made, name, (ssize_t)name_len, value, (ssize_t)len) ==
           RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool add_templates(struct kafka_headers *headers, const struct weir_batch *batch, uint32_t i,
                          rd_kafka_headers_t *made)
{
    bool good = true;
    for (size_t n = 0; good && n < headers->count; n++) {
        const struct kafka_header *item = &headers->items[n];
        headers->text.len = 0;
        int r = weir_template_render(item->value, batch, i, NULL, &headers->text);
        if (r == -ENOMEM)
            return false;
        if (r == 0 && headers->text.len) /* one that is too long is left out, as an empty one is */
            good = add(made, item->name, item->name_len, headers->text.data, headers->text.len);
    }
    return good;
}

int kafka_headers_make(struct kafka_headers *headers, const struct weir_batch *batch, uint32_t i,
                       rd_kafka_headers_t **ret)
{
    char trace[KAFKA_TRACEPARENT_BYTES], text[32];
    const bool traced =
        headers->trace && batch->records && kafka_traceparent(batch->records[i].trace, trace);
    const size_t count = headers->count + traced + (headers->record_id != NULL);
    *ret = NULL;
    if (!count)
        return 0;
    rd_kafka_headers_t *made = rd_kafka_headers_new(count);
    bool good = made != NULL;
    if (good && headers->record_id) {
        uint8_t id[16];
        weir_batch_record_id(batch, i, id);
        weir_hex(text, id, sizeof(id));
        good = add(made, headers->record_id, headers->record_id_len, text, sizeof(text));
    }
    if (good && traced)
        good = add(made, headers->trace, headers->trace_len, trace, sizeof(trace));
    if (good)
        good = add_templates(headers, batch, i, made);
    if (good) {
        *ret = made;
        return 0;
    }
    if (made)
        rd_kafka_headers_destroy(made);
    return -ENOMEM;
}
