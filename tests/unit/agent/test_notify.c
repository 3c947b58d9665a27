/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/notify.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check_main.h"

/* A manager's end: a bound datagram socket whose name is in NOTIFY_SOCKET. */
static int manager_open(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = strlen(name);
    memcpy(address.sun_path, name, len);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t address_len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, address_len), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static const char *manager_hears(int fd)
{
    static char text[1024];
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

START_TEST(says_what_the_manager_reads)
{
    char name[64];
    snprintf(name, sizeof(name), "%sweir-notify-%d", _i ? "@" : "/tmp/", getpid());
    int fd = manager_open(name);
    struct notify notify;
    notify_open(&notify);
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    ck_assert_int_eq(notify_ready(&notify, "2 pipelines"), 0);
    ck_assert_str_eq(manager_hears(fd), "READY=1\nSTATUS=2 pipelines");
    ck_assert_int_eq(notify_status(&notify, "busy"), 0);
    ck_assert_str_eq(manager_hears(fd), "STATUS=busy");
    ck_assert_int_eq(notify_watchdog(&notify), 0);
    ck_assert_str_eq(manager_hears(fd), "WATCHDOG=1");
    ck_assert_int_eq(notify_extend(&notify, 1500), 0);
    ck_assert_str_eq(manager_hears(fd), "EXTEND_TIMEOUT_USEC=1500000");
    ck_assert_int_eq(notify_stopping(&notify, "draining"), 0);
    ck_assert_str_eq(manager_hears(fd), "STOPPING=1\nSTATUS=draining");

    close(fd);
    ck_assert_int_eq(notify_status(&notify, "gone"), -ECONNREFUSED);
    notify_close(&notify);
    if (name[0] == '/')
        unlink(name);
}
END_TEST

START_TEST(a_manager_that_does_not_read_holds_nobody_for_long)
{
    char name[64];
    snprintf(name, sizeof(name), "@weir-notify-full-%d", getpid());
    int fd = manager_open(name);
    struct notify notify;
    notify_open(&notify);
    int r = 0;
    for (int i = 0; i < 100000 && r == 0; i++)
        r = notify_watchdog(&notify);
    ck_assert_int_eq(r, -EAGAIN);
    notify_close(&notify);
    close(fd);
}
END_TEST

START_TEST(nobody_to_tell_is_fine)
{
    static const char *const names[] = {
        NULL, "", "relative", "vsock:2:1234",
        "/a-name-of-more-than-one-hundred-and-eight-bytes/"
        "does-not-fit-into-the-address-of-a-unix-socket/and-is-left-alone"
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i])
            setenv("NOTIFY_SOCKET", names[i], 1);
        setenv("WATCHDOG_USEC", "1000000", 1);
        struct notify notify;
        notify_open(&notify);
        ck_assert_int_eq(notify.fd, -1);
        ck_assert_int_eq(notify.watchdog_every, 0);
        ck_assert_int_eq(notify_ready(&notify, "x"), 0);
        notify_close(&notify);
    }
}
END_TEST

START_TEST(watchdog_is_asked_of_this_process_only)
{
    char own[16], name[64];
    snprintf(own, sizeof(own), "%d", getpid());
    snprintf(name, sizeof(name), "@weir-notify-dog-%d", getpid());
    const struct {
        const char *usec, *pid;
        weir_ms want;
    } cases[] = { { "30000000", own, 15000 },
                  { "30000000", NULL, 15000 },
                  { "30000000", "1", 0 },
                  { NULL, own, 0 },
                  { "1", own, 1 },
                  { "-5", own, 0 },
                  { "junk", own, 0 } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = manager_open(name);
        if (cases[i].usec)
            setenv("WATCHDOG_USEC", cases[i].usec, 1);
        if (cases[i].pid)
            setenv("WATCHDOG_PID", cases[i].pid, 1);
        struct notify notify;
        notify_open(&notify);
        ck_assert_int_eq(notify.watchdog_every, cases[i].want);
        ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
        ck_assert_ptr_null(getenv("WATCHDOG_PID"));
        notify_close(&notify);
        close(fd);
    }
}
END_TEST

START_TEST(a_long_status_is_cut)
{
    char name[64], status[2000];
    snprintf(name, sizeof(name), "@weir-notify-long-%d", getpid());
    int fd = manager_open(name);
    memset(status, 'x', sizeof(status) - 1);
    status[sizeof(status) - 1] = '\0';
    struct notify notify;
    notify_open(&notify);
    ck_assert_int_eq(notify_ready(&notify, status), 0);
    ck_assert_uint_eq(strlen(manager_hears(fd)), 511);
    notify_close(&notify);
    close(fd);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("notify");
    tcase_add_loop_test(tc, says_what_the_manager_reads, 0, 2);
    tcase_add_test(tc, a_manager_that_does_not_read_holds_nobody_for_long);
    tcase_add_test(tc, nobody_to_tell_is_fine);
    tcase_add_test(tc, watchdog_is_asked_of_this_process_only);
    tcase_add_test(tc, a_long_status_is_cut);
    Suite *suite = suite_create("agent/notify");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
