/* SPDX-License-Identifier: Apache-2.0 */
#include "config/suggest.h"

#include <check.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(slips_and_other_words)
{
    static const char *const words[] = {
        "paths", "path", "exclude", "max_line", "id", "read_from"
    };
    static const struct {
        const char *word, *near;
    } cases[] = {
        { "pahts", "paths" }, /* swapped: one slip */
        { "paths", "paths" },
        { "pats", "paths" },
        { "pathss", "paths" },
        { "pth", "path" },
        { "exlude", "exclude" },
        { "excluude", "exclude" },
        { "exklude", "exclude" },
        { "MaxLine", "max_line" },
        { "max-line", "max_line" },
        { "di", "id" },
        { "readfrom", "read_from" },
        { "x", NULL },
        { "", NULL },
        { "frobnicate", NULL },
        { "inclusive", NULL },
        { "0123456789012345678901234567890123456789012345678901234567890123456789", NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct suggestion near = { .word = cases[i].word };
        for (size_t j = 0; j < COUNT_OF(words); j++)
            suggestion_offer(&near, words[j]);
        if (cases[i].near)
            ck_assert_msg(near.near && strcmp(near.near, cases[i].near) == 0, "%s -> %s",
                          cases[i].word, near.near ? near.near : "none");
        else
            ck_assert_msg(!near.near, "%s -> %s", cases[i].word, near.near ? near.near : "none");
    }
}
END_TEST

START_TEST(as_advice)
{
    char text[SUGGESTION_TEXT_MAX];
    struct suggestion near = { .word = "pahts" };
    suggestion_print(&near, text);
    ck_assert_str_eq(text, "");
    suggestion_offer(&near, "paths");
    suggestion_print(&near, text);
    ck_assert_str_eq(text, "; did you mean \"paths\"?");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("suggest");
    tcase_add_test(tc, slips_and_other_words);
    tcase_add_test(tc, as_advice);
    Suite *suite = suite_create("config/suggest");
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
