/* SPDX-License-Identifier: Apache-2.0 */
/* What concerns the agent as a whole. Read before any pipeline, since its `plugin_path` decides which
 * plugins there are. */
#include "config/service.h"

static const char *const levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const formats[] = { "text", "json", NULL };

static const struct weir_option message_options[] = {
    { .name = "level",
      .type = WEIR_ENUM,
      .offset = offsetof(struct config_service, message_level),
      .def = "info",
      .choices = levels,
      .help = "The least important messages that are written." },
    { .name = "format",
      .type = WEIR_ENUM,
      .offset = offsetof(struct config_service, message_format),
      .def = "text",
      .choices = formats,
      .help = "How a message is written: a line for people, or a JSON object a line." },
    { 0 },
};

static const struct weir_option admin_options[] = {
    { .name = "listen",
      .type = WEIR_TEXT,
      .offset = offsetof(struct config_service, admin_listen),
      .def = "127.0.0.1:2020",
      .help = "Where metrics, health and status are served: HOST:PORT, unix:/PATH, or off." },
    { 0 },
};

const struct weir_option service_options[] = {
    { .name = "data_dir",
      .type = WEIR_TEXT,
      .offset = offsetof(struct config_service, data_dir),
      .def = "/var/lib/weir",
      .help =
          "The directory of committed positions. It must be writable, and is one agent's alone." },
    { .name = "memory_limit",
      .type = WEIR_SIZE,
      .offset = offsetof(struct config_service, memory_limit),
      .def = "64MiB",
      .min = "10MiB",
      .max = "1TiB",
      .help =
          "What all pipelines together may use. The sum of their buffer.memory, of what their plugins say "
          "that they use beside it, and a reserve of 8MiB must fit. Where the process is in a control group "
          "whose limit, less a quarter of it and at most 16MiB, is lower, that holds." },
    { .name = "shutdown_timeout",
      .type = WEIR_DURATION,
      .offset = offsetof(struct config_service, shutdown_timeout),
      .def = "30s",
      .min = "0s",
      .max = "1h",
      .help =
          "How long a stop may wait for outputs to take what was read. What they have not taken by "
          "then is read again at the next start." },
    { .name = "messages",
      .type = WEIR_GROUP,
      .group = message_options,
      .help = "What the agent says about itself, on standard error." },
    { .name = "admin",
      .type = WEIR_GROUP,
      .group = admin_options,
      .help = "The endpoint for metrics, health and status." },
    { .name = "plugin_path",
      .type = WEIR_TEXT,
      .offset = offsetof(struct config_service, plugin_path),
      .help = "A directory of plugins built as shared objects." },
    { 0 },
};

static struct config_place place_in(const struct node *map, const char *name, const char *inner,
                                    struct config_place place)
{
    const struct node *node = map ? node_find(map, weir_str_of(name)) : NULL;
    if (node && inner && node->kind == NODE_MAP)
        node = node_find(node, weir_str_of(inner));
    return node ? node->place : place;
}

static void load_plugins(struct reading *reading, struct config_place place)
{
    const struct config_hooks *hooks = reading->options.hooks;
    const char *dir = reading->config->service.plugin_path;
    struct weir_error err = { 0 };
    if (!dir || reading->sealed || !hooks->load_plugins)
        return;
    if (hooks->load_plugins(hooks->arg, dir, &err) < 0)
        reading_error(reading, place, "option \"plugin_path\" of service: %s", err.text);
}

static void check_listen(struct reading *reading, struct config_place place)
{
    const struct config_hooks *hooks = reading->options.hooks;
    const char *listen = reading->config->service.admin_listen;
    struct weir_error err = { 0 };
    if (listen && hooks->check_listen && hooks->check_listen(listen, &err) < 0)
        reading_error(reading, place, "option \"admin.listen\" of service: %s", err.text);
}

void service_read(struct reading *reading, const struct node *map, struct config_place place)
{
    if (map && map->kind != NODE_MAP) {
        if (!node_is_empty(map))
            reading_error(reading, map->place, "\"service\" must be a map, not %s",
                          node_describe(map));
        map = NULL;
    }
    const struct options_section section = {
        .what = "service",
        .table = service_options,
        .state = &reading->config->service,
    };
    reading->service_is_good =
        options_fill(&reading->options, &section, map, map ? map->place : place);
    reading->limit_is_asked = map && node_find(map, WEIR_STR("memory_limit"));
    reading->limit_place = place_in(map, "memory_limit", NULL, map ? map->place : place);
    check_listen(reading, place_in(map, "admin", "listen", place));
    load_plugins(reading, place_in(map, "plugin_path", NULL, place));
}
