/* SPDX-License-Identifier: Apache-2.0 */
#include "base/message.h"

#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/message_line.h"
#include "base/repeats.h"
#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define NS 1764087870123456789 /* 2025-11-25T16:24:30.123456789Z */

static struct message_line line;

static const char *line_of(enum message_format format, const char *who, const char *text,
                           const struct weir_kv *kvs, size_t count)
{
    message_line_begin(&line, format, NS, WEIR_WARN, who, text);
    for (size_t i = 0; i < count; i++)
        message_line_add(&line, &kvs[i]);
    message_line_end(&line);
    ck_assert_uint_le(line.len, MESSAGE_LINE_MAX);
    ck_assert_ptr_eq(memchr(line.text, '\n', line.len), line.text + line.len - 1);
    line.text[line.len - 1] = '\0';
    return line.text;
}

START_TEST(a_line_of_text_and_of_json)
{
    const struct weir_kv kvs[] = { weir_kv_str("path", "/x"), weir_kv_int("line", -7),
                                   weir_kv_str("error", "No space left on device (28)"),
                                   weir_kv_str("none", NULL) };
    ck_assert_str_eq(line_of(MESSAGE_TEXT, "app/file", "cannot write", kvs, COUNT_OF(kvs)),
                     "2025-11-25T16:24:30.123Z warn app/file: cannot write path=\"/x\" line=-7 "
                     "error=\"No space left on device (28)\" none=\"\"");
    ck_assert_str_eq(line_of(MESSAGE_TEXT, NULL, "started", NULL, 0),
                     "2025-11-25T16:24:30.123Z warn started");
    ck_assert_str_eq(
        line_of(MESSAGE_JSON, "app/file", "cannot write", kvs, COUNT_OF(kvs)),
        "{\"time\":\"2025-11-25T16:24:30.123Z\",\"level\":\"warn\",\"from\":\"app/file\","
        "\"message\":\"cannot write\",\"path\":\"/x\",\"line\":-7,"
        "\"error\":\"No space left on device (28)\",\"none\":\"\"}");
    const struct weir_kv taken = weir_kv_str("time", "x");
    ck_assert_str_eq(line_of(MESSAGE_JSON, NULL, "m", &taken, 1),
                     "{\"time\":\"2025-11-25T16:24:30.123Z\",\"level\":\"warn\",\"message\":\"m\","
                     "\"time_\":\"x\"}");
}
END_TEST

