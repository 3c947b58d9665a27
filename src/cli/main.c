/* SPDX-License-Identifier: Apache-2.0 */
/* `weir COMMAND ...`: the command's file does the rest. Results go to stdout, messages to stderr, and the
 * exit status says 0 done, 1 failed, 2 wrong usage or configuration. */
#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "config/suggest.h"

/* Names that later versions will give a meaning: nobody should take them for anything else. */
static const char *const kept[] = { "top", "tap", "reload", "test" };
#define KEPT (sizeof(kept) / sizeof(kept[0]))

static void print_help(FILE *out)
{
    fputs(
        "usage: weir COMMAND [OPTION ...]\n\n"
        "A log shipping agent: reads logs, adds context, ships them, loses nothing.\n\nCommands:\n",
        out);
    for (const struct command *const *command = commands; *command; command++)
        fprintf(out, "  %-10s %s\n", (*command)->name, (*command)->summary);
    fputs("\n`weir COMMAND --help` says more about each.\n\n"
          "Exit status: 0 done; 1 failed at run time; 2 wrong usage or configuration.\n",
          out);
}

static enum command_status say_unknown(const char *word)
{
    struct suggestion suggestion = { .word = word };
    char advice[SUGGESTION_TEXT_MAX];
    for (size_t i = 0; i < KEPT; i++) {
        if (strcmp(word, kept[i]) == 0) {
            fprintf(stderr, "weir: this version has no command \"%s\" yet\n", word);
            return COMMAND_MISUSED;
        }
    }
    for (const struct command *const *command = commands; *command; command++)
        suggestion_offer(&suggestion, (*command)->name);
    suggestion_print(&suggestion, advice);
    fprintf(stderr, "weir: unknown %s \"%s\"%s\nTry: weir --help\n",
            word[0] == '-' ? "option" : "command", word, advice);
    return COMMAND_MISUSED;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static enum command_status dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return COMMAND_MISUSED;
    }
    const struct command *command = commands_find(argv[1]);
    if (command)
        return command_run(command, argc - 1, argv + 1);
    if (is_one_of(argv[1], "--version", "-V", "-v"))
        return command_run(&cmd_version, argc - 1, argv + 1);
    if (!is_one_of(argv[1], "--help", "-h", "help"))
        return say_unknown(argv[1]);
    if (argc == 2)
        print_help(stdout);
    else if (commands_find(argv[2]))
        command_print_help(commands_find(argv[2]), stdout);
    else
        return say_unknown(argv[2]);
    return COMMAND_DONE;
}

/* A descriptor 0, 1 or 2 that the caller has closed would be given to the first file that is opened, and
 * messages would be written into it. */
static int open_standard_descriptors(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = dup(fd);
    return fd < 0 ? -1 : close(fd);
}

int main(int argc, char **argv)
{
    if (open_standard_descriptors() < 0)
        return COMMAND_FAILED;
    enum command_status status = dispatch(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    perror("weir: cannot write to standard output");
    return status == COMMAND_DONE ? COMMAND_FAILED : status;
}
