/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables for programs. Types have the names that plugins use for them, in lower case. */
#include <jansson.h>

#include "config/describe.h"
#include "config/kind.h"

static const char *type_name(enum weir_type type)
{
    switch (type) {
    case WEIR_TEXT: return "text";
    case WEIR_INT: return "int";
    case WEIR_NUMBER: return "number";
    case WEIR_BOOL: return "bool";
    case WEIR_DURATION: return "duration";
    case WEIR_SIZE: return "size";
    case WEIR_ENUM: return "enum";
    case WEIR_TEXT_LIST: return "text_list";
    case WEIR_PAIRS: return "pairs";
    case WEIR_GROUP: return "group";
    case WEIR_TEMPLATE: return "template";
    case WEIR_CODEC: break;
    }
    return "codec";
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

static json_t *table_json(const struct weir_option *table)
{
    json_t *array = json_array();
    for (const struct weir_option *row = table; row && row->name; row++) {
        json_t *object = json_object();
        set_text(object, "name", row->name);
        set_text(object, "type", type_name(row->type));
        set_text(object, "default", row->def);
        set_text(object, "min", row->min);
        set_text(object, "max", row->max);
        if (row->type == WEIR_ENUM) {
            json_t *choices = json_array();
            for (const char *const *choice = row->choices; *choice; choice++)
                json_array_append_new(choices, json_string(*choice));
            json_object_set_new(object, "choices", choices);
        }
        set_text(object, "unit", row->unit);
        set_text(object, "help", row->help);
        json_object_set_new(object, "required", json_boolean(row->required));
        json_object_set_new(object, "secret", json_boolean(row->secret));
        if (row->type == WEIR_GROUP)
            json_object_set_new(object, "options", table_json(row->group));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *plugin_json(const struct weir_plugin *plugin)
{
    json_t *object = json_object();
    set_text(object, "kind", kind_name(plugin->kind));
    set_text(object, "name", plugin->name);
    set_text(object, "summary", plugin->summary);
    json_object_set_new(object, "options", table_json(plugin->options));
    return object;
}

void describe_plugins_json(const struct config_hooks *hooks, const struct weir_plugin *only,
                           FILE *out)
{
    json_t *array = json_array();
    const struct weir_plugin *plugin;
    if (only)
        json_array_append_new(array, plugin_json(only));
    for (enum weir_kind kind = WEIR_INPUT; !only && kind <= WEIR_CODEC_PLUGIN; kind++)
        for (size_t i = 0; (plugin = hooks->list_plugins(hooks->arg, kind, i)); i++)
            json_array_append_new(array, plugin_json(plugin));
    json_dumpf(array, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(array);
}
