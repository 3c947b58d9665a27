/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/rejections.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/batch.h"
#include "support/check_main.h"

#define RECORDS 3000
#define WORDS ((RECORDS + 63) / 64)

static struct batch batch = { .pub = { .count = RECORDS } };
static const struct weir_slice all = { .batch = &batch.pub, .count = RECORDS };

START_TEST(test_records_are_kept_by_their_words)
{
    struct rejections *rejections = NULL;
    uint64_t bits[WORDS];
    rejections_add(&rejections, &all, 0, 10, REJECTION_NEW, WEIR_STR("no"), 1);
    rejections_add(&rejections, &all, 20, 1, REJECTION_NEW, WEIR_STR("never"), 1);
    rejections_add(&rejections, &all, 30, 5, REJECTION_NEW, WEIR_STR("no"), 1);
    rejections_add(&rejections, &all, 40, 1, REJECTION_NEW, WEIR_STR("no"), 2); /* another try */
    rejections_add(&rejections, &all, 50, 1, REJECTION_NEW, WEIR_STR_NONE, 1);
    ck_assert_uint_eq(rejections->count, 4);
    ck_assert_uint_eq(rejections_count(rejections), 18);
    ck_assert_uint_eq(rejections_bits(rejections, 0, bits), 15);
    ck_assert_uint_eq(bits[0], 0x7c00003ff);
    ck_assert_uint_eq(rejections_bits(rejections, 1, bits), 1);
    ck_assert_uint_eq(rejections->items[2].attempts, 2);
    ck_assert_uint_eq(rejections->items[3].answer_len, 0);
    ck_assert_int_gt(rejections->items[0].last, 0);
    rejections->items[1].state = REJECTION_PARKED;
    rejections_settle(rejections, REJECTION_DROPPED);
    ck_assert_uint_eq(rejections_bits_in(rejections, REJECTION_PARKED, bits), 1);
    ck_assert_uint_eq(rejections_bits_in(rejections, REJECTION_DROPPED, bits), 17);
    ck_assert_uint_eq(rejections_bits_in(rejections, REJECTION_NEW, bits), 0);
    rejections_free(rejections);
}
END_TEST

START_TEST(test_only_the_slice_is_meant)
{
    struct rejections *rejections = NULL;
    uint64_t bits[WORDS], mask[WORDS] = { 0x5 };
    const struct weir_slice some = { .batch = &batch.pub, .mask = mask, .count = RECORDS };
    rejections_add(&rejections, &some, 0, RECORDS, REJECTION_NEW, WEIR_STR("no"), 1);
    ck_assert_uint_eq(rejections_bits(rejections, 0, bits), 2);
    ck_assert_uint_eq(bits[0], 5);
    rejections_free(rejections);
}
END_TEST

START_TEST(test_long_words_are_cut_between_characters)
{
    struct rejections *rejections = NULL;
    char words[REJECTION_ANSWER_MAX + 100];
    memset(words, 'x', sizeof(words));
    memcpy(words + REJECTION_ANSWER_MAX - 1, "\xc3\xa4", 2);
    rejections_add(&rejections, &all, 0, 1, REJECTION_NEW,
                   (struct weir_str){ words, sizeof(words) }, 1);
    ck_assert_uint_eq(rejections->items[0].answer_len, REJECTION_ANSWER_MAX - 1);
    rejections_free(rejections);
}
END_TEST

/* A sink with other words for each record: every record is kept, and the words of as many as there is room
 * for. */
/* What is to be dropped is never among what is to be parked, however many words there are. */
static void check_states(enum rejection_state many, enum rejection_state last)
{
    struct rejections *rejections = NULL;
    uint64_t bits[WORDS];
    for (uint32_t i = 0; i < RECORDS; i++) {
        char words[32];
        int len = snprintf(words, sizeof(words), "document %u", i);
        rejections_add(&rejections, &all, i, 1, i < RECORDS - 2 ? many : last,
                       (struct weir_str){ words, (size_t)len }, i);
    }
    ck_assert_uint_le(rejections->count, REJECTIONS_MAX + 1);
    ck_assert_uint_eq(rejections_bits_in(rejections, many, bits), RECORDS - 2);
    ck_assert_uint_eq(rejections_bits_in(rejections, last, bits), 2);
    ck_assert_ptr_nonnull(rejections_first_in(rejections, last));
    rejections_settle(rejections, REJECTION_PARKED);
    ck_assert_ptr_null(rejections_first_in(rejections, REJECTION_NEW));
    ck_assert_ptr_nonnull(rejections_first_in(rejections, REJECTION_DROPPED));
    rejections_free(rejections);
}

START_TEST(test_states_are_kept_apart)
{
    struct rejections *rejections = NULL;
    rejections_add(&rejections, &all, 0, 10, REJECTION_NEW, WEIR_STR("no"), 1);
    rejections_add(&rejections, &all, 10, 1, REJECTION_DROPPED, WEIR_STR("no"), 1);
    rejections_add(&rejections, &all, 11, 1, REJECTION_DROPPED, WEIR_STR("no"), 1);
    ck_assert_uint_eq(rejections->count, 2);
    ck_assert_uint_eq(rejections_first_in(rejections, REJECTION_DROPPED)->records, 2);
    rejections_free(rejections);
    check_states(REJECTION_NEW, REJECTION_DROPPED);
    check_states(REJECTION_DROPPED, REJECTION_NEW);
}
END_TEST

START_TEST(test_different_words_have_a_maximum)
{
    struct rejections *rejections = NULL;
    uint64_t bits[WORDS];
    for (uint32_t i = 0; i < RECORDS; i++) {
        char words[32];
        int len = snprintf(words, sizeof(words), "document %u", i);
        rejections_add(&rejections, &all, i, 1, REJECTION_NEW,
                       (struct weir_str){ words, (size_t)len }, 1 + i % 2);
    }
    ck_assert_uint_eq(rejections->count, REJECTIONS_MAX);
    ck_assert_uint_eq(rejections_count(rejections), RECORDS);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < rejections->count; i++)
        sum += rejections_bits(rejections, i, bits);
    ck_assert_uint_eq(sum, RECORDS);
    ck_assert_uint_eq(rejections->items[REJECTIONS_MAX - 1].answer_len, 0);
    ck_assert_uint_eq(rejections->items[REJECTIONS_MAX - 2].answer_len, strlen("document 1022"));
    rejections_free(rejections);
    ck_assert_ptr_null(rejections_free(NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pipeline/rejections");
    TCase *tcase = tcase_create("rejections");
    tcase_add_test(tcase, test_records_are_kept_by_their_words);
    tcase_add_test(tcase, test_only_the_slice_is_meant);
    tcase_add_test(tcase, test_long_words_are_cut_between_characters);
    tcase_add_test(tcase, test_states_are_kept_apart);
    tcase_add_test(tcase, test_different_words_have_a_maximum);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
