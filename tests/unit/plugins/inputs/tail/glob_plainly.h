/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TEST_GLOB_PLAINLY_H
#define WEIR_TEST_GLOB_PLAINLY_H

#include <weir/str.h>

/* What a pattern means, by recursion over everything that could be meant: slow, and plain. Both are paths
 * without empty components and "."; `end` is where the component ends. */

static bool plain_name(const char *pattern, const char *end, const char *name, const char *last,
                       bool first)
{
    if (pattern == end)
        return name == last;
    if (*pattern == '*') {
        if (first && name < last && *name == '.')
            return false;
        for (const char *at = name; at <= last; at++)
            if (plain_name(pattern + 1, end, at, last, false))
                return true;
        return false;
    }
    if (name == last)
        return false;
    if (*pattern == '?')
        return !(first && *name == '.') && plain_name(pattern + 1, end, name + 1, last, false);
    if (*pattern == '[') {
        const char *at = pattern + 1;
        const bool inverse = *at == '!' || *at == '^';
        at += inverse;
        bool found = false;
        for (const char *begin = at; at == begin || *at != ']';) {
            at += *at == '\\';
            unsigned char low = (unsigned char)*at++, high = low;
            if (*at == '-' && at[1] != ']') {
                at++;
                at += *at == '\\';
                high = (unsigned char)*at++;
            }
            found |= low <= (unsigned char)*name && (unsigned char)*name <= high;
        }
        return !(first && *name == '.') && found != inverse &&
               plain_name(at + 1, end, name + 1, last, false);
    }
    pattern += *pattern == '\\';
    return *pattern == *name && plain_name(pattern + 1, end, name + 1, last, false);
}

static const char *plain_end(const char *at)
{
    while (*at && *at != '/')
        at++;
    return at;
}

static const char *plain_skip(const char *at)
{
    while (*at == '/')
        at++;
    return at;
}

/* `below`: whether a path below `path` may match instead. */
static bool plain_path(const char *pattern, const char *path, bool below)
{
    pattern = plain_skip(pattern);
    path = plain_skip(path);
    const char *end = plain_end(pattern), *last = plain_end(path);
    if (end - pattern == 1 && *pattern == '.')
        return plain_path(end, path, below);
    const bool deep = end - pattern == 2 && memcmp(pattern, "**", 2) == 0;
    if (deep && !*plain_skip(end))
        /* at the end it stands for every file below */
        return plain_path("*", path, below) ||
               (*path && *path != '.' && plain_path(pattern, last, below)) || (below && !*path);
    if (deep)
        return plain_path(end, path, below) ||
               (*path && *path != '.' && plain_path(pattern, last, below));
    if (!*path)
        return below ? *pattern != '\0' : !*pattern;
    return *pattern && plain_name(pattern, end, path, last, true) && plain_path(end, last, below);
}

#endif
