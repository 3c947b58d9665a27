/* SPDX-License-Identifier: Apache-2.0 */
/* version "-" trace-id "-" parent-id "-" trace-flags      (W3C Trace Context, section 3.2)
 *    00    - 4bf92f3577b34da6a3ce929d0e0e4736 - 00f067aa0ba902b7 - 01
 *    0     2 3                             34 35 36            51 52 53 54
 *
 * Of a version that is not known yet the first four parts are read as if they were of version 00; ff is
 * none. A value that breaks a rule is ignored as a whole. */
#include "trace_ids.h"

/* What a digit stands for, plus one, so that all others are 0. */
static const uint8_t digit_values[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* What the digit stands for; more than 15 when it is none. */
static unsigned nibble(char digit)
{
    return digit_values[(unsigned char)digit] - 1u;
}

/* Decodes exactly `digits` digits; false when one is none, or when all are zero. */
static bool read_hex(const char *text, size_t digits, uint8_t *ret)
{
    unsigned seen = 0, any = 0;
    for (size_t i = 0; i < digits; i += 2) {
        unsigned high = nibble(text[i]), low = nibble(text[i + 1]);
        seen |= high | low;
        ret[i / 2] = (uint8_t)(high << 4 | low);
        any |= ret[i / 2];
    }
    return seen <= 15 && any != 0;
}

bool trace_id_read(struct weir_str text, uint8_t ret[16])
{
    uint8_t id[16] = { 0 };
    if (text.len != TRACE_ID_DIGITS && text.len != TRACE_ID_DIGITS / 2)
        return false;
    if (!read_hex(text.ptr, text.len, id + sizeof(id) - text.len / 2))
        return false;
    memcpy(ret, id, sizeof(id));
    return true;
}

bool span_id_read(struct weir_str text, uint8_t ret[8])
{
    uint8_t id[8];
    if (text.len != SPAN_ID_DIGITS || !read_hex(text.ptr, text.len, id))
        return false;
    memcpy(ret, id, sizeof(id));
    return true;
}

bool trace_flags_read(struct weir_str text, uint8_t *ret)
{
    if (text.len != 2 || !is_hex(text.ptr[0]) || !is_hex(text.ptr[1]))
        return false;
    *ret = (uint8_t)((nibble(text.ptr[0]) << 4 | nibble(text.ptr[1])) & TRACE_FLAGS_KNOWN);
    return true;
}

bool traceparent_read(struct weir_str text, struct weir_trace *ret)
{
    const char *at = text.ptr;
    if (text.len < TRACEPARENT_LEN || at[2] != '-' || at[35] != '-' || at[52] != '-')
        return false;
    if (!is_hex(at[0]) || !is_hex(at[1]) || (at[0] == 'f' && at[1] == 'f'))
        return false;
    const bool first_version = at[0] == '0' && at[1] == '0';
    if (text.len > TRACEPARENT_LEN && (first_version || at[TRACEPARENT_LEN] != '-'))
        return false;
    struct weir_trace trace;
    if (!trace_id_read((struct weir_str){ at + 3, TRACE_ID_DIGITS }, trace.trace_id) ||
        !span_id_read((struct weir_str){ at + 36, SPAN_ID_DIGITS }, trace.span_id) ||
        !trace_flags_read((struct weir_str){ at + 53, 2 }, &trace.trace_flags))
        return false;
    *ret = trace;
    return true;
}
