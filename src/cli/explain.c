/* SPDX-License-Identifier: Apache-2.0 */
/* What can be promised for a route follows from three things: whether its input can be asked again, what
 * its output calls delivered (its plugin says so, in words), and what else shares its pipeline's buffer.
 *
 *     {"memory": {"limit_bytes", "reserve_bytes", "buffer_bytes", "free_bytes"},
 *      "pipelines": [{
 *        "name", "buffer_bytes",
 *        "inputs":  [{"id", "type", "replayable", "notes": ["..."]}],
 *        "filters": [{"id", "type", "when", "notes"}],         when: null where there is none
 *        "outputs": [{"id", "type", "when", "notes"}],
 *        "unrouted": true,                                     a record may be left out by every output
 *        "routes":  [{"input", "output",
 *                     "at_least_once", "isolated", "ordered", "identified": bool,
 *                     "why": {"at_least_once": "...", ...},
 *                     "lost": ["..."], "repeated": ["..."]}]   when that can happen
 *      }]}
 *
 * Notes are what plugins say about their options. Printing for people is explain_print(). */
#include "cli/explain.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/terminal.h"
#include "base/units.h"

#define NOTES_BYTES_MAX 16384

/* Nothing runs yet, so that to end is all that is left to do. */
static json_t *must(json_t *value)
{
    if (value)
        return value;
    fputs("weir explain: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

static void put(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, must(value)) < 0)
        must(NULL);
}

static void add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, must(value)) < 0)
        must(NULL);
}

/* JSON holds UTF-8 only; what is not is shown escaped. */
static json_t *text_of(struct weir_str text)
{
    json_t *value = json_stringn(text.ptr, text.len);
    if (value)
        return value;
    char *escaped = terminal_escape(text);
    value = must(escaped ? json_string(escaped) : NULL);
    free(escaped);
    return value;
}

static json_t *sentence(const char *format, ...) WEIR_PRINTF(1, 2);

static json_t *sentence(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    json_t *value = len < 0 ? must(NULL) : text_of((struct weir_str){ text, (size_t)len });
    free(text);
    return value;
}

static void put_bytes(json_t *object, const char *name, uint64_t bytes)
{
    put(object, name, json_integer((json_int_t)bytes));
}

/* What the plugin says, a line each. */
static json_t *make_notes(const struct config_plugin *entry)
{
    json_t *notes = must(json_array());
    struct weir_bytes bytes = { .max = NOTES_BYTES_MAX };
    if (entry->plugin->explain)
        entry->plugin->explain(entry->state, &bytes);
    for (size_t at = 0; at < bytes.len;) {
        const char *newline = memchr(bytes.data + at, '\n', bytes.len - at);
        size_t end = newline ? (size_t)(newline - bytes.data) : bytes.len;
        if (end > at)
            add(notes, text_of((struct weir_str){ bytes.data + at, end - at }));
        at = end + 1;
    }
    weir_bytes_free(&bytes);
    return notes;
}

static json_t *make_entry(const struct config_plugin *entry)
{
    json_t *object = must(json_object());
    put(object, "id", text_of(weir_str_of(entry->id)));
    put(object, "type", json_string(entry->plugin->name));
    if (entry->plugin->kind == WEIR_INPUT)
        put(object, "replayable", json_boolean(entry->plugin->input.flags & WEIR_REPLAYABLE));
    else
        put(object, "when",
            entry->when_text ? text_of(weir_str_of(entry->when_text)) : json_null());
    put(object, "notes", make_notes(entry));
    return object;
}

static json_t *make_entries(const struct config_plugin *entries, size_t count)
{
    json_t *array = must(json_array());
    for (size_t i = 0; i < count; i++)
        add(array, make_entry(&entries[i]));
    return array;
}

static void put_guarantee(json_t *route, const char *name, bool holds, json_t *why)
{
    put(route, name, json_boolean(holds));
    put(json_object_get(route, "why"), name, why);
}

static void put_replayable(json_t *route, const char *input, const char *output)
{
    json_t *lost = json_object_get(route, "lost"), *repeated = json_object_get(route, "repeated");
    put_guarantee(
        route, "at_least_once", true,
        sentence("what %s has not answered is read again by %s after a restart", output, input));
    add(lost, sentence("a source that is gone before %s has read it: counted as lost", input));
    add(repeated,
        sentence("after kill -9 or a crash: what was under way, and what %s answered within the "
                 "last some 10 ms",
                 output));
    add(repeated,
        sentence("after a power cut: what %s answered within the last second or so", output));
}

