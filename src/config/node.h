/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_NODE_H
#define WEIR_CONFIG_NODE_H

#include "config/config.h"

/* What stands in a configuration file, as a tree; what it means is not decided here. */
enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    bool quoted; /* a scalar in quotes, or a block of text: a string whatever it looks like */
    bool bad;    /* a scalar whose expansion failed, which has been said */
    bool secret; /* a scalar with text out of a file (${file:...}): never printed */
    struct config_place place;
    struct weir_str text;   /* of a scalar, after expansion; a NUL follows, none is inside */
    struct weir_str source; /* of a scalar, as it stood in the file */
    /* Where `text` begins, when the file holds it exactly so, on one line: then its bytes have places
     * of their own. Otherwise 0. */
    unsigned text_column;
    size_t count;       /* of a list's items, or a map's keys */
    struct node *first; /* of these */
    struct node *next;  /* the sibling */
    /* Of a map's children: */
    const char *key;
    struct config_place key_place;
};

/* The value of `key` in a map, or NULL. */
const struct node *node_find(const struct node *map, struct weir_str key);

/* A key was written without a value, or with "~". (`null` is a word: an output is called so.) */
bool node_is_empty(const struct node *node);

/* What a person would call it: "a list", "a map", "a text", "nothing". */
const char *node_describe(const struct node *node);

/* The place of byte `offset` of a scalar's text, or as near as is known. */
struct config_place node_place_of(const struct node *scalar, size_t offset);

#endif
