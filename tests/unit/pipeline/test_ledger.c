/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "pipeline/ledger.h"
#include "pipeline/retry.h"
#include "support/check_main.h"

START_TEST(test_identity_holds_at_every_moment)
{
    struct ledger ledger;
    struct ledger_counts counts;
    ledger_init(&ledger, 3);
    for (uint64_t i = 1; i < 50; i++) {
        ledger_read(&ledger, 10 * i);
        ledger_snapshot(&ledger, &counts);
        ck_assert_int_eq(ledger_residue(&counts, 3), 0);
        struct ledger_fates fates = { .records = 10 * i, .delivered = 5 * i };
        fates.filtered[0] = i;
        fates.filtered[2] = 3 * i;
        fates.dropped[LEDGER_REJECTED] = i;
        ledger_settle(&ledger, &fates);
        ledger_snapshot(&ledger, &counts);
        ck_assert_int_eq(ledger_residue(&counts, 3), 0);
        ck_assert_uint_eq(counts.held, 0);
    }
    ledger_deinit(&ledger);
}
END_TEST

START_TEST(test_a_lost_or_doubled_record_shows)
{
    struct ledger ledger;
    struct ledger_counts counts;
    ledger_init(&ledger, 1);
    ledger_read(&ledger, 10);
    ledger_settle(&ledger, &(struct ledger_fates){ .records = 10, .delivered = 9 });
    ledger_snapshot(&ledger, &counts);
    ck_assert_int_eq(ledger_residue(&counts, 1), 1);
    ledger_read(&ledger, 10);
    ledger_settle(&ledger, &(struct ledger_fates){ .records = 10, .delivered = 12 });
    ledger_snapshot(&ledger, &counts);
    ck_assert_int_eq(ledger_residue(&counts, 1), -1);
    ledger_deinit(&ledger);
}
END_TEST

START_TEST(test_retry_delay_grows_and_is_bounded)
{
    weir_ms most_before = 0;
    for (unsigned failures = 1; failures < 100; failures++) {
        weir_ms most = 0;
        for (uint64_t random = 0; random < 100000; random += 997) {
            weir_ms delay = retry_delay(failures, random);
            ck_assert_int_ge(delay, RETRY_MIN_MS);
            ck_assert_int_le(delay, RETRY_MAX_MS);
            most = delay > most ? delay : most;
        }
        ck_assert_int_ge(most, most_before);
        most_before = most;
    }
    ck_assert_int_le(retry_delay(1, UINT64_MAX), RETRY_FIRST_MS);
    ck_assert_int_gt(most_before, RETRY_MAX_MS - 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *tcase = tcase_create("ledger");
    tcase_add_test(tcase, test_identity_holds_at_every_moment);
    tcase_add_test(tcase, test_a_lost_or_doubled_record_shows);
    tcase_add_test(tcase, test_retry_delay_grows_and_is_bounded);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
