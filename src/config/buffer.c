/* SPDX-License-Identifier: Apache-2.0 */
/* The pipelines' buffers share one limit:
 *
 *     service.memory_limit  |  reserve  |  buffer.memory of each pipeline ...  |  rest  |
 *
 * A buffer that says no size gets 16MiB, or, where that is too much, an equal share of what the others
 * leave. What does not fit is found here, with the sum, and not when a host is short of memory.
 *
 * This version keeps a buffer in memory only. The keys of the disk tier are refused each by name, but
 * for the values that say that there is none. */
#include "config/buffer.h"

#include <stdio.h>

#include "base/units.h"

#define BUFFER_BYTES_MIN ((uint64_t)1 << 20)

const struct weir_option buffer_options[] = {
    { .name = "memory",
      .type = WEIR_SIZE,
      .offset = offsetof(struct config_buffer, memory),
      .min = "1MiB",
      .max = "1TiB",
      .help =
          "What the pipeline may hold in memory; when it is full, inputs wait. Without it: 16MiB, or "
          "an equal share of what service.memory_limit leaves." },
    { 0 },
};

#define NO_DISK "this version has no disk tier; "

static const struct options_refusal refused[] = {
    { "disk", "0", NO_DISK "leave it out, or write 0" },
    { "when_full", "block", NO_DISK "when the memory is full inputs wait (\"block\")" },
    { "durable", "false", NO_DISK "nothing can be made durable; leave it out" },
    { "fsync", NULL, NO_DISK "leave it out" },
    { "retention", NULL, NO_DISK "leave it out" },
    { "compression", NULL, NO_DISK "leave it out" },
    { 0 },
};

bool buffer_read(struct reading *reading, struct config_pipeline *pipeline, const struct node *map)
{
    pipeline->buffer.place = map ? map->place : pipeline->place;
    if (!map || node_is_empty(map))
        return true;
    if (map->kind != NODE_MAP) {
        reading_error(reading, map->place, "\"buffer\" must be a map, not %s", node_describe(map));
        return false;
    }
    const struct options_section section = {
        .what =
            memory_format(reading->options.memory, "the buffer of pipeline \"%s\"", pipeline->name),
        .table = buffer_options,
        .state = &pipeline->buffer,
        .refused = refused,
    };
    return options_fill(&reading->options, &section, map, map->place);
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void say_sum(struct reading *reading, const struct config_pipeline *pipelines, size_t count,
                    uint64_t sum)
{
    char parts[400] = "", size[UNITS_TEXT_MAX], limit[UNITS_TEXT_MAX], reserve[UNITS_TEXT_MAX];
    size_t len = 0, shown = count <= 6 ? count : 5;
    for (size_t i = 0; i < shown && len < sizeof(parts); i++) {
        units_print_size(pipelines[i].buffer.memory, size);
        len += (size_t)snprintf(parts + len, sizeof(parts) - len, "%s + ", size);
    }
    if (shown < count && len < sizeof(parts))
        snprintf(parts + len, sizeof(parts) - len, "%zu more + ", count - shown);
    units_print_size(CONFIG_RESERVE_BYTES, reserve);
    units_print_size(sum, size);
    units_print_size(reading->config->service.memory_limit, limit);
    reading_error(
        reading, reading->limit_place,
        "the pipelines' buffers and the reserve need %s%s = %s, but service.memory_limit is "
        "%s: raise it, or give the pipelines less buffer.memory",
        parts, reserve, size, limit);
}

void buffers_share(struct reading *reading, struct config_pipeline *pipelines, size_t count)
{
    uint64_t sum = CONFIG_RESERVE_BYTES, limit = reading->config->service.memory_limit, silent = 0;
    for (size_t i = 0; i < count; i++) {
        sum = add(sum, pipelines[i].buffer.memory);
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
        say_sum(reading, pipelines, count, sum);
}
