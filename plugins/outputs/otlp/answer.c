/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a success, which mostly is empty:
 *
 *     ExportLogsServiceResponse { 1: partial_success { 1: rejected_log_records, int64   2: error_message, string } }
 *     {"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"..."}} */
#include "answer.h"

#include <stdlib.h>
#include <weir/json.h>
#include <weir/protobuf.h>

#define TOP_MEMBERS_MAX 16
#define DIGITS_MAX 20

/* A varint at *at; false when there is none. */
static bool read_varint(struct weir_str text, size_t *at, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < text.len && shift < 64; shift += 7) {
        unsigned char c = (unsigned char)text.ptr[(*at)++];
        value |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/* The fields of a message that are numbers or bytes, one after the other; false at the end, or where it is none. */
static bool read_field(struct weir_str message, size_t *at, unsigned *ret_field,
                       uint64_t *ret_number, struct weir_str *ret_text)
{
    uint64_t tag, value;
    if (!read_varint(message, at, &tag) || !read_varint(message, at, &value))
        return false;
    *ret_field = (unsigned)(tag >> 3);
    *ret_number = value;
    *ret_text = WEIR_STR_NONE;
    if ((tag & 7) == WEIR_PROTOBUF_VARINT)
        return true;
    if ((tag & 7) != WEIR_PROTOBUF_BYTES || value > message.len - *at)
        return false;
    *ret_text = (struct weir_str){ message.ptr + *at, (size_t)value };
    *at += (size_t)value;
    return true;
}

/* A count below zero is none. */
static void read_partial(struct weir_str partial, uint64_t *rejected, struct weir_str *why)
{
    struct weir_str text;
    uint64_t number;
    unsigned field;
    size_t at = 0;
    while (read_field(partial, &at, &field, &number, &text)) {
        if (field == 1 && number <= INT64_MAX)
            *rejected = number;
        else if (field == 2)
            *why = text;
    }
}

uint64_t otlp_read_protobuf(struct weir_str body, struct weir_bytes *why)
{
    uint64_t number, rejected = 0;
    struct weir_str text, words = WEIR_STR_NONE;
    unsigned field;
    size_t at = 0;
    while (read_field(body, &at, &field, &number, &text))
        if (field == 1)
            read_partial(text, &rejected, &words);
    (void)!weir_bytes_add(why, words.ptr, words.len); /* what is too long is left out */
    return rejected;
}

/* A count, which is a string by the mapping of 64-bit numbers; a reader takes a number too. */
static uint64_t read_count(const struct weir_field *field)
{
    char digits[DIGITS_MAX];
    if ((field->type != WEIR_VALUE_STRING && field->type != WEIR_VALUE_INT) ||
        field->value_len >= sizeof(digits))
        return 0;
    memcpy(digits, field->value, field->value_len);
    digits[field->value_len] = '\0';
    return digits[strspn(digits, "0123456789")] == '\0' ? strtoull(digits, NULL, 10) : 0;
}

uint64_t otlp_read_json(struct weir_str body, struct weir_bytes *why)
{
    struct weir_field fields[TOP_MEMBERS_MAX], partial, member;
    struct weir_json json;
    if (weir_json_object(body.ptr, body.len, fields, TOP_MEMBERS_MAX, &json) < 0 ||
        !weir_json_member(json.object, WEIR_STR("partialSuccess"), &partial) ||
        partial.type != WEIR_VALUE_JSON)
        return 0;
    const struct weir_str object = { partial.value, partial.value_len };
    if (weir_json_member(object, WEIR_STR("errorMessage"), &member) &&
        member.type == WEIR_VALUE_STRING)
        (void)!weir_bytes_add_text(why, &member);
    return weir_json_member(object, WEIR_STR("rejectedLogRecords"), &member) ? read_count(&member)
                                                                             : 0;
}
