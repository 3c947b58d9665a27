/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer/cursors.h"

#include <check.h>
#include <stdlib.h>

#include "support/check_main.h"
#include "support/disk_sim.h"

static void add(struct cursor *cursor, uint64_t sequence, uint64_t end, bool acked)
{
    const struct cursor_entry entry = {
        .sequence = sequence, .end = end, .records = end - sequence, .acked = acked
    };
    ck_assert_int_eq(cursor_add(cursor, &entry), 0);
}

START_TEST(the_watermark_waits_for_the_oldest)
{
    struct cursor cursor;
    uint64_t records;
    cursor_init(&cursor, 10);
    for (uint64_t i = 10; i < 20; i++)
        add(&cursor, i, i + 1, false);
    ck_assert_uint_eq(cursor.read, 20);
    for (uint64_t i = 11; i < 20; i++)
        ck_assert(cursor_ack(&cursor, i, i + 1, &records));
    ck_assert_uint_eq(cursor_watermark(&cursor), 10);
    ck_assert_uint_eq(cursor.count, 2); /* what is answered is one entry */
    ck_assert(cursor_is_done(&cursor, 12, 15) && !cursor_is_done(&cursor, 10, 12));
    ck_assert(!cursor_ack(&cursor, 11, 12, &records)); /* a second time */
    ck_assert(!cursor_ack(&cursor, 10, 12, &records)); /* another range */
    ck_assert(cursor_ack(&cursor, 10, 11, &records));
    ck_assert_uint_eq(records, 1);
    ck_assert_uint_eq(cursor_watermark(&cursor), 20);
    ck_assert_uint_eq(cursor.count, 0);
    cursor_free(&cursor);
}
END_TEST

START_TEST(what_was_had_from_elsewhere_is_passed_over)
{
    struct cursor cursor;
    cursor_init(&cursor, 0);
    add(&cursor, 10, 20, true);
    add(&cursor, 30, 40, false);
    ck_assert_uint_eq(cursor_watermark(&cursor), 0);
    ck_assert_uint_eq(cursor.read, 0);
    cursor_read_to(&cursor, 10);
    ck_assert_uint_eq(cursor.read, 20);
    ck_assert_uint_eq(cursor_watermark(&cursor), 20);
    cursor_read_to(&cursor, 30);
    ck_assert_uint_eq(cursor.read, 40);
    ck_assert_uint_eq(cursor_watermark(&cursor), 30);
    ck_assert(cursor_is_in_flight(&cursor, 35, 36) && !cursor_is_in_flight(&cursor, 0, 30));
    cursor_free(&cursor);
}
END_TEST

START_TEST(what_is_taken_back_is_unread)
{
    struct cursor cursor;
    cursor_init(&cursor, 0);
    add(&cursor, 0, 5, false);
    add(&cursor, 5, 10, true);
    add(&cursor, 10, 15, true);
    add(&cursor, 15, 20, false);
    cursor_take_back(&cursor, 10);
    ck_assert_uint_eq(cursor.read, 10);
    ck_assert_uint_eq(cursor_watermark(&cursor), 0);
    ck_assert(cursor_is_done(&cursor, 5, 10) && !cursor_is_done(&cursor, 10, 15));
    add(&cursor, 10, 12, false);
    ck_assert_uint_eq(cursor.read, 12);
    cursor_take_back(&cursor, 0);
    ck_assert_uint_eq(cursor.count, 0);
    ck_assert_uint_eq(cursor_watermark(&cursor), 0);
    cursor_free(&cursor);
}
END_TEST

/* Against one byte a number: 0 unread, 1 in flight, 2 answered, 3 not for the reader. */
START_TEST(any_order_gives_what_a_map_gives)
{
    enum { NUMBERS = 400 };
    uint64_t random = 3, records;
    for (int round = 0; round < 60; round++) {
        uint8_t map[NUMBERS] = { 0 };
        struct cursor cursor;
        uint64_t read = 0;
        cursor_init(&cursor, 0);
        while (read < NUMBERS) {
            switch (sim_random(&random) % 4) {
            case 0:
                map[read++] = 3;
                cursor_read_to(&cursor, read);
                break;
            case 1:
                map[read] = 1;
                add(&cursor, read, read + 1, false);
                read++;
                break;
            default: {
                uint64_t at = sim_random(&random) % NUMBERS;
                ck_assert(cursor_ack(&cursor, at, at + 1, &records) == (map[at] == 1));
                map[at] = map[at] == 1 ? 2 : map[at];
            }
            }
            uint64_t mark = 0;
            while (mark < read && map[mark] >= 2)
                mark++;
            ck_assert_uint_eq(cursor_watermark(&cursor), mark);
            ck_assert_uint_eq(cursor.read, read);
            uint64_t at = sim_random(&random) % NUMBERS;
            ck_assert(map[at] == 3 || cursor_is_done(&cursor, at, at + 1) == (map[at] == 2));
            ck_assert(cursor_is_in_flight(&cursor, at, at + 1) == (map[at] == 1));
        }
        cursor_free(&cursor);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("cursors");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, the_watermark_waits_for_the_oldest);
    tcase_add_test(tc, what_was_had_from_elsewhere_is_passed_over);
    tcase_add_test(tc, what_is_taken_back_is_unread);
    tcase_add_test(tc, any_order_gives_what_a_map_gives);
    Suite *suite = suite_create("buffer/cursors");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
