/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/tail/table.h"

#include <check.h>
#include <stdlib.h>

#include "plugins/inputs/tail/list.h"
#include "support/check_main.h"

enum { NODES = 5000, HASHES = 700 };

struct item {
    struct tail_node node;
    struct tail_list link;
    bool in;
};

static size_t count_of(const struct tail_table *table, uint64_t hash)
{
    size_t count = 0;
    for (struct tail_node *node = tail_table_find(table, hash); node;
         node = tail_table_next(node)) {
        ck_assert_uint_eq(node->hash, hash);
        count++;
    }
    return count;
}

START_TEST(nodes_are_found_while_they_are_in)
{
    struct tail_table table = { 0 };
    struct item *items = calloc(NODES, sizeof(*items));
    size_t in = 0, counts[HASHES] = { 0 };
    ck_assert_ptr_null(tail_table_find(&table, 1));
    srand(1);
    for (int round = 0; round < 50000; round++) {
        const size_t i = (size_t)rand() % NODES, hash = i % HASHES;
        if (items[i].in)
            tail_table_remove(&table, &items[i].node);
        else
            ck_assert_int_eq(tail_table_add(&table, &items[i].node, hash), 0);
        counts[hash] += items[i].in ? (size_t)-1 : 1;
        in += items[i].in ? (size_t)-1 : 1;
        items[i].in = !items[i].in;
        ck_assert_uint_eq(table.count, in);
        ck_assert_uint_eq(count_of(&table, hash), counts[hash]);
    }
    for (size_t hash = 0; hash < HASHES; hash++)
        ck_assert_uint_eq(count_of(&table, hash), counts[hash]);
    tail_table_deinit(&table);
    ck_assert_ptr_null(tail_table_find(&table, 1));
    free(items);
}
END_TEST

START_TEST(lists_keep_their_order)
{
    struct tail_list list, other;
    struct item items[3];
    tail_list_init(&list);
    tail_list_init(&other);
    ck_assert(tail_list_is_empty(&list));
    for (size_t i = 0; i < 3; i++) {
        tail_list_init(&items[i].link);
        ck_assert(!tail_list_has(&items[i].link));
        tail_list_append(&list, &items[i].link);
    }
    ck_assert_ptr_eq(tail_of(list.next, struct item, link), &items[0]);
    tail_list_append(&list, &items[0].link); /* from the begin to the end */
    ck_assert_ptr_eq(tail_of(list.next, struct item, link), &items[1]);
    ck_assert_ptr_eq(tail_of(list.prev, struct item, link), &items[0]);
    tail_list_append(&other, &items[1].link); /* and to another one */
    ck_assert_ptr_eq(tail_of(list.next, struct item, link), &items[2]);
    tail_list_remove(&items[1].link);
    tail_list_remove(&items[1].link); /* twice is fine */
    ck_assert(tail_list_is_empty(&other));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tcase = tcase_create("table");
    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, nodes_are_found_while_they_are_in);
    tcase_add_test(tcase, lists_keep_their_order);
    return check_main(suite);
}
