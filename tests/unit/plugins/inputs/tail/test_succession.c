/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/tail/succession.h"

#include <check.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *name, *base;
    bool rotated;
} names[] = {
    { "app.log.1", "app.log", true },
    { "app.log-20260101", "app.log", true },
    { "app.log_old", "app.log", true },
    { "app-20260101.log", "app.log", true },
    { "app.1.log", "app.log", true },
    { "syslog.1", "syslog", true },
    { "app.log", "app.log", false },
    { "app.log2", "app.log", false },
    { "app.lo", "app.log", false },
    { "application.log", "app.log", false },
    { "other.log.1", "app.log", false },
    { "app.log.1.gz", "app.log", false },
    { "app-1.log.zst", "app.log", false },
    { "app-1.txt", "app.log", false },
    { ".log.1", ".log", true },
    { "x.log", ".log", false },
    { "", "app.log", false },
};

START_TEST(rotated_names_are_known)
{
    ck_assert_int_eq(tail_is_rotated_name(weir_str_of(names[_i].name), weir_str_of(names[_i].base)),
                     names[_i].rotated);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("succession");
    TCase *tcase = tcase_create("succession");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, rotated_names_are_known, 0, COUNT_OF(names));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
