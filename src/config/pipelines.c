/* SPDX-License-Identifier: Apache-2.0 */
/* The section `pipelines:`: from names and lists to instances of plugins with their options. An entry is
 * read by two tables at once, that of all entries (`type`, `id`, `when`) and its plugin's. */
#include "config/pipelines.h"

#include <assert.h>
#include <stdlib.h>

#include "config/buffer.h"
#include "config/kind.h"
#include "config/shares.h"
#include "config/suggest.h"

struct pipeline_item {
    struct config_pipeline pipeline;
    bool buffer_is_good;
    struct pipeline_item *next;
};

struct entry {
    char *type, *id, *when;
};

#define TYPE_ROW                                                                                   \
    {                                                                                              \
        .name = "type", .type = WEIR_TEXT, .offset = offsetof(struct entry, type),                 \
        .required = true, .help = "The plugin's name."                                             \
    }
#define ID_ROW                                                                                     \
    {                                                                                              \
        .name = "id", .type = WEIR_TEXT, .offset = offsetof(struct entry, id),                     \
        .help = "What it is called in messages, metrics and committed positions. Without it: the " \
                "type, and for the second of a type `type.2`."                                     \
    }

const struct weir_option input_entry_options[] = { TYPE_ROW, ID_ROW, { 0 } };

const struct weir_option entry_options[] = {
    TYPE_ROW,
    ID_ROW,
    { .name = "when",
      .type = WEIR_TEXT,
      .offset = offsetof(struct entry, when),
      .help =
          "A condition, such as `level == \"error\" and status >= 500`: only records of which it "
          "holds are given to this filter or output." },
    { 0 },
};

static const struct options_refusal input_refused[] = {
    { "when",
      "an input has no condition: put `when` on a filter or an output, or use the filter `grep`" },
    { 0 },
};

bool config_is_name(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    size_t len = strlen(text);
    return len > 0 && len <= CONFIG_NAME_MAX && strspn(text, allowed) == len &&
           !strchr("_-.", text[0]);
}

#define NAME_RULE                                                                                  \
    "is no name: letters, digits, \"_\", \"-\" and \".\", at most 64, a letter or digit first"

static bool check_id(struct reading *reading, const char *what, const struct node *map,
                     const char *id)
{
    if (!id || config_is_name(id))
        return true;
    const struct node *node = node_find(map, WEIR_STR("id"));
    assert(node);
    reading_error(reading, node->place, "option \"id\" of %s: \"%s\" " NAME_RULE, what,
                  node->secret ? "(secret)" : id);
    return false;
}

static void end_condition(void *arg, void *object)
{
    const struct config_hooks *hooks = arg;
    hooks->condition_free(object);
}

static bool set_condition(struct reading *reading, struct config_plugin *instance, const char *what,
                          const struct node *map, const char *text)
{
    const struct config_hooks *hooks = reading->options.hooks;
    const struct node *node = node_find(map, WEIR_STR("when"));
    struct weir_error err = { 0 };
    size_t offset = 0;
    assert(node);
    instance->when = hooks->condition_new(text, &err, &offset);
    if (!instance->when) {
        reading_error(reading, node_place_of(node, offset), "option \"when\" of %s: %s", what,
                      node->secret ? "this is no condition; its text is secret" : err.text);
        return false;
    }
    memory_own(reading->options.memory, end_condition, (void *)(uintptr_t)hooks, instance->when);
    instance->when_text = memory_text(reading->options.memory, node->source);
    return true;
}

static void end_state(void *arg, void *object)
{
    (void)arg;
    free(object);
}

/* The plugin's state, whose options may hold secrets only as pointers into the configuration's memory. */
static void *state_new(struct reading *reading, const struct weir_plugin *plugin,
                       struct config_place place)
{
    void *state = calloc(1, plugin->state_size ? plugin->state_size : 1);
    if (state)
        memory_own(reading->options.memory, end_state, NULL, state);
    else
        reading_error(reading, place, "no memory for %s \"%s\"", kind_name(plugin->kind),
                      plugin->name);
    return state;
}

