/* SPDX-License-Identifier: Apache-2.0 */
#include "config/memory.h"

#include <check.h>
#include <stddef.h>

#include "support/check_main.h"

START_TEST(pieces_are_zeroed_aligned_and_apart)
{
    struct memory *memory = memory_new();
    char *pieces[600];
    for (size_t i = 0; i < 600; i++) {
        pieces[i] = memory_alloc(memory, i);
        ck_assert_uint_eq((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_int_eq(pieces[i][j], 0);
        memset(pieces[i], (int)i, i);
    }
    char *large = memory_alloc(memory, 1024 * 1024); /* more than a chunk */
    ck_assert_int_eq(large[1024 * 1024 - 1], 0);
    for (size_t i = 1; i < 600; i++)
        ck_assert_int_eq(pieces[i][i - 1], (char)i);
    ck_assert_ptr_null(memory_free(memory));
    ck_assert_ptr_null(memory_free(NULL));
}
END_TEST

START_TEST(texts)
{
    struct memory *memory = memory_new();
    ck_assert_str_eq(memory_text(memory, (struct weir_str){ "abcd", 3 }), "abc");
    ck_assert_str_eq(memory_text(memory, WEIR_STR_NONE), "");
    ck_assert_str_eq(memory_format(memory, "%s.%d", "tail", 2), "tail.2");
    memory_free(memory);
}
END_TEST

struct log {
    int ended[4];
    size_t count;
};

static void note(void *arg, void *object)
{
    struct log *log = arg;
    log->ended[log->count++] = *(const int *)object;
}

START_TEST(the_last_to_come_ends_first)
{
    static int objects[] = { 1, 2, 3 };
    struct log log = { 0 };
    struct memory *memory = memory_new();
    for (size_t i = 0; i < 3; i++)
        memory_own(memory, note, &log, &objects[i]);
    memory_free(memory);
    ck_assert_uint_eq(log.count, 3);
    ck_assert_int_eq(log.ended[0], 3);
    ck_assert_int_eq(log.ended[2], 1);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("memory");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, pieces_are_zeroed_aligned_and_apart);
    tcase_add_test(tc, texts);
    tcase_add_test(tc, the_last_to_come_ends_first);
    Suite *suite = suite_create("config/memory");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