/* SEC-14: what a value may hold, and how it then stands in the line. */
static const struct {
    const char *value, *text, *json;
} escapes[] = {
    { "a\n2025-11-25T16:24:30.123Z error forged", "a\\n2025-11-25T16:24:30.123Z error forged",
      "a\\n2025-11-25T16:24:30.123Z error forged" },
    { "\" x=\"y\\", "\\\" x=\\\"y\\\\", "\\\" x=\\\"y\\\\" },
    { "\t\r\x01", "\\t\\r\\x01", "\\t\\r\\u0001" },
    { "\x1b[2J\x7f", "\\x1b[2J\\x7f", "\\u001b[2J\\u007f" },
    { "\xc2\x9b"
      "31m",
      "\\x9b31m", "\\u009b31m" },
    { "\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6", "\\u2028\\u202e\\u2066", "\\u2028\\u202e\\u2066" },
    { "\xff\xc3(\xe2\x82", "\\xff\\xc3(\\xe2\\x82",
      "\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd" },
    { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
      "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
};

START_TEST(sec_14_a_value_cannot_forge_a_line)
{
    const struct weir_kv kv = weir_kv_str("v", escapes[_i].value);
    char want[256];
    snprintf(want, sizeof(want), "2025-11-25T16:24:30.123Z warn m v=\"%s\"", escapes[_i].text);
    ck_assert_str_eq(line_of(MESSAGE_TEXT, NULL, "m", &kv, 1), want);
    snprintf(want, sizeof(want), ",\"v\":\"%s\"}", escapes[_i].json);
    const char *json = line_of(MESSAGE_JSON, NULL, "m", &kv, 1);
    ck_assert_ptr_nonnull(strstr(json, want));
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    json_decref(root);
}
END_TEST

START_TEST(long_values_are_cut_and_lines_stay_whole)
{
    static char text[6000];
    for (size_t len = 0; len < sizeof(text); len += 7) {
        memset(text, len % 2 ? '\x01' : 'x', len);
        const struct weir_kv kvs[] = { weir_kv_text("a", ((struct weir_str){ text, len })),
                                       weir_kv_text("b", ((struct weir_str){ text, len })),
                                       weir_kv_text("c", ((struct weir_str){ text, len })),
                                       weir_kv_text("d", ((struct weir_str){ text, len })),
                                       weir_kv_int("e", (int64_t)len) };
        line_of(MESSAGE_TEXT, "who", "m", kvs, COUNT_OF(kvs));
        const char *json = line_of(MESSAGE_JSON, "who", "m", kvs, COUNT_OF(kvs));
        json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_ptr_nonnull(root);
        bool whole = json_object_get(root, "d") && json_object_get(root, "e");
        ck_assert_int_ne(whole, json_is_true(json_object_get(root, "cut")));
        const char *a = json_string_value(json_object_get(root, "a"));
        ck_assert(strlen(a) == len || strcmp(a + strlen(a) - 3, "...") == 0);
        json_decref(root);
    }
}
END_TEST

static size_t read_some(int fd, char *buf, size_t room)
{
    ssize_t n = read(fd, buf, room - 1);
    if (n < 0)
        n = 0;
    buf[n] = '\0';
    return (size_t)n;
}

static void fill(int fd)
{
    char page[4096] = "";
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, page, sizeof(page)) > 0)
        ;
    while (write(fd, page, 1) > 0)
        ;
    fcntl(fd, F_SETFL, 0);
}

static void drain(int fd)
{
    char buf[65536];
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (read(fd, buf, sizeof(buf)) > 0)
        ;
}

/* LIF-15. ends[1] is written to, ends[0] read from. */
static void check_full(int ends[2])
{
    char buf[8192];
    struct messenger *messenger = messenger_new(ends[1], WEIR_INFO, MESSAGE_TEXT);
    msg_info(messenger, "before", weir_kv_int("n", 1));
    ck_assert(read_some(ends[0], buf, sizeof(buf)) > 0);
    ck_assert_ptr_nonnull(strstr(buf, " info before n=1\n"));

    fill(ends[1]);
    alarm(10); /* a messenger that blocks would end the test */
    for (int i = 0; i < 3; i++)
        msg_warn(messenger, "lost", weir_kv_int("n", i));
    alarm(0);
    drain(ends[0]);
    msg_warn(messenger, "after", weir_kv_int("n", 2));
    ck_assert(read_some(ends[0], buf, sizeof(buf)) > 0);
    ck_assert_ptr_nonnull(strstr(buf, " warn after messages_left_out=3 n=2\n"));
    ck_assert_ptr_null(strstr(buf, "lost"));
    ck_assert_int_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    msg_warn(messenger, "after", weir_kv_int("n", 3));
    ck_assert(read_some(ends[0], buf, sizeof(buf)) > 0);
    ck_assert_ptr_null(strstr(buf, "left_out"));

    close(ends[0]);
    msg_warn(messenger, "nobody reads", weir_kv_int("n", 1));
    messenger_free(messenger);
    close(ends[1]);
}

START_TEST(lif_15_a_full_pipe_or_socket_never_blocks)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    check_full(ends);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    check_full(ends);
}
END_TEST

