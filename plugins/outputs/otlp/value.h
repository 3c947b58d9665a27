/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_OTLP_VALUE_H
#define OUTPUTS_OTLP_VALUE_H

#include "form.h"

/* Values and attributes, in either form. See value.c. All answer 0, -ENOSPC or -ENOMEM. */

struct otlp_writer {
    const struct otlp_form *form;
    struct weir_bytes *out;
    struct weir_bytes text; /* for texts that are not as they should be; from malloc */
    struct weir_bytes json; /* for what is opened of raw JSON; from malloc */
};

/* The most that one text or nested value may hold. */
#define OTLP_TEXT_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* A text. Bytes that are not UTF-8 become U+FFFD: a message with one of them is refused as a whole. */
WEIR_MUST_USE int otlp_text(struct otlp_writer *writer, enum otlp_field field,
                            struct weir_str text);

/* The value of a record's field, as an AnyValue in field `field`. */
WEIR_MUST_USE int otlp_value(struct otlp_writer *writer, enum otlp_field field,
                             const struct weir_field *value);
/* A KeyValue in field `field`: name and value of a record's field; and one whose value is text. */
WEIR_MUST_USE int otlp_attribute(struct otlp_writer *writer, enum otlp_field field,
                                 const struct weir_field *attribute);
WEIR_MUST_USE int otlp_text_attribute(struct otlp_writer *writer, enum otlp_field field,
                                      struct weir_str name, struct weir_str text);

void otlp_writer_deinit(struct otlp_writer *writer);

#endif
