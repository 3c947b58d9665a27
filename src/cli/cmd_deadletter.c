/* SPDX-License-Identifier: Apache-2.0 */
/* `weir deadletter`: what sinks have refused for good, why, and sending it again. */
#include "cli/commands.h"
#include "cli/disk_actions.h"
#include "cli/disk_select.h"

#define CAT (DISK_SELECT_OPTIONS | TAKES(OPTION_CODEC) | TAKES(OPTION_FRAMES) | TAKES(OPTION_JSON))
#define REPLAY                                                                                     \
    (DISK_SELECT_OPTIONS | TAKES(OPTION_TARGET) | TAKES(OPTION_ADMIN) | TAKES(OPTION_JSON))
#define DROP (TAKES(OPTION_OUTPUT) | TAKES(OPTION_ADMIN) | TAKES(OPTION_JSON))

static enum command_status run(const struct command_line *line)
{
    static const struct disk_action actions[] = {
        { "ls", disk_action_ls, TAKES(OPTION_JSON) },
        { "verify", disk_action_verify, TAKES(OPTION_JSON) },
        { "cat", disk_action_cat, CAT },
        { "replay", disk_action_replay, REPLAY },
        { "drop", disk_action_drop, DROP },
        { 0 },
    };
    return disk_action_run(line, STORE_DEAD_LETTERS, actions);
}

const struct command cmd_deadletter = {
    .name = "deadletter",
    .args = "ls|verify|cat|replay|drop [PIPELINE]",
    .summary = "Inspect, print and re-ship what sinks have refused for good.",
    .help =
        "  ls PIPELINE      how many each output has refused, and the segments that they are in\n"
        "  verify PIPELINE  read all of them; says what is wrong, with file and offset, and answers 1\n"
        "  cat PIPELINE     print them, a line each: output, reason, the sink's answer, attempts, first and\n"
        "                   last time, and the record; with --codec the record alone\n"
        "  replay PIPELINE  send them again: to the outputs that refused them, or to --target\n"
        "  drop PIPELINE    give up those of an --output that is not configured any more\n"
        "\n"
        "They are chosen as in `weir buffer`, and by --reason. What is replayed stays in the dead letters\n"
        "until it must make room for others: dead_letter.max_size.\n",
    .options = DISK_ACTION_OPTIONS | CAT | REPLAY | DROP,
    .args_min = 1,
    .args_max = 2,
    .run = run,
};
