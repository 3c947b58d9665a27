/* SPDX-License-Identifier: Apache-2.0 */
/* The one reader of option tables. A row is the whole truth about its key, so there is nothing to be read
 * by hand anywhere else: not for plugins, not for `service:` and `buffer:`, which have tables too.
 *
 * First the map's keys are looked up in the tables (unknown ones are told, with the nearest name), then the
 * tables' rows in the map (missing ones get their default, or are told when required). A default is read by
 * the same code as a value. Reading goes on after a mistake; what is wrong stays as it was, zeroed. */
#include "config/options.h"

#include "config/option_value.h"
#include "config/suggest.h"
#include "config/yaml.h"

/* A map's two tables, and where in the section's groups they are. */
struct scope {
    const struct options_reader *reader;
    const char *what;
    const char *prefix; /* "tls." within the group `tls`; or "" */
    const struct weir_option *tables[2];
    char *states[2];
    const struct options_refusal *refused;
    bool absent; /* a group that is not there: nothing in it is missing */
};

static bool fill_map(const struct scope *scope, const struct node *map, struct config_place place);

static const struct weir_option *find_row(const struct weir_option *table, const char *name)
{
    for (; table && table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static void say_unknown(const struct scope *scope, const struct node *child)
{
    struct suggestion near = { .word = child->key };
    for (size_t i = 0; i < 2; i++)
        for (const struct weir_option *row = scope->tables[i]; row && row->name; row++)
            suggestion_offer(&near, row->name);
    char advice[SUGGESTION_TEXT_MAX];
    suggestion_print(&near, advice);
    const struct config_place place = child->key_place;
    diagnostics_add(scope->reader->diag, DIAGNOSTIC_ERROR, place.file, place.line, place.column,
                    "unknown option \"%s%s\" of %s%s", scope->prefix, child->key, scope->what,
                    advice);
}

static const struct options_refusal *find_refusal(const struct scope *scope, const char *name)
{
    for (const struct options_refusal *row = scope->refused; row && row->key; row++)
        if (strcmp(row->key, name) == 0)
            return row;
    return NULL;
}

static bool refuse_unknown_keys(const struct scope *scope, const struct node *map)
{
    bool good = true;
    for (const struct node *child = map->first; child; child = child->next) {
        if (find_row(scope->tables[0], child->key) || find_row(scope->tables[1], child->key))
            continue;
        const struct options_refusal *refusal = find_refusal(scope, child->key);
        const struct config_place place = child->key_place;
        if (refusal)
            diagnostics_add(scope->reader->diag, DIAGNOSTIC_ERROR, place.file, place.line,
                            place.column, "option \"%s\" of %s: %s", child->key, scope->what,
                            refusal->why);
        else
            say_unknown(scope, child);
        good = false;
    }
    return good;
}

/* A group's rows fill the same state. A group that is absent has its defaults too. */
static bool fill_group(const struct scope *scope, const struct option_at *at,
                       const struct node *node, struct config_place place, char *state)
{
    if (node && node->kind != NODE_MAP) {
        char found[OPTION_FOUND_MAX];
        option_found(at, node, found);
        return option_say(at, node->place, "must be a map%s", found);
    }
    const struct scope inner = {
        .reader = scope->reader,
        .what = scope->what,
        .prefix = memory_format(scope->reader->memory, "%s.", at->name),
        .tables = { at->row->group },
        .states = { state },
        .absent = !node,
    };
    return fill_map(&inner, node, node ? node->place : place);
}

static bool set_value(const struct option_at *at, const struct node *node, char *state)
{
    void *field = state + at->row->offset;
    if (node->bad)
        return false;
    if (node_is_empty(node))
        return option_say(at, node->place,
                          "has no value: give one, or leave the key out (\"\" is an empty text)");
    switch (at->row->type) {
    case WEIR_TEXT:
    case WEIR_INT:
    case WEIR_NUMBER:
    case WEIR_BOOL:
    case WEIR_DURATION:
    case WEIR_SIZE:
    case WEIR_ENUM: return option_set_scalar(at, node, field);
    case WEIR_TEXT_LIST: return option_set_texts(at, node, field);
    case WEIR_PAIRS: return option_set_pairs(at, node, field);
    case WEIR_TEMPLATE: return option_set_template(at, node, field);
    case WEIR_CODEC: return option_set_codec(at, node, field);
    case WEIR_GROUP: break;
    }
    return false;
}

/* The node that a default would be, written there. */
static struct node *default_node(const struct scope *scope, const struct weir_option *row,
                                 struct config_place place)
{
    const struct options_reader *reader = scope->reader;
    struct weir_str text = weir_str_of(row->def);
    bool structured =
        text.len && (text.ptr[0] == '[' || text.ptr[0] == '{') &&
        (row->type == WEIR_TEXT_LIST || row->type == WEIR_PAIRS || row->type == WEIR_CODEC);
    if (structured)
        return yaml_read(reader->memory, place.file, text, reader->diag);
    struct node *node = memory_alloc(reader->memory, sizeof(*node));
    *node = (struct node){
        .kind = NODE_SCALAR, .quoted = true, .place = place, .text = text, .source = text
    };
    return node;
}

static bool fill_row(const struct scope *scope, const struct weir_option *row,
                     const struct node *map, struct config_place place, char *state)
{
    const struct option_at at = {
        .reader = scope->reader,
        .row = row,
        .name = scope->prefix[0]
                    ? memory_format(scope->reader->memory, "%s%s", scope->prefix, row->name)
                    : row->name,
        .what = scope->what,
    };
    const struct node *node = map ? node_find(map, weir_str_of(row->name)) : NULL;
    if (!node && row->required && !scope->absent)
        return option_say(&at, place, "is missing");
    if (row->type == WEIR_GROUP && (!node || !node_is_empty(node)))
        return fill_group(scope, &at, node, place, state);
    if (!node && !row->def)
        return true;
    if (!node)
        node = default_node(scope, row, place);
    return node && set_value(&at, node, state);
}

static bool fill_map(const struct scope *scope, const struct node *map, struct config_place place)
{
    bool good = !map || refuse_unknown_keys(scope, map);
    for (size_t i = 0; i < 2; i++)
        for (const struct weir_option *row = scope->tables[i]; row && row->name; row++)
            good &= fill_row(scope, row, map, place, scope->states[i]);
    return good;
}

bool options_fill(const struct options_reader *reader, const struct options_section *section,
                  const struct node *map, struct config_place place)
{
    const struct scope scope = {
        .reader = reader,
        .what = section->what,
        .prefix = "",
        .tables = { section->table, section->more },
        .states = { section->state, section->more_state },
        .refused = section->refused,
    };
    return fill_map(&scope, map, place);
}

/* The node of the option called `name`, dots between groups, or of the last group that the file has on the
 * way there; NULL when it has none. */
static const struct node *find_option(const struct node *map, const char *name)
{
    const struct node *found = NULL;
    while (map && map->kind == NODE_MAP && *name) {
        size_t len = strcspn(name, ".");
        map = node_find(map, (struct weir_str){ name, len });
        if (map)
            found = map;
        name += len + (name[len] == '.');
    }
    return found;
}

bool options_check(const struct options_reader *reader, const struct weir_plugin *plugin,
                   const char *what, const struct node *map, struct config_place place, void *state)
{
    struct weir_error err = { 0 };
    if (!plugin->check || plugin->check(state, &err) >= 0)
        return true;
    const struct node *node = find_option(map, err.option);
    const char *text = node && node->secret ? "this is refused; the value is secret" : err.text;
    if (node)
        place = node->place;
    if (err.option[0])
        diagnostics_add(reader->diag, DIAGNOSTIC_ERROR, place.file, place.line, place.column,
                        "option \"%s\" of %s: %s", err.option, what, text);
    else
        diagnostics_add(reader->diag, DIAGNOSTIC_ERROR, place.file, place.line, place.column,
                        "%s: %s", what, text);
    return false;
}

static size_t count_options(const struct node *map)
{
    size_t count = 0;
    for (const struct node *child = map->first; child; child = child->next)
        count += 1 + (child->kind == NODE_MAP ? count_options(child) : 0);
    return count;
}

static struct config_option_place *add_places(const struct options_reader *reader,
                                              const struct node *map, const char *prefix,
                                              struct config_option_place *at)
{
    for (const struct node *child = map->first; child; child = child->next) {
        const char *name = memory_format(reader->memory, "%s%s", prefix, child->key);
        *at++ = (struct config_option_place){ name, child->place };
        if (child->kind == NODE_MAP)
            at = add_places(reader, child, memory_format(reader->memory, "%s.", name), at);
    }
    return at;
}

struct config_option_place *options_places(const struct options_reader *reader,
                                           const struct node *map, size_t *ret_count)
{
    *ret_count = count_options(map);
    struct config_option_place *places =
        memory_alloc(reader->memory, (*ret_count + 1) * sizeof(*places));
    add_places(reader, map, "", places);
    return places;
}
