/* SPDX-License-Identifier: Apache-2.0 */
/* One function a struct, one line a member. Counts under names ({"grep": 3}) are objects, because what
 * reads them asks for one by its name; pipelines and plugins are arrays, because their order is that of
 * the configuration. Adding a NULL to an object does nothing, so memory is looked for only at the end:
 * a document that lacks something is still one. */
#include "admin/status_json.h"

#include <string.h>

#include "base/utf8.h"

/* `value` as JSON text; bytes that are not UTF-8 (a sink's words may hold any) become U+FFFD. */
static json_t *text(const char *value)
{
    size_t len = strlen(value), out = 0;
    if (utf8_valid_prefix(value, len) == len)
        return json_stringn_nocheck(value, len);
    char clean[STATUS_REASON_MAX * UTF8_REPLACEMENT_LEN];
    while (len > 0 && out + 4 <= sizeof(clean)) {
        size_t take = utf8_char(value, len);
        if (take)
            memcpy(clean + out, value, take);
        else
            memcpy(clean + out, UTF8_REPLACEMENT, UTF8_REPLACEMENT_LEN);
        out += take ? take : UTF8_REPLACEMENT_LEN;
        value += take ? take : 1;
        len -= take ? take : 1;
    }
    return json_stringn_nocheck(clean, out);
}

static void put_count(json_t *object, const char *name, uint64_t count)
{
    json_object_set_new(object, name, json_integer((json_int_t)count));
}

static void put_seconds(json_t *object, const char *name, double seconds)
{
    json_object_set_new(object, name, json_real(seconds));
}

static void put_text(json_t *object, const char *name, const char *value)
{
    json_object_set_new(object, name, text(value));
}

static void put(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value);
}

static json_t *counts_json(const struct status_count *counts, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++)
        put_count(object, counts[i].name, counts[i].records);
    return object;
}

static json_t *ledger_json(const struct status_ledger *ledger)
{
    json_t *object = json_object();
    put_count(object, "read", ledger->read);
    put_count(object, "recovered", ledger->recovered);
    put_count(object, "replayed", ledger->replayed);
    put_count(object, "added", ledger->added);
    put_count(object, "delivered", ledger->delivered);
    put(object, "filtered", counts_json(ledger->filtered, ledger->filtered_count));
    put(object, "dropped", counts_json(ledger->dropped, ledger->dropped_count));
    put_count(object, "dead_lettered", ledger->dead_lettered);
    put_count(object, "held", ledger->held);
    put(object, "residue", json_integer(ledger->residue));
    return object;
}

static json_t *account_json(const struct status_account *account)
{
    json_t *object = json_object();
    put_count(object, "routed", account->routed);
    put_count(object, "delivered", account->delivered);
    put(object, "dropped", counts_json(account->dropped, account->dropped_count));
    put_count(object, "dead_lettered", account->dead_lettered);
    put_count(object, "held", account->held);
    put(object, "residue", json_integer(account->residue));
    return object;
}

static json_t *lost_json(const struct status_input *input)
{
    json_t *all = json_object();
    for (size_t i = 0; i < input->lost_count; i++) {
        json_t *object = json_object();
        put_count(object, "records", input->lost[i].records);
        put_count(object, "bytes", input->lost[i].bytes);
        put(all, input->lost[i].reason, object);
    }
    return all;
}

static const char *input_state(enum status_input_state state)
{
    switch (state) {
    case STATUS_INPUT_READING: return "reading";
    case STATUS_INPUT_BLOCKED: return "blocked";
    case STATUS_INPUT_ENDED: return "ended";
    case STATUS_INPUT_FAILED: return "failed";
    }
    return "unknown";
}

static json_t *input_json(const struct status_input *input)
{
    json_t *object = json_object();
    put_text(object, "id", input->id);
    put_text(object, "type", input->type);
    put_text(object, "state", input_state(input->state));
    put_text(object, "reason", input->reason);
    put_count(object, "records", input->records);
    put_count(object, "bytes", input->bytes);
    put_count(object, "lag_bytes", input->lag_bytes);
    put_count(object, "waiting_sources", input->waiting_sources);
    put_seconds(object, "backpressure_seconds", input->backpressure_seconds);
    put(object, "lost", lost_json(input));
    return object;
}

static json_t *filter_json(const struct status_filter *filter)
{
    json_t *object = json_object();
    put_text(object, "id", filter->id);
    put_text(object, "type", filter->type);
    put_count(object, "records", filter->records);
    put_count(object, "filtered", filter->filtered);
    put_count(object, "added", filter->added);
    return object;
}

static const char *output_state(enum status_output_state state)
{
    switch (state) {
    case STATUS_OUTPUT_OK: return "ok";
    case STATUS_OUTPUT_RETRYING: return "retrying";
    case STATUS_OUTPUT_PAUSED: return "paused";
    case STATUS_OUTPUT_FAILED: return "failed";
    }
    return "unknown";
}

