/* SPDX-License-Identifier: Apache-2.0 */
/* One table of options for all subcommands, so that -c or --json cannot mean two things, and one parser
 * around getopt_long(), which words its mistakes itself: getopt's own do not suggest anything. */
#include "cli/command.h"

#include <assert.h>
#include <getopt.h>
#include <stdarg.h>

#include "config/suggest.h"

#define CONFIG_PATH "/etc/weir/weir.yaml"

static const struct {
    char letter; /* '\0': it has only a name */
    const char *name, *argument, *help;
} rows[OPTION_COUNT] = {
    [OPTION_CONFIG] = { 'c', "config", "FILE",
                        "the configuration (default: " CONFIG_PATH "; -: standard input)" },
    [OPTION_ADMIN] = { 'a', "admin", "ADDRESS",
                       "the agent's admin address, as in service.admin.listen" },
    [OPTION_JSON] = { '\0', "json", NULL, "print JSON, for programs" },
    [OPTION_ONCE] = { '\0', "once", NULL,
                      "stop when the inputs have come to their end and all is delivered" },
    [OPTION_PLUGIN_PATH] = { '\0', "plugin-path", "DIR",
                             "also the shared objects in a directory, as service.plugin_path" },
    [OPTION_DATA_DIR] = { '\0', "data-dir", "DIR",
                          "an agent's data directory, without its configuration" },
    [OPTION_ALL] = { '\0', "all", NULL, "with reset: every position" },
    [OPTION_FROM] = { '\0', "from", "TIME",
                      "records read since then: 2026-11-25T14:00:00Z, or as long ago as 2h" },
    [OPTION_TO] = { '\0', "to", "TIME", "records read before then" },
    [OPTION_SEQUENCE] = { '\0', "sequence", "A-B",
                          "records A to B by their numbers, as --frames shows them" },
    [OPTION_RECORD_ID] = { '\0', "record-id", "HEX",
                           "the record of an id, or of several: HEX,HEX" },
    [OPTION_OUTPUT] = { '\0', "output", "ID", "records that were for this output" },
    [OPTION_TARGET] = { '\0', "target", "ID",
                        "with replay: to this output, whoever they were for" },
    [OPTION_REASON] = { '\0', "reason", "TEXT",
                        "records with this reason, or TEXT in the sink's answer" },
    [OPTION_CODEC] = { '\0', "codec", "CODEC",
                       "with cat: how records are printed, as in an output (default: json)" },
    [OPTION_FRAMES] = { '\0', "frames", NULL, "with cat: frames in place of records" },
    [OPTION_ONLINE] = { '\0', "online", NULL, "ask the services too that outputs depend on" },
    [OPTION_MARKDOWN] = { '\0', "markdown", "DIR", "write the reference pages into a directory" },
};

#define HELP_VALUE 'h'
#define OPTION_VALUE 0x100 /* + enum command_option: what getopt_long() answers with */

static bool takes(const struct command *command, int option)
{
    return command->options & TAKES(option);
}

/* More options than that are not all named in the usage line. */
#define USAGE_OPTIONS_MAX 6

static void print_usage(const struct command *command, FILE *out)
{
    const bool many = __builtin_popcount(command->options) > USAGE_OPTIONS_MAX;
    fprintf(out, "usage: weir %s%s", command->name, many ? " [OPTION ...]" : "");
    for (int i = 0; i < OPTION_COUNT && !many; i++)
        if (takes(command, i) && rows[i].letter)
            fprintf(out, " [-%c %s]", rows[i].letter, rows[i].argument);
        else if (takes(command, i) && rows[i].argument)
            fprintf(out, " [--%s %s]", rows[i].name, rows[i].argument);
        else if (takes(command, i))
            fprintf(out, " [--%s]", rows[i].name);
    fprintf(out, "%s%s\n", command->args[0] ? " " : "", command->args);
}

static void print_option(char letter, const char *name, const char *argument, const char *help,
                         FILE *out)
{
    char text[64];
    snprintf(text, sizeof(text), "--%s%s%s", name, argument ? " " : "", argument ? argument : "");
    if (letter)
        fprintf(out, "  -%c, %-18s %s\n", letter, text, help);
    else
        fprintf(out, "      %-18s %s\n", text, help);
}

void command_print_help(const struct command *command, FILE *out)
{
    print_usage(command, out);
    fprintf(out, "\n%s\n", command->summary);
    if (command->help)
        fprintf(out, "\n%s", command->help);
    fputs("\nOptions:\n", out);
    for (int i = 0; i < OPTION_COUNT; i++)
        if (takes(command, i))
            print_option(rows[i].letter, rows[i].name, rows[i].argument, rows[i].help, out);
    print_option('h', "help", NULL, "print this", out);
    fputs("\nExit status: 0 done; 1 failed at run time; 2 wrong usage or configuration.\n", out);
}

