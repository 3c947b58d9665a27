/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_COMMAND_H
#define WEIR_CLI_COMMAND_H

#include <stdio.h>
#include <weir/str.h>

/* A subcommand is a constant, as a plugin is: one file cmd_NAME.c each, listed in main.c. Its command
 * line is parsed, and its help printed, from what the constant says. */

/* Every option of every subcommand; a command says which it takes. See command.c for their names. */
enum command_option {
    OPTION_CONFIG,
    OPTION_ADMIN,
    OPTION_JSON,
    OPTION_ONCE,
    OPTION_PLUGIN_PATH,
    OPTION_MARKDOWN,
    OPTION_DATA_DIR,
    OPTION_ALL,
    OPTION_FROM,
    OPTION_TO,
    OPTION_SEQUENCE,
    OPTION_RECORD_ID,
    OPTION_OUTPUT,
    OPTION_TARGET,
    OPTION_REASON,
    OPTION_CODEC,
    OPTION_FRAMES,
    OPTION_ONLINE,
    OPTION_COUNT
};
#define TAKES(option) (1u << (option))

/* Exit status of the process. */
enum command_status {
    COMMAND_DONE = 0,
    COMMAND_FAILED = 1,  /* at run time */
    COMMAND_MISUSED = 2, /* wrong usage, or a wrong configuration */
};

struct command_line {
    const struct command *command;
    const char
        *values[OPTION_COUNT]; /* an option's argument, or "" for one without; NULL: not given */
    char **args;               /* what is left, and how many */
    int arg_count;
};

struct command {
    const char *name;
    const char *args;    /* for the usage line: "[KIND/NAME]", or "" */
    const char *summary; /* one line, for `weir --help` */
    const char *help;    /* paragraphs for its own --help, ended by a newline; or NULL */
    unsigned options;    /* TAKES(...) */
    int args_min, args_max;
    enum command_status (*run)(const struct command_line *line);
};

/* Parses argv[1..], argv[0] being the command's name, and runs it; `--help` prints its help. */
enum command_status command_run(const struct command *command, int argc, char **argv);

void command_print_help(const struct command *command, FILE *out);

/* "weir NAME: ..." on stderr. */
void command_error(const struct command *command, const char *format, ...) WEIR_PRINTF(2, 3);
/* The same, with a word on where help is. Returns COMMAND_MISUSED. */
enum command_status command_misused(const struct command *command, const char *format, ...)
    WEIR_PRINTF(2, 3);

/* Of a command whose first argument says what to do: the options that this takes. Those of the command that it
 * does not take are refused. COMMAND_DONE, or said and COMMAND_MISUSED. */
enum command_status command_check_options(const struct command_line *line, const char *action,
                                          unsigned taken);

/* The value of OPTION_CONFIG, or where the configuration is unless somebody says otherwise. */
const char *command_config_path(const struct command_line *line);

static inline bool command_has(const struct command_line *line, enum command_option option)
{
    return line->values[option] != NULL;
}

#endif
