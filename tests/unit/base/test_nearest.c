/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <check.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(finds_what_was_meant)
{
    static const char *const names[] = { "paths", "path",     "exclude", "read_from", "rate",
                                         "run",   "validate", "id",      "x" };
    static const struct {
        const char *word, *want;
    } cases[] = {
        { "pahts", "paths" },
        { "Paths", "paths" },
        { "pat", "path" },
        { "read-from", "read_from" },
        { "readfrom", "read_from" },
        { "exlcude", "exclude" },
        { "vlidaet", "validate" },
        { "rnu", "run" },
        { "di", "id" },
        { "", NULL },
        { "y", NULL },
        { "completely_different", NULL },
        { "path_s", "paths" },
        { "raet", "rate" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct nearest nearest = nearest_to(weir_str_of(cases[i].word));
        for (size_t n = 0; n < COUNT_OF(names); n++)
            nearest_offer(&nearest, names[n]);
        if (cases[i].want)
            ck_assert_pstr_eq(nearest.name, cases[i].want);
        else
            ck_assert_ptr_null(nearest.name);
    }
}
END_TEST

START_TEST(long_words_are_near_to_nothing)
{
    char word[NEAREST_BYTES_MAX + 2];
    memset(word, 'a', sizeof(word));
    struct nearest nearest = nearest_to((struct weir_str){ word, NEAREST_BYTES_MAX });
    word[NEAREST_BYTES_MAX] = '\0';
    nearest_offer(&nearest, word);
    ck_assert_ptr_eq(nearest.name, word);
    ck_assert_uint_eq(nearest.distance, 0);
    nearest = nearest_to((struct weir_str){ word, NEAREST_BYTES_MAX + 1 });
    nearest_offer(&nearest, word);
    ck_assert_ptr_null(nearest.name);
    word[NEAREST_BYTES_MAX] = 'a';
    word[NEAREST_BYTES_MAX + 1] = '\0';
    nearest = nearest_to(WEIR_STR("aaa"));
    nearest_offer(&nearest, word);
    ck_assert_ptr_null(nearest.name);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("nearest");
    tcase_add_test(tc, finds_what_was_meant);
    tcase_add_test(tc, long_words_are_near_to_nothing);
    Suite *suite = suite_create("base/nearest");
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
