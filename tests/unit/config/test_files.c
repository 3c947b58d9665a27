/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations in real files: includes, ${file:...}, what may not be read. CFG-06, CFG-07, CFG-08. */
#include <check.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/diagnostics.h"
#include "fake_plugins.h"
#include "support/check_main.h"
#include "support/temp_dir.h"

static char dir[TEMP_DIR_MAX];

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(name, 0644), 0);
}

static void set_up(void)
{
    temp_dir_make(dir);
    ck_assert_int_eq(chdir(dir), 0);
    ck_assert_int_eq(mkdir("conf.d", 0755), 0);
}

static void tear_down(void)
{
    temp_dir_remove(dir);
}

static struct config *config_read_said(const char *path, const char *want)
{
    struct diagnostics *diag = diagnostics_new();
    struct config *config = config_read(path, &fake_hooks, diag);
    char *said = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&said, &len);
    diagnostics_print(diag, out, false);
    fclose(out);
    ck_assert_msg(strcmp(said, want) == 0, "%s", said);
    ck_assert((config != NULL) == (want[0] == '\0'));
    free(said);
    diagnostics_free(diag);
    return config;
}

#define PIPELINE(name) "  " name ":\n    inputs: [{type: stdin}]\n    outputs: [{type: null}]\n"

START_TEST(includes)
{
    write_file("weir.yaml", "include: conf.d/*.yaml\npipelines:\n" PIPELINE("main"));
    write_file("conf.d/b.yaml", "pipelines:\n" PIPELINE("b"));
    write_file("conf.d/a.yaml",
               "include: ['../more.yml', 'none/*.yaml']\npipelines:\n" PIPELINE("a"));
    write_file("conf.d/c.yaml", "# nothing yet\n");
    write_file("conf.d/d.yml", "not read\n");
    write_file("more.yml", "pipelines:\n" PIPELINE("more"));
    char path[64];
    snprintf(path, sizeof(path), "%s/weir.yaml", dir);
    struct config *config = config_read_said(path, "");
    static const char *const names[] = { "main", "a", "b", "more" };
    ck_assert_uint_eq(config->pipeline_count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(config->pipelines[i].name, names[i]);
    snprintf(path, sizeof(path), "%s/conf.d/b.yaml", dir);
    ck_assert_str_eq(config->pipelines[2].place.file, path);
    ck_assert_uint_eq(config->pipelines[2].place.line, 2);
    ck_assert_uint_eq(config->pipelines[0].buffer.memory, (56 << 20) / 4);
    config_free(config);
}
END_TEST

START_TEST(a_directory_with_the_letters_of_a_pattern)
{
    ck_assert_int_eq(mkdir("x[1]*", 0755), 0);
    write_file("x[1]*/weir.yaml", "include: [more.yaml, '?.yaml']\n");
    write_file("x[1]*/more.yaml", "pipelines:\n" PIPELINE("a"));
    write_file("x[1]*/b.yaml", "pipelines:\n" PIPELINE("b"));
    struct config *config = config_read_said("x[1]*/weir.yaml", "");
    ck_assert_uint_eq(config->pipeline_count, 2);
    config_free(config);
}
END_TEST

START_TEST(includes_that_are_wrong)
{
    write_file("weir.yaml", "include: [missing.yaml, conf.d/*.yaml, conf.d, again.yaml]\n");
    write_file("conf.d/a.yaml", "include: ../weir.yaml\npipelines:\n" PIPELINE("a"));
    write_file("conf.d/b.yaml", "service: {data_dir: x}\npipelines:\n" PIPELINE("a"));
    write_file("conf.d/c.yaml", "pipelines: [\n");
    write_file("conf.d/d.yaml", "");
    ck_assert_int_eq(chmod("conf.d/d.yaml", 0666), 0);
    ck_assert_int_eq(link("conf.d/a.yaml", "again.yaml"), 0);
    config_read_said(
        "weir.yaml",
        "conf.d/a.yaml:1:10: error: \"conf.d/../weir.yaml\" is included, but it has been read already\n"
        "conf.d/b.yaml:1:1: error: \"service\" belongs in the main file, not into one that is "
        "included\n"
        "conf.d/b.yaml:3:3: error: there is a pipeline \"a\" already, in conf.d/a.yaml, line 3\n"
        "conf.d/c.yaml:2:1: error: expected a value here\n"
        "weir.yaml:1:11: error: there is no file \"missing.yaml\"\n"
        "weir.yaml:1:25: error: everyone may write \"conf.d/d.yaml\", so it is not trusted: chmod o-w "
        "it\n"
        "weir.yaml:1:40: error: \"conf.d\" is a directory, not a file\n"
        "weir.yaml:1:48: error: \"again.yaml\" is included, but it has been read already\n");
}
END_TEST

START_TEST(ten_thousand_includes)
{
    write_file("weir.yaml", "include: conf.d/*\npipelines:\n" PIPELINE("main"));
    for (int i = 0; i < 1001; i++) {
        char name[32];
        snprintf(name, sizeof(name), "conf.d/%d", i);
        write_file(name, "");
    }
    config_read_said("weir.yaml", "weir.yaml:1:10: error: more than 1000 files are included\n");
}
END_TEST

START_TEST(main_files_that_cannot_be_read)
{
    char *large = malloc(1024 * 1024 + 2);
    memset(large, '#', 1024 * 1024 + 1);
    large[1024 * 1024 + 1] = '\0';
    write_file("large.yaml", large);
    free(large);
    write_file("open.yaml", "pipelines:\n" PIPELINE("a"));
    ck_assert_int_eq(chmod("open.yaml", 0646), 0);
    config_read_said("none.yaml", "error: cannot open \"none.yaml\": No such file or directory\n");
    config_read_said("conf.d", "error: \"conf.d\" is a directory, not a file\n");
    config_read_said("large.yaml", "error: \"large.yaml\" is longer than 1024 KiB\n");
    config_read_said(
        "open.yaml",
        "error: everyone may write \"open.yaml\", so it is not trusted: chmod o-w it\n");
}
END_TEST

START_TEST(standard_input)
{
    write_file("weir.yaml", "\xef\xbb\xbfpipelines:\r\n  a:\r\n    inputs: [{type: stdin}]\r\n"
                            "    outputs: [{type: null}]\r\n");
    ck_assert_ptr_nonnull(freopen("weir.yaml", "r", stdin));
    struct config *config = config_read_said("-", "");
    ck_assert_str_eq(config->pipelines[0].place.file, "stdin");
    config_free(config);
    write_file("weir.yaml", "x: y\n");
    ck_assert_ptr_nonnull(freopen("weir.yaml", "r", stdin));
    config_read_said("-", "stdin:1:1: error: unknown section \"x\"\n");
}
END_TEST

START_TEST(values_from_outside)
{
    setenv("WEIR_YAML", "a: [b", 1);
    write_file("token", "hunter2\n");
    char text[512];
    snprintf(text, sizeof(text),
             "pipelines:\n  a:\n    inputs: [{type: stdin}]\n    outputs:\n"
             "      - type: file\n        path: ${WEIR_YAML}\n"
             "        password: ${file:%s/token}\n",
             dir);
    write_file("weir.yaml", text);
    struct config *config = config_read_said("weir.yaml", "");
    const struct fake_file *file = config->pipelines[0].outputs[0].state;
    ck_assert_str_eq((const char *)file->path, "a: [b");
    ck_assert_str_eq(file->password, "hunter2");
    config_free(config);

    /* None of these prints what the file holds. */
    write_file("wrong", "@@bad(\n");
    setenv("WEIR_DIR", dir, 1);
    write_file("weir.yaml",
               "pipelines:\n"
               "  a:\n"
               "    inputs: [{type: tail, paths: x, max_line: '${file:${WEIR_DIR}/token}'}]\n"
               "    outputs:\n"
               "      - {type: '${file:${WEIR_DIR}/token}'}\n"
               "      - type: null\n"
               "        id: ${file:${WEIR_DIR}/wrong}\n"
               "        when: ${file:${WEIR_DIR}/wrong}\n"
               "      - {type: file, path: '${file:${WEIR_DIR}/wrong}'}\n");
    config_read_said(
        "weir.yaml",
        "weir.yaml:3:47: error: option \"max_line\" of input \"tail\" must be a size, such as 64KiB or "
        "10MB\n"
        "weir.yaml:5:16: error: the name of an output cannot come from a file\n"
        "weir.yaml:7:13: error: option \"id\" of output \"null\": \"(secret)\" is no name: letters, "
        "digits, \"_\", \"-\" and \".\", at most 64, a letter or digit first\n"
        "weir.yaml:8:15: error: option \"when\" of output \"null\": this is no condition; its text is "
        "secret\n"
        "weir.yaml:9:28: error: option \"path\" of output \"file\" is no template: its text is "
        "secret\n");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("files");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, includes);
    tcase_add_test(tc, a_directory_with_the_letters_of_a_pattern);
    tcase_add_test(tc, includes_that_are_wrong);
    tcase_add_test(tc, ten_thousand_includes);
    tcase_add_test(tc, main_files_that_cannot_be_read);
    tcase_add_test(tc, standard_input);
    tcase_add_test(tc, values_from_outside);
    Suite *suite = suite_create("config/files");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
