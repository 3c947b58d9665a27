/* SPDX-License-Identifier: Apache-2.0 */
/* The claims stand between two dots, as JSON in base64url without padding (RFC 7515, section 2):
 *
 *     eyJhbGciOiJSUzI1NiJ9 . eyJzdWIiOiJtZSIsImV4cCI6MTc3MjMyMzIwMH0 . c2lnbmF0dXJl
 *                            {"sub":"me","exp":1772323200}
 *
 * A token of another kind says nothing about its end, and librdkafka must be told it: those are refused. */
#include "jwt.h"

#include <stdlib.h>
#include <weir/json.h>
#include <weir/secret.h>

#define CLAIMS_BYTES_MAX (WEIR_SECRET_BYTES_MAX / 4 * 3)
#define CLAIMS_MAX 64
/* Some time in the year 5138; librdkafka wants milliseconds. */
#define SECONDS_MAX 100000000000

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* The number of bytes in `out`, which has room for three of every four characters; or -1. */
static ssize_t decode(struct weir_str text, char *out)
{
    size_t len = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.ptr[i]);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4)
            out[len++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    return text.len % 4 == 1 ? -1 : (ssize_t)len;
}

/* The part between the first dot and the second; empty when there are not two. */
static struct weir_str middle_of(struct weir_str token)
{
    const char *first = memchr(token.ptr, '.', token.len);
    const char *end = token.ptr + token.len;
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    return second ? (struct weir_str){ first + 1, (size_t)(second - first - 1) } : WEIR_STR_NONE;
}

/* `exp` is a number of seconds, perhaps with a fraction (RFC 7519, section 2). */
static bool read_expiry(struct weir_str claims, int64_t *ret)
{
    struct weir_field field;
    char text[32] = "";
    if (!weir_json_member(claims, WEIR_STR("exp"), &field) ||
        (field.type != WEIR_VALUE_INT && field.type != WEIR_VALUE_FLOAT) ||
        field.value_len >= sizeof(text))
        return false;
    memcpy(text, field.value, field.value_len);
    const double seconds = strtod(text, NULL);
    if (!(seconds > 0 && seconds < SECONDS_MAX))
        return false;
    *ret = (int64_t)seconds;
    return true;
}

static void read_subject(struct weir_str claims, char ret[KAFKA_JWT_SUBJECT_MAX])
{
    struct weir_field field;
    ret[0] = '\0';
    if (weir_json_member(claims, WEIR_STR("sub"), &field) && field.type == WEIR_VALUE_STRING &&
        !(field.flags & WEIR_VALUE_ESCAPED) && field.value_len < KAFKA_JWT_SUBJECT_MAX) {
        memcpy(ret, field.value, field.value_len);
        ret[field.value_len] = '\0';
    }
}

const char *kafka_jwt_read(struct weir_str token, struct kafka_jwt *ret)
{
    char claims[CLAIMS_BYTES_MAX + WEIR_BATCH_PADDING];
    struct weir_field fields[CLAIMS_MAX];
    struct weir_json json;
    const struct weir_str text = middle_of(token);
    if (!text.len || text.len > WEIR_SECRET_BYTES_MAX)
        return "the token is no JSON Web Token";
    const ssize_t len = decode(text, claims);
    if (len < 0)
        return "the token is no JSON Web Token: its claims are not base64url";
    memset(claims + len, 0, WEIR_BATCH_PADDING);
    if (weir_json_object(claims, (size_t)len, fields, CLAIMS_MAX, &json) < 0)
        return "the token is no JSON Web Token: its claims are no JSON object";
    if (!read_expiry(json.object, &ret->expires))
        return "the token does not say when it expires";
    read_subject(json.object, ret->subject);
    return NULL;
}
