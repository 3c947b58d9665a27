/* SPDX-License-Identifier: Apache-2.0 */
#include "config/inspection.h"

#include <stdarg.h>

#include "config/kind.h"

#define TEXT_MAX 1024

struct weir_inspection {
    const struct config *config;
    const struct config_pipeline *pipeline;
    const struct config_plugin *instance;
    struct diagnostics *diag;
    FILE *good;
    bool online;
};

bool weir_inspection_online(const struct weir_inspection *inspection)
{
    return inspection->online;
}

const char *weir_inspection_pipeline(const struct weir_inspection *inspection)
{
    return inspection->pipeline->name;
}

const char *weir_inspection_id(const struct weir_inspection *inspection)
{
    return inspection->instance->id;
}

const char *weir_inspection_data_dir(const struct weir_inspection *inspection)
{
    return inspection->config->service.data_dir;
}

/* Where the option stands, or the group that it would be in, or the entry. */
static struct config_place place_of(const struct config_plugin *instance, const char *option)
{
    size_t len = strlen(option);
    while (len) {
        for (size_t i = 0; i < instance->option_count; i++)
            if (strlen(instance->options[i].name) == len &&
                memcmp(instance->options[i].name, option, len) == 0)
                return instance->options[i].place;
        const char *dot = memrchr(option, '.', len);
        len = dot ? (size_t)(dot - option) : 0;
    }
    return instance->place;
}

static void add(struct weir_inspection *inspection, enum diagnostic_level level, const char *option,
                const char *text)
{
    const struct config_plugin *instance = inspection->instance;
    const struct config_place place = place_of(instance, option);
    diagnostics_add(inspection->diag, level, place.file, place.line, place.column,
                    "%s%s%s%s \"%s\" of pipeline \"%s\": %s", option[0] ? "option \"" : "", option,
                    option[0] ? "\" of " : "", kind_name(instance->plugin->kind), instance->id,
                    inspection->pipeline->name, text);
}

#define FORMAT(text)                                                                               \
    do {                                                                                           \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        vsnprintf(text, sizeof(text), format, args);                                               \
        va_end(args);                                                                              \
    } while (0)

void weir_inspection_good(struct weir_inspection *inspection, const char *option,
                          const char *format, ...)
{
    char text[TEXT_MAX];
    const struct config_place place = place_of(inspection->instance, option);
    FORMAT(text);
    if (inspection->good)
        fprintf(inspection->good, "%s:%u:%u: ok: %s \"%s\" of pipeline \"%s\": %s\n", place.file,
                place.line, place.column, kind_name(inspection->instance->plugin->kind),
                inspection->instance->id, inspection->pipeline->name, text);
}

void weir_inspection_wrong(struct weir_inspection *inspection, const char *option,
                           const char *format, ...)
{
    char text[TEXT_MAX];
    FORMAT(text);
    add(inspection, DIAGNOSTIC_ERROR, option, text);
}

void weir_inspection_doubt(struct weir_inspection *inspection, const char *option,
                           const char *format, ...)
{
    char text[TEXT_MAX];
    FORMAT(text);
    add(inspection, DIAGNOSTIC_WARNING, option, text);
}

static void inspect_all(struct weir_inspection *inspection, const struct config_plugin *instances,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        inspection->instance = &instances[i];
        if (instances[i].plugin->inspect)
            instances[i].plugin->inspect(instances[i].state, inspection);
    }
}

void inspection_run(const struct config *config, bool online, struct diagnostics *diag, FILE *good)
{
    struct weir_inspection inspection = {
        .config = config, .diag = diag, .good = good, .online = online
    };
    for (size_t i = 0; i < config->pipeline_count; i++) {
        const struct config_pipeline *pipeline = inspection.pipeline = &config->pipelines[i];
        inspect_all(&inspection, pipeline->inputs, pipeline->input_count);
        inspect_all(&inspection, pipeline->filters, pipeline->filter_count);
        inspect_all(&inspection, pipeline->outputs, pipeline->output_count);
    }
}
