/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/control.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "admin/http_server.h"
#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* What the agent was asked to do last. Texts are copied: the request ends with the call. */
static struct {
    char pipeline[64], output[64], reason[64], target[64];
    struct replay_request request;
    uint8_t id[16];
    int calls, cancels, drops;
    int answer;
} asked;

static void copy(char to[64], const char *text)
{
    snprintf(to, 64, "%s", text ? text : "-");
}

static int do_replay(void *arg, const char *pipeline, const struct replay_request *request,
                     struct weir_error *err)
{
    (void)arg;
    asked.calls++;
    copy(asked.pipeline, pipeline);
    copy(asked.output, request->output);
    copy(asked.reason, request->reason);
    copy(asked.target, request->target);
    asked.request = *request;
    if (request->ids)
        memcpy(asked.id, request->ids[request->id_count - 1], sizeof(asked.id));
    return asked.answer ? weir_error_set(err, asked.answer, "told \xff to fail") : 0;
}

static int do_cancel(void *arg, const char *pipeline, struct weir_error *err)
{
    (void)arg;
    (void)err;
    asked.cancels++;
    copy(asked.pipeline, pipeline);
    return 0;
}

static int do_progress(void *arg, const char *pipeline, struct replay_progress *ret,
                       struct weir_error *err)
{
    (void)arg;
    if (strcmp(pipeline, "app") != 0)
        return weir_error_set(err, -ENOENT, "no such pipeline");
    *ret = (struct replay_progress){ .state = REPLAY_RUNNING,
                                     .waiting = true,
                                     .records = 9,
                                     .replayed = 7,
                                     .unwanted = 1,
                                     .damaged = 2,
                                     .sequence = 120,
                                     .end = 200 };
    return 0;
}

static int do_drop(void *arg, const char *pipeline, enum replay_source source, const char *output,
                   uint64_t *ret_records, struct weir_error *err)
{
    (void)arg;
    (void)err;
    asked.drops++;
    copy(asked.pipeline, pipeline);
    copy(asked.output, output);
    asked.request.source = source;
    *ret_records = 12;
    return 0;
}

static const struct admin_control control = { do_replay, do_cancel, do_progress, do_drop };

typedef void answer_f(const struct admin_control *control, void *arg,
                      const struct http_request *request, struct http_response *response);

static int answer(answer_f *call, const struct http_request *request, char **ret_body)
{
    size_t len;
    struct http_response response = { .status = 200, .body = open_memstream(ret_body, &len) };
    call(&control, NULL, request, &response);
    fclose(response.body);
    ck_assert_str_eq(response.content_type, "application/json");
    return response.status;
}

static int post(answer_f *call, const char *body, char **ret_body)
{
    const struct http_request request = { .is_post = true, .body = weir_str_of(body) };
    return answer(call, &request, ret_body);
}

#define PROGRESS                                                                                   \
    "{\"pipeline\":\"app\",\"state\":\"running\",\"waiting\":true,\"records\":9,\"replayed\":7,"   \
    "\"unwanted\":1,\"damaged\":2,\"sequence\":120,\"end\":200,\"error\":\"\"}\n"

START_TEST(test_a_replay_is_asked_for)
{
    char *body;
    memset(&asked, 0, sizeof(asked));
    ck_assert_int_eq(
        post(control_replay,
             "{\"pipeline\":\"app\",\"source\":\"dead_letters\","
             "\"since\":\"1970-01-01T00:00:01Z\",\"until\":\"1970-01-01T01:00:02+01:00\","
             "\"from\":3,\"to\":9,\"output\":\"es\",\"reason\":\"rejected\","
             "\"target\":\"file\",\"ids\":[\"00000000000000000000000000000000\","
             "\"0123456789abcdefABCDEF0000000001\"]}",
             &body),
        202);
    ck_assert_str_eq(body, PROGRESS);
    ck_assert_str_eq(asked.pipeline, "app");
    ck_assert_str_eq(asked.output, "es");
    ck_assert_str_eq(asked.reason, "rejected");
    ck_assert_str_eq(asked.target, "file");
    ck_assert_int_eq(asked.request.source, REPLAY_DEAD_LETTERS);
    ck_assert_int_eq(asked.request.since, 1000000000);
    ck_assert_int_eq(asked.request.until, 2000000000);
    ck_assert_uint_eq(asked.request.from, 3);
    ck_assert_uint_eq(asked.request.to, 9);
    ck_assert_uint_eq(asked.request.id_count, 2);
    ck_assert_uint_eq(asked.id[0], 0x01);
    ck_assert_uint_eq(asked.id[8], 0xab);
    ck_assert_uint_eq(asked.id[15], 0x01);
    free(body);
}
END_TEST

