/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/disk_actions.h"

static enum command_status say_unknown(const struct command_line *line,
                                       const struct disk_action *actions)
{
    char names[80];
    size_t len = 0;
    for (; actions->name && len < sizeof(names); actions++)
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "",
                                actions->name);
    return command_misused(line->command, "\"%s\" is none of %s", line->args[0], names);
}

enum command_status disk_action_run(const struct command_line *line, enum store_kind kind,
                                    const struct disk_action *actions)
{
    const struct disk_action *action = actions;
    struct disk_job job;
    while (action->name && strcmp(action->name, line->args[0]) != 0)
        action++;
    if (!action->name)
        return say_unknown(line, actions);
    enum command_status status =
        command_check_options(line, action->name, DISK_ACTION_OPTIONS | action->options);
    if (status != COMMAND_DONE)
        return status;
    status = disk_job_begin(&job, line, kind, line->arg_count > 1 ? line->args[1] : NULL);
    if (status == COMMAND_DONE)
        status = action->run(&job);
    disk_job_end(&job);
    return status;
}
