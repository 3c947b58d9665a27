/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_OTLP_FORM_H
#define OUTPUTS_OTLP_FORM_H

#include <weir/codec.h>

/* The two forms that a request has: protobuf, and the JSON that stands for it. What a record becomes is said once (otlp.c,
 * value.c), in calls of the functions below; how that is written is a form's: protobuf.c, json.c. */

/* The fields of all messages: opentelemetry/proto/{collector/logs,logs,resource,common}/v1. */
enum otlp_field {
    OTLP_REQUEST, /* all of it: no field of anything */
    OTLP_RESOURCE_LOGS,
    OTLP_RESOURCE,
    OTLP_SCOPE_LOGS,
    OTLP_RESOURCE_ATTRIBUTES,
    OTLP_SCOPE,
    OTLP_LOG_RECORDS,
    OTLP_SCOPE_NAME,
    OTLP_SCOPE_VERSION,
    OTLP_TIME,
    OTLP_OBSERVED_TIME,
    OTLP_SEVERITY_NUMBER,
    OTLP_SEVERITY_TEXT,
    OTLP_BODY,
    OTLP_ATTRIBUTES,
    OTLP_FLAGS,
    OTLP_TRACE_ID,
    OTLP_SPAN_ID,
    OTLP_KEY,
    OTLP_VALUE,
    OTLP_STRING_VALUE,
    OTLP_BOOL_VALUE,
    OTLP_INT_VALUE,
    OTLP_DOUBLE_VALUE,
    OTLP_ARRAY_VALUE,
    OTLP_LIST_VALUE,
    OTLP_ARRAY_VALUES,
    OTLP_LIST_VALUES,
    OTLP_FIELDS
};

enum otlp_kind {
    OTLP_MESSAGE,
    OTLP_REPEATED, /* a message, any number of times */
    OTLP_TEXT,
    OTLP_ID, /* bytes that are written as hexadecimal digits in JSON */
    OTLP_BOOL,
    OTLP_SMALL,   /* a varint; in JSON a number */
    OTLP_INT64,   /* a varint; in JSON, as all 64-bit numbers are, a string of digits */
    OTLP_FIXED32, /* in JSON a number */
    OTLP_FIXED64, /* in JSON a string of digits */
    OTLP_DOUBLE,
};

struct otlp_field_row {
    uint8_t number; /* below 16: a tag is one byte */
    uint8_t kind;   /* enum otlp_kind */
    const char *name;
};
extern const struct otlp_field_row otlp_fields[OTLP_FIELDS];

/* All answer 0, -ENOSPC or -ENOMEM, and leave no more than a part behind then, for the caller to take back. */
struct otlp_form {
    /* A message; a REPEATED one is within a list. *ret_at is for ending it. */
    int (*begin)(struct weir_bytes *out, enum otlp_field field, size_t *ret_at);
    int (*end)(struct weir_bytes *out, size_t at);
    /* Around all messages of a REPEATED field, which follow each other. */
    int (*list)(struct weir_bytes *out, enum otlp_field field);
    int (*list_end)(struct weir_bytes *out);
    /* Messages of a list that were written elsewhere, in the same form; it may be none. */
    int (*copy)(struct weir_bytes *out, struct weir_str messages);
    /* Valid UTF-8; with `mends`, any bytes. */
    bool mends;
    int (*text)(struct weir_bytes *out, enum otlp_field field, struct weir_str text);
    int (*id)(struct weir_bytes *out, enum otlp_field field, const uint8_t *id, size_t len);
    /* BOOL to FIXED64; an INT64 in two's complement. */
    int (*number)(struct weir_bytes *out, enum otlp_field field, uint64_t value);
    /* `text` is the same number, as JSON has it. */
    int (*real)(struct weir_bytes *out, enum otlp_field field, double value, struct weir_str text);
};

extern const struct otlp_form otlp_protobuf, otlp_json;

#endif
