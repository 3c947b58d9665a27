/* SPDX-License-Identifier: Apache-2.0 */
/* `weir plugins`: what there is to build pipelines of, and every option of it. */
#include <errno.h>

#include "cli/commands.h"
#include "cli/reference.h"
#include "cli/table.h"
#include "config/describe.h"
#include "config/kind.h"
#include "config/suggest.h"
#include "pipeline/config_hooks.h"
#include "pipeline/descriptor.h"
#include "pipeline/modules.h"

#define FULL_NAME_MAX (DESCRIPTOR_NAME_MAX + sizeof("output/"))

static void print_full_name(enum weir_kind kind, const char *name, char ret_name[FULL_NAME_MAX])
{
    snprintf(ret_name, FULL_NAME_MAX, "%s/%s", kind_name(kind), name);
}

static int list(struct registry *registry)
{
    static const char *const heads[] = { "PLUGIN", "SUMMARY", "FROM", NULL };
    struct table *table = table_new(heads);
    for (enum weir_kind kind = WEIR_INPUT; kind <= WEIR_CODEC_PLUGIN; kind++) {
        const char *name;
        for (size_t i = 0; (name = registry_name_at(registry, kind, i)); i++) {
            char full[FULL_NAME_MAX];
            struct weir_error err;
            const struct weir_plugin *plugin = registry_find(registry, kind, name, &err);
            const char *file = registry_file(registry, kind, name);
            print_full_name(kind, name, full);
            table_text(table, full);
            table_text(table, plugin ? plugin->summary : err.text);
            table_text(table, file ? file : "built in");
        }
    }
    int r = table_print(table, 0, stdout);
    table_free(table);
    return r;
}

static enum command_status say_unknown(const struct command_line *line,
                                       const struct registry *registry)
{
    struct suggestion suggestion = { .word = line->args[0] };
    char names[64][FULL_NAME_MAX], advice[SUGGESTION_TEXT_MAX];
    size_t count = 0;
    suggestion_offer(&suggestion, "service");
    for (enum weir_kind kind = WEIR_INPUT; kind <= WEIR_CODEC_PLUGIN; kind++) {
        const char *name;
        for (size_t i = 0; count < 64 && (name = registry_name_at(registry, kind, i)); i++) {
            print_full_name(kind, name, names[count]);
            suggestion_offer(&suggestion, names[count++]);
        }
    }
    suggestion_print(&suggestion, advice);
    return command_misused(line->command, "no plugin \"%s\"%s", line->args[0], advice);
}

/* KIND/NAME; "service" names the tables that belong to no plugin. */
static enum command_status describe(const struct command_line *line, struct registry *registry,
                                    const struct config_hooks *hooks)
{
    struct weir_error err = { 0 };
    const char *word = line->args[0], *slash = strchr(word, '/');
    bool as_json = command_has(line, OPTION_JSON);
    if (strcmp(word, "service") == 0 && !as_json) {
        describe_file_text(stdout);
        return COMMAND_DONE;
    }
    enum weir_kind kind = slash ? kind_of((struct weir_str){ word, (size_t)(slash - word) }) : 0;
    const struct weir_plugin *plugin = kind ? registry_find(registry, kind, slash + 1, &err) : NULL;
    if (err.code) {
        command_error(line->command, "%s cannot be used: %s", word, err.text);
        return COMMAND_FAILED;
    }
    if (!plugin)
        return say_unknown(line, registry);
    if (as_json)
        describe_plugins_json(hooks, plugin, stdout);
    else
        describe_plugin_text(plugin, stdout);
    return COMMAND_DONE;
}

static enum command_status answer(const struct command_line *line, struct registry *registry)
{
    struct config_hooks hooks = config_hooks_of(registry);
    struct weir_error err = { 0 };
    int r = 0;
    if (command_has(line, OPTION_PLUGIN_PATH))
        r = registry_load(registry, line->values[OPTION_PLUGIN_PATH], &err);
    if (r == 0 && command_has(line, OPTION_MARKDOWN))
        r = reference_write(line->values[OPTION_MARKDOWN], &hooks, &err);
    else if (r == 0 && line->arg_count > 0)
        return describe(line, registry, &hooks);
    else if (r == 0 && command_has(line, OPTION_JSON))
        describe_plugins_json(&hooks, NULL, stdout);
    else if (r == 0 && list(registry) < 0)
        r = weir_error_set(&err, -ENOMEM, "out of memory");
    if (r == 0)
        return COMMAND_DONE;
    command_error(line->command, "%s", err.text);
    return COMMAND_FAILED;
}

static enum command_status run(const struct command_line *line)
{
    struct registry *registry = modules_registry();
    if (!registry) {
        command_error(line->command, "out of memory");
        return COMMAND_FAILED;
    }
    enum command_status status = answer(line, registry);
    registry_free(registry);
    return status;
}

const struct command cmd_plugins = {
    .name = "plugins",
    .args = "[KIND/NAME | service]",
    .summary = "List the plugins, or print every option of one.",
    .help =
        "KIND is input, filter, output or codec. `service` stands for the options that belong to no\n"
        "plugin: those of the agent, and of a pipeline's buffer.\n",
    .options = TAKES(OPTION_PLUGIN_PATH) | TAKES(OPTION_JSON) | TAKES(OPTION_MARKDOWN),
    .args_max = 1,
    .run = run,
};
