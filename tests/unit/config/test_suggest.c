/* SPDX-License-Identifier: Apache-2.0 */
#include "config/suggest.h"

#include <check.h>
#include <stdio.h>

#include "support/check_main.h"

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
        struct suggestion suggestion = { .word = cases[i].word };
        char text[SUGGESTION_TEXT_MAX], want[SUGGESTION_TEXT_MAX] = "";
        for (size_t n = 0; n < COUNT_OF(names); n++)
            suggestion_offer(&suggestion, names[n]);
        ck_assert_pstr_eq(suggestion.near, cases[i].want);
        suggestion_print(&suggestion, text);
        if (cases[i].want)
            snprintf(want, sizeof(want), "; did you mean \"%s\"?", cases[i].want);
        ck_assert_str_eq(text, want);
    }
}
END_TEST

START_TEST(long_words_are_near_to_nothing)
{
    char word[66];
    memset(word, 'a', sizeof(word));
    word[63] = '\0';
    struct suggestion suggestion = { .word = word };
    suggestion_offer(&suggestion, word);
    ck_assert_ptr_eq(suggestion.near, word);
    word[63] = 'a';
    word[64] = '\0';
    suggestion = (struct suggestion){ .word = word };
    suggestion_offer(&suggestion, word);
    ck_assert_ptr_null(suggestion.near);
    suggestion = (struct suggestion){ .word = "aaa" };
    suggestion_offer(&suggestion, word);
    ck_assert_ptr_null(suggestion.near);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("suggest");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, finds_what_was_meant);
    tcase_add_test(tc, long_words_are_near_to_nothing);
    Suite *suite = suite_create("config/suggest");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
