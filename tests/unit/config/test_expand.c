/* SPDX-License-Identifier: Apache-2.0 */
#include "config/expand.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/check_main.h"
#include "support/temp_dir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char dir[TEMP_DIR_MAX];

static void write_file(const char *name, const char *data, size_t len)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, len, file), len);
    fclose(file);
}

static void set_up(void)
{
    static char large[EXPAND_FILE_BYTES_MAX + 1];
    temp_dir_make(dir);
    setenv("WEIR_A", "one", 1);
    setenv("WEIR_EMPTY", "", 1);
    setenv("WEIR_YAML", "a: b # ${WEIR_A} $$", 1);
    setenv("WEIR_BAD", "\xff", 1);
    setenv("WEIR_DIR", dir, 1);
    unsetenv("WEIR_NONE");
    write_file("secret", "hunter2\n", 8);
    write_file("crlf", "a\nb\r\n", 5);
    write_file("two", "x\n\n", 3);
    write_file("empty", "", 0);
    write_file("nul", "a\0b", 3);
    write_file("latin", "\xe4", 1);
    memset(large, 'x', sizeof(large));
    write_file("large", large, sizeof(large));
    write_file("full", large, sizeof(large) - 1);
}

static void tear_down(void)
{
    temp_dir_remove(dir);
}

struct outcome {
    struct node node;
    char *said;
    struct memory *memory;
};

static struct outcome expanded(const char *text, bool sealed)
{
    struct outcome outcome = { .memory = memory_new() };
    struct diagnostics *diag = diagnostics_new();
    outcome.node = (struct node){ .kind = NODE_SCALAR,
                                  .place = { "f", 1, 1 },
                                  .text_column = 1,
                                  .text = weir_str_of(text),
                                  .source = weir_str_of(text) };
    expand_tree(outcome.memory, &outcome.node, sealed, diag);
    size_t len = 0;
    FILE *out = open_memstream(&outcome.said, &len);
    diagnostics_print(diag, out, false);
    fclose(out);
    ck_assert_int_eq(outcome.node.bad, diagnostics_errors(diag) > 0);
    diagnostics_free(diag);
    return outcome;
}

static void outcome_free(struct outcome *outcome)
{
    free(outcome->said);
    memory_free(outcome->memory);
}

