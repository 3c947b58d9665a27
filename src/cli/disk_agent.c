/* SPDX-License-Identifier: Apache-2.0 */
/* A replay runs in the agent, which is asked how far it is until it has ended: the command may be interrupted, the
 * replay goes on. */
#include "cli/disk_agent.h"

#include <stdlib.h>
#include <time.h>

#include "cli/admin_client.h"
#include "cli/agent_address.h"

#define ANSWER_TIMEOUT 10000 /* ms */
#define ASK_AGAIN_FIRST_NS 20000000
#define ASK_AGAIN_MOST_NS 1000000000

/* ---- asking ------------------------------------------------------------------------------------------- */

static enum command_status find_agent(const struct disk_job *job, struct admin_address *ret)
{
    if (!job->load.config && !command_has(job->line, OPTION_ADMIN))
        return command_misused(job->line->command,
                               "an agent runs on %s: say where it can be asked, with "
                               "-c or --admin",
                               job->data_dir);
    return agent_address_find(job->line, job->load.config ? &job->load : NULL, ret);
}

/* The answer as JSON, or said what is wrong with it. */
static json_t *read_answer(const struct disk_job *job, const struct admin_answer *answer)
{
    json_t *document = json_loadb(answer->body, answer->len, 0, NULL);
    const char *error = json_string_value(json_object_get(document, "error"));
    if (answer->status / 100 == 2 && json_is_object(document))
        return document;
    if (answer->status / 100 != 2 && error && error[0])
        command_error(job->line->command, "the agent says: %s", error);
    else
        command_error(job->line->command, "the agent has answered with status %d and no more",
                      answer->status);
    json_decref(document);
    return NULL;
}

static enum command_status post(const struct disk_job *job, const struct admin_address *agent,
                                const char *path, json_t *body, json_t **ret)
{
    struct admin_answer answer = { 0 };
    struct weir_error err;
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    if (!text)
        document_must(NULL);
    int r = admin_client_post(agent, path, text, ANSWER_TIMEOUT, &answer, &err);
    free(text);
    if (r < 0)
        command_error(job->line->command, "%s", err.text);
    *ret = r < 0 ? NULL : read_answer(job, &answer);
    free(answer.body);
    return *ret ? COMMAND_DONE : COMMAND_FAILED;
}

static json_t *request_new(const struct disk_job *job)
{
    json_t *body = document_must(json_object());
    document_put(body, "pipeline", document_text(weir_str_of(job->name)));
    document_put(body, "source",
                 json_string(job->kind == STORE_BUFFER ? "buffer" : "dead_letters"));
    return body;
}

/* ---- replay ------------------------------------------------------------------------------------------- */

static json_t *ids_json(const struct replay_request *request)
{
    json_t *ids = document_must(json_array());
    for (size_t i = 0; i < request->id_count; i++) {
        char hex[33];
        for (size_t k = 0; k < 16; k++)
            snprintf(hex + 2 * k, 3, "%02x", request->ids[i][k]);
        document_add(ids, json_string(hex));
    }
    return ids;
}

static void put_text(json_t *body, const char *name, const char *text)
{
    if (text)
        document_put(body, name, document_text(weir_str_of(text)));
}

static json_t *replay_json(const struct disk_job *job, const struct replay_request *request)
{
    json_t *body = request_new(job);
    if (request->since != INT64_MIN)
        document_put(body, "since", document_time(request->since));
    if (request->until != INT64_MAX)
        document_put(body, "until", document_time(request->until));
    if (request->from)
        document_put(body, "from", document_number(request->from));
    if (request->to != UINT64_MAX)
        document_put(body, "to", document_number(request->to));
    if (request->ids)
        document_put(body, "ids", ids_json(request));
    put_text(body, "output", request->output);
    put_text(body, "reason", request->reason);
    put_text(body, "target", request->target);
    return body;
}

static const char *state_of(const json_t *progress)
{
    const char *state = json_string_value(json_object_get(progress, "state"));
    return state ? state : "";
}

/* Asks until the replay does not run any more; *progress is replaced. */
static enum command_status wait_for_end(const struct disk_job *job,
                                        const struct admin_address *agent, json_t **progress)
{
    struct timespec pause = { .tv_nsec = ASK_AGAIN_FIRST_NS };
    char path[160];
    bool told = false;
    snprintf(path, sizeof(path), "/api/v1/replay?pipeline=%s", job->name);
    while (*progress && strcmp(state_of(*progress), "running") == 0) {
        struct admin_answer answer = { 0 };
        struct weir_error err;
        if (!told && json_is_true(json_object_get(*progress, "waiting"))) {
            command_error(job->line->command,
                          "the pipeline is full: the replay goes on as there is "
                          "room, also when this command is interrupted");
            told = true;
        }
        nanosleep(&pause, NULL);
        pause.tv_nsec =
            2 * pause.tv_nsec < ASK_AGAIN_MOST_NS ? 2 * pause.tv_nsec : ASK_AGAIN_MOST_NS - 1;
        json_decref(*progress);
        *progress = NULL;
        int r = admin_client_get(agent, path, ANSWER_TIMEOUT, &answer, &err);
        if (r < 0)
            command_error(job->line->command, "%s", err.text);
        else
            *progress = read_answer(job, &answer);
        free(answer.body);
    }
    return *progress ? COMMAND_DONE : COMMAND_FAILED;
}

enum command_status disk_agent_replay(const struct disk_job *job,
                                      const struct replay_request *request, json_t **ret)
{
    struct admin_address agent;
    *ret = NULL;
    enum command_status status = find_agent(job, &agent);
    if (status == COMMAND_DONE)
        status = post(job, &agent, "/api/v1/replay", replay_json(job, request), ret);
    if (status == COMMAND_DONE)
        status = wait_for_end(job, &agent, ret);
    if (status != COMMAND_DONE || strcmp(state_of(*ret), "done") == 0)
        return status;
    const char *error = json_string_value(json_object_get(*ret, "error"));
    command_error(job->line->command, "the replay has %s%s%s", state_of(*ret),
                  error && error[0] ? ": " : "", error ? error : "");
    return COMMAND_FAILED;
}

/* ---- drop --------------------------------------------------------------------------------------------- */

enum command_status disk_agent_drop(const struct disk_job *job, const char *output, json_t **ret)
{
    struct admin_address agent;
    *ret = NULL;
    enum command_status status = find_agent(job, &agent);
    if (status != COMMAND_DONE)
        return status;
    json_t *body = request_new(job);
    put_text(body, "output", output);
    return post(job, &agent, "/api/v1/buffer/drop", body, ret);
}
