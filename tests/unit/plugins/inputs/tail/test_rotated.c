/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/tail/rotated.h"

#include <check.h>

#include "support/check_main.h"

static const struct {
    const char *base, *name;
    bool rotated;
} rows[] = {
    { "app.log", "app.log.1", true },
    { "app.log", "app.log.10", true },
    { "app.log", "app.log-20260101", true },
    { "app.log", "app.log-20260101-1767225600", true },
    { "app.log", "app.log.2026-01-01_12", true },
    { "app.log", "app.log.2026-01-01T10:00:00Z", true },
    { "app.log", "app.log.old", true },
    { "app.log", "app.log.bak", true },
    { "app.log", "app-2026-01-01.log", true },
    { "app.log", "app-2026-01-01T18-30-00.000.log", true },
    { "app.log", "app.1.log", true },
    { "app.log", "app_1.log", true },
    { "0.log", "0.log.20260101-120000", true },
    { "messages", "messages.1", true },
    { "messages", "messages-20260101", true },
    { "app.log", "app.log_old", true },
    { ".log", ".log.1", true },
    /* Logs of their own. */
    { "app.log", "app.log", false },
    { "app.log", "app", false },
    { "app.log", "app-audit.log", false },
    { "app.log", "app.audit.log", false },
    { "app.log", "app-2nd.log", false },
    { "app.log", "app.log.json", false },
    { "app.log", "app.log-audit", false },
    { "app.log", "app.log1", false },
    { "app.log", "app1.log", false },
    { "app.log", "application.log", false },
    { "app.log", "other.log.1", false },
    { "app.log", "app.log.", false },
    { "app.log", "app.log.-", false },
    { "app.log", "app.log.T", false },
    { "app.log", "app.log.1.swp", false },
    { "app.log", "app.log.older", false },
    { "app.log", "app.lo", false },
    { "app.log", "app-1.txt", false },
    { "app.log", "", false },
    { ".log", "x.log", false },
    /* Compressed. */
    { "app.log", "app.log.1.gz", false },
    { "app.log", "app.log.1.zst", false },
    { "app.log", "app.log.1.Z", false },
    { "app.log", "app.log.gz", false },
};

START_TEST(rotated_names)
{
    ck_assert_msg(tail_is_rotated_name(weir_str_of(rows[_i].name), weir_str_of(rows[_i].base)) ==
                      rows[_i].rotated,
                  "%s of %s", rows[_i].name, rows[_i].base);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rotated");
    TCase *tests = tcase_create("rotated");
    tcase_add_loop_test(tests, rotated_names, 0, (int)(sizeof(rows) / sizeof(rows[0])));
    suite_add_tcase(suite, tests);
    return check_main(suite);
}
