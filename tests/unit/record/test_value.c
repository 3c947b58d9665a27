/* SPDX-License-Identifier: Apache-2.0 */
#include <weir/batch.h>

#include <check.h>
#include <stdlib.h>

#include "support/check_main.h"

static const struct value_case {
    const char *text;
    enum weir_value type;
} cases[] = {
    { "", WEIR_VALUE_STRING },
    { "0", WEIR_VALUE_INT },
    { "-0", WEIR_VALUE_INT },
    { "7", WEIR_VALUE_INT },
    { "007", WEIR_VALUE_STRING },
    { "+7", WEIR_VALUE_STRING },
    { "-", WEIR_VALUE_STRING },
    { "1_000", WEIR_VALUE_STRING },
    { "0x1f", WEIR_VALUE_STRING },
    { " 7", WEIR_VALUE_STRING },
    { "7 ", WEIR_VALUE_STRING },
    { "9223372036854775807", WEIR_VALUE_INT },
    { "-9223372036854775808", WEIR_VALUE_INT },
    { "9223372036854775808", WEIR_VALUE_FLOAT },
    { "1.5", WEIR_VALUE_FLOAT },
    { "1.", WEIR_VALUE_STRING },
    { ".5", WEIR_VALUE_STRING },
    { "1e9", WEIR_VALUE_FLOAT },
    { "1e", WEIR_VALUE_STRING },
    { "1.2.3.4", WEIR_VALUE_STRING },
    { "NaN", WEIR_VALUE_STRING },
    { "true", WEIR_VALUE_BOOL },
    { "false", WEIR_VALUE_BOOL },
    { "True", WEIR_VALUE_STRING },
    { "truex", WEIR_VALUE_STRING },
    { "null", WEIR_VALUE_NULL },
    { "prod", WEIR_VALUE_STRING },
    { "1000000000000000000000000000000000000000000000000000000000000000", WEIR_VALUE_FLOAT },
    { "10000000000000000000000000000000000000000000000000000000000000000", WEIR_VALUE_STRING },
};

START_TEST(a_text_is_what_json_would_read)
{
    const struct value_case *c = &cases[_i];
    /* Exactly as long as the text: a sanitizer sees each byte read beyond. */
    size_t len = strlen(c->text);
    char *text = malloc(len ? len : 1);
    memcpy(text, c->text, len);
    ck_assert_int_eq(weir_value_of((struct weir_str){ text, len }), c->type);
    free(text);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("value");
    tcase_add_loop_test(tc, a_text_is_what_json_would_read, 0, sizeof(cases) / sizeof(cases[0]));
    Suite *suite = suite_create("record/value");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
