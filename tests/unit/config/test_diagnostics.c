/* SPDX-License-Identifier: Apache-2.0 */
#include "config/diagnostics.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>

#include "support/check_main.h"

static char *print(const struct diagnostics *diag, bool json)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    diagnostics_print(diag, out, json);
    fclose(out);
    return text;
}

static struct diagnostics *some(void)
{
    struct diagnostics *diag = diagnostics_new();
    diagnostics_add(diag, DIAGNOSTIC_ERROR, "b.yaml", 1, 1, "in another file");
    diagnostics_add(diag, DIAGNOSTIC_ERROR, "a.yaml", 10, 2, "later");
    diagnostics_add(diag, DIAGNOSTIC_WARNING, "a.yaml", 9, 20, "to the right");
    diagnostics_add(diag, DIAGNOSTIC_ERROR, "a.yaml", 9, 3, "first of two");
    diagnostics_add(diag, DIAGNOSTIC_ERROR, "a.yaml", 9, 3, "second of %d", 2);
    diagnostics_add(diag, DIAGNOSTIC_ERROR, "a.yaml", 0, 0, "of the whole file");
    diagnostics_add(diag, DIAGNOSTIC_ERROR, NULL, 0, 0, "of no file");
    return diag;
}

START_TEST(in_the_order_of_their_places)
{
    struct diagnostics *diag = some();
    ck_assert_uint_eq(diagnostics_count(diag), 7);
    ck_assert_uint_eq(diagnostics_errors(diag), 6);
    char *text = print(diag, false);
    ck_assert_str_eq(text, "error: of no file\n"
                           "a.yaml: error: of the whole file\n"
                           "a.yaml:9:3: error: first of two\n"
                           "a.yaml:9:3: error: second of 2\n"
                           "a.yaml:9:20: warning: to the right\n"
                           "a.yaml:10:2: error: later\n"
                           "b.yaml:1:1: error: in another file\n");
    free(text);
    diagnostics_free(diag);
}
END_TEST

START_TEST(as_json)
{
    struct diagnostics *diag = some();
    char *text = print(diag, true);
    json_t *array = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(array);
    ck_assert_uint_eq(json_array_size(array), 7);
    ck_assert(json_is_null(json_object_get(json_array_get(array, 0), "file")));
    const json_t *warning = json_array_get(array, 4);
    ck_assert_str_eq(json_string_value(json_object_get(warning, "file")), "a.yaml");
    ck_assert_int_eq(json_integer_value(json_object_get(warning, "line")), 9);
    ck_assert_int_eq(json_integer_value(json_object_get(warning, "column")), 20);
    ck_assert_str_eq(json_string_value(json_object_get(warning, "level")), "warning");
    ck_assert_str_eq(json_string_value(json_object_get(warning, "text")), "to the right");
    json_decref(array);
    free(text);
    diagnostics_free(diag);

    diag = diagnostics_new();
    text = print(diag, true);
    ck_assert_str_eq(text, "[]\n");
    free(text);
    diagnostics_free(diag);
}
END_TEST

START_TEST(sec_14_what_a_terminal_obeys_is_shown)
{
    struct diagnostics *diag = diagnostics_new();
    diagnostics_add(diag, DIAGNOSTIC_ERROR, "\x1b[2J.yaml", 1, 1, "\"%s\" and \xff",
                    "a\nb\x1b]0;x");
    char *text = print(diag, false);
    ck_assert_str_eq(text, "\\x1b[2J.yaml:1:1: error: \"a\\x0ab\\x1b]0;x\" and \\xff\n");
    free(text);
    text = print(diag, true);
    json_t *array = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(array);
    json_decref(array);
    free(text);
    diagnostics_free(diag);
}
END_TEST

START_TEST(there_is_a_bound)
{
    struct diagnostics *diag = diagnostics_new();
    for (unsigned i = 0; i < DIAGNOSTICS_MAX + 5; i++)
        diagnostics_add(diag, DIAGNOSTIC_ERROR, "f", i + 1, 1, "x");
    ck_assert_uint_eq(diagnostics_errors(diag), DIAGNOSTICS_MAX + 5);
    char *text = print(diag, false);
    ck_assert_ptr_nonnull(strstr(text, "f:200:1: error: x\n... and 5 more\n"));
    free(text);
    diagnostics_free(diag);
    ck_assert_ptr_null(diagnostics_free(NULL));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("diagnostics");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, in_the_order_of_their_places);
    tcase_add_test(tc, as_json);
    tcase_add_test(tc, sec_14_what_a_terminal_obeys_is_shown);
    tcase_add_test(tc, there_is_a_bound);
    Suite *suite = suite_create("config/diagnostics");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
