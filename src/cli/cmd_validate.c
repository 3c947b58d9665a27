/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/load.h"

static enum command_status run(const struct command_line *line)
{
    struct load load;
    enum command_status status;
    load_read(line, &load);
    if (command_has(line, OPTION_JSON)) {
        diagnostics_print(load.diag, stdout, true);
        status = load.config ? COMMAND_DONE : COMMAND_MISUSED;
    } else {
        status = load_report(&load);
        if (status == COMMAND_DONE)
            printf("%s: ok\n", load.path);
    }
    load_free(&load);
    return status;
}

const struct command cmd_validate = {
    .name = "validate",
    .args = "",
    .summary = "Check a configuration and say everything that is wrong with it.",
    .help =
        "Mistakes are printed as FILE:LINE:COLUMN: error: TEXT, all of them at once; with --json as\n"
        "an array of {file, line, column, level, text}, which is empty when nothing is wrong.\n"
        "Nothing that the configuration names is opened, and nothing is started.\n",
    .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_JSON),
    .run = run,
};
