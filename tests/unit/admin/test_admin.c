/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint over real sockets: server and clients take turns on one thread. */
#include "admin/admin.h"

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/address.h"
#include "admin/http_server.h"
#include "admin/listen.h"
#include "base/clock.h"
#include "support/check_main.h"
#include "support/temp_dir.h"

static struct event_base *base;
static struct metrics *metrics;
static struct admin *admin;
static struct admin_address address;
static char dir[TEMP_DIR_MAX], unix_listen[96];
static bool red;

static struct status *make_status(void *arg)
{
    (void)arg;
    struct status *status = status_new();
    status->state = STATUS_RUNNING;
    status->version = "1.2.3";
    status->pid = 42;
    ck_assert_int_eq(status_array(&status->checks, &status->check_count, 2), 0);
    status->checks[0] =
        (struct status_check){ .name = "positions written", .pipeline = "", .ok = true };
    status->checks[1] = (struct status_check){ .name = "progress", .pipeline = "app", .ok = !red };
    if (red)
        status_reason_set(status->checks[1].reason, "no ack for 61 s \xff", 17);
    ck_assert_int_eq(status_array(&status->pipelines, &status->pipeline_count, 1), 0);
    struct status_pipeline *app = &status->pipelines[0];
    app->name = "app";
    app->ledger.read = 10;
    app->ledger.delivered = 7;
    app->ledger.residue = -1;
    ck_assert_int_eq(status_array(&app->ledger.filtered, &app->ledger.filtered_count, 1), 0);
    app->ledger.filtered[0] = (struct status_count){ "grep", 3 };
    ck_assert_int_eq(status_array(&app->inputs, &app->input_count, 1), 0);
    app->inputs[0] = (struct status_input){ .id = "tail", .type = "tail", .records = 10 };
    ck_assert_int_eq(status_array(&app->inputs[0].lost, &app->inputs[0].lost_count, 1), 0);
    app->inputs[0].lost[0] = (struct status_lost){ "vanished", 0, 512 };
    ck_assert_int_eq(status_array(&app->filters, &app->filter_count, 1), 0);
    app->filters[0] = (struct status_filter){ "grep", "grep", 10, 3, 0 };
    ck_assert_int_eq(status_array(&app->outputs, &app->output_count, 1), 0);
    app->outputs[0] = (struct status_output){
        .id = "file", .type = "file", .state = STATUS_OUTPUT_RETRYING, .lag_seconds = 1.5
    };
    return status;
}

static void refresh(void *arg)
{
    (void)arg;
    metric_add(metrics_series(metrics, "weir_refreshes_total", "R.", METRIC_COUNTER, 1, NULL, 0),
               1);
}

static int start(const char *listen_on, struct weir_error *err)
{
    struct admin_options options = {
        .listen = listen_on,
        .version = "1.2.3",
        .source = { .metrics = metrics, .status = make_status, .refresh = refresh }
    };
    int r = admin_start(base, &options, &admin, err);
    if (r == 0 && admin)
        ck_assert_int_eq(admin_address_parse(admin_where(admin), &address, err), 0);
    return r;
}

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    temp_dir_make(dir);
    snprintf(unix_listen, sizeof(unix_listen), "unix:%s/admin.sock", dir);
    base = event_base_new();
    metrics = metrics_new();
    red = false;
}

static void teardown(void)
{
    admin = admin_stop(admin);
    event_base_free(base);
    metrics_free(metrics);
    temp_dir_remove(dir);
}

static int client_open(void)
{
    int fd = socket(address.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address.addr, address.len), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Turns the server's loop until the client has read everything. */
static const char *client_read(int fd)
{
    static char text[1 << 20];
    size_t len = 0;
    int64_t give_up = clock_monotonic() + INT64_C(8000000000);
    for (;;) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
        len += n > 0 ? (size_t)n : 0;
        ck_assert_msg(clock_monotonic() < give_up, "no end of the answer");
        if (n < 0)
            usleep(200);
    }
    text[len] = '\0';
    return text;
}

static const char *ask(const char *request)
{
    int fd = client_open();
    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (int)strlen(request));
    const char *answer = client_read(fd);
    close(fd);
    return answer;
}

static const char *get(const char *target)
{
    char request[256];
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", target);
    return ask(request);
}

static int status_of(const char *answer)
{
    int status = 0;
    ck_assert_msg(sscanf(answer, "HTTP/1.1 %d ", &status) == 1, "answer: %s", answer);
    return status;
}

static const char *body_of(const char *answer)
{
    const char *at = strstr(answer, "\r\n\r\n");
    ck_assert_ptr_nonnull(at);
    return at + 4;
}

static const char *const listens[] = { "127.0.0.1:0", "[::1]:0", "unix" };