START_TEST(what_comes_out)
{
    static const struct {
        const char *text, *want;
        bool secret;
    } cases[] = {
        { "", "", false },
        { "plain", "plain", false },
        { "${WEIR_A}", "one", false },
        { "<${WEIR_A}|${WEIR_A}>", "<one|one>", false },
        { "${WEIR_EMPTY}", "", false },
        { "${WEIR_NONE:-two}", "two", false },
        { "${WEIR_EMPTY:-two}", "two", false },
        { "${WEIR_A:-two}", "one", false },
        { "${WEIR_NONE:-}", "", false },
        { "${WEIR_NONE:-${WEIR_A}!}", "one!", false },
        { "${WEIR_A:-${WEIR_NONE}}", "one", false }, /* not needed, so not missed */
        { "${WEIR_A:-${file:/nowhere}}", "one", false },
        { "${WEIR_NONE:-a$$b}", "a$b", false },
        { "${WEIR_YAML}", "a: b # ${WEIR_A} $$", false }, /* CFG-07: as it is, once */
        { "$", "$", false },
        { "$x ^a$ $1", "$x ^a$ $1", false },
        { "$$", "$", false },
        { "$$$", "$$", false },
        { "$$$$", "$$", false },
        { "$${WEIR_A}", "${WEIR_A}", false },
        { "$$${WEIR_A}", "$one", false },
        { "a}b", "a}b", false },
        { "${WEIR_A}}", "one}", false },
        { "${file:${WEIR_DIR}/secret}", "hunter2", true },
        { "<${file:${WEIR_DIR}/crlf}>", "<a\nb>", true },
        { "${file:${WEIR_DIR}/two}", "x\n", true },
        { "${file:${WEIR_DIR}/empty}", "", true },
        { "${WEIR_NONE:-${file:${WEIR_DIR}/secret}}", "hunter2", true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome = expanded(cases[i].text, false);
        ck_assert_str_eq(outcome.said, "");
        ck_assert_msg(strcmp(outcome.node.text.ptr, cases[i].want) == 0, "%s -> %s", cases[i].text,
                      outcome.node.text.ptr);
        ck_assert_uint_eq(outcome.node.text.len, strlen(cases[i].want));
        ck_assert_int_eq(outcome.node.secret, cases[i].secret);
        ck_assert_str_eq(outcome.node.source.ptr, cases[i].text);
        outcome_free(&outcome);
    }
    struct outcome outcome = expanded("${file:${WEIR_DIR}/full}", false);
    ck_assert_uint_eq(outcome.node.text.len, EXPAND_FILE_BYTES_MAX);
    outcome_free(&outcome);
}
END_TEST

/* CFG-08: none of these prints what a file holds. */
START_TEST(what_is_wrong)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "x ${WEIR_NONE}",
          "f:1:3: error: the variable WEIR_NONE is not set: set it, or give a default, "
          "\"${WEIR_NONE:-...}\"; for a record's field write \"$${WEIR_NONE}\"\n" },
        { "${WEIR_NONE:-${WEIR_NONE}}",
          "f:1:14: error: the variable WEIR_NONE is not set: set it, or give a default, "
          "\"${WEIR_NONE:-...}\"; for a record's field write \"$${WEIR_NONE}\"\n" },
        { "\xc3\xa4${http.status}",
          "f:1:2: error: \"${http.status}\" names no variable of the environment; for a record's field "
          "write \"$${http.status}\"\n" },
        { "${}",
          "f:1:1: error: \"${}\" names no variable of the environment; for a record's field write "
          "\"$${}\"\n" },
        { "${1a}",
          "f:1:1: error: \"${1a}\" names no variable of the environment; for a record's field "
          "write \"$${1a}\"\n" },
        { "${WEIR_A",
          "f:1:1: error: \"${\" has no closing \"}\"; write \"$${\" for the text \"${\"\n" },
        { "${WEIR_A:-b", "f:1:1: error: \"${WEIR_A:-\" has no closing \"}\"\n" },
        { "${WEIR_A:-${WEIR_A}", "f:1:1: error: \"${WEIR_A:-\" has no closing \"}\"\n" },
        { "${file:/x", "f:1:1: error: \"${file:\" has no closing \"}\"\n" },
        { "${file:x}", "f:1:1: error: ${file:x} must name an absolute path\n" },
        { "${file:}", "f:1:1: error: ${file:} must name an absolute path\n" },
        { "${file:/nowhere/x}",
          "f:1:1: error: cannot open \"/nowhere/x\": No such file or directory\n" },
        { "${file:/tmp}", "f:1:1: error: \"/tmp\" is a directory, not a file\n" },
        { "${file:/dev/zero}", "f:1:1: error: \"/dev/zero\" is longer than 64 KiB\n" },
        { "${file:/proc/self/mem}",
          "f:1:1: error: cannot read \"/proc/self/mem\": Input/output error\n" },
        { "${WEIR_BAD}", "f:1:1: error: the variable WEIR_BAD does not hold UTF-8 text\n" },
        { "${A:-${B:-${C:-${D:-x}}}}", "f:1:16: error: expansions can be nested 3 deep\n" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome outcome = expanded(cases[i].text, false);
        ck_assert_msg(strcmp(outcome.said, cases[i].want) == 0, "%s: %s", cases[i].text,
                      outcome.said);
        outcome_free(&outcome);
    }
    static const char *const files[] = { "nul", "latin", "large" };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char text[64];
        snprintf(text, sizeof(text), "${file:${WEIR_DIR}/%s}", files[i]);
        struct outcome outcome = expanded(text, false);
        ck_assert_msg(
            strstr(outcome.said, i < 2 ? "does not hold UTF-8 text" : "is longer than 64"), "%s",
            outcome.said);
        outcome_free(&outcome);
    }
}
END_TEST

START_TEST(what_is_sealed_sees_nothing)
{
    struct outcome outcome = expanded("${WEIR_A:-b}$$", true);
    ck_assert_str_eq(outcome.node.text.ptr, "b$");
    outcome_free(&outcome);
    outcome = expanded("${WEIR_A}", true);
    ck_assert_ptr_nonnull(strstr(outcome.said, "is not set"));
    outcome_free(&outcome);
    outcome = expanded("${file:/dev/null}", true);
    ck_assert_str_eq(outcome.said, "f:1:1: error: files cannot be read here\n");
    outcome_free(&outcome);
}
END_TEST

START_TEST(growth_has_a_bound)
{
    static char value[100 * 1024 + 1];
    memset(value, 'x', sizeof(value) - 1);
    setenv("WEIR_LONG", value, 1);
    struct outcome outcome = expanded("${WEIR_LONG}${WEIR_LONG}${WEIR_LONG}${WEIR_LONG}", false);
    ck_assert_str_eq(outcome.said, "f:1:1: error: longer than 256 KiB when it is expanded\n");
    outcome_free(&outcome);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("expand");
    tcase_set_timeout(tc, 60);
    tcase_add_unchecked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, what_comes_out);
    tcase_add_test(tc, what_is_wrong);
    tcase_add_test(tc, what_is_sealed_sees_nothing);
    tcase_add_test(tc, growth_has_a_bound);
    Suite *suite = suite_create("config/expand");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
