/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/config_hooks.h"

#include "record/condition.h"
#include "record/encoder.h"
#include "record/template.h"

static const struct weir_plugin *find_plugin(void *arg, enum weir_kind kind, const char *name,
                                             struct weir_error *err)
{
    return registry_find(arg, kind, name, err);
}

static const char *list_names(void *arg, enum weir_kind kind, size_t index)
{
    return registry_name_at(arg, kind, index);
}

static const struct weir_plugin *list_plugins(void *arg, enum weir_kind kind, size_t index)
{
    return registry_at(arg, kind, index);
}

static int load_plugins(void *arg, const char *dir, struct weir_error *err)
{
    return registry_load(arg, dir, err);
}

static void *make_condition(const char *text, struct weir_error *err, size_t *ret_offset)
{
    return condition_new(text, err, ret_offset);
}

static void free_condition(void *condition)
{
    condition_free(condition);
}

struct config_hooks config_hooks_of(struct registry *registry)
{
    return (struct config_hooks){
        .arg = registry,
        .find_plugin = find_plugin,
        .list_names = list_names,
        .list_plugins = list_plugins,
        .load_plugins = load_plugins,
        .condition_new = make_condition,
        .condition_free = free_condition,
        .template_new = template_new,
        .template_free = template_free,
        .encoder_new = encoder_new,
        .encoder_free = encoder_free,
    };
}
