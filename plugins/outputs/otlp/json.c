/* SPDX-License-Identifier: Apache-2.0 */
/* The form of JSON: protobuf's mapping to it, with OpenTelemetry's exception that trace and span ids are hexadecimal (its
 * specification, "JSON Protobuf Encoding"). Names in lowerCamelCase, enums as numbers, numbers of 64 bits as strings, and a
 * number that no double holds as "Infinity".
 *
 * Whether a comma is due follows from what stands there: behind an opening bracket none is. */
#include "form.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <weir/hex.h>

#define NUMBER_BYTES_MAX 24

static int add(struct weir_bytes *out, const char *text_)
{
    return weir_bytes_add(out, text_, strlen(text_));
}

static int comma(struct weir_bytes *out)
{
    const char last = out->len ? out->data[out->len - 1] : '{';
    return last == '{' || last == '[' ? 0 : add(out, ",");
}

/* Up to where its value stands. */
static int name(struct weir_bytes *out, enum otlp_field field)
{
    int r = comma(out);
    if (r == 0)
        r = add(out, "\"");
    if (r == 0)
        r = add(out, otlp_fields[field].name);
    return r == 0 ? add(out, "\":") : r;
}

static int begin(struct weir_bytes *out, enum otlp_field field, size_t *ret_at)
{
    int r = 0;
    *ret_at = 0;
    if (otlp_fields[field].kind == OTLP_REPEATED)
        r = comma(out);
    else if (field != OTLP_REQUEST)
        r = name(out, field);
    return r == 0 ? add(out, "{") : r;
}

static int end(struct weir_bytes *out, size_t at)
{
    (void)at;
    return add(out, "}");
}

static int list(struct weir_bytes *out, enum otlp_field field)
{
    int r = name(out, field);
    return r == 0 ? add(out, "[") : r;
}

static int list_end(struct weir_bytes *out)
{
    return add(out, "]");
}

static int copy(struct weir_bytes *out, struct weir_str messages)
{
    int r = messages.len ? comma(out) : 0;
    return r == 0 ? weir_bytes_add(out, messages.ptr, messages.len) : r;
}

static int text(struct weir_bytes *out, enum otlp_field field, struct weir_str value)
{
    int r = name(out, field);
    return r == 0 ? weir_bytes_add_json(out, value) : r;
}

static int id(struct weir_bytes *out, enum otlp_field field, const uint8_t *bytes, size_t len)
{
    int r = name(out, field);
    char *at = r == 0 ? weir_bytes_room(out, 2 * len + 2) : NULL;
    if (!at)
        return r < 0 ? r : -ENOSPC;
    *at++ = '"';
    at = weir_hex(at, bytes, len);
    *at++ = '"';
    out->len = (size_t)(at - out->data);
    return 0;
}

static int number(struct weir_bytes *out, enum otlp_field field, uint64_t value)
{
    char digits[NUMBER_BYTES_MAX];
    int r = name(out, field);
    if (otlp_fields[field].kind == OTLP_BOOL)
        snprintf(digits, sizeof(digits), value ? "true" : "false");
    else if (otlp_fields[field].kind == OTLP_INT64)
        snprintf(digits, sizeof(digits), "\"%" PRId64 "\"", (int64_t)value);
    else if (otlp_fields[field].kind == OTLP_FIXED64)
        snprintf(digits, sizeof(digits), "\"%" PRIu64 "\"", value);
    else
        snprintf(digits, sizeof(digits), "%" PRIu64, value);
    return r == 0 ? add(out, digits) : r;
}

static int real(struct weir_bytes *out, enum otlp_field field, double value, struct weir_str as)
{
    int r = name(out, field);
    if (r == 0 && isfinite(value))
        return weir_bytes_add(out, as.ptr, as.len);
    return r == 0 ? add(out, value > 0 ? "\"Infinity\"" : "\"-Infinity\"") : r;
}

const struct otlp_form otlp_json = {
    .begin = begin,
    .end = end,
    .list = list,
    .list_end = list_end,
    .copy = copy,
    .mends = true,
    .text = text,
    .id = id,
    .number = number,
    .real = real,
};
