/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/registry.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/modules.h"
#include "support/check_main.h"
#include "support/temp_dir.h"

static void apply(void *state, struct weir_batch *batch)
{
    (void)state;
    (void)batch;
}

static void deliver(void *state, struct weir_delivery *delivery)
{
    (void)state;
    (void)delivery;
}

#define COMMON .abi = WEIR_PLUGIN_ABI, .summary = "For this test."
static const struct weir_plugin filter_b = { COMMON, .kind = WEIR_FILTER, .name = "b",
                                             .filter = { .apply = apply } };
static const struct weir_plugin filter_a = { COMMON, .kind = WEIR_FILTER, .name = "a",
                                             .filter = { .apply = apply } };
static const struct weir_plugin output_a = { COMMON, .kind = WEIR_OUTPUT, .name = "a",
                                             .output = { .deliver = deliver } };
static const struct weir_plugin filter_good = { COMMON, .kind = WEIR_FILTER, .name = "good",
                                                .filter = { .apply = apply } };

static const struct weir_plugin *const builtin[] = { &output_a, &filter_b, &filter_a, NULL };

static char dir[TEMP_DIR_MAX];
static struct registry *registry;
static struct weir_error err;

static void setup(void)
{
    temp_dir_make(dir);
    registry = registry_new(builtin);
    ck_assert_ptr_nonnull(registry);
    memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
    registry = registry_free(registry);
    temp_dir_remove(dir);
}

/* Puts the object that the build has made from plugins/NAME.c into the directory. */
static void put_object(const char *name, const char *as)
{
    char from[512], to[512];
    snprintf(from, sizeof(from), "%s/pipeline/plugins/%s.so", TEST_BUILD_DIR, name);
    snprintf(to, sizeof(to), "%s/%s", dir, as);
    ck_assert_int_eq(access(from, R_OK), 0);
    ck_assert_int_eq(symlink(from, to), 0);
}

static void put_file(const char *name, const char *text, mode_t mode)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
}

static void expect_refused(int code, const char *text)
{
    int r = registry_load(registry, dir, &err);
    ck_assert_int_eq(r, err.code);
    ck_assert_int_eq(r, code);
    ck_assert_msg(strstr(err.text, text), "\"%s\" is not in: %s", text, err.text);
}

START_TEST(plugins_are_found_by_kind_and_name)
{
    ck_assert_ptr_eq(registry_find(registry, WEIR_FILTER, "a", NULL), &filter_a);
    ck_assert_ptr_eq(registry_find(registry, WEIR_OUTPUT, "a", NULL), &output_a);
    ck_assert_ptr_null(registry_find(registry, WEIR_INPUT, "a", NULL));
    ck_assert_ptr_null(registry_find(registry, WEIR_FILTER, "c", NULL));
    ck_assert_ptr_eq(registry_at(registry, WEIR_FILTER, 0), &filter_a);
    ck_assert_ptr_eq(registry_at(registry, WEIR_FILTER, 1), &filter_b);
    ck_assert_ptr_null(registry_at(registry, WEIR_FILTER, 2));
    ck_assert_ptr_null(registry_file(registry, WEIR_FILTER, "a"));
}
END_TEST

START_TEST(a_shared_object_is_found_like_the_others)
{
    put_object("good", "good.so");
    put_file("README", "not looked at", 0644);
    put_file(".hidden.so", "not looked at", 0644);
    ck_assert_int_eq(registry_load(registry, dir, &err), 0);
    const struct weir_plugin *plugin = registry_find(registry, WEIR_FILTER, "good", NULL);
    ck_assert_ptr_nonnull(plugin);
    ck_assert_ptr_eq(registry_at(registry, WEIR_FILTER, 2), plugin);
    ck_assert_str_eq(plugin->summary, "Does nothing well.");
    ck_assert_str_eq(strrchr(registry_file(registry, WEIR_FILTER, "good"), '/'), "/good.so");
    ck_assert_int_eq(plugin->check(NULL, &err), -1);
    ck_assert_str_eq(err.text, "called back");
}
END_TEST

