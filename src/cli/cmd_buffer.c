/* SPDX-License-Identifier: Apache-2.0 */
/* `weir buffer`: what a pipeline's disk tier holds, whether all of it can be read, the records themselves, and
 * sending them again. */
#include "cli/commands.h"
#include "cli/disk_actions.h"
#include "cli/disk_select.h"

#define CHOSEN_BY (DISK_SELECT_OPTIONS & ~TAKES(OPTION_REASON))

static enum command_status run(const struct command_line *line)
{
    return disk_action_run(line, STORE_BUFFER, CHOSEN_BY);
}

const struct command cmd_buffer = {
    .name = "buffer",
    .args = "ls|verify|cat|replay|drop [PIPELINE]",
    .summary = "Inspect, check, print and re-ship the disk tier of a pipeline.",
    .help =
        "  ls PIPELINE      its outputs with what waits for each, and its segments\n"
        "  verify PIPELINE  read all of it; says what is wrong, with file and offset, and answers 1\n"
        "  cat PIPELINE     print the records that are there, a line each; or the frames\n"
        "  replay PIPELINE  send records again: to the outputs that they were for; with --output those\n"
        "                   of one output to that alone; with --target to another one\n"
        "  drop PIPELINE    give up what waits for an --output that is not configured any more\n"
        "\n"
        "Records are chosen for cat and replay by when they were read (--from, --to), by their numbers,\n"
        "their ids and their output; all conditions together count. What every output has answered is\n"
        "there as long as buffer.retention says. PIPELINE may be left out where there is only one.\n"
        "\n"
        "ls, verify and cat look at the directory as it is, also while an agent runs. replay and drop ask\n"
        "a running agent to do it, which must listen on a Unix socket, and do it themselves when there is\n"
        "none: what they replay then is delivered by the next start. A replay that has begun in an agent\n"
        "goes on when the command is interrupted.\n",
    .options = DISK_ACTION_OPTIONS(CHOSEN_BY),
    .args_min = 1,
    .args_max = 2,
    .run = run,
};
