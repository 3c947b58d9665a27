/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies are read strictly: a member that is not known, or is of another type, is refused, since a misspelt
 * "until" that is passed over replays more than was asked for. */
#include "admin/control.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <weir/time.h>

#include "admin/http_server.h"
#include "pipeline/replay_choice.h"

static void answer_json(struct http_response *response, int status, json_t *json)
{
    response->status = json ? status : 500;
    response->content_type = "application/json";
    if (json)
        json_dumpf(json, response->body, JSON_COMPACT);
    else
        fputs("{\"error\":\"out of memory\"}", response->body);
    fputc('\n', response->body);
    json_decref(json);
}

void control_refuse(struct http_response *response, int status, const char *text)
{
    char *clean = strdup(text);
    for (char *at = clean; at && *at; at++)
        if ((unsigned char)*at >= 0x80) /* a name as it was sent: it need not be UTF-8 */
            *at = '?';
    answer_json(response, status, clean ? json_pack("{s:s}", "error", clean) : NULL);
    free(clean);
}

static int status_of(int error)
{
    switch (error) {
    case -ENOENT: return 404;
    case -EBUSY: return 409;
    case -EINVAL: return 400;
    default: return 500;
    }
}

/* ---- reading ---------------------------------------------------------------------------------------- */

/* What a body asks for; texts are views into it. */
struct order {
    const char *pipeline;
    bool cancel;
    struct replay_request replay;
    uint8_t (*ids)[16];
};

static int wrong(struct weir_error *err, const char *name, const char *want)
{
    return weir_error_set(err, -EINVAL, "\"%s\" must be %s", name, want);
}

static int read_text(const json_t *value, const char *name, const char **ret,
                     struct weir_error *err)
{
    *ret = json_string_value(value);
    return *ret && **ret ? 0 : wrong(err, name, "a text that is not empty");
}

static int read_source(const json_t *value, enum replay_source *ret, struct weir_error *err)
{
    const char *text = json_string_value(value);
    if (text && strcmp(text, "buffer") == 0)
        *ret = REPLAY_BUFFER;
    else if (text && strcmp(text, "dead_letters") == 0)
        *ret = REPLAY_DEAD_LETTERS;
    else
        return wrong(err, "source", "\"buffer\" or \"dead_letters\"");
    return 0;
}

static int read_moment(const json_t *value, const char *name, int64_t *ret, struct weir_error *err)
{
    const char *text = json_string_value(value);
    struct weir_time_format *format = weir_time_format_new("rfc3339", "UTC", NULL);
    bool is_one = text && format && weir_time_parse(format, weir_str_of(text), 0, ret);
    weir_time_format_free(format);
    return is_one ? 0 : wrong(err, name, "a time as RFC 3339 has it: 2026-11-25T14:00:00Z");
}

static int read_number(const json_t *value, const char *name, uint64_t *ret, struct weir_error *err)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return wrong(err, name, "a whole number from 0");
    *ret = (uint64_t)json_integer_value(value);
    return 0;
}

static bool is_id(const char *text, uint8_t ret[16])
{
    return text && strlen(text) == 32 && replay_read_id(text, ret);
}

static int read_ids(const json_t *value, struct order *ret, struct weir_error *err)
{
    const size_t count = json_array_size(value);
    if (count == 0 || count > REPLAY_IDS_MAX)
        return weir_error_set(err, -EINVAL, "\"ids\" must be an array of 1 to %d record ids",
                              REPLAY_IDS_MAX);
    free(ret->ids);
    ret->ids = calloc(count, sizeof(ret->ids[0]));
    if (!ret->ids)
        return weir_error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        if (!is_id(json_string_value(json_array_get(value, i)), ret->ids[i]))
            return wrong(err, "ids", "record ids: 32 hexadecimal digits each");
    ret->replay.ids = (const uint8_t(*)[16])ret->ids;
    ret->replay.id_count = count;
    return 0;
}

static int read_member(const char *name, const json_t *value, struct order *ret,
                       struct weir_error *err)
{
    struct replay_request *replay = &ret->replay;
    if (strcmp(name, "pipeline") == 0)
        return read_text(value, name, &ret->pipeline, err);
    if (strcmp(name, "source") == 0)
        return read_source(value, &replay->source, err);
    if (strcmp(name, "since") == 0)
        return read_moment(value, name, &replay->since, err);
    if (strcmp(name, "until") == 0)
        return read_moment(value, name, &replay->until, err);
    if (strcmp(name, "from") == 0)
        return read_number(value, name, &replay->from, err);
    if (strcmp(name, "to") == 0)
        return read_number(value, name, &replay->to, err);
    if (strcmp(name, "ids") == 0)
        return read_ids(value, ret, err);
    if (strcmp(name, "output") == 0)
        return read_text(value, name, &replay->output, err);
    if (strcmp(name, "reason") == 0)
        return read_text(value, name, &replay->reason, err);
    if (strcmp(name, "target") == 0)
        return read_text(value, name, &replay->target, err);
    if (strcmp(name, "cancel") == 0 && json_is_true(value)) {
        ret->cancel = true;
        return 0;
    }
    return weir_error_set(err, -EINVAL, "there is nothing called \"%s\" to say here", name);
}

