/* SPDX-License-Identifier: Apache-2.0 */
/* YAML events to a tree, with less of YAML than there is.
 *
 *     text --libyaml--> events --here--> nodes with file, line and column
 *
 * libyaml is asked for events one by one, never for a document, so that each limit holds before the next
 * piece is looked at: depth (a text of brackets only is quadratic work for libyaml), number of nodes, one
 * document. What makes a file say something else than a reader sees is refused: anchors and aliases (an
 * alias may stand for a billion nodes, or for a value three pages above), merge keys, tags, a key given
 * twice. What a scalar means is not guessed; only whether it stood in quotes is kept.
 *
 * A scanner's error ends the reading. All others are collected, but there is no tree then. */
#include "config/yaml.h"

#include <assert.h>
#include <stdlib.h>

#include "config/yaml_words.h"

struct reader {
    yaml_parser_t parser;
    struct memory *memory;
    const char *file;
    struct weir_str text;
    struct diagnostics *diag;
    size_t nodes, errors_before;
    bool broken; /* nothing more can be read */
};

static struct config_place place_of(const struct reader *reader, yaml_mark_t mark)
{
    return (struct config_place){ reader->file, (unsigned)mark.line + 1,
                                  (unsigned)mark.column + 1 };
}

#define say(reader, place, ...)                                                                    \
    diagnostics_add((reader)->diag, DIAGNOSTIC_ERROR, (place).file, (place).line, (place).column,  \
                    __VA_ARGS__)

/* The next event; false, with the reason said, when there is none. */
static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (reader->broken)
        return false;
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    reader->broken = true;
    yaml_mark_t mark;
    const char *text = yaml_words(&reader->parser, reader->text, &mark);
    say(reader, place_of(reader, mark), "%s", text);
    return false;
}

static void event_free(yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        explicit_bzero(event->data.scalar.value, event->data.scalar.length);
    yaml_event_delete(event);
}

static struct node *node_new(struct reader *reader, enum node_kind kind, yaml_mark_t mark)
{
    struct config_place place = place_of(reader, mark);
    if (++reader->nodes > YAML_NODES_MAX) {
        say(reader, place, "more than %d keys and values in one file", YAML_NODES_MAX);
        reader->broken = true;
        return NULL;
    }
    struct node *node = memory_alloc(reader->memory, sizeof(*node));
    node->kind = kind;
    node->place = place;
    return node;
}

static void refuse_properties(struct reader *reader, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    struct config_place place = place_of(reader, event->start_mark);
    if (anchor)
        say(reader, place,
            "anchors (\"&%s\") are not supported: write the value out, or use ${VARIABLE}", anchor);
    if (tag)
        say(reader, place,
            "tags (\"!...\") are not supported: leave it out; what a value is follows "
            "from its key");
}

/* The column at which the text begins, if it stands in the file as it came out. */
static unsigned text_column(const yaml_event_t *event)
{
    const yaml_mark_t start = event->start_mark, end = event->end_mark;
    size_t quotes = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? 0 : 2;
    size_t chars = 0;
    for (size_t i = 0; i < event->data.scalar.length; i++)
        chars += (event->data.scalar.value[i] & 0xc0) != 0x80;
    if (start.line != end.line || end.index - start.index != chars + quotes)
        return 0;
    return (unsigned)start.column + 1 + (quotes ? 1 : 0);
}

static struct node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct node *node = node_new(reader, NODE_SCALAR, event->start_mark);
    if (!node)
        return NULL;
    struct weir_str text = { (const char *)event->data.scalar.value, event->data.scalar.length };
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = (struct weir_str){ memory_text(reader->memory, text), text.len };
    node->source = node->text;
    node->text_column = text_column(event);
    if (memchr(text.ptr, '\0', text.len))
        say(reader, node->place, "a text cannot hold a NUL character");
    return node;
}

static struct node *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth);

static void append(struct node *parent, struct node *child, struct node **last)
{
    if (*last)
        (*last)->next = child;
    else
        parent->first = child;
    *last = child;
    parent->count++;
}

static struct node *read_list(struct reader *reader, yaml_mark_t mark, unsigned depth)
{
    struct node *list = node_new(reader, NODE_LIST, mark), *last = NULL;
    yaml_event_t event;
    while (list && next_event(reader, &event)) {
        struct node *item = NULL;
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        if (!end)
            item = read_node(reader, &event, depth);
        event_free(&event);
        if (end)
            return list;
        if (item)
            append(list, item, &last);
    }
    return NULL;
}

/* A map's key goes into its value's node. Returns NULL, with the reason said, for what is no key. */
static const char *read_key(struct reader *reader, const yaml_event_t *event)
{
    struct config_place place = place_of(reader, event->start_mark);
    if (event->type != YAML_SCALAR_EVENT) {
        say(reader, place, "a key must be a text");
        reader->broken = true;
        return NULL;
    }
    const struct node *key = read_scalar(reader, event);
    refuse_properties(reader, event);
    if (!key)
        return NULL;
    if (!key->quoted && weir_str_eq(key->text, WEIR_STR("<<"))) {
        say(reader, place, "merge keys (\"<<\") are not supported: write the keys out");
        return NULL;
    }
    if (key->text.len == 0) {
        say(reader, place, "a key is missing before \":\"");
        return NULL;
    }
    return key->text.ptr;
}