static void put_pushed(json_t *route, const char *input, const char *output, const char *buffer)
{
    json_t *lost = json_object_get(route, "lost");
    put_guarantee(route, "at_least_once", false,
                  sentence("%s cannot be asked again for what it gave", input));
    add(lost, sentence("kill -9, a crash or a power cut: what %s has not answered, at most %s",
                       output, buffer));
    add(lost, sentence("a stop: what %s has not answered within service.shutdown_timeout", output));
}

static json_t *make_route(const struct config_pipeline *pipeline, const struct config_plugin *input,
                          const struct config_plugin *output)
{
    char buffer[UNITS_TEXT_MAX];
    json_t *route = must(json_object());
    units_print_size(pipeline->buffer.memory, buffer);
    put(route, "input", text_of(weir_str_of(input->id)));
    put(route, "output", text_of(weir_str_of(output->id)));
    put(route, "why", json_object());
    put(route, "lost", json_array());
    put(route, "repeated", json_array());
    if (input->plugin->input.flags & WEIR_REPLAYABLE)
        put_replayable(route, input->id, output->id);
    else
        put_pushed(route, input->id, output->id, buffer);
    add(json_object_get(route, "lost"),
        sentence("what %s rejects for good: counted as dropped, reason \"rejected\"", output->id));
    add(json_object_get(route, "repeated"),
        sentence("what %s has taken without being able to say so, when it is tried again",
                 output->id));
    if (pipeline->output_count == 1)
        put_guarantee(route, "isolated", true, sentence("it is the pipeline's only output"));
    else
        put_guarantee(route, "isolated", false,
                      sentence("while another output stops, this one goes on until the pipeline "
                               "holds %s; then inputs wait",
                               buffer));
    put_guarantee(route, "ordered", true,
                  sentence("records of one stream stay in order, also when they are tried again"));
    put_guarantee(route, "identified", true,
                  sentence("a repeated record has the id it had before"));
    return route;
}

static bool has_unrouted(const struct config_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->output_count; i++)
        if (!pipeline->outputs[i].when)
            return false;
    return true;
}

static json_t *make_pipeline(const struct config_pipeline *pipeline)
{
    json_t *object = must(json_object()), *routes = must(json_array());
    put(object, "name", text_of(weir_str_of(pipeline->name)));
    put_bytes(object, "buffer_bytes", pipeline->buffer.memory);
    put(object, "inputs", make_entries(pipeline->inputs, pipeline->input_count));
    put(object, "filters", make_entries(pipeline->filters, pipeline->filter_count));
    put(object, "outputs", make_entries(pipeline->outputs, pipeline->output_count));
    put(object, "unrouted", json_boolean(has_unrouted(pipeline)));
    for (size_t i = 0; i < pipeline->input_count; i++)
        for (size_t o = 0; o < pipeline->output_count; o++)
            add(routes, make_route(pipeline, &pipeline->inputs[i], &pipeline->outputs[o]));
    put(object, "routes", routes);
    return object;
}

json_t *explain_config(const struct config *config)
{
    json_t *document = must(json_object()), *memory = must(json_object());
    json_t *pipelines = must(json_array());
    uint64_t buffers = 0, reserve = CONFIG_RESERVE_BYTES, limit = config->service.memory_limit;
    for (size_t i = 0; i < config->pipeline_count; i++) {
        buffers += config->pipelines[i].buffer.memory;
        reserve += config->pipelines[i].buffer.disk ? CONFIG_DISK_RESERVE_BYTES : 0;
        add(pipelines, make_pipeline(&config->pipelines[i]));
    }
    put_bytes(memory, "limit_bytes", limit);
    put_bytes(memory, "reserve_bytes", reserve);
    put_bytes(memory, "buffer_bytes", buffers);
    put_bytes(memory, "free_bytes", limit - reserve - buffers); /* it has been checked */
    put(document, "memory", memory);
    put(document, "pipelines", pipelines);
    return document;
}