/* The body as an order; `*ret_json` is what it was read from, the caller's to json_decref(). `required` ends
 * with NULL. */
static int read_order(struct weir_str body, const char *const *required, json_t **ret_json,
                      struct order *ret, struct weir_error *err)
{
    json_error_t bad;
    const char *name;
    json_t *value;
    *ret = (struct order){ .replay = REPLAY_ALL };
    *ret_json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &bad);
    if (!json_is_object(*ret_json))
        return weir_error_set(err, -EINVAL, "the body must be a JSON object: %s",
                              *ret_json ? "it is another thing" : bad.text);
    json_object_foreach(*ret_json, name, value)
    {
        int r = read_member(name, value, ret, err);
        if (r < 0)
            return r;
    }
    for (; *required; required++)
        if (!json_object_get(*ret_json, *required) && !ret->cancel)
            return weir_error_set(err, -EINVAL, "\"%s\" is missing", *required);
    if (!ret->pipeline)
        return weir_error_set(err, -EINVAL, "\"pipeline\" is missing");
    return 0;
}

/* ---- answering -------------------------------------------------------------------------------------- */

static void answer_progress(const struct admin_control *control, void *arg, const char *pipeline,
                            int status, struct http_response *response)
{
    struct replay_progress now;
    struct weir_error err = { 0 };
    int r = control->replay_progress(arg, pipeline, &now, &err);
    if (r < 0) {
        control_refuse(response, status_of(r), err.text);
        return;
    }
    answer_json(response, status,
                json_pack("{s:s,s:s,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:s}", "pipeline", pipeline,
                          "state", replay_state_name(now.state), "waiting", now.waiting, "records",
                          (json_int_t)now.records, "replayed", (json_int_t)now.replayed, "unwanted",
                          (json_int_t)now.unwanted, "damaged", (json_int_t)now.damaged, "sequence",
                          (json_int_t)now.sequence, "end", (json_int_t)now.end, "error",
                          now.error));
}

/* The value of the query's parameter `pipeline`, with no escapes undone: names need none. */
static bool pipeline_of_query(struct weir_str query, char *ret, size_t room)
{
    static const char name[] = "pipeline=";
    const size_t name_len = sizeof(name) - 1;
    if (query.len <= name_len || query.len - name_len >= room ||
        memcmp(query.ptr, name, name_len) != 0)
        return false;
    memcpy(ret, query.ptr + name_len, query.len - name_len);
    ret[query.len - name_len] = '\0';
    return true;
}

void control_replay(const struct admin_control *control, void *arg,
                    const struct http_request *request, struct http_response *response)
{
    static const char *const required[] = { "source", NULL };
    struct weir_error err = { 0 };
    struct order order;
    json_t *json = NULL;
    char pipeline[256];
    if (!request->is_post) {
        if (pipeline_of_query(request->query, pipeline, sizeof(pipeline)))
            answer_progress(control, arg, pipeline, 200, response);
        else
            control_refuse(response, 400, "say which: ?pipeline=NAME");
        return;
    }
    int r = read_order(request->body, required, &json, &order, &err);
    if (r == 0)
        r = order.cancel ? control->replay_cancel(arg, order.pipeline, &err)
                         : control->replay(arg, order.pipeline, &order.replay, &err);
    if (r < 0)
        control_refuse(response, status_of(r), err.text);
    else
        answer_progress(control, arg, order.pipeline, order.cancel ? 200 : 202, response);
    free(order.ids);
    json_decref(json);
}

void control_drop(const struct admin_control *control, void *arg,
                  const struct http_request *request, struct http_response *response)
{
    static const char *const required[] = { "source", "output", NULL };
    struct weir_error err = { 0 };
    struct order order;
    json_t *json = NULL;
    uint64_t records = 0;
    int r = read_order(request->body, required, &json, &order, &err);
    if (r == 0 && (order.cancel || json_object_size(json) != 3))
        r = weir_error_set(&err, -EINVAL,
                           "\"pipeline\", \"source\" and \"output\" are all there is");
    if (r == 0)
        r = control->drop_output(arg, order.pipeline, order.replay.source, order.replay.output,
                                 &records, &err);
    if (r < 0)
        control_refuse(response, status_of(r), err.text);
    else
        answer_json(response, 200,
                    json_pack("{s:s,s:s,s:I}", "pipeline", order.pipeline, "output",
                              order.replay.output, "records", (json_int_t)records));
    free(order.ids);
    json_decref(json);
}