static void print_error(const struct command *command, const char *format, va_list args)
    WEIR_PRINTF(2, 0);

static void print_error(const struct command *command, const char *format, va_list args)
{
    fprintf(stderr, "weir %s: ", command->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void command_error(const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_error(command, format, args);
    va_end(args);
}

enum command_status command_misused(const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_error(command, format, args);
    va_end(args);
    fprintf(stderr, "Try: weir %s --help\n", command->name);
    return COMMAND_MISUSED;
}

enum command_status command_check_options(const struct command_line *line, const char *action,
                                          unsigned taken)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (takes(line->command, i) && command_has(line, i) && !(taken & TAKES(i)))
            return command_misused(line->command, "%s takes no option --%s", action, rows[i].name);
    return COMMAND_DONE;
}

const char *command_config_path(const struct command_line *line)
{
    assert(takes(line->command, OPTION_CONFIG));
    return command_has(line, OPTION_CONFIG) ? line->values[OPTION_CONFIG] : CONFIG_PATH;
}

/* The same options in getopt_long()'s words: letters in `ret_letters`, names in `ret_names`. */
static void make_getopt_options(const struct command *command, char *ret_letters,
                                struct option *ret_names)
{
    *ret_letters++ = ':'; /* says a missing argument apart from an unknown option */
    *ret_letters++ = HELP_VALUE;
    *ret_names++ = (struct option){ .name = "help", .val = HELP_VALUE };
    for (int i = 0; i < OPTION_COUNT; i++) {
        int has_arg = rows[i].argument ? required_argument : no_argument;
        if (!takes(command, i))
            continue;
        *ret_names++ = (struct option){ rows[i].name, has_arg, NULL, OPTION_VALUE + i };
        if (rows[i].letter) {
            *ret_letters++ = rows[i].letter;
            *ret_letters++ = ':';
            assert(rows[i].argument);
        }
    }
    *ret_letters = '\0';
    *ret_names = (struct option){ 0 };
}

static enum command_status say_unknown(const struct command *command, const char *word)
{
    if (optopt && optopt < OPTION_VALUE && optopt != HELP_VALUE)
        return command_misused(command, "unknown option -%c", optopt);
    char name[64], advice[SUGGESTION_TEXT_MAX];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
    if (optopt)
        return command_misused(command, "option %s takes no value", name);
    struct suggestion suggestion = { .word = name + 2 };
    for (int i = 0; i < OPTION_COUNT; i++)
        if (takes(command, i))
            suggestion_offer(&suggestion, rows[i].name);
    suggestion_offer(&suggestion, "help");
    suggestion_print(&suggestion, advice);
    return command_misused(command, "unknown option %s%s", name, advice);
}

static int option_of_letter(int letter)
{
    for (int i = 0; i < OPTION_COUNT; i++)
        if (rows[i].letter == letter)
            return i;
    return -1;
}

/* True when the command is to be run; else *ret_status is the answer. */
static bool parse(const struct command *command, int argc, char **argv, struct command_line *line,
                  enum command_status *ret_status)
{
    char letters[2 * OPTION_COUNT + 3];
    struct option names[OPTION_COUNT + 2];
    make_getopt_options(command, letters, names);
    opterr = 0;
    optind = 0; /* glibc: from the start, also the second time */
    *ret_status = COMMAND_DONE;
    for (int value; (value = getopt_long(argc, argv, letters, names, NULL)) != -1;) {
        const char *word = argv[optind - 1];
        if (value == HELP_VALUE)
            command_print_help(command, stdout);
        else if (value == ':')
            *ret_status = command_misused(command, "option %s needs an argument", word);
        else if (value == '?')
            *ret_status = say_unknown(command, word);
        if (value == HELP_VALUE || value == ':' || value == '?')
            return false;
        int option = value >= OPTION_VALUE ? value - OPTION_VALUE : option_of_letter(value);
        line->values[option] = optarg ? optarg : "";
    }
    line->args = argv + optind;
    line->arg_count = argc - optind;
    if (line->arg_count > command->args_max)
        *ret_status =
            command_misused(command, "unexpected argument \"%s\"", line->args[command->args_max]);
    else if (line->arg_count < command->args_min)
        *ret_status = command_misused(command, "an argument is missing: %s", command->args);
    return *ret_status == COMMAND_DONE;
}

enum command_status command_run(const struct command *command, int argc, char **argv)
{
    struct command_line line = { .command = command };
    enum command_status status;
    return parse(command, argc, argv, &line, &status) ? command->run(&line) : status;
}
