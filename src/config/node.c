/* SPDX-License-Identifier: Apache-2.0 */
/* The tree between YAML and its meaning. A scalar is text and nothing else: whether `8080` is a number
 * and `no` a word is for the option that takes it to say, so none of YAML's guesses can be wrong. */
#include "config/node.h"

#include <assert.h>

const struct node *node_find(const struct node *map, struct weir_str key)
{
    assert(map->kind == NODE_MAP);
    for (const struct node *node = map->first; node; node = node->next)
        if (weir_str_eq(weir_str_of(node->key), key))
            return node;
    return NULL;
}

bool node_is_empty(const struct node *node)
{
    return node->kind == NODE_SCALAR && !node->quoted &&
           (node->source.len == 0 || weir_str_eq(node->source, WEIR_STR("~")));
}

const char *node_describe(const struct node *node)
{
    if (node_is_empty(node))
        return "nothing";
    switch (node->kind) {
    case NODE_SCALAR: return "a text";
    case NODE_LIST: return "a list";
    case NODE_MAP: break;
    }
    return "a map";
}

struct config_place node_place_of(const struct node *scalar, size_t offset)
{
    struct config_place place = scalar->place;
    if (!scalar->text_column)
        return place;
    place.column = scalar->text_column;
    for (size_t i = 0; i < offset && i < scalar->text.len; i++)
        place.column += ((unsigned char)scalar->text.ptr[i] & 0xc0) != 0x80; /* characters */
    return place;
}