static json_t *output_json(const struct status_output *output)
{
    json_t *object = json_object();
    put_text(object, "id", output->id);
    put_text(object, "type", output->type);
    put_text(object, "state", output_state(output->state));
    put_text(object, "reason", output->reason);
    put_count(object, "records", output->records);
    put_count(object, "bytes", output->bytes);
    put_count(object, "rejected", output->rejected);
    put_count(object, "retries", output->retries);
    put_count(object, "pending_records", output->pending_records);
    put_seconds(object, "lag_seconds", output->lag_seconds);
    put(object, "ledger", account_json(&output->ledger));
    return object;
}

static json_t *dead_letters_json(const struct status_dead_letters *letters)
{
    json_t *object = json_object();
    put_count(object, "records", letters->records);
    put_count(object, "bytes", letters->bytes);
    put_count(object, "bytes_max", letters->bytes_max);
    put_text(object, "reason", letters->reason);
    return object;
}

static const char *const disk_state_names[] = {
    [STATUS_DISK_NONE] = "none",
    [STATUS_DISK_OK] = "ok",
    [STATUS_DISK_FULL] = "full",
    [STATUS_DISK_FAILING] = "failing",
};

static json_t *pipeline_json(const struct status_pipeline *pipeline)
{
    json_t *object = json_object(), *buffer = json_object();
    json_t *inputs = json_array(), *filters = json_array(), *outputs = json_array();
    for (size_t i = 0; i < pipeline->input_count; i++)
        json_array_append_new(inputs, input_json(&pipeline->inputs[i]));
    for (size_t i = 0; i < pipeline->filter_count; i++)
        json_array_append_new(filters, filter_json(&pipeline->filters[i]));
    for (size_t i = 0; i < pipeline->output_count; i++)
        json_array_append_new(outputs, output_json(&pipeline->outputs[i]));
    put_count(buffer, "memory_bytes", pipeline->buffer_memory_bytes);
    put_count(buffer, "memory_used_bytes", pipeline->buffer_memory_used_bytes);
    if (pipeline->disk_state != STATUS_DISK_NONE) {
        put_count(buffer, "disk_bytes", pipeline->buffer_disk_bytes);
        put_count(buffer, "disk_used_bytes", pipeline->buffer_disk_used_bytes);
        put_text(buffer, "disk_state", disk_state_names[pipeline->disk_state]);
        put_text(buffer, "disk_reason", pipeline->disk_reason);
    }
    put_text(object, "name", pipeline->name);
    put(object, "ledger", ledger_json(&pipeline->ledger));
    put(object, "buffer", buffer);
    put(object, "dead_letters", dead_letters_json(&pipeline->dead_letters));
    put(object, "inputs", inputs);
    put(object, "filters", filters);
    put(object, "outputs", outputs);
    return object;
}

static json_t *check_json(const struct status_check *check)
{
    json_t *object = json_object();
    put_text(object, "name", check->name);
    put_text(object, "pipeline", check->pipeline);
    put(object, "ok", json_boolean(check->ok));
    put_text(object, "reason", check->reason);
    return object;
}

static const char *agent_state(enum status_agent_state state)
{
    switch (state) {
    case STATUS_STARTING: return "starting";
    case STATUS_RUNNING: return "running";
    case STATUS_DRAINING: return "draining";
    }
    return "unknown";
}

static json_t *agent_json(const struct status *status)
{
    json_t *object = json_object(), *memory = json_object();
    put_count(memory, "limit_bytes", status->memory_limit_bytes);
    put_count(memory, "used_bytes", status->memory_used_bytes);
    put_count(memory, "source_limit_bytes", status->source_memory_limit_bytes);
    put_count(memory, "source_used_bytes", status->source_memory_bytes);
    put_text(object, "version", status->version);
    put_count(object, "pid", (uint64_t)status->pid);
    put_seconds(object, "uptime_seconds", status->uptime_seconds);
    put_text(object, "state", agent_state(status->state));
    put_text(object, "data_dir", status->data_dir);
    put(object, "memory", memory);
    return object;
}

json_t *status_json(const struct status *status)
{
    json_t *object = json_object();
    json_t *checks = json_array(), *pipelines = json_array();
    for (size_t i = 0; i < status->check_count; i++)
        json_array_append_new(checks, check_json(&status->checks[i]));
    for (size_t i = 0; i < status->pipeline_count; i++)
        json_array_append_new(pipelines, pipeline_json(&status->pipelines[i]));
    put_count(object, "version", STATUS_JSON_VERSION);
    put(object, "agent", agent_json(status));
    put(object, "ready", json_boolean(status_is_ready(status)));
    put(object, "checks", checks);
    put(object, "pipelines", pipelines);
    return object;
}
