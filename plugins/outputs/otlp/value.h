/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_OTLP_VALUE_H
#define OUTPUTS_OTLP_VALUE_H

#include <weir/codec.h>

/* Values and attributes in OpenTelemetry's protobuf. See value.c. All answer 0, -ENOSPC or -ENOMEM. */

struct otlp_writer {
    struct weir_bytes *out;
    struct weir_bytes text; /* for texts that are not as they should be; from malloc */
    struct weir_bytes json; /* for what is opened of raw JSON; from malloc */
};

/* The most that one text or nested value may hold. */
#define OTLP_TEXT_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* A message in field `field`, below 16, begun; *ret_at is for ending it. */
WEIR_MUST_USE int otlp_begin(struct otlp_writer *writer, unsigned field, size_t *ret_at);
void otlp_end(struct otlp_writer *writer, size_t at);

/* A string field. Bytes that are not UTF-8 become U+FFFD: a message with one of them is refused as a whole. */
WEIR_MUST_USE int otlp_text(struct otlp_writer *writer, unsigned field, struct weir_str text);
/* A bytes field. */
WEIR_MUST_USE int otlp_bytes(struct otlp_writer *writer, unsigned field, const void *data,
                             size_t len);
WEIR_MUST_USE int otlp_varint(struct otlp_writer *writer, unsigned field, uint64_t value);
WEIR_MUST_USE int otlp_fixed(struct otlp_writer *writer, unsigned field, uint64_t value,
                             unsigned bits);

/* The value of a record's field, as an AnyValue in field `field`. */
WEIR_MUST_USE int otlp_value(struct otlp_writer *writer, unsigned field,
                             const struct weir_field *value);
/* A KeyValue in field `field`: name and value of a record's field; and one whose value is text. */
WEIR_MUST_USE int otlp_attribute(struct otlp_writer *writer, unsigned field,
                                 const struct weir_field *attribute);
WEIR_MUST_USE int otlp_text_attribute(struct otlp_writer *writer, unsigned field,
                                      struct weir_str name, struct weir_str text);

void otlp_writer_deinit(struct otlp_writer *writer);

#endif