START_TEST(cfg_14_another_abi_is_refused_by_name)
{
    put_object("wrong_abi", "x.so");
    char want[128];
    snprintf(want, sizeof(want), "/x.so: it is built for plugin ABI %d, and this agent has ABI %d",
             WEIR_PLUGIN_ABI + 41, WEIR_PLUGIN_ABI);
    expect_refused(-EINVAL, want);
}
END_TEST

START_TEST(cfg_14_what_is_no_plugin_is_refused_by_name)
{
    put_object("no_symbol", "x.so");
    expect_refused(-EINVAL, "/x.so: it does not export \"weir_plugin\"");
}
END_TEST

START_TEST(cfg_14_what_cannot_be_linked_is_refused_by_name)
{
    put_object("undefined", "x.so");
    expect_refused(-ENOEXEC, "undefined symbol: weir_not_in_this_version");
}
END_TEST

START_TEST(cfg_14_what_cannot_be_read_is_refused_by_name)
{
    put_file("x.so", "no ELF", 0644);
    expect_refused(-ENOEXEC, "/x.so: ");
    put_file("x.so", "no ELF", 0646);
    expect_refused(-EPERM, "/x.so: everyone may write to it");
    put_file("x.so", "", 0644);
    expect_refused(-ENOEXEC, "/x.so: ");
}
END_TEST

START_TEST(cfg_14_odd_directory_entries_are_refused)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/dir.so", dir);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    expect_refused(-EINVAL, "/dir.so: it is not a file");
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(mkfifo(path, 0644), 0); /* must not block */
    expect_refused(-EINVAL, "/dir.so: it is not a file");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("/nonexistent", path), 0);
    expect_refused(-ENOENT, "/dir.so: ");
}
END_TEST

START_TEST(a_missing_directory_is_an_error)
{
    ck_assert_int_eq(rmdir(dir), 0);
    expect_refused(-ENOENT, "cannot read the directory /tmp/weir-test-");
}
END_TEST

START_TEST(a_name_is_given_once)
{
    put_object("good", "a.so");
    put_object("good_again", "b.so");
    expect_refused(-EEXIST, "/b.so: it brings filter \"good\", which is in /tmp/weir-test-");
    ck_assert_ptr_nonnull(strstr(err.text, "/a.so already"));

    static const struct weir_plugin *const taken[] = { &filter_good, NULL };
    registry_free(registry);
    registry = registry_new(taken);
    expect_refused(-EEXIST, "/a.so: it brings filter \"good\", which is built in already");
    ck_assert_ptr_eq(registry_find(registry, WEIR_FILTER, "good", NULL), &filter_good);
}
END_TEST

START_TEST(one_that_is_refused_does_not_keep_out_the_others)
{
    put_object("no_symbol", "a.so");
    put_object("good", "b.so");
    put_object("wrong_abi", "c.so");
    put_file("d.so", "", 0644);
    expect_refused(-EINVAL, "/a.so: it does not export");
    ck_assert_ptr_nonnull(strstr(err.text, "(and 2 more files there are refused)"));
    ck_assert_ptr_nonnull(registry_find(registry, WEIR_FILTER, "good", NULL));
}
END_TEST

static const struct registry_module modules[] = {
    { "good.so", WEIR_FILTER, "good", "weir_plugin" },
    { "good_again.so", WEIR_FILTER, "other", "weir_plugin" },
    { "missing.so", WEIR_FILTER, "missing", "weir_plugin" },
    { "good.so", WEIR_FILTER, "newer", "weir_plugin_newer" },
    { 0 },
};

