/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns are matched against whole paths, a component at a time, so that the walk through directories
 * keeps no state between levels: it asks of each directory whether anything below it may match, and of
 * each file whether its path does.
 *
 * Going back is bounded. Inside of a component it is enough to return to the last '*', among components to
 * the last `**`: whatever an earlier one could take up, the last can as well. So no pattern takes more
 * than length of pattern times length of path. */
#include "glob.h"

#include <assert.h>
#include <stdlib.h>

#define COMPONENTS_MAX 128
#define PATTERN_BYTES_MAX 4095

struct component {
    struct weir_str text;
    bool deep; /* "**" */
};

struct tail_glob {
    bool absolute, name_only;
    char *root;
    size_t count;
    struct component components[COMPONENTS_MAX];
    char text[]; /* what the components point into */
};

/* ---- one component --------------------------------------------------------------------------------- */

/* The byte after a set's ']', from the one after its '['; NULL when it does not end. */
static const char *set_end(const char *at, const char *end)
{
    if (at < end && (*at == '!' || *at == '^'))
        at++;
    if (at < end && *at == ']') /* the first one stands for itself */
        at++;
    for (; at < end; at++) {
        if (*at == ']')
            return at + 1;
        if (*at == '\\' && ++at == end)
            break;
    }
    return NULL;
}

static unsigned char set_byte(const char **at)
{
    if (**at == '\\')
        ++*at;
    return (unsigned char)*(*at)++;
}

/* Whether `byte` is in the set that begins after '[' and ends before `end`, its ']' included. */
static bool set_has(const char *at, const char *end, unsigned char byte)
{
    const bool inverse = *at == '!' || *at == '^';
    bool found = false;
    at += inverse;
    for (bool first = true; first || *at != ']'; first = false) {
        unsigned char low = set_byte(&at), high = low;
        if (at[0] == '-' && at[1] != ']') {
            at++;
            high = set_byte(&at);
        }
        found |= low <= byte && byte <= high;
        assert(at < end);
    }
    return found != inverse;
}

/* Matches one byte against the pattern at *at, which it moves on. */
static bool byte_matches(const char **at, const char *end, unsigned char byte)
{
    const char *from = *at;
    if (*from == '[') {
        *at = set_end(from + 1, end);
        return set_has(from + 1, *at, byte);
    }
    if (*from == '?') {
        *at = from + 1;
        return true;
    }
    return set_byte(at) == byte;
}

static bool component_matches(struct weir_str pattern, struct weir_str name)
{
    const char *at = pattern.ptr, *end = at + pattern.len;
    const char *byte = name.ptr, *last = byte + name.len;
    const char *star = NULL, *star_byte = NULL;
    if (*byte == '.' && !(*at == '.' || (*at == '\\' && at[1] == '.')))
        return false;
    while (byte < last) {
        if (at < end && *at == '*') {
            star = ++at;
            star_byte = byte;
            continue;
        }
        if (at < end && byte_matches(&at, end, (unsigned char)*byte)) {
            byte++;
            continue;
        }
        if (!star)
            return false;
        at = star;
        byte = ++star_byte;
    }
    while (at < end && *at == '*')
        at++;
    return at == end;
}

/* ---- paths ------------------------------------------------------------------------------------------- */

/* Cuts the next component off *rest. False at the end. */
static bool next_component(struct weir_str *rest, struct weir_str *ret)
{
    while (rest->len && *rest->ptr == '/') {
        rest->ptr++;
        rest->len--;
    }
    if (!rest->len)
        return false;
    const char *slash = memchr(rest->ptr, '/', rest->len);
    ret->ptr = rest->ptr;
    ret->len = slash ? (size_t)(slash - rest->ptr) : rest->len;
    rest->ptr += ret->len;
    rest->len -= ret->len;
    return true;
}

/* Matches all components of `path`. Returns how many of the pattern's they took, -1 when they do not match;
 * *ret_deep: a `**` was passed, which could take up more. */
static int path_takes(const struct tail_glob *glob, struct weir_str path, bool *ret_deep)
{
    size_t at = 0, after_deep = 0;
    struct weir_str rest = path, name, deep_rest = { 0 };
    *ret_deep = false;
    for (;;) {
        while (at < glob->count && glob->components[at].deep) {
            after_deep = ++at;
            deep_rest = rest;
            *ret_deep = true;
        }
        if (!next_component(&rest, &name))
            return (int)at;
        if (at < glob->count && component_matches(glob->components[at].text, name)) {
            at++;
            continue;
        }
        /* Let the last `**` have one directory more. */
        if (!*ret_deep || !next_component(&deep_rest, &name) || *name.ptr == '.')
            return -1;
        at = after_deep;
        rest = deep_rest;
    }
}

