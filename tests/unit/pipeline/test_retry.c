/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "pipeline/retry.h"
#include "support/check_main.h"

/* The longest that so many failures may wait. */
static const struct {
    unsigned failures;
    weir_ms most;
} rows[] = {
    { 1, 100 },   { 2, 200 },    { 3, 400 },    { 4, 800 },    { 8, 12800 },
    { 9, 25600 }, { 10, 30000 }, { 11, 30000 }, { 64, 30000 }, { UINT32_MAX, 30000 },
};

START_TEST(test_delays)
{
    weir_ms least = RETRY_MAX_MS, most = 0;
    uint64_t random = 1;
    for (int i = 0; i < 100000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        weir_ms delay = retry_delay(rows[_i].failures, random >> 33);
        ck_assert_int_ge(delay, RETRY_MIN_MS);
        ck_assert_int_le(delay, rows[_i].most);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    /* Anywhere in between: "full jitter". */
    ck_assert_int_lt(least, RETRY_MIN_MS + rows[_i].most / 50 + 1);
    ck_assert_int_gt(most, rows[_i].most - rows[_i].most / 50 - 1);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("retry");
    tcase_add_loop_test(tcase, test_delays, 0, (int)(sizeof(rows) / sizeof(rows[0])));
    Suite *suite = suite_create("pipeline/retry");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
