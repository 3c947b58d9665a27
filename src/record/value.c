/* SPDX-License-Identifier: Apache-2.0 */
/* What a text would be if it stood in JSON without quotes. */
#include <weir/batch.h>

#include "base/json_number.h"

/* A number of more bytes than this is kept as the text that it is. */
#define NUMBER_BYTES_MAX 64
/* json_number_read() loads so far past the end. */
#define NUMBER_PADDING 8

static enum weir_value value_of_number(struct weir_str text)
{
    char padded[NUMBER_BYTES_MAX + NUMBER_PADDING] = { 0 };
    if (text.len > NUMBER_BYTES_MAX)
        return WEIR_VALUE_STRING;
    memcpy(padded, text.ptr, text.len);
    struct json_number number = json_number_read(padded, padded + text.len);
    if (number.end != padded + text.len)
        return WEIR_VALUE_STRING;
    return number.is_int ? WEIR_VALUE_INT : WEIR_VALUE_FLOAT;
}

enum weir_value weir_value_of(struct weir_str text)
{
    if (text.len == 0)
        return WEIR_VALUE_STRING;
    if (text.ptr[0] == '-' || (text.ptr[0] >= '0' && text.ptr[0] <= '9'))
        return value_of_number(text);
    if (weir_str_eq(text, WEIR_STR("true")) || weir_str_eq(text, WEIR_STR("false")))
        return WEIR_VALUE_BOOL;
    return weir_str_eq(text, WEIR_STR("null")) ? WEIR_VALUE_NULL : WEIR_VALUE_STRING;
}
