/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/file/fates.h"

#include <check.h>
#include <stdio.h>

#include "support/check_main.h"

enum { RECORDS = 10 };

/* A delivery that remembers its answers: D, R or J (rejected) by record, '.' for none. */
struct weir_delivery {
    struct weir_slice slice;
    char answers[RECORDS + 1];
    unsigned calls;
    char why[3][64];
    char all[256]; /* of each call, a space behind each */
};

const struct weir_slice *weir_delivery_slice(const struct weir_delivery *delivery)
{
    return &delivery->slice;
}

void weir_settle(struct weir_delivery *delivery, uint32_t first, uint32_t count,
                 enum weir_outcome outcome, struct weir_str why)
{
    delivery->calls++;
    for (uint32_t i = first; i < first + count; i++) {
        if (!weir_slice_has(&delivery->slice, i))
            continue;
        ck_assert_int_eq(delivery->answers[i], '.'); /* once only */
        delivery->answers[i] = "DRJ"[outcome];
    }
    ck_assert_uint_lt(why.len, sizeof(delivery->why[0]));
    if (why.len)
        memcpy(delivery->why[outcome], why.ptr, why.len);
    delivery->why[outcome][why.len] = '\0';
    const size_t len = strlen(delivery->all);
    snprintf(delivery->all + len, sizeof(delivery->all) - len, "%s ", delivery->why[outcome]);
}

void weir_settle_all(struct weir_delivery *delivery, enum weir_outcome outcome, struct weir_str why)
{
    weir_settle(delivery, delivery->slice.first, delivery->slice.count, outcome, why);
}

static const uint64_t dropped = 1 << 3, mask = 0x3fe; /* 3 was dropped, 0 goes elsewhere */
static const struct weir_batch batch = { .count = RECORDS, .dropped = &dropped };
static struct weir_delivery delivery;
static struct fates fates;

static void setup(void)
{
    delivery = (struct weir_delivery){
        .slice = { .batch = &batch, .mask = &mask, .count = RECORDS },
        .answers = "..........",
    };
    file_fates_begin(&fates);
}

static void teardown(void)
{
    file_fates_deinit(&fates);
}

START_TEST(all_is_written)
{
    file_fates_settle(&fates, &delivery);
    ck_assert_str_eq(delivery.answers, ".DD.DDDDDD");
    ck_assert_uint_eq(delivery.calls, 1);
    ck_assert_ptr_null(fates.of); /* nothing was kept about it */
}
END_TEST

START_TEST(some_are_not)
{
    file_fates_set(&fates, &delivery.slice, 2, 5, WEIR_REJECTED, WEIR_STR("too large"), "/x");
    file_fates_set(&fates, &delivery.slice, 7, RECORDS, WEIR_RETRY, WEIR_STR("the disk is full"),
                   "/y");
    file_fates_settle(&fates, &delivery);
    ck_assert_str_eq(delivery.answers, ".DJ.JDDRRR");
    ck_assert_uint_eq(delivery.calls, 4);
    ck_assert_str_eq(delivery.why[WEIR_DELIVERED], "");
    ck_assert_str_eq(delivery.why[WEIR_REJECTED], "too large: /x");
    ck_assert_str_eq(delivery.why[WEIR_RETRY], "the disk is full: /y");
    file_fates_begin(&fates); /* nothing stays for the next delivery */
    memset(delivery.answers, '.', RECORDS);
    file_fates_settle(&fates, &delivery);
    ck_assert_str_eq(delivery.answers, ".DD.DDDDDD");
}
END_TEST

START_TEST(each_rejected_record_has_its_own_reason)
{
    static char longest[70000];
    memset(longest, 'x', sizeof(longest));
    file_fates_set(&fates, &delivery.slice, 1, 2, WEIR_REJECTED, WEIR_STR("first"), "/x");
    file_fates_set(&fates, &delivery.slice, 2, 3, WEIR_REJECTED, WEIR_STR("second"), "/x");
    file_fates_settle(&fates, &delivery);
    ck_assert_str_eq(delivery.answers, ".JJ.DDDDDD");
    ck_assert_uint_eq(delivery.calls, 3);
    ck_assert_str_eq(delivery.all, "first: /x second: /x  ");

    file_fates_begin(&fates); /* words are bounded: what finds no room has a word too */
    memset(delivery.answers, '.', RECORDS);
    for (uint32_t i = 0; i < 20; i++)
        file_fates_set(&fates, &delivery.slice, 9, 10, WEIR_REJECTED,
                       (struct weir_str){ longest, sizeof(longest) }, "/x");
    delivery.all[0] = '\0';
    file_fates_settle(&fates, &delivery);
    ck_assert_str_eq(delivery.answers, ".DD.DDDDDJ");
    ck_assert_str_eq(delivery.all, " it cannot be written ");
}
END_TEST

START_TEST(fil_10_what_could_not_be_synced_is_not_delivered)
{
    file_fates_withdraw(&fates, "Input/output error", "fdatasync");
    file_fates_settle(&fates, &delivery);
    ck_assert_str_eq(delivery.answers, ".RR.RRRRRR");
    ck_assert_str_eq(delivery.why[WEIR_RETRY], "Input/output error: fdatasync");

    file_fates_begin(&fates);
    memset(delivery.answers, '.', RECORDS);
    file_fates_set(&fates, &delivery.slice, 2, 3, WEIR_REJECTED, WEIR_STR("too large"), "/x");
    file_fates_withdraw(&fates, "Input/output error", "fdatasync");
    file_fates_settle(&fates, &delivery);
    ck_assert_str_eq(delivery.answers, ".RJ.RRRRRR");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fates");
    TCase *tcase = tcase_create("fates");
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, all_is_written);
    tcase_add_test(tcase, some_are_not);
    tcase_add_test(tcase, each_rejected_record_has_its_own_reason);
    tcase_add_test(tcase, fil_10_what_could_not_be_synced_is_not_delivered);
    return check_main(suite);
}
