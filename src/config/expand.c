/* SPDX-License-Identifier: Apache-2.0 */
/* Values from outside: the environment, and files that hold secrets.
 *
 * It happens after the YAML was read, scalar by scalar, and what comes in is never read as YAML: a
 * variable that holds `a: b` is the text `a: b` (CFG-07). Keys are not expanded.
 *
 * A `$` that is followed by neither `{` nor `$` is a dollar: regular expressions are full of them. A `$$`
 * is one dollar, so that `$${field}` in a template, or `$${name}` anywhere, comes out as `${...}`.
 *
 * An expansion may stand in a default or in a file's path (`${file:${CREDENTIALS_DIRECTORY}/token}`), three
 * deep; a value that was put in is never expanded again. */
#include "config/expand.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "config/source.h"

#define NESTED_MAX 3
#define EXPANDED_BYTES_MAX ((size_t)256 * 1024)

struct expander {
    struct memory *memory;
    struct diagnostics *diag;
    struct node *node;
    bool sealed;
    struct weir_str text;
    size_t at;
    unsigned depth;
    bool failed, changed, secret;
    bool stopped; /* the rest of the text is not looked at */
};

/* What an expansion has made so far; grows within the memory. */
struct made {
    char *data;
    size_t len, room;
};

#define say(x, at, ...)                                                                            \
    do {                                                                                           \
        struct config_place place_ = node_place_of((x)->node, at);                                 \
        if (!(x)->stopped)                                                                         \
            diagnostics_add((x)->diag, DIAGNOSTIC_ERROR, place_.file, place_.line, place_.column,  \
                            __VA_ARGS__);                                                          \
        (x)->failed = true;                                                                        \
    } while (0)

static void add(struct expander *x, struct made *made, const char *data, size_t len)
{
    if (made->len + len > EXPANDED_BYTES_MAX) {
        say(x, 0, "longer than %zu KiB when it is expanded", EXPANDED_BYTES_MAX / 1024);
        x->at = x->text.len;
        x->stopped = true;
        return;
    }
    if (made->len + len > made->room) {
        made->room = 2 * (made->len + len);
        char *grown = memory_alloc(x->memory, made->room);
        if (made->len)
            memcpy(grown, made->data, made->len);
        made->data = grown;
    }
    if (len)
        memcpy(made->data + made->len, data, len);
    made->len += len;
}

static bool take(struct expander *x, const char *literal)
{
    size_t len = strlen(literal);
    if (x->text.len - x->at < len || memcmp(x->text.ptr + x->at, literal, len) != 0)
        return false;
    x->at += len;
    return true;
}

static bool is_name(char c, bool first)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

static struct weir_str take_name(struct expander *x)
{
    size_t from = x->at;
    while (x->at < x->text.len && is_name(x->text.ptr[x->at], x->at == from))
        x->at++;
    return (struct weir_str){ x->text.ptr + from, x->at - from };
}

static void expand_text(struct expander *x, struct made *made, bool wanted);

/* A file's text: bounded, UTF-8, without the line break that an editor leaves at its end. Its bytes are
 * never quoted in a message. */