START_TEST(every_path_answers)
{
    struct weir_error err = { 0 };
    const char *listen_on = strcmp(listens[_i], "unix") ? listens[_i] : unix_listen;
    int r = start(listen_on, &err);
    if (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT)
        return; /* a host without IPv6 */
    ck_assert_msg(r == 0, "%s", err.text);
    ck_assert_str_eq(body_of(get("/livez")), "ok\n");
    ck_assert_str_eq(body_of(get("/healthz")), "ok\n");
    ck_assert_int_eq(status_of(get("/readyz")), 200);
    ck_assert_ptr_nonnull(strstr(get("/"), "/api/v1/status"));
    ck_assert_ptr_nonnull(strstr(get("/metrics"), "\nweir_refreshes_total 1\n"));
    ck_assert_ptr_nonnull(strstr(get("/metrics"), "text/plain; version=0.0.4"));
    ck_assert_ptr_nonnull(strstr(
        ask("GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n\r\n"), "# EOF\n"));
    ck_assert_int_eq(status_of(get("/nothing")), 404);
    ck_assert_int_eq(status_of(get("/metrics/")), 404);
}
END_TEST

START_TEST(head_has_the_length_and_no_body)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(start("127.0.0.1:0", &err), 0);
    const char *answer = ask("HEAD /healthz HTTP/1.1\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(answer, "Content-Length: 3\r\n"));
    ck_assert_str_eq(body_of(answer), "");
    answer = ask("POST /healthz HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    ck_assert_int_eq(status_of(answer), 405);
    ck_assert_ptr_nonnull(strstr(answer, "Allow: GET, HEAD\r\n"));
}
END_TEST

START_TEST(changes_need_the_unix_socket)
{
    struct weir_error err = { 0 };
    const char body[] = "POST /api/v1/replay HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
    ck_assert_int_eq(start("127.0.0.1:0", &err), 0);
    const char *answer = ask(body);
    ck_assert_int_eq(status_of(answer), 403);
    ck_assert_ptr_nonnull(
        strstr(answer, "{\"error\":\"what changes something needs the Unix socket"));
    answer = get("/api/v1/buffer/drop");
    ck_assert_int_eq(status_of(answer), 405);
    ck_assert_ptr_nonnull(strstr(answer, "Allow: POST\r\n"));
    admin = admin_stop(admin);
    ck_assert_int_eq(start(unix_listen, &err), 0);
    answer = ask(body);
    ck_assert_int_eq(status_of(answer), 404); /* this one has nothing to change */
    ck_assert_ptr_nonnull(strstr(answer, "nothing to change"));
}
END_TEST

START_TEST(readiness_says_why)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(start("127.0.0.1:0", &err), 0);
    ck_assert_str_eq(body_of(get("/readyz")), "ok\n");
    ck_assert_str_eq(body_of(get("/readyz?verbose")),
                     "[+] positions written\n[+] app: progress\nok\n");
    red = true;
    ck_assert_int_eq(status_of(get("/readyz")), 503);
    ck_assert_str_eq(body_of(get("/readyz")), "[-] app: progress: no ack for 61 s \xff\n");
    ck_assert_int_eq(status_of(get("/livez")), 200);
}
END_TEST

START_TEST(status_is_a_document)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(start("127.0.0.1:0", &err), 0);
    red = true;
    json_error_t bad;
    json_t *json = json_loads(body_of(get("/api/v1/status")), JSON_REJECT_DUPLICATES, &bad);
    ck_assert_msg(json, "%s", bad.text);
    int version, pid, ready, read, delivered, grep, residue, lost, filtered;
    const char *agent_version, *state, *output_state, *reason;
    double lag;
    json_t *pipelines, *checks;
    ck_assert_int_eq(json_unpack_ex(json, &bad, 0, "{si s{ss si ss} sb so so}", "version", &version,
                                    "agent", "version", &agent_version, "pid", &pid, "state",
                                    &state, "ready", &ready, "pipelines", &pipelines, "checks",
                                    &checks),
                     0);
    ck_assert_int_eq(version, 1);
    ck_assert_int_eq(pid, 42);
    ck_assert_str_eq(state, "running");
    ck_assert(!ready);
    ck_assert_int_eq(json_unpack_ex(json_array_get(checks, 1), &bad, 0, "{ss}", "reason", &reason),
                     0);
    ck_assert_str_eq(reason, "no ack for 61 s \xef\xbf\xbd"); /* a byte that is not UTF-8 */
    ck_assert_int_eq(json_unpack_ex(json_array_get(pipelines, 0), &bad, 0,
                                    "{s{si si s{si} si} s[{s{s{si}}}] s[{si}] s[{ss sf}]}",
                                    "ledger", "read", &read, "delivered", &delivered, "filtered",
                                    "grep", &grep, "residue", &residue, "inputs", "lost",
                                    "vanished", "bytes", &lost, "filters", "filtered", &filtered,
                                    "outputs", "state", &output_state, "lag_seconds", &lag),
                     0);
    ck_assert_int_eq(read, 10);
    ck_assert_int_eq(delivered, 7);
    ck_assert_int_eq(grep, 3);
    ck_assert_int_eq(residue, -1);
    ck_assert_int_eq(lost, 512);
    ck_assert_int_eq(filtered, 3);
    ck_assert_str_eq(output_state, "retrying");
    ck_assert_double_eq(lag, 1.5);
    json_decref(json);
}
END_TEST

