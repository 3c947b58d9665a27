/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in binary. strtod() rounds correctly and takes its time; what logs mostly hold, a few digits and perhaps a point
 * between them, is exact without it: a number below 2^53 divided by a power of ten below 10^22, each of which a double holds
 * exactly, is rounded once. */
#include "avro.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>

#define EXACT_DIGITS_MAX 15
/* A number of more digits than this is none that a log means. */
#define DIGITS_MAX 400

/* False where the fast way does not do. */
static bool parse_short(struct weir_str text, double *ret)
{
    static const double powers[] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
    const bool negative = text.len && text.ptr[0] == '-';
    int64_t digits = 0;
    size_t point = text.len, i = negative;
    if (text.len > EXACT_DIGITS_MAX)
        return false;
    for (; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c == '.')
            point = i + 1;
        else if (c >= '0' && c <= '9')
            digits = digits * 10 + (c - '0');
        else
            return false;
    }
    const double value = (double)digits / powers[text.len - point];
    *ret = negative ? -value : value;
    return true;
}

static enum avro_answer write_bits(struct avro_pen *pen, uint64_t bits, size_t len)
{
    bits = htole64(bits);
    return avro_write_raw(pen, (struct weir_str){ (const char *)&bits, len });
}

static enum avro_answer write_float(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                    const struct weir_field *value, const char *text)
{
    const float number =
        strtof(text, NULL); /* of the text: a double in between would round twice */
    uint32_t bits;
    if (isinf(number))
        return avro_misfit(self, AVRO_OUT_OF_RANGE, type, value);
    memcpy(&bits, &number, sizeof(bits));
    return write_bits(pen, bits, sizeof(bits));
}

static enum avro_answer write_double(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                     const struct weir_field *value, double number)
{
    uint64_t bits;
    if (isinf(number))
        return avro_misfit(self, AVRO_OUT_OF_RANGE, type, value);
    memcpy(&bits, &number, sizeof(bits));
    return write_bits(pen, bits, sizeof(bits));
}

enum avro_answer avro_encode_number(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                    const struct weir_field *value)
{
    const struct weir_str text = { value->value, value->value_len };
    const bool is_double = self->program.types[type].kind == AVRO_DOUBLE;
    char copy[DIGITS_MAX + 1];
    double number;
    enum weir_value is = (enum weir_value)value->type;
    if (is == WEIR_VALUE_STRING && self->convert)
        is = weir_value_of(text);
    if (is != WEIR_VALUE_INT && is != WEIR_VALUE_FLOAT)
        return avro_misfit(self, AVRO_WRONG_TYPE, type, value);
    if (is_double && parse_short(text, &number))
        return write_double(self, pen, type, value, number);
    if (text.len > DIGITS_MAX)
        return avro_misfit(self, AVRO_TOO_LONG, type, value);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return is_double ? write_double(self, pen, type, value, strtod(copy, NULL))
                     : write_float(self, pen, type, value, copy);
}
