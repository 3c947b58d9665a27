/* SPDX-License-Identifier: Apache-2.0 */
/* `weir deadletter`: what sinks have refused for good, why, and sending it again. */
#include "cli/commands.h"
#include "cli/disk_actions.h"
#include "cli/disk_select.h"

static enum command_status run(const struct command_line *line)
{
    return disk_action_run(line, STORE_DEAD_LETTERS, DISK_SELECT_OPTIONS);
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
    .options = DISK_ACTION_OPTIONS(DISK_SELECT_OPTIONS),
    .args_min = 1,
    .args_max = 2,
    .run = run,
};
