/* SPDX-License-Identifier: Apache-2.0 */
#include "base/units.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "config/inspection.h"

/* A limit that is lower than the configuration, or the reference, says. */
static void say_limit(const struct load *load)
{
    const struct config_service *service = &load->config->service;
    char holds[UNITS_TEXT_MAX], group[UNITS_TEXT_MAX];
    if (!config_is_lowered(service))
        return;
    units_print_size(service->memory_limit, holds);
    units_print_size(service->group_bytes, group);
    printf("%s: memory: %s, since the control group has %s (%s)\n", load->path, holds, group,
           service->group_file);
}

/* With what it may take of the disk, which nothing else has asked. */
static void say_ok(const struct load *load)
{
    char tiers_text[UNITS_TEXT_MAX], letters_text[UNITS_TEXT_MAX];
    uint64_t tiers = 0, letters = 0;
    for (size_t i = 0; i < load->config->pipeline_count; i++) {
        tiers += load->config->pipelines[i].buffer.disk;
        letters += load->config->pipelines[i].buffer.dead_letter_bytes;
    }
    printf("%s: ok\n", load->path);
    say_limit(load);
    if (tiers == 0)
        return;
    units_print_size(tiers, tiers_text);
    units_print_size(letters, letters_text);
    printf("%s: disk tiers may take %s of the disk of %s, dead letters %s\n", load->path,
           tiers_text, load->config->service.data_dir, letters_text);
}

static enum command_status run(const struct command_line *line)
{
    struct load load;
    enum command_status status;
    load_read(line, &load);
    const bool as_json = command_has(line, OPTION_JSON);
    if (load.config)
        inspection_run(load.config, command_has(line, OPTION_ONLINE), load.diag,
                       as_json ? NULL : stdout);
    if (as_json) {
        diagnostics_print(load.diag, stdout, true);
        status = load.config && diagnostics_errors(load.diag) == 0 ? COMMAND_DONE : COMMAND_MISUSED;
    } else {
        status = load_report(&load);
        if (status == COMMAND_DONE)
            say_ok(&load);
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
        "Nothing is started, and of what the configuration names only schemas in files are read. With --online the\n"
        "registries that it names are asked whether they have the schemas that are pinned; a line is printed for\n"
        "each thing that was found to be right.\n",
    .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_JSON) | TAKES(OPTION_ONLINE),
    .run = run,
};
