/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "pipeline/ledger.h"
#include "pipeline/retry.h"
#include "support/check_main.h"

START_TEST(test_identity_holds_at_every_moment)
{
    struct ledger ledger;
    struct ledger_counts counts;
    ledger_init(&ledger, 3, 1);
    for (uint64_t i = 1; i < 50; i++) {
        ledger_read(&ledger, 7 * i);
        ledger_recovered(&ledger, 2 * i);
        ledger_replayed(&ledger, i);
        ledger_snapshot(&ledger, &counts);
        ck_assert_int_eq(ledger_residue(&counts, 3), 0);
        struct ledger_fates fates = { .records = 10 * i, .delivered = 4 * i, .dead_lettered = i };
        fates.filtered[0] = i;
        fates.filtered[2] = 3 * i;
        fates.dropped[i % LEDGER_DROPS] = i;
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
    ledger_init(&ledger, 1, 1);
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

/* Each record's marks by the outputs, as bits of a batch of four. */
static const struct fate_row {
    uint64_t rejected, parked;
    uint64_t delivered, dead_lettered, dropped;
} fate_rows[] = {
    { 0, 0, 4, 0, 0 },  { 1, 0, 3, 0, 1 },   { 0, 2, 3, 1, 0 },  { 4, 8, 2, 1, 1 },
    { 4, 12, 2, 1, 1 }, { 15, 15, 0, 0, 4 }, { 0, 15, 0, 4, 0 },
};

START_TEST(test_a_record_counts_by_its_worst_fate)
{
    const struct fate_row *row = &fate_rows[_i];
    uint64_t rejected[] = { row->rejected }, parked[] = { row->parked };
    struct batch batch = { .pub = { .count = 4 },
                           .rejected = row->rejected ? rejected : NULL,
                           .parked = row->parked ? parked : NULL };
    struct ledger_fates fates;
    ledger_fates_of(&batch, 1, &fates);
    ck_assert_uint_eq(fates.records, 4);
    ck_assert_uint_eq(fates.delivered, row->delivered);
    ck_assert_uint_eq(fates.dead_lettered, row->dead_lettered);
    ck_assert_uint_eq(fates.dropped[LEDGER_REJECTED], row->dropped);
}
END_TEST

START_TEST(test_an_output_has_its_own_account)
{
    struct ledger ledger;
    struct ledger_counts counts;
    ledger_init(&ledger, 1, 2);
    ledger_route(&ledger, 1, 10);
    ledger_snapshot(&ledger, &counts);
    ck_assert_uint_eq(counts.outputs[1].held, 10);
    ck_assert_int_eq(ledger_output_residue(&counts.outputs[1]), 0);
    struct ledger_answers answers = { .records = 10, .delivered = 6, .dead_lettered = 3 };
    answers.dropped[LEDGER_SHED] = 1;
    ledger_answer(&ledger, 1, &answers);
    ledger_snapshot(&ledger, &counts);
    ck_assert_uint_eq(counts.outputs[1].held, 0);
    ck_assert_uint_eq(counts.outputs[1].answers.dead_lettered, 3);
    ck_assert_int_eq(ledger_output_residue(&counts.outputs[1]), 0);
    ck_assert_uint_eq(counts.outputs[0].routed, 0);
    ledger_answer(&ledger, 0, &(struct ledger_answers){ .records = 1 });
    ledger_snapshot(&ledger, &counts);
    ck_assert_int_eq(ledger_output_residue(&counts.outputs[0]),
                     1); /* taken and never answered for */
    ledger_deinit(&ledger);
}
END_TEST

/* Dead letters go before and after they are settled: they end as dropped either way. */
START_TEST(test_dead_letters_that_go_are_dropped)
{
    struct ledger ledger;
    struct ledger_counts counts;
    ledger_init(&ledger, 1, 1);
    ledger_read(&ledger, 10);
    ledger_route(&ledger, 0, 10);
    ledger_dead_letters_gone(&ledger, 0, 2); /* while they are held */
    ledger_snapshot(&ledger, &counts);
    ck_assert_uint_eq(counts.fates.dropped[LEDGER_DEAD_LETTER_FULL], 0);
    ck_assert_int_eq(ledger_residue(&counts, 1), 0);
    ledger_answer(&ledger, 0,
                  &(struct ledger_answers){ .records = 10, .delivered = 5, .dead_lettered = 5 });
    ledger_settle(&ledger,
                  &(struct ledger_fates){ .records = 10, .delivered = 5, .dead_lettered = 5 });
    ledger_dead_letters_gone(&ledger, 0, 1);
    ledger_snapshot(&ledger, &counts);
    ck_assert_uint_eq(counts.fates.dead_lettered, 2);
    ck_assert_uint_eq(counts.fates.dropped[LEDGER_DEAD_LETTER_FULL], 3);
    ck_assert_uint_eq(counts.outputs[0].answers.dead_lettered, 2);
    ck_assert_uint_eq(counts.outputs[0].answers.dropped[LEDGER_DEAD_LETTER_FULL], 3);
    ck_assert_int_eq(ledger_residue(&counts, 1), 0);
    ck_assert_int_eq(ledger_output_residue(&counts.outputs[0]), 0);
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
    tcase_add_loop_test(tcase, test_a_record_counts_by_its_worst_fate, 0,
                        sizeof(fate_rows) / sizeof(fate_rows[0]));
    tcase_add_test(tcase, test_an_output_has_its_own_account);
    tcase_add_test(tcase, test_dead_letters_that_go_are_dropped);
    tcase_add_test(tcase, test_retry_delay_grows_and_is_bounded);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