bool tail_glob_matches(const struct tail_glob *glob, struct weir_str path)
{
    bool deep;
    if (glob->name_only) {
        const char *slash = memrchr(path.ptr, '/', path.len);
        const size_t skip = slash ? (size_t)(slash + 1 - path.ptr) : 0;
        path.ptr += skip;
        path.len -= skip;
    }
    if (!path.len)
        return false;
    /* A path that takes the whole pattern too early goes on through the last `**`: see path_takes(). */
    return path_takes(glob, path, &deep) == (int)glob->count;
}

bool tail_glob_may_hold(const struct tail_glob *glob, struct weir_str directory)
{
    bool deep;
    if (weir_str_eq(directory, WEIR_STR(".")))
        return !glob->absolute;
    int taken = path_takes(glob, directory, &deep);
    return taken >= 0 && (deep || (size_t)taken < glob->count);
}

bool tail_glob_may_list(const struct tail_glob *glob, struct weir_str directory)
{
    bool deep;
    if (weir_str_eq(directory, WEIR_STR(".")))
        return !glob->absolute && (glob->count == 1 || glob->components[0].deep);
    int taken = path_takes(glob, directory, &deep);
    return taken >= 0 && (deep || (size_t)taken + 1 == glob->count);
}

/* ---- compiling --------------------------------------------------------------------------------------- */

static bool is_literal(struct weir_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (memchr("*?[\\", text.ptr[i], 4))
            return false;
    return true;
}

static const char *check_component(struct weir_str text)
{
    const char *end = text.ptr + text.len;
    for (const char *at = text.ptr; at < end; at++) {
        if (*at == '\\') {
            if (++at == end)
                return "it has a '\\' with nothing after it";
        } else if (*at == '[') {
            at = set_end(at + 1, end);
            if (!at)
                return "it has a '[' without its ']'";
            at--;
        }
    }
    return NULL;
}

static const char *add_component(struct tail_glob *glob, struct weir_str text)
{
    if (weir_str_eq(text, WEIR_STR(".")))
        return NULL;
    if (glob->count + 2 > COMPONENTS_MAX)
        return "it has too many directories in it";
    struct component component = { text, weir_str_eq(text, WEIR_STR("**")) };
    if (component.deep && glob->count && glob->components[glob->count - 1].deep)
        return NULL;
    glob->components[glob->count++] = component;
    return component.deep ? NULL : check_component(text);
}

static bool set_root(struct tail_glob *glob)
{
    size_t len = 0;
    char *root = malloc(strlen(glob->text) + 2);
    if (!root)
        return false;
    for (size_t i = 0; i + 1 < glob->count && is_literal(glob->components[i].text); i++) {
        const struct weir_str text = glob->components[i].text;
        if (i || glob->absolute)
            root[len++] = '/';
        memcpy(root + len, text.ptr, text.len);
        len += text.len;
    }
    if (!len)
        root[len++] = glob->absolute ? '/' : '.';
    root[len] = '\0';
    glob->root = root;
    return true;
}

static bool names_directory(const char *pattern, size_t len)
{
    return (len > 0 && pattern[len - 1] == '/') ||
           (len > 1 && pattern[len - 1] == '.' && pattern[len - 2] == '/');
}

struct tail_glob *tail_glob_new(const char *pattern, const char **ret_why)
{
    const size_t len = strlen(pattern);
    *ret_why = "out of memory";
    struct tail_glob *glob = len <= PATTERN_BYTES_MAX ? calloc(1, sizeof(*glob) + len + 1) : NULL;
    if (!glob) {
        *ret_why = len > PATTERN_BYTES_MAX ? "it is longer than a path can be" : *ret_why;
        return NULL;
    }
    memcpy(glob->text, pattern, len + 1);
    glob->absolute = pattern[0] == '/';
    glob->name_only = !strchr(pattern, '/');
    struct weir_str rest = { glob->text, len }, text;
    const char *why = names_directory(pattern, len) ? "it names a directory, not files" : NULL;
    while (!why && next_component(&rest, &text))
        why = add_component(glob, text);
    if (!why && glob->count == 0)
        why = "it names no file";
    if (!why && glob->components[glob->count - 1].deep)
        why = add_component(glob, WEIR_STR("*"));
    if (!why && !set_root(glob))
        why = "out of memory";
    if (!why)
        return glob;
    *ret_why = why;
    return tail_glob_free(glob);
}

struct tail_glob *tail_glob_free(struct tail_glob *glob)
{
    if (glob)
        free(glob->root);
    free(glob);
    return NULL;
}

const char *tail_glob_root(const struct tail_glob *glob)
{
    return glob->root;
}

bool tail_glob_is_name(const struct tail_glob *glob)
{
    return glob->name_only;
}