static void add_file(struct expander *x, struct made *made, const char *path, size_t from)
{
    struct weir_str text;
    struct weir_error err = { 0 };
    if (x->sealed) {
        say(x, from, "files cannot be read here");
        return;
    }
    if (path[0] != '/') {
        say(x, from, "${file:%s} must name an absolute path", path);
        return;
    }
    x->secret = true;
    if (source_read(x->memory, path, EXPAND_FILE_BYTES_MAX, false, &text, NULL, &err) < 0) {
        say(x, from, "%s", err.text);
        return;
    }
    if (text.len && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (text.len && text.ptr[text.len - 1] == '\r')
        text.len--;
    if (memchr(text.ptr, '\0', text.len) || utf8_valid_prefix(text.ptr, text.len) != text.len) {
        say(x, from, "\"%s\" does not hold UTF-8 text", path);
        return;
    }
    add(x, made, text.ptr, text.len);
}

/* After "${file:". */
static void expand_file(struct expander *x, struct made *made, size_t from, bool wanted)
{
    struct made path = { 0 };
    bool failed = x->failed;
    x->failed = false;
    expand_text(x, &path, wanted);
    if (!take(x, "}"))
        say(x, from, "\"${file:\" has no closing \"}\"");
    else if (wanted && !x->failed)
        add_file(x, made, memory_text(x->memory, (struct weir_str){ path.data, path.len }), from);
    x->failed |= failed;
}

static void add_variable(struct expander *x, struct made *made, const char *name, const char *value,
                         size_t from)
{
    size_t len = strlen(value);
    if (utf8_valid_prefix(value, len) != len)
        say(x, from, "the variable %s does not hold UTF-8 text", name);
    else
        add(x, made, value, len);
}

/* What stands at `from` up to the next "}" is no expansion. */
static void refuse_name(struct expander *x, size_t from)
{
    const char *begin = x->text.ptr + from;
    const char *end = memchr(begin, '}', x->text.len - from);
    x->at = end ? (size_t)(end + 1 - x->text.ptr) : x->text.len;
    int len = (int)(x->text.ptr + x->at - begin);
    if (end)
        say(x, from,
            "\"%.*s\" names no variable of the environment; for a record's field write "
            "\"$%.*s\"",
            len, begin, len, begin);
    else
        say(x, from, "\"${\" has no closing \"}\"; write \"$${\" for the text \"${\"");
}

/* After "${". */
static void expand_variable(struct expander *x, struct made *made, size_t from, bool wanted)
{
    struct weir_str name = take_name(x);
    char *copy = memory_text(x->memory, name);
    const char *value = x->sealed ? NULL : getenv(copy);
    if (name.len && take(x, ":-")) {
        bool set = value && *value;
        expand_text(x, made, wanted && !set);
        if (set && wanted)
            add_variable(x, made, copy, value, from);
        if (!take(x, "}"))
            say(x, from, "\"${%s:-\" has no closing \"}\"", copy);
        return;
    }
    if (!name.len || !take(x, "}")) {
        refuse_name(x, from);
        return;
    }
    if (!wanted)
        return;
    if (!value)
        say(x, from,
            "the variable %s is not set: set it, or give a default, \"${%s:-...}\"; for a record's "
            "field write \"$${%s}\"",
            copy, copy, copy);
    else
        add_variable(x, made, copy, value, from);
}

/* Up to the end, or, inside of an expansion, to the "}" that ends it. What is not `wanted` (the default of
 * a variable that is set) is gone over and has no effect. */
static void expand_text(struct expander *x, struct made *made, bool wanted)
{
    while (x->at < x->text.len) {
        size_t from = x->at;
        if (x->depth && x->text.ptr[from] == '}')
            return;
        if (take(x, "$$")) {
            x->changed = true;
            if (wanted)
                add(x, made, "$", 1);
        } else if (take(x, "${")) {
            x->changed = true;
            if (x->depth == NESTED_MAX) {
                say(x, from, "expansions can be nested %d deep", NESTED_MAX);
                x->at = x->text.len;
                x->stopped = true;
                return;
            }
            x->depth++;
            if (take(x, "file:"))
                expand_file(x, made, from, wanted);
            else
                expand_variable(x, made, from, wanted);
            x->depth--;
        } else {
            x->at++;
            if (wanted)
                add(x, made, x->text.ptr + from, 1);
        }
    }
}

static void expand_scalar(struct memory *memory, struct node *node, bool sealed,
                          struct diagnostics *diag)
{
    if (!memchr(node->text.ptr, '$', node->text.len))
        return;
    struct expander x = {
        .memory = memory, .diag = diag, .node = node, .sealed = sealed, .text = node->text
    };
    struct made made = { 0 };
    expand_text(&x, &made, true);
    node->secret = x.secret;
    node->bad = x.failed;
    if (!x.changed)
        return;
    node->text = (struct weir_str){ memory_text(memory, (struct weir_str){ made.data, made.len }),
                                    made.len };
    node->text_column = 0;
}

void expand_tree(struct memory *memory, struct node *root, bool sealed, struct diagnostics *diag)
{
    if (root->kind == NODE_SCALAR)
        expand_scalar(memory, root, sealed, diag);
    for (struct node *child = root->first; child; child = child->next)
        expand_tree(memory, child, sealed, diag);
}
