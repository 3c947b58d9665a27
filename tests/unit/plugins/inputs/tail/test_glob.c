/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/tail/glob.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "glob_plainly.h"
#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct tail_glob *make(const char *pattern)
{
    const char *why = NULL;
    struct tail_glob *glob = tail_glob_new(pattern, &why);
    ck_assert_msg(glob != NULL, "\"%s\": %s", pattern, why);
    return glob;
}

static const struct {
    const char *pattern, *path;
    bool matches;
} paths[] = {
    { "/var/log/*.log", "/var/log/a.log", true },
    { "/var/log/*.log", "/var/log/.log", false },
    { "/var/log/.*", "/var/log/.log", true },
    { "/var/log/\\.*", "/var/log/.log", true },
    { "/var/log/[.]*", "/var/log/.log", false },
    { "/var/log/?log", "/var/log/.log", false },
    { "/var/log/*.log", "/var/log/sub/a.log", false },
    { "/var/log/*.log", "/var/log/a.log.1", false },
    { "/var/*/a.log", "/var/log/a.log", true },
    { "//var///log/./a.log", "/var/log/a.log", true },
    { "/var/**/a.log", "/var/a.log", true },
    { "/var/**/a.log", "/var/x/y/z/a.log", true },
    { "/var/**/a.log", "/var/x/.y/z/a.log", false },
    { "/var/**/.y/**/a.log", "/var/x/.y/z/a.log", true },
    { "/**/**/a", "/a", true },
    { "/**", "/a", true },
    { "/**", "/a/b/c", true },
    { "/x/**", "/x/.a", false },
    { "/x/**", "/x", false },
    { "/a**b", "/axxb", true },
    { "/a**b", "/ax/xb", false },
    { "/**/x/**/y", "/x/a/x/b/y", true },
    { "/**/x/y", "/x/x/x/y", true },
    { "/*a*b*c", "/xaxbxc", true },
    { "/*a*b*c", "/xaxbxcx", false },
    { "/[a-c]x", "/bx", true },
    { "/[a-c]x", "/dx", false },
    { "/[!a-c]x", "/dx", true },
    { "/[^a-c]x", "/bx", false },
    { "/[]]x", "/]x", true },
    { "/[!]]x", "/]x", false },
    { "/[a-]x", "/-x", true },
    { "/[\\]]x", "/]x", true },
    { "/[a\\-z]x", "/bx", false },
    { "/\\*", "/*", true },
    { "/\\*", "/a", false },
    { "/\\[a]", "/[a]", true },
    { "/a\nb", "/a\nb", true },
    { "/?", "/\xff", true },
    { "/??", "/\xc3\xa9", true },
    { "/[\x80-\xff]", "/\xc3", true },
    { "logs/*.log", "logs/a.log", true },
    { "a.log", "a.log", true },
    { "/../x", "/../x", true },
};

START_TEST(paths_match)
{
    struct tail_glob *glob = make(paths[_i].pattern);
    const struct weir_str path = weir_str_of(paths[_i].path);
    ck_assert_msg(tail_glob_matches(glob, path) == paths[_i].matches, "%s %s", paths[_i].pattern,
                  paths[_i].path);
    tail_glob_free(glob);
}
END_TEST

static const struct {
    const char *pattern, *directory;
    bool may_hold, may_list;
} directories[] = {
    { "/var/log/*.log", "/", true, false },
    { "/var/log/*.log", "/var", true, false },
    { "/var/log/*.log", "/var/log", true, true },
    { "/var/log/*.log", "/var/log/sub", false, false },
    { "/var/log/*.log", "/var/lib", false, false },
    { "/var/*/x/*.log", "/var/a", true, false },
    { "/var/*/x/*.log", "/var/a/x", true, true },
    { "/var/**/x.log", "/var", true, true },
    { "/var/**/x.log", "/var/a/b/c", true, true },
    { "/var/**/x.log", "/var/.a", false, false },
    { "/var/**", "/var/a", true, true },
    { "a.log", ".", true, true },
    { "a.log", "sub", false, false },
    { "sub/a.log", ".", true, false },
    { "sub/a.log", "sub", true, true },
    { "**/a.log", ".", true, true },
    { "/a.log", ".", false, false },
};

START_TEST(directories_may_hold_matches)
{
    struct tail_glob *glob = make(directories[_i].pattern);
    const struct weir_str directory = weir_str_of(directories[_i].directory);
    ck_assert_msg(tail_glob_may_hold(glob, directory) == directories[_i].may_hold, "%d", _i);
    ck_assert_msg(tail_glob_may_list(glob, directory) == directories[_i].may_list, "%d", _i);
    tail_glob_free(glob);
}
END_TEST

static const struct {
    const char *pattern, *root;
} roots[] = {
    { "/var/log/*.log", "/var/log" },
    { "/var/log/a.log", "/var/log" },
    { "/a.log", "/" },
    { "/*/a.log", "/" },
    { "a.log", "." },
    { "./a.log", "." },
    { "logs//x/*", "logs/x" },
    { "**/a", "." },
    { "/var/l\\og/a", "/var" },
};

