/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of plugins by name, and plugins by kind and name. Which plugins there are is known further
 * up; the hooks say. */
#include "config/kind.h"

#include "config/suggest.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    enum weir_kind kind;
    const char *name, *plural, *with_article;
} kinds[] = {
    { WEIR_INPUT, "input", "inputs", "an input" },
    { WEIR_FILTER, "filter", "filters", "a filter" },
    { WEIR_OUTPUT, "output", "outputs", "an output" },
    { WEIR_CODEC_PLUGIN, "codec", "codecs", "a codec" },
};

const char *kind_name(enum weir_kind kind)
{
    return kinds[kind - WEIR_INPUT].name;
}

const char *kind_plural(enum weir_kind kind)
{
    return kinds[kind - WEIR_INPUT].plural;
}

enum weir_kind kind_of(struct weir_str name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (weir_str_eq(name, weir_str_of(kinds[i].name)) ||
            weir_str_eq(name, weir_str_of(kinds[i].plural)))
            return kinds[i].kind;
    return 0;
}

static bool is_named(const struct config_hooks *hooks, enum weir_kind kind, const char *name)
{
    const char *other;
    for (size_t i = 0; (other = hooks->list_names(hooks->arg, kind, i)); i++)
        if (strcmp(other, name) == 0)
            return true;
    return false;
}

const struct weir_plugin *kind_find_plugin(enum weir_kind kind, const struct node *type,
                                           const struct config_hooks *hooks,
                                           struct diagnostics *diag)
{
    const struct config_place place = type->place;
    const char *name = type->text.ptr;
    if (type->secret) {
        diagnostics_add(diag, DIAGNOSTIC_ERROR, place.file, place.line, place.column,
                        "the name of %s cannot come from a file",
                        kinds[kind - WEIR_INPUT].with_article);
        return NULL;
    }
    struct weir_error err = { 0 };
    const struct weir_plugin *plugin = hooks->find_plugin(hooks->arg, kind, name, &err);
    if (plugin)
        return plugin;
    if (err.code) {
        diagnostics_add(diag, DIAGNOSTIC_ERROR, place.file, place.line, place.column,
                        "%s \"%s\" cannot be used: %s", kind_name(kind), name, err.text);
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (is_named(hooks, kinds[i].kind, name)) {
            diagnostics_add(diag, DIAGNOSTIC_ERROR, place.file, place.line, place.column,
                            "\"%s\" is %s, not %s", name, kinds[i].with_article,
                            kinds[kind - WEIR_INPUT].with_article);
            return NULL;
        }
    struct suggestion near = { .word = name };
    const char *other;
    for (size_t i = 0; (other = hooks->list_names(hooks->arg, kind, i)); i++)
        suggestion_offer(&near, other);
    char advice[SUGGESTION_TEXT_MAX];
    suggestion_print(&near, advice);
    diagnostics_add(diag, DIAGNOSTIC_ERROR, place.file, place.line, place.column,
                    "unknown %s \"%s\"%s", kind_name(kind), name, advice);
    return NULL;
}