START_TEST(a_module_is_loaded_when_it_is_asked_for)
{
    ck_assert_int_eq(registry_add_modules(registry, modules, dir), 0);
    const char *const names[] = { "a", "b", "good", "missing", "newer", "other", NULL };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_pstr_eq(registry_name_at(registry, WEIR_FILTER, i), names[i]);
    /* It is not there until now: so it was not looked for. */
    put_object("good", "good.so");
    const struct weir_plugin *plugin = registry_find(registry, WEIR_FILTER, "good", &err);
    ck_assert_ptr_nonnull(plugin);
    ck_assert_int_eq(err.code, 0);
    ck_assert_ptr_eq(registry_find(registry, WEIR_FILTER, "good", &err), plugin);
    ck_assert_str_eq(strrchr(registry_file(registry, WEIR_FILTER, "good"), '/'), "/good.so");
    ck_assert_ptr_eq(registry_at(registry, WEIR_FILTER, 2), plugin);
    ck_assert_ptr_null(registry_at(registry, WEIR_FILTER, 3)); /* the others cannot be had */
}
END_TEST

START_TEST(cfg_14_a_module_that_cannot_be_loaded_is_told)
{
    static const struct {
        const char *name, *want;
    } cases[] = {
        { "missing", "/missing.so is not there: install the package that brings it" },
        { "other", "/good_again.so: it brings filter \"good\" in its place" },
        { "newer", "/good.so: it does not export \"weir_plugin_newer\": it is of another version" },
    };
    ck_assert_int_eq(registry_add_modules(registry, modules, dir), 0);
    put_object("good", "good.so");
    put_object("good_again", "good_again.so");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&err, 0, sizeof(err));
        ck_assert_ptr_null(registry_find(registry, WEIR_FILTER, cases[i].name, &err));
        ck_assert_msg(strstr(err.text, cases[i].want) != NULL, "%s", err.text);
    }
    /* A shared object of the user's does not take a module's place. */
    ck_assert_int_eq(registry_load(registry, dir, &err), -EEXIST);
}
END_TEST

START_TEST(modules_are_where_the_program_belongs)
{
    static const struct {
        const char *program, *want;
    } cases[] = {
        { "/tree/build/src/cli/weir", "/tree/build/plugins" },
        { "/src/cli/weir", weir_module_dir },
        { "/usr/bin/weir", weir_module_dir },
        { "/tmp/src/cli/weird", weir_module_dir },
        { "", weir_module_dir },
    };
    char found[PATH_MAX];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        modules_directory(cases[i].program, found);
        ck_assert_str_eq(found, cases[i].want);
    }
}
END_TEST

START_TEST(many_are_kept)
{
    struct weir_plugin plugins[100];
    const struct weir_plugin *list[101];
    char names[100][8];
    for (int i = 0; i < 100; i++) {
        snprintf(names[i], sizeof(names[i]), "p%02d", 99 - i);
        plugins[i] = filter_a;
        plugins[i].name = names[i];
        list[i] = &plugins[i];
    }
    list[100] = NULL;
    struct registry *large = registry_new(list);
    for (size_t i = 0; i < 100; i++)
        ck_assert_ptr_eq(registry_at(large, WEIR_FILTER, i), &plugins[99 - i]);
    registry_free(large);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("registry");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, plugins_are_found_by_kind_and_name);
    tcase_add_test(tc, a_shared_object_is_found_like_the_others);
    tcase_add_test(tc, cfg_14_another_abi_is_refused_by_name);
    tcase_add_test(tc, cfg_14_what_is_no_plugin_is_refused_by_name);
    tcase_add_test(tc, cfg_14_what_cannot_be_linked_is_refused_by_name);
    tcase_add_test(tc, cfg_14_what_cannot_be_read_is_refused_by_name);
    tcase_add_test(tc, cfg_14_odd_directory_entries_are_refused);
    tcase_add_test(tc, a_missing_directory_is_an_error);
    tcase_add_test(tc, a_name_is_given_once);
    tcase_add_test(tc, one_that_is_refused_does_not_keep_out_the_others);
    tcase_add_test(tc, a_module_is_loaded_when_it_is_asked_for);
    tcase_add_test(tc, cfg_14_a_module_that_cannot_be_loaded_is_told);
    tcase_add_test(tc, modules_are_where_the_program_belongs);
    tcase_add_test(tc, many_are_kept);
    Suite *suite = suite_create("pipeline/registry");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
