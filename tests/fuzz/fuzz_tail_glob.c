/* SPDX-License-Identifier: Apache-2.0 */
/* A pattern, a NUL, and a path: the matcher against the plain one. */
#include <assert.h>
#include <stdlib.h>

#include "plugins/inputs/tail/glob.h"
#include "tests/unit/plugins/inputs/tail/glob_plainly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The plain matcher takes every way there is; with many stars they are too many. */
#define STARS_MAX 4

static bool is_simple(const char *pattern)
{
    size_t stars = 0;
    for (const char *at = pattern; *at; at++)
        stars += *at == '*';
    return stars <= STARS_MAX;
}

/* As paths come from directories: no empty component, and none that is ".". */
static bool is_path(const char *path)
{
    const size_t len = strlen(path);
    return len && path[len - 1] != '/' && !strstr(path, "//") && !strstr(path, "/./") &&
           strncmp(path, "./", 2) != 0 && strcmp(path, ".") != 0 &&
           !(len > 1 && strcmp(path + len - 2, "/.") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 2);
    const char *why;
    memcpy(text, data, size);
    text[size] = text[size + 1] = '\0';
    const char *path = text + strlen(text) + 1;
    struct tail_glob *glob = tail_glob_new(text, &why);
    if (glob) {
        const struct weir_str whole = { path, strlen(path) };
        const bool matches = tail_glob_matches(glob, whole);
        const bool may_hold = tail_glob_may_hold(glob, whole);
        tail_glob_may_list(glob, whole);
        assert(strlen(tail_glob_root(glob)) <= strlen(text) + 1);
        if (!tail_glob_is_name(glob) && is_path(path) && is_simple(text)) {
            assert(matches == plain_path(text, path, false));
            assert(may_hold || !plain_path(text, path, true));
        }
        tail_glob_free(glob);
    }
    free(text);
    return 0;
}
