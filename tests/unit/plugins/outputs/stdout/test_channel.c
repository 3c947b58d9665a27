/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/stdout/channel.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check_main.h"

static char data[100000];

/* Writes until the reader is full; ends[1] is what we share with others. */
static void check_full(int ends[2], enum channel_kind kind)
{
    struct channel channel;
    size_t total = 0;
    ssize_t n;
    ck_assert_int_eq(stdout_channel_open(&channel, ends[1]), 0);
    ck_assert_int_eq(channel.kind, kind);
    alarm(10); /* one that waits ends the test */
    while ((n = stdout_channel_write(&channel, data, sizeof(data))) > 0)
        total += (size_t)n;
    alarm(0);
    ck_assert_int_eq(n, -EAGAIN);
    ck_assert_uint_ge(total, 4096);
    ck_assert_int_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    for (ssize_t got; (got = read(ends[0], data, sizeof(data))) > 0;)
        total -= (size_t)got;
    ck_assert_uint_eq(total, 0);
    ck_assert_int_gt(stdout_channel_write(&channel, data, sizeof(data)), 0);
    close(ends[0]);
    ck_assert_int_eq(stdout_channel_write(&channel, data, sizeof(data)), -EPIPE);
    stdout_channel_close(&channel);
    close(ends[1]);
}

START_TEST(fil_09_a_full_reader_is_an_answer)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    check_full(ends, CHANNEL_PLAIN);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    check_full(ends, CHANNEL_SOCKET);
}
END_TEST

START_TEST(a_pipe_that_cannot_be_opened_again)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    struct channel channel = { .fd = ends[1], .own_fd = -1, .kind = CHANNEL_POLLED };
    ssize_t n;
    alarm(10);
    while ((n = stdout_channel_write(&channel, data, sizeof(data))) > 0)
        ;
    alarm(0);
    ck_assert_int_eq(n, -EAGAIN);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_file_and_nothing)
{
    struct channel channel;
    int fd = open("/tmp", O_TMPFILE | O_WRONLY, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(stdout_channel_open(&channel, fd), 0);
    ck_assert_int_eq(stdout_channel_write(&channel, data, sizeof(data)), sizeof(data));
    stdout_channel_close(&channel);
    close(fd);
    ck_assert_int_eq(stdout_channel_open(&channel, fd), -EBADF);
}
END_TEST

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    Suite *suite = suite_create("channel");
    TCase *tcase = tcase_create("channel");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, fil_09_a_full_reader_is_an_answer);
    tcase_add_test(tcase, a_pipe_that_cannot_be_opened_again);
    tcase_add_test(tcase, a_file_and_nothing);
    return check_main(suite);
}
