/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_DISK_ACTIONS_H
#define WEIR_CLI_DISK_ACTIONS_H

#include "cli/disk_job.h"

/* What `weir buffer` and `weir deadletter` can do with the store of a job that has begun. Each says what goes
 * wrong, and answers with the command's status. */
typedef enum command_status disk_action_f(struct disk_job *job);

disk_action_f disk_action_ls, disk_action_verify, disk_action_cat, disk_action_replay,
    disk_action_drop;

struct disk_action {
    const char *name;
    disk_action_f *run;
    unsigned options; /* those that it takes beside DISK_ACTION_OPTIONS */
};
#define DISK_ACTION_OPTIONS (TAKES(OPTION_CONFIG) | TAKES(OPTION_DATA_DIR))

/* Runs the action that the command line names, of those in `actions`, ended by one without a name. */
enum command_status disk_action_run(const struct command_line *line, enum store_kind kind,
                                    const struct disk_action *actions);

#endif
