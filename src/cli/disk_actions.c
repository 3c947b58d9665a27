/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/disk_actions.h"

#define ALWAYS (TAKES(OPTION_CONFIG) | TAKES(OPTION_DATA_DIR) | TAKES(OPTION_JSON))

static const struct action {
    const char *name;
    disk_action_f *run;
    unsigned options; /* that it takes beside those that all take */
    bool chooses;     /* records */
} actions[] = {
    { "ls", disk_action_ls, 0, false },
    { "verify", disk_action_verify, 0, false },
    { "cat", disk_action_cat, TAKES(OPTION_CODEC) | TAKES(OPTION_FRAMES), true },
    { "replay", disk_action_replay, TAKES(OPTION_TARGET) | TAKES(OPTION_ADMIN), true },
    { "drop", disk_action_drop, TAKES(OPTION_OUTPUT) | TAKES(OPTION_ADMIN), false },
    { 0 },
};

static enum command_status say_unknown(const struct command_line *line)
{
    char names[80];
    size_t len = 0;
    for (const struct action *action = actions; action->name && len < sizeof(names); action++)
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "",
                                action->name);
    return command_misused(line->command, "\"%s\" is none of %s", line->args[0], names);
}

enum command_status disk_action_run(const struct command_line *line, enum store_kind kind,
                                    unsigned chosen_by)
{
    const struct action *action = actions;
    struct disk_job job;
    while (action->name && strcmp(action->name, line->args[0]) != 0)
        action++;
    if (!action->name)
        return say_unknown(line);
    enum command_status status = command_check_options(
        line, action->name, ALWAYS | action->options | (action->chooses ? chosen_by : 0));
    if (status != COMMAND_DONE)
        return status;
    status = disk_job_begin(&job, line, kind, line->arg_count > 1 ? line->args[1] : NULL);
    if (status == COMMAND_DONE)
        status = action->run(&job);
    disk_job_end(&job);
    return status;
}
