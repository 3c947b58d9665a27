/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/file/options.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *text;
    enum fsync_when when;
    weir_ms interval;
} policies[] = {
    { "never", FSYNC_NEVER, 0 },
    { "batch", FSYNC_BATCH, 0 },
    { "10ms", FSYNC_INTERVAL, 10 },
    { "1s", FSYNC_INTERVAL, 1000 },
    { "5m", FSYNC_INTERVAL, 300000 },
    { "1h", FSYNC_INTERVAL, 3600000 },
    { "3600000ms", FSYNC_INTERVAL, 3600000 },
};

START_TEST(fsync_policies)
{
    struct fsync_policy policy;
    struct weir_error err = { 0 };
    ck_assert_int_eq(file_fsync_parse(policies[_i].text, &policy, &err), 0);
    ck_assert_int_eq(policy.when, policies[_i].when);
    ck_assert_int_eq(policy.interval, policies[_i].interval);
    ck_assert_int_eq(err.code, 0);
}
END_TEST

static const char *const bad_policies[] = {
    "",
    "Never",
    "always",
    "1",
    "9ms",
    "0s",
    "-1s",
    "1.5s",
    "61m",
    "2h",
    "1d",
    "s",
    "1 s",
    "1s ",
    "batch ",
    "99999999s",
    "18446744073709551617ms",
};

START_TEST(fsync_policies_that_are_none)
{
    struct fsync_policy policy = { .interval = 7 };
    struct weir_error err = { 0 };
    ck_assert_int_lt(file_fsync_parse(bad_policies[_i], &policy, &err), 0);
    ck_assert_str_eq(err.option, "fsync");
    ck_assert_int_eq(policy.interval, 7);
}
END_TEST

START_TEST(fil_12_modes)
{
    static const struct {
        const char *text;
        mode_t file, directory;
    } good[] = { { "0640", 0640, 0750 },
                 { "600", 0600, 0700 },
                 { "0644", 0644, 0755 },
                 { "0222", 0222, 0722 } };
    static const char *const bad[] = { "",          "0440", "4755", "1777",  "0o640",
                                       "rw-r-----", "0648", "-640", "00640", "640 " };
    struct weir_error err = { 0 };
    mode_t mode;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        ck_assert_int_eq(file_mode_parse(good[i].text, &mode, &err), 0);
        ck_assert_uint_eq(mode, good[i].file);
        ck_assert_uint_eq(file_directory_mode(mode), good[i].directory);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        err = (struct weir_error){ 0 };
        ck_assert_int_lt(file_mode_parse(bad[i], &mode, &err), 0);
        ck_assert_str_eq(err.option, "mode");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, fsync_policies, 0, COUNT_OF(policies));
    tcase_add_loop_test(tcase, fsync_policies_that_are_none, 0, COUNT_OF(bad_policies));
    tcase_add_test(tcase, fil_12_modes);
    return check_main(suite);
}
