/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/tail/nuls.h"

#include <check.h>
#include <stdio.h>
#include <unistd.h>

#include "support/check_main.h"

static int fd;
static FILE *file;

static void open_file(void)
{
    file = tmpfile();
    ck_assert_ptr_nonnull(file);
    fd = fileno(file);
}

static void close_file(void)
{
    fclose(file);
}

static void put(off_t at, const char *data, size_t len)
{
    ck_assert_int_eq(pwrite(fd, data, len, at), (ssize_t)len);
}

START_TEST(a_hole_ends_where_data_begins)
{
    const uint64_t size = 10000004;
    put(10000000, "abc\n", 4);
    ck_assert_uint_eq(tail_nuls_end(fd, 0, size), 10000000);
    ck_assert_uint_eq(tail_nuls_end(fd, 5000, size), 10000000);
    ck_assert_uint_eq(tail_nuls_end(fd, 10000000, size), 10000000);
    ck_assert_uint_eq(tail_nuls_end(fd, 10000001, size), 10000001);
    ck_assert_uint_eq(tail_nuls_end(fd, size, size), size);
}
END_TEST

START_TEST(a_hole_without_an_end_is_all)
{
    put(0, "abc\n", 4);
    ck_assert_int_eq(ftruncate(fd, 5000000), 0);
    ck_assert_uint_eq(tail_nuls_end(fd, 4, 5000000), 5000000);
}
END_TEST

START_TEST(written_nuls_are_passed_too)
{
    static const char zeros[100000];
    put(0, zeros, sizeof(zeros));
    ck_assert_uint_eq(tail_nuls_end(fd, 0, sizeof(zeros)), sizeof(zeros));
    put(50001, "x", 1);
    ck_assert_uint_eq(tail_nuls_end(fd, 3, sizeof(zeros)), 50001);
    ck_assert_uint_eq(tail_nuls_end(fd, 3, 40000), 40000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nuls");
    TCase *tcase = tcase_create("nuls");
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, open_file, close_file);
    tcase_add_test(tcase, a_hole_ends_where_data_begins);
    tcase_add_test(tcase, a_hole_without_an_end_is_all);
    tcase_add_test(tcase, written_nuls_are_passed_too);
    return check_main(suite);
}
