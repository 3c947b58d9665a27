/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets what of the memory. One limit holds for the process, the lower of two:
 *
 *     service.memory_limit, 64MiB without it      the control group's limit, less a margin
 *
 *     |  reserve  |  plugins  |  buffer.memory and 2MiB for a disk tier, of each pipeline ...  |  rest  |
 *      ▲ 4MiB of it                                                                             ▲
 *      └── known sources: files, streams, positions ────────────────────────────────────────────┘
 *
 * "Plugins" is what they say that they may use beside batches: a library's threads and queues, say. A buffer
 * that says no size gets 16MiB, or, where that is too much, an equal share of what the others leave. What does
 * not fit is found here, with the sum, and not when a host is short of memory.
 *
 * The margin is what a process may use beyond its limit for moments: 16MiB, and a quarter of what the group has
 * where that is less, so that something is left in a small one. The group also pays for cached pages, but those
 * the kernel takes back. A limit that was asked for and cannot be had is warned of; the default just is lower
 * then, which `explain`, `validate` and the agent's first message tell. */
#include "config/shares.h"

#include <stdio.h>

#include "base/units.h"

#define BUFFER_BYTES_MIN ((uint64_t)1 << 20)
#define MARGIN_MAX ((uint64_t)16 << 20)

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t entries_reserve(const struct config_plugin *entries, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = add(sum, entries[i].reserve);
    return sum;
}

uint64_t config_plugins_reserve(const struct config_pipeline *pipelines, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const struct config_pipeline *pipeline = &pipelines[i];
        sum = add(sum, entries_reserve(pipeline->inputs, pipeline->input_count));
        sum = add(sum, entries_reserve(pipeline->filters, pipeline->filter_count));
        sum = add(sum, entries_reserve(pipeline->outputs, pipeline->output_count));
    }
    return sum;
}

/* ---- the limit ----------------------------------------------------------------------------------------- */

static void warn_lowered(struct reading *reading)
{
    const struct config_service *service = &reading->config->service;
    const struct config_place *place = &reading->limit_place;
    char asked[UNITS_TEXT_MAX], holds[UNITS_TEXT_MAX], group[UNITS_TEXT_MAX];
    units_print_size(service->memory_asked, asked);
    units_print_size(service->memory_limit, holds);
    units_print_size(service->group_bytes, group);
    diagnostics_add(reading->diag, DIAGNOSTIC_WARNING, place->file, place->line, place->column,
                    "service.memory_limit is %s, but the control group has only %s (%s): %s holds",
                    asked, group, service->group_file, holds);
}

static void find_limit(struct reading *reading)
{
    const struct config_hooks *hooks = reading->options.hooks;
    struct config_service *service = &reading->config->service;
    service->memory_asked = service->memory_limit;
    if (!hooks->group_bytes)
        return;
    service->group_bytes = hooks->group_bytes;
    service->group_file = memory_text(reading->options.memory, weir_str_of(hooks->group_file));
    service->group_margin =
        service->group_bytes / 4 < MARGIN_MAX ? service->group_bytes / 4 : MARGIN_MAX;
    const uint64_t most = service->group_bytes - service->group_margin;
    if (most < service->memory_limit)
        service->memory_limit = most;
    if (config_is_lowered(service) && reading->limit_is_asked)
        warn_lowered(reading);
}

/* ---- the sum ------------------------------------------------------------------------------------------- */

/* A text that is put together, as far as it fits. */
struct line {
    char text[800];
    size_t len;
};

static void line_text(struct line *line, const char *text)
{
    if (line->len < sizeof(line->text))
        line->len +=
            (size_t)snprintf(line->text + line->len, sizeof(line->text) - line->len, "%s", text);
}

static void line_size(struct line *line, const char *before, uint64_t bytes, const char *after)
{
    char size[UNITS_TEXT_MAX];
    units_print_size(bytes, size);
    line_text(line, before);
    line_text(line, size);
    line_text(line, after);
}

static void say_limit(const struct config_service *service, struct line *line)
{
    if (!config_is_lowered(service)) {
        line_size(line, "but service.memory_limit is ", service->memory_limit, ": raise it");
        return;
    }
    line_size(line, "but the control group leaves ", service->memory_limit, "");
    line_size(line, " (", service->group_bytes, " in ");
    line_text(line, service->group_file);
    line_text(line, ", less ");
    line_size(line, "", service->group_margin, " to be safe): raise its limit");
}

static void say_sum(struct reading *reading, uint64_t plugins, uint64_t sum)
{
    const struct config *config = reading->config;
    const size_t count = config->pipeline_count, shown = count <= 6 ? count : 5;
    struct line line = { .len = 0 };
    char text[160];
    size_t tiers = 0;
    uint64_t more = 0;
    for (size_t i = 0; i < count; i++) {
        const struct config_pipeline *pipeline = &config->pipelines[i];
        tiers += pipeline->buffer.disk > 0;
        snprintf(text, sizeof(text), " for %s + ", pipeline->name);
        if (i < shown)
            line_size(&line, "", pipeline->buffer.memory, text);
        else
            more = add(more, pipeline->buffer.memory);
    }
    snprintf(text, sizeof(text), " for %zu more + ", count - shown);
    if (more)
        line_size(&line, "", more, text);
    snprintf(text, sizeof(text), "%zu x ", tiers);
    if (tiers)
        line_size(&line, text, CONFIG_DISK_RESERVE_BYTES, " for disk tiers + ");
    if (plugins)
        line_size(&line, "", plugins, " for plugins + ");
    line_size(&line, "", CONFIG_RESERVE_BYTES, " in reserve = ");
    line_size(&line, "", sum, ", ");
    say_limit(&config->service, &line);
    reading_error(reading, reading->limit_place,
                  "the pipelines' buffers%s and the reserve need %s, or give the pipelines less "
                  "buffer.memory",
                  plugins ? ", what their plugins use" : "", line.text);
}

/* As far as it is known before the memory is shared. */
static uint64_t memory_asked(const struct config_buffer *buffer)
{
    return add(buffer->memory, buffer->disk ? CONFIG_DISK_RESERVE_BYTES : 0);
}

void shares_deal(struct reading *reading)
{
    struct config *config = reading->config;
    struct config_pipeline *pipelines = config->pipelines;
    const size_t count = config->pipeline_count;
    find_limit(reading);
    const uint64_t plugins = config_plugins_reserve(pipelines, count);
    const uint64_t limit = config->service.memory_limit;
    uint64_t sum = add(CONFIG_RESERVE_BYTES, plugins), silent = 0;
    for (size_t i = 0; i < count; i++) {
        sum = add(sum, memory_asked(&pipelines[i].buffer));
        silent += pipelines[i].buffer.memory == 0;
    }
    uint64_t each = silent && limit > sum ? (limit - sum) / silent : 0;
    each -= each % (64 * 1024);
    if (each > CONFIG_BUFFER_BYTES_DEFAULT)
        each = CONFIG_BUFFER_BYTES_DEFAULT;
    if (each < BUFFER_BYTES_MIN)
        each = BUFFER_BYTES_MIN;
    for (size_t i = 0; i < count; i++)
        if (pipelines[i].buffer.memory == 0) {
            pipelines[i].buffer.memory = each;
            sum = add(sum, each);
        }
    if (sum > limit)
        say_sum(reading, plugins, sum);
    else
        config->state_bytes = CONFIG_STATE_BYTES + limit - sum;
}
