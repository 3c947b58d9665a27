/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/tail/order.h"

#include <check.h>

#include "support/check_main.h"

enum { FILES = 5 };

/* The generations 0 .. FILES-1 of a log, born one after the other. */
static void make(struct tail_file files[FILES])
{
    memset(files, 0, FILES * sizeof(files[0]));
    for (int i = 0; i < FILES; i++) {
        files[i].identity.born = 100 + i;
        tail_list_init(&files[i].ready);
    }
}

/* Checks that the order is that of `expected`, which -1 ends, both ways. */
static void check_order(const struct tail_file *files, const int *expected)
{
    const struct tail_file *before = NULL;
    for (int i = 0; i <= FILES && expected[i] >= 0; i++) {
        const struct tail_file *file = &files[expected[i]];
        ck_assert_ptr_eq(file->after, before);
        if (before)
            ck_assert_ptr_eq(before->before, file);
        before = file;
    }
    ck_assert_ptr_null(before->before);
}

static const struct {
    int adds[FILES][2]; /* file, before; -1 ends */
    int expected[FILES + 1];
} orders[] = {
    { { { 1, 0 }, { 2, 1 }, { 3, 2 }, { 4, 3 } }, { 0, 1, 2, 3, 4, -1 } },
    /* found between two that know of each other */
    { { { 1, 0 }, { 4, 1 }, { 2, 1 }, { 3, 2 }, { 4, 3 } }, { 0, 1, 2, 3, 4, -1 } },
    { { { 4, 0 }, { 3, 0 }, { 2, 0 }, { 1, 0 }, { -1, -1 } }, { 0, 1, 2, 3, 4, -1 } },
    { { { 1, 0 }, { 2, 0 }, { 4, 0 }, { 3, 0 }, { -1, -1 } }, { 0, 1, 2, 3, 4, -1 } },
    /* it is in the order already */
    { { { 1, 0 }, { 2, 1 }, { 2, 0 }, { 0, 2 }, { 0, 0 } }, { 0, 1, 2, -1 } },
    /* two orders become one when nothing of one comes between what is in the other */
    { { { 1, 0 }, { 3, 2 }, { 2, 0 }, { -1, -1 } }, { 0, 1, 2, 3, -1 } },
    { { { 4, 0 }, { 3, 2 }, { 2, 0 }, { -1, -1 } }, { 0, 4, -1 } },
};

START_TEST(a_file_gets_its_place)
{
    struct tail_file files[FILES];
    make(files);
    for (int i = 0; i < FILES && orders[_i].adds[i][0] >= 0; i++)
        tail_order_add(&files[orders[_i].adds[i][0]], &files[orders[_i].adds[i][1]]);
    check_order(files, orders[_i].expected);
}
END_TEST

START_TEST(nothing_precedes_nothing)
{
    struct tail_file files[FILES];
    make(files);
    tail_order_add(NULL, &files[0]);
    tail_order_add(&files[0], NULL);
    ck_assert_ptr_null(files[0].after);
    ck_assert_ptr_null(files[0].before);
}
END_TEST

START_TEST(what_is_taken_out_leaves_no_gap)
{
    struct tail_file files[FILES];
    make(files);
    for (int i = 1; i < FILES; i++)
        tail_order_add(&files[i], &files[i - 1]);
    tail_order_remove(&files[2]);
    check_order(files, (const int[]){ 0, 1, 3, 4, -1 });
    tail_order_remove(&files[0]);
    check_order(files, (const int[]){ 1, 3, 4, -1 });
    tail_order_remove(&files[4]);
    check_order(files, (const int[]){ 1, 3, -1 });
}
END_TEST

START_TEST(the_oldest_with_something_to_read_comes_first)
{
    struct tail_file files[FILES];
    struct tail_list ready;
    make(files);
    tail_list_init(&ready);
    for (int i = 1; i < FILES; i++)
        tail_order_add(&files[i], &files[i - 1]);
    for (int i = 4; i >= 2; i--)
        tail_list_append(&ready, &files[i].ready);
    ck_assert_ptr_eq(tail_order_next(&files[4]), &files[2]);
    tail_list_remove(&files[2].ready);
    ck_assert_ptr_eq(tail_order_next(&files[4]), &files[3]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("order");
    TCase *tests = tcase_create("order");
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, a_file_gets_its_place, 0, sizeof(orders) / sizeof(orders[0]));
    tcase_add_test(tests, nothing_precedes_nothing);
    tcase_add_test(tests, what_is_taken_out_leaves_no_gap);
    tcase_add_test(tests, the_oldest_with_something_to_read_comes_first);
    return check_main(suite);
}
