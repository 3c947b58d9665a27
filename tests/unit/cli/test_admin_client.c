/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin_client.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/listen.h"
#include "support/check_main.h"

static struct admin_socket listening;

static void setup(void)
{
    struct admin_address address;
    ck_assert_int_eq(admin_address_parse("127.0.0.1:0", &address, NULL), 0);
    ck_assert_int_eq(admin_socket_open(&address, &listening, NULL), 0);
}

static void teardown(void)
{
    admin_socket_close(&listening);
}

/* A server that says its piece to one client, whatever that asks. */
struct piece {
    const char *text;
    size_t len, repeat;
    char heard[512];
};

static void *say(void *arg)
{
    struct piece *piece = arg;
    int fd = -1;
    while (fd < 0)
        fd = accept(listening.fd, NULL, NULL);
    ssize_t n = recv(fd, piece->heard, sizeof(piece->heard) - 1, 0);
    ck_assert_int_gt(n, 0);
    for (size_t i = 0; i < piece->repeat; i++)
        if (send(fd, piece->text, piece->len, MSG_NOSIGNAL) < 0)
            break;
    close(fd);
    return NULL;
}

static int ask(struct piece *piece, struct admin_answer *ret, struct weir_error *err)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, say, piece), 0);
    int r = admin_client_get(&listening.address, "/api/v1/status", 5000, ret, err);
    pthread_join(thread, NULL);
    return r;
}

START_TEST(answers)
{
    static const struct {
        const char *text;
        int r, status;
        const char *body;
    } cases[] = {
        { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, 200, "{}" },
        { "HTTP/1.0 503 No\r\n\r\nnot ready\n", 0, 503, "not ready\n" },
        { "HTTP/1.1 404 \r\ncontent-length:0\r\n\r\n", 0, 404, "" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", -EPROTO, 0, NULL },
        { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", -EPROTO, 0, NULL },
        { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", -EPROTO, 0, NULL },
        { "SSH-2.0-OpenSSH_9.2\r\n\r\n", -EPROTO, 0, NULL },
        { "", -EPROTO, 0, NULL },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct piece piece = { .text = cases[i].text, .len = strlen(cases[i].text), .repeat = 1 };
        struct admin_answer answer = { 0 };
        struct weir_error err = { 0 };
        ck_assert_msg(ask(&piece, &answer, &err) == cases[i].r, "case %zu: %s", i, err.text);
        ck_assert_str_eq(piece.heard, "GET /api/v1/status HTTP/1.0\r\nHost: localhost\r\n\r\n");
        if (cases[i].r < 0)
            continue;
        ck_assert_int_eq(answer.status, cases[i].status);
        ck_assert_str_eq(answer.body, cases[i].body);
        free(answer.body);
    }
}
END_TEST

START_TEST(a_question_with_a_body)
{
    struct piece piece = { .text = "HTTP/1.1 202 \r\nContent-Length: 2\r\n\r\n{}", .repeat = 1 };
    struct admin_answer answer = { 0 };
    pthread_t thread;
    piece.len = strlen(piece.text);
    ck_assert_int_eq(pthread_create(&thread, NULL, say, &piece), 0);
    ck_assert_int_eq(admin_client_post(&listening.address, "/api/v1/replay",
                                       "{\"pipeline\":\"app\"}", 5000, &answer, NULL),
                     0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(answer.status, 202);
    ck_assert_str_eq(answer.body, "{}");
    free(answer.body);
    ck_assert_str_eq(piece.heard, "POST /api/v1/replay HTTP/1.0\r\nHost: localhost\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 18\r\n\r\n"
                                  "{\"pipeline\":\"app\"}");
}
END_TEST

START_TEST(an_endless_answer_has_a_maximum)
{
    static char filler[1 << 20];
    memset(filler, 'x', sizeof(filler));
    struct piece piece = { .text = filler, .len = sizeof(filler), .repeat = 1000 };
    struct admin_answer answer = { 0 };
    ck_assert_int_eq(ask(&piece, &answer, NULL), -EMSGSIZE);
}
END_TEST

START_TEST(silence_has_an_end)
{
    struct admin_answer answer = { 0 };
    struct weir_error err = { 0 };
    int r = admin_client_get(&listening.address, "/", 100, &answer, &err);
    ck_assert_int_eq(r, -ETIMEDOUT);
    ck_assert_ptr_nonnull(strstr(err.text, "no answer in time"));
}
END_TEST

START_TEST(nobody_there_is_said_plainly)
{
    struct admin_answer answer = { 0 };
    struct weir_error err = { 0 };
    struct admin_address address;
    ck_assert_int_eq(admin_address_parse("unix:/nonexistent/weir.sock", &address, &err), 0);
    ck_assert_int_eq(admin_client_get(&address, "/", 100, &answer, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.text, "is the agent running?"));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("admin_client");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 20);
    tcase_add_test(tc, answers);
    tcase_add_test(tc, a_question_with_a_body);
    tcase_add_test(tc, an_endless_answer_has_a_maximum);
    tcase_add_test(tc, silence_has_an_end);
    tcase_add_test(tc, nobody_there_is_said_plainly);
    Suite *suite = suite_create("cli/admin_client");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