static int compare_keys(const void *left, const void *right)
{
    const struct node *a = *(struct node *const *)left, *b = *(struct node *const *)right;
    int order = strcmp(a->key, b->key);
    if (order)
        return order;
    if (a->key_place.line != b->key_place.line)
        return a->key_place.line < b->key_place.line ? -1 : 1;
    return a->key_place.column < b->key_place.column ? -1 : 1;
}

static void refuse_repeated_keys(struct reader *reader, const struct node *map)
{
    if (map->count < 2)
        return;
    struct node **sorted = memory_alloc(reader->memory, map->count * sizeof(struct node *));
    size_t count = 0;
    for (struct node *child = map->first; child; child = child->next)
        sorted[count++] = child;
    assert(count == map->count);
    qsort(sorted, count, sizeof(struct node *), compare_keys);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(sorted[i]->key, sorted[first]->key) != 0) {
            first = i;
            continue;
        }
        say(reader, sorted[i]->key_place,
            "\"%s\" is given a second time; the first is in line %u, column %u", sorted[i]->key,
            sorted[first]->key_place.line, sorted[first]->key_place.column);
    }
}

static struct node *read_map(struct reader *reader, yaml_mark_t mark, unsigned depth)
{
    struct node *map = node_new(reader, NODE_MAP, mark), *last = NULL;
    yaml_event_t event;
    while (map && next_event(reader, &event)) {
        if (event.type == YAML_MAPPING_END_EVENT) {
            event_free(&event);
            refuse_repeated_keys(reader, map);
            return map;
        }
        struct config_place place = place_of(reader, event.start_mark);
        const char *key = read_key(reader, &event);
        event_free(&event);
        if (!next_event(reader, &event))
            return NULL;
        struct node *value = read_node(reader, &event, depth);
        event_free(&event);
        if (!key || !value)
            continue;
        value->key = key;
        value->key_place = place;
        append(map, value, &last);
    }
    return NULL;
}

/* NULL when it could not be read, which has been said then. */
static struct node *read_node(struct reader *reader, const yaml_event_t *event, unsigned depth)
{
    if (depth == YAML_DEPTH_MAX) {
        say(reader, place_of(reader, event->start_mark), "nested more than %d deep",
            YAML_DEPTH_MAX);
        reader->broken = true;
        return NULL;
    }
    refuse_properties(reader, event);
    switch (event->type) {
    case YAML_SCALAR_EVENT: return read_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT: return read_list(reader, event->start_mark, depth + 1);
    case YAML_MAPPING_START_EVENT: return read_map(reader, event->start_mark, depth + 1);
    default: break;
    }
    assert(event->type == YAML_ALIAS_EVENT);
    say(reader, place_of(reader, event->start_mark),
        "aliases (\"*%s\") are not supported: write the value out; a value that begins with \"*\" "
        "must be in quotes",
        event->data.alias.anchor);
    return NULL;
}

/* One document between the stream's and the document's own events. */
static struct node *read_stream(struct reader *reader)
{
    struct node *root = NULL;
    yaml_event_t event;
    bool end = false;
    while (!end && next_event(reader, &event)) {
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: break;
        case YAML_DOCUMENT_START_EVENT:
            if (root) {
                say(reader, place_of(reader, event.start_mark),
                    "a second document begins here; a file holds one");
                reader->broken = true;
            }
            break;
        case YAML_STREAM_END_EVENT: end = true; break;
        default: root = read_node(reader, &event, 0); break;
        }
        event_free(&event);
    }
    if (end && !root)
        root = node_new(reader, NODE_MAP, (yaml_mark_t){ 0 });
    return root;
}

/* libyaml frees its copies of the text as they are; this is most of them. */
static void wipe(yaml_parser_t *parser)
{
    explicit_bzero(parser->buffer.start, (size_t)(parser->buffer.end - parser->buffer.start));
    explicit_bzero(parser->raw_buffer.start,
                   (size_t)(parser->raw_buffer.end - parser->raw_buffer.start));
}

struct node *yaml_read(struct memory *memory, const char *file, struct weir_str text,
                       struct diagnostics *diag)
{
    struct reader reader = { .memory = memory,
                             .file = file,
                             .text = text,
                             .diag = diag,
                             .errors_before = diagnostics_errors(diag) };
    if (!yaml_parser_initialize(&reader.parser)) {
        diagnostics_add(diag, DIAGNOSTIC_ERROR, file, 0, 0, "out of memory");
        return NULL;
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text.ptr, text.len);
    struct node *root = read_stream(&reader);
    wipe(&reader.parser);
    yaml_parser_delete(&reader.parser);
    return diagnostics_errors(diag) == reader.errors_before ? root : NULL;
}
