/* SPDX-License-Identifier: Apache-2.0 */
#include "support/option_state.h"

#include <assert.h>
#include <stdlib.h>

static bool has_value_here(enum weir_type type)
{
    return type == WEIR_TEXT || type == WEIR_INT || type == WEIR_BOOL || type == WEIR_ENUM;
}

static void set(const struct weir_option *option, char *state, const char *value)
{
    char *at = state + option->offset;
    int choice = 0;
    switch (option->type) {
    case WEIR_TEXT: memcpy(at, &value, sizeof(value)); break;
    case WEIR_INT: *(int64_t *)(void *)at = strtoll(value, NULL, 10); break;
    case WEIR_BOOL: *(bool *)at = strcmp(value, "true") == 0; break;
    case WEIR_ENUM:
        while (option->choices[choice] && strcmp(option->choices[choice], value) != 0)
            choice++;
        assert(option->choices[choice]);
        *(int *)(void *)at = choice;
        break;
    default: assert(!"an option that this knows how to set");
    }
}

void *option_state_new(const struct weir_plugin *plugin)
{
    void *state = calloc(1, plugin->state_size);
    assert(state);
    for (const struct weir_option *option = plugin->options; option && option->name; option++)
        if (option->def && has_value_here(option->type))
            set(option, state, option->def);
    return state;
}

void option_state_set(const struct weir_plugin *plugin, void *state, const char *name,
                      const char *value)
{
    const struct weir_option *option = plugin->options;
    while (option->name && strcmp(option->name, name) != 0)
        option++;
    assert(option->name);
    set(option, state, value);
}
