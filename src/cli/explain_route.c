/* SPDX-License-Identifier: Apache-2.0 */
/* One route, an input and an output: which guarantees hold, and what can be lost or repeated, and when. What can
 * be lost is bounded by a number wherever there is one. */
#include "base/units.h"
#include "cli/document.h"
#include "cli/explain_parts.h"

struct route {
    const struct config_buffer *buffer;
    const char *input, *output; /* ids */
    json_t *object;
    char memory[UNITS_TEXT_MAX], disk[UNITS_TEXT_MAX], fsync[UNITS_TEXT_MAX];
};

#define lost(route, ...)                                                                           \
    document_add(json_object_get((route)->object, "lost"), document_sentence(__VA_ARGS__))
#define repeated(route, ...)                                                                       \
    document_add(json_object_get((route)->object, "repeated"), document_sentence(__VA_ARGS__))

static void put_guarantee(const struct route *route, const char *name, bool holds, json_t *why)
{
    document_put(route->object, name, json_boolean(holds));
    document_put(json_object_get(route->object, "why"), name, why);
}

static bool drops(const struct config_buffer *buffer)
{
    return buffer->when_full != WHEN_FULL_BLOCK || buffer->shed_debug || buffer->shed_info ||
           buffer->shed_warn;
}

/* Of what is pushed. Memory is given back when what it held is safe on disk, so that its size bounds both. */
static void put_power_cut(const struct route *route)
{
    if (route->buffer->fsync_every == CONFIG_FSYNC_NEVER)
        lost(route, "a power cut: also what went to the disk tier and the system had not written");
    else if (route->buffer->fsync_every == CONFIG_FSYNC_BATCH)
        lost(route, "a power cut: the same");
    else
        lost(route,
             "a power cut: also what went to the disk tier within the last %s; together at most %s",
             route->fsync, route->memory);
}

static void put_replayable(const struct route *route)
{
    const char *input = route->input, *output = route->output;
    const bool disk = route->buffer->disk > 0;
    if (drops(route->buffer))
        put_guarantee(route, "at_least_once", false,
                      document_sentence("records are dropped as the disk tier fills"));
    else
        put_guarantee(route, "at_least_once", true,
                      document_sentence("what %s has not answered is read again by %s%s after a "
                                        "restart",
                                        output, input, disk ? ", or from the disk tier," : ""));
    lost(route, "a source that is gone before %s has read it: counted as lost", input);
    if (disk && route->buffer->fsync_every == CONFIG_FSYNC_NEVER)
        lost(route, "a power cut: what went to the disk tier and the system had not written");
    repeated(route,
             "after kill -9 or a crash: what was under way, and what %s answered within the last "
             "some 10 ms%s",
             output, disk ? ", or of the disk tier within the last second" : "");
    repeated(route, "after a power cut: what %s answered within the last second or so", output);
}

/* Nothing is kept of what it gave but in memory. */
static void put_pushed(const struct route *route)
{
    put_guarantee(route, "at_least_once", false,
                  document_sentence("%s cannot be asked again for what it gave", route->input));
    lost(route, "kill -9, a crash or a power cut: what %s has not answered, at most %s",
         route->output, route->memory);
    lost(route, "a stop: what %s has not answered within service.shutdown_timeout", route->output);
}

static void put_pushed_to_disk(const struct route *route)
{
    put_guarantee(route, "at_least_once", false,
                  document_sentence("%s cannot be asked again for what it gave, and \"durable\" is "
                                    "not set",
                                    route->input));
    lost(route, "kill -9 or a crash: what is in memory and not in the disk tier, at most %s",
         route->memory);
    put_power_cut(route);
    lost(route,
         "a stop while the disk tier is full: what %s has not answered within "
         "service.shutdown_timeout",
         route->output);
}

static void put_durable(const struct route *route)
{
    if (drops(route->buffer))
        put_guarantee(route, "at_least_once", false,
                      document_sentence("records are dropped as the disk tier fills"));
    else
        put_guarantee(route, "at_least_once", true,
                      document_sentence("what %s has given counts as taken when it is on stable "
                                        "storage, and stays there until %s has answered",
                                        route->input, route->output));
    lost(route,
         "kill -9, a crash or a power cut: what does not count as taken yet: who gives it to %s "
         "must give it again",
         route->input);
}

static void put_losses(const struct route *route, const struct config_plugin *input)
{
    const struct config_buffer *buffer = route->buffer;
    if (explain_is_replayable(input))
        put_replayable(route);
    else if (!buffer->disk)
        put_pushed(route);
    else if (buffer->durable)
        put_durable(route);
    else
        put_pushed_to_disk(route);
    if (buffer->disk && !explain_is_replayable(input))
        repeated(
            route,
            "after kill -9, a crash or a power cut: what was under way, and what %s answered of "
            "the disk tier within the last second",
            route->output);
    if (drops(buffer))
        lost(route, "a disk tier that fills: what is dropped then, and counted under its reason");
    if (buffer->dead_letter_bytes)
        lost(route, "what %s rejects for good, once the dead letters are full: the oldest go",
             route->output);
    else
        lost(route, "what %s rejects for good: counted as dropped, reason \"rejected\"",
             route->output);
    repeated(route, "what %s has taken without being able to say so, when it is tried again",
             route->output);
}

static void put_isolated(const struct route *route, size_t output_count)
{
    static const char *const then[] = { [WHEN_FULL_BLOCK] = "inputs wait",
                                        [WHEN_FULL_DROP_OLDEST] =
                                            "what has waited longest is dropped, for all",
                                        [WHEN_FULL_DROP_NEWEST] = "what comes in is dropped" };
    const struct config_buffer *buffer = route->buffer;
    if (output_count == 1)
        put_guarantee(route, "isolated", true,
                      document_sentence("it is the pipeline's only output"));
    else if (buffer->disk)
        put_guarantee(
            route, "isolated", true,
            document_sentence("while another output stops, this one goes on until the disk "
                              "tier holds %s; then %s",
                              route->disk, then[buffer->when_full]));
    else
        put_guarantee(route, "isolated", false,
                      document_sentence("while another output stops, this one goes on until the "
                                        "pipeline holds %s; then inputs wait",
                                        route->memory));
}

json_t *explain_route(const struct config_pipeline *pipeline, const struct config_plugin *input,
                      const struct config_plugin *output)
{
    struct route route = { .buffer = &pipeline->buffer,
                           .input = input->id,
                           .output = output->id,
                           .object = document_must(json_object()) };
    units_print_size(pipeline->buffer.memory, route.memory);
    units_print_size(pipeline->buffer.disk, route.disk);
    if (pipeline->buffer.fsync_every > 0)
        units_print_duration(pipeline->buffer.fsync_every, route.fsync);
    document_put(route.object, "input", document_text(weir_str_of(input->id)));
    document_put(route.object, "output", document_text(weir_str_of(output->id)));
    document_put(route.object, "why", json_object());
    document_put(route.object, "lost", json_array());
    document_put(route.object, "repeated", json_array());
    put_losses(&route, input);
    put_isolated(&route, pipeline->output_count);
    put_guarantee(&route, "ordered", true,
                  document_sentence("records of one stream stay in order, also when they are tried "
                                    "again"));
    put_guarantee(&route, "identified", true,
                  document_sentence("a repeated record has the id it had before"));
    return route.object;
}