START_TEST(sec_06_a_name_from_dns_is_refused_on_loopback)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(start("127.0.0.1:0", &err), 0);
    ck_assert_int_eq(status_of(ask("GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n")), 403);
    admin = admin_stop(admin);
    ck_assert_int_eq(start(unix_listen, &err), 0);
    ck_assert_int_eq(status_of(ask("GET /livez HTTP/1.1\r\nHost: weir\r\n\r\n")), 200);
}
END_TEST

START_TEST(sec_06_one_byte_at_a_time_is_served)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(start("127.0.0.1:0", &err), 0);
    int fd = client_open();
    for (const char *at = "GET /livez HTTP/1.1\r\nHost: [::1]\r\n\r\n"; *at; at++) {
        ck_assert_int_eq(send(fd, at, 1, MSG_NOSIGNAL), 1);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    ck_assert_int_eq(status_of(client_read(fd)), 200);
    close(fd);
}
END_TEST

START_TEST(sec_06_garbage_is_answered_and_forgotten)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(start("127.0.0.1:0", &err), 0);
    static char flood[200000];
    memset(flood, 'A', sizeof(flood));
    int fd = client_open();
    size_t sent = 0;
    while (sent < sizeof(flood)) {
        ssize_t n = send(fd, flood + sent, sizeof(flood) - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            break;
        sent += n > 0 ? (size_t)n : 0;
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    ck_assert_int_eq(sent, sizeof(flood)); /* thrown away, not left to reset the connection */
    ck_assert_int_eq(status_of(client_read(fd)), 431);
    close(fd);
    ck_assert_int_eq(status_of(ask("\x16\x03\x01\x02\n\n")), 400);
    ck_assert_int_eq(status_of(get("/livez")), 200);
}
END_TEST

START_TEST(sec_06_silent_clients_give_way)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(start("127.0.0.1:0", &err), 0);
    int silent[3 * HTTP_CONNECTIONS_MAX];
    for (int i = 0; i < 3 * HTTP_CONNECTIONS_MAX; i++) {
        silent[i] = client_open();
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    ck_assert_int_eq(status_of(get("/livez")), 200);
    char byte;
    int open_count = 0;
    for (int i = 0; i < 3 * HTTP_CONNECTIONS_MAX; i++) {
        open_count += recv(silent[i], &byte, 1, 0) < 0 && errno == EAGAIN;
        close(silent[i]);
    }
    ck_assert_int_le(open_count, HTTP_CONNECTIONS_MAX);
}
END_TEST

static void answer_ok(void *arg, const struct http_request *request, struct http_response *response)
{
    (void)arg;
    (void)request;
    fputs("ok\n", response->body);
}

START_TEST(sec_06_a_slow_head_has_its_time)
{
    struct weir_error err = { 0 };
    struct admin_socket listening;
    ck_assert_int_eq(admin_address_parse("127.0.0.1:0", &address, &err), 0);
    ck_assert_int_eq(admin_socket_open(&address, &listening, &err), 0);
    address = listening.address;
    struct http_server_options options = { .fd = listening.fd,
                                           .read_max = 300,
                                           .answer = answer_ok };
    struct http_server *server = http_server_new(base, &options);

    int fd = client_open();
    int64_t started = clock_monotonic(), last = 0;
    for (;;) { /* a byte now and then does not buy more of it */
        char byte;
        if (clock_monotonic() - last > 50000000) {
            send(fd, "G", 1, MSG_NOSIGNAL);
            last = clock_monotonic();
        }
        event_base_loop(base, EVLOOP_NONBLOCK);
        ssize_t n = recv(fd, &byte, 1, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            break;
        ck_assert(clock_monotonic() - started < INT64_C(5000000000));
        usleep(2000);
    }
    ck_assert(clock_monotonic() - started > INT64_C(200000000));
    close(fd);
    http_server_free(server);
}
END_TEST

START_TEST(a_dead_socket_is_replaced_and_a_live_one_is_not)
{
    struct weir_error err = { 0 };
    const char *path = unix_listen + 5;
    struct stat st;
    umask(0);
    ck_assert_int_eq(start(unix_listen, &err), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0660);
    struct admin *first = admin;

    ck_assert_int_eq(start(unix_listen, &err), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(err.text, "another agent"));
    admin = first;
    ck_assert_int_eq(status_of(get("/livez")), 200);
    admin = admin_stop(admin);
    ck_assert_int_eq(stat(path, &st), -1);

    struct sockaddr_un dead = { .sun_family = AF_UNIX }; /* as after a kill -9 */
    strcpy(dead.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&dead, sizeof(dead)), 0);
    close(fd);
    ck_assert_int_eq(start(unix_listen, &err), 0);
    ck_assert_int_eq(status_of(get("/livez")), 200);

    /* Somebody put another one there: it is not ours to remove. */
    unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&dead, sizeof(dead)), 0);
    admin = admin_stop(admin);
    ck_assert_int_eq(stat(path, &st), 0);
    close(fd);
}
END_TEST

