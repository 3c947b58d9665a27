/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <check.h>
#include <stdlib.h>

#include "support/check_main.h"
#include "support/run_command.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct command_line got; /* its words are gone with the next run_command() */

static enum command_status run(const struct command_line *line)
{
    got = *line;
    return COMMAND_FAILED; /* told apart from what the parser answers */
}

static const struct command command = {
    .name = "try",
    .args = "[THING]",
    .summary = "A command for this test.",
    .help = "A paragraph about it.\n",
    .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_ADMIN) | TAKES(OPTION_JSON),
    .args_max = 1,
    .run = run,
};
static const struct command strict = { .name = "strict",
                                       .args = "A B",
                                       .summary = "Takes two arguments.",
                                       .args_min = 2,
                                       .args_max = 2,
                                       .run = run };

/* What the words print on `stream`; the caller's to free(). */
static char *run_words(const struct command *which, const char *const *words, FILE *stream,
                       enum command_status *ret_status)
{
    memset(&got, 0, sizeof(got));
    struct ran ran = run_command(which, words);
    *ret_status = ran.status;
    free(stream == stdout ? ran.err : ran.out);
    return stream == stdout ? ran.out : ran.err;
}

START_TEST(what_was_given)
{
    static const struct {
        const char *words[6];
        const char *config, *admin, *json, *arg;
    } cases[] = {
        { { "try" }, "/etc/weir/weir.yaml", NULL, NULL, NULL },
        { { "try", "-c", "x.yaml" }, "x.yaml", NULL, NULL, NULL },
        { { "try", "-cx.yaml", "thing" }, "x.yaml", NULL, NULL, "thing" },
        { { "try", "thing", "--config=x=y" }, "x=y", NULL, NULL, "thing" },
        { { "try", "--config", "a", "-c", "b" }, "b", NULL, NULL, NULL },
        { { "try", "--json", "--", "-c" }, "/etc/weir/weir.yaml", NULL, "", "-c" },
        { { "try", "-a", "-c", "-" }, "/etc/weir/weir.yaml", "-c", NULL, "-" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum command_status status;
        char *text = run_words(&command, cases[i].words, stderr, &status);
        ck_assert_int_eq(status, COMMAND_FAILED);
        ck_assert_str_eq(text, "");
        ck_assert_ptr_eq(got.command, &command);
        ck_assert_str_eq(command_config_path(&got), cases[i].config);
        ck_assert_pstr_eq(got.values[OPTION_ADMIN], cases[i].admin);
        ck_assert_pstr_eq(got.values[OPTION_JSON], cases[i].json);
        ck_assert_ptr_null(got.values[OPTION_ONCE]);
        ck_assert_int_eq(got.arg_count, cases[i].arg != NULL);
        if (cases[i].arg)
            ck_assert_str_eq(got.args[0], cases[i].arg);
        free(text);
    }
}
END_TEST

START_TEST(mistakes_are_named)
{
    static const struct {
        const struct command *which;
        const char *words[6];
        const char *want;
    } cases[] = {
        { &command,
          { "try", "--jsonn" },
          "weir try: unknown option --jsonn; did you mean \"json\"?\n" },
        { &command, { "try", "--confg=x" }, "unknown option --confg; did you mean \"config\"?\n" },
        { &command, { "try", "--hepl" }, "did you mean \"help\"?\n" },
        { &command, { "try", "--once" }, "unknown option --once\n" },
        { &command, { "try", "-x" }, "unknown option -x\n" },
        { &command, { "try", "-c" }, "option -c needs an argument\n" },
        { &command, { "try", "--config" }, "option --config needs an argument\n" },
        { &command, { "try", "--json=yes" }, "option --json takes no value\n" },
        { &command, { "try", "a", "b" }, "unexpected argument \"b\"\n" },
        { &strict, { "strict", "a" }, "an argument is missing: A B\n" },
        { &strict, { "strict", "-c", "x" }, "unknown option -c\n" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum command_status status;
        char *text = run_words(cases[i].which, cases[i].words, stderr, &status);
        ck_assert_int_eq(status, COMMAND_MISUSED);
        ck_assert_ptr_null(got.command);
        ck_assert_msg(strstr(text, cases[i].want), "\"%s\" is not in: %s", cases[i].want, text);
        ck_assert_ptr_nonnull(strstr(text, " --help\n"));
        free(text);
    }
}
END_TEST

START_TEST(an_action_takes_some_of_the_options)
{
    static const char *const words[] = { "try", "--json", "-c", "x", NULL };
    enum command_status status;
    free(run_words(&command, words, stderr, &status));
    ck_assert_int_eq(command_check_options(&got, "ls", TAKES(OPTION_JSON) | TAKES(OPTION_CONFIG)),
                     COMMAND_DONE);
    ck_assert_int_eq(command_check_options(&got, "ls", TAKES(OPTION_CONFIG)), COMMAND_MISUSED);
    ck_assert_int_eq(command_check_options(&got, "ls", TAKES(OPTION_ADMIN) | TAKES(OPTION_JSON)),
                     COMMAND_MISUSED);
}
END_TEST

START_TEST(help_comes_from_the_rows)
{
    static const char *const words[] = { "try", "--json", "-h", "--nonsense", NULL };
    static const char *const wants[] = {
        "usage: weir try [-c FILE] [-a ADDRESS] [--json] [THING]\n\nA command for this test.\n\n",
        "\n\nA paragraph about it.\n\nOptions:\n",
        "\n  -c, --config FILE ",
        "\n      --json ",
        "\n  -h, --help ",
        "\nExit status: "
    };
    enum command_status status;
    char *text = run_words(&command, words, stdout, &status);
    ck_assert_int_eq(status, COMMAND_DONE);
    ck_assert_ptr_null(got.command);
    for (size_t i = 0; i < COUNT_OF(wants); i++)
        ck_assert_msg(strstr(text, wants[i]), "\"%s\" is not in: %s", wants[i], text);
    ck_assert_ptr_null(strstr(text, "--once"));
    free(text);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("command");
    tcase_add_test(tc, what_was_given);
    tcase_add_test(tc, mistakes_are_named);
    tcase_add_test(tc, an_action_takes_some_of_the_options);
    tcase_add_test(tc, help_comes_from_the_rows);
    Suite *suite = suite_create("cli/command");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
