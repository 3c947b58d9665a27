/* SPDX-License-Identifier: Apache-2.0 */
/* What can be promised for a route follows from three things: whether its input can be asked again, what
 * its output calls delivered (its plugin says so, in words), and what else shares its pipeline's buffer.
 *
 *     {"memory": {"limit_bytes", "reserve_bytes", "buffer_bytes", "plugin_bytes", "free_bytes"},
 *      "disk": {"directory", "tier_bytes", "dead_letter_bytes"},
 *      "pipelines": [{
 *        "name", "buffer_bytes", "disk_bytes", "dead_letter_bytes",
 *        "inputs":  [{"id", "type", "replayable", "notes": ["..."]}],
 *        "filters": [{"id", "type", "when", "notes"}],         when: null where there is none
 *        "outputs": [{"id", "type", "when", "notes"}],
 *        "buffer": ["..."],                                    what happens as it fills
 *        "unrouted": true,                                     a record may be left out by every output
 *        "routes":  [{"input", "output",
 *                     "at_least_once", "isolated", "ordered", "identified": bool,
 *                     "why": {"at_least_once": "...", ...},
 *                     "lost": ["..."], "repeated": ["..."]}]   when that can happen
 *      }]}
 *
 * Notes are what plugins say about their options. Sentences about buffers are in explain_buffer.c, routes in
 * explain_route.c. Printing for people is explain_print(). */
#include "cli/explain.h"

#include "cli/document.h"
#include "cli/explain_parts.h"

#define NOTES_BYTES_MAX 16384

/* What the plugin says, a line each. */
static json_t *make_notes(const struct config_plugin *entry)
{
    json_t *notes = document_must(json_array());
    struct weir_bytes bytes = { .max = NOTES_BYTES_MAX };
    if (entry->plugin->explain)
        entry->plugin->explain(entry->state, &bytes);
    for (size_t at = 0; at < bytes.len;) {
        const char *newline = memchr(bytes.data + at, '\n', bytes.len - at);
        size_t end = newline ? (size_t)(newline - bytes.data) : bytes.len;
        if (end > at)
            document_add(notes, document_text((struct weir_str){ bytes.data + at, end - at }));
        at = end + 1;
    }
    weir_bytes_free(&bytes);
    return notes;
}

static json_t *make_entry(const struct config_plugin *entry)
{
    json_t *object = document_must(json_object());
    document_put(object, "id", document_text(weir_str_of(entry->id)));
    document_put(object, "type", json_string(entry->plugin->name));
    if (entry->plugin->kind == WEIR_INPUT)
        document_put(object, "replayable",
                     json_boolean(entry->plugin->input.flags & WEIR_REPLAYABLE));
    else
        document_put(object, "when",
                     entry->when_text ? document_text(weir_str_of(entry->when_text)) : json_null());
    document_put(object, "notes", make_notes(entry));
    return object;
}

static json_t *make_entries(const struct config_plugin *entries, size_t count)
{
    json_t *array = document_must(json_array());
    for (size_t i = 0; i < count; i++)
        document_add(array, make_entry(&entries[i]));
    return array;
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
    json_t *object = document_must(json_object()), *routes = document_must(json_array());
    document_put(object, "name", document_text(weir_str_of(pipeline->name)));
    document_put(object, "buffer_bytes", document_number(pipeline->buffer.memory));
    document_put(object, "disk_bytes", document_number(pipeline->buffer.disk));
    document_put(object, "dead_letter_bytes", document_number(pipeline->buffer.dead_letter_bytes));
    document_put(object, "inputs", make_entries(pipeline->inputs, pipeline->input_count));
    document_put(object, "filters", make_entries(pipeline->filters, pipeline->filter_count));
    document_put(object, "outputs", make_entries(pipeline->outputs, pipeline->output_count));
    document_put(object, "buffer", explain_buffer(pipeline));
    document_put(object, "unrouted", json_boolean(has_unrouted(pipeline)));
    for (size_t i = 0; i < pipeline->input_count; i++)
        for (size_t o = 0; o < pipeline->output_count; o++)
            document_add(routes,
                         explain_route(pipeline, &pipeline->inputs[i], &pipeline->outputs[o]));
    document_put(object, "routes", routes);
    return object;
}

json_t *explain_config(const struct config *config)
{
    json_t *document = document_must(json_object()), *memory = document_must(json_object());
    json_t *pipelines = document_must(json_array()), *disk = document_must(json_object());
    uint64_t tiers = 0, dead_letters = 0, buffers = 0, reserve = CONFIG_RESERVE_BYTES,
             limit = config->service.memory_limit;
    const uint64_t plugins = config_plugins_reserve(config->pipelines, config->pipeline_count);
    for (size_t i = 0; i < config->pipeline_count; i++) {
        buffers += config->pipelines[i].buffer.memory;
        reserve += config->pipelines[i].buffer.disk ? CONFIG_DISK_RESERVE_BYTES : 0;
        tiers += config->pipelines[i].buffer.disk;
        dead_letters += config->pipelines[i].buffer.dead_letter_bytes;
        document_add(pipelines, make_pipeline(&config->pipelines[i]));
    }
    document_put(memory, "limit_bytes", document_number(limit));
    document_put(memory, "asked_bytes", document_number(config->service.memory_asked));
    if (config->service.group_bytes) {
        document_put(memory, "group_bytes", document_number(config->service.group_bytes));
        document_put(memory, "group_margin_bytes", document_number(config->service.group_margin));
        document_put(memory, "group_file", document_text(weir_str_of(config->service.group_file)));
    }
    document_put(memory, "reserve_bytes", document_number(reserve));
    document_put(memory, "buffer_bytes", document_number(buffers));
    document_put(memory, "plugin_bytes", document_number(plugins));
    document_put(memory, "free_bytes", /* it has been checked */
                 document_number(limit - reserve - buffers - plugins));
    document_put(memory, "source_bytes", document_number(config->state_bytes));
    document_put(document, "memory", memory);
    document_put(disk, "directory", document_text(weir_str_of(config->service.data_dir)));
    document_put(disk, "tier_bytes", document_number(tiers));
    document_put(disk, "dead_letter_bytes", document_number(dead_letters));
    document_put(document, "disk", disk);
    document_put(document, "pipelines", pipelines);
    return document;
}
