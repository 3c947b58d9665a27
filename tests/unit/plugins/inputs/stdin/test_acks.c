/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/stdin/acks.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "support/check_main.h"

static struct acks acks;
static int ends[2];

static void setup(void)
{
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(stdin_acks_init(&acks, ends[1]), 0);
}

static void teardown(void)
{
    stdin_acks_deinit(&acks);
    close(ends[0]);
    close(ends[1]);
}

static void printed(const char *want)
{
    char got[64] = "";
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    ssize_t n = read(ends[0], got, sizeof(got) - 1);
    ck_assert(n > 0 || errno == EAGAIN);
    ck_assert_str_eq(got, want);
}

START_TEST(records_are_taken_when_their_run_is_committed)
{
    static const struct {
        uint64_t committed;
        const char *printed;
    } rows[] = { { 0, "" },   { 99, "" },      { 100, "10\n" }, { 100, "" },
                 { 349, "" }, { 350, "16\n" }, { 360, "" },     { 1000, "17\n" } };
    stdin_acks_add(&acks, 100, 10);
    stdin_acks_add(&acks, 200, 0);
    stdin_acks_add(&acks, 350, 6);
    stdin_acks_add(&acks, 400, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        stdin_acks_commit(&acks, rows[i].committed);
        ck_assert_int_eq(stdin_acks_write(&acks), 0);
        printed(rows[i].printed);
    }
}
END_TEST

START_TEST(many_runs_under_way)
{
    uint64_t position = 0, committed = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 100; i++)
            stdin_acks_add(&acks, position += 10, 1);
        stdin_acks_commit(&acks, committed += 300);
        ck_assert_uint_eq(acks.taken, committed / 10);
    }
    stdin_acks_commit(&acks, position);
    ck_assert_uint_eq(acks.taken, 5000);
    ck_assert_uint_eq(acks.count, 0);
}
END_TEST

START_TEST(a_reader_that_is_slow_or_gone)
{
    char page[4096] = "";
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], page, sizeof(page)) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    stdin_acks_add(&acks, 1, 1);
    stdin_acks_add(&acks, 2, 1);
    stdin_acks_commit(&acks, 1);
    alarm(10);
    ck_assert_int_eq(stdin_acks_write(&acks), -EAGAIN);
    stdin_acks_commit(&acks, 2);
    ck_assert_int_eq(stdin_acks_write(&acks), -EAGAIN);
    alarm(0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (read(ends[0], page, sizeof(page)) > 0)
        ;
    ck_assert_int_eq(stdin_acks_write(&acks), 0);
    printed("2\n"); /* only the latest counts */
    close(ends[0]);
    stdin_acks_add(&acks, 3, 1);
    stdin_acks_commit(&acks, 3);
    ck_assert_int_eq(stdin_acks_write(&acks), -EPIPE);
}
END_TEST

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    Suite *suite = suite_create("acks");
    TCase *tcase = tcase_create("acks");
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, records_are_taken_when_their_run_is_committed);
    tcase_add_test(tcase, many_runs_under_way);
    tcase_add_test(tcase, a_reader_that_is_slow_or_gone);
    return check_main(suite);
}