START_TEST(roots_are_the_longest_plain_directories)
{
    struct tail_glob *glob = make(roots[_i].pattern);
    ck_assert_str_eq(tail_glob_root(glob), roots[_i].root);
    tail_glob_free(glob);
}
END_TEST

static const char *const bad[] = { "",     "/",    "/var/log/", "/a[", "/a[b", "/[]",
                                   "/[!]", "/a\\", "/[\\]",     ".",   "/a/.", "/**/." };

START_TEST(patterns_that_are_none)
{
    const char *why = NULL;
    ck_assert_msg(tail_glob_new(bad[_i], &why) == NULL, "\"%s\"", bad[_i]);
    ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(a_pattern_is_no_longer_than_a_path)
{
    const char *why = NULL;
    char *pattern = malloc(10001);
    memset(pattern, 'a', 10000);
    pattern[10000] = '\0';
    ck_assert_ptr_null(tail_glob_new(pattern, &why));
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(pattern + i, "/a", 2);
    pattern[4000] = '\0';
    ck_assert_ptr_null(tail_glob_new(pattern, &why));
    free(pattern);
}
END_TEST

START_TEST(names_match_without_their_directory)
{
    struct tail_glob *glob = make("*.gz");
    ck_assert(tail_glob_is_name(glob));
    ck_assert(tail_glob_matches(glob, WEIR_STR("/var/log/a.gz")));
    ck_assert(tail_glob_matches(glob, WEIR_STR("a.gz")));
    ck_assert(!tail_glob_matches(glob, WEIR_STR("/var/log/a.gz/b")));
    ck_assert(!tail_glob_matches(glob, WEIR_STR_NONE));
    tail_glob_free(glob);
}
END_TEST

/* A text of these pieces. */
static void compose(char *ret, size_t pieces, const char *const *choices, size_t count)
{
    ret[0] = '\0';
    for (size_t i = 0; i < pieces; i++)
        strcat(ret, choices[(size_t)rand() % count]);
}

START_TEST(it_means_what_a_plain_matcher_means)
{
    static const char *const of_pattern[] = { "/", "/**/", "/*",   "*",    "a",   "b",
                                              ".", "?",    "[ab]", "[!a]", "\\*", "/." };
    static const char *const of_path[] = { "/", "/", "a", "b", ".", "a", "*" };
    unsigned compared = 0;
    srand(1);
    for (int i = 0; i < 200000; i++) {
        char pattern[64], path[64];
        const char *why;
        compose(pattern, 1 + (size_t)rand() % 8, of_pattern, COUNT_OF(of_pattern));
        compose(path, 1 + (size_t)rand() % 8, of_path, COUNT_OF(of_path));
        struct tail_glob *glob = tail_glob_new(pattern, &why);
        if (!glob)
            continue;
        /* Paths come from directories: no "//", no ".", no '/' at the end. */
        const bool clean = !strstr(path, "//") && !strstr(path, "/./") && path[0] != '.' &&
                           path[strlen(path) - 1] != '/' &&
                           !(strlen(path) > 1 && strcmp(path + strlen(path) - 2, "/.") == 0);
        if (clean && !tail_glob_is_name(glob)) {
            const struct weir_str text = weir_str_of(path);
            ck_assert_msg(tail_glob_matches(glob, text) == plain_path(pattern, path, false),
                          "\"%s\" \"%s\"", pattern, path);
            /* A walk may look where nothing can be, and must look where something may be. */
            ck_assert_msg(tail_glob_may_hold(glob, text) || !plain_path(pattern, path, true),
                          "\"%s\" below \"%s\"", pattern, path);
            compared++;
        }
        tail_glob_free(glob);
    }
    ck_assert_uint_gt(compared, 10000);
}
END_TEST

START_TEST(no_pattern_takes_long)
{
    char pattern[402] = "/", path[2001] = "/";
    for (size_t i = 1; i < 400; i += 2)
        memcpy(pattern + i, "*a", 2);
    memset(path + 1, 'a', 1999);
    path[1999] = 'b';
    pattern[401] = path[2000] = '\0';
    struct tail_glob *glob = make(pattern);
    ck_assert(!tail_glob_matches(glob, weir_str_of(path)));
    tail_glob_free(glob);

    for (size_t i = 0; i < 300; i += 5)
        memcpy(pattern + i, "/**/a", 5);
    pattern[300] = '\0';
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(path + i, i % 4 ? "/a" : "/c", 2);
    path[1999] = 'b';
    glob = make(pattern);
    ck_assert(!tail_glob_matches(glob, weir_str_of(path)));
    tail_glob_free(glob);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("glob");
    TCase *tcase = tcase_create("glob");
    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, paths_match, 0, COUNT_OF(paths));
    tcase_add_loop_test(tcase, directories_may_hold_matches, 0, COUNT_OF(directories));
    tcase_add_loop_test(tcase, roots_are_the_longest_plain_directories, 0, COUNT_OF(roots));
    tcase_add_loop_test(tcase, patterns_that_are_none, 0, COUNT_OF(bad));
    tcase_add_test(tcase, a_pattern_is_no_longer_than_a_path);
    tcase_add_test(tcase, names_match_without_their_directory);
    tcase_add_test(tcase, it_means_what_a_plain_matcher_means);
    tcase_add_test(tcase, no_pattern_takes_long);
    return check_main(suite);
}