/* Fills in everything of the entry but its default id. */
static bool read_options(struct reading *reading, const struct node *map,
                         struct config_plugin *instance)
{
    const struct weir_plugin *plugin = instance->plugin;
    const bool is_input = plugin->kind == WEIR_INPUT;
    struct entry entry = { 0 };
    instance->state = state_new(reading, plugin, map->place);
    if (!instance->state)
        return false;
    const struct options_section section = {
        .what = memory_format(reading->options.memory, "%s \"%s\"", kind_name(plugin->kind),
                              plugin->name),
        .table = plugin->options,
        .state = instance->state,
        .more = is_input ? input_entry_options : entry_options,
        .more_state = &entry,
        .refused = is_input ? input_refused : NULL,
    };
    bool good = options_fill(&reading->options, &section, map, map->place);
    good &= check_id(reading, section.what, map, entry.id);
    instance->id = entry.id;
    if (entry.when)
        good &= set_condition(reading, instance, section.what, map, entry.when);
    good = good &&
           options_check(&reading->options, plugin, section.what, map, map->place, instance->state);
    if (good && plugin->reserve)
        instance->reserve = plugin->reserve(instance->state);
    return good;
}

/* The plugin that an entry names, or NULL and said. */
static const struct weir_plugin *find_plugin(struct reading *reading, enum weir_kind kind,
                                             const struct node *entry)
{
    if (entry->kind != NODE_MAP) {
        reading_error(reading, entry->place,
                      "an entry of \"%s\" must be a map with \"type\", not %s", kind_plural(kind),
                      node_describe(entry));
        return NULL;
    }
    const struct node *type = node_find(entry, WEIR_STR("type"));
    if (!type || node_is_empty(type) || type->kind != NODE_SCALAR) {
        reading_error(reading, type ? type->place : entry->place,
                      "this %s needs \"type\", its plugin's name", kind_name(kind));
        return NULL;
    }
    if (type->bad)
        return NULL;
    return kind_find_plugin(kind, type, reading->options.hooks, reading->diag);
}

static void give_ids(struct reading *reading, struct config_plugin *instances, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t nth = 1;
        for (size_t j = 0; j < i; j++)
            nth += instances[j].plugin == instances[i].plugin;
        const char *type = instances[i].plugin->name;
        if (!instances[i].id)
            instances[i].id = nth == 1
                                  ? memory_text(reading->options.memory, weir_str_of(type))
                                  : memory_format(reading->options.memory, "%s.%zu", type, nth);
    }
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            if (strcmp(instances[i].id, instances[j].id) != 0)
                continue;
            reading_error(
                reading, instances[i].place,
                "this %s and the one in line %u have the same id \"%s\": give one of them "
                "another `id`",
                kind_name(instances[i].plugin->kind), instances[j].place.line, instances[i].id);
            break;
        }
}

static void read_entries(struct reading *reading, enum weir_kind kind, const struct node *list,
                         struct config_plugin **ret_instances, size_t *ret_count)
{
    if (!list || node_is_empty(list))
        return;
    if (list->kind != NODE_LIST) {
        reading_error(reading, list->place,
                      "\"%s\" must be a list, each entry beginning with \"- type: \", not %s",
                      kind_plural(kind), node_describe(list));
        return;
    }
    if (list->count > CONFIG_ENTRIES_MAX) {
        reading_error(reading, list->place, "more than %d %s", CONFIG_ENTRIES_MAX,
                      kind_plural(kind));
        return;
    }
    struct config_plugin *instances =
        memory_alloc(reading->options.memory, (list->count + 1) * sizeof(*instances));
    size_t count = 0;
    for (const struct node *entry = list->first; entry; entry = entry->next) {
        const struct weir_plugin *plugin = find_plugin(reading, kind, entry);
        if (!plugin)
            continue;
        struct config_plugin *instance = &instances[count++];
        *instance = (struct config_plugin){ .plugin = plugin, .place = entry->place };
        read_options(reading, entry, instance);
        if (plugin->inspect)
            instance->options = options_places(&reading->options, entry, &instance->option_count);
    }
    give_ids(reading, instances, count);
    *ret_instances = instances;
    *ret_count = count;
}

static bool is_known_key(struct reading *reading, const struct node *child, const char *pipeline)
{
    static const char *const keys[] = { "inputs", "filters", "outputs", "buffer", "dead_letter" };
    struct suggestion near = { .word = child->key };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i], child->key) == 0)
            return true;
        suggestion_offer(&near, keys[i]);
    }
    char advice[SUGGESTION_TEXT_MAX];
    suggestion_print(&near, advice);
    reading_error(reading, child->key_place, "unknown key \"%s\" of pipeline \"%s\"%s", child->key,
                  pipeline, advice);
    return false;
}

