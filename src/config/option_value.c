/* SPDX-License-Identifier: Apache-2.0 */
/* Options that are more than one value: lists, maps of values, templates, codecs. */
#include "config/option_value.h"

#include <stdlib.h>

#include "config/kind.h"

static bool say_empty_item(const struct option_at *at, const struct node *node)
{
    return option_say(at, node->place, "has an item without a value; write \"\" for an empty text");
}

bool option_set_texts(const struct option_at *at, const struct node *node, void *field)
{
    char found[OPTION_FOUND_MAX];
    struct weir_texts *texts = field;
    if (node->kind == NODE_MAP) {
        option_found(at, node, found);
        return option_say(at, node->place, "must be a text or a list of texts%s", found);
    }
    const struct node *item = node->kind == NODE_LIST ? node->first : node;
    size_t count = node->kind == NODE_LIST ? node->count : 1;
    if (!count && at->row->required)
        return option_say(at, node->place, "needs at least one item");
    char **items = memory_alloc(at->reader->memory, (count + 1) * sizeof(char *));
    bool good = true;
    for (size_t i = 0; i < count; i++, item = item->next) {
        if (item->bad) {
            good = false;
        } else if (item->kind != NODE_SCALAR) {
            option_found(at, item, found);
            good = option_say(at, item->place, "must hold texts%s", found);
        } else if (node_is_empty(item)) {
            good = say_empty_item(at, item);
        } else {
            items[i] = memory_text(at->reader->memory, item->text);
        }
    }
    if (good)
        *texts = (struct weir_texts){ items, count };
    return good;
}

bool option_set_pairs(const struct option_at *at, const struct node *node, void *field)
{
    char found[OPTION_FOUND_MAX];
    struct memory *memory = at->reader->memory;
    struct weir_pairs *pairs = field;
    if (node->kind != NODE_MAP) {
        option_found(at, node, found);
        return option_say(at, node->place, "must be a map of names to values%s", found);
    }
    if (!node->count && at->row->required)
        return option_say(at, node->place, "needs at least one entry");
    struct weir_pair *items = memory_alloc(memory, (node->count + 1) * sizeof(*items));
    size_t count = 0;
    bool good = true;
    for (const struct node *child = node->first; child; child = child->next) {
        if (child->bad) {
            good = false;
        } else if (child->kind != NODE_SCALAR) {
            good = option_say(at, child->place, "must hold plain values, but \"%s\" is %s",
                              child->key, node_describe(child));
        } else {
            struct weir_str value = node_is_empty(child) ? WEIR_STR("null") : child->text;
            items[count++] = (struct weir_pair){ memory_text(memory, weir_str_of(child->key)),
                                                 memory_text(memory, value), child->quoted };
        }
    }
    if (good)
        *pairs = (struct weir_pairs){ items, count };
    return good;
}

static void end_template(void *arg, void *object)
{
    const struct config_hooks *hooks = arg;
    hooks->template_free(object);
}

bool option_set_template(const struct option_at *at, const struct node *node, void *field)
{
    char found[OPTION_FOUND_MAX];
    const struct options_reader *reader = at->reader;
    if (node->kind != NODE_SCALAR) {
        option_found(at, node, found);
        return option_say(at, node->place, "must be a text%s", found);
    }
    struct weir_error err = { 0 };
    size_t offset = 0;
    struct weir_template *tpl =
        reader->hooks->template_new(memory_text(reader->memory, node->text), &err, &offset);
    if (!tpl)
        return option_say(at, node_place_of(node, offset), "is no template: %s",
                          node->secret ? "its text is secret" : err.text);
    memory_own(reader->memory, end_template, (void *)(uintptr_t)reader->hooks, tpl);
    *(struct weir_template **)field = tpl;
    return true;
}

static void end_encoder(void *arg, void *object)
{
    const struct config_hooks *hooks = arg;
    hooks->encoder_free(object);
}

/* The state is from malloc, since the encoder will own it. */
static void *codec_state_new(const struct option_at *at, const struct weir_plugin *codec,
                             const struct node *map, struct config_place place)
{
    static const struct weir_option type_row[] = {
        { .name = "type", .type = WEIR_TEXT, .required = true },
        { 0 },
    };
    char *type = NULL;
    void *state = calloc(1, codec->state_size ? codec->state_size : 1);
    if (!state) {
        option_say(at, place, "finds no memory for its codec");
        return NULL;
    }
    const struct options_section section = {
        .what = memory_format(at->reader->memory, "codec \"%s\" of %s", codec->name, at->what),
        .table = codec->options,
        .state = state,
        .more = map ? type_row : NULL,
        .more_state = &type,
    };
    if (options_fill(at->reader, &section, map, place) &&
        options_check(at->reader, codec, section.what, map, place, state))
        return state;
    free(state);
    return NULL;
}

/* Codecs that are not as all others are only for outputs that know it. */
static bool takes_codec(const struct option_at *at, const struct weir_plugin *codec,
                        struct config_place place)
{
    const unsigned wants = codec->codec.flags & ~at->row->takes;
    if (wants & WEIR_CODEC_BINARY)
        return option_say(at, place,
                          "cannot be \"%s\": its records have no end by which they could be told "
                          "apart here",
                          codec->name);
    if (wants & WEIR_CODEC_SCHEMA)
        return option_say(at, place, "cannot be \"%s\": there is no schema for it here",
                          codec->name);
    return true;
}

bool option_set_codec(const struct option_at *at, const struct node *node, void *field)
{
    const struct options_reader *reader = at->reader;
    const struct node *map = node->kind == NODE_MAP ? node : NULL;
    const struct node *type = map ? node_find(map, WEIR_STR("type")) : node;
    if (map && !type)
        return option_say(at, node->place, "names no codec: add \"type\"");
    if (type->bad)
        return false;
    if (type->kind != NODE_SCALAR || node_is_empty(type)) {
        char found[OPTION_FOUND_MAX];
        option_found(at, type, found);
        return option_say(at, type->place, "must be a codec's name, or a map with its \"type\"%s",
                          found);
    }
    const struct weir_plugin *codec =
        kind_find_plugin(WEIR_CODEC_PLUGIN, type, reader->hooks, reader->diag);
    if (codec && !takes_codec(at, codec, type->place))
        return false;
    void *state = codec ? codec_state_new(at, codec, map, node->place) : NULL;
    if (!state)
        return false;
    struct weir_encoder *encoder = reader->hooks->encoder_new(codec, state);
    if (!encoder)
        return option_say(at, node->place, "cannot start its codec \"%s\"", codec->name);
    memory_own(reader->memory, end_encoder, (void *)(uintptr_t)reader->hooks, encoder);
    *(struct weir_encoder **)field = encoder;
    return true;
}