START_TEST(levels_and_repeats)
{
    int ends[2];
    static char buf[65536];
    ck_assert_int_eq(pipe(ends), 0);
    struct messenger *messenger = messenger_new(ends[1], WEIR_INFO, MESSAGE_JSON);
    for (int i = 0; i < REPEATS_BURST + 10; i++) {
        msg_debug(messenger, "not said", weir_kv_int("n", i));
        msg_error(messenger, "again", weir_kv_int("n", i));
    }
    messenger_free(messenger);
    ck_assert(read_some(ends[0], buf, sizeof(buf)) > 0);
    ck_assert_ptr_null(strstr(buf, "not said"));
    ck_assert_ptr_nonnull(strstr(buf, "\"message\":\"again\",\"n\":4}"));
    ck_assert_ptr_null(strstr(buf, "\"n\":5}"));
    ck_assert_ptr_nonnull(strstr(buf, "\"message\":\"messages were left out\",\"count\":10}"));
    close(ends[0]);
    close(ends[1]);
}
END_TEST

static const char *const words[] = { "a", "b", "c", "d" };
struct speaker {
    struct messenger *messenger;
    const char *who;
};

static void *speak(void *arg)
{
    struct speaker *speaker = arg;
    for (int i = 0; i < 2000; i++) {
        struct weir_kv kv = weir_kv_str("value", "some text that makes the line longer");
        messenger_say(speaker->messenger, WEIR_INFO, speaker->who, words[i % 4], &kv, 1);
    }
    return NULL;
}

START_TEST(threads_never_mix_their_lines)
{
    int ends[2];
    static char buf[1 << 16];
    pthread_t threads[4];
    struct speaker speakers[4];
    ck_assert_int_eq(pipe(ends), 0);
    struct messenger *messenger = messenger_new(ends[1], WEIR_INFO, MESSAGE_JSON);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        speakers[i] = (struct speaker){ messenger, words[i] };
        pthread_create(&threads[i], NULL, speak, &speakers[i]);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    messenger_free(messenger);
    ck_assert(read_some(ends[0], buf, sizeof(buf)) > 0);
    int lines = 0;
    for (char *at = strtok(buf, "\n"); at; at = strtok(NULL, "\n"), lines++) {
        json_t *root = json_loads(at, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(root != NULL, "%s", at);
        json_decref(root);
    }
    ck_assert_int_eq(lines, 4 * 4 * REPEATS_BURST + 1);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_line_taken_in_part_is_finished_first)
{
    char path[] = "/tmp/weir-test-message-XXXXXX", buf[512];
    int fd = mkstemp(path);
    struct rlimit small = { 40, RLIM_INFINITY }, large = { RLIM_INFINITY, RLIM_INFINITY };
    struct messenger *messenger = messenger_new(fd, WEIR_INFO, MESSAGE_TEXT);
    setrlimit(RLIMIT_FSIZE, &small);
    msg_info(messenger, "first is cut", weir_kv_int("n", 1));
    msg_info(messenger, "second is lost", weir_kv_int("n", 2));
    setrlimit(RLIMIT_FSIZE, &large);
    msg_info(messenger, "third", weir_kv_int("n", 3));
    messenger_free(messenger);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    read_some(fd, buf, sizeof(buf));
    ck_assert_ptr_nonnull(strstr(buf, " info first is cut n=1\n"));
    ck_assert_ptr_null(strstr(buf, "second"));
    ck_assert_ptr_nonnull(strstr(buf, " info third messages_left_out=1 n=3\n"));
    close(fd);
    unlink(path);
}
END_TEST

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    Suite *suite = suite_create("message");
    TCase *tcase = tcase_create("message");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_line_of_text_and_of_json);
    tcase_add_loop_test(tcase, sec_14_a_value_cannot_forge_a_line, 0, COUNT_OF(escapes));
    tcase_add_test(tcase, long_values_are_cut_and_lines_stay_whole);
    tcase_add_test(tcase, lif_15_a_full_pipe_or_socket_never_blocks);
    tcase_add_test(tcase, levels_and_repeats);
    tcase_add_test(tcase, threads_never_mix_their_lines);
    tcase_add_test(tcase, a_line_taken_in_part_is_finished_first);
    return check_main(suite);
}
