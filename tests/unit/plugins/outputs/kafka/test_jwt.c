/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/kafka/jwt.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/secret.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Claims as they stand in a token. */
static size_t encode(const char *text, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = 0, bits = 0, count = 0;
    for (const char *at = text; *at; at++) {
        bits = bits << 8 | (unsigned char)*at;
        for (count += 8; count >= 6; count -= 6)
            out[len++] = digits[bits >> (count - 6) & 63];
    }
    if (count)
        out[len++] = digits[bits << (6 - count) & 63];
    return len;
}

static const struct {
    const char *claims;
    int64_t expires; /* 0: none can be read */
    const char *subject;
} rows[] = {
    { "{\"sub\":\"me\",\"exp\":1772323200}", 1772323200, "me" },
    { "{\"exp\":1772323200.75}", 1772323200, "" },
    { "{\"exp\":1.7723232e9,\"sub\":\"a\\u0062\"}", 1772323200, "" },
    { "{\"exp\":1,\"sub\":7}", 1, "" },
    { "{\"sub\":\"system:serviceaccount:logs:weir\",\"aud\":[\"kafka\"],\"exp\":2000000000}",
      2000000000, "system:serviceaccount:logs:weir" },
    { "{\"exp\":1772323200,\"exp\":\"never\"}", 0, "" },
    { "{\"sub\":\"me\"}", 0, "" },
    { "{\"exp\":\"1772323200\"}", 0, "" },
    { "{\"exp\":-5}", 0, "" },
    { "{\"exp\":0}", 0, "" },
    { "{\"exp\":1e300}", 0, "" },
    { "{\"exp\":1e}", 0, "" },
    { "[1772323200]", 0, "" },
    { "{\"exp\":1772323200", 0, "" },
    { "", 0, "" },
};

START_TEST(claims_are_read)
{
    char token[512];
    struct kafka_jwt jwt;
    size_t len = (size_t)sprintf(token, "eyJhbGciOiJub25lIn0.");
    len += encode(rows[_i].claims, token + len);
    len += (size_t)sprintf(token + len, ".c2ln");
    const char *wrong = kafka_jwt_read((struct weir_str){ token, len }, &jwt);
    ck_assert_msg(!wrong == (rows[_i].expires != 0), "%s: %s", rows[_i].claims, wrong);
    if (!wrong) {
        ck_assert_int_eq(jwt.expires, rows[_i].expires);
        ck_assert_str_eq(jwt.subject, rows[_i].subject);
    }
}
END_TEST

static const char *const others[] = {
    "", ".", "..", "a", "a.b", "a.b.", "a.b!.c", "a.YWJj=.c", "opaque-token", "a.YWJjYWJj.c",
};

START_TEST(what_is_no_token_is_told)
{
    struct kafka_jwt jwt;
    ck_assert_ptr_nonnull(strstr(kafka_jwt_read(weir_str_of(others[_i]), &jwt), "no JSON Web"));
}
END_TEST

START_TEST(a_token_has_a_largest_size)
{
    const size_t len = WEIR_SECRET_BYTES_MAX + 16;
    char *token = malloc(len);
    struct kafka_jwt jwt;
    memset(token, 'A', len);
    token[0] = token[len - 1] = '.';
    ck_assert_ptr_nonnull(kafka_jwt_read((struct weir_str){ token, len }, &jwt));
    ck_assert_ptr_nonnull(kafka_jwt_read((struct weir_str){ token, len - 1 }, &jwt));
    token[WEIR_SECRET_BYTES_MAX + 1] = '.'; /* the largest that is looked into */
    ck_assert_ptr_nonnull(kafka_jwt_read((struct weir_str){ token, len }, &jwt));
    free(token);
}
END_TEST

START_TEST(a_subject_that_is_too_long_is_none)
{
    char claims[512], token[1024];
    struct kafka_jwt jwt;
    sprintf(claims, "{\"exp\":1,\"sub\":\"%0*d\"}", KAFKA_JWT_SUBJECT_MAX, 0);
    size_t len = (size_t)sprintf(token, "a.");
    len += encode(claims, token + len);
    token[len++] = '.';
    ck_assert_ptr_null(kafka_jwt_read((struct weir_str){ token, len }, &jwt));
    ck_assert_str_eq(jwt.subject, "");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("jwt");
    tcase_add_loop_test(tc, claims_are_read, 0, COUNT_OF(rows));
    tcase_add_loop_test(tc, what_is_no_token_is_told, 0, COUNT_OF(others));
    tcase_add_test(tc, a_token_has_a_largest_size);
    tcase_add_test(tc, a_subject_that_is_too_long_is_none);
    Suite *suite = suite_create("outputs/kafka/jwt");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