/* Every pipeline takes from somewhere and gives to somewhere. */
static void need_entries(struct reading *reading, const struct node *map, const char *key,
                         const char *pipeline)
{
    const struct node *list = node_find(map, weir_str_of(key));
    if (!list || node_is_empty(list) || (list->kind == NODE_LIST && list->count == 0))
        reading_error(reading, list ? list->place : map->key_place,
                      "pipeline \"%s\" has no %s: it needs at least one", pipeline, key);
}

static void read_pipeline(struct reading *reading, const struct node *map,
                          struct pipeline_item *item)
{
    struct config_pipeline *pipeline = &item->pipeline;
    for (const struct node *child = map->first; child; child = child->next)
        is_known_key(reading, child, pipeline->name);
    need_entries(reading, map, "inputs", pipeline->name);
    need_entries(reading, map, "outputs", pipeline->name);
    read_entries(reading, WEIR_INPUT, node_find(map, WEIR_STR("inputs")), &pipeline->inputs,
                 &pipeline->input_count);
    read_entries(reading, WEIR_FILTER, node_find(map, WEIR_STR("filters")), &pipeline->filters,
                 &pipeline->filter_count);
    read_entries(reading, WEIR_OUTPUT, node_find(map, WEIR_STR("outputs")), &pipeline->outputs,
                 &pipeline->output_count);
    item->buffer_is_good = buffer_read(reading, pipeline, node_find(map, WEIR_STR("buffer")),
                                       node_find(map, WEIR_STR("dead_letter")));
}

/* A new pipeline of that name, or NULL, said, when it cannot be. */
static struct pipeline_item *add_pipeline(struct reading *reading, const struct node *map)
{
    if (!config_is_name(map->key)) {
        reading_error(reading, map->key_place, "\"%s\" " NAME_RULE, map->key);
        return NULL;
    }
    for (struct pipeline_item *item = reading->pipelines; item; item = item->next)
        if (strcmp(item->pipeline.name, map->key) == 0) {
            reading_error(reading, map->key_place,
                          "there is a pipeline \"%s\" already, in %s, line %u", map->key,
                          item->pipeline.place.file, item->pipeline.place.line);
            return NULL;
        }
    struct pipeline_item *item = memory_alloc(reading->options.memory, sizeof(*item));
    item->pipeline.name = memory_text(reading->options.memory, weir_str_of(map->key));
    item->pipeline.place = map->key_place;
    if (reading->last_pipeline)
        reading->last_pipeline->next = item;
    else
        reading->pipelines = item;
    reading->last_pipeline = item;
    reading->pipeline_count++;
    return item;
}

void pipelines_read(struct reading *reading, const struct node *map)
{
    if (node_is_empty(map))
        return;
    if (map->kind != NODE_MAP) {
        reading_error(reading, map->place,
                      "\"pipelines\" must be a map of names to pipelines, not %s",
                      node_describe(map));
        return;
    }
    for (const struct node *child = map->first; child; child = child->next) {
        if (reading->pipeline_count == CONFIG_PIPELINES_MAX) {
            reading_error(reading, child->key_place, "more than %d pipelines",
                          CONFIG_PIPELINES_MAX);
            return;
        }
        struct pipeline_item *item = add_pipeline(reading, child);
        if (!item)
            continue;
        if (child->kind == NODE_MAP)
            read_pipeline(reading, child, item);
        else
            reading_error(reading, child->place,
                          "pipeline \"%s\" must be a map with \"inputs\" and \"outputs\", not %s",
                          child->key, node_describe(child));
    }
}

void pipelines_finish(struct reading *reading, struct config_place place)
{
    struct config *config = reading->config;
    bool good = reading->service_is_good;
    config->pipelines = memory_alloc(reading->options.memory,
                                     (reading->pipeline_count + 1) * sizeof(config->pipelines[0]));
    for (struct pipeline_item *item = reading->pipelines; item; item = item->next) {
        config->pipelines[config->pipeline_count++] = item->pipeline;
        good &= item->buffer_is_good;
    }
    if (!config->pipeline_count)
        reading_error(reading, place,
                      "there is no pipeline: \"pipelines\" needs at least one, with inputs and "
                      "outputs");
    else if (good)
        shares_deal(reading);
}
