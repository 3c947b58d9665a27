/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes between plugins, told by what each says about its own options: an output whose file an input
 * of this agent reads (each record would come back for ever), and two outputs that write one file (each
 * would take the other's lines for its own torn ones).
 *
 * Paths are compared as they are written, so a detour by a symbolic link is not seen here; and a path that
 * depends on the records is none before there are any. */
#include "config/conflicts.h"

struct writer {
    const struct config_pipeline *pipeline;
    const struct config_plugin *output;
    struct weir_str path;
};

static struct weir_str written_by(const struct config_plugin *output)
{
    return output->plugin->output.writes ? output->plugin->output.writes(output->state)
                                         : WEIR_STR_NONE;
}

static void check_readers(struct reading *reading, const struct writer *writer)
{
    const struct config *config = reading->config;
    for (size_t i = 0; i < config->pipeline_count; i++) {
        const struct config_pipeline *pipeline = &config->pipelines[i];
        for (size_t k = 0; k < pipeline->input_count; k++) {
            const struct config_plugin *input = &pipeline->inputs[k];
            if (!input->plugin->input.reads ||
                !input->plugin->input.reads(input->state, writer->path))
                continue;
            reading_error(
                reading, writer->output->place,
                "output \"%s\" writes \"%.*s\", which input \"%s\" of pipeline \"%s\" "
                "reads: each record would come back for ever; write elsewhere, or exclude "
                "the file there",
                writer->output->id, (int)writer->path.len, writer->path.ptr, input->id,
                pipeline->name);
        }
    }
}

/* True when `other` comes before `writer` in the file, so that each pair is told once. */
static bool check_pair(struct reading *reading, const struct writer *writer,
                       const struct config_pipeline *pipeline, const struct config_plugin *other)
{
    if (other == writer->output)
        return false;
    if (weir_str_eq(written_by(other), writer->path))
        reading_error(reading, writer->output->place,
                      "output \"%s\" writes \"%.*s\", as output \"%s\" of pipeline \"%s\" does: a "
                      "file has one writer",
                      writer->output->id, (int)writer->path.len, writer->path.ptr, other->id,
                      pipeline->name);
    return true;
}

static void check_writers(struct reading *reading, const struct writer *writer)
{
    const struct config *config = reading->config;
    for (size_t i = 0; i < config->pipeline_count; i++) {
        const struct config_pipeline *pipeline = &config->pipelines[i];
        for (size_t k = 0; k < pipeline->output_count; k++)
            if (!check_pair(reading, writer, pipeline, &pipeline->outputs[k]))
                return;
    }
}

void conflicts_check(struct reading *reading)
{
    const struct config *config = reading->config;
    for (size_t i = 0; i < config->pipeline_count; i++) {
        const struct config_pipeline *pipeline = &config->pipelines[i];
        for (size_t k = 0; k < pipeline->output_count; k++) {
            const struct config_plugin *output = &pipeline->outputs[k];
            const struct writer writer = { pipeline, output, written_by(output) };
            if (writer.path.len == 0)
                continue;
            check_readers(reading, &writer);
            check_writers(reading, &writer);
        }
    }
}
