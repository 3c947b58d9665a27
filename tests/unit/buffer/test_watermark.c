/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "buffer/watermark.h"
#include "support/check_main.h"

enum { RUNS = 6 };

/* Adds RUNS runs that end at 100, 200, ... */
static void fill(struct watermark *watermark, struct run_state states[RUNS])
{
    for (unsigned i = 0; i < RUNS; i++) {
        states[i] = (struct run_state){ .to = 100 * (i + 1), .done = true };
        watermark_add(watermark, &states[i]);
    }
}

/* The position after watermark_advance(), or `before` when it has not moved. */
static uint64_t advance(struct watermark *watermark, uint64_t before)
{
    for (struct run_state *state = watermark_advance(watermark); state; state = state->next)
        before = state->to;
    return before;
}

START_TEST(test_order_of_answers)
{
    /* Each row: the order in which runs are answered, and the watermark after each answer. */
    static const struct {
        unsigned order[RUNS];
        uint64_t after[RUNS];
    } rows[] = {
        { { 0, 1, 2, 3, 4, 5 }, { 100, 200, 300, 400, 500, 600 } },
        { { 5, 4, 3, 2, 1, 0 }, { 0, 0, 0, 0, 0, 600 } },
        { { 1, 0, 3, 2, 5, 4 }, { 0, 200, 200, 400, 400, 600 } },
        { { 0, 2, 4, 1, 5, 3 }, { 100, 100, 100, 300, 300, 600 } },
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct watermark watermark = { 0 };
        struct run_state states[RUNS];
        uint64_t at = 0;
        fill(&watermark, states);
        for (unsigned i = 0; i < RUNS; i++) {
            states[rows[row].order[i]].done = true;
            at = advance(&watermark, at);
            ck_assert_uint_eq(at, rows[row].after[i]);
        }
        ck_assert_ptr_null(watermark.first);
        ck_assert_ptr_null(watermark.last);
    }
}
END_TEST

/* States are used again, the last first, and no more are kept than that takes. */
START_TEST(test_spare_states)
{
    enum { MANY = 5000 };
    struct run_states states = { 0 };
    struct run_state *list = NULL;
    for (int i = 0; i < MANY; i++) {
        struct run_state *state = run_state_take(&states);
        ck_assert_ptr_nonnull(state);
        state->next = list;
        list = state;
    }
    run_states_give(&states, list);
    ck_assert_uint_gt(states.count, 0);
    ck_assert_uint_lt(states.count, MANY / 2);
    const unsigned kept = states.count;
    struct run_state *state = run_state_take(&states);
    ck_assert_uint_eq(states.count, kept - 1);
    state->next = NULL;
    run_states_give(&states, state);
    ck_assert_ptr_eq(run_state_take(&states), state);
    free(state);
    run_states_trim(&states);
    ck_assert_uint_eq(states.count, 0);
    ck_assert_ptr_null(states.first);
}
END_TEST

START_TEST(test_against_a_plain_array)
{
    /* Random adds and answers against the definition: the end of the longest answered prefix. */
    enum { MANY = 2000 };
    static struct run_state states[MANY];
    static bool done[MANY];
    struct watermark watermark = { 0 };
    unsigned added = 0, seed = 7;
    uint64_t at = 0;
    for (unsigned step = 0; step < 20000; step++) {
        seed = seed * 1103515245 + 12345;
        unsigned pick = seed >> 16;
        if (pick % 3 == 0 && added < MANY) {
            states[added].to = added + 1;
            watermark_add(&watermark, &states[added++]);
        } else if (added) {
            unsigned low = added > 20 ? added - 20 : 0;
            unsigned i = low + pick % (added - low);
            if (!done[i])
                states[i].done = done[i] = true;
        }
        at = advance(&watermark, at);
        unsigned prefix = 0;
        while (prefix < added && done[prefix])
            prefix++;
        ck_assert_uint_eq(at, prefix);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watermark");
    TCase *tcase = tcase_create("watermark");
    tcase_add_test(tcase, test_order_of_answers);
    tcase_add_test(tcase, test_against_a_plain_array);
    tcase_add_test(tcase, test_spare_states);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