START_TEST(a_file_in_the_way_stays)
{
    struct weir_error err = { 0 };
    struct stat st;
    close(open(unix_listen + 5, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(start(unix_listen, &err), -EEXIST);
    ck_assert_int_eq(stat(unix_listen + 5, &st), 0);
    ck_assert(S_ISREG(st.st_mode));
}
END_TEST

START_TEST(addresses)
{
    static const struct {
        const char *text, *printed; /* NULL: refused */
    } cases[] = {
        { "127.0.0.1:2020", "127.0.0.1:2020" },
        { "localhost:0", "127.0.0.1:0" },
        { "[::1]:65535", "[::1]:65535" },
        { "unix:/run/weir/admin.sock", "unix:/run/weir/admin.sock" },
        { "off", "off" },
        { "", NULL },
        { "2020", NULL },
        { ":2020", NULL },
        { "127.0.0.1", NULL },
        { "127.0.0.1:", NULL },
        { "127.0.0.1:65536", NULL },
        { "127.0.0.1:-1", NULL },
        { "127.0.0.1: 1", NULL },
        { "::1:2020", NULL },
        { "[::1]", NULL },
        { "host.example:2020", NULL },
        { "unix:relative", NULL },
        { "unix:", NULL },
        { "unix:/this/path/is/longer/than/the/one/hundred/and/seven/bytes/that/fit/into/the/"
          "address/of/a/socket/of/this/kind",
          NULL },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct admin_address parsed;
        struct weir_error err = { 0 };
        char printed[ADMIN_ADDRESS_TEXT_MAX];
        int r = admin_address_parse(cases[i].text, &parsed, &err);
        ck_assert_msg((r == 0) == (cases[i].printed != NULL), "%s", cases[i].text);
        ck_assert((r < 0) == (err.text[0] != '\0'));
        if (r < 0)
            continue;
        admin_address_print(&parsed, printed);
        ck_assert_str_eq(printed, cases[i].printed);
    }
}
END_TEST

START_TEST(only_loopback_is_not_exposed)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(start("0.0.0.0:0", &err), 0);
    ck_assert(admin_is_exposed(admin));
    ck_assert_int_eq(status_of(ask("GET /livez HTTP/1.1\r\nHost: weir.example\r\n\r\n")), 200);
    admin = admin_stop(admin);
    ck_assert_int_eq(start("127.0.0.1:0", &err), 0);
    ck_assert(!admin_is_exposed(admin));
}
END_TEST

START_TEST(off_is_nothing)
{
    struct weir_error err = { 0 };
    ck_assert_int_eq(start("off", &err), 0);
    ck_assert_ptr_null(admin);
    ck_assert_str_eq(admin_where(admin), "off");
    ck_assert(!admin_is_exposed(admin));
    ck_assert_int_lt(start("nonsense", &err), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("admin");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 20);
    tcase_add_loop_test(tc, every_path_answers, 0, sizeof(listens) / sizeof(listens[0]));
    tcase_add_test(tc, head_has_the_length_and_no_body);
    tcase_add_test(tc, changes_need_the_unix_socket);
    tcase_add_test(tc, readiness_says_why);
    tcase_add_test(tc, status_is_a_document);
    tcase_add_test(tc, sec_06_a_name_from_dns_is_refused_on_loopback);
    tcase_add_test(tc, sec_06_one_byte_at_a_time_is_served);
    tcase_add_test(tc, sec_06_garbage_is_answered_and_forgotten);
    tcase_add_test(tc, sec_06_silent_clients_give_way);
    tcase_add_test(tc, sec_06_a_slow_head_has_its_time);
    tcase_add_test(tc, a_dead_socket_is_replaced_and_a_live_one_is_not);
    tcase_add_test(tc, a_file_in_the_way_stays);
    tcase_add_test(tc, addresses);
    tcase_add_test(tc, only_loopback_is_not_exposed);
    tcase_add_test(tc, off_is_nothing);
    Suite *suite = suite_create("admin/admin");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