START_TEST(test_what_is_not_said_is_everything)
{
    char *body;
    memset(&asked, 0, sizeof(asked));
    ck_assert_int_eq(post(control_replay, "{\"pipeline\":\"app\",\"source\":\"buffer\"}", &body),
                     202);
    ck_assert_int_eq(asked.request.source, REPLAY_BUFFER);
    ck_assert_int_eq(asked.request.since, INT64_MIN);
    ck_assert_int_eq(asked.request.until, INT64_MAX);
    ck_assert_uint_eq(asked.request.to, UINT64_MAX);
    ck_assert_ptr_null(asked.request.ids);
    ck_assert_str_eq(asked.output, "-");
    free(body);
}
END_TEST

START_TEST(test_bad_bodies_are_refused_and_do_nothing)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "7",
        "{}",
        "{\"pipeline\":\"app\"}",
        "{\"source\":\"buffer\"}",
        "{\"pipeline\":\"app\",\"source\":\"disk\"}",
        "{\"pipeline\":\"app\",\"source\":7}",
        "{\"pipeline\":\"\",\"source\":\"buffer\"}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"untill\":\"1970-01-01T00:00:00Z\"}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"until\":\"yesterday\"}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"until\":5}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"from\":-1}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"from\":\"1\"}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"to\":1.5}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"ids\":[]}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"ids\":\"00000000000000000000000000000000\"}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"ids\":[\"0000000000000000000000000000000\"]}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"ids\":[\"0000000000000000000000000000000g\"]}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"ids\":[1]}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"target\":null}",
        "{\"pipeline\":\"app\",\"pipeline\":\"b\",\"source\":\"buffer\"}",
        "{\"pipeline\":\"app\",\"cancel\":false}",
        "{\"cancel\":true}",
    };
    memset(&asked, 0, sizeof(asked));
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        char *body;
        ck_assert_msg(post(control_replay, bodies[i], &body) == 400, "%s", bodies[i]);
        ck_assert_msg(strncmp(body, "{\"error\":\"", 10) == 0, "%s", body);
        free(body);
    }
    ck_assert_int_eq(asked.calls + asked.cancels, 0);
}
END_TEST

START_TEST(test_the_agents_no_has_a_status)
{
    static const struct {
        int answer, status;
    } rows[] = { { -ENOENT, 404 }, { -EBUSY, 409 }, { -EINVAL, 400 }, { -EIO, 500 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char *body;
        asked.answer = rows[i].answer;
        ck_assert_int_eq(
            post(control_replay, "{\"pipeline\":\"app\",\"source\":\"buffer\"}", &body),
            rows[i].status);
        ck_assert_str_eq(body, "{\"error\":\"told ? to fail\"}\n");
        free(body);
    }
    asked.answer = 0;
}
END_TEST

START_TEST(test_progress_and_cancelling)
{
    char *body;
    memset(&asked, 0, sizeof(asked));
    struct http_request request = { .query = WEIR_STR("pipeline=app") };
    ck_assert_int_eq(answer(control_replay, &request, &body), 200);
    ck_assert_str_eq(body, PROGRESS);
    free(body);
    request.query = WEIR_STR("pipeline=other");
    ck_assert_int_eq(answer(control_replay, &request, &body), 404);
    free(body);
    request.query = WEIR_STR("pipelin=app");
    ck_assert_int_eq(answer(control_replay, &request, &body), 400);
    free(body);
    ck_assert_int_eq(post(control_replay, "{\"pipeline\":\"app\",\"cancel\":true}", &body), 200);
    ck_assert_int_eq(asked.cancels, 1);
    ck_assert_int_eq(asked.calls, 0);
    free(body);
}
END_TEST

START_TEST(test_an_old_output_is_given_up)
{
    char *body;
    memset(&asked, 0, sizeof(asked));
    ck_assert_int_eq(post(control_drop,
                          "{\"pipeline\":\"app\",\"source\":\"dead_letters\",\"output\":\"gone\"}",
                          &body),
                     200);
    ck_assert_str_eq(body, "{\"pipeline\":\"app\",\"output\":\"gone\",\"records\":12}\n");
    ck_assert_str_eq(asked.output, "gone");
    ck_assert_int_eq(asked.request.source, REPLAY_DEAD_LETTERS);
    free(body);
    static const char *const bodies[] = {
        "{\"pipeline\":\"app\",\"source\":\"buffer\"}",
        "{\"pipeline\":\"app\",\"output\":\"gone\"}",
        "{\"pipeline\":\"app\",\"cancel\":true}",
        "{\"pipeline\":\"app\",\"source\":\"buffer\",\"output\":\"gone\",\"reason\":\"x\"}",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        ck_assert_int_eq(post(control_drop, bodies[i], &body), 400);
        free(body);
    }
    ck_assert_int_eq(asked.drops, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin/control");
    TCase *tcase = tcase_create("control");
    tcase_add_test(tcase, test_a_replay_is_asked_for);
    tcase_add_test(tcase, test_what_is_not_said_is_everything);
    tcase_add_test(tcase, test_bad_bodies_are_refused_and_do_nothing);
    tcase_add_test(tcase, test_the_agents_no_has_a_status);
    tcase_add_test(tcase, test_progress_and_cancelling);
    tcase_add_test(tcase, test_an_old_output_is_given_up);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
