/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/document.h"
#include "cli/explain.h"
#include "cli/load.h"

static enum command_status run(const struct command_line *line)
{
    struct load load;
    load_read(line, &load);
    enum command_status status = load_report(&load);
    if (status == COMMAND_DONE) {
        json_t *document = explain_config(load.config);
        if (command_has(line, OPTION_JSON))
            document_print(document);
        else
            explain_print(document, stdout);
        json_decref(document);
    }
    load_free(&load);
    return status;
}

const struct command cmd_explain = {
    .name = "explain",
    .args = "",
    .summary = "Print what a configuration does, and what is guaranteed on each route.",
    .help =
        "Each pipeline is drawn from its inputs to its outputs. For each route from an input to an\n"
        "output follow the guarantees that hold, and what can be lost or repeated, and when.\n"
        "Nothing is opened, and nothing is started.\n",
    .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_JSON),
    .run = run,
};
